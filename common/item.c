#include "item.h"

#include "decimal.h"
#include "utf8.h"

enum {
    CONTAINER_SIZE = 3, /* accounted for each list and map */
    MEMBER_SIZE = 1     /* accounted for each member of them */
};

const char *value_type_name(enum value_type type)
{
    static const char *const names[] = {"",  "S", "N",  "B",  "BOOL", "NULL",
                                        "L", "M", "SS", "NS", "BS"};
    return (size_t)type < array_size(names) ? names[type] : "";
}

bool value_type_is_set(enum value_type type)
{
    return type >= VALUE_STRING_SET && type <= VALUE_BINARY_SET;
}

bool value_type_is_container(enum value_type type)
{
    return type >= VALUE_LIST && type <= VALUE_BINARY_SET;
}

enum value_type value_type_of_member(enum value_type set)
{
    return value_type_is_set(set) ? set - VALUE_STRING_SET + VALUE_STRING : VALUE_NONE;
}

/* reader_get_sized with the usual case, a size below 128, made quick: most of item_find is this. */
static inline struct slice get_sized(struct reader *reader)
{
    size_t left = reader_left(reader);
    if (left == 0 || *reader->at >= 0x80 || *reader->at >= left)
        return reader_get_sized(reader);
    struct slice bytes = slice_of(reader->at + 1, *reader->at);
    reader->at += 1 + bytes.size;
    return bytes;
}

struct slice reader_get_value(struct reader *reader)
{
    const uint8_t *start = reader->at;
    enum value_type type = reader_left(reader) > 0 ? *reader->at++ : VALUE_NONE;
    if (type == VALUE_BOOL)
        reader_get_u8(reader);
    else if (type > VALUE_BINARY_SET || type == VALUE_NONE)
        reader->failed = true;
    else if (type != VALUE_NULL)
        get_sized(reader);
    return reader->failed ? SLICE_EMPTY : slice_of(start, (size_t)(reader->at - start));
}

enum value_type value_type(struct slice value)
{
    return value.size == 0 || value.data[0] > VALUE_BINARY_SET ? VALUE_NONE : value.data[0];
}

/* What stands after the type, without its size. */
static struct slice sized_payload(struct slice value)
{
    struct reader reader = reader_of(slice_of(value.data + 1, value.size - 1));
    return get_sized(&reader);
}

struct slice value_bytes(struct slice value)
{
    enum value_type type = value_type(value);
    bool has_bytes = type >= VALUE_STRING && type <= VALUE_BINARY;
    return has_bytes ? sized_payload(value) : SLICE_EMPTY;
}

bool value_bool(struct slice value)
{
    return value_type(value) == VALUE_BOOL && value.size == 2 && value.data[1] == 1;
}

uint64_t value_count(struct slice value)
{
    return value_cursor(value).left;
}

struct slice value_map_item(struct slice value)
{
    return value_type(value) == VALUE_MAP ? sized_payload(value) : SLICE_EMPTY;
}

struct item_cursor item_cursor(struct slice item)
{
    struct item_cursor cursor = {reader_of(item), 0};
    cursor.left = item.size == 0 ? 0 : reader_get_varint(&cursor.reader);
    return cursor;
}

struct item_cursor value_cursor(struct slice value)
{
    bool has_members = value_type_is_container(value_type(value));
    return item_cursor(has_members ? sized_payload(value) : SLICE_EMPTY);
}

/* Counts a member as taken; false, and the walk is over, if reading it failed. */
static bool cursor_took(struct item_cursor *cursor)
{
    if (cursor->reader.failed) {
        cursor->left = 0;
        return false;
    }
    cursor->left--;
    return true;
}

bool item_next(struct item_cursor *cursor, struct slice *name, struct slice *value)
{
    *name = SLICE_EMPTY;
    *value = SLICE_EMPTY;
    if (cursor->left == 0)
        return false;
    *name = get_sized(&cursor->reader);
    *value = reader_get_value(&cursor->reader);
    return cursor_took(cursor);
}

bool list_next(struct item_cursor *cursor, struct slice *value)
{
    *value = SLICE_EMPTY;
    if (cursor->left == 0)
        return false;
    *value = reader_get_value(&cursor->reader);
    return cursor_took(cursor);
}

bool set_next(struct item_cursor *cursor, struct slice *member)
{
    *member = SLICE_EMPTY;
    if (cursor->left == 0)
        return false;
    *member = get_sized(&cursor->reader);
    return cursor_took(cursor);
}

uint64_t item_count(struct slice item)
{
    return item_cursor(item).left;
}

bool item_find(struct slice item, struct slice name, struct slice *value)
{
    struct item_cursor cursor = item_cursor(item);
    struct slice here;
    while (item_next(&cursor, &here, value)) {
        int order = slice_compare(here, name);
        if (order == 0)
            return true;
        if (order > 0)
            break;
    }
    *value = SLICE_EMPTY;
    return false;
}

bool map_value_find(struct slice map, struct slice name, struct slice *value)
{
    return item_find(value_map_item(map), name, value);
}

bool list_find(struct slice list, uint64_t index, struct slice *value)
{
    *value = SLICE_EMPTY;
    if (value_type(list) != VALUE_LIST)
        return false;
    struct item_cursor cursor = value_cursor(list);
    if (index >= cursor.left)
        return false;
    for (uint64_t i = 0; i < index; i++) {
        if (!list_next(&cursor, value))
            return false;
    }
    return list_next(&cursor, value);
}

bool set_contains(struct slice set, struct slice member)
{
    if (!value_type_is_set(value_type(set)))
        return false;
    struct item_cursor cursor = value_cursor(set);
    struct slice here;
    while (set_next(&cursor, &here)) {
        int order = slice_compare(here, member);
        if (order >= 0)
            return order == 0;
    }
    return false;
}

static bool value_valid_in(struct reader *reader, unsigned nesting);

/* `previous` is the member before, or NULL data before the first. */
static bool ascending(struct slice previous, struct slice next)
{
    return previous.data == NULL || slice_compare(previous, next) < 0;
}

/* A borrowed empty member has no data of its own; this makes it differ from "none". */
static struct slice as_previous(struct slice member)
{
    return member.size == 0 ? SLICE_LITERAL("") : member;
}

static bool bytes_valid(enum value_type type, struct slice bytes)
{
    if (type == VALUE_NUMBER)
        return decimal_valid(bytes);
    return type == VALUE_BINARY || utf8_valid(bytes);
}

static bool attributes_valid(struct reader *reader, unsigned nesting)
{
    struct slice previous = SLICE_EMPTY;
    for (uint64_t left = reader_get_varint(reader); left > 0; left--) {
        struct slice name = reader_get_sized(reader);
        if (reader->failed || !ascending(previous, name) || !utf8_valid(name))
            return false;
        if (!value_valid_in(reader, nesting))
            return false;
        previous = as_previous(name);
    }
    return reader_done(reader);
}

static bool list_valid(struct reader *reader, unsigned nesting)
{
    for (uint64_t left = reader_get_varint(reader); left > 0; left--) {
        if (!value_valid_in(reader, nesting))
            return false;
    }
    return reader_done(reader);
}

static bool set_valid(struct reader *reader, enum value_type member_type)
{
    uint64_t count = reader_get_varint(reader);
    struct slice previous = SLICE_EMPTY;
    for (uint64_t left = count; left > 0; left--) {
        struct slice member = reader_get_sized(reader);
        if (reader->failed || !ascending(previous, member) || !bytes_valid(member_type, member))
            return false;
        previous = as_previous(member);
    }
    return count > 0 && reader_done(reader);
}

/* Takes one value and checks it; `nesting` lists and maps stand around it. */
static bool value_valid_in(struct reader *reader, unsigned nesting)
{
    enum value_type type = reader_get_u8(reader);
    if (reader->failed || type == VALUE_NONE || type > VALUE_BINARY_SET)
        return false;
    if (type == VALUE_NULL)
        return true;
    if (type == VALUE_BOOL)
        return reader_get_u8(reader) <= 1 && !reader->failed;
    struct slice payload = reader_get_sized(reader);
    if (reader->failed)
        return false;
    if (!value_type_is_container(type))
        return bytes_valid(type, payload);
    struct reader members = reader_of(payload);
    if (value_type_is_set(type))
        return set_valid(&members, value_type_of_member(type));
    if (nesting == VALUE_NESTING_MAX)
        return false;
    return type == VALUE_LIST ? list_valid(&members, nesting + 1)
                              : attributes_valid(&members, nesting + 1);
}

bool value_valid(struct slice value)
{
    struct reader reader = reader_of(value);
    return value_valid_in(&reader, 0) && reader_done(&reader);
}

bool item_valid(struct slice item)
{
    struct reader reader = reader_of(item);
    return attributes_valid(&reader, 0);
}

/* The next member of a list or map; `name` is empty in a list. */
static bool member_next(struct item_cursor *cursor, enum value_type container, struct slice *name,
                        struct slice *value)
{
    *name = SLICE_EMPTY;
    return container == VALUE_MAP ? item_next(cursor, name, value) : list_next(cursor, value);
}

/* Levels counted until `levels_max`: broken bytes may be nested as deep as they are long. */
static unsigned nesting_up_to(struct slice value, unsigned levels_max)
{
    enum value_type type = value_type(value);
    if (levels_max == 0 || (type != VALUE_LIST && type != VALUE_MAP))
        return 0;
    struct item_cursor cursor = value_cursor(value);
    unsigned deepest = 0;
    struct slice name;
    struct slice member;
    while (member_next(&cursor, type, &name, &member)) {
        unsigned below = nesting_up_to(member, levels_max - 1);
        deepest = below > deepest ? below : deepest;
    }
    return deepest + 1;
}

unsigned value_nesting(struct slice value)
{
    return nesting_up_to(value, VALUE_NESTING_MAX + 1);
}

static uint64_t number_size(struct slice number)
{
    return 1 + (decimal_digits(number) + 1) / 2 + decimal_negative(number);
}

static uint64_t set_size(struct slice set, enum value_type type)
{
    struct item_cursor cursor = value_cursor(set);
    struct slice member;
    uint64_t size = 0;
    while (set_next(&cursor, &member))
        size += type == VALUE_NUMBER_SET ? number_size(member) : member.size;
    return size;
}

/* `levels_max` bounds the recursion on broken bytes. */
static uint64_t size_up_to(struct slice value, unsigned levels_max)
{
    enum value_type type = value_type(value);
    if (type == VALUE_STRING || type == VALUE_BINARY)
        return sized_payload(value).size;
    if (type == VALUE_NUMBER)
        return number_size(sized_payload(value));
    if (type == VALUE_BOOL || type == VALUE_NULL)
        return 1;
    if (type == VALUE_NONE || levels_max == 0)
        return 0;
    if (value_type_is_set(type))
        return set_size(value, type);
    struct item_cursor cursor = value_cursor(value);
    uint64_t size = CONTAINER_SIZE;
    struct slice name;
    struct slice member;
    while (member_next(&cursor, type, &name, &member))
        size += MEMBER_SIZE + name.size + size_up_to(member, levels_max - 1);
    return size;
}

uint64_t value_size(struct slice value)
{
    return size_up_to(value, VALUE_NESTING_MAX + 1);
}

uint64_t item_size(struct slice item)
{
    struct item_cursor cursor = item_cursor(item);
    struct slice name;
    struct slice value;
    uint64_t size = 0;
    while (item_next(&cursor, &name, &value))
        size += name.size + value_size(value);
    return size;
}
