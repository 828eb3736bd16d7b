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

enum capacity_wanted capacity_wanted(yyjson_val *input)
{
    struct slice wanted = json_member_string(input, "ReturnConsumedCapacity");
    if (slice_equal(wanted, SLICE_LITERAL("TOTAL")))
        return CAPACITY_TOTAL;
    return slice_equal(wanted, SLICE_LITERAL("INDEXES")) ? CAPACITY_INDEXES : CAPACITY_NONE;
}

void capacity_put(struct writer *writer, enum capacity_wanted wanted, struct slice table,
                  uint64_t halves)
{
    json_put_separator(writer);
    json_put_raw(writer, "{");
    json_put_name(writer, "TableName");
    json_put_string(writer, table);
    json_put_name(writer, "CapacityUnits");
    json_put_halves(writer, halves);
    if (wanted == CAPACITY_INDEXES) {
        json_put_name(writer, "Table");
        json_put_raw(writer, "{");
        json_put_name(writer, "CapacityUnits");
        json_put_halves(writer, halves);
        json_put_raw(writer, "}");
    }
    json_put_raw(writer, "}");
}

void capacity_put_member(struct writer *writer, enum capacity_wanted wanted, struct slice table,
                         uint64_t halves)
{
    if (wanted == CAPACITY_NONE)
        return;
    json_put_name(writer, "ConsumedCapacity");
    capacity_put(writer, wanted, table, halves);
}
