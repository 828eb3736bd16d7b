/* Random pages of random replicas, merged, against a merge that looks at one key at a time. */
#include "range_merge.h"

#include <string.h>

#include "coordinator.h"
#include "item.h"
#include "prng.h"
#include "row.h"
#include "test_main.h"

enum { KEYS = 12, REPLICAS = 4 };

/* What one replica holds and how much of it its page tells. */
struct replica {
    unsigned ballot[KEYS]; /* 0: nothing */
    bool present;
    unsigned covered; /* keys examined, in the order of the walk; KEYS: all */
};

struct world {
    struct replica replica[REPLICAS];
    struct range_page pages[REPLICAS];
    struct writer rows[REPLICAS];
    uint8_t covered[REPLICAS];
    bool reverse;
};

static bool is_tombstone(unsigned key, unsigned ballot)
{
    return (key + ballot) % 3 == 0;
}

static void put_value(struct writer *writer, unsigned key, unsigned ballot)
{
    uint8_t text[2] = {(uint8_t)('a' + key), (uint8_t)('0' + ballot)};
    writer_put_varint(writer, 1);
    writer_put_sized(writer, SLICE_LITERAL("v"));
    writer_put_u8(writer, VALUE_STRING);
    writer_put_sized(writer, slice_of(text, sizeof(text)));
}

static void put_row(struct writer *rows, unsigned key, unsigned ballot)
{
    struct writer value, encoded;
    uint8_t name = (uint8_t)('a' + key);
    writer_init(&value, 0);
    writer_init(&encoded, 0);
    struct row row = {.ballot = {ballot, 1 << 16}, .origin = {ballot, 1 << 16}};
    row.tombstone = is_tombstone(key, ballot);
    if (!row.tombstone) {
        put_value(&value, key, ballot);
        row.value = writer_slice(&value);
    }
    row_encode(&encoded, &row);
    writer_put_sized(rows, slice_of(&name, 1));
    writer_put_sized(rows, writer_slice(&encoded));
    writer_deinit(&value);
    writer_deinit(&encoded);
}

static unsigned key_at(const struct world *world, unsigned place)
{
    return world->reverse ? KEYS - 1 - place : place;
}

static void page_make(struct world *world, size_t index)
{
    struct replica *replica = &world->replica[index];
    struct range_page *page = &world->pages[index];
    writer_init(&world->rows[index], 0);
    for (unsigned place = 0; place < replica->covered; place++) {
        unsigned key = key_at(world, place);
        if (replica->ballot[key] > 0)
            put_row(&world->rows[index], key, replica->ballot[key]);
    }
    *page = (struct range_page){.present = replica->present,
                                .rows = writer_slice(&world->rows[index]),
                                .more = replica->covered < KEYS};
    if (page->more) {
        world->covered[index] = (uint8_t)('a' + key_at(world, replica->covered - 1));
        page->covered = slice_of(&world->covered[index], 1);
    }
}

static void world_draw(struct world *world, struct prng *prng)
{
    memset(world, 0, sizeof(*world));
    world->reverse = prng_chance(prng, 500000);
    for (size_t i = 0; i < REPLICAS; i++) {
        struct replica *replica = &world->replica[i];
        replica->present = prng_chance(prng, 800000);
        replica->covered = prng_chance(prng, 500000) ? KEYS : 1 + (unsigned)prng_below(prng, KEYS);
        for (unsigned key = 0; key < KEYS; key++)
            replica->ballot[key] = (unsigned)prng_below(prng, 5);
        page_make(world, i);
    }
}

static void world_free(struct world *world)
{
    for (size_t i = 0; i < REPLICAS; i++)
        writer_deinit(&world->rows[i]);
}

/* The naive merge's result. */
struct expected {
    struct writer rows;
    uint32_t count;
    unsigned examined; /* keys, in the order of the walk */
    bool lacking[REPLICAS][KEYS];
    size_t lacking_count;
};

static unsigned common_cover(const struct world *world)
{
    unsigned least = KEYS;
    for (size_t i = 0; i < REPLICAS; i++) {
        if (world->replica[i].present && world->replica[i].covered < least)
            least = world->replica[i].covered;
    }
    return least;
}

static unsigned newest_of(const struct world *world, unsigned key)
{
    unsigned newest = 0;
    for (size_t i = 0; i < REPLICAS; i++) {
        if (world->replica[i].present && world->replica[i].ballot[key] > newest)
            newest = world->replica[i].ballot[key];
    }
    return newest;
}

static void expect_key(const struct world *world, struct expected *expected, unsigned key)
{
    uint8_t name = (uint8_t)('a' + key);
    unsigned newest = newest_of(world, key);
    for (size_t i = 0; i < REPLICAS && newest > 0; i++) {
        bool lacks = world->replica[i].present && world->replica[i].ballot[key] < newest;
        expected->lacking[i][key] = lacks;
        expected->lacking_count += lacks;
    }
    if (newest == 0 || is_tombstone(key, newest))
        return;
    struct writer value;
    writer_init(&value, 0);
    put_value(&value, key, newest);
    writer_put_sized(&expected->rows, slice_of(&name, 1));
    writer_put_sized(&expected->rows, writer_slice(&value));
    writer_deinit(&value);
    expected->count++;
}

static void expect(const struct world *world, struct expected *expected, uint32_t rows_max)
{
    unsigned cover = common_cover(world);
    memset(expected, 0, sizeof(*expected));
    writer_init(&expected->rows, 0);
    while (expected->examined < cover && expected->count < rows_max)
        expect_key(world, expected, key_at(world, expected->examined++));
}

static bool more_behind(const struct world *world, unsigned examined)
{
    if (common_cover(world) < KEYS)
        return true;
    for (unsigned place = examined; place < KEYS; place++) {
        if (newest_of(world, key_at(world, place)) > 0)
            return true;
    }
    return false;
}

static void compare(const struct world *world, const struct range_merge *merge,
                    const struct expected *expected, uint32_t rows_max)
{
    ck_assert_uint_eq(merge->count, expected->count);
    ck_assert(slice_equal(writer_slice(&merge->rows), writer_slice(&expected->rows)));
    ck_assert_int_eq(merge->more, more_behind(world, expected->examined));
    ck_assert_uint_eq(merge->lacking_count, expected->lacking_count);
    for (size_t i = 0; i < merge->lacking_count; i++) {
        const struct range_lacking *lacking = &merge->lacking[i];
        unsigned key = lacking->key.data[0] - (unsigned)'a';
        ck_assert(expected->lacking[lacking->page][key]);
        ck_assert_uint_eq(row_ballot(lacking->row).hlc, newest_of(world, key));
    }
    if (merge->more && expected->examined > 0) {
        bool full = expected->count >= rows_max;
        ck_assert_uint_eq(merge->covered.size, 1);
        unsigned place = full ? expected->examined : common_cover(world);
        ck_assert_uint_eq(merge->covered.buffer->data[0], 'a' + key_at(world, place - 1));
    }
}

START_TEST(merges_agree_with_a_naive_one)
{
    struct prng prng;
    prng_init(&prng, 1);
    for (int round = 0; round < 10000; round++) {
        struct world world;
        struct expected expected;
        struct range_merge merge;
        world_draw(&world, &prng);
        uint32_t rows_max = 1 + (uint32_t)prng_below(&prng, KEYS + 2);
        expect(&world, &expected, rows_max);
        range_merge_init(&merge);
        ck_assert(range_merge_run(&merge, world.pages, REPLICAS, world.reverse, rows_max, 1 << 20));
        compare(&world, &merge, &expected, rows_max);
        range_merge_deinit(&merge);
        writer_deinit(&expected.rows);
        world_free(&world);
    }
}
END_TEST

START_TEST(bytes_stop_a_page_as_well)
{
    struct range_merge merge;
    struct range_page page = {.present = true};
    struct writer rows;
    writer_init(&rows, 0);
    for (unsigned key = 0; key < KEYS; key++)
        put_row(&rows, key, key % 3 == 0 ? 1 : 3);
    page.rows = writer_slice(&rows);
    range_merge_init(&merge);
    ck_assert(range_merge_run(&merge, &page, 1, false, 1000, 20));
    ck_assert_uint_ge(merge.rows.size, 20);
    ck_assert_uint_lt(merge.rows.size, 40);
    ck_assert(merge.more);
    range_merge_deinit(&merge);
    writer_deinit(&rows);
}
END_TEST

START_TEST(a_page_cut_or_changed_is_refused_or_harmless)
{
    struct writer rows;
    struct prng prng;
    prng_init(&prng, 2);
    writer_init(&rows, 0);
    for (unsigned key = 0; key < KEYS; key++)
        put_row(&rows, key, 4);
    size_t whole = rows.size;
    for (size_t round = 0; round < 5000; round++) {
        struct range_merge merge;
        struct range_page page = {.present = true, .rows = slice_of(rows.buffer->data, whole)};
        size_t at = (size_t)prng_below(&prng, whole);
        uint8_t was = rows.buffer->data[at];
        rows.buffer->data[at] ^= (uint8_t)(1 << prng_below(&prng, 8));
        page.rows.size = round % 2 == 0 ? whole : at;
        range_merge_init(&merge);
        (void)!range_merge_run(&merge, &page, 1, false, 1000, 1 << 20);
        range_merge_deinit(&merge);
        rows.buffer->data[at] = was;
    }
    writer_deinit(&rows);
}
END_TEST

TEST_MAIN("range_merge", merges_agree_with_a_naive_one, bytes_stop_a_page_as_well,
          a_page_cut_or_changed_is_refused_or_harmless)
