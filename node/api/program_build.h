/* program_build: programs (program.h) out of parsed expressions. It needs no HTTP and no table:
 *
 *     struct expression_context context;
 *     expression_context_init(&context, &arena, names_json, values_json);
 *     expression_parse_condition(&context, SLICE_LITERAL("attribute_exists(pk)"), &condition);
 *     expression_parse_update(&context, SLICE_LITERAL("ADD n :one"), &update);
 *     struct program_parts parts = {.condition = condition, .update = &update, .initial = key};
 *     program_build(&writer, &arena, &parts);
 *
 * or, in one step, program_compile(). */
#pragma once

#include "expression_substitutes.h"
#include "program.h"

struct program_parts {
    const struct expression *condition;     /* NULL: none */
    const struct update_expression *update; /* NULL: the request's own value is written */
    struct slice initial; /* with `update`: the key's attributes, as an encoded item */
    struct index_attribute
        keys[LOCAL_INDEXES_MAX]; /* with `update`: index keys among its targets */
    size_t keys_count;
};

/* Appends the program. The update's paths do not clash (the parser has seen to it). The arena is
 * for work alone. */
void program_build(struct writer *writer, struct arena *arena, const struct program_parts *parts);

/* The text of a condition and of an update; empty: none. Without an update, `initial` is unused.
 * Unused substitutes are not complained about. Returns NULL and appends the program, or returns the
 * message of the problem, without "Invalid ... : ", in the context's arena. */
const char *must_check program_compile(struct writer *writer, struct expression_context *context,
                                       struct slice condition, struct slice update,
                                       struct slice initial);
