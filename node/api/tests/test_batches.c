/* BatchGetItem and BatchWriteItem: what they refuse, in which order, and what they leave undone. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

#define DUPLICATES "Provided list of item keys contains duplicates"
#define MISMATCH   "The provided key element does not match the schema"
#define NO_TABLE   "Requested resource not found"
#define TOO_LARGE  "Item size has exceeded the maximum allowed size"
#define NO_VALUE \
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
#define TWO_VALUES                                                                              \
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the " \
    "supported datatypes"

enum { LARGE = 390 * 1024 };

static struct api_fixture fixture;

static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'sorted','AttributeDefinitions':[{'AttributeName':'pk',"
                   "'AttributeType':'S'},{'AttributeName':'sk','AttributeType':'N'}],'KeySchema':"
                   "[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk','KeyType':"
                   "'RANGE'}],'BillingMode':'PAY_PER_REQUEST'}");
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

struct refusal {
    const char *items; /* RequestItems; ~ stands for 400 KB */
    const char *message;
};

#define ARN      "arn:aws:dynamodb:us-east-1:123456789012:table/"
#define GOOD     "{'pk':{'S':'a'},'sk':{'N':'1'}}"
#define GOOD_TOO "{'pk':{'S':'a'},'sk':{'N':'1.0'}}"

static const struct refusal reads[] = {
    {"{'sorted':{'Keys':[" GOOD "," GOOD "]}}", DUPLICATES},
    {"{'sorted':{'Keys':[" GOOD "," GOOD_TOO "]}}", DUPLICATES},
    {"{'nosuch':{'Keys':[" GOOD "," GOOD "]}}", DUPLICATES},
    {"{'sorted':{'Keys':[" GOOD "]},'" ARN "sorted':{'Keys':[" GOOD_TOO "]}}", DUPLICATES},
    {"{'nosuch':{'Keys':[" GOOD "]}}", NO_TABLE},
    {"{'nosuch':{'Keys':[{'pk':{}}]}}", NO_VALUE},
    {"{'sorted':{'Keys':[{'pk':{'S':'a'}}]}}", MISMATCH},
    {"{'sorted':{'Keys':[{'pk':{'S':'a'},'sk':{'S':'1'}}]}}", MISMATCH},
    {"{'sorted':{'Keys':[{'pk':{'S':'a'}}]},'nosuch':{'Keys':[" GOOD "]}}", MISMATCH},
    {"{'nosuch':{'Keys':[" GOOD "]},'sorted':{'Keys':[{'pk':{'S':'a'}}]}}", NO_TABLE},
    {"{'sorted':{'Keys':[" GOOD "," GOOD "],'ProjectionExpression':'a b'}}",
     "Invalid ProjectionExpression: Syntax error; token: \\\"b\\\", near: \\\"a b\\\""},
    {"{'sorted':{'Keys':[" GOOD "],'ExpressionAttributeNames':{'#a':'a'}}}",
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"{'sorted':{'Keys':[" GOOD "],'ProjectionExpression':'pk.a'}}",
     "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
     "Key: pk"},
    {"{'sorted':{'Keys':[]}}",
     "1 validation error detected: Value '[]' at 'requestItems.sorted.member.keys' failed to "
     "satisfy constraint: Member must have length greater than or equal to 1"},
    {"{}", "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy "
           "constraint: Member must have length greater than or equal to 1"},
};

#define PUT(item)   "{'PutRequest':{'Item':" item "}}"
#define DELETE(key) "{'DeleteRequest':{'Key':" key "}}"

static const struct refusal writes[] = {
    {"{'sorted':[" PUT(GOOD) "," DELETE(GOOD_TOO) "]}", DUPLICATES},
    {"{'sorted':[" PUT(GOOD) "],'" ARN "sorted':[" DELETE(GOOD) "]}", DUPLICATES},
    {"{'sorted':[" PUT(GOOD) "," PUT(GOOD) "],'nosuch':[" PUT(GOOD) "]}", DUPLICATES},
    {"{'nosuch':[" PUT(GOOD) "," PUT(GOOD) "]}", NO_TABLE},
    {"{'nosuch':[" PUT(GOOD) "],'sorted':[" PUT("{'pk':{'S':'a'}}") "]}", NO_TABLE},
    {"{'sorted':[" PUT("{'pk':{'S':'a'}}") "],'nosuch':[" PUT(GOOD) "]}", MISMATCH},
    {"{'sorted':[" PUT("{'pk':{'S':'a'},'sk':{'S':'1'}}") "]}", MISMATCH},
    {"{'sorted':[" DELETE("{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'N':'1'}}") "]}", MISMATCH},
    {"{'sorted':[" PUT("{'pk':{'S':'a'},'v':{'S':'~'}}") "]}", TOO_LARGE},
    {"{'nosuch':[" PUT("{'pk':{'S':'a'},'v':{'S':'~'}}") "]}", TOO_LARGE},
    {"{'sorted':[" PUT(GOOD) "," PUT("{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'S':'~'}}") "]}",
     TOO_LARGE},
    {"{'nosuch':[" PUT("{'pk':{}}") "]}", NO_VALUE},
    {"{'sorted':[{}]}", TWO_VALUES},
    {"{'sorted':[{'PutRequest':{'Item':" GOOD "},'DeleteRequest':{'Key':" GOOD "}}]}", TWO_VALUES},
    {"{'sorted':[{'PutRequest':{}}]}",
     "1 validation error detected: Value null at "
     "'requestItems.sorted.member.1.member.putRequest.item' failed to satisfy constraint: Member "
     "must not be null"},
};

static void check_refusal(const char *operation, const struct refusal *refusal)
{
    char *body = malloc(strlen(refusal->items) + 32);
    ck_assert_ptr_nonnull(body);
    sprintf(body, "{'RequestItems':%s}", refusal->items);
    char expected[512];
    sprintf(expected, "\"message\":\"%s\"}", refusal->message);
    const char *reply = api_fixture_error_filled(&fixture, operation, body, 400 * 1024);
    ck_assert_msg(strstr(reply, expected) != NULL, "%s: %s", refusal->items, reply);
    free(body);
}

START_TEST(refuses_reads)
{
    check_refusal("BatchGetItem", &reads[_i]);
}
END_TEST

START_TEST(refuses_writes)
{
    check_refusal("BatchWriteItem", &writes[_i]);
}
END_TEST

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;
    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

/* Of 100 keys no more than 16 MB of items are returned; the other keys are given back. */
START_TEST(limits_replies)
{
    char *body = malloc(2 * LARGE);
    ck_assert_ptr_nonnull(body);
    for (int i = 0; i < 45; i++) {
        int size = sprintf(body,
                           "{'TableName':'sorted','Item':{'pk':{'S':'a'},'sk':{'N':'%d'},"
                           "'v':{'B':'",
                           i);
        memset(body + size, 'A', LARGE / 3 * 4);
        strcpy(body + size + LARGE / 3 * 4, "'}}}");
        api_fixture_ok(&fixture, "PutItem", body);
    }
    int size = sprintf(body, "{'RequestItems':{'sorted':{'Keys':[");
    for (int i = 0; i < 100; i++)
        size += sprintf(body + size, "%s{'pk':{'S':'a'},'sk':{'N':'%d'}}", i == 0 ? "" : ",", i);
    strcpy(body + size, "],'ProjectionExpression':'sk'}}}");
    const char *reply = api_fixture_ok(&fixture, "BatchGetItem", body);
    const char *left = strstr(reply, "\"UnprocessedKeys\":{\"sorted\":");
    ck_assert_ptr_nonnull(left);
    ck_assert_uint_eq(count_of(left, "\"sk\":{\"N\":"), 3);
    ck_assert_uint_eq(count_of(reply, "\"sk\":{\"N\":"), 45);
    ck_assert_ptr_nonnull(strstr(left, "\"ProjectionExpression\":\"sk\""));
    free(body);
}
END_TEST

/* One that is answered before the others are sent does not end the batch. */
START_TEST(waits_for_all)
{
    static const char get[] = "{'RequestItems':{'sorted':{'Keys':[{'pk':{'S':'a'},'sk':{'N':'1'}},"
                              "{'pk':{'S':'a'},'sk':{'N':'2'}}]}}}";
    node_double_fail_at_once(fixture.node, OUTCOME_UNAVAILABLE, 1);
    ck_assert_str_eq(api_fixture_ok(&fixture, "BatchWriteItem",
                                    "{'RequestItems':{'sorted':[{'PutRequest':{'Item':{'pk':{'S':"
                                    "'a'},'sk':{'N':'1'}}}},{'PutRequest':{'Item':{'pk':{'S':'a'},"
                                    "'sk':{'N':'2'}}}}]}}"),
                     "{\"UnprocessedItems\":{\"sorted\":[{\"PutRequest\":{\"Item\":{\"pk\":{"
                     "\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}}}]}}");
    ck_assert_str_eq(api_fixture_ok(&fixture, "BatchGetItem", get),
                     "{\"Responses\":{\"sorted\":[{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":"
                     "\"2\"}}]},\"UnprocessedKeys\":{}}");
    node_double_fail_at_once(fixture.node, OUTCOME_UNAVAILABLE, 1);
    ck_assert_str_eq(api_fixture_ok(&fixture, "BatchGetItem", get),
                     "{\"Responses\":{\"sorted\":[{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":"
                     "\"2\"}}]},\"UnprocessedKeys\":{\"sorted\":{\"Keys\":[{\"pk\":{\"S\":"
                     "\"a\"},\"sk\":{\"N\":\"1\"}}]}}}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batches");
    TCase *all = tcase_create("batches");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 30);
    tcase_add_loop_test(all, refuses_reads, 0, (int)array_size(reads));
    tcase_add_loop_test(all, refuses_writes, 0, (int)array_size(writes));
    tcase_add_test(all, limits_replies);
    tcase_add_test(all, waits_for_all);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
