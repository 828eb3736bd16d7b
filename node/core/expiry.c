#include "expiry.h"

#include <stdlib.h>

#include "buggify.h"
#include "expiry_key.h"
#include "planted.h"
#include "probe.h"

enum {
    TICK_US = 100000,
    ROUND_US = 5000000, /* each partition of each table is looked at so often, if they are few: */
    PLACES_MAX = 256,   /* ... in a tick at most */
    PAGE_BYTES = 1 << 20
};

/* One item being deleted, or its entry being looked at. */
struct deletion {
    struct list_link link; /* expiry->open */
    struct expiry *expiry;
    struct request request;
    struct expiry_check check;
    struct writer key;
    struct writer program;
};

LIST_FUNCTIONS(deletions, struct deletion, link)

static void go_on(struct expiry *expiry);
static void on_tick(struct timer *timer, uint64_t now_us);

void expiry_init(struct expiry *expiry, struct coordinator *coordinator, uint16_t shard,
                 uint16_t shards)
{
    *expiry = (struct expiry){.coordinator = coordinator,
                              .replica = coordinator->replica,
                              .timers = coordinator->timers,
                              .evaluator = coordinator->evaluator,
                              .shard = shard,
                              .shards = shards};
    timer_init(&expiry->tick, on_tick);
    key_range_init(&expiry->range);
    deletions_init(&expiry->open);
}

static void deletion_free(struct deletion *deletion)
{
    deletions_remove(&deletion->expiry->open, deletion);
    writer_deinit(&deletion->key);
    writer_deinit(&deletion->program);
    free(deletion);
}

void expiry_deinit(struct expiry *expiry)
{
    struct deletion *deletion;
    while ((deletion = deletions_first(&expiry->open)) != NULL)
        deletion_free(deletion);
    timers_disarm(expiry->timers, &expiry->tick);
    store_range_deinit(&expiry->page);
    key_range_deinit(&expiry->range);
    free(expiry->tables);
}

void expiry_start(struct expiry *expiry)
{
    if (expiry->evaluator != NULL)
        timers_arm(expiry->timers, &expiry->tick,
                   expiry->replica->outbox->now.monotonic_us + TICK_US);
}

static uint64_t now_seconds(const struct expiry *expiry)
{
    return expiry->replica->outbox->now.wall_us / 1000000;
}

/* What expired at it or before stays. */
static uint64_t oldest(uint64_t now)
{
    return now > EXPIRY_YEARS_SECONDS ? now - EXPIRY_YEARS_SECONDS : 0;
}

/* Deletions. */

static void deletion_end(struct deletion *deletion)
{
    struct expiry *expiry = deletion->expiry;
    deletion_free(deletion);
    go_on(expiry);
}

static void on_checked(struct expiry_check *check, bool failed)
{
    struct deletion *deletion = container_of(check, struct deletion, check);
    deletion->expiry->stats.failed += failed;
    deletion_end(deletion);
}

static void on_answered(struct request *request)
{
    struct deletion *deletion = container_of(request, struct deletion, request);
    struct expiry *expiry = deletion->expiry;
    enum outcome outcome = request->outcome;
    request_release(request);
    if (outcome == OUTCOME_PRECONDITION_FAILED) {
        PROBE("an item that an entry takes for expired is not");
        expiry->stats.spared++;
        if (replica_check_expiry(expiry->replica, writer_slice(&deletion->key), &deletion->check))
            return;
    } else if (outcome == OUTCOME_OK) {
        expiry->stats.deleted++;
    } else {
        PROBE("an expired item cannot be deleted");
        expiry->stats.failed++;
    }
    deletion_end(deletion);
}

static void delete_item(struct expiry *expiry, const struct expiry_key *entry,
                        const struct table_schema *schema)
{
    struct deletion *deletion = calloc(1, sizeof(*deletion));
    ensure(deletion != NULL);
    deletion->expiry = expiry;
    deletion->check = (struct expiry_check){true, entry->seconds, on_checked};
    writer_init(&deletion->key, 64);
    writer_init(&deletion->program, 64);
    item_key_encode(&deletion->key, &entry->item);
    request_init(&deletion->request, REQUEST_WRITE, on_answered);
    deletion->request.key = writer_slice(&deletion->key);
    deletion->request.tombstone = true;
    deletion->request.quorum = (struct quorum){.n = schema->replicas, .r = 1, .w = 1};
    uint64_t now = now_seconds(expiry);
    if (!PLANTED(EXPIRES_UNSEEN))
        expiry->evaluator->put_expired(expiry->evaluator, schema->expiry, oldest(now), now,
                                       &deletion->program);
    deletion->request.program = writer_slice(&deletion->program);
    deletions_push(&expiry->open, deletion);
    coordinator_submit(expiry->coordinator, &deletion->request);
}

/* Places: a partition of a table. */

static void next_place(struct expiry *expiry)
{
    expiry->going_on = false;
    expiry->partition += expiry->shards;
    if (expiry->partition < membership_partitions(expiry->replica->members))
        return;
    expiry->partition = expiry->shard;
    expiry->table++;
}

static void take_page(struct expiry *expiry)
{
    uint64_t table_id = expiry->tables[expiry->table];
    struct reader rows = reader_of(writer_slice(&expiry->page.rows));
    struct slice key = SLICE_EMPTY, value;
    struct expiry_key entry;
    bool failed = expiry->page.op.status != STORE_OK;
    bool gone = !replica_expires(expiry->replica, table_id);
    expiry->reading = false;
    expiry->stats.failed += failed;
    while (!failed && !gone && store_rows_next(&rows, &key, &value)) {
        if (!expiry_key_decode(key, &entry))
            continue;
        delete_item(expiry, &entry, replica_table(expiry->replica, table_id));
        expiry->deletions_left--;
    }
    expiry->going_on = !failed && !gone && expiry->page.more;
    if (expiry->going_on)
        key_range_go_on(&expiry->range, key);
    else
        next_place(expiry);
    store_range_deinit(&expiry->page);
}

static void on_page(struct store_op *op)
{
    struct expiry *expiry = container_of(op, struct expiry, page.op);
    take_page(expiry);
    go_on(expiry);
}

static void read_place(struct expiry *expiry)
{
    uint64_t now = now_seconds(expiry);
    uint64_t after = BUGGIFY("entries of any age are taken for due") ? 0 : oldest(now);
    if (!expiry->going_on)
        expiry_range_due(&expiry->range, expiry->partition, expiry->tables[expiry->table], after,
                         now);
    store_range_init(&expiry->page, STORE_INDEX, writer_slice(&expiry->range.from),
                     writer_slice(&expiry->range.to), on_page);
    expiry->page.rows_max = expiry->deletions_left;
    expiry->page.bytes_max = PAGE_BYTES;
    expiry->reading = true;
    struct store *store = expiry->replica->store;
    if (store_try_read(store, &expiry->page.op))
        take_page(expiry);
    else
        store_submit(store, &expiry->page.op);
}

/* This node is the first home node of the partition that can be reached, so that the deletion begins
 * and ends here. */
static bool elected(const struct expiry *expiry)
{
    uint16_t list[REPLICAS_MAX];
    const struct membership *members = expiry->replica->members;
    uint8_t replicas = replica_table_replicas(expiry->replica, expiry->tables[expiry->table]);
    size_t homes = membership_preference_list(members, expiry->partition, list, replicas);
    for (size_t i = 0; i < homes; i++)
        if (members_usable(members, list[i]))
            return list[i] == members->self;
    return false;
}

static bool may_read(const struct expiry *expiry)
{
    return !expiry->reading && deletions_empty(&expiry->open) && expiry->places_left > 0 &&
           expiry->deletions_left > 0 && expiry->table < expiry->tables_count &&
           !expiry->replica->outbox->closed;
}

static void go_on(struct expiry *expiry)
{
    while (may_read(expiry)) {
        expiry->places_left--;
        if (replica_expires(expiry->replica, expiry->tables[expiry->table]) && elected(expiry))
            read_place(expiry);
        else
            next_place(expiry);
    }
}

/* Rounds. */

static void note_table(struct expiry *expiry, uint64_t table_id)
{
    if (expiry->tables_count == expiry->tables_capacity) {
        expiry->tables_capacity = expiry->tables_capacity == 0 ? 8 : 2 * expiry->tables_capacity;
        expiry->tables = realloc(expiry->tables, expiry->tables_capacity * sizeof(*expiry->tables));
        ensure(expiry->tables != NULL);
    }
    expiry->tables[expiry->tables_count++] = table_id;
}

static void begin_round(struct expiry *expiry, uint64_t now_us)
{
    const uint64_t ticks = ROUND_US / TICK_US;
    const struct map *schemas = &expiry->replica->schemas;
    uint64_t partitions = membership_partitions(expiry->replica->members);
    expiry->round_at_us = now_us + ROUND_US;
    expiry->tables_count = 0;
    expiry->table = 0;
    expiry->partition = expiry->shard;
    expiry->going_on = false;
    for (size_t i = 0; i < schemas->capacity && expiry->shard < partitions; i++)
        if (schemas->slots[i].id != 0 && replica_expires(expiry->replica, schemas->slots[i].id))
            note_table(expiry, schemas->slots[i].id);
    uint64_t places = expiry->tables_count * (partitions / expiry->shards + 1);
    uint64_t each = (places + ticks - 1) / ticks;
    expiry->places_each = each < PLACES_MAX ? (uint32_t)each : PLACES_MAX;
}

/* A node that is behind lets clients go first; one that may not vote must not be elected. */
static void take_turn(struct expiry *expiry, uint64_t now_us)
{
    if (expiry->coordinator->refuses_forwards || expiry->replica->recovering)
        return;
    bool over = expiry->table == expiry->tables_count && !expiry->reading;
    if (over && now_us >= expiry->round_at_us && deletions_empty(&expiry->open))
        begin_round(expiry, now_us);
    expiry->places_left = expiry->places_each;
    expiry->deletions_left = DELETIONS_MAX;
    go_on(expiry);
}

static void on_tick(struct timer *timer, uint64_t now_us)
{
    struct expiry *expiry = container_of(timer, struct expiry, tick);
    take_turn(expiry, now_us);
    bool nothing = expiry->tables_count == 0 && expiry->round_at_us > now_us;
    timers_arm(expiry->timers, timer, nothing ? expiry->round_at_us : now_us + TICK_US);
}
