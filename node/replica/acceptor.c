#include "acceptor.h"

#include <string.h>

#include "frame.h"
#include "planted.h"

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
                                        "refused_shard",
                                        "recovering",
                                        "refused_schema"};
    ensure(verdict < array_size(names));
    return names[verdict];
}

bool verdict_ends_copy(enum verdict verdict)
{
    return verdict == VERDICT_TOOK || verdict == VERDICT_REFUSED_ITEM ||
           verdict == VERDICT_REFUSED_TABLE;
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

void promise_write(uint8_t *at, struct version promised, struct slice accepted)
{
    (void)binary_of_version(promised, at);
    if (accepted.size > 0)
        memcpy(at + VERSION_SIZE, accepted.data, accepted.size);
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
    return (struct acceptance){.verdict = verdict, .highest = highest};
}

/* Nothing changes: it was taken before. */
static struct acceptance repetition(const struct acceptor *acceptor)
{
    return (struct acceptance){.verdict = VERDICT_TOOK, .promised = acceptor->promised};
}

/* A promise says nothing more once a ballot at or above it is held. */
static struct version promise_above(struct version promised, struct version top)
{
    return version_compare(promised, top) > 0 ? promised : VERSION_NONE;
}

/* VERDICT_OK, or why an undecided row of that ballot cannot be taken. What is held says more than a
 * promise: a row below it is superseded, whatever becomes of the promise. */
static enum verdict obstacle(const struct acceptor *acceptor, struct version ballot)
{
    if (version_compare(ballot, acceptor_top(acceptor)) < 0)
        return VERDICT_REFUSED_ITEM;
    if (version_compare(ballot, acceptor_bar(acceptor)) < 0)
        return VERDICT_REFUSED_PROMISE;
    return VERDICT_OK;
}

/* What mutants let pass. */
static enum verdict unless_planted(enum verdict in_the_way, bool pass_promise, bool pass_newer)
{
    bool passes = (pass_promise && in_the_way == VERDICT_REFUSED_PROMISE) ||
                  (pass_newer && in_the_way == VERDICT_REFUSED_ITEM);
    return passes ? VERDICT_OK : in_the_way;
}

struct acceptance acceptor_prepare(const struct acceptor *acceptor, struct version ballot)
{
    /* The item's ballot counts as well as the accepted one's: without that it is unsound. */
    if (version_compare(ballot, acceptor_top(acceptor)) <= 0)
        return refusal(acceptor, VERDICT_REFUSED_ITEM);
    if (version_compare(ballot, acceptor_bar(acceptor)) < 0 && !PLANTED(PREPARE_IGNORES_PROMISE))
        return refusal(acceptor, VERDICT_REFUSED_PROMISE);
    return (struct acceptance){.verdict = VERDICT_TOOK,
                               .changed = !version_equal(acceptor->promised, ballot),
                               .promised = ballot};
}

struct acceptance acceptor_accept(const struct acceptor *acceptor, const struct row *offered,
                                  struct version next, struct version committed)
{
    struct version promised = version_max(acceptor->promised, next);
    if (version_equal(acceptor_top(acceptor), offered->ballot)) {
        struct acceptance again = repetition(acceptor);
        again.changed = !version_equal(promised, acceptor->promised) &&
                        version_compare(promised, offered->ballot) > 0;
        again.promised = promised;
        return again;
    }
    enum verdict in_the_way =
        unless_planted(obstacle(acceptor, offered->ballot), PLANTED(ACCEPT_IGNORES_PROMISE),
                       PLANTED(ACCEPT_IGNORES_NEWER));
    if (in_the_way != VERDICT_OK)
        return refusal(acceptor, in_the_way);
    bool commits = acceptor->has_accepted && (version_equal(acceptor->accepted.ballot, committed) ||
                                              PLANTED(ACCEPT_COMMITS_ANY));
    return (struct acceptance){.verdict = VERDICT_TOOK,
                               .changed = true,
                               .item = commits ? SUCCESSOR_ACCEPTED : SUCCESSOR_SAME,
                               .accepted = SUCCESSOR_OFFERED,
                               .promised = promise_above(promised, offered->ballot)};
}

static struct acceptance applied(const struct acceptor *acceptor, const struct row *row)
{
    bool below =
        acceptor->has_accepted && (version_compare(acceptor->accepted.ballot, row->ballot) <= 0 ||
                                   PLANTED(PLAIN_DROPS_ABOVE));
    struct version top = version_max(acceptor_top(acceptor), row->ballot);
    struct version promised = promise_above(acceptor->promised, top);
    return (struct acceptance){.verdict = VERDICT_TOOK,
                               .changed = true,
                               .item = SUCCESSOR_OFFERED,
                               .accepted = below ? SUCCESSOR_NONE : SUCCESSOR_SAME,
                               .promised =
                                   PLANTED(COMMIT_CLEARS_PROMISE) ? VERSION_NONE : promised};
}

struct acceptance acceptor_plain(const struct acceptor *acceptor, const struct row *offered)
{
    if (version_equal(acceptor_top(acceptor), offered->ballot))
        return repetition(acceptor);
    enum verdict in_the_way =
        unless_planted(obstacle(acceptor, offered->ballot), PLANTED(PLAIN_IGNORES_PROMISE),
                       PLANTED(PLAIN_IGNORES_NEWER));
    if (in_the_way != VERDICT_OK)
        return refusal(acceptor, in_the_way);
    return applied(acceptor, offered);
}

struct acceptance acceptor_commit(const struct acceptor *acceptor, const struct row *decided)
{
    struct version held = acceptor->has_item ? acceptor->item.ballot : VERSION_NONE;
    int order = version_compare(decided->ballot, held);
    if (order == 0)
        return repetition(acceptor);
    if (order < 0 && !PLANTED(COMMIT_GOES_BACK))
        return refusal(acceptor, VERDICT_REFUSED_ITEM);
    return applied(acceptor, decided);
}

struct acceptance acceptor_commit_accepted(const struct acceptor *acceptor, struct version ballot)
{
    if (!acceptor->has_accepted || !version_equal(acceptor->accepted.ballot, ballot))
        return refusal(acceptor, VERDICT_REFUSED_ITEM);
    struct acceptance acceptance = applied(acceptor, &acceptor->accepted);
    acceptance.item = SUCCESSOR_ACCEPTED;
    return acceptance;
}

struct acceptance acceptor_repair(const struct acceptor *acceptor, const struct row *offered,
                                  bool decided)
{
    if (decided || PLANTED(REPAIR_IS_DECIDED))
        return acceptor_commit(acceptor, offered);
    if (offered->proposed)
        return acceptor_accept(acceptor, offered, VERSION_NONE, VERSION_NONE);
    return acceptor_plain(acceptor, offered);
}
