#include <stdlib.h>
#include <string.h>

#include "leaf_rows.h"
#include "world.h"

/* Of one disk, sorted by key. */
struct leaf {
    uint8_t key[LEAF_KEY_SIZE];
    struct leaf_sum sum;
};

struct leaves {
    struct leaf *list;
    size_t count;
};

static int compare_keys(const void *a, const void *b)
{
    const struct leaf *one = a, *other = b;
    return memcmp(one->key, other->key, LEAF_KEY_SIZE);
}

static struct leaves leaves_new(size_t capacity)
{
    struct leaves leaves = {calloc(capacity + 1, sizeof(*leaves.list)), 0};
    ensure(leaves.list != NULL);
    return leaves;
}

/* Adds up what stands for the same leaf. */
static void leaves_fold(struct leaves *leaves)
{
    size_t kept = 0;
    qsort(leaves->list, leaves->count, sizeof(*leaves->list), compare_keys);
    for (size_t i = 0; i < leaves->count; i++) {
        struct leaf *last = kept == 0 ? NULL : &leaves->list[kept - 1];
        if (last != NULL && compare_keys(last, &leaves->list[i]) == 0)
            last->sum = leaf_sum_add(last->sum, leaves->list[i].sum);
        else
            leaves->list[kept++] = leaves->list[i];
    }
    leaves->count = kept;
}

/* What the items on the disk ask for. */
static struct leaves leaves_wanted(const struct world *world, const struct sim_node *node)
{
    struct store_range items;
    struct slice bytes, value;
    node_read_family(node, STORE_ITEMS, &items);
    struct leaves leaves = leaves_new(items.rows_count);
    struct reader rows = reader_of(writer_slice(&items.rows));
    while (store_rows_next(&rows, &bytes, &value)) {
        struct item_key key;
        struct row row;
        if (!item_key_decode(bytes, &key) || !row_decode(value, &row))
            continue;
        struct leaf *leaf = &leaves.list[leaves.count++];
        struct leaf_key name = {key.partition, key.table_id, leaf_of(bytes)};
        leaf_key_encode(&name, leaf->key);
        leaf->sum = leaf_of_row(bytes, &row, cluster_id(&world->cluster));
    }
    store_range_deinit(&items);
    leaves_fold(&leaves);
    return leaves;
}

static struct leaves leaves_found(struct world *world, const struct sim_node *node)
{
    struct store_range range;
    struct slice bytes, value;
    node_read_family(node, STORE_MERKLE, &range);
    struct leaves leaves = leaves_new(range.rows_count);
    struct reader rows = reader_of(writer_slice(&range.rows));
    while (store_rows_next(&rows, &bytes, &value)) {
        struct leaf_key key;
        struct leaf *leaf = &leaves.list[leaves.count];
        if (!leaf_key_decode(bytes, &key) || !leaf_sum_decode(value, &leaf->sum)) {
            world_fail(world, "%s: a leaf is damaged", node->name);
            continue;
        }
        leaf_key_encode(&key, leaf->key);
        leaves.count++;
    }
    store_range_deinit(&range);
    return leaves;
}

static bool leaf_equal(const struct leaf *a, const struct leaf *b)
{
    return compare_keys(a, b) == 0 && leaf_sum_equal(a->sum, b->sum);
}

static void compare(struct world *world, const struct sim_node *node, const struct leaves *found,
                    const struct leaves *wanted)
{
    bool equal = found->count == wanted->count;
    size_t at = 0;
    while (equal && at < found->count) {
        equal = leaf_equal(&found->list[at], &wanted->list[at]);
        at += equal;
    }
    if (!equal)
        world_fail(world, "%s: its leaves (%zu) are not those of its items (%zu), from %zu on",
                   node->name, found->count, wanted->count, at);
}

void leaves_check(struct world *world, uint16_t index)
{
    const struct sim_node *node = &world->nodes[index];
    struct leaves found = leaves_found(world, node);
    struct leaves wanted = leaves_wanted(world, node);
    compare(world, node, &found, &wanted);
    free(found.list);
    free(wanted.list);
}

/* A digest of what the leaves of the workload's table in a partition say. */
static uint64_t partition_hash(const struct world *world, const struct leaves *leaves,
                               uint32_t partition)
{
    struct writer all;
    writer_init(&all, 0);
    for (size_t i = 0; i < leaves->count; i++) {
        struct leaf_key key;
        uint8_t sum[LEAF_SUM_SIZE];
        if (!leaf_key_decode(slice_of(leaves->list[i].key, LEAF_KEY_SIZE), &key) ||
            key.partition != partition || key.table_id != items_table_id(&world->options))
            continue;
        leaf_sum_encode(leaves->list[i].sum, sum);
        writer_put_u16(&all, key.leaf);
        writer_put(&all, sum, sizeof(sum));
    }
    uint64_t hash = hash64(writer_slice(&all));
    writer_deinit(&all);
    return hash;
}

static void check_partition(struct world *world, const struct leaves *leaves, uint32_t partition)
{
    const uint16_t *list;
    size_t homes = checkers_homes(world, partition, &list);
    const struct sim_node *first = NULL;
    uint64_t expected = 0;
    for (size_t i = 0; i < homes; i++) {
        const struct sim_node *node = &world->nodes[list[i]];
        if (!node->up)
            continue;
        uint64_t hash = partition_hash(world, &leaves[list[i]], partition);
        if (first != NULL && hash != expected)
            world_fail(world, "%s and %s have different leaves of partition %u", first->name,
                       node->name, partition);
        first = node;
        expected = hash;
    }
}

void leaves_run(struct world *world)
{
    struct leaves leaves[SIM_MEMBERS_MAX] = {0};
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (!world->nodes[i].up)
            continue;
        leaves_check(world, i);
        leaves[i] = leaves_found(world, &world->nodes[i]);
    }
    for (uint32_t partition = 0; partition < world->options.partitions; partition++)
        check_partition(world, leaves, partition);
    for (uint16_t i = 0; i < world->nodes_count; i++)
        free(leaves[i].list);
}
