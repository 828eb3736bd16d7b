#include <stdlib.h>

#include "exchange_copy.h"
#include "exchange_session.h"
#include "probe.h"

static void on_keys(struct call *call, const struct frame *frame, const ProtobufCMessage *body);

static void keys_ask(struct exchange *exchange)
{
    const struct leaf_set *set = &exchange->leaves;
    uint64_t leaves[LEAF_GROUPS];
    Cartwheel__Keys body = CARTWHEEL__KEYS__INIT;
    body.partition = exchange->partition;
    body.table = exchange->tables[exchange->tables_next - 1].id;
    body.groups = set->groups;
    body.leaves = leaves;
    for (size_t group = 0; group < LEAF_GROUPS; group++)
        if ((set->groups >> group & 1) != 0)
            leaves[body.n_leaves++] = set->leaves[group];
    if (exchange->after != NULL)
        body.after = binary_of(buffer_slice(exchange->after));
    exchange_ask_both(exchange, on_keys, FRAME_KEYS, FRAME_KEYS_REPLY, &body.base);
}

void exchange_compare_keys(struct exchange *exchange)
{
    buffer_unref(exchange->after);
    exchange->after = NULL;
    keys_ask(exchange);
}

void exchange_page_done(struct exchange *exchange)
{
    bool more = exchange->after != NULL;
    if (exchange->failed) {
        exchange_session_abort(exchange);
    } else if (more) {
        PROBE("an exchange goes on with the next page");
        keys_ask(exchange);
    } else {
        exchange_next_table(exchange);
    }
}

/* A page that says it is not the last must get on, or the session would never end. */
static bool advances(const struct exchange *exchange, const Cartwheel__KeysReply *reply)
{
    struct slice after = exchange->after == NULL ? SLICE_EMPTY : buffer_slice(exchange->after);
    return slice_compare(slice_of_binary(reply->covered), after) > 0;
}

static void on_keys(struct call *call, const struct frame *frame, const ProtobufCMessage *body)
{
    struct side_answer *answer = container_of(call, struct side_answer, call);
    struct exchange *exchange = answer->exchange;
    const Cartwheel__KeysReply *reply = (const Cartwheel__KeysReply *)body;
    bool good = frame != NULL && reply->verdict == VERDICT_OK &&
                (!reply->more || advances(exchange, reply));
    if (!good) {
        exchange_session_abort(exchange);
        return;
    }
    answer->more = reply->more;
    answer->covered = buffer_from(slice_of_binary(reply->covered));
    if (!exchange_answered(answer, frame))
        return;
    if (copies_plan(exchange))
        copies_run(exchange);
    else
        exchange_session_abort(exchange);
}
