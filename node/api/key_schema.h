/* key_schema: KeySchema and AttributeDefinitions, as tables and indexes are created with them. */
#pragma once

#include "arena.h"
#include "shape.h"

extern const struct shape shape_attribute_definitions;
extern const struct shape shape_key_schema;

/* The name of element `index` of a KeySchema or of AttributeDefinitions; empty if there is none. */
struct slice key_schema_name(yyjson_val *list, size_t index);
/* "S", "N" or "B": the type that is defined for an attribute; empty if none is. */
struct slice key_schema_type(yyjson_val *definitions, struct slice name);
/* The names, as "a, b". */
const char *key_schema_names(struct arena *arena, yyjson_val *list);

/* What must hold of any schema: attributes that are defined, HASH first, two names. NULL, or the
 * ValidationException's message. */
const char *must_check key_schema_check(struct arena *arena, yyjson_val *schema,
                                        yyjson_val *definitions);
