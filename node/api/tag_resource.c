#include "api_state.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "table_arn.h"
#include "table_change.h"
#include "table_shapes.h"

static const struct shape shape_resource_arn = {.kind = SHAPE_STRING, .resource_first = true};
static const struct shape_member tag_members[] = {
    {"ResourceArn", &shape_resource_arn, false, false},
    {"Tags", &shape_tags, true, false},
};
static const struct shape tag_shape = SHAPE_OF(tag_members);
static const struct shape_member untag_members[] = {
    {"ResourceArn", &shape_resource_arn, false, false},
    {"TagKeys", &shape_tag_keys, true, false},
};
static const struct shape untag_shape = SHAPE_OF(untag_members);
static const struct shape_member list_members[] = {
    {"ResourceArn", &shape_resource_arn, false, false},
    {"NextToken", &shape_any, false, true},
};
static const struct shape list_shape = SHAPE_OF(list_members);

/* The definition's tags, opened for changes. */
static struct value_node *open_tags(struct arena *arena, const struct table *table)
{
    if (value_type(table->tags) != VALUE_MAP)
        return value_node_container(arena, VALUE_MAP);
    return value_node_of_item(arena, value_map_item(table->tags));
}

/* Puts changed tags and the quorum they ask for into the definition. */
static const char *put_tags(struct table_change *change, const struct table *table,
                            struct value_node *definition, struct value_node *tags)
{
    struct arena *arena = change->call.arena;
    struct quorum quorum;
    const char *problem = quorum_of_tags(arena, tags, &change->call.api->default_quorum, &quorum);
    if (problem == NULL && quorum.n != table->quorum.n)
        problem = arena_printf(arena, MESSAGE_TAG_REPLICAS, table->quorum.n, quorum.n);
    if (problem != NULL) {
        operation_refuse(&change->call, problem);
        return problem;
    }
    definition_put(definition, "tags", tags);
    definition_put_quorum(arena, definition, &quorum);
    return NULL;
}

static const char *tag(struct table_change *change, const struct table *table,
                       struct value_node *definition)
{
    struct value_node *tags = open_tags(change->call.arena, table);
    const char *problem =
        tags_add(change->call.arena, tags, json_member(change->call.input, "Tags"));
    if (problem == NULL)
        return put_tags(change, table, definition, tags);
    operation_refuse(&change->call, problem);
    return problem;
}

static const char *untag(struct table_change *change, const struct table *table,
                         struct value_node *definition)
{
    struct value_node *tags = open_tags(change->call.arena, table);
    yyjson_arr_iter keys = yyjson_arr_iter_with(json_member(change->call.input, "TagKeys"));
    for (yyjson_val *key; (key = yyjson_arr_iter_next(&keys)) != NULL;) {
        struct value_node *found = value_node_find(tags, json_string(key));
        if (found != NULL)
            value_node_remove(tags, found);
    }
    return put_tags(change, table, definition, tags);
}

/* The body is empty. */
static void reply_nothing(struct table_change *change, const struct table *table)
{
    (void)change;
    (void)table;
}

static const struct table_changer tagger = {.change = tag, .reply = reply_nothing};
static const struct table_changer untagger = {.change = untag, .reply = reply_nothing};

static const char *not_found(struct operation_call *call)
{
    struct slice arn = json_member_string(call->input, "ResourceArn");
    return arena_printf(call->arena, MESSAGE_NO_TAGGED, (int)arn.size, arn.data);
}

static void change_tags(struct operation_call *call, const struct table_changer *changer,
                        const char *list, const char *empty, const char *missing)
{
    struct table_change *change = (struct table_change *)(void *)call;
    struct slice name;
    if (!table_arn_of_resource(call, &name))
        return;
    if (yyjson_arr_size(json_member(call->input, list)) == 0) {
        operation_refuse(call, empty);
        return;
    }
    change->not_found = missing;
    table_change_start(change, changer, name);
}

static void start_tag(struct operation_call *call)
{
    change_tags(call, &tagger, "Tags", MESSAGE_TAGS_NONE, not_found(call));
}

static void start_untag(struct operation_call *call)
{
    change_tags(call, &untagger, "TagKeys", MESSAGE_TAG_KEYS_NONE, MESSAGE_NO_RESOURCE);
}

/* ListTagsOfResource. */

static void list_tags(struct operation_call *call)
{
    if (call->found == NULL) {
        operation_fail(call, "ResourceNotFoundException", not_found(call));
        return;
    }
    struct writer *reply = operation_reply(call);
    struct item_cursor cursor = value_cursor(call->found->tags);
    struct slice key, value;
    json_put_raw(reply, "{\"Tags\":[");
    while (item_next(&cursor, &key, &value)) {
        json_put_separator(reply);
        json_put_raw(reply, "{");
        json_put_name(reply, "Key");
        json_put_string(reply, key);
        json_put_name(reply, "Value");
        json_put_string(reply, value_bytes(value));
        json_put_raw(reply, "}");
    }
    json_put_raw(reply, "]}");
    operation_finish(call);
}

static void start_list(struct operation_call *call)
{
    struct slice name;
    if (table_arn_of_resource(call, &name))
        catalogue_lookup(call, name, list_tags);
}

const struct operation operation_tag_resource = {"TagResource", sizeof(struct table_change),
                                                 &tag_shape, start_tag};
const struct operation operation_untag_resource = {"UntagResource", sizeof(struct table_change),
                                                   &untag_shape, start_untag};
const struct operation operation_list_tags_of_resource = {
    "ListTagsOfResource", sizeof(struct operation_call), &list_shape, start_list};
