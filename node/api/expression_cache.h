/* expression_cache: parsed expressions by their texts, so that a request like one before it is not
 * parsed again. What is wrong is never kept. An expression is found again by its kind, its text, all
 * names with what they stand for and all values' keys with their types: all that the parser has looked
 * at, but for what it finds wrong with values, which is looked for again. */
#pragma once

#include "expression_image.h"
#include "list.h"
#include "map.h"

struct cached_expression;
LIST_STRUCT(cached_expressions);

/* One per shard; embedded. */
struct expression_cache {
    struct map by_id;                 /* hash of what it is found by */
    struct cached_expressions recent; /* used last at the end */
    size_t size;                      /* bytes held */
    uint64_t hits;                    /* since the start, */
    uint64_t misses;                  /* with those that were wrong or too large to be kept */
};

void expression_cache_init(struct expression_cache *cache);
void expression_cache_deinit(struct expression_cache *cache);

/* These do what expression_parse_condition() and the like do (expression_parser.h), through the
 * context's cache, if it has one. */
const char *must_check expression_cache_condition(struct expression_context *context,
                                                  struct slice text, struct expression **condition);
const char *must_check expression_cache_projection(struct expression_context *context,
                                                   struct slice text,
                                                   struct projection_paths *projection);
const char *must_check expression_cache_update(struct expression_context *context,
                                               struct slice text, struct update_expression *update);
