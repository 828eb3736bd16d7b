#include "condition.h"

#include <string.h>

#include "decimal.h"
#include "item.h"
#include "item_view.h"

/* The value of an operand; must stay where it is while `value` is used. */
struct operand {
    struct slice value;                     /* encoded; empty: there is none */
    uint8_t computed[2 + DECIMAL_SIZE_MAX]; /* what `value` borrows from, if it was computed */
};

static bool holds(const struct expression *condition, struct item_view *item);
static void operand_init(struct operand *operand, const struct expression *expression,
                         struct item_view *item);

/* As the service counts a string: in UTF-16 code units. */
static uint64_t string_length(struct slice text)
{
    uint64_t length = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool begins = (text.data[i] & 0xc0) != 0x80;
        bool is_pair = text.data[i] >= 0xf0;
        length += begins + (uint64_t)is_pair;
    }
    return length;
}

/* False if values of that type have no size. */
static bool size_of(struct slice value, uint64_t *size)
{
    enum value_type type = value_type(value);
    *size = 0;
    if (type == VALUE_STRING)
        *size = string_length(value_bytes(value));
    else if (type == VALUE_BINARY)
        *size = value_bytes(value).size;
    else if (value_type_is_container(type))
        *size = value_count(value);
    else
        return false;
    return true;
}

static void compute_size(struct operand *operand, const struct expression *measured,
                         struct item_view *item)
{
    struct operand inner;
    uint64_t size;
    operand_init(&inner, measured, item);
    if (!size_of(inner.value, &size))
        return;
    struct decimal_bytes number;
    decimal_from_i64((int64_t)size, &number);
    operand->computed[0] = VALUE_NUMBER;
    operand->computed[1] = number.size;
    memcpy(operand->computed + 2, number.bytes, number.size);
    operand->value = slice_of(operand->computed, 2 + (size_t)number.size);
}

/* A path, a value or size(). */
static void operand_init(struct operand *operand, const struct expression *expression,
                         struct item_view *item)
{
    operand->value = SLICE_EMPTY;
    if (expression->kind == EXPRESSION_VALUE)
        operand->value = expression->value;
    else if (expression->kind == EXPRESSION_PATH)
        item_view_find(item, &expression->path, &operand->value);
    else if (expression->kind == EXPRESSION_FUNCTION && expression->function == FUNCTION_SIZE)
        compute_size(operand, expression->first, item);
}

static bool exists(struct slice value)
{
    return value.size > 0;
}

static bool equal(struct slice a, struct slice b)
{
    return exists(a) && slice_equal(a, b);
}

/* False if the values have no order among each other. */
static bool compare(struct slice a, struct slice b, int *order)
{
    enum value_type type = value_type(a);
    *order = 0;
    if (type == VALUE_NONE || type > VALUE_BINARY || type != value_type(b))
        return false;
    *order = slice_compare(value_bytes(a), value_bytes(b));
    return true;
}

static bool compares_as(enum expression_kind kind, struct slice a, struct slice b)
{
    int order;
    if (kind == EXPRESSION_EQUAL)
        return equal(a, b);
    if (kind == EXPRESSION_NOT_EQUAL)
        return !equal(a, b);
    if (!compare(a, b, &order))
        return false;
    if (kind == EXPRESSION_LESS)
        return order < 0;
    if (kind == EXPRESSION_LESS_OR_EQUAL)
        return order <= 0;
    return kind == EXPRESSION_GREATER ? order > 0 : order >= 0;
}

static bool compares(const struct expression *node, struct item_view *item)
{
    struct operand a, b;
    operand_init(&a, node->first, item);
    operand_init(&b, node->first->next, item);
    return compares_as(node->kind, a.value, b.value);
}

static bool is_between(const struct expression *node, struct item_view *item)
{
    struct operand middle, low, high;
    operand_init(&middle, node->first, item);
    operand_init(&low, node->first->next, item);
    operand_init(&high, node->first->next->next, item);
    return compares_as(EXPRESSION_LESS_OR_EQUAL, low.value, middle.value) &&
           compares_as(EXPRESSION_LESS_OR_EQUAL, middle.value, high.value);
}

static bool is_in(const struct expression *node, struct item_view *item)
{
    struct operand wanted, candidate;
    operand_init(&wanted, node->first, item);
    for (const struct expression *at = node->first->next; at != NULL; at = at->next) {
        operand_init(&candidate, at, item);
        if (equal(wanted.value, candidate.value))
            return true;
    }
    return false;
}

static bool begins_with(struct slice value, struct slice prefix)
{
    enum value_type type = value_type(value);
    return (type == VALUE_STRING || type == VALUE_BINARY) && type == value_type(prefix) &&
           slice_starts_with(value_bytes(value), value_bytes(prefix));
}

static bool bytes_contain(struct slice whole, struct slice part)
{
    return part.size == 0 ||
           (whole.size > 0 && memmem(whole.data, whole.size, part.data, part.size) != NULL);
}

static bool list_contains(struct slice list, struct slice wanted)
{
    struct item_cursor cursor = value_cursor(list);
    struct slice member;
    while (list_next(&cursor, &member))
        if (equal(member, wanted))
            return true;
    return false;
}

static bool contains(struct slice container, struct slice wanted)
{
    enum value_type type = value_type(container);
    if (!exists(wanted))
        return false;
    if (type == VALUE_LIST)
        return list_contains(container, wanted);
    if (value_type_is_set(type))
        return value_type_of_member(type) == value_type(wanted) &&
               set_contains(container, value_bytes(wanted));
    return (type == VALUE_STRING || type == VALUE_BINARY) && type == value_type(wanted) &&
           bytes_contain(value_bytes(container), value_bytes(wanted));
}

static bool has_type(struct slice value, struct slice name)
{
    return exists(value) && value_type(name) == VALUE_STRING &&
           slice_equal(value_bytes(name), slice_of_string(value_type_name(value_type(value))));
}

static bool function_holds(const struct expression *node, struct item_view *item)
{
    struct operand a, b = {.value = SLICE_EMPTY};
    operand_init(&a, node->first, item);
    if (node->first->next != NULL)
        operand_init(&b, node->first->next, item);
    switch (node->function) {
    case FUNCTION_ATTRIBUTE_EXISTS:
        return exists(a.value);
    case FUNCTION_ATTRIBUTE_NOT_EXISTS:
        return !exists(a.value);
    case FUNCTION_ATTRIBUTE_TYPE:
        return has_type(a.value, b.value);
    case FUNCTION_BEGINS_WITH:
        return begins_with(a.value, b.value);
    case FUNCTION_CONTAINS:
        return contains(a.value, b.value);
    default:
        return false;
    }
}

/* Whether the outcome is that of the first operand that is `decisive`, else its opposite. */
static bool chain_holds(const struct expression *node, struct item_view *item, bool decisive)
{
    for (const struct expression *at = node->first; at != NULL; at = at->next)
        if (holds(at, item) == decisive)
            return decisive;
    return !decisive;
}

static bool holds(const struct expression *condition, struct item_view *item)
{
    switch (condition->kind) {
    case EXPRESSION_AND:
        return chain_holds(condition, item, false);
    case EXPRESSION_OR:
        return chain_holds(condition, item, true);
    case EXPRESSION_NOT:
        return !holds(condition->first, item);
    case EXPRESSION_FUNCTION:
        return function_holds(condition, item);
    case EXPRESSION_BETWEEN:
        return is_between(condition, item);
    case EXPRESSION_IN:
        return is_in(condition, item);
    case EXPRESSION_EQUAL:
    case EXPRESSION_NOT_EQUAL:
    case EXPRESSION_LESS:
    case EXPRESSION_LESS_OR_EQUAL:
    case EXPRESSION_GREATER:
    case EXPRESSION_GREATER_OR_EQUAL:
        return compares(condition, item);
    default:
        return false;
    }
}

bool condition_holds(struct arena *arena, const struct expression *condition, struct slice item)
{
    struct item_view view;
    item_view_init(&view, arena, item);
    return holds(condition, &view);
}
