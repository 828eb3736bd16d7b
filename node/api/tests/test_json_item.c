/* Between DynamoDB's JSON and the encoding. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "json_item.h"
#include "json_writer.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_deinit(&arena);
}

static yyjson_val *parse(const char *json)
{
    yyjson_alc allocator = json_arena_allocator(&arena);
    char *copy = (char *)(uintptr_t)arena_copy(&arena, slice_of(json, strlen(json) + 1)).data;
    yyjson_doc *document = yyjson_read_opts(copy, strlen(copy), 0, &allocator, NULL);
    ck_assert_msg(document != NULL, "%s", json);
    return yyjson_doc_get_root(document);
}

struct json_case {
    const char *json;
    const char *expected; /* JSON again, or a message; NULL: the same JSON */
};

static const struct json_case good[] = {
    {"{}", NULL},
    {"{\"a\":{\"S\":\"\"}}", NULL},
    {"{\"a\":{\"S\":\"q\\\"b\\\\ \\u0001\\n\xc3\xa9\"}}", NULL},
    {"{\"a\":{\"N\":\"1e2\"}}", "{\"a\":{\"N\":\"100\"}}"},
    {"{\"a\":{\"N\":\"-0.0\"}}", "{\"a\":{\"N\":\"0\"}}"},
    {"{\"a\":{\"N\":\"0.10\"}}", "{\"a\":{\"N\":\"0.1\"}}"},
    {"{\"a\":{\"B\":\"\"},\"b\":{\"B\":\"AA==\"},\"c\":{\"B\":\"AAE=\"},\"d\":{\"B\":\"+/+/\"}}",
     NULL},
    {"{\"b\":{\"BOOL\":true},\"a\":{\"BOOL\":false},\"c\":{\"NULL\":true}}",
     "{\"a\":{\"BOOL\":false},\"b\":{\"BOOL\":true},\"c\":{\"NULL\":true}}"},
    {"{\"a\":{\"L\":[]},\"b\":{\"M\":{}}}", NULL},
    {"{\"a\":{\"SS\":[\"b\",\"a\"]},\"b\":{\"NS\":[\"2\",\"10\",\"-1\"]},\"c\":{\"BS\":[\"AQ==\"]}"
     "}",
     "{\"a\":{\"SS\":[\"a\",\"b\"]},\"b\":{\"NS\":[\"-1\",\"2\",\"10\"]},\"c\":{\"BS\":[\"AQ==\"]}"
     "}"},
};

START_TEST(round_trips)
{
    yyjson_val *json = parse(good[_i].json);
    struct value_node *item;
    ck_assert_ptr_null(json_item_check(&arena, json));
    ck_assert_ptr_null(json_item_read(&arena, json, &item));
    struct writer encoded, written;
    writer_init(&encoded, 0);
    writer_init(&written, 0);
    writer_put_item(&encoded, item);
    ck_assert(item_valid(writer_slice(&encoded)));
    json_put_item(&written, writer_slice(&encoded));
    char *text = slice_to_string(writer_slice(&written));
    ck_assert_str_eq(text, good[_i].expected == NULL ? good[_i].json : good[_i].expected);
    free(text);
    writer_deinit(&encoded);
    writer_deinit(&written);
}
END_TEST

/* SerializationException. */
static const struct json_case wrong_types[] = {
    {"{\"N\":123}", "NUMBER_VALUE cannot be converted to String"},
    {"{\"N\":1.5}", "DECIMAL_VALUE cannot be converted to String"},
    {"{\"S\":true}", "TRUE_VALUE cannot be converted to String"},
    {"{\"S\":{}}", "Start of structure or map found where not expected"},
    {"{\"BOOL\":\"x\"}", "Unexpected token received from parser"},
    {"{\"B\":\"AAA\"}", "Base64 encoded length is expected a multiple of 4 bytes but found: 3"},
    {"{\"B\":\"AA=A\"}", "Invalid Base64 character: '='"},
    {"{\"B\":\"AB==\"}", "Invalid last non-pad Base64 character dectected"},
    {"{\"B\":\"A===\"}", "Invalid Base64 character: '='"},
    {"{\"B\":\"====\"}", "Invalid Base64 character: '='"},
    {"{\"B\":1}", "only base-64-encoded strings are convertible to bytes"},
    {"{\"L\":{}}", "Start of structure or map found where not expected"},
    {"{\"SS\":\"a\"}", "Unexpected field type"},
    {"{\"M\":\"a\"}", "Unexpected field type"},
    {"{\"L\":[{\"M\":{\"a\":{\"NS\":[1]}}}]}", "NUMBER_VALUE cannot be converted to String"},
    {"\"a\"", "Unexpected value type in payload"},
};

START_TEST(refuses_types)
{
    ck_assert_str_eq(json_value_check(&arena, parse(wrong_types[_i].json)),
                     wrong_types[_i].expected);
}
END_TEST

#define INVALID "One or more parameter values were invalid: "

/* ValidationException. */
static const struct json_case wrong_values[] = {
    {"{}", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
    {"null",
     "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
    {"{\"S\":\"a\",\"N\":\"1\"}", "Supplied AttributeValue has more than one datatypes set, must "
                                  "contain exactly one of the supported datatypes"},
    {"{\"NULL\":false}", INVALID "Null attribute value types must have the value of true"},
    {"{\"SS\":[]}", INVALID "An string set  may not be empty"},
    {"{\"NS\":[]}", INVALID "An number set  may not be empty"},
    {"{\"BS\":[]}", INVALID "Binary sets should not be empty"},
    {"{\"SS\":[\"a\",\"a\"]}", INVALID "Input collection [a, a] contains duplicates."},
    {"{\"NS\":[\"1\",\"1.0\"]}", "Input collection contains duplicates"},
    {"{\"BS\":[\"AA==\",\"AA==\"]}",
     INVALID "Input collection [AA==, AA==]of type BS contains duplicates."},
    {"{\"N\":\"\"}", "The parameter cannot be converted to a numeric value"},
    {"{\"N\":\"b\"}", "The parameter cannot be converted to a numeric value: b"},
    {"{\"N\":\"1e126\"}",
     "Number overflow. Attempting to store a number with magnitude larger than supported range"},
    {"{\"N\":\"1e-131\"}",
     "Number underflow. Attempting to store a number with magnitude smaller than supported range"},
    {"{\"N\":\"123456789012345678901234567890123456789\"}",
     "Attempting to store more than 38 significant digits in a Number"},
    {"{\"M\":{\"\":{\"S\":\"a\"}}}", "Empty attribute name"},
    /* Of several problems, the first in the order of the request; that of types comes last. */
    {"{\"S\":\"a\",\"N\":\"b\"}", "The parameter cannot be converted to a numeric value: b"},
    {"{\"L\":[{\"SS\":[\"a\",\"a\"]},{}]}", INVALID "Input collection [a, a] contains duplicates."},
    {"{\"M\":{\"\":{\"N\":\"b\"},\"a\":{}}}",
     "The parameter cannot be converted to a numeric value: b"},
    {"{\"M\":{\"\":{\"N\":\"1\"},\"a\":{}}}", "Empty attribute name"},
};

START_TEST(refuses_values)
{
    yyjson_val *json = parse(wrong_values[_i].json);
    struct value_node *value;
    ck_assert_ptr_null(json_value_check(&arena, json));
    ck_assert_str_eq(json_value_read(&arena, json, &value), wrong_values[_i].expected);
}
END_TEST

START_TEST(limits_nesting)
{
    for (int levels = 30; levels < 36; levels++) {
        char json[512] = "{\"a\":";
        for (int i = 0; i < levels; i++)
            strcat(json, "{\"L\":[");
        strcat(json, "{\"S\":\"x\"}");
        for (int i = 0; i < levels; i++)
            strcat(json, "]}");
        strcat(json, "}");
        struct value_node *item;
        yyjson_val *parsed = parse(json);
        ck_assert_ptr_null(json_item_check(&arena, parsed));
        const char *problem = json_item_read(&arena, parsed, &item);
        ck_assert_msg((problem == NULL) == (levels <= VALUE_NESTING_MAX), "%d: %s", levels,
                      problem);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_item");
    TCase *all = tcase_create("json_item");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, round_trips, 0, (int)array_size(good));
    tcase_add_loop_test(all, refuses_types, 0, (int)array_size(wrong_types));
    tcase_add_loop_test(all, refuses_values, 0, (int)array_size(wrong_values));
    tcase_add_test(all, limits_nesting);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
