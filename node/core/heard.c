#include "heard.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "meta.h"
#include "probe.h"

/* What one life of it came to; start 0: a free place. */
struct heard_life {
    uint64_t start;
    uint64_t votes;
};

/* Of one shard of one peer. */
struct heard_number {
    node_id peer;                             /* with its shard */
    uint64_t before;                          /* in lives that are not told apart any more */
    struct heard_life lives[HEARD_LIVES_MAX]; /* latest first */
    bool rose;                                /* is not written */
    bool forgotten;                           /* its row is to be deleted, and then this */
    bool deleting;                            /* that is in the commit */
};

static void on_flush(struct timer *timer, uint64_t now_us);
static void on_flushed(struct store_op *op);
static void on_loaded(struct store_op *op);

void heard_init(struct heard *heard, struct outbox *outbox, struct timers *timers,
                struct store *store, struct log_sink *log)
{
    *heard = (struct heard){.outbox = outbox, .timers = timers, .store = store, .log = log};
    map_init(&heard->numbers);
    timer_init(&heard->flush, on_flush);
    store_commit_init(&heard->commit, on_flushed);
    store_range_init(&heard->load, STORE_META, META_HEARD_PREFIX, META_HEARD_END, on_loaded);
}

void heard_deinit(struct heard *heard)
{
    size_t cursor = 0;
    struct heard_number *number;
    timers_disarm(heard->timers, &heard->flush);
    while ((number = map_each(&heard->numbers, &cursor)) != NULL)
        free(number);
    map_deinit(&heard->numbers);
    store_commit_deinit(&heard->commit);
    store_range_deinit(&heard->load);
}

void heard_load(struct heard *heard)
{
    if (heard->loading || heard->loaded)
        return;
    heard->loading = true;
    store_range_deinit(&heard->load);
    store_range_init(&heard->load, STORE_META, META_HEARD_PREFIX, META_HEARD_END, on_loaded);
    store_submit(heard->store, &heard->load.op);
}

static struct heard_number *number_of(struct heard *heard, node_id peer)
{
    struct heard_number *number = map_find(&heard->numbers, peer);
    if (number != NULL)
        return number;
    number = calloc(1, sizeof(*number));
    ensure(number != NULL);
    number->peer = peer;
    map_put(&heard->numbers, peer, number);
    return number;
}

/* Not before the rows are loaded: what a peer that lost its memory says now must not overwrite what
 * it said before. */
static void flush_later(struct heard *heard)
{
    bool idle = !heard->committing && !timer_armed(&heard->flush);
    if (heard->rose && heard->loaded && idle)
        timers_arm(heard->timers, &heard->flush,
                   heard->outbox->now.monotonic_us +
                       (BUGGIFY("what was heard is written at once") ? 0 : HEARD_FLUSH_US));
}

static void raise(uint64_t *number, uint64_t to)
{
    *number = to > *number ? to : *number;
}

/* Notes what a life came to; false if nothing rose. The earliest of too many lives makes room, never
 * the present one: it would take its own votes for those of an earlier life. */
static bool life_note(struct heard_number *number, uint64_t start, uint64_t votes)
{
    struct heard_life *lives = number->lives;
    size_t at = 0;
    while (at < HEARD_LIVES_MAX && lives[at].start > start)
        at++;
    uint64_t *known = at < HEARD_LIVES_MAX && lives[at].start == start ? &lives[at].votes : NULL;
    if (at == HEARD_LIVES_MAX)
        known = &number->before;
    if (known != NULL) {
        bool rose = votes > *known;
        raise(known, votes);
        return rose;
    }
    if (lives[HEARD_LIVES_MAX - 1].start != 0)
        PROBE("heard: more lives of a peer than are told apart");
    raise(&number->before, lives[HEARD_LIVES_MAX - 1].votes);
    memmove(lives + at + 1, lives + at, (HEARD_LIVES_MAX - 1 - at) * sizeof(*lives));
    lives[at] = (struct heard_life){start, votes};
    return true;
}

void heard_note(struct heard *heard, const struct frame_header *header)
{
    if (header->votes == 0 || header->start == 0)
        return;
    struct heard_number *number =
        number_of(heard, node_id_with_shard(header->from, header->from_shard));
    if (!life_note(number, header->start, header->votes))
        return;
    number->rose = true;
    heard->rose = true;
    flush_later(heard);
}

void heard_forget(struct heard *heard, node_id peer)
{
    for (uint16_t shard = 0; shard < SHARDS_MAX; shard++) {
        struct heard_number *number = map_find(&heard->numbers, node_id_with_shard(peer, shard));
        if (number == NULL)
            continue;
        number->forgotten = true;
        heard->rose = true;
    }
    flush_later(heard);
}

uint64_t heard_before(const struct heard *heard, node_id peer, uint16_t shard, uint64_t start)
{
    ensure(heard->loaded);
    const struct heard_number *number = map_find(&heard->numbers, node_id_with_shard(peer, shard));
    if (number == NULL)
        return 0;
    uint64_t most = number->before;
    for (size_t i = 0; i < HEARD_LIVES_MAX; i++) {
        if (number->lives[i].start != start)
            raise(&most, number->lives[i].votes);
    }
    return most;
}

static void put_number(struct heard *heard, const struct heard_number *number)
{
    struct meta_key key;
    struct writer row;
    struct slice at = meta_key_heard(&key, heard->outbox->shard, number->peer);
    if (number->forgotten) {
        store_batch_delete(&heard->commit.batch, STORE_META, at);
        return;
    }
    writer_init(&row, 64);
    writer_put_u64(&row, number->peer);
    writer_put_u64(&row, number->before);
    for (size_t i = 0; i < HEARD_LIVES_MAX && number->lives[i].start != 0; i++) {
        writer_put_u64(&row, number->lives[i].start);
        writer_put_u64(&row, number->lives[i].votes);
    }
    store_batch_put(&heard->commit.batch, STORE_META, at, writer_slice(&row));
    writer_deinit(&row);
}

static void on_flush(struct timer *timer, uint64_t now_us)
{
    struct heard *heard = container_of(timer, struct heard, flush);
    size_t cursor = 0;
    struct heard_number *number;
    (void)now_us;
    store_commit_deinit(&heard->commit);
    store_commit_init(&heard->commit, on_flushed);
    while ((number = map_each(&heard->numbers, &cursor)) != NULL) {
        if (number->rose || number->forgotten)
            put_number(heard, number);
        number->rose = false;
        number->deleting = number->forgotten;
    }
    heard->rose = false;
    heard->committing = true;
    store_submit(heard->store, &heard->commit.op);
}

/* The disk is full: all that was in the commit may be missing. */
static void write_again(struct heard *heard)
{
    size_t cursor = 0;
    struct heard_number *number;
    PROBE("heard: the disk was full, numbers are written again");
    while ((number = map_each(&heard->numbers, &cursor)) != NULL)
        number->rose = true;
    heard->rose = true;
}

/* Those whose rows are gone. */
static void drop_forgotten(struct heard *heard)
{
    size_t cursor = 0;
    struct heard_number *number;
    while ((number = map_each(&heard->numbers, &cursor)) != NULL) {
        if (!number->deleting)
            continue;
        map_remove(&heard->numbers, number->peer);
        free(number);
        cursor = 0;
    }
}

static void on_flushed(struct store_op *op)
{
    struct heard *heard = container_of(op, struct heard, commit.op);
    heard->committing = false;
    if (op->status == STORE_OK)
        drop_forgotten(heard);
    else
        write_again(heard);
    flush_later(heard);
}

/* Rows of all shards that this node has ever had: the highest counts, whoever heard it. */
static void take_row(struct heard *heard, struct slice value)
{
    struct reader reader = reader_of(value);
    node_id peer = reader_get_u64(&reader);
    uint64_t before = reader_get_u64(&reader);
    if (reader.failed || peer == NODE_ID_NONE)
        return;
    struct heard_number *number = number_of(heard, peer);
    raise(&number->before, before);
    while (reader_left(&reader) > 0) {
        uint64_t start = reader_get_u64(&reader);
        uint64_t votes = reader_get_u64(&reader);
        if (!reader.failed && start != 0)
            (void)life_note(number, start, votes);
    }
}

static void on_loaded(struct store_op *op)
{
    struct heard *heard = container_of(op, struct heard, load.op);
    struct reader reader = reader_of(writer_slice(&heard->load.rows));
    struct slice key, value;
    heard->loading = false;
    if (op->status != STORE_OK) {
        log_event(heard->log, LOG_ERROR, "heard_unreadable",
                  "reason=\"peers that start will wait for this node's answer\"");
        return;
    }
    while (store_rows_next(&reader, &key, &value))
        take_row(heard, value);
    store_range_deinit(&heard->load);
    heard->loaded = true;
    flush_later(heard);
}
