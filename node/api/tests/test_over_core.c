/* Every operation once over a whole node: what api and core expect of each other. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "core_host.h"

#define ARN "arn:aws:dynamodb:us-east-1:123456789012:table/carts"

static struct api_fixture fixture;
static struct arena open_arena; /* of a call that does not end */
static struct api_call open_call;

static void setup(void)
{
    core_fixture_init(&fixture);
}

static void teardown(void)
{
    core_fixture_deinit(&fixture);
    writer_deinit(&open_call.reply);
    arena_deinit(&open_arena);
}

static const char *ok(const char *operation, const char *body)
{
    return api_fixture_ok(&fixture, operation, body);
}

static void create(void)
{
    ok("CreateTable", "{'TableName':'carts','AttributeDefinitions':[{'AttributeName':'pk',"
                      "'AttributeType':'S'},{'AttributeName':'sk','AttributeType':'N'}],"
                      "'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk',"
                      "'KeyType':'RANGE'}],'BillingMode':'PAY_PER_REQUEST'}");
}

START_TEST(tables)
{
    create();
    assert_has(api_fixture_error(&fixture, "CreateTable",
                                 "{'TableName':'carts','AttributeDefinitions':[{'AttributeName':"
                                 "'pk','AttributeType':'S'}],'KeySchema':[{'AttributeName':'pk',"
                                 "'KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST'}"),
               "Table already exists: carts");
    assert_has(ok("DescribeTable", "{'TableName':'carts'}"), "\"TableStatus\":\"ACTIVE\"");
    ck_assert_str_eq(ok("ListTables", "{}"), "{\"TableNames\":[\"carts\"]}");
    assert_has(ok("UpdateTable", "{'TableName':'carts','DeletionProtectionEnabled':true}"),
               "\"DeletionProtectionEnabled\":true");
    ck_assert_str_eq(
        ok("TagResource", "{'ResourceArn':'" ARN "','Tags':[{'Key':'a','Value':'b'}]}"), "");
    assert_has(ok("ListTagsOfResource", "{'ResourceArn':'" ARN "'}"), "\"Value\":\"b\"");
    ok("UntagResource", "{'ResourceArn':'" ARN "','TagKeys':['a']}");
    api_fixture_error(&fixture, "DeleteTable", "{'TableName':'carts'}");
    ok("UpdateTable", "{'TableName':'carts','DeletionProtectionEnabled':false}");
    ok("DeleteTable", "{'TableName':'carts'}");
    ck_assert_str_eq(ok("ListTables", "{}"), "{\"TableNames\":[]}");
    assert_has(api_fixture_error(&fixture, "GetItem",
                                 "{'TableName':'carts','Key':{'pk':{'S':'a'},'sk':{'N':'1'}}}"),
               "ResourceNotFoundException");
}
END_TEST

START_TEST(items)
{
    create();
    ok("PutItem", "{'TableName':'carts','Item':{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'S':'x'}}}");
    ck_assert_str_eq(ok("GetItem", "{'TableName':'carts','Key':{'pk':{'S':'a'},'sk':{'N':'1'}}}"),
                     "{\"Item\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"},\"v\":{\"S\":\"x\"}}}");
    ck_assert_str_eq(ok("GetItem", "{'TableName':'carts','ConsistentRead':true,"
                                   "'ProjectionExpression':'v','Key':{'pk':{'S':'a'},'sk':{'N':"
                                   "'1.0'}}}"),
                     "{\"Item\":{\"v\":{\"S\":\"x\"}}}");
    assert_has(ok("DeleteItem", "{'TableName':'carts','Key':{'pk':{'S':'a'},'sk':{'N':'1'}},"
                                "'ReturnConsumedCapacity':'TOTAL'}"),
               "\"CapacityUnits\":1.0");
    ck_assert_str_eq(ok("GetItem", "{'TableName':'carts','ConsistentRead':true,'Key':{'pk':{'S':"
                                   "'a'},'sk':{'N':'1'}}}"),
                     "{}");
}
END_TEST

#define KEY "'TableName':'carts','Key':{'pk':{'S':'a'},'sk':{'N':'1'}}"

START_TEST(conditional_writes)
{
    create();
    ck_assert_str_eq(ok("UpdateItem", "{" KEY ",'UpdateExpression':'ADD n :n','ReturnValues':"
                                      "'UPDATED_NEW','ExpressionAttributeValues':{':n':{'N':'2'}},"
                                      "'ReturnConsumedCapacity':'TOTAL'}"),
                     "{\"Attributes\":{\"n\":{\"N\":\"2\"}},\"ConsumedCapacity\":{\"TableName\":"
                     "\"carts\",\"CapacityUnits\":1.0}}");
    ck_assert_str_eq(ok("UpdateItem", "{" KEY ",'UpdateExpression':'SET n = n + n','ReturnValues':"
                                      "'UPDATED_OLD'}"),
                     "{\"Attributes\":{\"n\":{\"N\":\"2\"}}}");
    assert_has(
        api_fixture_error(&fixture, "UpdateItem", "{" KEY ",'UpdateExpression':'SET n = q'}"),
        "refers to an attribute that does not exist in the item");
    const char *failure = api_fixture_error(
        &fixture, "PutItem",
        "{'TableName':'carts','Item':{'pk':{'S':'a'},'sk':{'N':'1'}},'ConditionExpression':"
        "'attribute_not_exists(pk)','ReturnValuesOnConditionCheckFailure':'ALL_OLD'}");
    assert_has(failure, "#ConditionalCheckFailedException");
    assert_has(failure, "\"Item\":{\"n\":{\"N\":\"4\"},\"pk\":{\"S\":\"a\"}");
    assert_has(
        ok("DeleteItem", "{" KEY ",'ReturnValues':'ALL_OLD','ConditionExpression':'n > sk'}"),
        "{\"Attributes\":{\"n\":{\"N\":\"4\"},");
    ck_assert_str_eq(ok("GetItem", "{" KEY ",'ConsistentRead':true}"), "{}");
}
END_TEST

/* A table of the same name is another table. */
START_TEST(recreated_tables_are_empty)
{
    create();
    ok("PutItem", "{'TableName':'carts','Item':{'pk':{'S':'a'},'sk':{'N':'1'}}}");
    ok("DeleteTable", "{'TableName':'carts'}");
    create();
    assert_has(ok("Scan", "{'TableName':'carts','ConsistentRead':true}"), "\"Count\":0");
}
END_TEST

START_TEST(collections)
{
    create();
    for (int i = 0; i < 40; i++) {
        char body[256];
        snprintf(body, sizeof(body),
                 "{'RequestItems':{'carts':[{'PutRequest':{'Item':{'pk':{'S':'p%d'},'sk':{'N':"
                 "'%d'}}}},{'DeleteRequest':{'Key':{'pk':{'S':'p%d'},'sk':{'N':'1000'}}}}]}}",
                 i % 4, i, i % 4);
        ck_assert_str_eq(ok("BatchWriteItem", body), "{\"UnprocessedItems\":{}}");
    }
    assert_has(ok("BatchGetItem", "{'RequestItems':{'carts':{'Keys':[{'pk':{'S':'p1'},'sk':{'N':"
                                  "'1'}},{'pk':{'S':'p1'},'sk':{'N':'2'}}]}}}"),
               "{\"carts\":[{\"pk\":{\"S\":\"p1\"},\"sk\":{\"N\":\"1\"}}]}");
    static const char *const consistent[] = {"false", "true"};
    for (int i = 0; i < 2; i++) {
        char body[512];
        snprintf(body, sizeof(body), "{'TableName':'carts','ConsistentRead':%s}", consistent[i]);
        assert_has(ok("Scan", body), "\"Count\":40");
        snprintf(body, sizeof(body),
                 "{'TableName':'carts','ConsistentRead':%s,'Select':'COUNT',"
                 "'KeyConditionExpression':'pk = :p AND sk > :s','ScanIndexForward':false,"
                 "'ExpressionAttributeValues':{':p':{'S':'p1'},':s':{'N':'5'}},'Limit':3}",
                 consistent[i]);
        assert_has(ok("Query", body), "\"LastEvaluatedKey\":{\"pk\":{\"S\":\"p1\"},\"sk\":{\"N\":"
                                      "\"29\"}}");
    }
}
END_TEST

static void put_until(const char *name, const char *until)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{'TableName':'carts','Item':{'pk':{'S':'%s'},'sk':{'N':'1'},'the.end':{%s}}}", name,
             until);
    ok("PutItem", body);
}

static void run_seconds(unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 1000; i++)
        fixture.drive(&fixture);
}

static void assert_count(const char *count)
{
    assert_has(ok("Scan", "{'TableName':'carts','ConsistentRead':true,'Select':'COUNT'}"), count);
}

/* Time begins at 1750000000 here. */
START_TEST(items_expire)
{
    create();
    put_until("before", "'N':'1749999999'"); /* before the attribute is known */
    ok("UpdateTimeToLive", "{'TableName':'carts','TimeToLiveSpecification':{'Enabled':true,"
                           "'AttributeName':'the.end'}}");
    put_until("past", "'N':'1750000000'");
    put_until("fraction", "'N':'1750000019.5'");
    put_until("later", "'N':'1750001000'");
    put_until("six years old", "'N':'1560000000'");
    put_until("no number", "'S':'1749999999'");
    put_until("set", "'NS':['1749999999']");
    assert_count("\"Count\":7");
    run_seconds(15);
    assert_count("\"Count\":5");
    run_seconds(15);
    assert_count("\"Count\":4");
    assert_has(ok("Scan", "{'TableName':'carts','ProjectionExpression':'pk'}"), "later");
    ok("UpdateTimeToLive", "{'TableName':'carts','TimeToLiveSpecification':{'Enabled':false,"
                           "'AttributeName':'the.end'}}");
    put_until("past", "'N':'1750000000'");
    run_seconds(15);
    assert_count("\"Count\":5");
}
END_TEST

static void never(struct api_call *call)
{
    (void)call;
    ck_abort_msg("a call was delivered after the end");
}

START_TEST(stops_in_the_middle)
{
    create();
    arena_init(&open_arena);
    open_call.target = SLICE_LITERAL("DynamoDB_20120810.PutItem");
    open_call.body = SLICE_LITERAL("{\"TableName\":\"carts\",\"Item\":{\"pk\":{\"S\":\"a\"},"
                                   "\"sk\":{\"N\":\"1\"}}}");
    open_call.arena = &open_arena;
    open_call.done = never;
    api_call_start(fixture.api, fixture.now, &open_call);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("over_core");
    TCase *all = tcase_create("over_core");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, tables);
    tcase_add_test(all, items);
    tcase_add_test(all, conditional_writes);
    tcase_add_test(all, recreated_tables_are_empty);
    tcase_add_test(all, collections);
    tcase_add_test(all, items_expire);
    tcase_add_test(all, stops_in_the_middle);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
