/* local_index: the local secondary indexes of a table (Amazon DynamoDB Developer Guide, "Local
 * secondary indexes"): in its definition, in a request that creates it, in its description.
 *
 * In the definition they are "local_indexes", a list of maps:
 *   name, sort_key, sort_key_type, projection (as the API names it)   S
 *   attributes (projected besides the keys, if the projection is INCLUDE)   SS */
#pragma once

#include "capacity.h"
#include "table.h"

struct operation_call;

extern const struct shape shape_index_name;    /* IndexName */
extern const struct shape shape_local_indexes; /* LocalSecondaryIndexes of CreateTable */

/* Reads the request's, with its KeySchema and AttributeDefinitions, which were checked, into the
 * definition. NULL, or the ValidationException's message. */
const char *must_check local_indexes_create(struct operation_call *call,
                                            struct value_node *definition);
/* Reads those of a definition; how many there are. `list` is encoded, or empty. */
size_t local_indexes_parse(struct slice list, struct local_index indexes[LOCAL_INDEXES_MAX]);
/* NULL if the table has none of that name; else its number is its place in the table's list. */
const struct local_index *local_index_find(const struct table *table, struct slice name);
/* The attribute stands in the index: it is a key, or projected. */
bool local_index_projects(const struct table *table, const struct local_index *index,
                          struct slice name);
/* What the replicas must know of the table. Borrows from it. */
struct table_schema table_schema_of(const struct table *table);
/* The values that index keys may have. NULL, or the ValidationException's message. */
const char *must_check local_indexes_check_item(struct arena *arena, const struct table *table,
                                                const struct value_node *item);
/* Adds what a write did to the item's entries. `before` and `after` are encoded; empty: there was, or
 * is, no item. */
void local_indexes_charge(const struct table *table, struct arena *arena, struct slice before,
                          struct slice after, struct capacity *used);
/* item_size() of what stands of the item in the index. */
uint64_t local_index_size(const struct table *table, const struct local_index *index,
                          struct slice item);
/* An item of `size` and all that stands of it in indexes are within the service's limit together.
 * NULL, or the ValidationException's message. */
const char *must_check local_indexes_check_size(const struct table *table, struct slice item,
                                                uint64_t size);
/* The member LocalSecondaryIndexes of a TableDescription, if the table has any. */
void local_indexes_put(struct writer *writer, const struct api *api, const struct table *table);
