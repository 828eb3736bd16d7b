/* json_item: between DynamoDB's JSON, as {"S":"a"}, and the encoding of item.h. */
#pragma once

#include <yyjson.h>

#include "arena.h"
#include "item_build.h"

enum { ATTRIBUTE_NAME_SIZE_MAX = 65535 /* bytes; the service's limit */ };

/* yyjson's memory from an arena, so that a parsed body goes with its request. */
yyjson_alc json_arena_allocator(struct arena *arena);

/* Types alone: NULL, or the SerializationException's message, in the arena. `json` may be any JSON.
 * Looks no deeper than values may nest. */
const char *json_value_check(struct arena *arena, yyjson_val *json);
/* The same for an object of values. */
const char *json_item_check(struct arena *arena, yyjson_val *json);
/* The SerializationException's message for JSON that is not of a Java `type`, as "String"; in the
 * arena or static. */
const char *json_cannot_convert(struct arena *arena, yyjson_val *json, const char *type);

/* Reads a value that passed json_value_check() into a finished tree; strings stay borrowed from the
 * JSON document. Returns NULL, or the ValidationException's message. */
const char *must_check json_value_read(struct arena *arena, yyjson_val *json,
                                       struct value_node **value);
/* The same, and encodes it, in the arena. */
const char *must_check json_value_encode(struct arena *arena, yyjson_val *json,
                                         struct slice *value);
/* The same for an item, a map finished for writer_put_item(). */
const char *must_check json_item_read(struct arena *arena, yyjson_val *json,
                                      struct value_node **item);
/* What is wrong with the name of an attribute, or NULL. */
const char *attribute_name_check(struct slice name);

/* Write encoded, valid values. */
void json_put_value(struct writer *writer, struct slice value);
void json_put_item(struct writer *writer, struct slice item);
