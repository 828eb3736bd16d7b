/* table_schema: what a replica must know of a table to keep its rows: how many home nodes they have,
 * and which attributes are kept in order beside them. Definitions are the API's; this is the part of
 * them that the core uses. */
#pragma once

#include "item.h"

enum {
    LOCAL_INDEXES_MAX = 5 /* the service's limit */
};

/* Tables with local secondary indexes have ids with this bit: a replica that has not heard of such a
 * table yet cannot keep its indexes, and takes nothing of it until it has. */
#define TABLE_ID_INDEXED ((uint64_t)1 << 63)

/* The same of the table of an encoded item key. */
static inline bool key_table_indexed(struct slice key)
{
    enum { ID_AT = 4 /* behind the partition */ };
    return key.size > ID_AT && (key.data[ID_AT] & 0x80) != 0;
}

struct index_attribute {
    struct slice name;
    enum value_type type; /* S, N or B: values of other types do not stand in the index */
};

struct table_schema {
    uint8_t replicas; /* home nodes wanted */
    uint8_t local_count;
    struct index_attribute local[LOCAL_INDEXES_MAX];
    struct slice expiry; /* the attribute that says when an item expires; empty: none does */
};

/* A copy that owns its names, for table_schema_free(). */
struct table_schema *table_schema_copy(const struct table_schema *schema);
void table_schema_free(struct table_schema *schema);
