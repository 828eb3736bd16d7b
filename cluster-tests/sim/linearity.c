/* Hands histories to the checkers of cluster-tests/check, in tables in which a majority takes each
 * write. An answer marked sloppy promises less: from when the first such write was asked for, an
 * item's history is not looked at any more. */
#include <stdlib.h>

#include "append.h"
#include "counter.h"
#include "linear.h"
#include "sets.h"
#include "world.h"

/* Until when an item's history counts. */
static uint64_t cut_us(const struct world *world, uint32_t item)
{
    const struct operation *all = world->history.operations;
    for (size_t i = world->heads[item]; i != SIZE_MAX; i = all[i].next) {
        if (all[i].sloppy)
            return all[i].invoked_us;
    }
    return UINT64_MAX;
}

/* What became of an operation, as far as the history goes. */
enum fate {
    FATE_KNOWN,   /* it was answered, and the answer says what happened */
    FATE_UNKNOWN, /* a write that may have happened or may happen yet */
    FATE_NOTHING  /* it says nothing, or is known not to have happened */
};

static enum fate fate_of(const struct operation *operation, uint64_t cut)
{
    bool write = operation_is_write(operation);
    bool failed = write && operation->outcome == OUTCOME_PRECONDITION_FAILED;
    bool late = operation->answers == 0 || operation->completed_us >= cut;
    if (operation->invoked_us >= cut)
        return FATE_NOTHING;
    if (write && (operation->outcome == OUTCOME_UNKNOWN || (late && !failed)))
        return operation_certainly_failed(operation) ? FATE_NOTHING : FATE_UNKNOWN;
    return !late && (operation->outcome == OUTCOME_OK || failed) ? FATE_KNOWN : FATE_NOTHING;
}

static void give_verdict(struct world *world, uint32_t item, const char *what, struct writer *text)
{
    struct slice shown = writer_slice(text);
    world_trace(world, "item %u: %.*s", item, (int)shown.size, (const char *)shown.data);
    world_fail(world, "item %u: %s: %.*s", item, what, (int)shown.size, (const char *)shown.data);
}

/* A register. */

static bool conditional(enum operation_kind kind)
{
    return kind == OPERATION_PUT_IF || kind == OPERATION_DELETE_IF ||
           kind == OPERATION_PUT_IF_VERSION;
}

static enum linear_kind register_kind(const struct operation *operation, enum fate fate)
{
    if (operation->kind >= OPERATION_GET)
        return LINEAR_READ;
    if (operation->outcome == OUTCOME_PRECONDITION_FAILED && fate == FATE_KNOWN)
        return operation->has_seen ? LINEAR_CAS_FAILED_SEEN : LINEAR_CAS_FAILED;
    if (conditional(operation->kind))
        return LINEAR_CAS;
    return operation->kind == OPERATION_PUT_OLD && fate == FATE_KNOWN ? LINEAR_SWAP : LINEAR_WRITE;
}

static bool register_operation(const struct operation *from, enum fate fate,
                               struct linear_operation *to)
{
    bool failed = from->outcome == OUTCOME_PRECONDITION_FAILED;
    /* An equal value may have another version, so a failure says little. */
    if (from->kind == OPERATION_PUT_IF_VERSION && failed)
        return false;
    to->kind = (uint32_t)register_kind(from, fate);
    to->expected = from->expected;
    to->argument = operation_is_delete(from) ? 0 : from->id;
    to->result = from->seen;
    return from->kind < OPERATION_ADD || from->kind == OPERATION_GET_CONSISTENT;
}

static bool counter_as_linear(const struct operation *from, enum fate fate,
                              struct linear_operation *to)
{
    to->kind = from->kind != OPERATION_ADD            ? LINEAR_READ
               : fate == FATE_KNOWN && from->has_seen ? LINEAR_ADD
                                                      : LINEAR_ADD_BLIND;
    to->argument = from->argument;
    to->result = from->seen;
    return from->kind == OPERATION_ADD || from->kind == OPERATION_GET_CONSISTENT;
}

static void linear_item(struct world *world, uint32_t item)
{
    const struct operation *all = world->history.operations;
    bool counter = world->items.all[item].workload == WORKLOAD_COUNTER;
    uint64_t cut = cut_us(world, item);
    struct linear_operation *operations = calloc(world->history.count + 1, sizeof(*operations));
    size_t count = 0;
    ensure(operations != NULL);
    for (size_t i = world->heads[item]; i != SIZE_MAX; i = all[i].next) {
        enum fate fate = fate_of(&all[i], cut);
        struct linear_operation *to = &operations[count];
        *to = (struct linear_operation){.item = item, .process = all[i].client};
        to->invoked = all[i].invoked_us;
        to->completed = fate == FATE_UNKNOWN ? LINEAR_UNKNOWN : all[i].completed_us;
        count += fate != FATE_NOTHING && (counter ? counter_as_linear(&all[i], fate, to)
                                                  : register_operation(&all[i], fate, to));
    }
    struct linear_result result = linear_check(&linear_register, operations, count, 0);
    world->counts.checked += count;
    if (result.verdict != LINEAR_OK) {
        struct writer text;
        writer_init(&text, 1024);
        linear_explain(operations, count, &result, &text);
        give_verdict(world, item, "not linearizable", &text);
        writer_deinit(&text);
    }
    free(operations);
}

/* Once more, by a check that does not tire of unknown outcomes. */
static void counter_item(struct world *world, uint32_t item)
{
    const struct operation *all = world->history.operations;
    uint64_t cut = cut_us(world, item);
    struct counter_operation *operations = calloc(world->history.count + 1, sizeof(*operations));
    size_t count = 0;
    ensure(operations != NULL);
    for (size_t i = world->heads[item]; i != SIZE_MAX; i = all[i].next) {
        enum fate fate = fate_of(&all[i], cut);
        bool add = all[i].kind == OPERATION_ADD;
        struct counter_operation *to = &operations[count];
        bool told = all[i].has_seen && fate == FATE_KNOWN;
        *to = (struct counter_operation){.item = item, .process = all[i].client};
        to->kind = !add ? COUNTER_READ : told ? COUNTER_ADD_TOLD : COUNTER_ADD;
        to->invoked = all[i].invoked_us;
        to->completed = fate == FATE_UNKNOWN ? UINT64_MAX : all[i].completed_us;
        to->amount = (int64_t)all[i].argument;
        to->result = (int64_t)all[i].seen;
        count += fate != FATE_NOTHING && (add || all[i].kind == OPERATION_GET_CONSISTENT);
    }
    struct counter_result result = counter_check(operations, count);
    if (result.verdict != COUNTER_OK) {
        struct writer text;
        writer_init(&text, 256);
        counter_explain(operations, &result, &text);
        give_verdict(world, item, "a counter", &text);
        writer_deinit(&text);
    }
    free(operations);
}

/* Lists: each request is a transaction, one that is told what was before is two steps of one. */
static void list_item(struct world *world, uint32_t item)
{
    const struct operation *all = world->history.operations;
    uint64_t cut = cut_us(world, item);
    struct append_transaction *transactions =
        calloc(world->history.count + 1, sizeof(*transactions));
    struct append_operation *steps = calloc(2 * world->history.count + 2, sizeof(*steps));
    size_t count = 0, at = 0;
    ensure(transactions != NULL);
    ensure(steps != NULL);
    for (size_t i = world->heads[item]; i != SIZE_MAX; i = all[i].next) {
        enum fate fate = fate_of(&all[i], cut);
        bool append = all[i].kind == OPERATION_APPEND;
        bool aborted = append && operation_certainly_failed(&all[i]);
        bool counts = append || all[i].kind == OPERATION_GET_CONSISTENT;
        if (!counts || (fate == FATE_NOTHING && !aborted))
            continue;
        struct append_transaction *to = &transactions[count++];
        to->process = all[i].client;
        to->outcome = aborted                ? APPEND_ABORTED
                      : fate == FATE_UNKNOWN ? APPEND_UNKNOWN
                                             : APPEND_COMMITTED;
        to->invoked = all[i].invoked_us;
        to->completed = fate == FATE_UNKNOWN ? UINT64_MAX : all[i].completed_us;
        to->operations = &steps[at];
        if (all[i].has_seen && fate == FATE_KNOWN)
            steps[at++] =
                (struct append_operation){true, item, 0, all[i].members, all[i].members_count};
        if (append)
            steps[at++] = (struct append_operation){false, item, all[i].id, NULL, 0};
        to->operations_count = (size_t)(&steps[at] - to->operations);
    }
    struct append_result result = append_check(transactions, count, true);
    world->counts.checked += count;
    if (!result.good) {
        struct writer text;
        writer_init(&text, 1024);
        append_explain(transactions, &result, &text);
        give_verdict(world, item, "a list", &text);
        writer_deinit(&text);
    }
    free(steps);
    free(transactions);
}

/* All sets at once: each collection of that workload is one. */
static bool sets_operation_of(struct world *world, size_t index, struct sets_operation *to)
{
    const struct operation *from = &world->history.operations[index];
    const struct sim_item *item = &world->items.all[from->item];
    bool write = operation_is_write(from);
    if (item->workload != WORKLOAD_SET || (!write && !from->has_seen))
        return false;
    *to = (struct sets_operation){.item = item->collection, .process = from->client};
    /* Nobody else writes that item, so only the asker's own write can be in its way. */
    if (from->outcome == OUTCOME_PRECONDITION_FAILED)
        world_fail(world, "op %zu: a condition failed on what it had written itself", index);
    to->kind = !write ? SETS_READ : operation_certainly_failed(from) ? SETS_REFUSE : SETS_ADD;
    bool known = from->answers > 0 && from->outcome != OUTCOME_UNKNOWN && !from->sloppy;
    to->invoked = from->invoked_us;
    to->completed = known ? from->completed_us : UINT64_MAX;
    to->element = from->id;
    to->elements = from->members;
    to->elements_count = from->members_count;
    return true;
}

static void check_sets(struct world *world)
{
    struct sets_operation *operations = calloc(world->history.count + 1, sizeof(*operations));
    size_t count = 0;
    ensure(operations != NULL);
    for (size_t i = 0; i < world->history.count; i++)
        count += sets_operation_of(world, i, &operations[count]);
    struct sets_result result = sets_check(operations, count);
    world->counts.checked += count;
    if (!result.good) {
        struct writer text;
        writer_init(&text, 256);
        sets_explain(operations, &result, &text);
        give_verdict(world, 0, "a set", &text);
        writer_deinit(&text);
    }
    free(operations);
}

void linearity_run(struct world *world)
{
    if (!sim_options_strong(&world->options))
        return;
    check_sets(world);
    for (uint32_t item = 0; item < world->items.count && world->failure[0] == '\0'; item++) {
        enum workload workload = world->items.all[item].workload;
        if (workload == WORKLOAD_LIST)
            list_item(world, item);
        else if (workload != WORKLOAD_SET)
            linear_item(world, item);
        if (workload == WORKLOAD_COUNTER)
            counter_item(world, item);
    }
}
