/* Pages of a range: every small set of items, promises and accepted rows, in both directions, cut at
 * every place. */
#include <string.h>

#include "arena.h"
#include "memory_store.h"
#include "replica.h"
#include "test_main.h"

enum { KEYS_MAX = 1024, MISS_ALWAYS = 1000000, MISS_OFTEN = 500000, PROMISED = 9 };

/* What is held of one key: ballots, 0 for none. */
struct held {
    unsigned item;
    bool item_tombstone;
    bool promised;
    unsigned accepted;
    bool accepted_tombstone;
};

static const struct held states[] = {{.item = 0},
                                     {.item = 3},
                                     {.item = 3, .item_tombstone = true},
                                     {.promised = true},
                                     {.accepted = 5},
                                     {.item = 3, .promised = true},
                                     {.item = 3, .accepted = 5, .accepted_tombstone = true},
                                     {.item = 3, .item_tombstone = true, .accepted = 5}};
enum { STATES = array_size(states) };

static struct memory_store *memory;
static struct store *inner;
static struct store store; /* `inner`, with its snapshots counted */
static unsigned snapshots;
static struct membership members;
static struct hlc hlc;
static struct hints hints;
static struct outbox outbox;
static struct arena arena;
static struct replica replica;
static struct transport transport;
static struct buffer *answer; /* the last frame sent; NULL: none since the last look */
static struct held world[KEYS_MAX];
static unsigned keys;

static bool counting_try_read(struct store *self, struct store_op *read)
{
    (void)self;
    return inner->try_read(inner, read);
}

static void counting_submit(struct store *self, struct store_op *op)
{
    (void)self;
    inner->submit(inner, op);
}

static struct store_snapshot *counting_snapshot(struct store *self)
{
    (void)self;
    snapshots++;
    return inner->snapshot(inner);
}

static void counting_snapshot_free(struct store *self, struct store_snapshot *snapshot)
{
    (void)self;
    snapshots--;
    inner->snapshot_free(inner, snapshot);
}

static void submitted(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

static void keep_frame(struct transport *self, struct address to, struct buffer *frame)
{
    (void)self;
    (void)to;
    ck_assert_ptr_null(answer);
    answer = frame;
}

static void members_make(void)
{
    static char name[] = "n1", address[] = "127.0.0.1:7000", empty[] = "";
    struct member_config config = {name, address, empty, 100};
    struct cluster_config cluster = {name, 8, &config, 1};
    struct peer_identity own = {1 << 16, name, 1, UINT64_C(1) << INCARNATION_START_SHIFT};
    members_init(&members, &cluster, name, &own);
}

static void setup(uint32_t miss_per_million)
{
    struct memory_store_config config = {
        .seed = 1, .sync = true, .miss_per_million = miss_per_million};
    memory = memory_store_new(&config);
    inner = memory_store_port(memory, submitted, NULL);
    store = (struct store){counting_try_read, counting_submit, counting_snapshot,
                           counting_snapshot_free, inner->family_size};
    members_make();
    hlc_init(&hlc, 0);
    hints_init(&hints, &store, 1000);
    arena_init(&arena);
    transport.send = keep_frame;
    outbox = (struct outbox){.transport = &transport, .hlc = &hlc, .self = 1 << 16};
    struct replica_config replica_config = {.operations_max = 4};
    replica_init(&replica, &replica_config, &store, &outbox, &members, &hlc, &hints, NULL);
}

static void teardown(void)
{
    replica_deinit(&replica);
    ck_assert_uint_eq(snapshots, 0);
    hints_deinit(&hints);
    members_deinit(&members);
    memory_store_free(memory);
    arena_deinit(&arena);
}

struct key {
    uint8_t bytes[6];
};

static struct slice key_at(struct key *key, unsigned number)
{
    *key = (struct key){{0, 0, 0, 0, (uint8_t)(number >> 8), (uint8_t)number}};
    return slice_of(key->bytes, sizeof(key->bytes));
}

static struct row row_at(unsigned number, unsigned ballot, bool tombstone)
{
    static const uint8_t text[] = "abcdefghijklmnop";
    return row_plain((struct version){ballot, 1 << 16}, tombstone,
                     slice_of(text + number % 8, 1 + ballot));
}

static void batch_put_held(struct store_batch *batch, unsigned number, const struct held *held)
{
    struct key key;
    struct writer row;
    writer_init(&row, 0);
    struct row item = row_at(number, held->item, held->item_tombstone);
    struct row accepted = row_at(number, held->accepted, held->accepted_tombstone);
    store_batch_delete(batch, STORE_ITEMS, key_at(&key, number));
    store_batch_delete(batch, STORE_PROMISES, key_at(&key, number));
    if (held->item > 0) {
        row_encode(&row, &item);
        store_batch_put(batch, STORE_ITEMS, key_at(&key, number), writer_slice(&row));
    }
    writer_reset(&row);
    if (held->promised || held->accepted > 0) {
        promise_encode(&row, (struct version){PROMISED, 1 << 16},
                       held->accepted > 0 ? &accepted : NULL);
        store_batch_put(batch, STORE_PROMISES, key_at(&key, number), writer_slice(&row));
    }
    writer_deinit(&row);
}

static void world_store(void)
{
    struct store_commit commit;
    store_commit_init(&commit, (store_done)abort);
    for (unsigned i = 0; i < keys; i++)
        batch_put_held(&commit.batch, i, &world[i]);
    store_submit(inner, &commit.op);
    ck_assert_ptr_eq(memory_store_finish_commit(memory), &commit.op);
    store_commit_deinit(&commit);
}

/* Appends what a page must tell of one key; true if it tells anything. */
static bool expect_key(struct writer *page, unsigned number, bool rows)
{
    const struct held *held = &world[number];
    struct key key;
    bool accepted = rows && held->accepted > held->item;
    struct row row = accepted ? row_at(number, held->accepted, held->accepted_tombstone)
                              : row_at(number, held->item, held->item_tombstone);
    if ((!accepted && held->item == 0) || (!rows && row.tombstone))
        return false;
    writer_put_sized(page, key_at(&key, number));
    struct writer encoded;
    writer_init(&encoded, 0);
    row_encode(&encoded, &row);
    if (rows)
        writer_put_u8(page, !accepted);
    writer_put_sized(page, rows ? writer_slice(&encoded) : row.value);
    writer_deinit(&encoded);
    return true;
}

/* What is still wanted of a range: keys [from, to). */
struct wanted {
    unsigned from;
    unsigned to;
    bool reverse;
    bool rows;
    uint32_t rows_max;
    uint32_t bytes_max;
};

static void begin(const struct wanted *wanted)
{
    struct key from, to;
    Cartwheel__Range body = CARTWHEEL__RANGE__INIT;
    body.from = binary_of(key_at(&from, wanted->from));
    body.to = binary_of(key_at(&to, wanted->to));
    body.reverse = wanted->reverse;
    body.rows = wanted->rows;
    body.rows_max = wanted->rows_max;
    body.bytes_max = wanted->bytes_max;
    struct frame_header header = {.type = FRAME_RANGE, .request_id = 1, .from = 1 << 16};
    struct buffer *encoded = frame_encode(&header, &body.base, SLICE_EMPTY);
    struct frame frame;
    ck_assert_int_eq(frame_decode(buffer_slice(encoded), &frame), FRAME_OK);
    ck_assert(replica_on_frame(&replica, &frame, &arena));
    buffer_unref(encoded);
}

static void finish_reads(void)
{
    struct store_op *op;
    while ((op = memory_store_finish_read(memory)) != NULL)
        op->done(op);
}

/* The reply, which the caller unrefs, decoded. */
static struct buffer *take_reply(struct frame *frame, const Cartwheel__RangeReply **reply)
{
    struct buffer *taken = answer;
    answer = NULL;
    ck_assert_ptr_nonnull(taken);
    ck_assert_int_eq(frame_decode(buffer_slice(taken), frame), FRAME_OK);
    *reply = (const Cartwheel__RangeReply *)frame_decode_body(frame, &arena);
    ck_assert_ptr_nonnull(*reply);
    return taken;
}

static unsigned covered_key(const Cartwheel__RangeReply *reply)
{
    ck_assert_uint_eq(reply->covered.len, sizeof(struct key));
    return (unsigned)reply->covered.data[4] << 8 | reply->covered.data[5];
}

/* Compares a page with what stands between the start of `wanted` and `covered`, and moves the
 * start. False at the end of the range. */
static bool check_page(struct wanted *wanted)
{
    struct frame frame;
    const Cartwheel__RangeReply *reply;
    struct buffer *taken = take_reply(&frame, &reply);
    struct writer expected;
    uint32_t count = 0;
    writer_init(&expected, 0);
    ck_assert_uint_eq(reply->verdict, VERDICT_OK);
    unsigned covered = reply->more ? covered_key(reply) : wanted->reverse ? 0 : keys - 1;
    while (wanted->from < wanted->to &&
           (wanted->reverse ? wanted->to - 1 >= covered : wanted->from <= covered))
        count +=
            expect_key(&expected, wanted->reverse ? --wanted->to : wanted->from++, wanted->rows);
    ck_assert_uint_eq(reply->count, count);
    ck_assert_uint_le(count, wanted->rows_max);
    ck_assert(slice_equal(frame.payload, writer_slice(&expected)));
    bool more = reply->more;
    writer_deinit(&expected);
    buffer_unref(taken);
    arena_reset(&arena);
    return more;
}

/* All pages of the whole range; how many there were. */
static unsigned check_range(bool reverse, bool rows, uint32_t rows_max, uint32_t bytes_max)
{
    struct wanted wanted = {0, keys, reverse, rows, rows_max, bytes_max};
    unsigned pages = 0;
    bool more = true;
    while (more) {
        unsigned left = wanted.to - wanted.from;
        begin(&wanted);
        finish_reads();
        more = check_page(&wanted);
        ck_assert(!more || wanted.to - wanted.from < left);
        pages++;
    }
    ck_assert_uint_eq(wanted.from, wanted.to);
    ck_assert_uint_eq(snapshots, 0);
    return pages;
}

static void check_forms(uint32_t rows_max, uint32_t bytes_max)
{
    for (int form = 0; form < 4; form++)
        (void)check_range(form % 2 == 1, form / 2 == 1, rows_max, bytes_max);
}

static void check_all_worlds(uint32_t miss_per_million)
{
    unsigned worlds = 1;
    setup(miss_per_million);
    for (keys = 0; keys < 3; keys++)
        worlds *= STATES;
    for (unsigned number = 0; number < worlds; number++) {
        for (unsigned key = 0, left = number; key < keys; key++, left /= STATES)
            world[key] = states[left % STATES];
        world_store();
        for (uint32_t rows_max = 1; rows_max <= keys; rows_max++)
            check_forms(rows_max, 1 << 20);
        check_forms(100, 1);
        check_forms(100, 60);
    }
    teardown();
}

START_TEST(every_small_range_is_told_exactly_from_memory)
{
    check_all_worlds(0);
}
END_TEST

START_TEST(every_small_range_is_told_exactly_from_disk)
{
    check_all_worlds(MISS_OFTEN);
}
END_TEST

START_TEST(promises_of_many_pages_are_walked_beside_few_items)
{
    setup(MISS_OFTEN);
    keys = KEYS_MAX;
    for (unsigned i = 0; i < keys; i++)
        world[i] = states[i % 300 == 7 ? 1 : i % 301 == 0 ? 4 : 3];
    world_store();
    for (uint32_t rows_max = 1; rows_max <= 9; rows_max++)
        check_forms(rows_max, 1 << 20);
    for (uint32_t bytes_max = 1; bytes_max <= 200; bytes_max += 7)
        check_forms(1000, bytes_max);
    ck_assert_uint_eq(check_range(false, true, 1000, 1 << 20), 1);
    ck_assert_uint_eq(check_range(true, true, 1000, 1 << 20), 1);
    teardown();
}
END_TEST

START_TEST(long_pages_are_cut_at_every_place)
{
    setup(0);
    keys = 40;
    for (unsigned i = 0; i < keys; i++)
        world[i] = states[i * 5 % STATES];
    world_store();
    for (uint32_t rows_max = 1; rows_max <= keys; rows_max++)
        check_forms(rows_max, 1 << 20);
    for (uint32_t bytes_max = 1; bytes_max <= 2000; bytes_max++)
        check_forms(1000, bytes_max);
    teardown();
}
END_TEST

START_TEST(only_the_merging_form_takes_a_snapshot)
{
    setup(MISS_ALWAYS);
    keys = 3;
    for (unsigned rows = 0; rows < 2; rows++) {
        struct wanted wanted = {0, keys, false, rows == 1, 10, 1 << 20};
        begin(&wanted);
        ck_assert_uint_eq(snapshots, rows);
        ck_assert_uint_eq(memory_store_reads_pending(memory), rows == 1 ? 2 : 1);
        finish_reads();
        (void)check_page(&wanted);
        ck_assert_uint_eq(snapshots, 0);
    }
    teardown();
}
END_TEST

/* The row moves from `accepted` into the item's place between the two reads, and others change: the
 * page is of the time at which it was begun. */
START_TEST(a_page_is_of_one_time)
{
    for (int round = 0; round < 8; round++) {
        setup(MISS_ALWAYS);
        keys = 8;
        for (unsigned i = 0; i < keys; i++)
            world[i] = states[i % STATES];
        world_store();
        struct held before[KEYS_MAX];
        memcpy(before, world, sizeof(before));
        struct wanted wanted = {0, keys, false, true, 3, 1 << 20};
        begin(&wanted);
        for (int reads = 0; reads < round; reads++) {
            struct store_op *op = memory_store_finish_read(memory);
            if (op != NULL)
                op->done(op);
        }
        for (unsigned i = 0; i < keys; i++)
            world[i] = (struct held){.item = 7};
        world_store();
        memcpy(world, before, sizeof(before));
        finish_reads();
        (void)check_page(&wanted);
        teardown();
    }
}
END_TEST

static void check_refused(enum verdict verdict)
{
    struct wanted wanted = {0, keys, false, true, 10, 1 << 20};
    struct frame frame;
    const Cartwheel__RangeReply *reply;
    begin(&wanted);
    finish_reads();
    struct buffer *taken = take_reply(&frame, &reply);
    ck_assert_uint_eq(reply->verdict, verdict);
    ck_assert(!reply->more);
    ck_assert_uint_eq(frame.payload.size, 0);
    buffer_unref(taken);
}

START_TEST(what_cannot_be_read_is_never_left_out)
{
    setup(0);
    keys = 3;
    memset(world, 0, sizeof(world[0]) * keys);
    world[0].item = 1;
    world_store();
    memory_store_set_read_failures(memory, 1000000);
    check_refused(VERDICT_FAILED);
    memory_store_set_read_failures(memory, 0);
    replica.recovering = true;
    check_refused(VERDICT_RECOVERING);
    replica.recovering = false;
    struct store_commit commit;
    struct key key;
    store_commit_init(&commit, (store_done)abort);
    store_batch_put(&commit.batch, STORE_PROMISES, key_at(&key, 1), SLICE_LITERAL("short"));
    store_submit(inner, &commit.op);
    ck_assert_ptr_eq(memory_store_finish_commit(memory), &commit.op);
    store_commit_deinit(&commit);
    check_refused(VERDICT_FAILED);
    teardown();
}
END_TEST

START_TEST(a_replica_may_go_while_its_disk_reads)
{
    setup(MISS_ALWAYS);
    keys = 3;
    struct wanted wanted = {0, keys, false, true, 10, 1 << 20};
    struct prng prng;
    prng_init(&prng, 1);
    begin(&wanted);
    memory_store_crash(memory, &prng);
    teardown();
}
END_TEST

TEST_MAIN("range", every_small_range_is_told_exactly_from_memory,
          every_small_range_is_told_exactly_from_disk,
          promises_of_many_pages_are_walked_beside_few_items, long_pages_are_cut_at_every_place,
          only_the_merging_form_takes_a_snapshot, a_page_is_of_one_time,
          what_cannot_be_read_is_never_left_out, a_replica_may_go_while_its_disk_reads)
