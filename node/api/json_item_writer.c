#include "json_item.h"

#include "base64.h"
#include "decimal.h"
#include "json_writer.h"

static void put_number(struct writer *writer, struct slice encoded)
{
    char text[DECIMAL_TEXT_SIZE];
    writer_put_u8(writer, '"');
    writer_put_slice(writer, decimal_format(encoded, text));
    writer_put_u8(writer, '"');
}

static void put_scalar(struct writer *writer, enum value_type type, struct slice bytes)
{
    if (type == VALUE_STRING) {
        json_put_string(writer, bytes);
        return;
    }
    if (type == VALUE_NUMBER) {
        put_number(writer, bytes);
        return;
    }
    writer_put_u8(writer, '"');
    base64_encode(writer, bytes);
    writer_put_u8(writer, '"');
}

static void put_attributes(struct writer *writer, struct item_cursor cursor)
{
    struct slice name, value;
    writer_put_u8(writer, '{');
    while (item_next(&cursor, &name, &value)) {
        json_put_key(writer, name);
        json_put_value(writer, value);
    }
    writer_put_u8(writer, '}');
}

static void put_list(struct writer *writer, struct item_cursor cursor)
{
    struct slice value;
    writer_put_u8(writer, '[');
    while (list_next(&cursor, &value)) {
        json_put_separator(writer);
        json_put_value(writer, value);
    }
    writer_put_u8(writer, ']');
}

static void put_set(struct writer *writer, enum value_type member_type, struct item_cursor cursor)
{
    struct slice member;
    writer_put_u8(writer, '[');
    while (set_next(&cursor, &member)) {
        json_put_separator(writer);
        put_scalar(writer, member_type, member);
    }
    writer_put_u8(writer, ']');
}

void json_put_value(struct writer *writer, struct slice value)
{
    enum value_type type = value_type(value);
    writer_put_u8(writer, '{');
    json_put_name(writer, value_type_name(type));
    switch (type) {
    case VALUE_BOOL:
        json_put_bool(writer, value_bool(value));
        break;
    case VALUE_NONE:
    case VALUE_NULL:
        json_put_bool(writer, true);
        break;
    case VALUE_LIST:
        put_list(writer, value_cursor(value));
        break;
    case VALUE_MAP:
        put_attributes(writer, value_cursor(value));
        break;
    case VALUE_STRING_SET:
    case VALUE_NUMBER_SET:
    case VALUE_BINARY_SET:
        put_set(writer, value_type_of_member(type), value_cursor(value));
        break;
    default:
        put_scalar(writer, type, value_bytes(value));
        break;
    }
    writer_put_u8(writer, '}');
}

void json_put_item(struct writer *writer, struct slice item)
{
    put_attributes(writer, item_cursor(item));
}
