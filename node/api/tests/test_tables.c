/* The operations on tables, and how the api hears of other nodes' changes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "node_double.h"

#define CARTS                                                                                  \
    "{'TableName':'carts','AttributeDefinitions':[{'AttributeName':'pk','AttributeType':'S'}," \
    "{'AttributeName':'sk','AttributeType':'N'}],'KeySchema':[{'AttributeName':'pk',"          \
    "'KeyType':'HASH'},{'AttributeName':'sk','KeyType':'RANGE'}],"                             \
    "'BillingMode':'PAY_PER_REQUEST'%s}"
#define ARN "arn:aws:dynamodb:us-east-1:123456789012:table/carts"

static struct api_fixture fixture;

static void setup(void)
{
    double_fixture_init(&fixture);
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

static void create(const char *more)
{
    char body[1024];
    snprintf(body, sizeof(body), CARTS, more);
    api_fixture_ok(&fixture, "CreateTable", body);
}

START_TEST(creates_and_describes)
{
    create("");
    assert_has(fixture.body, "\"TableStatus\":\"CREATING\"");
    const char *body = api_fixture_ok(&fixture, "DescribeTable", "{'TableName':'carts'}");
    assert_has(body, "\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},"
                     "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}]");
    assert_has(body, "\"TableStatus\":\"ACTIVE\"");
    assert_has(body, "\"TableArn\":\"" ARN "\"");
    assert_has(body, "\"CreationDateTime\":1750000000.123");
    assert_has(body, "\"BillingMode\":\"PAY_PER_REQUEST\"");
    api_fixture_error(&fixture, "CreateTable",
                      "{'TableName':'carts','AttributeDefinitions':[{'AttributeName':'a',"
                      "'AttributeType':'S'}],'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}],"
                      "'ProvisionedThroughput':{'ReadCapacityUnits':1,'WriteCapacityUnits':1}}");
    ck_assert_str_eq(fixture.body,
                     "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceInUseException\","
                     "\"message\":\"Table already exists: carts\"}");
}
END_TEST

START_TEST(lists_in_pages)
{
    static const char *const names[] = {"ccc", "aaa", "bbb"};
    for (size_t i = 0; i < array_size(names); i++) {
        char body[512];
        snprintf(body, sizeof(body),
                 "{'TableName':'%s','AttributeDefinitions':[{'AttributeName':'a',"
                 "'AttributeType':'S'}],'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}],"
                 "'BillingMode':'PAY_PER_REQUEST'}",
                 names[i]);
        api_fixture_ok(&fixture, "CreateTable", body);
    }
    node_double_limit_rows(fixture.node, 1);
    ck_assert_str_eq(api_fixture_ok(&fixture, "ListTables", "{}"),
                     "{\"TableNames\":[\"aaa\",\"bbb\",\"ccc\"]}");
    ck_assert_str_eq(api_fixture_ok(&fixture, "ListTables", "{'Limit':2}"),
                     "{\"TableNames\":[\"aaa\",\"bbb\"],\"LastEvaluatedTableName\":\"bbb\"}");
    ck_assert_str_eq(api_fixture_ok(&fixture, "ListTables", "{'ExclusiveStartTableName':'aaab'}"),
                     "{\"TableNames\":[\"bbb\",\"ccc\"]}");
}
END_TEST

START_TEST(updates_and_protects)
{
    create(",'DeletionProtectionEnabled':true");
    assert_has(api_fixture_error(&fixture, "DeleteTable", "{'TableName':'carts'}"),
               "protected against deletion");
    assert_has(api_fixture_ok(&fixture, "UpdateTable",
                              "{'TableName':'carts','DeletionProtectionEnabled':false,"
                              "'BillingMode':'PROVISIONED','ProvisionedThroughput':"
                              "{'ReadCapacityUnits':5,'WriteCapacityUnits':6}}"),
               "\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":6");
    assert_has(fixture.body, "\"DeletionProtectionEnabled\":false");
    assert_has(api_fixture_error(&fixture, "UpdateTable",
                                 "{'TableName':'carts','ProvisionedThroughput':"
                                 "{'ReadCapacityUnits':5,'WriteCapacityUnits':6}}"),
               "will not change");
    assert_has(api_fixture_ok(&fixture, "DeleteTable", "{'TableName':'carts'}"),
               "\"TableStatus\":\"DELETING\"");
    ck_assert_str_eq(api_fixture_error(&fixture, "DescribeTable", "{'TableName':'carts'}"),
                     "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\","
                     "\"message\":\"Requested resource not found: Table: carts not found\"}");
    ck_assert_str_eq(api_fixture_ok(&fixture, "ListTables", "{}"), "{\"TableNames\":[]}");
    create("");
}
END_TEST

START_TEST(tags)
{
    create(",'Tags':[{'Key':'team','Value':'x'},{'Key':'cartwheel:w','Value':'3'}]");
    ck_assert_str_eq(api_fixture_ok(&fixture, "TagResource",
                                    "{'ResourceArn':'" ARN "','Tags':[{'Key':'a','Value':''}]}"),
                     "");
    api_fixture_ok(&fixture, "UntagResource",
                   "{'ResourceArn':'" ARN "','TagKeys':['team','none']}");
    ck_assert_str_eq(api_fixture_ok(&fixture, "ListTagsOfResource", "{'ResourceArn':'" ARN "'}"),
                     "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"\"},{\"Key\":\"cartwheel:w\","
                     "\"Value\":\"3\"}]}");
    assert_has(
        api_fixture_error(&fixture, "TagResource", "{'ResourceArn':'" ARN "','Tags':[null]}"),
        "Tags must not be null");
    assert_has(api_fixture_error(&fixture, "TagResource",
                                 "{'ResourceArn':'" ARN "','Tags':[{'Key':'cartwheel:w',"
                                 "'Value':'4'}]}"),
               "cannot ask");
    assert_has(api_fixture_error(&fixture, "TagResource",
                                 "{'ResourceArn':'" ARN "','Tags':[{'Key':'cartwheel:n',"
                                 "'Value':'5'}]}"),
               "cannot be changed yet");
    assert_has(api_fixture_error(&fixture, "TagResource",
                                 "{'ResourceArn':'" ARN "','Tags':[{'Key':'cartwheel:sloppy',"
                                 "'Value':'maybe'}]}"),
               "true or false");
    assert_has(api_fixture_error(&fixture, "ListTagsOfResource", "{'ResourceArn':'" ARN "x'}"),
               "ResourceNotFoundException");
}
END_TEST

START_TEST(refuses_bad_tags)
{
    static const struct {
        const char *operation;
        const char *body;
        const char *message;
    } cases[] = {
        {"TagResource", "{}", "\"Invalid TableArn\""},
        {"UntagResource", "{}", "\"Invalid TableArn\""},
        {"ListTagsOfResource", "{}", "\"Invalid TableArn\""},
        {"TagResource", "{'ResourceArn':'" ARN "'}", "Value null at 'tags' failed"},
        {"TagResource", "{'ResourceArn':'" ARN "','Tags':[]}",
         "Atleast one Tag needs to be provided as Input."},
        {"UntagResource", "{'ResourceArn':'" ARN "','TagKeys':[]}",
         "Atleast one Tag Key needs to be provided as Input."},
        {"TagResource", "{'ResourceArn':'" ARN "','Tags':[{'Key':'','Value':'x'}]}",
         "Value '' at 'tags.1.member.key' failed"},
        {"TagResource", "{'ResourceArn':'" ARN "','Tags':[{'Key':'aws:x','Value':'x'}]}",
         "begin with aws: are reserved"},
        {"TagResource", "{'ResourceArn':'" ARN "x','Tags':[{'Key':'a','Value':'x'}]}",
         "\"Requested resource not found: ResourcArn: " ARN "x not found\""},
        {"UntagResource", "{'ResourceArn':'" ARN "x','TagKeys':['a']}",
         "\"Requested resource not found\""},
    };
    create("");
    for (size_t i = 0; i < array_size(cases); i++)
        assert_has(api_fixture_error(&fixture, cases[i].operation, cases[i].body),
                   cases[i].message);
}
END_TEST

START_TEST(limits_the_number_of_tags)
{
    create("");
    for (unsigned i = 0; i < 50; i++) {
        char body[256];
        snprintf(body, sizeof(body),
                 "{'ResourceArn':'" ARN "','Tags':[{'Key':'key%u','Value':'x'}]}", i);
        api_fixture_ok(&fixture, "TagResource", body);
    }
    assert_has(api_fixture_error(&fixture, "TagResource",
                                 "{'ResourceArn':'" ARN "','Tags':[{'Key':'more','Value':'x'}]}"),
               "Number of tags exceed the current limit for the provided ResourceArn");
    api_fixture_ok(&fixture, "TagResource",
                   "{'ResourceArn':'" ARN "','Tags':[{'Key':'key7','Value':'y'}]}");
}
END_TEST

START_TEST(refuses_bad_definitions)
{
    static const struct {
        const char *body;
        const char *message;
    } cases[] = {
        {"{}", "The parameter 'TableName' is required but was not present in the request"},
        {"{'TableName':'abc'}",
         "2 validation errors detected: Value null at 'attributeDefinitions' failed to "
         "satisfy constraint: Member must not be null; Value null at 'keySchema' failed to "
         "satisfy constraint: Member must not be null"},
        {"{'TableName':'ab','AttributeDefinitions':[],'KeySchema':[{'AttributeName':'a',"
         "'KeyType':'HASH'}]}",
         "TableName must be at least 3 characters long and at most 255 characters long"},
        {"{'TableName':'abc','AttributeDefinitions':[],'KeySchema':[{'AttributeName':'a',"
         "'KeyType':'HASHY'}]}",
         "1 validation error detected: Value 'HASHY' at 'keySchema.1.member.keyType' failed to "
         "satisfy constraint: Member must satisfy enum value set: [HASH, RANGE]"},
        {"{'TableName':'abc','AttributeDefinitions':[],'KeySchema':[{'AttributeName':'a',"
         "'KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST'}",
         "Invalid KeySchema: Some index key attribute have no definition"},
        {"{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'b','AttributeType':'S'}],"
         "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST'}",
         "One or more parameter values were invalid: Some index key attributes are not defined in "
         "AttributeDefinitions. Keys: [a], AttributeDefinitions: [b]"},
        {"{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'a','AttributeType':'S'},"
         "{'AttributeName':'a','AttributeType':'N'}],'KeySchema':[{'AttributeName':'a','KeyType':"
         "'HASH'}],'BillingMode':'PAY_PER_REQUEST'}",
         "Number of attributes in KeySchema does not exactly match"},
        {"{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'a','AttributeType':'S'}],"
         "'KeySchema':[{'AttributeName':'a','KeyType':'RANGE'}],'BillingMode':'PAY_PER_REQUEST'}",
         "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
        {"{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'a','AttributeType':'S'}],"
         "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}]}",
         "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must "
         "both be specified when BillingMode is PROVISIONED"},
        {"{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'a','AttributeType':'S'}],"
         "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST',"
         "'StreamSpecification':{'StreamEnabled':true,'StreamViewType':'NEW_IMAGE'}}",
         "StreamSpecification is not supported yet"},
        {"{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'a','AttributeType':'S'}],"
         "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST',"
         "'StreamSpecification':{'StreamEnabled':true}}",
         "Stream ViewType must not be null or empty when enabling streams."},
        {"{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'a','AttributeType':'S'}],"
         "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST',"
         "'StreamSpecification':{'StreamEnabled':false,'StreamViewType':'NEW_IMAGE'}}",
         "Stream StreamEnabled was false but a StreamViewType was present."},
        {"{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'a','AttributeType':'S'}],"
         "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST',"
         "'GlobalSecondaryIndexes':[]}",
         "The parameter GlobalSecondaryIndexes is not supported yet"},
        {"{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'a','AttributeType':'S'}],"
         "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST',"
         "'Tags':[{'Key':'cartwheel:n','Value':'8'}]}",
         "The value of the tag cartwheel:n must be a number from 1 to 7"},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        assert_has(api_fixture_error(&fixture, "CreateTable", cases[i].body), cases[i].message);
}
END_TEST

/* Another node dropped the table: its announcement is the one that this api made itself. */
START_TEST(hears_of_drops)
{
    create("");
    struct buffer *created = buffer_from(node_double_announced(fixture.node));
    api_fixture_ok(&fixture, "DeleteTable", "{'TableName':'carts'}");
    struct api_fixture other;
    double_fixture_init(&other);
    api_fixture_settle(&other);
    node_double_announce(other.node, buffer_slice(created));
    api_fixture_settle(&other);
    assert_has(api_fixture_ok(&other, "DescribeTable", "{'TableName':'carts'}"), "ACTIVE");
    node_double_announce(other.node, node_double_announced(fixture.node));
    api_fixture_settle(&other);
    assert_has(api_fixture_error(&other, "DescribeTable", "{'TableName':'carts'}"), "not found");
    node_double_announce(other.node, buffer_slice(created)); /* late news */
    api_fixture_settle(&other);
    assert_has(api_fixture_error(&other, "DescribeTable", "{'TableName':'carts'}"), "not found");
    buffer_unref(created);
    double_fixture_deinit(&other);
}
END_TEST

START_TEST(describes_the_service)
{
    ck_assert_str_eq(api_fixture_ok(&fixture, "DescribeEndpoints", "{}"),
                     "{\"Endpoints\":[{\"Address\":\"localhost:8000\","
                     "\"CachePeriodInMinutes\":1440}]}");
    assert_has(api_fixture_ok(&fixture, "DescribeLimits", "{}"), "TableMaxReadCapacityUnits");
    create("");
    ck_assert_str_eq(
        api_fixture_ok(&fixture, "DescribeContinuousBackups", "{'TableName':'carts'}"),
        "{\"ContinuousBackupsDescription\":{\"ContinuousBackupsStatus\":\"DISABLED\","
        "\"PointInTimeRecoveryDescription\":{\"PointInTimeRecoveryStatus\":\"DISABLED\"}}}");
    assert_has(api_fixture_error(&fixture, "DescribeContinuousBackups", "{'TableName':'none'}"),
               "TableNotFoundException\",\"message\":\"Table not found: none\"");
}
END_TEST

START_TEST(refuses_what_is_no_request)
{
    ck_assert_str_eq(api_fixture_error(&fixture, "GetItem", "{"),
                     "{\"__type\":\"com.amazon.coral.service#SerializationException\"}");
    ck_assert_str_eq(api_fixture_error(&fixture, "MakeCoffee", "{}"),
                     "{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"}");
    ck_assert_str_eq(api_fixture_error(&fixture, "TransactGetItems", "{}"),
                     "{\"__type\":\"com.amazon.coral.service#UnknownOperationException\","
                     "\"message\":\"The operation TransactGetItems is not supported yet\"}");
    assert_has(api_fixture_error(&fixture, "GetItem", "{'TableName':3}"),
               "NUMBER_VALUE cannot be converted to String");
    assert_has(api_fixture_error(&fixture, "GetItem", "[]"), "SerializationException");
    assert_has(api_fixture_error(&fixture, "GetItem", ""), "SerializationException");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tables");
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, setup, teardown);
    tcase_add_test(tables, creates_and_describes);
    tcase_add_test(tables, lists_in_pages);
    tcase_add_test(tables, updates_and_protects);
    tcase_add_test(tables, tags);
    tcase_add_test(tables, refuses_bad_tags);
    tcase_add_test(tables, limits_the_number_of_tags);
    tcase_add_test(tables, refuses_bad_definitions);
    tcase_add_test(tables, hears_of_drops);
    tcase_add_test(tables, describes_the_service);
    tcase_add_test(tables, refuses_what_is_no_request);
    suite_add_tcase(suite, tables);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
