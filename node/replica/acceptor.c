#include "acceptor.h"

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"none",
                                        "took",
                                        "refused_item",
                                        "refused_promise",
                                        "refused_epoch",
                                        "refused_table",
                                        "refused_clock",
                                        "no_space",
                                        "busy",
                                        "failed",
                                        "ok",
                                        "refused_shard"};
    ensure(verdict < array_size(names));
    return names[verdict];
}

struct version acceptor_top(const struct acceptor *acceptor)
{
    struct version item = acceptor->has_item ? acceptor->item.ballot : VERSION_NONE;
    struct version accepted = acceptor->has_accepted ? acceptor->accepted.ballot : VERSION_NONE;
    return version_max(item, accepted);
}

struct version acceptor_bar(const struct acceptor *acceptor)
{
    return version_max(acceptor->promised, acceptor->floor);
}

void promise_encode(struct writer *writer, struct version promised, const struct row *accepted)
{
    writer_put_version(writer, promised);
    if (accepted != NULL)
        row_encode(writer, accepted);
}

bool promise_decode(struct slice stored, struct acceptor *acceptor)
{
    struct reader reader = reader_of(stored);
    acceptor->promised = reader_get_version(&reader);
    struct slice accepted = reader_get_slice(&reader, reader_left(&reader));
    acceptor->has_accepted = accepted.size > 0;
    return !reader.failed && (!acceptor->has_accepted || row_decode(accepted, &acceptor->accepted));
}

static struct acceptance refusal(const struct acceptor *acceptor, enum verdict verdict)
{
    struct version highest = version_max(acceptor_top(acceptor), acceptor_bar(acceptor));
    return (struct acceptance){verdict, false, highest};
}

struct acceptance acceptor_plain(const struct acceptor *acceptor, const struct row *offered)
{
    struct version top = acceptor_top(acceptor);
    if (version_equal(top, offered->ballot))
        return (struct acceptance){VERDICT_TOOK, false, VERSION_NONE};
    if (version_compare(offered->ballot, acceptor_bar(acceptor)) < 0)
        return refusal(acceptor, VERDICT_REFUSED_PROMISE);
    if (version_compare(offered->ballot, top) < 0)
        return refusal(acceptor, VERDICT_REFUSED_ITEM);
    return (struct acceptance){VERDICT_TOOK, true, VERSION_NONE};
}
