#include "capacity.h"

#include "json_writer.h"

enum { READ_UNIT_SIZE = 4096, WRITE_UNIT_SIZE = 1024 };

static uint64_t units_of(uint64_t size, uint64_t unit_size)
{
    return size == 0 ? 1 : (size + unit_size - 1) / unit_size;
}

uint64_t capacity_of_read(uint64_t size, bool consistent)
{
    return units_of(size, READ_UNIT_SIZE) * (consistent ? 2 : 1);
}

uint64_t capacity_of_write(uint64_t size)
{
    return units_of(size, WRITE_UNIT_SIZE) * 2;
}

uint64_t capacity_of_entry(const struct capacity_entry *entry)
{
    uint64_t before = capacity_of_write(entry->size_before);
    uint64_t after = capacity_of_write(entry->size_after);
    if (!entry->before || !entry->after)
        return (entry->before ? before : 0) + (entry->after ? after : 0);
    if (entry->moved)
        return before + after;
    if (!entry->changed)
        return 0;
    return before > after ? before : after;
}

void capacity_add(struct capacity *capacity, struct arena *arena, enum capacity_index kind,
                  struct slice index, uint64_t halves)
{
    if (halves == 0)
        return;
    struct capacity_arm **at = &capacity->arms[kind];
    while (*at != NULL && !slice_equal((*at)->index, index))
        at = &(*at)->next;
    if (*at == NULL) {
        *at = arena_zalloc(arena, sizeof(**at));
        (*at)->index = index;
    }
    (*at)->halves += halves;
}

static uint64_t sum_arms(const struct capacity_arm *arm)
{
    uint64_t halves = 0;
    for (; arm != NULL; arm = arm->next)
        halves += arm->halves;
    return halves;
}

uint64_t capacity_of_table(const struct capacity *capacity)
{
    return capacity->table + sum_arms(capacity->arms[CAPACITY_LOCAL]);
}

uint64_t capacity_total(const struct capacity *capacity)
{
    return capacity_of_table(capacity) + sum_arms(capacity->arms[CAPACITY_GLOBAL]);
}

enum capacity_wanted capacity_wanted(yyjson_val *input)
{
    struct slice wanted = json_member_string(input, "ReturnConsumedCapacity");
    if (slice_equal(wanted, SLICE_LITERAL("TOTAL")))
        return CAPACITY_TOTAL;
    return slice_equal(wanted, SLICE_LITERAL("INDEXES")) ? CAPACITY_INDEXES : CAPACITY_NONE;
}

static void put_units(struct writer *writer, uint64_t halves)
{
    json_put_raw(writer, "{");
    json_put_name(writer, "CapacityUnits");
    json_put_halves(writer, halves);
    json_put_raw(writer, "}");
}

static void put_arms(struct writer *writer, const char *name, const struct capacity_arm *arm)
{
    if (arm == NULL)
        return;
    json_put_name(writer, name);
    json_put_raw(writer, "{");
    for (; arm != NULL; arm = arm->next) {
        json_put_key(writer, arm->index);
        put_units(writer, arm->halves);
    }
    json_put_raw(writer, "}");
}

void capacity_put(struct writer *writer, enum capacity_wanted wanted, struct slice table,
                  const struct capacity *capacity)
{
    json_put_separator(writer);
    json_put_raw(writer, "{");
    json_put_name(writer, "TableName");
    json_put_string(writer, table);
    json_put_name(writer, "CapacityUnits");
    json_put_halves(writer, capacity_total(capacity));
    if (wanted == CAPACITY_INDEXES) {
        json_put_name(writer, "Table");
        put_units(writer, capacity->table);
        put_arms(writer, "LocalSecondaryIndexes", capacity->arms[CAPACITY_LOCAL]);
        put_arms(writer, "GlobalSecondaryIndexes", capacity->arms[CAPACITY_GLOBAL]);
    }
    json_put_raw(writer, "}");
}

void capacity_put_member(struct writer *writer, enum capacity_wanted wanted, struct slice table,
                         const struct capacity *capacity)
{
    if (wanted == CAPACITY_NONE)
        return;
    json_put_name(writer, "ConsumedCapacity");
    capacity_put(writer, wanted, table, capacity);
}
