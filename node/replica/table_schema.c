#include "table_schema.h"

#include <stdlib.h>
#include <string.h>

static struct slice name_copy(uint8_t **at, struct slice name)
{
    uint8_t *start = *at;
    if (name.size > 0)
        memcpy(start, name.data, name.size);
    *at += name.size;
    return slice_of(start, name.size);
}

struct table_schema *table_schema_copy(const struct table_schema *schema)
{
    size_t names_size = schema->expiry.size;
    ensure(schema->local_count <= LOCAL_INDEXES_MAX);
    for (size_t i = 0; i < schema->local_count; i++)
        names_size += schema->local[i].name.size;
    struct table_schema *copy = malloc(sizeof(*copy) + names_size);
    ensure(copy != NULL);
    *copy = *schema;
    uint8_t *at = (uint8_t *)(copy + 1);
    for (size_t i = 0; i < copy->local_count; i++)
        copy->local[i].name = name_copy(&at, schema->local[i].name);
    copy->expiry = name_copy(&at, schema->expiry);
    return copy;
}

void table_schema_free(struct table_schema *schema)
{
    free(schema);
}
