#include "legacy_filter.h"

#include "item.h"
#include "legacy_condition.h"
#include "messages.h"
#include "shape.h"
#include "table.h"

enum { FILTER_SIZE_MAX = 2 * 1024 * 1024 /* bytes; as of the values of expressions */ };

static struct expression *node_new(struct arena *arena, enum expression_kind kind)
{
    struct expression *node = arena_zalloc(arena, sizeof(*node));
    node->kind = kind;
    return node;
}

static struct expression *path_node(struct arena *arena, struct slice name)
{
    struct expression *node = node_new(arena, EXPRESSION_PATH);
    node->path = document_path_of(arena, name);
    return node;
}

static struct expression *joined(struct arena *arena, enum expression_kind kind,
                                 struct expression *first, struct expression *second)
{
    struct expression *node = node_new(arena, kind);
    node->first = first;
    first->next = second;
    node->count = second == NULL ? 1 : 2;
    return node;
}

static struct expression *function_node(struct arena *arena, enum expression_function function,
                                        struct expression *operands, size_t count)
{
    struct expression *node = node_new(arena, EXPRESSION_FUNCTION);
    node->function = function;
    node->first = operands;
    node->count = count;
    return node;
}

/* The attribute, then the values. */
static struct expression *operands_of(struct arena *arena, const struct legacy_condition *condition)
{
    struct expression *first = path_node(arena, condition->name);
    struct expression **end = &first->next;
    for (size_t i = 0; i < condition->count; i++) {
        *end = node_new(arena, EXPRESSION_VALUE);
        (*end)->value = condition->values[i];
        end = &(*end)->next;
    }
    return first;
}

static struct expression *tree_of(struct arena *arena, const struct legacy_condition *condition)
{
    const struct legacy_operator *comparison = condition->comparison;
    struct expression *operands = operands_of(arena, condition);
    if (comparison->kind == EXPRESSION_FUNCTION || comparison->kind == EXPRESSION_NOT)
        operands = function_node(arena, comparison->function, operands, condition->count + 1);
    if (comparison->kind == EXPRESSION_FUNCTION)
        return operands;
    if (comparison->kind != EXPRESSION_NOT) {
        struct expression *node = node_new(arena, comparison->kind);
        node->first = operands;
        node->count = condition->count + 1;
        return node;
    }
    /* Unlike NOT contains(), NOT_CONTAINS is false of an attribute that is not there. */
    return legacy_filter_if_there(arena, condition->name,
                                  joined(arena, EXPRESSION_NOT, operands, NULL));
}

struct expression *legacy_filter_if_there(struct arena *arena, struct slice name,
                                          struct expression *also)
{
    struct expression *there =
        function_node(arena, FUNCTION_ATTRIBUTE_EXISTS, path_node(arena, name), 1);
    return also == NULL ? there : joined(arena, EXPRESSION_AND, there, also);
}

/* One byte for each value, however small, so that there is a bound on how many there are. */
static uint64_t size_of(const struct legacy_condition *condition)
{
    uint64_t size = condition->name.size;
    for (size_t i = 0; i < condition->count; i++)
        size += 1 + value_size(condition->values[i]);
    return size;
}

/* Makes one node of all conditions, joined as the request says. */
static struct expression *join(struct arena *arena, yyjson_val *input,
                               struct expression *conditions, size_t count)
{
    if (count < 2)
        return conditions;
    bool any = slice_equal(json_member_string(input, "ConditionalOperator"), SLICE_LITERAL("OR"));
    struct expression *node = node_new(arena, any ? EXPRESSION_OR : EXPRESSION_AND);
    node->first = conditions;
    node->count = count;
    return node;
}

typedef const char *(*read_condition)(struct arena *arena, struct slice name, yyjson_val *json,
                                      struct legacy_condition *condition);

static const char *read_all(struct arena *arena, yyjson_val *json, read_condition read,
                            uint64_t size_max, struct expression **conditions)
{
    uint64_t size = 0;
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;) {
        struct legacy_condition condition;
        const char *problem =
            read(arena, json_string(name), yyjson_obj_iter_get_val(name), &condition);
        if (problem != NULL)
            return problem;
        size += size_of(&condition);
        if (size > size_max)
            return MESSAGE_TOO_LARGE;
        *conditions = tree_of(arena, &condition);
        conditions = &(*conditions)->next;
    }
    return NULL;
}

const char *legacy_filter_read_expected(struct arena *arena, yyjson_val *input,
                                        struct expression **tree)
{
    *tree = NULL;
    yyjson_val *json = json_member(input, "Expected");
    const char *problem =
        read_all(arena, json, legacy_condition_read_expected, ITEM_SIZE_MAX, tree);
    *tree = join(arena, input, *tree, yyjson_obj_size(json));
    return problem;
}

const char *legacy_filter_read(struct arena *arena, yyjson_val *input, const char *parameter,
                               struct expression **tree)
{
    *tree = NULL;
    yyjson_val *json = json_member(input, parameter);
    const char *problem = read_all(arena, json, legacy_condition_read, FILTER_SIZE_MAX, tree);
    *tree = join(arena, input, *tree, yyjson_obj_size(json));
    return problem;
}

const char *legacy_filter_check_operator(yyjson_val *input, const char *parameter)
{
    if (json_member(input, "ConditionalOperator") == NULL)
        return NULL;
    size_t conditions = yyjson_obj_size(json_member(input, parameter));
    if (conditions > 1)
        return NULL;
    return conditions == 0 ? MESSAGE_LEGACY_NO_FILTER : MESSAGE_LEGACY_ONE_CONDITION;
}
