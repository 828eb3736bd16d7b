/* Mutants that change what the checkers look at, after the run: each shows that one of them can
 * fail. */
#include <stdlib.h>

#include "row.h"
#include "world.h"

static void commit(struct world *world, uint16_t node, struct store_commit *change)
{
    store_submit(world->nodes[node].store[0], &change->op);
    while (memory_store_commits_pending(world->nodes[node].disk) > 0)
        (void)memory_store_finish_commit(world->nodes[node].disk);
    memory_store_sync(world->nodes[node].disk);
    store_commit_deinit(change);
}

/* Puts the row on every home node's disk, or deletes what is there if it is empty. */
static void replace(struct world *world, uint32_t item, struct slice row)
{
    const uint16_t *list;
    size_t homes = checkers_home_nodes(world, item, &list);
    for (size_t i = 0; i < homes; i++) {
        struct store_commit change;
        store_commit_init(&change, (store_done)abort);
        if (row.size > 0)
            store_batch_put(&change.batch, STORE_ITEMS, items_key(&world->items, item), row);
        else
            store_batch_delete(&change.batch, STORE_ITEMS, items_key(&world->items, item));
        commit(world, list[i], &change);
    }
}

static void forget_everything(struct world *world)
{
    for (uint32_t item = 0; item < world->items.count; item++)
        replace(world, item, SLICE_EMPTY);
}

/* Brings the item's first acknowledged value back, under a ballot above all that were acknowledged.
 */
static void bring_back_first(struct world *world, uint32_t item)
{
    const struct operation *first = NULL;
    struct version highest = VERSION_NONE;
    for (size_t i = 0; i < world->history.count; i++) {
        const struct operation *write = &world->history.operations[i];
        bool counts = write->kind == OPERATION_PUT && write->item == item && write->answers > 0 &&
                      write->outcome == OUTCOME_OK && !write->sloppy;
        if (!counts)
            continue;
        first = first == NULL ? write : first;
        highest = version_max(highest, write->version);
    }
    if (first == NULL)
        return;
    struct writer value, bytes;
    writer_init(&value, 64);
    writer_init(&bytes, 128);
    value_write(&value, first->id);
    struct row row = {.ballot = {highest.hlc + 1000000, highest.node},
                      .value = writer_slice(&value)};
    row.origin = row.ballot;
    row_encode(&bytes, &row);
    replace(world, item, writer_slice(&bytes));
    writer_deinit(&value);
    writer_deinit(&bytes);
}

void tamper(struct world *world)
{
    if (world->options.mutant == MUTANT_FORGETFUL)
        forget_everything(world);
    if (world->options.mutant != MUTANT_REVENANT)
        return;
    for (uint32_t item = 0; item < world->items.count; item++)
        bring_back_first(world, item);
}
