/* key_paths: paths of expressions that begin at a table's key. */
#pragma once

#include "expression.h"
#include "table.h"

/* Keys are scalars: paths into them select nothing and are refused. NULL, or the
 * ValidationException's message. */
const char *must_check key_path_check(struct arena *arena, const struct table *table,
                                      const struct document_path *path);
/* The same for all paths of an expression, which may be NULL. */
const char *must_check key_path_check_all(struct arena *arena, const struct table *table,
                                          const struct expression *expression);
/* The first of partition key and `sort_key`, the table's or an index's, that the expression, which may
 * be NULL, is about; empty if there is none. */
struct slice key_path_find(const struct table *table, const struct table_key *sort_key,
                           const struct expression *expression);
