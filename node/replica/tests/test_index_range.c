/* Pages of a range of a local index: every small set of items and accepted rows, in both directions,
 * cut at every place. */
#include "index_entries.h"

#include <stdlib.h>

#include "prng.h"
#include "range_bench.h"
#include "test_main.h"

enum { ITEMS_MAX = 150, VALUES = 3, NONE = -1, MISS_OFTEN = 500000, PARTITIONS = 8, INDEX = 0 };

static const uint64_t table_id = TABLE_ID_INDEXED | 7;
static const char *const attribute_values[VALUES] = {"a", "a\x01", "b"};

/* What is held of one item: ballots, 0 for none; numbers of the attribute's value. */
struct held {
    unsigned item;
    int item_value; /* NONE: the item has no such attribute */
    bool item_tombstone;
    unsigned accepted;
    int accepted_value;
    bool accepted_tombstone;
};

static const struct held states[] = {
    {.item = 0},
    {.item = 3, .item_value = 0},
    {.item = 3, .item_value = 2},
    {.item = 3, .item_value = NONE},
    {.item = 3, .item_tombstone = true},
    {.accepted = 5, .accepted_value = 1},
    {.item = 3, .item_value = 1, .accepted = 5, .accepted_value = 1},
    {.item = 3, .item_value = 1, .accepted = 5, .accepted_value = 0},
    {.item = 3, .item_value = 1, .accepted = 5, .accepted_value = NONE},
    {.item = 3, .item_value = 0, .accepted = 5, .accepted_tombstone = true},
    {.item = 7, .item_value = 0, .accepted = 5, .accepted_value = 2},
    {.item = 3, .item_tombstone = true, .accepted = 5, .accepted_value = 0}};
enum { STATES = array_size(states) };

static struct held world[ITEMS_MAX];
static bool noted; /* the replica knows where something is accepted */
static unsigned items;
static const struct table_schema schema = {
    .replicas = 1, .local_count = 1, .local = {{SLICE_CONSTANT("x"), VALUE_STRING}}};

static struct item_key key_of(unsigned number)
{
    static uint8_t sort_keys[ITEMS_MAX];
    sort_keys[number] = (uint8_t)number;
    return item_key_of(table_id, SLICE_LITERAL("c"), slice_of(&sort_keys[number], 1), PARTITIONS);
}

/* An item whose bytes tell it from the others. */
static void put_item(struct writer *writer, unsigned number, int value)
{
    writer_put_varint(writer, value == NONE ? 1 : 2);
    writer_put_sized(writer, SLICE_LITERAL("n"));
    writer_put_u8(writer, VALUE_STRING);
    writer_put_sized(writer, slice_of(&"abcdefghijklmnop"[number % 8], 1 + number % 5));
    if (value == NONE)
        return;
    writer_put_sized(writer, SLICE_LITERAL("x"));
    writer_put_u8(writer, VALUE_STRING);
    writer_put_sized(writer, slice_of_string(attribute_values[value]));
}

static void put_row(struct writer *writer, unsigned number, unsigned ballot, int value,
                    bool tombstone)
{
    struct writer item;
    writer_init(&item, 0);
    put_item(&item, number, value);
    struct row row = row_plain((struct version){ballot, 1 << 16}, tombstone, writer_slice(&item));
    row_encode(writer, &row);
    writer_deinit(&item);
}

static void forget_entries(struct store_batch *batch, unsigned number)
{
    struct item_key key = key_of(number);
    struct writer entry;
    writer_init(&entry, 0);
    for (int value = 0; value < VALUES; value++) {
        writer_reset(&entry);
        index_key_encode(&entry, INDEX, &key, slice_of_string(attribute_values[value]));
        store_batch_delete(batch, STORE_INDEX, writer_slice(&entry));
    }
    writer_deinit(&entry);
}

static void store_held(struct store_batch *batch, unsigned number, const struct held *held)
{
    struct item_key key = key_of(number);
    struct writer encoded, row, item, promise;
    writer_init(&encoded, 0);
    writer_init(&row, 0);
    writer_init(&item, 0);
    writer_init(&promise, 0);
    item_key_encode(&encoded, &key);
    forget_entries(batch, number);
    store_batch_delete(batch, STORE_ITEMS, writer_slice(&encoded));
    store_batch_delete(batch, STORE_PROMISES, writer_slice(&encoded));
    if (held->item > 0) {
        put_row(&row, number, held->item, held->item_value, held->item_tombstone);
        store_batch_put(batch, STORE_ITEMS, writer_slice(&encoded), writer_slice(&row));
        put_item(&item, number, held->item_value);
        if (!held->item_tombstone)
            index_entries_change(batch, &schema, &key, SLICE_EMPTY, writer_slice(&item));
    }
    if (held->accepted > 0) {
        struct row accepted;
        writer_reset(&row);
        put_row(&row, number, held->accepted, held->accepted_value, held->accepted_tombstone);
        ck_assert(row_decode(writer_slice(&row), &accepted));
        promise_encode(&promise, (struct version){9, 1 << 16}, &accepted);
        store_batch_put(batch, STORE_PROMISES, writer_slice(&encoded), writer_slice(&promise));
    }
    writer_deinit(&encoded);
    writer_deinit(&row);
    writer_deinit(&item);
    writer_deinit(&promise);
}

static void note_accepted(void)
{
    struct undecided *undecided = &range_bench.replica.undecided;
    struct writer key;
    writer_init(&key, 0);
    undecided->loaded = noted;
    for (unsigned i = 0; i < items; i++) {
        struct item_key item = key_of(i);
        writer_reset(&key);
        item_key_encode(&key, &item);
        if (world[i].accepted > 0)
            undecided_add(undecided, writer_slice(&key), true, 1);
        else
            undecided_remove(undecided, writer_slice(&key));
    }
    writer_deinit(&key);
}

static void world_store(void)
{
    struct store_commit commit;
    store_commit_init(&commit, (store_done)abort);
    for (unsigned i = 0; i < items; i++)
        store_held(&commit.batch, i, &world[i]);
    range_bench_commit(&commit);
    note_accepted();
}

static bool stands_at(unsigned ballot, bool tombstone, int at, int value)
{
    return ballot > 0 && !tombstone && at == value;
}

/* Appends what a page must tell of the entry of item `number` at `value`; true if it tells it. */
static bool expect_entry(struct writer *page, unsigned number, int value, bool rows)
{
    const struct held *held = &world[number];
    bool applied = stands_at(held->item, held->item_tombstone, held->item_value, value);
    bool accepted =
        stands_at(held->accepted, held->accepted_tombstone, held->accepted_value, value);
    struct item_key key = key_of(number);
    struct writer bytes;
    if (!applied && !(rows && accepted))
        return false;
    writer_init(&bytes, 0);
    index_key_encode(&bytes, INDEX, &key, slice_of_string(attribute_values[value]));
    writer_put_sized(page, writer_slice(&bytes));
    writer_reset(&bytes);
    if (!rows)
        put_item(&bytes, number, held->item_value);
    else if (held->accepted > held->item)
        put_row(&bytes, number, held->accepted, held->accepted_value, held->accepted_tombstone);
    else
        put_row(&bytes, number, held->item, held->item_value, held->item_tombstone);
    if (rows)
        writer_put_u8(page, held->accepted <= held->item);
    writer_put_sized(page, writer_slice(&bytes));
    writer_deinit(&bytes);
    return true;
}

/* Places are numbered by value, then by item. */
static void put_key(struct writer *writer, unsigned place)
{
    struct item_key key = key_of(place % items);
    const char *value = place < VALUES * items ? attribute_values[place / items] : "z";
    index_key_encode(writer, INDEX, &key, slice_of_string(value));
}

static bool expect(struct writer *page, unsigned place, bool rows)
{
    return expect_entry(page, place % items, (int)(place / items), rows);
}

/* Accepted rows without an entry among those places. */
static void expect_beside(struct writer *beside, unsigned first, unsigned behind)
{
    for (unsigned i = 0; i < items; i++) {
        const struct held *held = &world[i];
        bool stands = !held->accepted_tombstone && held->accepted_value != NONE;
        unsigned place = stands ? (unsigned)held->accepted_value * items + i : 0;
        if (held->accepted == 0 || (stands && place >= first && place < behind))
            continue;
        struct item_key key = key_of(i);
        struct writer bytes;
        writer_init(&bytes, 0);
        item_key_encode(&bytes, &key);
        writer_put_sized(beside, writer_slice(&bytes));
        writer_reset(&bytes);
        put_row(&bytes, i, held->accepted, held->accepted_value, held->accepted_tombstone);
        writer_put_u8(beside, false);
        writer_put_sized(beside, writer_slice(&bytes));
        writer_deinit(&bytes);
    }
}

static struct range_world all(void)
{
    return (struct range_world){.places = VALUES * items,
                                .index = true,
                                .put_key = put_key,
                                .expect = expect,
                                .expect_beside = expect_beside};
}

static void check_forms(uint32_t rows_max, uint32_t bytes_max)
{
    struct range_world entries = all();
    range_bench_check_forms(&entries, rows_max, bytes_max);
}

static void start(uint32_t miss_per_million)
{
    range_bench_init(miss_per_million);
    replica_set_table(&range_bench.replica, table_id, &schema);
}

static void check_all_worlds(uint32_t miss_per_million)
{
    unsigned worlds = 1;
    start(miss_per_million);
    for (items = 0; items < 3; items++)
        worlds *= STATES;
    for (unsigned number = 0; number < worlds; number++) {
        for (unsigned item = 0, left = number; item < items; item++, left /= STATES)
            world[item] = states[left % STATES];
        world_store();
        for (uint32_t rows_max = 1; rows_max <= items; rows_max++)
            check_forms(rows_max, 1 << 20);
        check_forms(100, 1);
        check_forms(100, 90);
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

START_TEST(what_is_accepted_is_found_by_its_notes)
{
    noted = true;
    check_all_worlds(0);
    check_all_worlds(MISS_OFTEN);
}
END_TEST

START_TEST(long_ranges_are_cut_anywhere)
{
    struct prng prng;
    prng_init(&prng, 3);
    start(MISS_OFTEN);
    noted = true;
    for (items = 50; items <= ITEMS_MAX; items += 50) {
        for (unsigned i = 0; i < items; i++)
            world[i] = states[prng_below(&prng, STATES)];
        world_store();
        for (uint32_t rows_max = 1; rows_max <= 200; rows_max += 9)
            check_forms(rows_max, 1 << 20);
        for (uint32_t bytes_max = 1; bytes_max <= 3000; bytes_max += 371)
            check_forms(1000, bytes_max);
    }
    range_bench_deinit();
}
END_TEST

/* Rows move while a page is being read: it is of the time at which it was begun. */
START_TEST(a_page_is_of_one_time)
{
    for (int round = 0; round < 12; round++) {
        start(1000000);
        items = STATES;
        for (unsigned i = 0; i < items; i++)
            world[i] = states[i];
        world_store();
        struct held before[STATES];
        for (unsigned i = 0; i < items; i++)
            before[i] = world[i];
        struct range_world entries = all();
        struct range_wanted wanted = {0, VALUES * items, round % 2 == 1, true, 100, 1 << 20};
        range_bench_ask(&entries, &wanted);
        for (int reads = 0; reads < round; reads++) {
            struct store_op *op = memory_store_finish_read(range_bench.memory);
            if (op != NULL)
                op->done(op);
        }
        for (unsigned i = 0; i < items; i++)
            world[i] = states[(i + 5) % STATES];
        world_store();
        for (unsigned i = 0; i < items; i++)
            world[i] = before[i];
        range_bench_finish_reads();
        ck_assert(!range_bench_check_page(&entries, &wanted));
        range_bench_deinit();
    }
}
END_TEST

START_TEST(a_table_must_be_known)
{
    range_bench_init(0);
    items = 1;
    struct range_world entries = all();
    struct range_wanted wanted = {0, VALUES * items, false, true, 10, 1 << 20};
    range_bench_check_refused(&entries, &wanted, VERDICT_REFUSED_SCHEMA);
    replica_set_table(&range_bench.replica, table_id, &(struct table_schema){.replicas = 3});
    range_bench_check_refused(&entries, &wanted, VERDICT_REFUSED_SCHEMA);
    wanted.rows_max = 0;
    range_bench_check_refused(&entries, &wanted, VERDICT_FAILED);
    range_bench_deinit();
}
END_TEST

TEST_MAIN("index_range", every_small_range_is_told_exactly_from_memory,
          every_small_range_is_told_exactly_from_disk, what_is_accepted_is_found_by_its_notes,
          long_ranges_are_cut_anywhere, a_page_is_of_one_time, a_table_must_be_known)
