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
                                        "ok"};
    ensure(verdict < array_size(names));
    return names[verdict];
}

struct version acceptor_top(const struct acceptor *acceptor)
{
    struct version item = acceptor->has_item ? acceptor->item.row.ballot : VERSION_NONE;
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

/* "Every one of the N refused its first copy": a network may repeat a copy, so that a refusal is
 * only proof if this replica can tell that no earlier copy was taken. It can when what stands here
 * now directly replaced something below the refused ballot: ballots only rise, so the refused one
 * never stood in between. */
static bool certainly_never_held(const struct acceptor *acceptor, struct version refused)
{
    if (acceptor->has_accepted)
        return false;
    return !acceptor->has_item || version_compare(acceptor->item.row.ballot, refused) < 0 ||
           version_compare(acceptor->item.replaced, refused) < 0;
}

static struct acceptance refusal(const struct acceptor *acceptor, enum verdict verdict,
                                 struct version refused)
{
    struct version highest = version_max(acceptor_top(acceptor), acceptor_bar(acceptor));
    return (struct acceptance){verdict, false, highest, certainly_never_held(acceptor, refused)};
}

struct acceptance acceptor_plain(const struct acceptor *acceptor, const struct row *offered)
{
    struct version top = acceptor_top(acceptor);
    if (version_equal(top, offered->ballot))
        return (struct acceptance){VERDICT_TOOK, false, VERSION_NONE, false};
    if (version_compare(offered->ballot, acceptor_bar(acceptor)) < 0)
        return refusal(acceptor, VERDICT_REFUSED_PROMISE, offered->ballot);
    if (version_compare(offered->ballot, top) < 0)
        return refusal(acceptor, VERDICT_REFUSED_ITEM, offered->ballot);
    return (struct acceptance){VERDICT_TOOK, true, VERSION_NONE, false};
}

struct acceptance acceptor_commit(const struct acceptor *acceptor, const struct row *offered)
{
    struct version item = acceptor->has_item ? acceptor->item.row.ballot : VERSION_NONE;
    bool newer = version_compare(offered->ballot, item) > 0;
    return (struct acceptance){VERDICT_TOOK, newer, VERSION_NONE, false};
}
