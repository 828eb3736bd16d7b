#include "update_value.h"

#include "decimal.h"
#include "item.h"
#include "messages.h"

static const char *decimal_problem(enum decimal_result result)
{
    switch (result) {
    case DECIMAL_OK:
        return NULL;
    case DECIMAL_OVERFLOW:
        return MESSAGE_NUMBER_OVERFLOW;
    case DECIMAL_UNDERFLOW:
        return MESSAGE_NUMBER_UNDERFLOW;
    default:
        return MESSAGE_RESULT_DIGITS;
    }
}

static const char *calculate(struct arena *arena, bool subtract, struct slice a, struct slice b,
                             struct slice *value)
{
    if (value_type(a) != VALUE_NUMBER || value_type(b) != VALUE_NUMBER)
        return MESSAGE_UPDATE_TYPE;
    struct decimal_bytes number;
    enum decimal_result result = subtract
                                     ? decimal_subtract(value_bytes(a), value_bytes(b), &number)
                                     : decimal_add(value_bytes(a), value_bytes(b), &number);
    struct writer encoded;
    writer_init(&encoded, 2 + DECIMAL_SIZE_MAX);
    writer_put_u8(&encoded, VALUE_NUMBER);
    writer_put_sized(&encoded, decimal_slice(&number));
    *value = arena_copy(arena, writer_slice(&encoded));
    writer_deinit(&encoded);
    return decimal_problem(result);
}

/* A container of `count` members, which stand encoded in `front`, then `back`. */
static struct slice encode_container(struct arena *arena, enum value_type type, uint64_t count,
                                     struct slice front, struct slice back)
{
    struct writer counted, encoded;
    writer_init(&counted, 10);
    writer_put_varint(&counted, count);
    writer_init(&encoded, 21 + front.size + back.size);
    writer_put_u8(&encoded, (uint8_t)type);
    writer_put_varint(&encoded, counted.size + front.size + back.size);
    writer_put_slice(&encoded, writer_slice(&counted));
    writer_put_slice(&encoded, front);
    writer_put_slice(&encoded, back);
    struct slice value = arena_copy(arena, writer_slice(&encoded));
    writer_deinit(&counted);
    writer_deinit(&encoded);
    return value;
}

static struct slice members_of(const struct item_cursor *cursor)
{
    return slice_of(cursor->reader.at, reader_left(&cursor->reader));
}

static const char *append_lists(struct arena *arena, struct slice a, struct slice b,
                                struct slice *value)
{
    if (value_type(a) != VALUE_LIST || value_type(b) != VALUE_LIST)
        return MESSAGE_UPDATE_TYPE;
    struct item_cursor front = value_cursor(a), back = value_cursor(b);
    *value = encode_container(arena, VALUE_LIST, front.left + back.left, members_of(&front),
                              members_of(&back));
    return NULL;
}

/* Members of `a` and, if `add`, of `b`; else those of `a` that are not in `b`. Empty if there are
 * none. Both sets are of one type, and ascending. */
static struct slice combine_sets(struct arena *arena, bool add, struct slice a, struct slice b)
{
    struct item_cursor left = value_cursor(a), right = value_cursor(b);
    struct slice x, y;
    bool more_x = set_next(&left, &x), more_y = set_next(&right, &y);
    struct writer members;
    uint64_t count = 0;
    writer_init(&members, a.size + b.size);
    while (more_x || more_y) {
        int order = !more_y ? -1 : !more_x ? 1 : slice_compare(x, y);
        if (add || order < 0) {
            writer_put_sized(&members, order <= 0 ? x : y);
            count++;
        }
        if (order <= 0)
            more_x = set_next(&left, &x);
        if (order >= 0)
            more_y = set_next(&right, &y);
    }
    struct slice value = SLICE_EMPTY;
    if (count > 0)
        value = encode_container(arena, value_type(a), count, writer_slice(&members), SLICE_EMPTY);
    writer_deinit(&members);
    return value;
}

static const char *add_to(struct arena *arena, struct slice current, struct slice operand,
                          struct slice *value)
{
    enum value_type type = value_type(operand);
    if (type != VALUE_NUMBER && !value_type_is_set(type))
        return MESSAGE_UPDATE_TYPE;
    *value = operand;
    if (current.size == 0)
        return NULL;
    if (value_type(current) != type)
        return MESSAGE_UPDATE_TYPE;
    if (type == VALUE_NUMBER)
        return calculate(arena, false, current, operand, value);
    *value = combine_sets(arena, true, current, operand);
    return NULL;
}

static const char *take_from(struct arena *arena, struct slice current, struct slice operand,
                             struct slice *value)
{
    enum value_type type = value_type(operand);
    if (!value_type_is_set(type))
        return MESSAGE_UPDATE_TYPE;
    if (current.size == 0)
        return NULL;
    if (value_type(current) != type)
        return MESSAGE_UPDATE_TYPE;
    *value = combine_sets(arena, false, current, operand);
    return NULL;
}

static bool mismatch(struct slice current, struct slice operand)
{
    return current.size > 0 && value_type(current) != value_type(operand);
}

static const char *legacy_add_to(struct arena *arena, struct slice current, struct slice operand,
                                 struct slice *value)
{
    if (mismatch(current, operand))
        return MESSAGE_LEGACY_UPDATE_TYPE;
    if (value_type(operand) != VALUE_LIST)
        return add_to(arena, current, operand, value);
    *value = operand;
    return current.size == 0 ? NULL : append_lists(arena, current, operand, value);
}

static const char *evaluate(struct arena *arena, const struct expression *node,
                            struct item_view *item, struct slice *value);

/* An operation of two operands; both must have a value, whether it is needed or not. */
static const char *evaluate_operation(struct arena *arena, const struct expression *node,
                                      struct item_view *item, struct slice *value)
{
    struct slice a, b;
    const char *problem = evaluate(arena, node->first, item, &a);
    enum value_type wanted = node->kind == EXPRESSION_FUNCTION ? VALUE_LIST : VALUE_NUMBER;
    if (problem == NULL && value_type(a) != wanted)
        return MESSAGE_UPDATE_TYPE;
    if (problem == NULL)
        problem = evaluate(arena, node->first->next, item, &b);
    if (problem != NULL)
        return problem;
    if (node->kind == EXPRESSION_FUNCTION)
        return append_lists(arena, a, b, value);
    return calculate(arena, node->kind == EXPRESSION_MINUS, a, b, value);
}

static const char *evaluate_if_not_exists(struct arena *arena, const struct expression *node,
                                          struct item_view *item, struct slice *value)
{
    struct slice otherwise;
    const char *problem = evaluate(arena, node->first->next, item, &otherwise);
    if (problem != NULL)
        return problem;
    bool found =
        node->first->kind == EXPRESSION_PATH && item_view_find(item, &node->first->path, value);
    if (!found)
        *value = otherwise;
    return NULL;
}

static const char *evaluate(struct arena *arena, const struct expression *node,
                            struct item_view *item, struct slice *value)
{
    *value = SLICE_EMPTY;
    bool function = node->kind == EXPRESSION_FUNCTION;
    if (node->kind == EXPRESSION_VALUE)
        *value = node->value;
    else if (node->kind == EXPRESSION_PATH)
        item_view_find(item, &node->path, value);
    else if (function && node->function == FUNCTION_IF_NOT_EXISTS)
        return evaluate_if_not_exists(arena, node, item, value);
    else if (node->kind == EXPRESSION_PLUS || node->kind == EXPRESSION_MINUS ||
             (function && node->function == FUNCTION_LIST_APPEND))
        return evaluate_operation(arena, node, item, value);
    return value->size == 0 ? MESSAGE_UPDATE_NO_ATTRIBUTE : NULL;
}

const char *update_value_of(struct arena *arena, const struct update_action *action,
                            struct item_view *item, struct slice *value)
{
    *value = SLICE_EMPTY;
    if (action->section == UPDATE_REMOVE)
        return NULL;
    if (action->section == UPDATE_SET)
        return evaluate(arena, action->value, item, value);
    struct slice current, operand = action->value->value;
    item_view_find(item, &action->path, &current);
    switch (action->section) {
    case UPDATE_LEGACY_ADD:
        return legacy_add_to(arena, current, operand, value);
    case UPDATE_LEGACY_DELETE:
        return mismatch(current, operand) ? MESSAGE_LEGACY_UPDATE_TYPE
                                          : take_from(arena, current, operand, value);
    case UPDATE_ADD:
        return add_to(arena, current, operand, value);
    default:
        return take_from(arena, current, operand, value);
    }
}
