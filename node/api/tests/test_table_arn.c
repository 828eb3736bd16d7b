/* Tables by their ARNs, wherever a name is taken. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "node_double.h"

#define PREFIX "arn:aws:dynamodb:us-east-1:123456789012:table/"
#define ARN    PREFIX "carts"
#define KEYS                                                               \
    "'AttributeDefinitions':[{'AttributeName':'pk','AttributeType':'S'}]," \
    "'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'}],'BillingMode':'PAY_PER_REQUEST'"

static struct api_fixture fixture;

static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(&fixture, "CreateTable", "{'TableName':'" ARN "'," KEYS "}");
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

START_TEST(names_a_table_in_every_operation)
{
    static const struct {
        const char *operation;
        const char *body;
        const char *part;
    } cases[] = {
        {"DescribeTable", "{'TableName':'" ARN "'}", "\"TableName\":\"carts\""},
        {"DescribeTable", "{'TableName':'carts'}", "\"TableArn\":\"" ARN "\""},
        {"UpdateTable", "{'TableName':'" ARN "','TableClass':'STANDARD'}", "UPDATING"},
        {"PutItem", "{'TableName':'" ARN "','Item':{'pk':{'S':'a'}}}", "{}"},
        {"UpdateItem", "{'TableName':'" ARN "','Key':{'pk':{'S':'b'}}}", "{}"},
        {"GetItem", "{'TableName':'" ARN "','Key':{'pk':{'S':'a'}}}", "\"Item\":"},
        {"Query",
         "{'TableName':'" ARN "','KeyConditionExpression':'pk = :a',"
         "'ExpressionAttributeValues':{':a':{'S':'a'}}}",
         "\"Count\":1"},
        {"Scan", "{'TableName':'" ARN "'}", "\"Count\":2"},
        {"BatchWriteItem",
         "{'RequestItems':{'" ARN "':[{'PutRequest':{'Item':{'pk':{'S':'c'}}}}]}}",
         "\"UnprocessedItems\":{}"},
        {"BatchGetItem", "{'RequestItems':{'" ARN "':{'Keys':[{'pk':{'S':'c'}}]}}}",
         "{\"Responses\":{\"" ARN "\":[{"},
        {"DeleteItem",
         "{'TableName':'" ARN "','Key':{'pk':{'S':'a'}},'ReturnConsumedCapacity':'TOTAL'}",
         "\"ConsumedCapacity\":{\"TableName\":\"" ARN "\""},
        {"DescribeTimeToLive", "{'TableName':'" ARN "'}", "DISABLED"},
        {"DescribeContinuousBackups", "{'TableName':'" ARN "'}", "DISABLED"},
        {"DeleteTable", "{'TableName':'" ARN "'}", "DELETING"},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        api_fixture_ok(&fixture, cases[i].operation, cases[i].body);
        assert_has(fixture.body, cases[i].part);
    }
}
END_TEST

START_TEST(says_the_name_of_what_is_not_found)
{
    api_fixture_error(&fixture, "DescribeTable", "{'TableName':'" PREFIX "none'}");
    assert_has(fixture.body, "Requested resource not found: Table: none not found");
    api_fixture_error(&fixture, "DeleteTable", "{'TableName':'" PREFIX "none'}");
    assert_has(fixture.body, "Requested resource not found: Table: none not found");
}
END_TEST

START_TEST(refuses_arns_of_others)
{
    static const char *const invalid[] = {
        "arn:aws:dynamodb:eu-west-1:123456789012:table/carts",
        "arn:aws:s3:us-east-1:123456789012:table/carts",
        "arn:aws:dynamodb:us-east-1:12345:table/carts",
        PREFIX "",
        PREFIX "ab",
        PREFIX "carts/index/x",
        PREFIX "ca rts",
        PREFIX "carts!",
        "arn:",
        "arn:carts",
    };
    for (size_t i = 0; i < array_size(invalid); i++) {
        char body[256], message[256];
        snprintf(body, sizeof(body), "{'TableName':'%s','Key':{'pk':{'S':'a'}}}", invalid[i]);
        snprintf(message, sizeof(message),
                 "ValidationException\",\"message\":\"Invalid TableArn: Invalid ResourceArn "
                 "provided as input %s\"",
                 invalid[i]);
        api_fixture_error(&fixture, "GetItem", body);
        assert_has(fixture.body, message);
    }
    api_fixture_error(&fixture, "GetItem",
                      "{'TableName':'arn:aws:dynamodb:us-east-1:999999999999:table/carts',"
                      "'Key':{'pk':{'S':'a'}}}");
    assert_has(fixture.body,
               "AccessDeniedException\",\"message\":\"User: arn:aws:iam::123456789012:root is not "
               "authorized to perform: dynamodb:GetItem on resource: "
               "arn:aws:dynamodb:us-east-1:999999999999:table/carts because no resource-based "
               "policy allows the dynamodb:GetItem action");
}
END_TEST

START_TEST(creates_no_table_of_a_name_that_is_none)
{
    api_fixture_error(&fixture, "CreateTable", "{'TableName':'" PREFIX "a b!'," KEYS "}");
    assert_has(fixture.body,
               "Invalid TableArn: Invalid ResourceArn provided as input " PREFIX "a b!");
}
END_TEST

START_TEST(is_no_name_to_start_a_list_after)
{
    api_fixture_error(&fixture, "ListTables", "{'ExclusiveStartTableName':'" ARN "'}");
    assert_has(fixture.body,
               "at 'exclusiveStartTableName' failed to satisfy constraint: Member must satisfy "
               "regular expression pattern");
}
END_TEST

START_TEST(is_shown_without_cutting_a_character)
{
    char body[1200];
    snprintf(body, sizeof(body), "{'TagKeys':['a'],'ResourceArn':'%01023d\xe2\x82\xac'}", 0);
    api_fixture_error(&fixture, "UntagResource", body);
    assert_has(fixture.body, "0\"}");
}
END_TEST

START_TEST(is_too_long)
{
    char body[1200];
    int size = snprintf(body, sizeof(body), "{'TableName':'arn:%01021d'}", 0);
    ck_assert_int_lt(size, (int)sizeof(body));
    api_fixture_error(&fixture, "DescribeTable", body);
    assert_has(fixture.body,
               "TableName must be at least 3 characters long and at most 255 characters long");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table_arn");
    TCase *cases = tcase_create("table_arn");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, names_a_table_in_every_operation);
    tcase_add_test(cases, says_the_name_of_what_is_not_found);
    tcase_add_test(cases, refuses_arns_of_others);
    tcase_add_test(cases, creates_no_table_of_a_name_that_is_none);
    tcase_add_test(cases, is_no_name_to_start_a_list_after);
    tcase_add_test(cases, is_shown_without_cutting_a_character);
    tcase_add_test(cases, is_too_long);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
