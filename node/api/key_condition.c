#include "key_condition.h"

#include "expression_cache.h"
#include "expression_check.h"
#include "messages.h"

static const char *add_term(struct arena *arena, const struct expression *expression,
                            struct key_condition *condition);

/* Only AND, comparisons and begins_with may stand in a key condition. */
static const char *check_operator(struct arena *arena, const struct expression *expression)
{
    bool refused =
        expression->kind == EXPRESSION_OR || expression->kind == EXPRESSION_NOT ||
        expression->kind == EXPRESSION_IN || expression->kind == EXPRESSION_NOT_EQUAL ||
        (expression->kind == EXPRESSION_FUNCTION && expression->function != FUNCTION_BEGINS_WITH &&
         expression->function != FUNCTION_SIZE);
    if (refused)
        return arena_printf(arena, MESSAGE_CONDITION_OPERATOR,
                            expression_operator_name(expression));
    if (expression->kind == EXPRESSION_FUNCTION && expression->function == FUNCTION_SIZE)
        return MESSAGE_CONDITION_NESTED;
    bool key_first =
        expression->kind == EXPRESSION_BETWEEN || expression->kind == EXPRESSION_FUNCTION;
    if (key_first && expression->first->kind != EXPRESSION_PATH)
        return arena_printf(arena, MESSAGE_CONDITION_KEY_FIRST,
                            expression_operator_name(expression));
    return NULL;
}

static const char *add_terms(struct arena *arena, const struct expression *expression,
                             struct key_condition *condition)
{
    for (const struct expression *at = expression->first; at != NULL; at = at->next) {
        const char *problem = add_term(arena, at, condition);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

/* The one operand that is a path. */
static const char *find_key(const struct expression *expression, const struct expression **key)
{
    *key = NULL;
    for (const struct expression *at = expression->first; at != NULL; at = at->next) {
        if (at->kind == EXPRESSION_FUNCTION)
            return MESSAGE_CONDITION_NESTED;
        if (at->kind != EXPRESSION_PATH)
            continue;
        if (*key != NULL)
            return MESSAGE_CONDITION_NAMES;
        if (at->path.count > 1)
            return MESSAGE_CONDITION_PATH;
        *key = at;
    }
    return *key == NULL ? MESSAGE_CONDITION_NO_KEY : NULL;
}

static enum sort_bound relation_of(const struct expression *expression, bool key_first)
{
    switch (expression->kind) {
    case EXPRESSION_LESS:
        return key_first ? SORT_LESS : SORT_GREATER;
    case EXPRESSION_LESS_OR_EQUAL:
        return key_first ? SORT_LESS_OR_EQUAL : SORT_GREATER_OR_EQUAL;
    case EXPRESSION_GREATER:
        return key_first ? SORT_GREATER : SORT_LESS;
    case EXPRESSION_GREATER_OR_EQUAL:
        return key_first ? SORT_GREATER_OR_EQUAL : SORT_LESS_OR_EQUAL;
    case EXPRESSION_BETWEEN:
        return SORT_BETWEEN;
    case EXPRESSION_FUNCTION:
        return SORT_BEGINS_WITH;
    default:
        return SORT_EQUAL;
    }
}

static const char *add_term(struct arena *arena, const struct expression *expression,
                            struct key_condition *condition)
{
    const char *problem = check_operator(arena, expression);
    if (problem != NULL)
        return problem;
    if (expression->kind == EXPRESSION_AND)
        return add_terms(arena, expression, condition);
    const struct expression *key;
    problem = find_key(expression, &key);
    if (problem != NULL)
        return problem;
    struct slice name = key->path.elements[0].name;
    for (size_t i = 0; i < condition->count && i < array_size(condition->terms); i++)
        if (slice_equal(condition->terms[i].name, name))
            return MESSAGE_CONDITION_TWO;
    if (condition->count++ >= array_size(condition->terms))
        return NULL; /* reported by the caller, after all terms have been looked at */
    bool key_first = key == expression->first;
    const struct expression *bound = key_first ? key->next : expression->first;
    condition->terms[condition->count - 1] = (struct key_term){
        .name = name,
        .relation = relation_of(expression, key_first),
        .bound = bound->value,
        .bound_high = expression->kind == EXPRESSION_BETWEEN ? bound->next->value : SLICE_EMPTY};
    return NULL;
}

const char *key_condition_parse(struct expression_context *context, struct slice text,
                                struct expression **parsed)
{
    const char *problem = expression_cache_condition(context, text, parsed);
    return problem == NULL ? NULL
                           : arena_printf(context->arena, MESSAGE_INVALID_KEY_CONDITION, problem);
}

const char *key_condition_reduce(struct arena *arena, const struct expression *parsed,
                                 struct key_condition *condition)
{
    *condition = (struct key_condition){.count = 0};
    const char *problem = add_term(arena, parsed, condition);
    if (problem == NULL && condition->count > array_size(condition->terms))
        return MESSAGE_CONDITION_MANY;
    return problem;
}

const struct key_term *key_condition_on(const struct key_condition *condition,
                                        const struct table_key *key)
{
    for (size_t i = 0; i < condition->count; i++)
        if (slice_equal(condition->terms[i].name, key->name))
            return &condition->terms[i];
    return NULL;
}

static const char *say_missed(struct arena *arena, const struct table_key *key)
{
    return arena_printf(arena, MESSAGE_CONDITION_MISSED, (int)key->name.size, key->name.data);
}

static const char *check_sort_term(struct arena *arena, const struct key_term *term,
                                   const struct table_key *key)
{
    if (term->unindexed)
        return MESSAGE_LEGACY_UNINDEXED;
    struct slice low = value_bytes(term->bound), high = value_bytes(term->bound_high);
    if (low.size > SORT_KEY_SIZE_MAX || high.size > SORT_KEY_SIZE_MAX)
        return MESSAGE_SORT_KEY_TOO_LARGE;
    bool has_high = term->relation == SORT_BETWEEN;
    if (value_type(term->bound) != key->type ||
        (has_high && value_type(term->bound_high) != key->type))
        return MESSAGE_CONDITION_TYPE;
    const char *problem = table_key_check(arena, key, low, true);
    return problem != NULL || !has_high ? problem : table_key_check(arena, key, high, true);
}

const char *key_condition_check(struct arena *arena, const struct key_condition *condition,
                                const struct table_key *partition_key,
                                const struct table_key *sort_key)
{
    const struct key_term *hash = key_condition_on(condition, partition_key);
    const struct key_term *sort = key_condition_on(condition, sort_key);
    if (condition->count > 1 && sort_key->name.size == 0)
        return MESSAGE_CONDITION_UNSUPPORTED;
    if (hash == NULL)
        return say_missed(arena, partition_key);
    if (hash->unindexed)
        return MESSAGE_LEGACY_UNINDEXED;
    if (value_type(hash->bound) != partition_key->type)
        return MESSAGE_CONDITION_TYPE;
    if (hash->relation != SORT_EQUAL)
        return MESSAGE_CONDITION_UNSUPPORTED;
    const char *problem = table_key_check(arena, partition_key, value_bytes(hash->bound), false);
    if (problem == NULL && condition->count > 1)
        problem =
            sort == NULL ? say_missed(arena, sort_key) : check_sort_term(arena, sort, sort_key);
    return problem;
}
