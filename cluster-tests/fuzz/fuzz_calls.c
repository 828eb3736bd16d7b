/* Choices make a sequence of calls to a whole node, beside a model (model.h): every answer must be
 * the model's, byte for byte, and in the end the node's items must be the model's. */
#include <stdio.h>

#include "fuzz.h"
#include "lone_node.h"
#include "model.h"

enum { CALLS_MAX = 40, BATCH_MAX = 5 };

#define FAILED                                                                          \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\"," \
    "\"message\":\"The conditional request failed\""

static const char *const strings[] = {"", "x", "y", "str"};
static const char *const conditions[] = {"", "attribute_exists(pk)", "attribute_not_exists(pk)",
                                         "n < :n", "contains(ss, :l)"};
static const char *const updates[] = {"SET s = :s", "REMOVE s, n",
                                      "ADD n :n",   "SET n = if_not_exists(n, :n) + :n",
                                      "ADD ss :ss", "DELETE ss :ss"};

static struct lone_node lone;
static struct model model;
static struct draws draws;
static size_t recent; /* drawn by draw_index() */
static struct writer body;
static struct writer expected;

static void put(struct writer *writer, const char *text)
{
    writer_put_slice(writer, slice_of_string(text));
}

static void begin(const char *text)
{
    writer_reset(&body);
    writer_reset(&expected);
    put(&body, text);
}

/* Sends the call, which must be answered as expected. */
static void check(const char *operation, int status)
{
    struct slice reply = lone_node_call(&lone, operation, writer_slice(&body));
    struct slice wanted = writer_slice(&expected);
    bool same = lone.status == status && slice_equal(reply, wanted);
    if (!same)
        fprintf(stderr, "%s %.*s\n  answered %d %.*s\n  expected %d %.*s\n", operation,
                (int)body.size, (const char *)writer_slice(&body).data, lone.status,
                (int)reply.size, (const char *)reply.data, status, (int)wanted.size,
                (const char *)wanted.data);
    ensure(same);
}

static void create_table(void)
{
    lone_node_create_table(&lone);
    model = (struct model){.items = {{.exists = false}}};
}

/* Of an item: as often as not the one that was drawn last. */
static size_t draw_index(void)
{
    if (draw_bool(&draws))
        recent = draw_below(&draws, MODEL_ITEMS);
    return recent;
}

static struct model_operands draw_operands(void)
{
    struct model_operands operands;
    operands.number = (long)draw_below(&draws, 9) - 4;
    operands.string = DRAW_ONE(&draws, strings);
    operands.letters = draw_byte(&draws);
    operands.letters |= (uint8_t)(1 << draw_below(&draws, 8));
    return operands;
}

/* ExpressionAttributeValues, with those of :n, :s, :ss and :l that the texts use. */
static void put_values(const struct model_operands *operands, const char *texts)
{
    char number[64];
    const char *before = ",\"ExpressionAttributeValues\":{";
    if (strstr(texts, ":n") != NULL) {
        snprintf(number, sizeof(number), "%s\":n\":{\"N\":\"%ld\"}", before, operands->number);
        put(&body, number);
        before = ",";
    }
    if (strstr(texts, ":ss") != NULL) {
        put(&body, before);
        put(&body, "\":ss\":{\"SS\":");
        model_put_letters(&body, operands->letters);
        put(&body, "}");
        before = ",";
    } else if (strstr(texts, ":s") != NULL) {
        put(&body, before);
        put(&body, "\":s\":{\"S\":\"");
        put(&body, operands->string);
        put(&body, "\"}");
        before = ",";
    }
    if (strstr(texts, ":l") != NULL) {
        const char letter[] = {(char)('a' + __builtin_ctz(operands->letters)), '\0'};
        put(&body, before);
        put(&body, "\":l\":{\"S\":\"");
        put(&body, letter);
        put(&body, "\"}");
        before = ",";
    }
    if (before[1] == '\0')
        put(&body, "}");
}

static void put_text(const char *name, const char *text)
{
    const char *pieces[] = {",\"", name, "\":\"", text, "\""};
    for (size_t i = 0; i < array_size(pieces); i++)
        put(&body, pieces[i]);
}

/* A write of one item, as it is asked and as it is to be answered. */
struct write {
    const char *operation;
    size_t index;
    struct model_item after;
    enum model_condition condition;
    struct model_operands operands;
    const char *update; /* its text; "": none */
    bool wants_new;     /* ReturnValues ALL_NEW */
};

/* The rest of the body, behind the item or the key; the answer; the effect. */
static void check_write(const struct write *write)
{
    struct model_item *item = &model.items[write->index];
    bool wants_old = !write->wants_new && draw_bool(&draws), shows = draw_bool(&draws);
    bool holds = model_holds(item, write->condition, &write->operands);
    if (write->condition != MODEL_ANY)
        put_text("ConditionExpression", conditions[write->condition]);
    if (wants_old || write->wants_new)
        put_text("ReturnValues", wants_old ? "ALL_OLD" : "ALL_NEW");
    if (shows)
        put_text("ReturnValuesOnConditionCheckFailure", "ALL_OLD");
    char texts[128];
    snprintf(texts, sizeof(texts), "%s %s", write->update, conditions[write->condition]);
    put_values(&write->operands, texts);
    put(&body, "}");
    bool old_shown = item->exists && (holds ? wants_old : shows);
    put(&expected, holds ? "{" : FAILED);
    if (old_shown) {
        put(&expected, holds ? "\"Attributes\":" : ",\"Item\":");
        model_put_item(&expected, &model, write->index);
    }
    if (holds)
        *item = write->after;
    if (holds && write->wants_new) {
        put(&expected, "\"Attributes\":");
        model_put_item(&expected, &model, write->index);
    }
    put(&expected, "}");
    check(write->operation, holds ? 200 : 400);
}

static struct write draw_write(const char *operation)
{
    struct write write = {.operation = operation, .index = draw_index(), .update = ""};
    write.condition = (enum model_condition)draw_below(&draws, array_size(conditions));
    write.operands = draw_operands();
    write.after = model.items[write.index];
    return write;
}

static struct model_item draw_model_item(void)
{
    struct model_item item = {.exists = true, .has_number = draw_bool(&draws)};
    item.number = (long)draw_below(&draws, 9) - 4;
    if (draw_bool(&draws))
        item.string = DRAW_ONE(&draws, strings);
    if (draw_bool(&draws))
        item.letters = draw_byte(&draws);
    return item;
}

static void put_item_of(const struct model_item *item, size_t index)
{
    struct model fresh = model;
    fresh.items[index] = *item;
    model_put_item(&body, &fresh, index);
}

static void put_item(void)
{
    begin("{\"TableName\":\"tab\",\"Item\":");
    struct write write = draw_write("PutItem");
    write.after = draw_model_item();
    put_item_of(&write.after, write.index);
    check_write(&write);
}

static void update_item(void)
{
    begin("{\"TableName\":\"tab\",\"Key\":");
    struct write write = draw_write("UpdateItem");
    enum model_update update = (enum model_update)draw_below(&draws, array_size(updates));
    model_update(&write.after, update, &write.operands);
    write.update = updates[update];
    write.wants_new = draw_bool(&draws);
    model_put_key(&body, write.index);
    put_text("UpdateExpression", write.update);
    check_write(&write);
}

static void delete_item(void)
{
    begin("{\"TableName\":\"tab\",\"Key\":");
    struct write write = draw_write("DeleteItem");
    write.after = (struct model_item){.exists = false};
    model_put_key(&body, write.index);
    check_write(&write);
}

/* Other reads need not see what was decided just now: its commit may still be on its way. */
static void put_consistent(void)
{
    if (draw_bool(&draws))
        put(&body, ",\"ConsistentRead\":true");
    else
        lone_node_settle(&lone);
}

static void get_item(void)
{
    size_t index = draw_index();
    bool projected = draw_bool(&draws);
    begin("{\"TableName\":\"tab\",\"Key\":");
    model_put_key(&body, index);
    put_consistent();
    put(&body, projected ? ",\"ProjectionExpression\":\"s, n\"}" : "}");
    put(&expected, model.items[index].exists ? "{\"Item\":" : "{");
    if (model.items[index].exists)
        (projected ? model_put_projected : model_put_item)(&expected, &model, index);
    put(&expected, "}");
    check("GetItem", 200);
}

static bool passes(const struct model_item *item, bool filtered,
                   const struct model_operands *operands)
{
    return !filtered || (item->has_number && item->number >= operands->number);
}

static void put_counts(bool first, size_t count, size_t scanned)
{
    char text[64];
    snprintf(text, sizeof(text), "%s\"Count\":%zu,\"ScannedCount\":%zu", first ? "" : ",", count,
             scanned);
    put(&expected, text);
}

/* One page of a collection. */
static void query(void)
{
    size_t partition = draw_below(&draws, MODEL_PARTITIONS), counts[2] = {0, 0};
    size_t start = draw_below(&draws, MODEL_SORTS + 1), limit = 1 + draw_below(&draws, MODEL_SORTS);
    bool forward = draw_bool(&draws), filtered = draw_bool(&draws);
    struct model_operands operands = draw_operands();
    char text[320];
    begin("{\"TableName\":\"tab\"");
    put_consistent();
    snprintf(text, sizeof(text),
             ",\"KeyConditionExpression\":\"pk = :p\",\"ScanIndexForward\":%s,\"Limit\":%zu,"
             "\"ExpressionAttributeValues\":{\":p\":{\"S\":\"%s\"}",
             forward ? "true" : "false", limit, model_partitions[partition]);
    put(&body, text);
    snprintf(text, sizeof(text), ",\":f\":{\"N\":\"%ld\"}},\"FilterExpression\":\"n >= :f\"",
             operands.number);
    put(&body, filtered ? text : "}");
    if (start < MODEL_SORTS) {
        put(&body, ",\"ExclusiveStartKey\":");
        model_put_key(&body, partition * MODEL_SORTS + start);
    }
    put(&body, "}");
    put(&expected, "{\"Items\":[");
    size_t last = MODEL_ITEMS;
    for (size_t i = start < MODEL_SORTS ? (forward ? start + 1 : MODEL_SORTS - start) : 0;
         i < MODEL_SORTS && counts[1] < limit; i++) {
        size_t index = partition * MODEL_SORTS + (forward ? i : MODEL_SORTS - 1 - i);
        if (!model.items[index].exists)
            continue;
        last = index;
        counts[1]++;
        if (!passes(&model.items[index], filtered, &operands))
            continue;
        put(&expected, counts[0]++ > 0 ? "," : "");
        model_put_item(&expected, &model, index);
    }
    put(&expected, "]");
    put_counts(false, counts[0], counts[1]);
    if (counts[1] == limit) {
        put(&expected, ",\"LastEvaluatedKey\":");
        model_put_key(&expected, last);
    }
    put(&expected, "}");
    check("Query", 200);
}

static void scan(void)
{
    struct model_operands operands = draw_operands();
    bool filtered = draw_bool(&draws);
    size_t count = 0;
    char text[128];
    begin("{\"TableName\":\"tab\",\"Select\":\"COUNT\"");
    put_consistent();
    snprintf(text, sizeof(text),
             ",\"FilterExpression\":\"n >= :n\",\"ExpressionAttributeValues\":{\":n\":{\"N\":\"%ld"
             "\"}}}",
             operands.number);
    put(&body, filtered ? text : "}");
    for (size_t i = 0; i < MODEL_ITEMS; i++)
        count += model.items[i].exists && passes(&model.items[i], filtered, &operands);
    put(&expected, "{");
    put_counts(true, count, model_count(&model));
    put(&expected, "}");
    check("Scan", 200);
}

/* Keys of a batch; false if one is drawn twice. */
static bool draw_keys(size_t *keys, size_t *count)
{
    bool seen[MODEL_ITEMS] = {false}, distinct = true;
    *count = 1 + draw_below(&draws, BATCH_MAX);
    for (size_t i = 0; i < *count; i++) {
        keys[i] = draw_index();
        distinct &= !seen[keys[i]];
        seen[keys[i]] = true;
    }
    return distinct;
}

/* Refused with the message, and nothing has happened. */
static void expect_duplicates(void)
{
    writer_reset(&expected);
    put(&expected, "{\"__type\":\"com.amazon.coral.validate#ValidationException\",\"message\":"
                   "\"Provided list of item keys contains duplicates\"}");
}

static void batch_write(void)
{
    struct model after = model;
    size_t keys[BATCH_MAX], count;
    bool distinct = draw_keys(keys, &count);
    begin("{\"RequestItems\":{\"tab\":[");
    for (size_t i = 0; i < count; i++) {
        bool deletes = draw_bool(&draws);
        put(&body, i > 0 ? "," : "");
        put(&body, deletes ? "{\"DeleteRequest\":{\"Key\":" : "{\"PutRequest\":{\"Item\":");
        after.items[keys[i]] = deletes ? (struct model_item){.exists = false} : draw_model_item();
        if (deletes)
            model_put_key(&body, keys[i]);
        else
            model_put_item(&body, &after, keys[i]);
        put(&body, "}}");
    }
    put(&body, "]}}");
    put(&expected, "{\"UnprocessedItems\":{}}");
    if (distinct)
        model = after;
    else
        expect_duplicates();
    check("BatchWriteItem", distinct ? 200 : 400);
}

/* Its items come in any order. */
static void check_items(struct slice reply, size_t items)
{
    yyjson_val *responses = yyjson_obj_get(json_parse(&lone.arena, reply), "Responses");
    ensure(yyjson_arr_size(yyjson_obj_get(responses, "tab")) == items);
    for (size_t i = 0; i < MODEL_ITEMS; i++) {
        writer_reset(&expected);
        model_put_item(&expected, &model, i);
        struct slice item = writer_slice(&expected);
        bool there = memmem(reply.data, reply.size, item.data, item.size) != NULL;
        items -= there && model.items[i].exists;
    }
    ensure(items == 0);
}

static void batch_get(void)
{
    size_t keys[BATCH_MAX], count, existing = 0;
    bool distinct = draw_keys(keys, &count);
    begin("{\"RequestItems\":{\"tab\":{\"Keys\":[");
    for (size_t i = 0; i < count; i++) {
        put(&body, i > 0 ? "," : "");
        model_put_key(&body, keys[i]);
        existing += model.items[keys[i]].exists;
    }
    put(&body, "]");
    put_consistent();
    put(&body, "}}}");
    if (!distinct) {
        expect_duplicates();
        check("BatchGetItem", 400);
        return;
    }
    struct slice reply = lone_node_call(&lone, "BatchGetItem", writer_slice(&body));
    ensure(lone.status == 200);
    check_items(reply, existing);
}

/* A table of the same name is another table. */
static void recreate(void)
{
    if (draw_byte(&draws) % 8 != 7)
        return;
    lone_node_ok(&lone, "DeleteTable", "{'TableName':'tab'}");
    create_table();
}

/* A read with one byte changed may be answered in any way. */
static void tampered(void)
{
    begin("{\"TableName\":\"tab\",\"Key\":");
    model_put_key(&body, draw_index());
    put(&body, ",\"ProjectionExpression\":\"n\",\"ReturnConsumedCapacity\":\"TOTAL\"}");
    size_t at = draw_below(&draws, 65536) % body.size;
    body.buffer->data[at] = draw_byte(&draws);
    lone_node_call(&lone, "GetItem", writer_slice(&body));
}

static void check_whole(void)
{
    for (size_t i = 0; i < MODEL_ITEMS; i++) {
        begin("{\"TableName\":\"tab\",\"ConsistentRead\":true,\"Key\":");
        model_put_key(&body, i);
        put(&body, "}");
        put(&expected, model.items[i].exists ? "{\"Item\":" : "{");
        if (model.items[i].exists)
            model_put_item(&expected, &model, i);
        put(&expected, "}");
        check("GetItem", 200);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const calls[])(void) = {put_item,    update_item, update_item, update_item,
                                          delete_item, get_item,    query,       scan,
                                          batch_write, batch_get,   recreate,    tampered};
    draws = (struct draws){slice_of(data, size)};
    writer_init(&body, 0);
    writer_init(&expected, 0);
    lone_node_init(&lone, 1);
    create_table();
    recent = 0;
    for (unsigned i = 0; i < CALLS_MAX && draws.left.size > 0; i++)
        calls[draw_below(&draws, array_size(calls))]();
    check_whole();
    lone_node_settle(&lone);
    lone_node_deinit(&lone);
    writer_deinit(&body);
    writer_deinit(&expected);
    return 0;
}
