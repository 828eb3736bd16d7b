#include "exchange_copy.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "cartwheel.pb-c.h"
#include "key.h"
#include "probe.h"
#include "row.h"

/* One row on its way: a READ at the source, then a REPAIR at the other side. */
struct copy {
    struct call call;
    struct exchange *exchange;
    struct slice key; /* in a page's entries */
    int source;       /* side that holds the newer ballot */
    uint64_t began_us;
    struct buffer *row;               /* while witnesses are asked for it */
    uint16_t witnesses[REPLICAS_MAX]; /* members still to be asked */
    unsigned witnesses_count;
};

/* Where the merge stands in one side's page. */
struct entry_cursor {
    struct reader reader;
    bool here;
    struct slice key;
    struct version ballot;
};

void copies_clear(struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->copies_count; i++) {
        caller_forget(exchange->caller, &exchange->copies[i].call);
        buffer_unref(exchange->copies[i].row);
    }
    free(exchange->copies);
    exchange->copies = NULL;
    exchange->copies_count = 0;
    exchange->copies_next = 0;
    exchange->copies_out = 0;
}

static void entry_next(struct entry_cursor *cursor)
{
    cursor->here = reader_left(&cursor->reader) > 0;
    if (!cursor->here)
        return;
    cursor->key = reader_get_sized(&cursor->reader);
    cursor->ballot = reader_get_version(&cursor->reader);
    (void)reader_get_version(&cursor->reader);
    cursor->here = !cursor->reader.failed;
}

static void copy_add(struct exchange *exchange, struct slice key, int source)
{
    if ((exchange->copies_count & (exchange->copies_count - 1)) == 0) {
        size_t capacity = exchange->copies_count == 0 ? 1 : 2 * exchange->copies_count;
        exchange->copies = realloc(exchange->copies, capacity * sizeof(*exchange->copies));
        ensure(exchange->copies != NULL);
    }
    exchange->copies[exchange->copies_count++] =
        (struct copy){.exchange = exchange, .key = key, .source = source};
}

/* Behind which key a page says nothing; false if it speaks for the whole rest. */
static bool pages_cut(const struct exchange *exchange, struct slice *cut)
{
    bool found = false;
    for (int side = 0; side < 2; side++) {
        const struct side_answer *page = &exchange->side[side];
        if (page->more && (!found || slice_compare(buffer_slice(page->covered), *cut) < 0)) {
            *cut = buffer_slice(page->covered);
            found = true;
        }
    }
    return found;
}

static void plan_key(struct exchange *exchange, struct entry_cursor cursor[2])
{
    int order = !cursor[0].here   ? 1
                : !cursor[1].here ? -1
                                  : slice_compare(cursor[0].key, cursor[1].key);
    int ballots = order != 0 ? -order : version_compare(cursor[0].ballot, cursor[1].ballot);
    if (ballots != 0)
        copy_add(exchange, ballots > 0 ? cursor[0].key : cursor[1].key, ballots > 0 ? 0 : 1);
    exchange->stats.rows++;
    if (order <= 0)
        entry_next(&cursor[0]);
    if (order >= 0)
        entry_next(&cursor[1]);
}

bool copies_plan(struct exchange *exchange)
{
    struct entry_cursor cursor[2] = {
        {.reader = reader_of(buffer_slice(exchange->side[0].payload))},
        {.reader = reader_of(buffer_slice(exchange->side[1].payload))}};
    struct slice cut = SLICE_EMPTY;
    bool cut_early = pages_cut(exchange, &cut);
    copies_clear(exchange);
    entry_next(&cursor[0]);
    entry_next(&cursor[1]);
    while (cursor[0].here || cursor[1].here) {
        bool first =
            !cursor[1].here || (cursor[0].here && slice_compare(cursor[0].key, cursor[1].key) <= 0);
        if (cut_early && slice_compare(cursor[first ? 0 : 1].key, cut) > 0)
            break;
        plan_key(exchange, cursor);
    }
    buffer_unref(exchange->after);
    exchange->after = cut_early ? buffer_from(cut) : NULL;
    return !cursor[0].reader.failed && !cursor[1].reader.failed;
}

static void copy_end(struct copy *copy, bool copied)
{
    struct exchange *exchange = copy->exchange;
    buffer_unref(copy->row);
    copy->row = NULL;
    exchange->copies_out--;
    if (copied)
        exchange_progress(exchange);
    exchange->stats.items += copied;
    if (!copied)
        PROBE("a row cannot be copied");
    exchange->failed |= !copied;
    copies_run(exchange);
}

static void on_copy_written(struct call *call, const struct frame *frame,
                            const ProtobufCMessage *body)
{
    const Cartwheel__WriteReply *reply = (const Cartwheel__WriteReply *)body;
    struct copy *copy = container_of(call, struct copy, call);
    if (frame != NULL) {
        exchange_count_reply(copy->exchange, 1 - copy->source, frame);
        pace_note(&copy->exchange->pace, copy->began_us,
                  copy->exchange->caller->outbox->now.monotonic_us);
    }
    if (frame != NULL && reply->verdict == VERDICT_REFUSED_PROMISE) {
        PROBE("exchange stopped by a promise");
        caller_note_promise(copy->exchange->caller, copy->key);
    }
    /* Refused by something newer, or because the table is gone: equal enough, the next session will
     * tell. */
    bool settled = frame != NULL && verdict_ends_copy((enum verdict)reply->verdict);
    PROBE("an exchange has copied a row");
    copy_end(copy, settled);
}

static void copy_write(struct copy *copy, struct slice row, bool decided)
{
    Cartwheel__Write write = CARTWHEEL__WRITE__INIT;
    write.key = binary_of(copy->key);
    write.decided = decided;
    copy->call.done = on_copy_written;
    PROBE("an exchange sends a row");
    exchange_send(copy->exchange, &copy->call, 1 - copy->source, FRAME_REPAIR, FRAME_WRITE_REPLY,
                  &write.base, row);
}

/* It has to be settled: a round says what becomes of it. */
static void copy_leave(struct copy *copy)
{
    PROBE("a row that may not be decided is not copied");
    writer_put_sized(&copy->exchange->wish->unsettled, copy->key);
    copy_end(copy, true);
}

static void on_witness(struct call *call, const struct frame *frame, const ProtobufCMessage *body);

static void ask_witness(struct copy *copy)
{
    struct exchange *exchange = copy->exchange;
    if (copy->witnesses_count == 0) {
        PROBE("a row is copied because a majority of its home nodes agrees");
        copy_write(copy, buffer_slice(copy->row), true);
        return;
    }
    Cartwheel__Read body = CARTWHEEL__READ__INIT;
    body.key = binary_of(copy->key);
    copy->call.done = on_witness;
    caller_send(exchange->caller, &copy->call, copy->witnesses[--copy->witnesses_count],
                exchange->partition, FRAME_READ, FRAME_READ_REPLY, &body.base, SLICE_EMPTY);
}

static void on_witness(struct call *call, const struct frame *frame, const ProtobufCMessage *body)
{
    struct copy *copy = container_of(call, struct copy, call);
    const Cartwheel__ReadReply *reply = (const Cartwheel__ReadReply *)body;
    struct version held;
    if (frame == NULL || reply->verdict != VERDICT_OK || !version_of_binary(reply->ballot, &held)) {
        copy_end(copy, false);
        return;
    }
    bool agrees = reply->applied && version_equal(held, row_ballot(buffer_slice(copy->row)));
    if (agrees)
        ask_witness(copy);
    else
        copy_leave(copy);
}

/* A plain row that this node lacks while it copies the partition: whether it is decided, its old home
 * nodes know together. Each of them is fenced, and what they had promised before is settled. */
static void ask_witnesses(struct copy *copy, struct slice row, uint64_t table_id)
{
    struct exchange_wish *wish = copy->exchange->wish;
    unsigned count = wish->witnesses(wish, table_id, copy->witnesses);
    if (count == WITNESSES_TOO_FEW) {
        copy_leave(copy);
        return;
    }
    copy->witnesses_count = count;
    copy->row = buffer_from(row);
    ask_witness(copy);
}

static void on_copy_read(struct call *call, const struct frame *frame, const ProtobufCMessage *body)
{
    struct copy *copy = container_of(call, struct copy, call);
    struct exchange *exchange = copy->exchange;
    const Cartwheel__ReadReply *reply = (const Cartwheel__ReadReply *)body;
    struct item_key key;
    struct row row;
    if (frame != NULL)
        exchange_count_reply(exchange, copy->source, frame);
    if (frame == NULL || reply->verdict != VERDICT_OK || !item_key_decode(copy->key, &key) ||
        !row_decode(frame->payload, &row)) {
        copy_end(copy, false);
        return;
    }
    bool proposed = row_proposed(frame->payload);
    if (copy->source == 1 && exchange->wish != NULL && !proposed)
        ask_witnesses(copy, frame->payload, key.table_id);
    else
        copy_write(copy, frame->payload,
                   proposed); /* what was proposed stands in an item's place */
}

static void copy_start(struct copy *copy)
{
    struct exchange *exchange = copy->exchange;
    Cartwheel__Read body = CARTWHEEL__READ__INIT;
    copy->began_us = exchange->caller->outbox->now.monotonic_us;
    body.key = binary_of(copy->key);
    body.full = true;
    copy->call.done = on_copy_read;
    exchange_send(exchange, &copy->call, copy->source, FRAME_READ, FRAME_READ_REPLY, &body.base,
                  SLICE_EMPTY);
}

void copies_run(struct exchange *exchange)
{
    size_t most = BUGGIFY("rows are copied one by one") ? 1 : exchange->pace.window;
    while (exchange->copies_next < exchange->copies_count && exchange->copies_out < most) {
        exchange->copies_out++;
        copy_start(&exchange->copies[exchange->copies_next++]);
    }
    if (exchange->copies_out == 0)
        exchange_page_done(exchange);
}
