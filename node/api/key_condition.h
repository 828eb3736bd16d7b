/* key_condition: what a KeyConditionExpression asks of the partition key and the sort key. */
#pragma once

#include "expression.h"
#include "expression_substitutes.h"
#include "key.h"
#include "table.h"

/* One condition on one attribute. */
struct key_term {
    struct slice name;
    enum sort_bound relation;
    bool unindexed;          /* an operator that keys do not answer: to be refused */
    struct slice bound;      /* encoded value */
    struct slice bound_high; /* SORT_BETWEEN: encoded value */
};

struct key_condition {
    struct key_term terms[2];
    size_t count; /* 1 or 2 */
};

/* Both return NULL, or the whole ValidationException's message. First the text, */
const char *must_check key_condition_parse(struct expression_context *context, struct slice text,
                                           struct expression **parsed);
/* then what it says of keys. */
const char *must_check key_condition_reduce(struct arena *arena, const struct expression *parsed,
                                            struct key_condition *condition);
/* The term on that key, or NULL. */
const struct key_term *key_condition_on(const struct key_condition *condition,
                                        const struct table_key *key);
/* The terms must be one on the partition key, an equality, and if there are two, one on the sort key;
 * `sort_key` has no name if there is none. NULL, or the ValidationException's message. */
const char *must_check key_condition_check(struct arena *arena,
                                           const struct key_condition *condition,
                                           const struct table_key *partition_key,
                                           const struct table_key *sort_key);
