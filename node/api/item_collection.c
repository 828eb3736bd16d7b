#include "item_collection.h"

#include "api_state.h"
#include "json_item.h"
#include "json_writer.h"
#include "key.h"
#include "messages.h"
#include "statistics.h"

enum { AGE_MS = 10 * 60 * 1000 /* a collection does not grow by gigabytes in less, as a rule */ };

static const uint64_t gigabyte = (uint64_t)1 << 30;
static const uint64_t size_max_gigabytes = 10; /* the service's limit */

void item_collection_watch(struct api *api, struct table *table)
{
    if (table->indexes_count > 0)
        statistics_refresh(api, table, AGE_MS);
}

static uint64_t size_of(const struct api *api, const struct table *table, struct slice key)
{
    struct item_key decoded;
    bool valid = item_key_decode(key, &decoded);
    ensure(valid);
    return statistics_collection(api, table->id, decoded.position);
}

bool item_collection_full(const struct api *api, const struct table *table, struct slice key)
{
    return table->indexes_count > 0 && size_of(api, table, key) >= size_max_gigabytes * gigabyte;
}

void item_collection_refuse(struct operation_call *call)
{
    operation_fail(call, "ItemCollectionSizeLimitExceededException", MESSAGE_COLLECTION_FULL);
}

bool item_collection_wanted(const struct table *table, yyjson_val *input)
{
    return table->indexes_count > 0 &&
           slice_equal(json_member_string(input, "ReturnItemCollectionMetrics"),
                       SLICE_LITERAL("SIZE"));
}

static void put_key(struct writer *writer, const struct table *table, struct slice key)
{
    struct item_key decoded;
    struct writer value;
    writer_init(&value, key.size);
    bool valid = item_key_decode(key, &decoded) &&
                 key_value_decode(table->partition_key.type, decoded.partition_key, &value);
    ensure(valid);
    json_put_name(writer, "ItemCollectionKey");
    json_put_raw(writer, "{");
    json_put_key(writer, table->partition_key.name);
    json_put_value(writer, writer_slice(&value));
    json_put_raw(writer, "}");
    writer_deinit(&value);
}

void item_collection_put(struct writer *writer, const struct api *api, const struct table *table,
                         struct slice key)
{
    uint64_t least = size_of(api, table, key) / gigabyte;
    json_put_separator(writer);
    json_put_raw(writer, "{");
    put_key(writer, table, key);
    json_put_name(writer, "SizeEstimateRangeGB");
    json_put_raw(writer, "[");
    for (uint64_t bound = least; bound <= least + 1; bound++) {
        json_put_separator(writer);
        json_put_halves(writer, 2 * bound);
    }
    json_put_raw(writer, "]}");
}
