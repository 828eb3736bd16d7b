#include "leaf_merge.h"

#include <stdlib.h>

#include "leaf.h"

/* A read adds up all deltas of a leaf that lie in memory, and one for each file: a flush adds them up.
 * So memory takes some 60,000. (RocksDB can also write the sum after so many deltas of one leaf;
 * looking for them cost each write half as much as the delta itself.) */
enum { MEMORY_BYTES_MAX = 4 << 20 };

/* NULL, and no success, if one is malformed: RocksDB then fails the read as corruption. */
static char *add_up(struct leaf_sum sum, const char *const *deltas, const size_t *sizes, int count,
                    unsigned char *success, size_t *size)
{
    *success = 0;
    *size = 0;
    for (int i = 0; i < count; i++) {
        struct leaf_sum delta;
        if (!leaf_sum_decode(slice_of(deltas[i], sizes[i]), &delta))
            return NULL;
        sum = leaf_sum_add(sum, delta);
    }
    char *bytes = malloc(LEAF_SUM_SIZE);
    ensure(bytes != NULL);
    leaf_sum_encode(sum, (uint8_t *)bytes);
    *success = 1;
    *size = LEAF_SUM_SIZE;
    return bytes;
}

static char *merge_full(void *state, const char *key, size_t key_size, const char *existing,
                        size_t existing_size, const char *const *deltas, const size_t *sizes,
                        int count, unsigned char *success, size_t *size)
{
    struct leaf_sum sum = {0};
    (void)state;
    (void)key;
    (void)key_size;
    *success = 0;
    *size = 0;
    if (existing != NULL && !leaf_sum_decode(slice_of(existing, existing_size), &sum))
        return NULL;
    return add_up(sum, deltas, sizes, count, success, size);
}

static char *merge_partial(void *state, const char *key, size_t key_size, const char *const *deltas,
                           const size_t *sizes, int count, unsigned char *success, size_t *size)
{
    (void)state;
    (void)key;
    (void)key_size;
    return add_up((struct leaf_sum){0}, deltas, sizes, count, success, size);
}

static void free_merged(void *state, const char *value, size_t size)
{
    (void)state;
    (void)size;
    free((void *)(uintptr_t)value);
}

static void destroy(void *state)
{
    (void)state;
}

/* Stands on the disk: RocksDB opens no family with an operator of another name. */
static const char *name(void *state)
{
    (void)state;
    return "cartwheel.leaf_sum";
}

void leaf_merge_set(rocksdb_options_t *options)
{
    rocksdb_options_set_merge_operator(
        options,
        rocksdb_mergeoperator_create(NULL, destroy, merge_full, merge_partial, free_merged, name));
    rocksdb_options_set_write_buffer_size(options, MEMORY_BYTES_MAX);
}
