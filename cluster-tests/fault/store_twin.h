/* store_twin: the rows that a store must hold after so many batches of a series. Each batch of the
 * series follows from its number and a seed; the twin is the in-memory store. */
#pragma once

#include "memory_store.h"

struct store_twin {
    uint64_t seed;
    struct memory_store *memory;
    struct store *store;
};

/* The row by which a store tells the number of the last batch that it applied. */
#define STORE_TWIN_LAST SLICE_LITERAL("last")

void store_twin_init(struct store_twin *twin, uint64_t seed);
void store_twin_deinit(struct store_twin *twin);
/* Adds the changes of batch `number` to `batch`. */
void store_twin_fill(const struct store_twin *twin, uint32_t number, struct store_batch *batch);
void store_twin_apply(struct store_twin *twin, uint32_t number);
/* A key that a batch may have changed. */
struct slice store_twin_key(uint64_t drawn, char key[16]);
/* Whether `get` and `range`, read from the store, found what the twin holds. */
bool must_check store_twin_agrees_get(struct store_twin *twin, const struct store_get *get);
bool must_check store_twin_agrees_range(struct store_twin *twin, const struct store_range *range);
