#include "api_state.h"
#include "batch.h"
#include "item_collection.h"
#include "json_item.h"
#include "json_writer.h"
#include "local_index.h"
#include "messages.h"
#include "operations.h"
#include "write_options.h"

#include <string.h>

enum { WRITES_MAX = 25 /* in one call; the service's limit */ };

static const struct shape_member put_members[] = {{"Item", &shape_attributes, true, false}};
static const struct shape_member delete_members[] = {{"Key", &shape_attributes, true, false}};
static const struct shape shape_put = {.kind = SHAPE_STRUCTURE,
                                       .type = "PutRequest",
                                       .members = put_members,
                                       .members_count = array_size(put_members)};
static const struct shape shape_delete = {.kind = SHAPE_STRUCTURE,
                                          .type = "DeleteRequest",
                                          .members = delete_members,
                                          .members_count = array_size(delete_members)};
static const struct shape_member write_members[] = {
    {"DeleteRequest", &shape_delete, false, false},
    {"PutRequest", &shape_put, false, false},
};
static const struct shape shape_write = {.kind = SHAPE_STRUCTURE,
                                         .type = "WriteRequest",
                                         .members = write_members,
                                         .members_count = array_size(write_members)};
static const struct shape shape_writes = {.kind = SHAPE_LIST, .element = &shape_write};
static const struct shape shape_request_items = {
    .kind = SHAPE_MAP,
    .type = "java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>",
    .ranged = true,
    .min = 1,
    .max = INT64_MAX,
    .table_keys = true,
    .values_max = WRITES_MAX,
    .element = &shape_writes};
static const struct shape_member members[] = {
    {"ReturnConsumedCapacity", &shape_return_consumed_capacity, false, false},
    {"ReturnItemCollectionMetrics", &shape_return_item_collection_metrics, false, false},
    {"RequestItems", &shape_request_items, true, false},
};
static const struct shape input_shape = SHAPE_OF(members);

/* One item to be put or deleted. */
struct batch_write {
    yyjson_val *json;
    struct value_node *node; /* the item, or the key */
    bool is_put;
    size_t table;           /* index into the batch's */
    struct writer *encoded; /* the item, then the key */
    uint64_t size;          /* item_size() */
};

struct batch_write_item {
    struct operation_call call;
    struct batch batch;
    struct batch_write entries[WRITES_MAX];
    struct operation_request *writes[WRITES_MAX];
    size_t count;
};

static const char *parse_write(struct batch_write_item *write, struct batch_write *entry)
{
    yyjson_val *put = json_member(entry->json, "PutRequest");
    yyjson_val *delete = json_member(entry->json, "DeleteRequest");
    if ((put == NULL) == (delete == NULL))
        return MESSAGE_VALUE_TWO_TYPES;
    entry->is_put = put != NULL;
    const char *problem = json_item_read(
        write->call.arena, entry->is_put ? json_member(put, "Item") : json_member(delete, "Key"),
        &entry->node);
    if (problem != NULL)
        return problem;
    entry->encoded = operation_writer_new(&write->call, 0);
    if (entry->is_put) {
        writer_put_item(entry->encoded, entry->node);
        entry->size = item_size(writer_slice(entry->encoded));
    }
    return entry->size > ITEM_SIZE_MAX ? MESSAGE_TOO_LARGE : NULL;
}

static const char *parse_table(struct batch_write_item *write, size_t table)
{
    yyjson_arr_iter entries = yyjson_arr_iter_with(write->batch.tables[table].json);
    write->batch.tables[table].first = write->count;
    for (yyjson_val *json; (json = yyjson_arr_iter_next(&entries)) != NULL;) {
        if (write->count == WRITES_MAX)
            return MESSAGE_BATCH_WRITE_TOO_MANY;
        struct batch_write *entry = &write->entries[write->count++];
        entry->json = json;
        entry->table = table;
        write->batch.tables[table].entries++;
        const char *problem = parse_write(write, entry);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *parse(struct batch_write_item *write)
{
    batch_init(&write->batch, &write->call);
    for (size_t i = 0; i < write->batch.count; i++) {
        const char *problem = parse_table(write, i);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const struct request *write_of(const struct batch_write_item *write, size_t i)
{
    return &write->writes[i]->request;
}

/* Sums up; true if any write went through. */
static bool count_capacity(struct batch_write_item *write)
{
    bool any = false;
    for (size_t i = 0; i < write->count; i++) {
        const struct request *request = write_of(write, i);
        const struct batch_write *entry = &write->entries[i];
        if (request->outcome != OUTCOME_OK)
            continue;
        any = true;
        write->call.call->sloppy = write->call.call->sloppy || request->sloppy;
        struct batch_table *table = &write->batch.tables[entry->table];
        write_options_charge(table->table, write->call.arena, request, entry->size, &table->used);
    }
    return any;
}

static void put_unprocessed(struct writer *reply, const struct batch_write_item *write,
                            size_t table)
{
    bool open = false;
    for (size_t i = 0; i < write->count; i++) {
        if (write->entries[i].table != table || write_of(write, i)->outcome == OUTCOME_OK)
            continue;
        if (!open) {
            json_put_key(reply, write->batch.tables[table].name);
            json_put_raw(reply, "[");
            open = true;
        }
        json_put_separator(reply);
        batch_put_json(reply, write->call.arena, write->entries[i].json);
    }
    if (open)
        json_put_raw(reply, "]");
}

/* Of each collection that was written to, once. */
static bool written_before(const struct batch_write_item *write, size_t at)
{
    struct item_key key, other;
    bool found = !item_key_decode(write_of(write, at)->key, &key);
    for (size_t i = 0; i < at && !found; i++)
        found = write->entries[i].table == write->entries[at].table &&
                write_of(write, i)->outcome == OUTCOME_OK &&
                item_key_decode(write_of(write, i)->key, &other) &&
                slice_equal(other.partition_key, key.partition_key);
    return found;
}

static void put_table_metrics(struct writer *reply, const struct batch_write_item *write,
                              size_t table)
{
    const struct batch_table *of = &write->batch.tables[table];
    json_put_key(reply, of->name);
    json_put_raw(reply, "[");
    for (size_t i = 0; i < write->count; i++)
        if (write->entries[i].table == table && write_of(write, i)->outcome == OUTCOME_OK &&
            !written_before(write, i))
            item_collection_put(reply, write->call.api, of->table, write_of(write, i)->key);
    json_put_raw(reply, "]");
}

static void put_metrics(struct writer *reply, const struct batch_write_item *write)
{
    bool open = false;
    for (size_t i = 0; i < write->batch.count; i++) {
        if (!item_collection_wanted(write->batch.tables[i].table, write->call.input))
            continue;
        if (!open) {
            json_put_name(reply, "ItemCollectionMetrics");
            json_put_raw(reply, "{");
            open = true;
        }
        put_table_metrics(reply, write, i);
    }
    if (open)
        json_put_raw(reply, "}");
}

static void finish(struct operation_call *call)
{
    struct batch_write_item *write = (struct batch_write_item *)(void *)call;
    struct writer *reply = operation_reply(call);
    bool any = count_capacity(write);
    batch_charge(call, &write->batch, THROUGHPUT_WRITE);
    if (!any) {
        batch_fail(call, &write->batch, THROUGHPUT_WRITE, write_of(write, 0)->outcome);
        return;
    }
    json_put_raw(reply, "{\"UnprocessedItems\":{");
    for (size_t i = 0; i < write->batch.count; i++)
        put_unprocessed(reply, write, i);
    json_put_raw(reply, "}");
    put_metrics(reply, write);
    batch_put_capacity(reply, &write->batch, call->input);
    json_put_raw(reply, "}");
    operation_finish(call);
}

static const char *find_key(struct batch_write_item *write, const struct batch_write *entry,
                            const struct table *table, struct item_key *key)
{
    struct operation_call *call = &write->call;
    uint32_t partitions = api_partitions(call->api);
    if (!entry->is_put)
        return table_key_of_key(call->arena, table, entry->node, partitions, key);
    const char *problem = table_key_of_item(call->arena, table, entry->node, partitions, key);
    bool mismatch = problem != NULL && (strstr(problem, "Missing the key") != NULL ||
                                        strstr(problem, "Type mismatch for key") != NULL);
    return mismatch ? MESSAGE_KEY_MISMATCH : problem;
}

static const char *make_write(struct batch_write_item *write, size_t i)
{
    struct operation_call *call = &write->call;
    struct batch_write *entry = &write->entries[i];
    const struct table *table = write->batch.tables[entry->table].table;
    struct item_key key;
    const char *problem = find_key(write, entry, table, &key);
    if (problem == NULL && entry->is_put)
        problem = local_indexes_check_size(table, writer_slice(entry->encoded), entry->size);
    if (problem != NULL)
        return problem;
    size_t item_end = entry->encoded->size;
    item_key_encode(entry->encoded, &key);
    struct slice bytes = writer_slice(entry->encoded);
    write->writes[i] = operation_request_new(call, REQUEST_WRITE);
    struct request *request = &write->writes[i]->request;
    request->quorum = table->quorum;
    request->value = slice_of(bytes.data, item_end);
    request->key = slice_of(bytes.data + item_end, bytes.size - item_end);
    request->tombstone = !entry->is_put;
    write_options_account(call, table, false, request);
    return NULL;
}

/* Looks for duplicates among all writes so far: one table may have been named in two ways. */
static const char *make_writes(struct operation_call *call, size_t table)
{
    struct batch_write_item *write = (struct batch_write_item *)(void *)call;
    const struct batch_table *entries = &write->batch.tables[table];
    size_t end = entries->first + entries->entries;
    for (size_t i = entries->first; i < end; i++) {
        const char *problem = make_write(write, i);
        if (problem != NULL)
            return problem;
    }
    return batch_repeats_keys(call->arena, write->writes, end) ? MESSAGE_DUPLICATES : NULL;
}

static void write_items(struct operation_call *call)
{
    struct batch_write_item *write = (struct batch_write_item *)(void *)call;
    for (size_t i = 0; i < write->count; i++) {
        struct table *table = write->batch.tables[write->entries[i].table].table;
        item_collection_watch(call->api, table);
        if (write->entries[i].is_put &&
            item_collection_full(call->api, table, write_of(write, i)->key)) {
            item_collection_refuse(call);
            return;
        }
    }
    operation_wait(call, finish);
    size_t sent = 0;
    for (size_t i = 0; i < write->count; i++)
        sent += batch_send(call, &write->batch.tables[write->entries[i].table], write->writes[i],
                           THROUGHPUT_WRITE, capacity_of_write(write->entries[i].size));
    if (sent == 0)
        finish(call);
}

static void start(struct operation_call *call)
{
    const char *problem = parse((struct batch_write_item *)(void *)call);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        batch_lookup(call, make_writes, write_items);
}

const struct operation operation_batch_write_item = {
    "BatchWriteItem", sizeof(struct batch_write_item), &input_shape, start};
