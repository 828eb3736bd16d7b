#include "legacy_keys.h"

#include "legacy_condition.h"
#include "messages.h"
#include "shape.h"

/* False if the keys of an index do not answer it. */
static bool relation_of(const struct legacy_operator *comparison, enum sort_bound *relation)
{
    static const struct {
        enum expression_kind kind;
        enum expression_function function;
        enum sort_bound relation;
    } relations[] = {
        {EXPRESSION_EQUAL, FUNCTION_UNKNOWN, SORT_EQUAL},
        {EXPRESSION_LESS, FUNCTION_UNKNOWN, SORT_LESS},
        {EXPRESSION_LESS_OR_EQUAL, FUNCTION_UNKNOWN, SORT_LESS_OR_EQUAL},
        {EXPRESSION_GREATER, FUNCTION_UNKNOWN, SORT_GREATER},
        {EXPRESSION_GREATER_OR_EQUAL, FUNCTION_UNKNOWN, SORT_GREATER_OR_EQUAL},
        {EXPRESSION_BETWEEN, FUNCTION_UNKNOWN, SORT_BETWEEN},
        {EXPRESSION_FUNCTION, FUNCTION_BEGINS_WITH, SORT_BEGINS_WITH},
    };
    *relation = SORT_EQUAL;
    for (size_t i = 0; i < array_size(relations); i++)
        if (relations[i].kind == comparison->kind &&
            relations[i].function == comparison->function) {
            *relation = relations[i].relation;
            return true;
        }
    return false;
}

static struct key_term term_of(const struct legacy_condition *condition)
{
    struct key_term term = {.name = condition->name};
    term.unindexed = !relation_of(condition->comparison, &term.relation);
    if (condition->count > 0)
        term.bound = condition->values[0];
    if (condition->count > 1)
        term.bound_high = condition->values[1];
    return term;
}

const char *legacy_keys_read(struct arena *arena, yyjson_val *json, struct key_condition *condition)
{
    *condition = (struct key_condition){.count = 0};
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;) {
        struct legacy_condition one;
        const char *problem =
            legacy_condition_read(arena, json_string(name), yyjson_obj_iter_get_val(name), &one);
        if (problem != NULL)
            return problem;
        if (condition->count++ < array_size(condition->terms))
            condition->terms[condition->count - 1] = term_of(&one);
    }
    bool fits = condition->count > 0 && condition->count <= array_size(condition->terms);
    return fits ? NULL : MESSAGE_CONDITION_MANY;
}
