/* query_source: what a Query or Scan reads: a table, or one of its local secondary indexes. Both are
 * walked by keys of rows that begin alike; those of an index are the keys of its entries
 * (index_key.h), whose items come along. */
#pragma once

#include "expression.h"
#include "local_index.h"
#include "operation_call.h"

struct query_source {
    const struct table *table;
    const struct local_index *index; /* NULL: the table itself */
    uint8_t number;                  /* of the index */
};

/* Of the call's table, which was found, and its IndexName. NULL, or the ValidationException's
 * message. */
const char *must_check query_source_init(struct query_source *source, struct operation_call *call);
/* What the rows of a collection are ordered by; without a name if by nothing. */
const struct table_key *query_source_sort_key(const struct query_source *source);

/* Ranges, as key_range_collection(), key_range_sort() and key_range_positions(). */
void query_source_collection(const struct query_source *source, const struct item_key *collection,
                             struct key_range *range);
void query_source_sort(const struct query_source *source, const struct item_key *collection,
                       enum sort_bound relation, struct slice bound, struct slice bound_high,
                       struct key_range *range);
void query_source_positions(const struct query_source *source, uint32_t partition, uint64_t first,
                            uint64_t last, struct key_range *range);
/* Appends the key of an item's row. `start` holds its index key, of the right type. */
void query_source_encode(struct writer *writer, const struct query_source *source,
                         const struct item_key *item, const struct value_node *start);

/* Writes the LastEvaluatedKey of an item. */
void query_source_put_key(struct writer *writer, const struct query_source *source,
                          struct slice item);
/* item_size() of what stands there of an item of `size`. */
uint64_t query_source_size(const struct query_source *source, struct slice item, uint64_t size);
/* Items stand there whole. */
bool query_source_has_all(const struct query_source *source);
/* If they do not: the attributes that stand there. */
void query_source_projected(const struct query_source *source, struct arena *arena,
                            struct projection_paths *paths);
/* Whether it has them all: those of the paths, and those that an expression, which may be NULL, is
 * about. Those it has not are listed as "a, b". NULL if there are none. */
bool query_source_has_paths(const struct query_source *source,
                            const struct projection_paths *paths);
const char *query_source_lacks(const struct query_source *source, struct arena *arena,
                               const struct expression *expression);
