#include "store_twin.h"

#include <stdio.h>

enum {
    KEYS = 200, /* few, so that batches overwrite and delete each other's rows */
    CHANGES_MAX = 6,
    VALUE_BYTES_MAX = 3000
};

static void ignore_submitted(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

static void ignore_done(struct store_op *op)
{
    (void)op;
}

void store_twin_init(struct store_twin *twin, uint64_t seed)
{
    struct memory_store_config config = {.seed = seed, .sync = true};
    twin->seed = seed;
    twin->memory = memory_store_new(&config);
    twin->store = memory_store_port(twin->memory, ignore_submitted, NULL);
}

void store_twin_deinit(struct store_twin *twin)
{
    memory_store_free(twin->memory);
}

struct slice store_twin_key(uint64_t drawn, char key[16])
{
    return slice_of(key, (size_t)snprintf(key, 16, "k%03u", (unsigned)(drawn % KEYS)));
}

static void fill_change(struct prng *prng, struct store_batch *batch)
{
    char name[16];
    enum store_family family = (enum store_family)prng_below(prng, STORE_META);
    struct slice key = store_twin_key(prng_next(prng), name);
    if (prng_below(prng, 10) < 7) {
        size_t size = (size_t)prng_below(prng, VALUE_BYTES_MAX + 1);
        uint8_t *value = store_batch_put_in_place(batch, family, key, size);
        for (size_t i = 0; i < size; i++)
            value[i] = (uint8_t)(i % 8 == 0 ? prng_next(prng) : value[i - 1] + 1U);
    } else {
        store_batch_delete(batch, family, key);
    }
}

void store_twin_fill(const struct store_twin *twin, uint32_t number, struct store_batch *batch)
{
    struct prng prng;
    prng_init(&prng, twin->seed * 1000003 + number);
    for (uint64_t count = prng_between(&prng, 1, CHANGES_MAX); count > 0; count--)
        fill_change(&prng, batch);
    char last[16];
    snprintf(last, sizeof(last), "%u", number);
    store_batch_put(batch, STORE_META, STORE_TWIN_LAST, slice_of_string(last));
}

void store_twin_apply(struct store_twin *twin, uint32_t number)
{
    struct store_commit commit;
    store_commit_init(&commit, ignore_done);
    store_twin_fill(twin, number, &commit.batch);
    store_submit(twin->store, &commit.op);
    ensure(memory_store_finish_commit(twin->memory) == &commit.op);
    ensure(commit.op.status == STORE_OK);
    store_commit_deinit(&commit);
}

bool store_twin_agrees_get(struct store_twin *twin, const struct store_get *get)
{
    struct store_get own;
    store_get_init(&own, get->family, get->key, ignore_done);
    ensure(store_try_read(twin->store, &own.op));
    bool same = (own.value == NULL) == (get->value == NULL);
    if (same && own.value != NULL)
        same = slice_equal(buffer_slice(own.value), buffer_slice(get->value));
    buffer_unref(own.value);
    return same;
}

bool store_twin_agrees_range(struct store_twin *twin, const struct store_range *range)
{
    struct store_range own;
    store_range_init(&own, range->family, range->from, range->to, ignore_done);
    own.reverse = range->reverse;
    own.rows_max = range->rows_max;
    own.bytes_max = range->bytes_max;
    ensure(store_try_read(twin->store, &own.op));
    bool same = own.rows_count == range->rows_count &&
                slice_equal(writer_slice(&own.rows), writer_slice(&range->rows));
    store_range_deinit(&own);
    return same;
}
