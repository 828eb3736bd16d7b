#include "statistics.h"

#include <stdlib.h>
#include <string.h>

#include "api_state.h"
#include "timers.h"

enum {
    LARGE_BYTES = 1 << 30, /* smaller collections need not be known */
    PERIODS = 20,          /* nor those younger than so many times what the count took */
    CLAIM_MS = 60000, /* a count that has not ended by then, or in so many times what the last */
    CLAIM_TIMES = 4,  /* one took, is taken for dead */
    AGE_MAX_MS = 6 * 60 * 60 * 1000, /* older figures are counted anew though nobody asks */
    LOOK_US = 60000000,              /* so often are all tables looked at */
    LOOK_ON_US = 1000000             /* after one that was due */
};

void statistics_init(struct statistics *statistics)
{
    *statistics = (struct statistics){.look_at_us = 0};
    map_init(&statistics->known);
    table_count_init(&statistics->count);
}

void statistics_deinit(struct statistics *statistics)
{
    size_t cursor = 0;
    struct table_statistics *known;
    while ((known = map_each(&statistics->known, &cursor)) != NULL)
        free(known);
    map_deinit(&statistics->known);
    table_count_deinit(&statistics->count);
}

struct table_statistics statistics_of(const struct api *api, uint64_t table_id)
{
    const struct table_statistics *known = map_find(&api->statistics.known, table_id);
    return known == NULL ? (struct table_statistics){.counted_ms = 0} : *known;
}

void statistics_forget(struct statistics *statistics, uint64_t table_id)
{
    free(map_remove(&statistics->known, table_id));
}

/* Rows. */

static uint64_t number_at(struct slice row, const char *name, size_t index)
{
    char full[32];
    snprintf(full, sizeof(full), "%s_%zu", name, index);
    return (uint64_t)definition_number(row, full);
}

void statistics_learn(struct api *api, uint64_t table_id, struct slice row)
{
    struct table_statistics *known = map_find(&api->statistics.known, table_id);
    if (known == NULL) {
        if (map_find(&api->catalogue.dropped, table_id) != NULL)
            return; /* it was forgotten, and would not be again */
        known = calloc(1, sizeof(*known));
        ensure(known != NULL);
        map_put(&api->statistics.known, table_id, known);
    }
    known->whole.items = (uint64_t)definition_number(row, "items");
    known->whole.bytes = (uint64_t)definition_number(row, "bytes");
    for (size_t i = 0; i < LOCAL_INDEXES_MAX; i++) {
        known->indexes[i].items = number_at(row, "items", i);
        known->indexes[i].bytes = number_at(row, "bytes", i);
    }
    known->large_count = 0;
    for (size_t i = 0; i < COLLECTIONS_MAX && number_at(row, "large_bytes", i) > 0; i++)
        known->large[known->large_count++] =
            (struct large_collection){number_at(row, "large", i), number_at(row, "large_bytes", i)};
    known->counted_ms = (uint64_t)definition_number(row, "counted_ms");
    known->took_ms = (uint64_t)definition_number(row, "took_ms");
    known->claimed_ms = (uint64_t)definition_number(row, "claimed_ms");
}

static void put_number(struct arena *arena, struct value_node *row, const char *name,
                       uint64_t number)
{
    definition_put_number(arena, row, name, (int64_t)number);
}

static struct slice encode(struct operation_call *call, const struct table *table,
                           const struct table_statistics *statistics)
{
    struct arena *arena = call->arena;
    struct value_node *row = value_node_container(arena, VALUE_MAP);
    put_number(arena, row, "items", statistics->whole.items);
    put_number(arena, row, "bytes", statistics->whole.bytes);
    for (size_t i = 0; i < table->indexes_count; i++) {
        put_number(arena, row, arena_printf(arena, "items_%zu", i), statistics->indexes[i].items);
        put_number(arena, row, arena_printf(arena, "bytes_%zu", i), statistics->indexes[i].bytes);
    }
    for (size_t i = 0; i < statistics->large_count; i++) {
        put_number(arena, row, arena_printf(arena, "large_%zu", i), statistics->large[i].position);
        put_number(arena, row, arena_printf(arena, "large_bytes_%zu", i),
                   statistics->large[i].bytes);
    }
    put_number(arena, row, "counted_ms", statistics->counted_ms);
    put_number(arena, row, "took_ms", statistics->took_ms);
    put_number(arena, row, "claimed_ms", statistics->claimed_ms);
    const struct value_node *culprit;
    enum value_problem problem = value_node_finish_item(row, &culprit);
    ensure(problem == VALUE_FINE);
    struct writer *encoded = operation_writer_new(call, 256);
    writer_put_item(encoded, row);
    return writer_slice(encoded);
}

struct operation_request *statistics_read(struct operation_call *call, uint64_t table_id)
{
    struct operation_request *read = operation_request_new(call, REQUEST_READ);
    read->request.quorum = node_system_quorum(call->api->node);
    read->request.consistent = true;
    read->request.key = catalogue_statistics_key(call, table_id);
    return read;
}

struct operation_request *statistics_write(struct operation_call *call, const struct table *table,
                                           const struct table_statistics *row)
{
    struct operation_request *write = operation_request_new(call, REQUEST_WRITE);
    write->request.quorum = node_system_quorum(call->api->node);
    write->request.key = catalogue_statistics_key(call, table->id);
    write->request.value = encode(call, table, row);
    return write;
}

/* Collections. */

uint64_t statistics_collection(const struct api *api, uint64_t table_id, uint64_t position)
{
    const struct table_statistics *known = map_find(&api->statistics.known, table_id);
    for (size_t i = 0; known != NULL && i < known->large_count; i++)
        if (known->large[i].position == position)
            return known->large[i].bytes;
    return 0;
}

void statistics_add_collection(struct table_statistics *statistics, uint64_t position,
                               uint64_t bytes)
{
    if (bytes < LARGE_BYTES)
        return;
    size_t at = 0;
    if (statistics->large_count < COLLECTIONS_MAX)
        at = statistics->large_count++;
    else
        for (size_t i = 1; i < COLLECTIONS_MAX; i++)
            at = statistics->large[i].bytes < statistics->large[at].bytes ? i : at;
    if (statistics->large[at].bytes < bytes)
        statistics->large[at] = (struct large_collection){position, bytes};
}

/* When to count. */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

bool statistics_due(const struct api *api, const struct table *table, uint64_t age_ms)
{
    struct table_statistics known = statistics_of(api, table->id);
    uint64_t now_ms = api_now_ms(api);
    /* A table that was just made is known to be empty. */
    uint64_t counted_ms = larger(known.counted_ms, table->created_ms);
    uint64_t claim_ms = larger(CLAIM_MS, CLAIM_TIMES * known.took_ms);
    return now_ms > counted_ms + larger(age_ms, PERIODS * known.took_ms) &&
           (known.claimed_ms == 0 || now_ms > known.claimed_ms + claim_ms);
}

void statistics_refresh(struct api *api, struct table *table, uint64_t age_ms)
{
    if (!table_count_busy(&api->statistics.count) && statistics_due(api, table, age_ms))
        table_count_begin(&api->statistics.count, table, age_ms);
}

/* One table at a time; the next one when it is done. */
static void look(struct api *api)
{
    size_t cursor = 0;
    struct table *table;
    while ((table = map_each(&api->catalogue.by_name, &cursor)) != NULL)
        for (; table != NULL; table = table->next)
            if (statistics_due(api, table, AGE_MAX_MS)) {
                table_count_begin(&api->statistics.count, table, AGE_MAX_MS);
                api->statistics.look_at_us = api->now.monotonic_us + LOOK_ON_US;
                return;
            }
    api->statistics.look_at_us = api->now.monotonic_us + LOOK_US;
}

void statistics_run(struct api *api)
{
    struct statistics *statistics = &api->statistics;
    if (statistics->look_at_us == 0)
        statistics->look_at_us = api->now.monotonic_us + LOOK_US; /* what was just started has more
                                                                    urgent work */
    if (!table_count_busy(&statistics->count) && api->now.monotonic_us >= statistics->look_at_us)
        look(api);
    table_count_run(api);
}

uint64_t statistics_next_us(const struct statistics *statistics)
{
    return table_count_busy(&statistics->count) ? table_count_next_us(&statistics->count)
                                                : statistics->look_at_us;
}
