/* Pages of a range: every small set of items, promises and accepted rows, in both directions, cut at
 * every place. */
#include <string.h>

#include "range_bench.h"
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

static struct held world[KEYS_MAX];
static unsigned keys;

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
    range_bench_commit(&commit);
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

static void put_key(struct writer *writer, unsigned number)
{
    struct key key;
    writer_put_slice(writer, key_at(&key, number));
}

static struct range_world all(void)
{
    return (struct range_world){.places = keys, .put_key = put_key, .expect = expect_key};
}

static void check_forms(uint32_t rows_max, uint32_t bytes_max)
{
    struct range_world keys_of = all();
    range_bench_check_forms(&keys_of, rows_max, bytes_max);
}

static void check_all_worlds(uint32_t miss_per_million)
{
    unsigned worlds = 1;
    range_bench_init(miss_per_million);
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
    range_bench_deinit();
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
    range_bench_init(MISS_OFTEN);
    keys = KEYS_MAX;
    for (unsigned i = 0; i < keys; i++)
        world[i] = states[i % 300 == 7 ? 1 : i % 301 == 0 ? 4 : 3];
    world_store();
    for (uint32_t rows_max = 1; rows_max <= 9; rows_max++)
        check_forms(rows_max, 1 << 20);
    for (uint32_t bytes_max = 1; bytes_max <= 200; bytes_max += 7)
        check_forms(1000, bytes_max);
    struct range_world keys_of = all();
    ck_assert_uint_eq(range_bench_check_range(&keys_of, false, true, 1000, 1 << 20), 1);
    ck_assert_uint_eq(range_bench_check_range(&keys_of, true, true, 1000, 1 << 20), 1);
    range_bench_deinit();
}
END_TEST

START_TEST(long_pages_are_cut_at_every_place)
{
    range_bench_init(0);
    keys = 40;
    for (unsigned i = 0; i < keys; i++)
        world[i] = states[i * 5 % STATES];
    world_store();
    for (uint32_t rows_max = 1; rows_max <= keys; rows_max++)
        check_forms(rows_max, 1 << 20);
    for (uint32_t bytes_max = 1; bytes_max <= 2000; bytes_max++)
        check_forms(1000, bytes_max);
    range_bench_deinit();
}
END_TEST

START_TEST(only_the_merging_form_takes_a_snapshot)
{
    range_bench_init(MISS_ALWAYS);
    keys = 3;
    for (unsigned rows = 0; rows < 2; rows++) {
        struct range_world keys_of = all();
        struct range_wanted wanted = {0, keys, false, rows == 1, 10, 1 << 20};
        range_bench_ask(&keys_of, &wanted);
        ck_assert_uint_eq(range_bench.snapshots, rows);
        ck_assert_uint_eq(memory_store_reads_pending(range_bench.memory), rows == 1 ? 2 : 1);
        range_bench_finish_reads();
        (void)range_bench_check_page(&keys_of, &wanted);
        ck_assert_uint_eq(range_bench.snapshots, 0);
    }
    range_bench_deinit();
}
END_TEST

/* The row moves from `accepted` into the item's place between the two reads, and others change: the
 * page is of the time at which it was begun. */
START_TEST(a_page_is_of_one_time)
{
    for (int round = 0; round < 8; round++) {
        range_bench_init(MISS_ALWAYS);
        keys = 8;
        for (unsigned i = 0; i < keys; i++)
            world[i] = states[i % STATES];
        world_store();
        struct held before[KEYS_MAX];
        memcpy(before, world, sizeof(before));
        struct range_world keys_of = all();
        struct range_wanted wanted = {0, keys, false, true, 3, 1 << 20};
        range_bench_ask(&keys_of, &wanted);
        for (int reads = 0; reads < round; reads++) {
            struct store_op *op = memory_store_finish_read(range_bench.memory);
            if (op != NULL)
                op->done(op);
        }
        for (unsigned i = 0; i < keys; i++)
            world[i] = (struct held){.item = 7};
        world_store();
        memcpy(world, before, sizeof(before));
        range_bench_finish_reads();
        (void)range_bench_check_page(&keys_of, &wanted);
        range_bench_deinit();
    }
}
END_TEST

static void check_refused(enum verdict verdict)
{
    struct range_world keys_of = all();
    struct range_wanted wanted = {0, keys, false, true, 10, 1 << 20};
    range_bench_check_refused(&keys_of, &wanted, verdict);
}

START_TEST(what_cannot_be_read_is_never_left_out)
{
    range_bench_init(0);
    keys = 3;
    memset(world, 0, sizeof(world[0]) * keys);
    world[0].item = 1;
    world_store();
    memory_store_set_read_failures(range_bench.memory, 1000000);
    check_refused(VERDICT_FAILED);
    memory_store_set_read_failures(range_bench.memory, 0);
    range_bench.replica.recovering = true;
    check_refused(VERDICT_RECOVERING);
    range_bench.replica.recovering = false;
    struct store_commit commit;
    struct key key;
    store_commit_init(&commit, (store_done)abort);
    store_batch_put(&commit.batch, STORE_PROMISES, key_at(&key, 1), SLICE_LITERAL("short"));
    range_bench_commit(&commit);
    check_refused(VERDICT_FAILED);
    range_bench_deinit();
}
END_TEST

START_TEST(a_replica_may_go_while_its_disk_reads)
{
    range_bench_init(MISS_ALWAYS);
    keys = 3;
    struct range_wanted wanted = {0, keys, false, true, 10, 1 << 20};
    struct prng prng;
    struct range_world keys_of = all();
    prng_init(&prng, 1);
    range_bench_ask(&keys_of, &wanted);
    memory_store_crash(range_bench.memory, &prng);
    range_bench_deinit();
}
END_TEST

TEST_MAIN("range", every_small_range_is_told_exactly_from_memory,
          every_small_range_is_told_exactly_from_disk,
          promises_of_many_pages_are_walked_beside_few_items, long_pages_are_cut_at_every_place,
          only_the_merging_form_takes_a_snapshot, a_page_is_of_one_time,
          what_cannot_be_read_is_never_left_out, a_replica_may_go_while_its_disk_reads)
