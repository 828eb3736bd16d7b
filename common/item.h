/* item: the encoding of DynamoDB attribute values and items that is stored, sent and compared.
 *
 * Canonical: equal values are equal bytes. Readable in place: these functions take encoded bytes,
 * never allocate and never read past the end; on bytes that item_valid() would refuse they find
 * less, or nothing. item_build.h makes the bytes.
 *
 *   value   type byte, then
 *             S, N, B     sized bytes; a number is its decimal encoding
 *             BOOL        0 or 1
 *             NULL        nothing
 *             L, M, sets  varint size of what follows, varint count, members
 *   member  of a list a value; of a set sized bytes, ascending; of a map a sized name and a value,
 *           names ascending
 *   item    varint count, then attributes as members of a map */
#pragma once

#include "bytes.h"

/* These numbers are stored and sent: they never change. */
enum value_type {
    VALUE_NONE = 0, /* no value: empty or unknown bytes */
    VALUE_STRING = 1,
    VALUE_NUMBER = 2,
    VALUE_BINARY = 3,
    VALUE_BOOL = 4,
    VALUE_NULL = 5,
    VALUE_LIST = 6,
    VALUE_MAP = 7,
    VALUE_STRING_SET = 8,
    VALUE_NUMBER_SET = 9,
    VALUE_BINARY_SET = 10
};

enum { VALUE_NESTING_MAX = 32 /* lists and maps around a value; the service's limit */ };

/* "S", "NS", "BOOL": as in the DynamoDB API; "" for VALUE_NONE. */
const char *value_type_name(enum value_type type);
bool value_type_is_set(enum value_type type);
/* Lists, maps and sets. */
bool value_type_is_container(enum value_type type);
/* The type of a set's members as values: VALUE_STRING for VALUE_STRING_SET; else VALUE_NONE. */
enum value_type value_type_of_member(enum value_type set);

/* The next encoded value of a stream; empty, and the reader failed, if there is none. */
struct slice reader_get_value(struct reader *reader);
enum value_type value_type(struct slice value);
/* The bytes of S and B, the decimal encoding of N; empty for other types. */
struct slice value_bytes(struct slice value);
/* False for other types as well. */
bool value_bool(struct slice value);
/* Members of a list, map or set; 0 for other types. */
uint64_t value_count(struct slice value);
/* A map's members as an item. Empty for other types. */
struct slice value_map_item(struct slice value);

/* Walks members in their order. */
struct item_cursor {
    struct reader reader;
    uint64_t left; /* members not yet taken */
};

/* Over the attributes of an item, for item_next(). */
struct item_cursor item_cursor(struct slice item);
/* Over the members of a list, a map or a set; over nothing for other types. */
struct item_cursor value_cursor(struct slice value);
/* The next attribute of an item or entry of a map; false at the end, or where bytes are broken. */
bool item_next(struct item_cursor *cursor, struct slice *name, struct slice *value);
bool list_next(struct item_cursor *cursor, struct slice *value);
/* The payload of the next member: as value_bytes() has it. */
bool set_next(struct item_cursor *cursor, struct slice *member);

/* Attributes of an item. */
uint64_t item_count(struct slice item);
/* The encoded value of attribute `name`; false, and `value` empty, if there is none. */
bool item_find(struct slice item, struct slice name, struct slice *value);
/* The same, in a map. */
bool map_value_find(struct slice map, struct slice name, struct slice *value);
/* The encoded value at `index` of a list; false, and `value` empty, if there is none. */
bool list_find(struct slice list, uint64_t index, struct slice *value);
/* True if the set has a member with this payload. */
bool set_contains(struct slice set, struct slice member);

/* Full checks of bytes from outside: types, order, canonical numbers, UTF-8 in strings and names,
 * no empty sets, nesting, nothing left over. They do not check limits of size or length. */
bool value_valid(struct slice value);
bool item_valid(struct slice item);
/* Levels of lists and maps in a value: 0 for scalars and sets, 1 for a list of scalars. */
unsigned value_nesting(struct slice value);

/* The size that DynamoDB accounts (Amazon DynamoDB Developer Guide, "Item sizes and formats"), in
 * bytes. An item: for each attribute the name and the value. A value:
 *   S, B       its bytes
 *   N          1, plus 1 per two significant digits begun, plus 1 if negative
 *   BOOL, NULL 1
 *   L, M       3, plus for each member 1, its name and its value
 *   sets       the sum of the members */
uint64_t value_size(struct slice value);
uint64_t item_size(struct slice item);
/* What one attribute adds to item_size(). */
static inline uint64_t item_attribute_size(struct slice name, struct slice value)
{
    return name.size + value_size(value);
}
