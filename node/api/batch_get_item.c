#include "api_state.h"
#include "batch.h"
#include "call_expressions.h"
#include "json_item.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "read_options.h"

enum {
    KEYS_MAX = 100,                   /* in one call; the service's limit */
    REPLY_SIZE_MAX = 16 * 1024 * 1024 /* bytes of item_size(); the service's limit */
};

static const struct shape shape_keys = {
    .kind = SHAPE_LIST, .ranged = true, .min = 1, .max = KEYS_MAX, .element = &shape_attributes};
static const struct shape_member table_members[] = {
    {"Keys", &shape_keys, true, false},
    {"AttributesToGet", &shape_attributes_to_get, false, false},
    {"ConsistentRead", &shape_boolean, false, false},
    {"ProjectionExpression", &shape_string, false, false},
    {"ExpressionAttributeNames", &shape_names, false, false},
};
static const struct shape shape_table = {.kind = SHAPE_STRUCTURE,
                                         .type = "KeysAndAttributes",
                                         .members = table_members,
                                         .members_count = array_size(table_members)};
static const struct shape shape_request_items = {
    .kind = SHAPE_MAP,
    .type = "com.amazonaws.dynamodb.v20120810.KeysAndAttributes",
    .ranged = true,
    .min = 1,
    .max = INT64_MAX,
    .table_keys = true,
    .element = &shape_table};
static const struct shape_member members[] = {
    {"ReturnConsumedCapacity", &shape_return_consumed_capacity, false, false},
    {"RequestItems", &shape_request_items, true, false},
};
static const struct shape input_shape = SHAPE_OF(members);

/* One key to be read. */
struct batch_key {
    yyjson_val *json;
    struct value_node *node;
    size_t table; /* index into the batch's */
    bool unprocessed;
};

struct batch_get_item {
    struct operation_call call;
    struct batch batch;
    struct read_options *options; /* per table */
    struct batch_key keys[KEYS_MAX];
    struct operation_request *reads[KEYS_MAX];
    size_t count;
};

static const char *parse_keys(struct batch_get_item *get, size_t table)
{
    struct arena *arena = get->call.arena;
    struct batch_table *entries = &get->batch.tables[table];
    yyjson_arr_iter keys = yyjson_arr_iter_with(json_member(entries->json, "Keys"));
    entries->first = get->count;
    for (yyjson_val *json; (json = yyjson_arr_iter_next(&keys)) != NULL;) {
        if (get->count == KEYS_MAX)
            return MESSAGE_BATCH_GET_TOO_MANY;
        struct batch_key *key = &get->keys[get->count++];
        key->json = json;
        key->table = table;
        entries->entries++;
        const char *problem = json_item_read(arena, json, &key->node);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *parse_table(struct batch_get_item *get, size_t table)
{
    struct arena *arena = get->call.arena;
    yyjson_val *json = get->batch.tables[table].json;
    struct expression_context context;
    const char *problem = read_options_check_mix(arena, &shape_table, json);
    if (problem == NULL)
        problem = call_expressions_init(&context, &get->call,
                                        json_member(json, "ExpressionAttributeNames"), NULL);
    if (problem == NULL)
        problem = read_options_init(&get->options[table], &context, json);
    if (problem == NULL)
        problem = expression_context_check_used(&context);
    return problem != NULL ? problem : parse_keys(get, table);
}

/* Without a look at the table, which may not exist. */
static bool repeats_keys(const struct batch_get_item *get, const struct batch_table *table)
{
    struct arena *arena = get->call.arena;
    struct slice *keys = arena_alloc(arena, table->entries * sizeof(*keys));
    struct writer encoded;
    writer_init(&encoded, 0);
    for (size_t i = 0; i < table->entries; i++) {
        writer_reset(&encoded);
        writer_put_item(&encoded, get->keys[table->first + i].node);
        keys[i] = arena_copy(arena, writer_slice(&encoded));
    }
    writer_deinit(&encoded);
    return batch_has_duplicates(keys, table->entries);
}

static const char *parse(struct batch_get_item *get)
{
    batch_init(&get->batch, &get->call);
    get->options = arena_zalloc(get->call.arena, get->batch.count * sizeof(*get->options));
    for (size_t i = 0; i < get->batch.count; i++) {
        const char *problem = parse_table(get, i);
        if (problem != NULL)
            return problem;
    }
    for (size_t i = 0; i < get->batch.count; i++)
        if (repeats_keys(get, &get->batch.tables[i]))
            return MESSAGE_DUPLICATES;
    return NULL;
}

/* Which keys the reply leaves to another call: those that could not be read, and those beyond the
 * reply's limit. */
static size_t mark_unprocessed(struct batch_get_item *get)
{
    uint64_t reply_size = 0;
    size_t processed = 0;
    for (size_t i = 0; i < get->count; i++) {
        const struct request *read = &get->reads[i]->request;
        struct batch_key *key = &get->keys[i];
        uint64_t size = read->outcome == OUTCOME_OK && read->found ? item_size(read->result) : 0;
        key->unprocessed = read->outcome != OUTCOME_OK || reply_size + size > REPLY_SIZE_MAX;
        if (key->unprocessed)
            continue;
        reply_size += size;
        processed++;
        get->batch.tables[key->table].used.table +=
            capacity_of_read(size, get->options[key->table].consistent);
    }
    return processed;
}

static void put_items(struct writer *reply, const struct batch_get_item *get, size_t table)
{
    json_put_key(reply, get->batch.tables[table].name);
    json_put_raw(reply, "[");
    for (size_t i = 0; i < get->count; i++) {
        const struct request *read = &get->reads[i]->request;
        if (get->keys[i].table != table || get->keys[i].unprocessed || !read->found)
            continue;
        json_put_separator(reply);
        read_options_put_item(reply, &get->options[table], read->result);
    }
    json_put_raw(reply, "]");
}

static void put_unprocessed_keys(struct writer *reply, const struct batch_get_item *get,
                                 size_t table)
{
    json_put_name(reply, "Keys");
    json_put_raw(reply, "[");
    for (size_t i = 0; i < get->count; i++)
        if (get->keys[i].table == table && get->keys[i].unprocessed) {
            json_put_separator(reply);
            batch_put_json(reply, get->call.arena, get->keys[i].json);
        }
    json_put_raw(reply, "]");
}

static void put_unprocessed(struct writer *reply, const struct batch_get_item *get, size_t table)
{
    static const char *const carried[] = {"AttributesToGet", "ConsistentRead",
                                          "ProjectionExpression", "ExpressionAttributeNames"};
    bool any = false;
    for (size_t i = 0; i < get->count; i++)
        any = any || (get->keys[i].table == table && get->keys[i].unprocessed);
    if (!any)
        return;
    json_put_key(reply, get->batch.tables[table].name);
    json_put_raw(reply, "{");
    put_unprocessed_keys(reply, get, table);
    for (size_t i = 0; i < array_size(carried); i++) {
        yyjson_val *member = json_member(get->batch.tables[table].json, carried[i]);
        if (member == NULL)
            continue;
        json_put_name(reply, carried[i]);
        batch_put_json(reply, get->call.arena, member);
    }
    json_put_raw(reply, "}");
}

static void finish(struct operation_call *call)
{
    struct batch_get_item *get = (struct batch_get_item *)(void *)call;
    struct writer *reply = operation_reply(call);
    size_t processed = mark_unprocessed(get);
    batch_charge(call, &get->batch, THROUGHPUT_READ);
    if (processed == 0) {
        batch_fail(call, &get->batch, THROUGHPUT_READ, get->reads[0]->request.outcome);
        return;
    }
    json_put_raw(reply, "{\"Responses\":{");
    for (size_t i = 0; i < get->batch.count; i++)
        put_items(reply, get, i);
    json_put_raw(reply, "},\"UnprocessedKeys\":{");
    for (size_t i = 0; i < get->batch.count; i++)
        put_unprocessed(reply, get, i);
    json_put_raw(reply, "}");
    batch_put_capacity(reply, &get->batch, call->input);
    json_put_raw(reply, "}");
    operation_finish(call);
}

static const char *make_read(struct batch_get_item *get, size_t i)
{
    struct operation_call *call = &get->call;
    const struct table *table = get->batch.tables[get->keys[i].table].table;
    const struct read_options *options = &get->options[get->keys[i].table];
    struct item_key key;
    const char *problem = read_options_check_table(options, call->arena, table);
    if (problem == NULL)
        problem = table_key_of_key(call->arena, table, get->keys[i].node, api_partitions(call->api),
                                   &key);
    if (problem != NULL)
        return problem;
    struct writer *encoded = operation_writer_new(call, 0);
    item_key_encode(encoded, &key);
    get->reads[i] = operation_request_new(call, REQUEST_READ);
    get->reads[i]->request.quorum = table->quorum;
    get->reads[i]->request.consistent = options->consistent;
    get->reads[i]->request.key = writer_slice(encoded);
    return NULL;
}

static const char *make_reads(struct operation_call *call, size_t table)
{
    struct batch_get_item *get = (struct batch_get_item *)(void *)call;
    const struct batch_table *entries = &get->batch.tables[table];
    const char *problem = NULL;
    for (size_t i = 0; i < entries->entries && problem == NULL; i++)
        problem = make_read(get, entries->first + i);
    return problem;
}

static void read_items(struct operation_call *call)
{
    struct batch_get_item *get = (struct batch_get_item *)(void *)call;
    /* One table may have been named in two ways. */
    if (batch_repeats_keys(call->arena, get->reads, get->count)) {
        operation_refuse(call, MESSAGE_DUPLICATES);
        return;
    }
    operation_wait(call, finish);
    size_t sent = 0;
    for (size_t i = 0; i < get->count; i++) {
        size_t table = get->keys[i].table;
        uint64_t least = capacity_of_read(0, get->options[table].consistent);
        sent += batch_send(call, &get->batch.tables[table], get->reads[i], THROUGHPUT_READ, least);
    }
    if (sent == 0)
        finish(call);
}

static void start(struct operation_call *call)
{
    const char *problem = parse((struct batch_get_item *)(void *)call);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        batch_lookup(call, make_reads, read_items);
}

const struct operation operation_batch_get_item = {"BatchGetItem", sizeof(struct batch_get_item),
                                                   &input_shape, start};
