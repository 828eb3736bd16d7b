/* What requests of tables with a limit are charged, and what they are told when it is used up. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

#define KEYS                                                                             \
    "'AttributeDefinitions':[{'AttributeName':'pk','AttributeType':'S'}],'KeySchema':[{" \
    "'AttributeName':'pk','KeyType':'HASH'}]"
#define READS_REFUSED                                                                           \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\","  \
    "\"message\":\"The level of configured provisioned throughput for the table was exceeded. " \
    "Consider increasing your provisioning level with the UpdateTable API.\","                  \
    "\"ThrottlingReasons\":[{\"reason\":\"TableReadProvisionedThroughputExceeded\","            \
    "\"resource\":\"arn:aws:dynamodb:us-east-1:123456789012:table/carts\"}]}"

enum { KB = 1024 };

static struct api_fixture fixture;

/* Three tables: units, maximums, and no limit. */
static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'carts'," KEYS ",'ProvisionedThroughput':{'ReadCapacityUnits':7,"
                   "'WriteCapacityUnits':5}}");
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'capped'," KEYS ",'BillingMode':'PAY_PER_REQUEST',"
                   "'OnDemandThroughput':{'MaxReadRequestUnits':3}}");
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'free'," KEYS ",'BillingMode':'PAY_PER_REQUEST'}");
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

/* Runs a call; returns the half units that it was charged. */
static int64_t charged(enum throughput_kind kind, const char *operation, const char *body)
{
    int64_t before = node_double_charged(fixture.node, kind);
    api_fixture_call(&fixture, operation, body);
    return node_double_charged(fixture.node, kind) - before;
}

static int64_t written(const char *operation, const char *body)
{
    return charged(THROUGHPUT_WRITE, operation, body);
}

static int64_t read_of(const char *operation, const char *body)
{
    return charged(THROUGHPUT_READ, operation, body);
}

/* An item of that many KB and a little less, and what it was charged. */
static int64_t put(const char *pk, int kilobytes, const char *more)
{
    static char body[64 * KB];
    static char text[32 * KB];
    size_t size = (size_t)kilobytes * KB - 100;
    memset(text, 'x', size);
    text[size] = '\0';
    snprintf(body, sizeof(body), "{'TableName':'carts','Item':{'pk':{'S':'%s'},'t':{'S':'%s'}}%s}",
             pk, text, more);
    return written("PutItem", body);
}

#define KEY(pk) "'TableName':'carts','Key':{'pk':{'S':'" pk "'}}"

START_TEST(writes_are_charged_by_the_larger_item)
{
    ck_assert_int_eq(put("a", 3, ""), 6);
    ck_assert_int_eq(put("a", 5, ""), 10);
    ck_assert_int_eq(put("a", 1, ""), 10);
    ck_assert_int_eq(put("a", 5, ""), 10);
    ck_assert_int_eq(written("UpdateItem",
                             "{" KEY("a") ",'UpdateExpression':'SET v = :v',"
                                          "'ExpressionAttributeValues':{':v':{'S':'x'}}}"),
                     10);
    ck_assert_int_eq(written("UpdateItem", "{" KEY("a") "}"), 10);
    ck_assert_int_eq(written("UpdateItem", "{" KEY("new") "}"), 2);
    ck_assert_int_eq(written("DeleteItem", "{" KEY("a") "}"), 10);
    ck_assert_int_eq(written("DeleteItem", "{" KEY("a") "}"), 2);
}
END_TEST

START_TEST(failed_conditions_are_charged)
{
    ck_assert_int_eq(put("a", 3, ",'ConditionExpression':'attribute_exists(pk)'"), 2);
    ck_assert_int_eq(put("a", 3, ""), 6);
    ck_assert_int_eq(put("a", 5, ",'ConditionExpression':'attribute_not_exists(pk)'"), 10);
    ck_assert_int_eq(put("a", 1, ",'ConditionExpression':'attribute_not_exists(pk)'"), 6);
    ck_assert_int_eq(written("DeleteItem", "{" KEY("a") ",'ConditionExpression':"
                                                        "'attribute_exists(nope)'}"),
                     6);
}
END_TEST

START_TEST(what_was_not_done_is_not_charged)
{
    node_double_fail(fixture.node, OUTCOME_UNAVAILABLE, 1);
    ck_assert_int_eq(put("a", 3, ""), 0);
    ck_assert_int_eq(fixture.status, 503);
    node_double_fail(fixture.node, OUTCOME_UNKNOWN, 1);
    ck_assert_int_eq(put("a", 3, ""), 6);
    node_double_fail(fixture.node, OUTCOME_TIMEOUT, 1);
    ck_assert_int_eq(read_of("GetItem", "{" KEY("a") "}"), 0);
    ck_assert_int_eq(written("PutItem", "{'TableName':'carts','Item':{'no':{'S':'key'}}}"), 0);
}
END_TEST

START_TEST(reads_are_charged_by_what_they_look_at)
{
    (void)put("a", 9, "");
    (void)put("b", 9, "");
    ck_assert_int_eq(read_of("GetItem", "{" KEY("a") "}"), 3);
    ck_assert_int_eq(read_of("GetItem", "{" KEY("a") ",'ConsistentRead':true}"), 6);
    ck_assert_int_eq(read_of("GetItem", "{" KEY("no") ",'ConsistentRead':true}"), 2);
    ck_assert_int_eq(read_of("GetItem", "{" KEY("no") "}"), 1);
    ck_assert_int_eq(read_of("Scan", "{'TableName':'carts'}"), 5);
    ck_assert_int_eq(read_of("Scan", "{'TableName':'carts','FilterExpression':'v = t',"
                                     "'ConsistentRead':true}"),
                     10);
    ck_assert_int_eq(read_of("Query", "{'TableName':'carts','KeyConditionExpression':'pk = :p',"
                                      "'ExpressionAttributeValues':{':p':{'S':'a'}}}"),
                     3);
    ck_assert_int_eq(read_of("Query", "{'TableName':'carts','KeyConditionExpression':'pk = :p',"
                                      "'ExpressionAttributeValues':{':p':{'S':'no'}}}"),
                     1);
}
END_TEST

START_TEST(batches_are_charged_by_item)
{
    (void)put("a", 9, "");
    ck_assert_int_eq(read_of("BatchGetItem",
                             "{'RequestItems':{'carts':{'Keys':[{'pk':{'S':'a'}},{'pk':{'S':"
                             "'b'}}]},'free':{'Keys':[{'pk':{'S':'a'}}]}}}"),
                     4);
    ck_assert_int_eq(written("BatchWriteItem",
                             "{'RequestItems':{'carts':[{'DeleteRequest':{'Key':{'pk':{'S':'a'}}}},"
                             "{'PutRequest':{'Item':{'pk':{'S':'b'}}}}]}}"),
                     20);
}
END_TEST

START_TEST(limits_are_those_of_the_table)
{
    const struct throughput_limit *limit = node_double_limit(fixture.node);
    (void)put("a", 1, "");
    ck_assert_uint_eq(limit->rate, 10);
    ck_assert_int_eq(limit->kind, THROUGHPUT_WRITE);
    uint64_t revision = limit->revision;
    ck_assert_int_eq(read_of("GetItem", "{" KEY("a") "}"), 1);
    ck_assert_uint_eq(limit->rate, 14);
    api_fixture_ok(&fixture, "UpdateTable",
                   "{'TableName':'carts','ProvisionedThroughput':{'ReadCapacityUnits':8,"
                   "'WriteCapacityUnits':5}}");
    ck_assert_int_eq(read_of("GetItem", "{" KEY("a") "}"), 1);
    ck_assert_uint_eq(limit->rate, 16);
    ck_assert_uint_gt(limit->revision, revision);
    ck_assert_int_eq(read_of("GetItem", "{'TableName':'capped','Key':{'pk':{'S':'a'}}}"), 1);
    ck_assert_uint_eq(limit->rate, 6);
    ck_assert_int_eq(written("PutItem", "{'TableName':'capped','Item':{'pk':{'S':'a'}}}"), 0);
    ck_assert_int_eq(read_of("GetItem", "{'TableName':'free','Key':{'pk':{'S':'a'}}}"), 0);
}
END_TEST

START_TEST(who_is_refused_is_told_why)
{
    static const char *const reads[][2] = {
        {"GetItem", "{" KEY("a") "}"},
        {"Scan", "{'TableName':'carts'}"},
        {"Query", "{'TableName':'carts','KeyConditionExpression':'pk = :p',"
                  "'ExpressionAttributeValues':{':p':{'S':'a'}}}"},
        {"BatchGetItem", "{'RequestItems':{'carts':{'Keys':[{'pk':{'S':'a'}}]}}}"},
    };
    static const char *const writes[][2] = {
        {"PutItem", "{'TableName':'carts','Item':{'pk':{'S':'a'}}}"},
        {"UpdateItem", "{" KEY("a") "}"},
        {"DeleteItem", "{" KEY("a") "}"},
        {"BatchWriteItem", "{'RequestItems':{'carts':[{'PutRequest':{'Item':{'pk':{'S':'b'}}}}]}}"},
    };
    node_double_admit(fixture.node, 0);
    for (size_t i = 0; i < array_size(reads); i++)
        ck_assert_str_eq(api_fixture_error(&fixture, reads[i][0], reads[i][1]), READS_REFUSED);
    for (size_t i = 0; i < array_size(writes); i++)
        ck_assert_ptr_nonnull(strstr(api_fixture_error(&fixture, writes[i][0], writes[i][1]),
                                     "\"TableWriteProvisionedThroughputExceeded\""));
    ck_assert_str_eq(
        api_fixture_error(&fixture, "GetItem", "{'TableName':'capped','Key':{'pk':{'S':'a'}}}"),
        "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ThrottlingException\",\"message\":"
        "\"Throughput exceeds the maximum OnDemandThroughput configured on table or index\","
        "\"throttlingReasons\":[{\"reason\":\"TableReadMaxOnDemandThroughputExceeded\","
        "\"resource\":\"arn:aws:dynamodb:us-east-1:123456789012:table/capped\"}]}");
    ck_assert_str_eq(
        api_fixture_ok(&fixture, "PutItem", "{'TableName':'free','Item':{'pk':{'S':'a'}}}"), "{}");
}
END_TEST

START_TEST(checks_come_before_throughput)
{
    node_double_admit(fixture.node, 0);
    ck_assert_ptr_nonnull(strstr(
        api_fixture_error(&fixture, "GetItem", "{'TableName':'carts','Key':{'no':{'S':'a'}}}"),
        "ValidationException"));
    ck_assert_ptr_nonnull(strstr(
        api_fixture_error(&fixture, "GetItem", "{'TableName':'none','Key':{'no':{'S':'a'}}}"),
        "ResourceNotFoundException"));
}
END_TEST

START_TEST(what_of_a_batch_is_refused_is_left_unprocessed)
{
    (void)put("a", 1, "");
    (void)put("b", 1, "");
    node_double_admit(fixture.node, 1);
    ck_assert_ptr_nonnull(strstr(
        api_fixture_ok(&fixture, "BatchGetItem",
                       "{'RequestItems':{'carts':{'Keys':[{'pk':{'S':'a'}},{'pk':{'S':'b'}}]}}}"),
        "\"UnprocessedKeys\":{\"carts\":{\"Keys\":[{\"pk\":{\"S\":\"b\"}}]}}"));
    node_double_admit(fixture.node, 1);
    ck_assert_str_eq(
        api_fixture_ok(&fixture, "BatchWriteItem",
                       "{'RequestItems':{'carts':[{'DeleteRequest':{'Key':{'pk':{'S':'a'}}}},"
                       "{'PutRequest':{'Item':{'pk':{'S':'c'}}}}]},"
                       "'ReturnConsumedCapacity':'TOTAL'}"),
        "{\"UnprocessedItems\":{\"carts\":[{\"PutRequest\":{\"Item\":{\"pk\":{\"S\":\"c\"}}}}]},"
        "\"ConsumedCapacity\":[{\"TableName\":\"carts\",\"CapacityUnits\":1.0}]}");
    node_double_admit(fixture.node, 0);
    ck_assert_ptr_nonnull(
        strstr(api_fixture_ok(&fixture, "BatchGetItem",
                              "{'RequestItems':{'carts':{'Keys':[{'pk':{'S':'b'}}]},"
                              "'free':{'Keys':[{'pk':{'S':'b'}}]}}}"),
               "\"UnprocessedKeys\":{\"carts\":{\"Keys\":[{\"pk\":{\"S\":\"b\"}}]}}"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("throttle");
    TCase *cases = tcase_create("throttle");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, writes_are_charged_by_the_larger_item);
    tcase_add_test(cases, failed_conditions_are_charged);
    tcase_add_test(cases, what_was_not_done_is_not_charged);
    tcase_add_test(cases, reads_are_charged_by_what_they_look_at);
    tcase_add_test(cases, batches_are_charged_by_item);
    tcase_add_test(cases, limits_are_those_of_the_table);
    tcase_add_test(cases, who_is_refused_is_told_why);
    tcase_add_test(cases, checks_come_before_throughput);
    tcase_add_test(cases, what_of_a_batch_is_refused_is_left_unprocessed);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
