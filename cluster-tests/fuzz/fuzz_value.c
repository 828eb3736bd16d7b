/* F5: attribute values, from JSON to the encoding and back. The input is the JSON of an item. What
 * is accepted must be stable from the first encoding on, and of the size that the Developer Guide
 * defines, counted here along the JSON. */
#include <string.h>

#include "decimal.h"
#include "fuzz.h"
#include "json_item.h"

static uint64_t size_of_number(struct slice text)
{
    struct decimal_bytes decimal;
    char plain_text[DECIMAL_TEXT_SIZE];
    enum decimal_result result = decimal_parse(text, &decimal);
    ensure(result == DECIMAL_OK);
    struct slice plain = decimal_format(decimal_slice(&decimal), plain_text);
    size_t digits = 0, significant = 0;
    for (size_t i = 0; i < plain.size; i++) {
        uint8_t digit = plain.data[i];
        if (digit == '-' || digit == '.')
            continue;
        digits += digits > 0 || digit != '0';
        significant = digit != '0' ? digits : significant;
    }
    return 1 + (significant + 1) / 2 + (plain.data[0] == '-');
}

static uint64_t size_of_scalar(const char *type, yyjson_val *json)
{
    struct slice text = slice_of(yyjson_get_str(json), yyjson_get_len(json));
    if (type[0] == 'N')
        return size_of_number(text);
    if (type[0] == 'S')
        return text.size;
    size_t padding = text.size > 0 && text.data[text.size - 1] == '=';
    padding += padding > 0 && text.data[text.size - 2] == '=';
    return text.size / 4 * 3 - padding;
}

/* Of JSON that was written here: one member a value. */
static uint64_t size_of_value(yyjson_val *json)
{
    yyjson_obj_iter iterator = yyjson_obj_iter_with(json);
    yyjson_val *key = yyjson_obj_iter_next(&iterator), *member, *name;
    yyjson_val *value = yyjson_obj_iter_get_val(key);
    const char *type = yyjson_get_str(key);
    uint64_t size = 0;
    size_t i, count;
    ensure(yyjson_obj_size(json) == 1);
    if (strcmp(type, "BOOL") == 0 || strcmp(type, "NULL") == 0)
        return 1;
    if (strcmp(type, "L") == 0) {
        yyjson_arr_foreach(value, i, count, member) size += 1 + size_of_value(member);
        return size + 3;
    }
    if (strcmp(type, "M") == 0) {
        yyjson_obj_foreach(value, i, count, name, member) size +=
            1 + yyjson_get_len(name) + size_of_value(member);
        return size + 3;
    }
    if (strlen(type) == 1)
        return size_of_scalar(type, value);
    yyjson_arr_foreach(value, i, count, member) size += size_of_scalar(type, member);
    return size;
}

static uint64_t size_of_item(yyjson_val *json)
{
    uint64_t size = 0;
    size_t i, count;
    yyjson_val *name, *value;
    yyjson_obj_foreach(json, i, count, name, value) size +=
        yyjson_get_len(name) + size_of_value(value);
    return size;
}

/* False if the JSON is no item. */
static bool encode(struct arena *arena, struct slice text, struct writer *encoded)
{
    yyjson_val *json = json_parse(arena, text);
    struct value_node *node;
    if (json == NULL)
        return false;
    const char *problem = json_item_check(arena, json);
    if (problem == NULL)
        problem = json_item_read(arena, json, &node);
    if (problem == NULL)
        writer_put_item(encoded, node);
    else
        check_problem(problem);
    return problem == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct writer encoded, printed, again;
    arena_init(&arena);
    writer_init(&encoded, 0);
    writer_init(&printed, 0);
    writer_init(&again, 0);
    if (encode(&arena, slice_of(data, size), &encoded)) {
        ensure(item_valid(writer_slice(&encoded)));
        json_put_item(&printed, writer_slice(&encoded));
        bool good = encode(&arena, writer_slice(&printed), &again);
        ensure(good);
        ensure(slice_equal(writer_slice(&encoded), writer_slice(&again)));
        ensure(item_size(writer_slice(&encoded)) ==
               size_of_item(json_parse(&arena, writer_slice(&printed))));
    }
    writer_deinit(&again);
    writer_deinit(&printed);
    writer_deinit(&encoded);
    arena_deinit(&arena);
    return 0;
}
