/* Conditions from before expressions, over a node that answers from memory: Expected, QueryFilter,
 * ScanFilter, KeyConditions, and what may not stand beside them. The tables hold what DynamoDB
 * answers. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

static struct api_fixture fixture;

#define KEY        "'pk':{'S':'p'},'sk':{'N':'1'}"
#define ATTRIBUTES "s e n b t z l m ss ns bs"

static const char everything[] =
    KEY ",'s':{'S':'hello'},'e':{'S':''},'n':{'N':'5'},'b':{'B':'aGVsbG8='},'t':{'BOOL':true},"
        "'z':{'NULL':true},'l':{'L':[{'S':'x'},{'N':'1'},{'BOOL':true},{'L':[{'S':'y'}]}]},"
        "'m':{'M':{'k':{'S':'v'}}},'ss':{'SS':['x','hello']},'ns':{'NS':['1','5']},"
        "'bs':{'BS':['YQ==']}";

static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'carts','AttributeDefinitions':[{'AttributeName':'pk',"
                   "'AttributeType':'S'},{'AttributeName':'sk','AttributeType':'N'}],'KeySchema':"
                   "[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk','KeyType':"
                   "'RANGE'}],'BillingMode':'PAY_PER_REQUEST'}");
    char body[1024];
    snprintf(body, sizeof(body), "{'TableName':'carts','Item':{%s}}", everything);
    api_fixture_ok(&fixture, "PutItem", body);
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

/* Whether the one item passes the filter. `more`: what follows it. */
static bool filter_holds(const char *filter, const char *more)
{
    char body[1024];
    snprintf(body, sizeof(body), "{'TableName':'carts','Select':'COUNT','ScanFilter':{%s}%s}",
             filter, more);
    return strstr(api_fixture_ok(&fixture, "Scan", body), "\"Count\":1") != NULL;
}

/* Whether the item may be written again. */
static bool expected_holds(const char *expected, const char *more)
{
    char body[2048];
    snprintf(body, sizeof(body), "{'TableName':'carts','Item':{%s},'Expected':{%s}%s}", everything,
             expected, more);
    const char *answer = api_fixture_call(&fixture, "PutItem", body);
    if (strcmp(answer, "{}") == 0)
        return true;
    ck_assert_msg(strstr(answer, "ConditionalCheckFailed") != NULL, "%s: %s", expected, answer);
    return false;
}

struct condition_case {
    const char *comparison;
    const char *values;
    const char *holds; /* the attributes, of ATTRIBUTES and q, that it holds of */
};

static const struct condition_case conditions[] = {
    {"EQ", "{'S':'hello'}", "s"},
    {"EQ", "{'S':''}", "e"},
    {"EQ", "{'N':'5.0'}", "n"},
    {"EQ", "{'B':'aGVsbG8='}", "b"},
    {"EQ", "{'BOOL':true}", "t"},
    {"EQ", "{'NULL':true}", "z"},
    {"EQ", "{'M':{'k':{'S':'v'}}}", "m"},
    {"EQ", "{'L':[]}", ""},
    {"EQ", "{'SS':['hello','x']}", "ss"},
    {"EQ", "{'NS':['5','1']}", "ns"},
    {"NE", "{'S':'hello'}", "e n b t z l m ss ns bs q"},
    {"NE", "{'NS':['5','1']}", "s e n b t z l m ss bs q"},
    {"LE", "{'S':'hello'}", "s e"},
    {"LT", "{'S':'hello'}", "e"},
    {"LT", "{'N':'5'}", ""},
    {"GE", "{'N':'5'}", "n"},
    {"GE", "{'B':''}", "b"},
    {"GT", "{'N':'-7'}", "n"},
    {"BETWEEN", "{'S':'h'},{'S':'i'}", "s"},
    {"BETWEEN", "{'N':'5'},{'N':'5'}", "n"},
    {"IN", "{'S':'hello'}", "s"},
    {"IN", "{'N':'1'},{'N':'5'},{'N':'7'}", "n"},
    {"NULL", "", "q"},
    {"NOT_NULL", "", ATTRIBUTES},
    {"CONTAINS", "{'S':'ell'}", "s"},
    {"CONTAINS", "{'S':''}", "s e"},
    {"CONTAINS", "{'S':'x'}", "l ss"},
    {"CONTAINS", "{'S':'y'}", ""},
    {"CONTAINS", "{'N':'1'}", "l ns"},
    {"CONTAINS", "{'B':'YQ=='}", "bs"},
    {"CONTAINS", "{'BOOL':true}", "l"},
    {"NOT_CONTAINS", "{'S':'x'}", "s e n b t z m ns bs"},
    {"NOT_CONTAINS", "{'S':'ell'}", "e n b t z l m ss ns bs"},
    {"BEGINS_WITH", "{'S':'hel'}", "s"},
    {"BEGINS_WITH", "{'B':''}", "b"},
};

static bool lists(const char *names, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = names; (at = strstr(at, name)) != NULL; at++)
        if ((at == names || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
            return true;
    return false;
}

START_TEST(compares)
{
    const struct condition_case *one = &conditions[_i];
    char names[] = ATTRIBUTES " q";
    for (char *name = strtok(names, " "); name != NULL; name = strtok(NULL, " ")) {
        char condition[256];
        snprintf(condition, sizeof(condition),
                 "'%s':{'ComparisonOperator':'%s','AttributeValueList':[%s]}", name,
                 one->comparison, one->values);
        bool holds = lists(one->holds, name);
        ck_assert_msg(filter_holds(condition, "") == holds, "%s", condition);
        ck_assert_msg(expected_holds(condition, "") == holds, "%s", condition);
    }
}
END_TEST

#define TRUE_1  "'s':{'ComparisonOperator':'NOT_NULL'}"
#define TRUE_2  "'n':{'ComparisonOperator':'GT','AttributeValueList':[{'N':'1'}]}"
#define FALSE_1 "'q':{'ComparisonOperator':'NOT_NULL'}"
#define FALSE_2 "'n':{'ComparisonOperator':'LT','AttributeValueList':[{'N':'1'}]}"

static const struct joined_case {
    const char *conditions;
    bool all, any;
} joined[] = {
    {TRUE_1 "," TRUE_2, true, true},
    {TRUE_1 "," FALSE_2, false, true},
    {FALSE_1 "," TRUE_2, false, true},
    {FALSE_1 "," FALSE_2, false, false},
    {TRUE_1 "," FALSE_1 "," FALSE_2, false, true},
};

START_TEST(joins_conditions)
{
    static const char all[] = ",'ConditionalOperator':'AND'", any[] = ",'ConditionalOperator':'OR'";
    const struct joined_case *one = &joined[_i];
    ck_assert_int_eq(filter_holds(one->conditions, ""), one->all);
    ck_assert_int_eq(filter_holds(one->conditions, all), one->all);
    ck_assert_int_eq(filter_holds(one->conditions, any), one->any);
    ck_assert_int_eq(expected_holds(one->conditions, ""), one->all);
    ck_assert_int_eq(expected_holds(one->conditions, all), one->all);
    ck_assert_int_eq(expected_holds(one->conditions, any), one->any);
}
END_TEST

START_TEST(expects_values_and_absence)
{
    ck_assert(expected_holds("'s':{'Value':{'S':'hello'}}", ""));
    ck_assert(expected_holds("'s':{'Value':{'S':'hello'},'Exists':true}", ""));
    ck_assert(!expected_holds("'s':{'Value':{'S':'x'}}", ""));
    ck_assert(!expected_holds("'q':{'Value':{'S':'x'}}", ""));
    ck_assert(expected_holds("'q':{'Exists':false}", ""));
    ck_assert(!expected_holds("'s':{'Exists':false}", ""));
    ck_assert(expected_holds("'s':{'Value':{'S':'x'},'ComparisonOperator':'NE'}", ""));
    ck_assert(expected_holds("'s':{'ComparisonOperator':'NOT_NULL','Exists':null}", ""));
    ck_assert(expected_holds("'s.x':{'Exists':false},'pk':{'Value':{'S':'p'}}", ""));
    ck_assert(expected_holds("", ""));
}
END_TEST

START_TEST(expects_nothing_of_a_missing_item)
{
    static const char delete[] = "{'TableName':'carts','Key':{'pk':{'S':'none'},'sk':{'N':'1'}},"
                                 "'Expected':{'a':{%s}}}";
    static const struct {
        const char *condition;
        bool holds;
    } cases[] = {
        {"'Exists':false", true},
        {"'ComparisonOperator':'NULL'", true},
        {"'ComparisonOperator':'NE','Value':{'S':'x'}", true},
        {"'ComparisonOperator':'NOT_CONTAINS','Value':{'S':'x'}", false},
        {"'Value':{'S':'x'}", false},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        char body[256];
        snprintf(body, sizeof(body), delete, cases[i].condition);
        api_fixture_call(&fixture, "DeleteItem", body);
        ck_assert_msg((fixture.status == 200) == cases[i].holds, "%s: %s", body, fixture.body);
    }
}
END_TEST

/* KeyConditions. */

static const struct key_case {
    const char *comparison, *values;
    const char *found; /* sort keys, of 1 to 5 */
} keys[] = {
    {"EQ", "{'N':'3.0'}", "3"},
    {"LT", "{'N':'3'}", "12"},
    {"LE", "{'N':'3'}", "123"},
    {"GT", "{'N':'3'}", "45"},
    {"GE", "{'N':'3'}", "345"},
    {"BETWEEN", "{'N':'2'},{'N':'4'}", "234"},
    {"BETWEEN", "{'N':'9'},{'N':'9'}", ""},
};

static void assert_found(const char *request, const char *found)
{
    const char *body = api_fixture_ok(&fixture, "Query", request);
    for (const char *at = body; (at = strstr(at, "\"sk\":{\"N\":\"")) != NULL; found++) {
        at += strlen("\"sk\":{\"N\":\"");
        ck_assert_msg(*at == *found, "%s: %s", request, body);
    }
    ck_assert_msg(*found == '\0', "%s: %s", request, body);
}

#define HASH_IS "'pk':{'ComparisonOperator':'EQ','AttributeValueList':[{'S':'c'}]}"

START_TEST(queries_by_keys)
{
    for (int i = 1; i <= 5; i++) {
        char item[256];
        snprintf(item, sizeof(item),
                 "{'TableName':'carts','Item':{'pk':{'S':'c'},'sk':{'N':'%d'},'odd':{'BOOL':%s}}}",
                 i, i % 2 == 1 ? "true" : "false");
        api_fixture_ok(&fixture, "PutItem", item);
    }
    for (size_t i = 0; i < array_size(keys); i++) {
        char request[256];
        snprintf(request, sizeof(request),
                 "{'TableName':'carts','KeyConditions':{" HASH_IS
                 ",'sk':{'ComparisonOperator':'%s','AttributeValueList':[%s]}}}",
                 keys[i].comparison, keys[i].values);
        assert_found(request, keys[i].found);
    }
    assert_found("{'TableName':'carts','KeyConditions':{" HASH_IS "}}", "12345");
    assert_found("{'TableName':'carts','KeyConditions':{" HASH_IS "},'ScanIndexForward':false,"
                 "'AttributesToGet':['sk'],'QueryFilter':{'odd':{'ComparisonOperator':'NE',"
                 "'AttributeValueList':[{'BOOL':true}]}}}",
                 "42");
    assert_found("{'TableName':'carts','KeyConditions':{" HASH_IS "},'FilterExpression':'odd = :t',"
                 "'ExpressionAttributeValues':{':t':{'BOOL':true}},'ProjectionExpression':'sk'}",
                 "135");
}
END_TEST

/* What is refused. */

#define INVALID "One or more parameter values were invalid: "
#define OPERATORS \
    "[IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]"
#define MIXED                                                                         \
    "Can not use both expression and non-expression parameters in the same request: " \
    "Non-expression parameters: {"
#define PATTERN   " failed to satisfy constraint: Member must "
#define ONE_ERROR "1 validation error detected: "

static const struct refusal {
    const char *operation, *rest, *message;
} refusals[] = {
    {"PutItem", "'Expected':{'a':{'Value':{'S':'x'}}},'ConditionExpression':'a = b'",
     MIXED "Expected} Expression parameters: {ConditionExpression}"},
    {"DeleteItem", "'ConditionalOperator':'OR','Expected':{},'ConditionExpression':'a = b'",
     MIXED "Expected, ConditionalOperator} Expression parameters: {ConditionExpression}"},
    {"UpdateItem",
     "'ConditionalOperator':'OR','Expected':{},'AttributeUpdates':{},'ConditionExpression':'',"
     "'UpdateExpression':''",
     MIXED "AttributeUpdates, Expected, ConditionalOperator} Expression parameters: "
           "{UpdateExpression, ConditionExpression}"},
    {"Query",
     "'KeyConditions':{},'QueryFilter':{},'ConditionalOperator':'OR','AttributesToGet':['a'],"
     "'KeyConditionExpression':'','FilterExpression':'','ProjectionExpression':''",
     MIXED "AttributesToGet, QueryFilter, ConditionalOperator, KeyConditions} Expression "
           "parameters: {ProjectionExpression, FilterExpression, KeyConditionExpression}"},
    {"Query", "'KeyConditions':{},'QueryFilter':{},'FilterExpression':''",
     MIXED "QueryFilter} Expression parameters: {FilterExpression}"},
    {"Scan", "'ScanFilter':{},'QueryFilter':{},'ProjectionExpression':'a'",
     MIXED "ScanFilter} Expression parameters: {ProjectionExpression}"},
    {"GetItem", "'AttributesToGet':['a'],'ProjectionExpression':'a','FilterExpression':'a'",
     MIXED "AttributesToGet} Expression parameters: {ProjectionExpression}"},
    {"PutItem", "'Expected':{},'ExpressionAttributeNames':{'#a':'b'}",
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"Query", "'KeyConditions':{" HASH_IS "},'ExpressionAttributeNames':{'#a':'b'}",
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"PutItem", "'ConditionalOperator':'OR'",
     "ConditionalOperator cannot be used without Filter or Expected"},
    {"Scan", "'ConditionalOperator':'AND','ScanFilter':{}",
     "ConditionalOperator cannot be used without Filter or Expected"},
    {"DeleteItem", "'ConditionalOperator':'OR','Expected':{'a':{'Exists':false}}",
     "ConditionalOperator can only be used when Filter or Expected has two or more elements"},
    {"PutItem", "'ConditionalOperator':'or'",
     ONE_ERROR "Value 'or' at 'conditionalOperator'" PATTERN "satisfy enum value set: [OR, AND]"},
    {"PutItem", "'Expected':{'a':{'ComparisonOperator':'eq'}}",
     ONE_ERROR "Value 'eq' at 'expected.a.member.comparisonOperator'" PATTERN
               "satisfy enum value set: " OPERATORS},
    {"Scan", "'ScanFilter':{'a':{}}",
     ONE_ERROR "Value null at 'scanFilter.a.member.comparisonOperator'" PATTERN "not be null"},
    {"PutItem", "'Expected':{'a':{}}",
     INVALID "Value must be provided when Exists is null for Attribute: a"},
    {"PutItem", "'Expected':{'a':{'Exists':true}}",
     INVALID "Value must be provided when Exists is true for Attribute: a"},
    {"PutItem", "'Expected':{'a':{'Exists':false,'Value':{'S':'x'}}}",
     INVALID "Value cannot be used when Exists is false for Attribute: a"},
    {"PutItem", "'Expected':{'a':{'Exists':false,'ComparisonOperator':'NULL'}}",
     INVALID "Exists and ComparisonOperator cannot be used together for Attribute: a"},
    {"PutItem", "'Expected':{'a':{'Value':{'S':'x'},'AttributeValueList':[]}}",
     INVALID "Value and AttributeValueList cannot be used together for Attribute: a"},
    {"PutItem", "'Expected':{'a':{'AttributeValueList':[{'S':'x'}]}}",
     INVALID "AttributeValueList can only be used with a ComparisonOperator for Attribute: a"},
    {"PutItem", "'Expected':{'a':{'ComparisonOperator':'LT'}}",
     INVALID
     "Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: a"},
    {"PutItem", "'Expected':{'a':null}",
     INVALID "ExpectedAttributeValue must not be null for Attribute: a"},
    {"PutItem", "'Expected':{'':{'Exists':false}}", "Empty attribute name"},
    {"PutItem", "'Expected':{'a':{'Value':{'SS':[]}}}", INVALID "An string set  may not be empty"},
    {"Scan", "'ScanFilter':{'a':{'ComparisonOperator':'EQ'}}",
     INVALID "Invalid number of argument(s) for the EQ ComparisonOperator"},
    {"Scan", "'ScanFilter':{'a':{'ComparisonOperator':'NULL','AttributeValueList':[{'S':'x'}]}}",
     INVALID "Invalid number of argument(s) for the NULL ComparisonOperator"},
    {"Scan", "'ScanFilter':{'a':{'ComparisonOperator':'LT','AttributeValueList':[{'BOOL':true}]}}",
     INVALID "ComparisonOperator LT is not valid for BOOL AttributeValue type"},
    {"Scan",
     "'ScanFilter':{'a':{'ComparisonOperator':'BEGINS_WITH','AttributeValueList':[{'N':'1'}]}}",
     INVALID "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"},
    {"Scan", "'ScanFilter':{'a':{'ComparisonOperator':'CONTAINS','AttributeValueList':[{'L':[]}]}}",
     INVALID "ComparisonOperator CONTAINS is not valid for L AttributeValue type"},
    {"Scan",
     "'ScanFilter':{'a':{'ComparisonOperator':'IN','AttributeValueList':[{'N':'1'},{'S':'1'}]}}",
     INVALID "AttributeValues inside AttributeValueList must be of same type"},
    {"Scan", "'ScanFilter':{'a':{'ComparisonOperator':'EQ','AttributeValueList':[null]}}",
     "The supplied Item contains a null AttributeValue"},
    {"Scan",
     "'ScanFilter':{'a':{'ComparisonOperator':'BETWEEN','AttributeValueList':[{'N':'2'},{'N':'1'}]"
     "}}",
     "The BETWEEN condition was provided a range where the lower bound is greater than the upper "
     "bound"},
    {"Query", "'QueryFilter':{}",
     "Either the KeyConditions or KeyConditionExpression parameter must be specified in the "
     "request."},
    {"Query", "'KeyConditions':{}", "Conditions can be of length 1 or 2 only"},
    {"Query",
     "'KeyConditions':{" HASH_IS ",'a':{'ComparisonOperator':'NULL'},'b':{'ComparisonOperator':"
     "'NULL'}}",
     "Conditions can be of length 1 or 2 only"},
    {"Query", "'KeyConditions':{" HASH_IS ",'a':{'ComparisonOperator':'NULL'}}",
     "Query condition missed key schema element: sk"},
    {"Query", "'KeyConditions':{'sk':{'ComparisonOperator':'NULL'}}",
     "Query condition missed key schema element: pk"},
    {"Query", "'KeyConditions':{'pk':{'ComparisonOperator':'LT','AttributeValueList':[{'S':'c'}]}}",
     "Query key condition not supported"},
    {"Query", "'KeyConditions':{'pk':{'ComparisonOperator':'EQ','AttributeValueList':[{'N':'1'}]}}",
     INVALID "Condition parameter type does not match schema type"},
    {"Query",
     "'KeyConditions':{" HASH_IS ",'sk':{'ComparisonOperator':'NE','AttributeValueList':[{'N':'1'}]"
     "}}",
     "Attempted conditional constraint is not an indexable operation"},
    {"Query", "'KeyConditions':{'pk':{'ComparisonOperator':'NOT_NULL'}}",
     "Attempted conditional constraint is not an indexable operation"},
    {"Query",
     "'KeyConditions':{" HASH_IS "},'QueryFilter':{'a':{'ComparisonOperator':'NULL'},'sk':{"
     "'ComparisonOperator':'NULL'},'pk':{'ComparisonOperator':'NULL'}}",
     "QueryFilter can only contain non-primary key attributes: Primary key attribute: pk"},
    {"Query", "'KeyConditions':{" HASH_IS "},'AttributesToGet':['a','a']",
     INVALID "Duplicate value in attribute name: a"},
    {"GetItem", "'AttributesToGet':['a','']", "Empty attribute name"},
    {"PutItem", "'Expected':[]",
     "Unrecognized collection type java.util.Map<java.lang.String, "
     "com.amazonaws.dynamodb.v20120810.ExpectedAttributeValue>"},
    {"PutItem", "'Expected':{'a':'x'}", "Unexpected value type in payload"},
    {"PutItem", "'Expected':{'a':{'Value':'x'}}", "Unexpected field type"},
    {"PutItem", "'Expected':{'a':{'Exists':1}}", "NUMBER_VALUE cannot be converted to Boolean"},
    {"Scan", "'ScanFilter':{'a':[]}",
     "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.Condition"},
    {"Scan", "'ScanFilter':{'a':{'AttributeValueList':['x']}}", "Unexpected value type in payload"},
};

START_TEST(refuses)
{
    const struct refusal *one = &refusals[_i];
    bool puts = strcmp(one->operation, "PutItem") == 0;
    bool ranges = strcmp(one->operation, "Query") == 0 || strcmp(one->operation, "Scan") == 0;
    char body[1024], expected[512];
    snprintf(body, sizeof(body), "{'TableName':'carts',%s%s}",
             puts     ? "'Item':{" KEY "},"
             : ranges ? ""
                      : "'Key':{" KEY "},",
             one->rest);
    const char *answer = api_fixture_quoted(&fixture, one->operation, body);
    snprintf(expected, sizeof(expected), "essage':'%s'}", one->message);
    ck_assert_msg(strstr(answer, expected) != NULL, "%s: %s", body, answer);
    ck_assert_int_eq(fixture.status, 400);
}
END_TEST

/* As many as an item has room for: none may take the square of it. */
START_TEST(takes_many_conditions)
{
    enum { CONDITIONS = 20000, CONDITION_SIZE = 80 };
    char *body = malloc(CONDITIONS * CONDITION_SIZE + 256);
    char *at = body + sprintf(body, "{'TableName':'carts','Key':{'pk':{'S':'none'},'sk':{'N':'1'}},"
                                    "'Expected':{");
    for (int i = 0; i < CONDITIONS; i++)
        at += sprintf(at, "%s'%x':{'ComparisonOperator':'NE','Value':{'N':'%d'}}",
                      i == 0 ? "" : ",", (unsigned)i, i);
    strcpy(at, "}}");
    api_fixture_ok(&fixture, "DeleteItem", body);
    at = body + sprintf(body, "{'TableName':'carts','ScanFilter':{'n':{'ComparisonOperator':'IN',"
                              "'AttributeValueList':[{'N':'5'}");
    for (int i = 0; i < CONDITIONS; i++)
        at += sprintf(at, ",{'N':'-%d'}", i);
    strcpy(at, "]}},'Select':'COUNT'}");
    ck_assert_ptr_nonnull(strstr(api_fixture_ok(&fixture, "Scan", body), "\"Count\":1"));
    free(body);
}
END_TEST

START_TEST(refuses_too_large_conditions)
{
    const char *answer = api_fixture_error_filled(
        &fixture, "DeleteItem",
        "{'TableName':'carts','Key':{" KEY "},'Expected':{'a':{'Value':{'S':'~'}}}}", 400 * 1024);
    ck_assert_ptr_nonnull(strstr(answer, "Item size has exceeded the maximum allowed size"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("legacy");
    TCase *tcase = tcase_create("legacy");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, compares, 0, (int)array_size(conditions));
    tcase_add_loop_test(tcase, joins_conditions, 0, (int)array_size(joined));
    tcase_add_test(tcase, expects_values_and_absence);
    tcase_add_test(tcase, expects_nothing_of_a_missing_item);
    tcase_add_test(tcase, queries_by_keys);
    tcase_add_loop_test(tcase, refuses, 0, (int)array_size(refusals));
    tcase_add_test(tcase, takes_many_conditions);
    tcase_add_test(tcase, refuses_too_large_conditions);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
