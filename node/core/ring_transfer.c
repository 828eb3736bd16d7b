#include "ring_transfer.h"

#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "planted.h"
#include "probe.h"
#include "task.h"

enum {
    TICK_US = 100000,
    AGAIN_US = 200000 /* after a failure: a link that comes up, a table that is heard of */
};

/* A register of a source that is settled. Outlives the transfer's interest in it. */
struct transfer_settling {
    struct settlement settlement;
    struct ring_transfer *transfer;
    uint64_t attempt;
    struct buffer *key;
};

static void on_tick(struct timer *timer, uint64_t now_us);
static void on_listed(struct call *call, const struct frame *frame, const ProtobufCMessage *body);
static void on_compared(struct exchange_wish *wish, bool equal);
static bool was_dropped(struct exchange_wish *wish, uint64_t table_id);
static unsigned find_witnesses(struct exchange_wish *wish, uint64_t table_id,
                               uint16_t members[REPLICAS_MAX]);
static void next_source(struct ring_transfer *transfer);
static void settle_more(struct ring_transfer *transfer);

void ring_transfer_init(struct ring_transfer *transfer, struct coordinator *coordinator,
                        struct caller *caller, struct exchange *exchange, struct timers *timers)
{
    *transfer = (struct ring_transfer){
        .coordinator = coordinator,
        .caller = caller,
        .exchange = exchange,
        .timers = timers,
        .settling_max = TRANSFER_SETTLED_AT_ONCE,
        .call = {.done = on_listed},
        .wish = {.done = on_compared, .witnesses = find_witnesses, .dropped = was_dropped}};
    writer_init(&transfer->wish.unsettled, 0);
    writer_init(&transfer->again, 0);
    transfer->copied = calloc(membership_partitions(caller->members), sizeof(*transfer->copied));
    ensure(transfer->copied != NULL);
    timer_init(&transfer->tick, on_tick);
}

/* Whatever was going on with the partition is given up. */
static void clear(struct ring_transfer *transfer)
{
    caller_forget(transfer->caller, &transfer->call);
    if (transfer->comparing)
        exchange_wish_drop(transfer->exchange, &transfer->wish);
    buffer_unref(transfer->keys);
    buffer_unref(transfer->after);
    transfer->keys = NULL;
    transfer->after = NULL;
    writer_reset(&transfer->again);
    transfer->paused = false;
    transfer->comparing = false;
    transfer->busy = false;
    transfer->attempt++;
    transfer->settling_out = 0;
}

void ring_transfer_deinit(struct ring_transfer *transfer)
{
    timers_disarm(transfer->timers, &transfer->tick);
    clear(transfer);
    writer_deinit(&transfer->wish.unsettled);
    writer_deinit(&transfer->again);
    free(transfer->copied);
}

static const struct membership *members_of(const struct ring_transfer *transfer)
{
    return transfer->caller->members;
}

static uint64_t now_us_of(const struct ring_transfer *transfer)
{
    return transfer->caller->outbox->now.monotonic_us;
}

/* This shard has to copy the partition, and has not. While it is closed, rows of an earlier ownership are
 * about to be deleted: they must not count as copied. */
static bool wanted(const struct ring_transfer *transfer, uint32_t partition)
{
    const struct ring_state *ring = &members_of(transfer)->ring;
    const struct replica *replica = transfer->coordinator->replica;
    return replica_serves(replica, partition) && replica->closed[partition] == 0 &&
           transfer->copied[partition] != ring->epochs[partition] &&
           ring_copies(ring, partition, (unsigned)members_of(transfer)->self);
}

static bool holds_copy(const struct ring_transfer *transfer, uint32_t partition)
{
    const struct ring_state *ring = &members_of(transfer)->ring;
    return ring->stages[partition] == RING_JOINT &&
           transfer->copied[partition] == ring->epochs[partition];
}

bool ring_transfer_idle(const struct ring_transfer *transfer)
{
    return !transfer->busy && members_of(transfer)->ring.joint == 0;
}

/* This node leaves, and keeps nothing for others any more: shard 0 has all hints. */
static bool drained(const struct ring_transfer *transfer)
{
    const struct membership *members = members_of(transfer);
    const struct hints *hints = transfer->coordinator->replica->hints;
    return members_leaving(members, members->self) && transfer->caller->outbox->shard == 0 &&
           hints->loaded && hints_pending(hints) == 0;
}

static void report(struct ring_transfer *transfer)
{
    const struct ring_state *ring = &members_of(transfer)->ring;
    struct outbox *outbox = transfer->caller->outbox;
    uint32_t *copied = calloc(ring->joint + 1, sizeof(*copied));
    uint64_t *epochs = calloc(ring->joint + 1, sizeof(*epochs));
    ensure(copied != NULL);
    ensure(epochs != NULL);
    Cartwheel__RingReport body = CARTWHEEL__RING_REPORT__INIT;
    for (uint32_t i = 0; i < ring->partitions && ring->joint > 0; i++) {
        if (!holds_copy(transfer, i))
            continue;
        copied[body.n_copied++] = i;
        epochs[body.n_epochs++] = ring->epochs[i];
    }
    body.copied = copied;
    body.epochs = epochs;
    body.drained = drained(transfer);
    for (unsigned i = 0; i < ring->meta_count && (body.n_copied > 0 || body.drained); i++) {
        struct address to = members_address(members_of(transfer), ring->meta[i], 0);
        outbox_send(outbox, to, FRAME_RING_REPORT, outbox_request_id(outbox), &body.base,
                    SLICE_EMPTY);
    }
    free(copied);
    free(epochs);
}

/* Something is not there yet: this partition comes again after the others. */
static void fail(struct ring_transfer *transfer)
{
    PROBE("a partition's copy is begun again later");
    clear(transfer);
    transfer->first_source++;
    transfer->again_at_us = now_us_of(transfer) + AGAIN_US;
}

/* Of every table's home nodes a majority is among the sources. */
static bool enough(const struct ring_transfer *transfer)
{
    const struct replica *replica = transfer->coordinator->replica;
    const struct table_schema *schema;
    size_t cursor = 0;
    unsigned in_use = 1u << SYSTEM_REPLICAS; /* bit n: some table has that N */
    while ((schema = map_each(&replica->schemas, &cursor)) != NULL)
        in_use |= 1u << schema->replicas;
    for (unsigned n = 1; n <= REPLICAS_MAX; n++) {
        unsigned homes = n < transfer->homes.n ? n : transfer->homes.n;
        home_mask first = (home_mask)((1u << homes) - 1);
        bool majority =
            (unsigned)__builtin_popcount(transfer->listed & first) >= majority_of(homes);
        if ((in_use >> n & 1) != 0 && !majority)
            return false;
    }
    return true;
}

static void list_ask(struct ring_transfer *transfer)
{
    transfer->asked_us = now_us_of(transfer);
    Cartwheel__Keys body = CARTWHEEL__KEYS__INIT;
    body.partition = transfer->partition;
    if (transfer->after != NULL)
        body.after = binary_of(buffer_slice(transfer->after));
    caller_send(transfer->caller, &transfer->call, transfer->homes.members[transfer->source],
                transfer->partition, FRAME_ACCEPTED, FRAME_ACCEPTED_REPLY, &body.base, SLICE_EMPTY);
}

/* Of the table's old home nodes as many as make a majority with the peer; all of them are sources. */
static unsigned find_witnesses(struct exchange_wish *wish, uint64_t table_id,
                               uint16_t members[REPLICAS_MAX])
{
    const struct ring_transfer *transfer = container_of(wish, struct ring_transfer, wish);
    unsigned n = replica_table_replicas(transfer->coordinator->replica, table_id);
    unsigned homes = n < transfer->homes.n ? n : transfer->homes.n;
    unsigned agreeing = transfer->source < homes, count = 0;
    for (unsigned i = 0; i < homes && agreeing < majority_of(homes); i++) {
        bool other =
            i != transfer->source && transfer->homes.members[i] != members_of(transfer)->self;
        if (!other || (transfer->listed & home_bit(i)) == 0)
            continue;
        members[count++] = transfer->homes.members[i];
        agreeing++;
    }
    return homes > 0 && agreeing >= majority_of(homes) ? count : WITNESSES_TOO_FEW;
}

static bool was_dropped(struct exchange_wish *wish, uint64_t table_id)
{
    const struct ring_transfer *transfer = container_of(wish, struct ring_transfer, wish);
    return replica_table_dropped(transfer->coordinator->replica, table_id);
}

static void compare(struct ring_transfer *transfer)
{
    transfer->comparing = true;
    writer_reset(&transfer->wish.unsettled);
    transfer->wish.peer = transfer->homes.members[transfer->source];
    transfer->wish.partition = transfer->partition;
    exchange_wish_make(transfer->exchange, &transfer->wish);
}

/* The page's registers are settled, unless replicas were busy, or could not be reached. */
static void page_done(struct ring_transfer *transfer)
{
    buffer_unref(transfer->keys);
    transfer->keys = NULL;
    if (transfer->again.size > 0) {
        PROBE("registers are to be settled once more before they are copied");
        transfer->paused = true;
        transfer->again_at_us = now_us_of(transfer) + AGAIN_US;
        return;
    }
    if (transfer->after != NULL) {
        list_ask(transfer);
    } else if (transfer->listing) {
        transfer->listed |= home_bit(transfer->source);
        next_source(transfer);
    } else {
        compare(transfer);
    }
}

static void on_settled(struct settlement *settlement)
{
    struct transfer_settling *settling =
        container_of(settlement, struct transfer_settling, settlement);
    struct ring_transfer *transfer = settling->transfer;
    bool current = settling->attempt == transfer->attempt;
    bool good = settlement->outcome == OUTCOME_OK;
    if (!good)
        transfer->settling_max = transfer->settling_max > 4 ? transfer->settling_max / 4 : 1;
    else if (transfer->settling_max < TRANSFER_SETTLED_AT_ONCE)
        transfer->settling_max++;
    if (current && !good)
        writer_put_sized(&transfer->again, buffer_slice(settling->key));
    buffer_unref(settlement->row);
    buffer_unref(settling->key);
    free(settling);
    if (!current)
        return;
    transfer->settling_out--;
    settle_more(transfer);
}

/* False if the table is not known here yet. */
static bool settle(struct ring_transfer *transfer, struct slice key)
{
    struct item_key decoded;
    const struct replica *replica = transfer->coordinator->replica;
    if (!item_key_decode(key, &decoded) || decoded.partition != transfer->partition)
        return false;
    if (replica_table_dropped(replica, decoded.table_id))
        return true;
    uint8_t n = replica_table_replicas(replica, decoded.table_id);
    if (n == 0)
        return false;
    PROBE("a register is settled before it is copied");
    struct transfer_settling *settling = calloc(1, sizeof(*settling));
    ensure(settling != NULL);
    settling->transfer = transfer;
    settling->attempt = transfer->attempt;
    settling->key = buffer_from(key);
    settling->settlement.done = on_settled;
    settling->settlement.key = buffer_slice(settling->key);
    settling->settlement.n = n;
    settling->settlement.hear_all = true;
    settling->settlement.deadline_us =
        now_us_of(transfer) + 2 * transfer->coordinator->config.attempt_timeout_us;
    transfer->settling_out++;
    settle_begin(transfer->coordinator, &settling->settlement);
    return true;
}

static void settle_more(struct ring_transfer *transfer)
{
    while (reader_left(&transfer->keys_left) > 0 &&
           transfer->settling_out < transfer->settling_max) {
        struct slice key = reader_get_sized(&transfer->keys_left);
        if (transfer->keys_left.failed || !settle(transfer, key)) {
            fail(transfer);
            return;
        }
    }
    if (transfer->settling_out == 0)
        page_done(transfer);
}

static void settle_page(struct ring_transfer *transfer, struct slice keys)
{
    transfer->keys = buffer_from(keys);
    transfer->keys_left = reader_of(buffer_slice(transfer->keys));
    settle_more(transfer);
}

static void on_listed(struct call *call, const struct frame *frame, const ProtobufCMessage *body)
{
    struct ring_transfer *transfer = container_of(call, struct ring_transfer, call);
    const Cartwheel__KeysReply *reply = (const Cartwheel__KeysReply *)body;
    if (frame == NULL || reply->verdict != VERDICT_OK || (reply->more && reply->covered.len == 0)) {
        fail(transfer);
        return;
    }
    buffer_unref(transfer->after);
    transfer->after = reply->more ? buffer_from(slice_of_binary(reply->covered)) : NULL;
    settle_page(transfer, PLANTED(RING_LEAVES_ACCEPTED) ? SLICE_EMPTY : frame->payload);
}

static void on_compared(struct exchange_wish *wish, bool equal)
{
    struct ring_transfer *transfer = container_of(wish, struct ring_transfer, wish);
    transfer->comparing = false;
    if (!equal) {
        fail(transfer);
        return;
    }
    struct slice unsettled = writer_slice(&transfer->wish.unsettled);
    if (unsettled.size > 0) {
        settle_page(transfer, unsettled);
        return;
    }
    transfer->done |= home_bit(transfer->source);
    next_source(transfer);
}

static void finish(struct ring_transfer *transfer)
{
    PROBE("a partition is copied");
    transfer->copied[transfer->partition] = transfer->epoch;
    transfer->partitions_copied++;
    clear(transfer);
    /* Reports, and goes on with the next. */
    timers_arm(transfer->timers, &transfer->tick, now_us_of(transfer));
}

/* The first old owner that can be asked, and has not been; false if there is none. */
static bool find_source(struct ring_transfer *transfer)
{
    const struct membership *members = members_of(transfer);
    for (unsigned tried = 0; tried < transfer->homes.n; tried++) {
        unsigned i = (transfer->first_source + tried) % transfer->homes.n;
        if ((transfer->listed & home_bit(i)) == 0 &&
            members_usable(members, transfer->homes.members[i])) {
            transfer->source = i;
            return true;
        }
    }
    return false;
}

/* All that promised are known first: only then do equal ballots mean that a row is decided. */
static void next_source(struct ring_transfer *transfer)
{
    transfer->listing = !enough(transfer);
    if (transfer->done == transfer->listed && (!transfer->listing || PLANTED(RING_COPIES_ONE))) {
        finish(transfer);
    } else if (!transfer->listing) {
        transfer->source = (unsigned)__builtin_ctz(transfer->listed & ~transfer->done);
        compare(transfer);
    } else if (find_source(transfer)) {
        list_ask(transfer);
    } else {
        fail(transfer);
    }
}

/* A member that is an owner already is a source of its own. */
static home_mask own_places(const struct ring_transfer *transfer)
{
    home_mask mask = 0;
    for (unsigned i = 0; i < transfer->homes.n; i++) {
        if (transfer->homes.members[i] == members_of(transfer)->self)
            mask |= home_bit(i);
    }
    return mask;
}

static void begin(struct ring_transfer *transfer, uint32_t partition)
{
    const struct membership *members = members_of(transfer);
    transfer->busy = true;
    transfer->partition = partition;
    transfer->epoch = membership_partition_epoch(members, partition);
    membership_homes(members, partition, REPLICAS_MAX, &transfer->homes);
    transfer->listed = own_places(transfer);
    transfer->done = transfer->listed;
    next_source(transfer);
}

/* The next one behind the last. */
static void look(struct ring_transfer *transfer)
{
    const struct ring_state *ring = &members_of(transfer)->ring;
    while (ring->joint > 0 && !transfer->busy && now_us_of(transfer) >= transfer->again_at_us) {
        uint32_t tried = 0;
        do {
            transfer->partition = (transfer->partition + 1) % ring->partitions;
        } while (!wanted(transfer, transfer->partition) && ++tried < ring->partitions);
        if (tried == ring->partitions)
            return;
        begin(transfer, transfer->partition);
    }
}

static void settle_again(struct ring_transfer *transfer)
{
    struct buffer *keys = buffer_from(writer_slice(&transfer->again));
    writer_reset(&transfer->again);
    transfer->paused = false;
    settle_page(transfer, buffer_slice(keys));
    buffer_unref(keys);
}

static void on_tick(struct timer *timer, uint64_t now_us)
{
    struct ring_transfer *transfer = container_of(timer, struct ring_transfer, tick);
    timers_arm(transfer->timers, timer, now_us + TICK_US);
    uint64_t patience_us = transfer->coordinator->config.attempt_timeout_us;
    if (transfer->call.id != 0 && now_us - transfer->asked_us >= patience_us) {
        PROBE("a source does not answer");
        fail(transfer);
    }
    report(transfer);
    if (transfer->paused && now_us >= transfer->again_at_us)
        settle_again(transfer);
    look(transfer);
}

void ring_transfer_start(struct ring_transfer *transfer)
{
    timers_arm(transfer->timers, &transfer->tick, now_us_of(transfer) + TICK_US);
}

void ring_transfer_on_ring(struct ring_transfer *transfer)
{
    const struct membership *members = members_of(transfer);
    if (transfer->busy &&
        membership_partition_epoch(members, transfer->partition) != transfer->epoch) {
        PROBE("the ring changes under a copy");
        clear(transfer);
    }
    look(transfer);
}
