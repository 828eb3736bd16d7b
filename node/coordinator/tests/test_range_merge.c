/* Pages of replicas, all small ones and random larger ones, merged, against a merge that looks at one
 * key at a time. */
#include "range_merge.h"

#include <string.h>

#include "coordinator.h"
#include "item.h"
#include "prng.h"
#include "row.h"
#include "test_main.h"

enum { KEYS_MAX = 12, REPLICAS = 4, BALLOTS = 5, SETTLED_ABSENT = BALLOTS, SETTLED_KINDS };

/* What one replica holds and how much of it its page tells. */
struct fake_replica {
    unsigned ballot[KEYS_MAX]; /* 0: nothing */
    bool applied[KEYS_MAX];
    bool present;
    unsigned covered; /* keys examined, in the order of the walk; world.keys: all */
};

struct world {
    unsigned keys;
    size_t replicas;
    struct fake_replica replica[REPLICAS];
    unsigned settled[KEYS_MAX]; /* ballot; 0: not settled; SETTLED_ABSENT */
    bool reverse;
    struct range_page pages[REPLICAS];
    struct writer rows[REPLICAS];
    uint8_t covered[REPLICAS];
    struct range_settled settled_rows[KEYS_MAX];
    size_t settled_count;
    struct writer settled_row[KEYS_MAX];
};

static const uint8_t names[] = "abcdefghijkl";

static bool is_tombstone(unsigned key, unsigned ballot)
{
    return ballot == 0 || ballot == SETTLED_ABSENT || (key + ballot) % 3 == 0;
}

static void put_value(struct writer *writer, unsigned key, unsigned ballot)
{
    uint8_t text[2] = {names[key], (uint8_t)('0' + ballot)};
    writer_put_varint(writer, 1);
    writer_put_sized(writer, SLICE_LITERAL("v"));
    writer_put_u8(writer, VALUE_STRING);
    writer_put_sized(writer, slice_of(text, sizeof(text)));
}

static void put_row(struct writer *rows, unsigned key, unsigned ballot)
{
    struct writer value;
    writer_init(&value, 0);
    put_value(&value, key, ballot);
    struct row row = row_plain((struct version){ballot, 1 << 16}, is_tombstone(key, ballot),
                               writer_slice(&value));
    row_encode(rows, &row);
    writer_deinit(&value);
}

static void put_page_row(struct writer *rows, unsigned key, unsigned ballot, bool applied)
{
    struct writer encoded;
    writer_init(&encoded, 0);
    put_row(&encoded, key, ballot);
    writer_put_sized(rows, slice_of(&names[key], 1));
    writer_put_u8(rows, applied);
    writer_put_sized(rows, writer_slice(&encoded));
    writer_deinit(&encoded);
}

static unsigned key_at(const struct world *world, unsigned place)
{
    return world->reverse ? world->keys - 1 - place : place;
}

static void page_make(struct world *world, size_t index)
{
    struct fake_replica *replica = &world->replica[index];
    struct range_page *page = &world->pages[index];
    writer_init(&world->rows[index], 0);
    for (unsigned place = 0; place < replica->covered; place++) {
        unsigned key = key_at(world, place);
        if (replica->ballot[key] > 0)
            put_page_row(&world->rows[index], key, replica->ballot[key], replica->applied[key]);
    }
    *page = (struct range_page){.present = replica->present,
                                .rows = writer_slice(&world->rows[index]),
                                .more = replica->covered < world->keys};
    if (page->more) {
        world->covered[index] = names[key_at(world, replica->covered - 1)];
        page->covered = slice_of(&world->covered[index], 1);
    }
}

static void settled_make(struct world *world)
{
    world->settled_count = 0;
    for (unsigned place = 0; place < world->keys; place++) {
        unsigned key = key_at(world, place);
        struct writer *row = &world->settled_row[key];
        writer_init(row, 0);
        if (world->settled[key] == 0)
            continue;
        if (world->settled[key] != SETTLED_ABSENT)
            put_row(row, key, world->settled[key]);
        world->settled_rows[world->settled_count++] =
            (struct range_settled){slice_of(&names[key], 1), writer_slice(row)};
    }
}

static void world_make(struct world *world)
{
    for (size_t i = 0; i < world->replicas; i++)
        page_make(world, i);
    settled_make(world);
}

static void world_draw(struct world *world, struct prng *prng)
{
    memset(world, 0, sizeof(*world));
    world->keys = KEYS_MAX;
    world->replicas = REPLICAS;
    world->reverse = prng_chance(prng, 500000);
    for (size_t i = 0; i < REPLICAS; i++) {
        struct fake_replica *replica = &world->replica[i];
        replica->present = prng_chance(prng, 800000);
        replica->covered =
            prng_chance(prng, 500000) ? KEYS_MAX : 1 + (unsigned)prng_below(prng, KEYS_MAX);
        for (unsigned key = 0; key < KEYS_MAX; key++) {
            replica->ballot[key] = (unsigned)prng_below(prng, BALLOTS);
            replica->applied[key] = prng_chance(prng, 700000);
        }
    }
    for (unsigned key = 0; key < KEYS_MAX; key++) {
        bool settled = prng_chance(prng, 200000);
        world->settled[key] = settled ? (unsigned)prng_below(prng, SETTLED_KINDS) : 0;
    }
    world_make(world);
}

static void world_free(struct world *world)
{
    for (size_t i = 0; i < world->replicas; i++)
        writer_deinit(&world->rows[i]);
    for (unsigned key = 0; key < world->keys; key++)
        writer_deinit(&world->settled_row[key]);
}

/* The naive merge's result. */
struct expected {
    struct writer rows;
    uint32_t count;
    unsigned examined; /* keys, in the order of the walk */
    bool lacking[REPLICAS][KEYS_MAX];
    size_t lacking_count;
};

static unsigned common_cover(const struct world *world)
{
    unsigned least = world->keys;
    for (size_t i = 0; i < world->replicas; i++) {
        if (world->replica[i].present && world->replica[i].covered < least)
            least = world->replica[i].covered;
    }
    return least;
}

static unsigned newest_of(const struct world *world, unsigned key)
{
    unsigned newest = 0;
    for (size_t i = 0; i < world->replicas; i++) {
        if (world->replica[i].present && world->replica[i].ballot[key] > newest)
            newest = world->replica[i].ballot[key];
    }
    return newest;
}

/* Who tells the newest row, and whether one of them applied it. */
static uint32_t holders_of(const struct world *world, unsigned key, bool *applied)
{
    uint32_t holders = 0;
    *applied = false;
    for (size_t i = 0; i < world->replicas; i++) {
        const struct fake_replica *replica = &world->replica[i];
        bool holds = replica->present && replica->ballot[key] == newest_of(world, key);
        holders |= holds ? 1u << i : 0;
        *applied |= holds && replica->applied[key];
    }
    return holders;
}

static void expect_lacking(const struct world *world, struct expected *expected, unsigned key)
{
    for (size_t i = 0; i < world->replicas; i++) {
        bool lacks =
            world->replica[i].present && world->replica[i].ballot[key] < newest_of(world, key);
        expected->lacking[i][key] = lacks;
        expected->lacking_count += lacks;
    }
}

static void expect_key(const struct world *world, struct expected *expected, unsigned key)
{
    unsigned newest = newest_of(world, key);
    if (newest == 0)
        return;
    unsigned shown = world->settled[key] != 0 ? world->settled[key] : newest;
    if (world->settled[key] == 0)
        expect_lacking(world, expected, key);
    if (is_tombstone(key, shown))
        return;
    struct writer value;
    writer_init(&value, 0);
    put_value(&value, key, shown);
    writer_put_sized(&expected->rows, slice_of(&names[key], 1));
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
    if (common_cover(world) < world->keys)
        return true;
    for (unsigned place = examined; place < world->keys; place++) {
        if (newest_of(world, key_at(world, place)) > 0)
            return true;
    }
    return false;
}

static bool lacking_right(const struct world *world, const struct range_lacking *lacking,
                          const struct expected *expected)
{
    unsigned key = lacking->key.data[0] - (unsigned)'a';
    bool applied;
    return expected->lacking[lacking->page][key] &&
           row_ballot(lacking->row).hlc == newest_of(world, key) &&
           lacking->holders == holders_of(world, key, &applied) && lacking->applied == applied;
}

static bool in_order(const struct world *world, const struct range_lacking *lacking)
{
    int order = slice_compare(lacking[0].key, lacking[1].key);
    return order == 0 ? lacking[0].page < lacking[1].page : (order < 0) != world->reverse;
}

static bool all_lacking_right(const struct world *world, const struct range_merge *merge,
                              const struct expected *expected)
{
    bool right = merge->lacking_count == expected->lacking_count;
    for (size_t i = 0; right && i < merge->lacking_count; i++)
        right = lacking_right(world, &merge->lacking[i], expected) &&
                (i == 0 || in_order(world, &merge->lacking[i - 1]));
    return right;
}

static bool end_right(const struct world *world, const struct range_merge *merge,
                      const struct expected *expected, uint32_t rows_max)
{
    if (merge->more != more_behind(world, expected->examined))
        return false;
    if (!merge->more || expected->examined == 0)
        return true;
    bool full = expected->count >= rows_max;
    unsigned place = full ? expected->examined : common_cover(world);
    return slice_equal(writer_slice(&merge->covered),
                       slice_of(&names[key_at(world, place - 1)], 1));
}

/* Check writes down every assertion it passes: too much for so many merges. */
static void compare(const struct world *world, const struct range_merge *merge,
                    const struct expected *expected, uint32_t rows_max)
{
    bool rows_right = merge->count == expected->count &&
                      slice_equal(writer_slice(&merge->rows), writer_slice(&expected->rows));
    if (!rows_right || !all_lacking_right(world, merge, expected) ||
        !end_right(world, merge, expected, rows_max))
        ck_abort_msg("rows right: %d, lacking right: %d, end right: %d", rows_right,
                     all_lacking_right(world, merge, expected),
                     end_right(world, merge, expected, rows_max));
}

static struct range_sources sources_of(const struct world *world, uint32_t rows_max)
{
    return (struct range_sources){.pages = world->pages,
                                  .pages_count = world->replicas,
                                  .settled = world->settled_rows,
                                  .settled_count = world->settled_count,
                                  .reverse = world->reverse,
                                  .rows_max = rows_max,
                                  .bytes_max = 1 << 20};
}

static void check_world(const struct world *world, uint32_t rows_max)
{
    struct expected expected;
    struct range_merge merge;
    struct range_sources sources = sources_of(world, rows_max);
    expect(world, &expected, rows_max);
    range_merge_init(&merge);
    if (!range_merge_run(&merge, &sources))
        ck_abort_msg("a good page was refused");
    compare(world, &merge, &expected, rows_max);
    range_merge_deinit(&merge);
    writer_deinit(&expected.rows);
}

START_TEST(merges_agree_with_a_naive_one)
{
    struct prng prng;
    prng_init(&prng, 1);
    for (int round = 0; round < 10000; round++) {
        struct world world;
        world_draw(&world, &prng);
        check_world(&world, 1 + (uint32_t)prng_below(&prng, KEYS_MAX + 2));
        world_free(&world);
    }
}
END_TEST

/* What a replica holds of a key: nothing, ballot 1 (of "a" live, of "c" a tombstone), or ballot 2
 * (the other way round), applied or only accepted. */
enum { SMALL_KEYS = 2, SMALL_REPLICAS = 3, SMALL_STATES = 4, SMALL_SETTLED = 3 };

static void small_world(struct world *world, unsigned number)
{
    *world = (struct world){.keys = SMALL_KEYS, .replicas = SMALL_REPLICAS};
    for (size_t i = 0; i < SMALL_REPLICAS; i++) {
        struct fake_replica *replica = &world->replica[i];
        replica->present = true;
        replica->covered = SMALL_KEYS;
        for (unsigned key = 0; key < SMALL_KEYS; key++, number /= SMALL_STATES) {
            unsigned state = number % SMALL_STATES;
            replica->ballot[key] = state == 3 ? 2 : state;
            replica->applied[key] = state != 3;
        }
    }
}

/* In both directions, with the second replica's page cut after its first key, and with every key
 * settled or not. */
static void small_variants(struct world *world)
{
    static const unsigned settled[SMALL_SETTLED] = {0, SETTLED_ABSENT, 4};
    for (unsigned variant = 0; variant < 2 * 2 * SMALL_SETTLED * SMALL_SETTLED; variant++) {
        unsigned left = variant;
        world->reverse = left % 2 == 1;
        world->replica[1].covered = left / 2 % 2 == 1 ? 1 : SMALL_KEYS;
        world->settled[0] = settled[left / 4 % SMALL_SETTLED];
        world->settled[1] = settled[left / 4 / SMALL_SETTLED];
        world_make(world);
        check_world(world, 1);
        check_world(world, SMALL_KEYS);
        world_free(world);
    }
}

START_TEST(every_small_merge_agrees_with_a_naive_one)
{
    unsigned worlds = 1;
    for (int i = 0; i < SMALL_KEYS * SMALL_REPLICAS; i++)
        worlds *= SMALL_STATES;
    for (unsigned number = 0; number < worlds; number++) {
        unsigned first = number % (SMALL_STATES * SMALL_STATES);
        unsigned last = number / (worlds / (SMALL_STATES * SMALL_STATES));
        struct world world;
        small_world(&world, number);
        if (first <= last) /* the first and the last replica are alike */
            small_variants(&world);
    }
}
END_TEST

/* A row settled to something newer counts, though no page tells it; one that is gone is not shown. */
START_TEST(what_was_settled_wins_over_all_pages)
{
    struct world world = {.keys = 3, .replicas = 2};
    for (size_t i = 0; i < world.replicas; i++)
        world.replica[i] = (struct fake_replica){.present = true, .covered = 3};
    memcpy(world.replica[0].ballot, (unsigned[3]){1, 1, 3}, sizeof(unsigned[3]));
    memcpy(world.replica[1].ballot, (unsigned[3]){3, 3, 3}, sizeof(unsigned[3]));
    memcpy(world.settled, (unsigned[3]){4, SETTLED_ABSENT, 0}, sizeof(unsigned[3]));
    world_make(&world);
    struct range_sources sources = sources_of(&world, 10);
    struct range_merge merge;
    range_merge_init(&merge);
    ck_assert(range_merge_run(&merge, &sources));
    ck_assert_uint_eq(merge.count, 2);
    ck_assert_uint_eq(merge.lacking_count, 0);
    range_merge_deinit(&merge);
    world.settled_rows[0].row.size--;
    range_merge_init(&merge);
    ck_assert_msg(!range_merge_run(&merge, &sources), "a settled row cut short");
    range_merge_deinit(&merge);
    world_free(&world);
}
END_TEST

static struct range_sources sources_of_page(const struct range_page *page, size_t bytes_max)
{
    return (struct range_sources){
        .pages = page, .pages_count = 1, .rows_max = 1000, .bytes_max = bytes_max};
}

START_TEST(bytes_stop_a_page_as_well)
{
    struct range_merge merge;
    struct range_page page = {.present = true};
    struct writer rows;
    writer_init(&rows, 0);
    for (unsigned key = 0; key < KEYS_MAX; key++)
        put_page_row(&rows, key, key % 3 == 0 ? 1 : 3, true);
    page.rows = writer_slice(&rows);
    struct range_sources sources = sources_of_page(&page, 20);
    range_merge_init(&merge);
    ck_assert(range_merge_run(&merge, &sources));
    ck_assert_uint_ge(merge.rows.size, 20);
    ck_assert_uint_lt(merge.rows.size, 40);
    ck_assert(merge.more);
    range_merge_deinit(&merge);
    writer_deinit(&rows);
}
END_TEST

static bool merges(const struct writer *rows, bool reverse)
{
    struct range_merge merge;
    struct range_page page = {.present = true, .rows = writer_slice(rows)};
    struct range_sources sources = sources_of_page(&page, 1 << 20);
    sources.reverse = reverse;
    range_merge_init(&merge);
    bool good = range_merge_run(&merge, &sources);
    range_merge_deinit(&merge);
    return good;
}

START_TEST(a_page_out_of_order_is_refused)
{
    static const unsigned orders[][3] = {{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {0, 0, 1}, {1, 0, 2}};
    for (size_t i = 0; i < array_size(orders); i++) {
        struct writer rows;
        writer_init(&rows, 0);
        for (size_t k = 0; k < 3; k++)
            put_page_row(&rows, orders[i][k], 4, true);
        ck_assert_int_eq(merges(&rows, false), i == 0);
        ck_assert_int_eq(merges(&rows, true), i == 1);
        writer_deinit(&rows);
    }
}
END_TEST

START_TEST(a_page_cut_or_changed_is_refused_or_harmless)
{
    struct writer rows;
    struct prng prng;
    prng_init(&prng, 2);
    writer_init(&rows, 0);
    for (unsigned key = 0; key < KEYS_MAX; key++)
        put_page_row(&rows, key, 4, key % 2 == 0);
    size_t whole = rows.size;
    for (size_t round = 0; round < 5000; round++) {
        struct range_merge merge;
        struct range_page page = {.present = true, .rows = slice_of(rows.buffer->data, whole)};
        size_t at = (size_t)prng_below(&prng, whole);
        uint8_t was = rows.buffer->data[at];
        rows.buffer->data[at] ^= (uint8_t)(1 << prng_below(&prng, 8));
        page.rows.size = round % 2 == 0 ? whole : at;
        struct range_sources sources = sources_of_page(&page, 1 << 20);
        range_merge_init(&merge);
        (void)!range_merge_run(&merge, &sources);
        range_merge_deinit(&merge);
        rows.buffer->data[at] = was;
    }
    writer_deinit(&rows);
}
END_TEST

TEST_MAIN("range_merge", merges_agree_with_a_naive_one, every_small_merge_agrees_with_a_naive_one,
          what_was_settled_wins_over_all_pages, bytes_stop_a_page_as_well,
          a_page_out_of_order_is_refused, a_page_cut_or_changed_is_refused_or_harmless)
