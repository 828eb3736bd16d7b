/* The operations on items, over a node that answers from memory. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

static struct api_fixture fixture;

static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'carts','AttributeDefinitions':[{'AttributeName':'pk',"
                   "'AttributeType':'S'},{'AttributeName':'sk','AttributeType':'N'}],'KeySchema':"
                   "[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk','KeyType':"
                   "'RANGE'}],'BillingMode':'PAY_PER_REQUEST'}");
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'users','AttributeDefinitions':[{'AttributeName':'id',"
                   "'AttributeType':'B'}],'KeySchema':[{'AttributeName':'id','KeyType':'HASH'}],"
                   "'BillingMode':'PAY_PER_REQUEST'}");
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

static const char *ok(const char *operation, const char *body)
{
    return api_fixture_ok(&fixture, operation, body);
}

static void put(const char *pk, int sk)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{'TableName':'carts','Item':{'pk':{'S':'%s'},'sk':{'N':'%d'},'v':{'N':'%d'}}}", pk,
             sk, sk * 10);
    ck_assert_str_eq(ok("PutItem", body), "{}");
}

START_TEST(puts_gets_deletes)
{
    ck_assert_str_eq(ok("PutItem", "{'TableName':'users','Item':{'id':{'B':'AQI='},'a':{'L':[{'S':"
                                   "'x'},{'M':{'b':{'NS':['2','1.0']},'n':{'NULL':true}}}]},'t':"
                                   "{'BOOL':false}}}"),
                     "{}");
    ck_assert_str_eq(ok("GetItem", "{'TableName':'users','Key':{'id':{'B':'AQI='}}}"),
                     "{\"Item\":{\"a\":{\"L\":[{\"S\":\"x\"},{\"M\":{\"b\":{\"NS\":[\"1\",\"2\"]},"
                     "\"n\":{\"NULL\":true}}}]},\"id\":{\"B\":\"AQI=\"},\"t\":{\"BOOL\":false}}}");
    ck_assert_str_eq(ok("GetItem", "{'TableName':'users','Key':{'id':{'B':'AQI='}},"
                                   "'ProjectionExpression':'a[1].#b, t, a[7], nope',"
                                   "'ExpressionAttributeNames':{'#b':'b'}}"),
                     "{\"Item\":{\"a\":{\"L\":[{\"M\":{\"b\":{\"NS\":[\"1\",\"2\"]}}}]},"
                     "\"t\":{\"BOOL\":false}}}");
    ck_assert_str_eq(ok("GetItem", "{'TableName':'users','Key':{'id':{'B':'AQI='}},"
                                   "'AttributesToGet':['t']}"),
                     "{\"Item\":{\"t\":{\"BOOL\":false}}}");
    ck_assert_str_eq(ok("DeleteItem", "{'TableName':'users','Key':{'id':{'B':'AQI='}}}"), "{}");
    ck_assert_str_eq(ok("GetItem", "{'TableName':'users','Key':{'id':{'B':'AQI='}},"
                                   "'ConsistentRead':true}"),
                     "{}");
}
END_TEST

START_TEST(accounts_capacity)
{
    char body[8192], filler[5001];
    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    snprintf(body, sizeof(body),
             "{'TableName':'users','Item':{'id':{'B':'AQI='},'f':{'S':'%s'}},"
             "'ReturnConsumedCapacity':'INDEXES'}",
             filler);
    ck_assert_str_eq(ok("PutItem", body),
                     "{\"ConsumedCapacity\":{\"TableName\":\"users\",\"CapacityUnits\":5.0,"
                     "\"Table\":{\"CapacityUnits\":5.0}}}");
    assert_has(ok("GetItem", "{'TableName':'users','Key':{'id':{'B':'AQI='}},"
                             "'ReturnConsumedCapacity':'TOTAL'}"),
               "\"CapacityUnits\":1.0");
    assert_has(ok("GetItem", "{'TableName':'users','Key':{'id':{'B':'AQI='}},"
                             "'ReturnConsumedCapacity':'TOTAL','ConsistentRead':true}"),
               "\"CapacityUnits\":2.0");
    assert_has(ok("GetItem", "{'TableName':'users','Key':{'id':{'B':'AAAA'}},"
                             "'ReturnConsumedCapacity':'TOTAL'}"),
               "\"CapacityUnits\":0.5");
    assert_has(ok("PutItem", "{'TableName':'users','Item':{'id':{'B':'AQI='}},"
                             "'ReturnConsumedCapacity':'TOTAL'}"),
               "\"CapacityUnits\":5.0");
    assert_has(ok("DeleteItem", "{'TableName':'users','Key':{'id':{'B':'AQI='}},"
                                "'ReturnConsumedCapacity':'TOTAL'}"),
               "\"CapacityUnits\":1.0");
}
END_TEST

static const struct refusal {
    const char *operation, *body, *message;
} refusals[] = {
    {"GetItem", "{'TableName':'a$'}",
     "3 validation errors detected: Value 'a$' at 'tableName' failed to satisfy constraint: "
     "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'a$' at "
     "'tableName' failed to satisfy constraint: Member must have length greater than or equal "
     "to 3"},
    {"GetItem", "{'TableName':'nope','Key':{}}", "Requested resource not found"},
    {"GetItem", "{'TableName':'carts','Key':{'pk':{'S':'a'}}}",
     "The provided key element does not match the schema"},
    {"GetItem", "{'TableName':'carts','Key':{'pk':{'S':'a'},'sk':{'S':'1'}}}",
     "The provided key element does not match the schema"},
    {"GetItem", "{'TableName':'carts','Key':{'pk':{'S':''},'sk':{'N':'1'}}}",
     "cannot contain an empty string value. Key: pk"},
    {"GetItem",
     "{'TableName':'carts','Key':{'pk':{'S':'a'},'sk':{'N':'1'}},'ProjectionExpression':"
     "'pk.x'}",
     "Key attributes must be scalars"},
    {"PutItem", "{'TableName':'carts','Item':{'pk':{'S':'a'}}}", "Missing the key sk in the item"},
    {"PutItem", "{'TableName':'carts','Item':{'pk':{'S':'a'},'sk':{'S':'1'}}}",
     "Type mismatch for key sk expected: N actual: S"},
    {"PutItem", "{'TableName':'carts','Item':{'pk':{'S':'a'},'sk':{'N':'x'}}}",
     "The parameter cannot be converted to a numeric value: x"},
    {"PutItem", "{'TableName':'carts','Item':{},'Expected':{}}", "Missing the key pk in the item"},
    {"PutItem", "{'TableName':'carts','Item':{},'ReturnValues':'ALL_NEW'}",
     "ReturnValues can only be ALL_OLD or NONE"},
    {"PutItem", "{'TableName':'carts','Item':{'a':{'SS':[]}}}", "An string set  may not be empty"},
    {"TransactWriteItems", "{}", "UnknownOperationException"},
    {"Query", "{'TableName':'carts'}", "Either the KeyConditions or KeyConditionExpression"},
    {"Query",
     "{'TableName':'carts','KeyConditionExpression':'sk = :a','ExpressionAttributeValues':{"
     "':a':{'N':'1'}}}",
     "Query condition missed key schema element: pk"},
    {"Query",
     "{'TableName':'users','KeyConditionExpression':'id = :a AND x = :a',"
     "'ExpressionAttributeValues':{':a':{'B':'AAAA'}}}",
     "Query key condition not supported"},
    {"Query",
     "{'TableName':'carts','KeyConditionExpression':'pk = :a','ExpressionAttributeValues':{"
     "':a':{'S':'1'}},'ExclusiveStartKey':{'pk':{'S':'2'},'sk':{'N':'1'}}}",
     "The provided starting key is outside query boundaries"},
    {"Scan", "{'TableName':'carts','Segment':1}", "The TotalSegments parameter is required"},
    {"Scan", "{'TableName':'carts','Segment':2,'TotalSegments':2}",
     "Segment: 2 is not less than TotalSegments: 2"},
    {"Scan", "{'TableName':'carts','Limit':0}",
     "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than "
     "or equal to 1"},
    {"Scan", "{'TableName':'carts','FilterExpression':'a = '}",
     "Invalid FilterExpression: Syntax error; token: "},
    {"Scan", "{'TableName':'carts','FilterExpression':'pk.a = b'}",
     "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
     "Key: pk"},
    {"Scan", "{'TableName':'carts','ExpressionAttributeValues':{}}",
     "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is "
     "null"},
    {"Scan", "{'TableName':'carts','FilterExpression':'a = b','AttributesToGet':['a']}",
     "Non-expression parameters: {AttributesToGet} Expression parameters: {FilterExpression}"},
    {"Query",
     "{'TableName':'carts','KeyConditionExpression':'pk = :p','FilterExpression':'a = b OR sk > "
     ":p','ExpressionAttributeValues':{':p':{'S':'a'}}}",
     "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"},
    {"Query",
     "{'TableName':'carts','KeyConditionExpression':'pk = ','FilterExpression':'a = ',"
     "'ProjectionExpression':'a,'}",
     "Invalid FilterExpression: Syntax error"},
    {"Query", "{'TableName':'carts','ExpressionAttributeValues':{}}",
     "ExpressionAttributeValues can only be specified when using expressions: FilterExpression and "
     "KeyConditionExpression are null"},
    {"BatchGetItem", "{'RequestItems':{}}",
     "Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length "
     "greater than or equal to 1"},
    {"BatchGetItem",
     "{'RequestItems':{'users':{'Keys':[{'id':{'B':'AAAA'}},{'id':{'B':"
     "'AAAA'}}]}}}",
     "Provided list of item keys contains duplicates"},
    {"BatchWriteItem", "{'RequestItems':{'users':[{}]}}",
     "must contain exactly one of the supported datatypes"},
    {"BatchWriteItem", "{'RequestItems':{'users':[{'PutRequest':{'Item':{'a':{'S':'x'}}}}]}}",
     "The provided key element does not match the schema"},
    {"BatchWriteItem",
     "{'RequestItems':{'carts':[{'PutRequest':{'Item':{'pk':{'S':'x'},'sk':{'N':'1'}}}},"
     "{'DeleteRequest':{'Key':{'pk':{'S':'x'},'sk':{'N':'1.0'}}}}]}}",
     "Provided list of item keys contains duplicates"},
};

START_TEST(refuses)
{
    const struct refusal *one = &refusals[_i];
    assert_has(api_fixture_error(&fixture, one->operation, one->body), one->message);
}
END_TEST

START_TEST(refuses_large_items)
{
    assert_has(api_fixture_error_filled(
                   &fixture, "PutItem",
                   "{'TableName':'users','Item':{'id':{'B':'AQI='},'f':{'S':'~'}}}", 410 * 1024),
               "Item size has exceeded the maximum allowed size");
}
END_TEST

START_TEST(queries)
{
    for (int i = 0; i < 20; i++)
        put("a", i);
    put("b", 1);
    node_double_limit_rows(fixture.node, 3);
    assert_has(ok("Query", "{'TableName':'carts','Select':'COUNT','KeyConditionExpression':"
                           "'pk = :p','ExpressionAttributeValues':{':p':{'S':'a'}}}"),
               "{\"Count\":20,\"ScannedCount\":20}");
    ck_assert_str_eq(ok("Query", "{'TableName':'carts','KeyConditionExpression':'pk = :p AND sk "
                                 "BETWEEN :l AND :h','ExpressionAttributeValues':{':p':{'S':'a'},"
                                 "':l':{'N':'9'},':h':{'N':'10'}},'ProjectionExpression':'v'}"),
                     "{\"Items\":[{\"v\":{\"N\":\"90\"}},{\"v\":{\"N\":\"100\"}}],\"Count\":2,"
                     "\"ScannedCount\":2}");
    ck_assert_str_eq(ok("Query", "{'TableName':'carts','KeyConditionExpression':'pk = :p',"
                                 "'ExpressionAttributeValues':{':p':{'S':'a'}},'Limit':2,"
                                 "'ScanIndexForward':false,'ProjectionExpression':'sk',"
                                 "'ExclusiveStartKey':{'pk':{'S':'a'},'sk':{'N':'7'}}}"),
                     "{\"Items\":[{\"sk\":{\"N\":\"6\"}},{\"sk\":{\"N\":\"5\"}}],\"Count\":2,"
                     "\"ScannedCount\":2,\"LastEvaluatedKey\":{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":"
                     "\"5\"}}}");
    assert_has(ok("Query", "{'TableName':'carts','KeyConditionExpression':'pk = :p AND sk > :l',"
                           "'ExpressionAttributeValues':{':p':{'S':'a'},':l':{'N':'19'}}}"),
               "{\"Items\":[],\"Count\":0,\"ScannedCount\":0}");
    assert_has(ok("Query", "{'TableName':'carts','KeyConditionExpression':'pk = :p','Limit':1,"
                           "'ExpressionAttributeValues':{':p':{'S':'b'}}}"),
               "LastEvaluatedKey"); /* the limit was reached, although nothing follows */
}
END_TEST

/* Limit counts what is evaluated, not what the filter lets through. */
START_TEST(filters)
{
    for (int i = 0; i < 20; i++)
        put("a", i);
    node_double_limit_rows(fixture.node, 3);
    ck_assert_str_eq(ok("Query", "{'TableName':'carts','KeyConditionExpression':'pk = :p',"
                                 "'FilterExpression':'v BETWEEN :l AND :h','Limit':9,"
                                 "'ProjectionExpression':'sk','ExpressionAttributeValues':{':p':{"
                                 "'S':'a'},':l':{'N':'70'},':h':{'N':'100'}}}"),
                     "{\"Items\":[{\"sk\":{\"N\":\"7\"}},{\"sk\":{\"N\":\"8\"}}],\"Count\":2,"
                     "\"ScannedCount\":9,\"LastEvaluatedKey\":{\"pk\":{\"S\":\"a\"},\"sk\":{"
                     "\"N\":\"8\"}}}");
    ck_assert_str_eq(ok("Scan", "{'TableName':'carts','FilterExpression':'sk >= :l','Select':"
                                "'COUNT','ExpressionAttributeValues':{':l':{'N':'15'}}}"),
                     "{\"Count\":5,\"ScannedCount\":20}");
    assert_has(ok("Scan", "{'TableName':'carts','FilterExpression':'attribute_exists(#x)',"
                          "'ExpressionAttributeNames':{'#x':'nowhere'}}"),
               "{\"Items\":[],\"Count\":0,\"ScannedCount\":20}");
}
END_TEST

static int count_of(const char *body)
{
    const char *count = strstr(body, "\"Count\":");
    return count == NULL ? -1 : atoi(count + 8);
}

START_TEST(scans)
{
    ck_assert_int_eq(count_of(ok("Scan", "{'TableName':'carts'}")), 0);
    for (int i = 0; i < 60; i++) {
        char pk[8];
        snprintf(pk, sizeof(pk), "k%d", i % 20);
        put(pk, i);
    }
    node_double_limit_rows(fixture.node, 2);
    ck_assert_int_eq(count_of(ok("Scan", "{'TableName':'carts'}")), 60);
    int total = 0;
    for (int segment = 0; segment < 3; segment++) {
        char body[128];
        snprintf(body, sizeof(body), "{'TableName':'carts','Segment':%d,'TotalSegments':3}",
                 segment);
        total += count_of(ok("Scan", body));
    }
    ck_assert_int_eq(total, 60);
}
END_TEST

START_TEST(scans_in_pages)
{
    for (int i = 0; i < 30; i++) {
        char pk[8];
        snprintf(pk, sizeof(pk), "k%d", i % 7);
        put(pk, i);
    }
    int total = 0;
    char start[256] = "";
    for (int page = 0; page < 20; page++) {
        char body[512];
        snprintf(body, sizeof(body), "{'TableName':'carts','Limit':4%s}", start);
        const char *reply = ok("Scan", body);
        total += count_of(reply);
        const char *last = strstr(reply, "\"LastEvaluatedKey\":");
        if (last == NULL)
            break;
        ck_assert_int_eq(count_of(reply), 4);
        snprintf(start, sizeof(start), ",'ExclusiveStartKey':%.*s", (int)strlen(last) - 20,
                 last + 19);
    }
    ck_assert_int_eq(total, 30);
}
END_TEST

START_TEST(batches)
{
    ck_assert_str_eq(ok("BatchWriteItem",
                        "{'RequestItems':{'carts':[{'PutRequest':{'Item':{'pk':{'S':'x'},'sk':{'N':"
                        "'1'}}}},{'DeleteRequest':{'Key':{'pk':{'S':'x'},'sk':{'N':'2'}}}}],"
                        "'users':[{'PutRequest':{'Item':{'id':{'B':'AAAA'}}}}]},"
                        "'ReturnConsumedCapacity':'TOTAL'}"),
                     "{\"UnprocessedItems\":{},\"ConsumedCapacity\":[{\"TableName\":\"carts\","
                     "\"CapacityUnits\":2.0},{\"TableName\":\"users\",\"CapacityUnits\":1.0}]}");
    ck_assert_str_eq(ok("BatchGetItem",
                        "{'RequestItems':{'users':{'Keys':[{'id':{'B':'AAAA'}},{'id':{'B':"
                        "'AAAB'}}]},'carts':{'Keys':[{'pk':{'S':'x'},'sk':{'N':'1'}}],"
                        "'ProjectionExpression':'sk'}}}"),
                     "{\"Responses\":{\"users\":[{\"id\":{\"B\":\"AAAA\"}}],\"carts\":[{\"sk\":"
                     "{\"N\":\"1\"}}]},\"UnprocessedKeys\":{}}");
    node_double_fail(fixture.node, OUTCOME_OVERLOADED, 1);
    ck_assert_str_eq(ok("BatchGetItem",
                        "{'RequestItems':{'users':{'Keys':[{'id':{'B':'AAAA'}},{'id':{'B':"
                        "'AAAB'}}],'ConsistentRead':true}}}"),
                     "{\"Responses\":{\"users\":[{\"id\":{\"B\":\"AAAA\"}}]},\"UnprocessedKeys\":{"
                     "\"users\":{\"Keys\":[{\"id\":{\"B\":\"AAAB\"}}],\"ConsistentRead\":true}}}");
    node_double_fail(fixture.node, OUTCOME_UNKNOWN, 1);
    ck_assert_str_eq(ok("BatchWriteItem",
                        "{'RequestItems':{'users':[{'PutRequest':{'Item':{'id':{'B':'AAAA'}}}},"
                        "{'PutRequest':{'Item':{'id':{'B':'AAAC'}}}}]}}"),
                     "{\"UnprocessedItems\":{\"users\":[{\"PutRequest\":{\"Item\":{\"id\":{\"B\":"
                     "\"AAAC\"}}}}]}}");
}
END_TEST

/* What is read and cannot be kept is as if it had been refused; nothing stays charged. */
START_TEST(results_are_limited)
{
    ok("PutItem", "{'TableName':'users','Item':{'id':{'B':'AAAA'}}}");
    ok("PutItem", "{'TableName':'users','Item':{'id':{'B':'AAAB'}}}");
    const char *get = "{'TableName':'users','Key':{'id':{'B':'AAAA'}}}";
    const char *batch = "{'RequestItems':{'users':{'Keys':[{'id':{'B':'AAAA'}},"
                        "{'id':{'B':'AAAB'}}]}}}";
    api_limit_results(fixture.api, 1);
    assert_has(api_fixture_error(&fixture, "GetItem", get), "#ThrottlingException");
    assert_has(api_fixture_error(&fixture, "Scan", "{'TableName':'users'}"),
               "#ThrottlingException");
    assert_has(api_fixture_error(&fixture, "BatchGetItem", batch), "#ThrottlingException");
    ck_assert_uint_eq(api_results(fixture.api), 0);
    ck_assert_uint_ge(api_results_refused(fixture.api), 4);
    ok("PutItem", "{'TableName':'users','Item':{'id':{'B':'AAAC'}}}");
    size_t limit = 0;
    do {
        api_limit_results(fixture.api, ++limit);
        api_fixture_call(&fixture, "BatchGetItem", batch);
    } while (fixture.status != 200);
    assert_has(fixture.body, "\"UnprocessedKeys\":{\"users\"");
    assert_has(fixture.body, "{\"users\":[{\"id\"");
    api_limit_results(fixture.api, 2 * limit);
    ck_assert_ptr_nonnull(strstr(ok("BatchGetItem", batch), "\"UnprocessedKeys\":{}"));
    ok("GetItem", get);
    ck_assert_uint_eq(api_results(fixture.api), 0);
}
END_TEST

START_TEST(tells_outcomes)
{
    static const struct {
        enum outcome outcome;
        int status;
        const char *type;
    } cases[] = {
        {OUTCOME_OVERLOADED, 400, "#ThrottlingException"},
        {OUTCOME_UNAVAILABLE, 503, "#InternalServerError"},
        {OUTCOME_UNKNOWN, 500, "may or may not have taken effect"},
        {OUTCOME_NO_SPACE, 500, "no space left"},
        {OUTCOME_TIMEOUT, 500, "#InternalServerError"},
        {OUTCOME_FAILED, 500, "#InternalServerError"},
    };
    static const struct {
        const char *operation, *body;
    } calls[] = {
        {"PutItem", "{'TableName':'users','Item':{'id':{'B':'AAAA'}}}"},
        {"DeleteItem", "{'TableName':'users','Key':{'id':{'B':'AAAA'}}}"},
        {"UpdateItem", "{'TableName':'users','Key':{'id':{'B':'AAAA'}}}"},
        {"GetItem", "{'TableName':'users','Key':{'id':{'B':'AAAA'}}}"},
        {"BatchGetItem", "{'RequestItems':{'users':{'Keys':[{'id':{'B':'AAAA'}}]}}}"},
        {"BatchWriteItem", "{'RequestItems':{'users':[{'DeleteRequest':{'Key':{'id':{'B':'AAAA'}}}"
                           "}]}}"},
        {"Scan", "{'TableName':'users'}"},
        {"Query", "{'TableName':'users','KeyConditionExpression':'id = :a',"
                  "'ExpressionAttributeValues':{':a':{'B':'AAAA'}}}"},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        for (size_t j = 0; j < array_size(calls); j++) {
            node_double_fail(fixture.node, cases[i].outcome, 1);
            api_fixture_call(&fixture, calls[j].operation, calls[j].body);
            ck_assert_int_eq(fixture.status, cases[i].status);
            assert_has(fixture.body, cases[i].type);
        }
}
END_TEST

START_TEST(bears_deep_nesting)
{
    enum { LEVELS = 200000 };
    char *body = malloc((size_t)LEVELS * 12 + 100);
    ck_assert_ptr_nonnull(body);
    char *at = body + sprintf(body, "{'TableName':'users','Item':{'id':");
    for (int i = 0; i < LEVELS; i++)
        at += sprintf(at, "{'L':[");
    for (int i = 0; i < LEVELS; i++)
        at += sprintf(at, "]}");
    strcpy(at, "}}");
    assert_has(api_fixture_error(&fixture, "PutItem", body), "Nesting Levels have exceeded");
    free(body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("items");
    TCase *items = tcase_create("items");
    tcase_set_timeout(items, 30);
    tcase_add_checked_fixture(items, setup, teardown);
    tcase_add_test(items, puts_gets_deletes);
    tcase_add_test(items, accounts_capacity);
    tcase_add_loop_test(items, refuses, 0, (int)array_size(refusals));
    tcase_add_test(items, refuses_large_items);
    tcase_add_test(items, queries);
    tcase_add_test(items, filters);
    tcase_add_test(items, scans);
    tcase_add_test(items, scans_in_pages);
    tcase_add_test(items, batches);
    tcase_add_test(items, results_are_limited);
    tcase_add_test(items, tells_outcomes);
    tcase_add_test(items, bears_deep_nesting);
    suite_add_tcase(suite, items);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
