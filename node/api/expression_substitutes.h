/* expression_substitutes: ExpressionAttributeNames and ExpressionAttributeValues of a request, and
 * which of them its expressions have used. */
#pragma once

#include <yyjson.h>

#include "arena.h"

struct substitute {
    struct slice key;   /* "#name" or ":value" */
    struct slice means; /* the attribute's name, or the encoded value */
    bool used;
};

struct substitutes {
    struct substitute *all; /* sorted by key */
    size_t count;
};

struct expression_cache;

struct expression_context {
    struct arena *arena;
    struct substitutes names;
    struct substitutes values;
    struct expression_cache *cache; /* NULL: none; set after expression_context_init() */
    struct slice signature;         /* the cache's own: names, and values' keys and types */
    uint64_t signature_hash;
};

/* Reads both; either may be NULL. The JSON has the right types and outlives the context. Returns
 * NULL, or the ValidationException's message. */
const char *must_check expression_context_init(struct expression_context *context,
                                               struct arena *arena, yyjson_val *names,
                                               yyjson_val *values);
/* Marks it as used. NULL if there is none. */
const struct substitute *substitutes_use(struct substitutes *substitutes, struct slice key);
/* NULL if all have been used, else the ValidationException's message. */
const char *must_check expression_context_check_used(const struct expression_context *context);
