/* F12: item keys. Two keys made of choices must sort as their parts do, and come back as they were;
 * every range must hold the keys that its condition is true of, and no others. The rest of the
 * input is a key from a peer. */
#include "fuzz.h"
#include "key_relations.h"

enum { PARTITIONS = 16, PART_MAX = 300 };

/* Few enough bytes that prefixes and successors are common. */
static struct slice draw_part(struct draws *draws, struct arena *arena)
{
    static const uint8_t some[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    uint32_t size = draw_bool(draws) ? draw_below(draws, 5) : draw_below(draws, PART_MAX);
    uint8_t *bytes = arena_alloc(arena, size + 1);
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = some[draw_below(draws, sizeof(some))];
    return slice_of(bytes, size);
}

/* The same partition key, more often than not, as of `like`. */
static struct item_key draw_key(struct draws *draws, struct arena *arena,
                                const struct item_key *like)
{
    bool same = like != NULL && draw_byte(draws) % 4 != 0;
    struct slice partition_key = same ? like->partition_key : draw_part(draws, arena);
    uint64_t table = 1 + draw_below(draws, 2);
    return item_key_of(table, partition_key, draw_part(draws, arena), PARTITIONS);
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare(const struct item_key *a, const struct item_key *b)
{
    int orders[] = {compare_u64(a->partition, b->partition),
                    compare_u64(a->table_id, b->table_id),
                    compare_u64(a->position, b->position),
                    compare_u64(a->partition_key.size, b->partition_key.size),
                    slice_compare(a->partition_key, b->partition_key),
                    slice_compare(a->sort_key, b->sort_key)};
    for (size_t i = 0; i < array_size(orders); i++)
        if (orders[i] != 0)
            return orders[i];
    return 0;
}

static bool same_collection(const struct item_key *a, const struct item_key *b)
{
    return a->table_id == b->table_id && slice_equal(a->partition_key, b->partition_key);
}

static bool holds(const struct key_range *range, const struct item_key *key)
{
    struct writer encoded;
    writer_init(&encoded, 0);
    item_key_encode(&encoded, key);
    bool inside = key_range_holds(range, writer_slice(&encoded));
    writer_deinit(&encoded);
    return inside;
}

static void check_order(const struct item_key *a, const struct item_key *b)
{
    struct writer bytes_a, bytes_b;
    struct item_key back;
    writer_init(&bytes_a, 0);
    writer_init(&bytes_b, 0);
    item_key_encode(&bytes_a, a);
    item_key_encode(&bytes_b, b);
    int order = compare(a, b);
    int bytes = slice_compare(writer_slice(&bytes_a), writer_slice(&bytes_b));
    ensure((order < 0) == (bytes < 0));
    ensure((order > 0) == (bytes > 0));
    ensure(item_key_decode(writer_slice(&bytes_a), &back));
    ensure(compare(a, &back) == 0);
    writer_deinit(&bytes_a);
    writer_deinit(&bytes_b);
}

static void check_ranges(struct draws *draws, struct arena *arena, const struct item_key *a,
                         const struct item_key *b)
{
    struct key_range range;
    key_range_init(&range);
    enum sort_bound relation = (enum sort_bound)draw_below(draws, SORT_BEGINS_WITH + 1);
    struct slice low = draw_bool(draws) ? a->sort_key : draw_part(draws, arena);
    struct slice high = draw_part(draws, arena);
    key_range_table(&range, a->partition, a->table_id);
    ensure(holds(&range, b) == (b->partition == a->partition && b->table_id == a->table_id));
    key_range_collection(&range, a);
    ensure(holds(&range, b) == same_collection(a, b));
    key_range_sort(&range, a, relation, low, high);
    bool expected = same_collection(a, b) && key_relation_holds(relation, b->sort_key, low, high);
    ensure(holds(&range, b) == expected);
    key_range_after(&range, a);
    ensure(holds(&range, b) == (expected && slice_compare(b->sort_key, a->sort_key) > 0));
    key_range_sort(&range, a, relation, low, high);
    key_range_before(&range, a);
    ensure(holds(&range, b) == (expected && slice_compare(b->sort_key, a->sort_key) < 0));
    key_range_deinit(&range);
}

static void check_successor(struct slice prefix, struct slice other)
{
    struct writer successor;
    writer_init(&successor, 0);
    bytes_successor(prefix, &successor);
    bool below = successor.size == 0 || slice_compare(other, writer_slice(&successor)) < 0;
    bool begins = slice_starts_with(other, prefix);
    ensure(begins == (below && slice_compare(other, prefix) >= 0));
    writer_deinit(&successor);
}

static void check_bytes(struct slice bytes)
{
    struct item_key key;
    struct writer again;
    writer_init(&again, 0);
    if (item_key_decode(bytes, &key)) {
        item_key_encode(&again, &key);
        ensure(slice_equal(writer_slice(&again), bytes));
    } else {
        ensure(key.partition_key.size == 0 && key.sort_key.size == 0);
    }
    writer_deinit(&again);
}

static void check_value(struct draws *draws, struct arena *arena)
{
    struct slice value = draw_value(draws, arena, 1);
    struct writer bytes, back;
    writer_init(&bytes, 0);
    writer_init(&back, 0);
    if (key_value_encode(value, &bytes)) {
        bool decoded = key_value_decode(value_type(value), writer_slice(&bytes), &back);
        ensure(decoded);
        ensure(slice_equal(writer_slice(&back), value));
    } else {
        ensure(bytes.size == 0);
    }
    writer_deinit(&bytes);
    writer_deinit(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct draws draws = {slice_of(data, size)};
    arena_init(&arena);
    struct item_key a = draw_key(&draws, &arena, NULL);
    struct item_key b = draw_key(&draws, &arena, &a);
    check_order(&a, &b);
    check_order(&b, &a);
    check_ranges(&draws, &arena, &a, &b);
    check_successor(a.sort_key, b.sort_key);
    check_value(&draws, &arena);
    check_bytes(draw_rest(&draws));
    arena_deinit(&arena);
    return 0;
}
