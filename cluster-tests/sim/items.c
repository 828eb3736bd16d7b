#include "items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "key.h"

enum {
    OPERATIONS_MAX = 200, /* then an item is retired */
    LIST_OPERATIONS_MAX = 100,
    UNKNOWN_MAX = 8 /* each may take effect at any later time: what a checker must try doubles */
};

uint64_t items_table_id(const struct sim_options *options)
{
    return CLIENT_TABLE_ID | (options->local ? TABLE_ID_INDEXED : 0);
}

struct table_schema items_schema(const struct sim_options *options)
{
    struct table_schema schema = {.replicas = options->quorum.n};
    if (options->expiry)
        schema.expiry = SLICE_LITERAL("n");
    if (!options->local)
        return schema;
    schema.local_count = 2;
    schema.local[0] = (struct index_attribute){SLICE_LITERAL("n"), VALUE_NUMBER};
    schema.local[1] = (struct index_attribute){SLICE_LITERAL("v"), VALUE_STRING};
    return schema;
}

void items_init(struct items *items, const struct sim_options *options)
{
    memset(items, 0, sizeof(*items));
    items->options = options;
    memset(items->current, 0xff, sizeof(items->current));
}

void items_deinit(struct items *items)
{
    for (uint32_t i = 0; i < items->count; i++)
        buffer_unref(items->all[i].key);
    free(items->all);
}

static struct buffer *encode_key(const struct items *items, uint32_t collection, uint32_t sort)
{
    char name[32];
    uint8_t bytes[4] = {(uint8_t)(sort >> 24), (uint8_t)(sort >> 16), (uint8_t)(sort >> 8),
                        (uint8_t)sort};
    int size = snprintf(name, sizeof(name), "collection-%u", collection);
    struct item_key key = item_key_of(items_table_id(items->options), slice_of(name, (size_t)size),
                                      slice_of(bytes, sizeof(bytes)), items->options->partitions);
    struct writer writer;
    writer_init(&writer, 64);
    item_key_encode(&writer, &key);
    return writer_finish(&writer);
}

static uint32_t items_add(struct items *items, enum workload workload, uint32_t collection)
{
    if (items->count == items->capacity) {
        items->capacity = items->capacity == 0 ? 256 : 2 * items->capacity;
        items->all = realloc(items->all, items->capacity * sizeof(*items->all));
        ensure(items->all != NULL);
    }
    uint32_t index = items->count++;
    bool first = collection == items->collections;
    items->collections += first;
    items->all[index] = (struct sim_item){.workload = workload,
                                          .first = first,
                                          .collection = collection,
                                          .key = encode_key(items, collection, index)};
    return index;
}

/* Items of one workload share collections, so that ranges meet live and retired ones. */
static uint32_t new_item(struct items *items, enum workload workload)
{
    uint32_t fellows = 0, collection = 0;
    for (uint32_t i = 0; i < items->count; i++) {
        if (items->all[i].workload != workload)
            continue;
        fellows++;
        collection = items->all[i].collection;
    }
    if (fellows % COLLECTION_ITEMS == 0)
        collection = items->collections;
    return items_add(items, workload, collection);
}

uint32_t items_use(struct items *items, enum workload workload, uint32_t slot)
{
    uint32_t *current = &items->current[workload][slot];
    if (workload == WORKLOAD_SET) {
        uint32_t collection =
            *current == UINT32_MAX ? items->collections : items->all[*current].collection;
        uint32_t used = *current == UINT32_MAX ? 0 : items->all[*current].operations;
        *current = items_add(items, workload, collection);
        items->all[*current].operations = used;
    } else if (*current == UINT32_MAX) {
        *current = new_item(items, workload);
    }
    return *current;
}

void items_retire_used(struct items *items, enum workload workload, uint32_t slot)
{
    const uint32_t most[WORKLOADS] = {[WORKLOAD_REGISTER] = OPERATIONS_MAX,
                                      [WORKLOAD_RECREATE] = OPERATIONS_MAX,
                                      [WORKLOAD_SET] = items->options->set_operations,
                                      [WORKLOAD_COUNTER] = OPERATIONS_MAX,
                                      [WORKLOAD_LIST] = LIST_OPERATIONS_MAX};
    uint32_t *current = &items->current[workload][slot];
    if (*current == UINT32_MAX)
        return;
    const struct sim_item *item = &items->all[*current];
    if (item->operations >= most[workload] || item->unknown >= UNKNOWN_MAX)
        *current = UINT32_MAX;
}

struct slice items_key(const struct items *items, uint32_t item)
{
    ensure(item < items->count);
    return buffer_slice(items->all[item].key);
}

uint32_t items_partition(const struct items *items, uint32_t item)
{
    struct reader reader = reader_of(items_key(items, item));
    return reader_get_u32(&reader);
}

void value_write_attribute(struct writer *writer, uint64_t id)
{
    char text[VALUE_SIZE_MAX];
    int size = snprintf(text, sizeof(text), "%llu;", (unsigned long long)id);
    size_t padded = (size_t)size + (size_t)(id * 7 % 64);
    memset(text + size, '.', padded - (size_t)size);
    writer_put_u8(writer, VALUE_STRING);
    writer_put_sized(writer, slice_of(text, padded));
}

void value_write(struct writer *writer, uint64_t id)
{
    writer_put_varint(writer, 1);
    writer_put_sized(writer, SLICE_LITERAL("v"));
    value_write_attribute(writer, id);
}

uint64_t value_id(struct slice item)
{
    struct slice value;
    if (!item_find(item, SLICE_LITERAL("v"), &value))
        return 0;
    struct slice text = value_bytes(value);
    uint64_t id = 0;
    for (size_t i = 0; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        id = id * 10 + (uint64_t)(text.data[i] - '0');
    struct writer expected;
    writer_init(&expected, VALUE_SIZE_MAX);
    value_write(&expected, id);
    bool genuine = slice_equal(item, writer_slice(&expected));
    writer_deinit(&expected);
    return genuine ? id : 0;
}

static bool number_of(struct slice value, uint64_t *number)
{
    int64_t read = 0;
    *number = 0;
    if (value_type(value) != VALUE_NUMBER || !decimal_to_i64(value_bytes(value), &read) || read < 0)
        return false;
    *number = (uint64_t)read;
    return true;
}

bool value_counter(struct slice item, uint64_t *number)
{
    struct slice value;
    *number = 0;
    return item_find(item, SLICE_LITERAL("n"), &value) && number_of(value, number);
}

uint32_t value_list(struct slice item, uint64_t *numbers, uint32_t max)
{
    struct slice list, value;
    uint32_t count = 0;
    if (!item_find(item, SLICE_LITERAL("l"), &list))
        return 0;
    struct item_cursor cursor = value_cursor(list);
    while (list_next(&cursor, &value) && count < max) {
        if (!number_of(value, &numbers[count++]))
            return 0;
    }
    return count;
}
