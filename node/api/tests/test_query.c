/* What Query and Scan refuse, word for word. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

#define EMPTY(type, key)                                                                         \
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot " \
    "contain an empty " type " value. Key: " key
#define INVALID     "One or more parameter values were invalid: "
#define START       "The provided starting key is invalid"
#define MISMATCH    "The provided key element does not match the schema"
#define ONE_ROW     "The query can return at most one row and cannot be restarted"
#define OUTSIDE     "The provided starting key is outside query boundaries based on provided conditions"
#define PREDICATE   "The provided starting key does not match the range key predicate"
#define UNSUPPORTED "Query key condition not supported"
#define WRONG_TYPE  INVALID "Condition parameter type does not match schema type"
#define NO_VALUE \
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
#define TWO_VALUES                                                                              \
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the " \
    "supported datatypes"

static struct api_fixture fixture;

static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'sorted','AttributeDefinitions':[{'AttributeName':'pk',"
                   "'AttributeType':'S'},{'AttributeName':'sk','AttributeType':'S'}],'KeySchema':"
                   "[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk','KeyType':"
                   "'RANGE'}],'BillingMode':'PAY_PER_REQUEST'}");
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'plain','AttributeDefinitions':[{'AttributeName':'pk',"
                   "'AttributeType':'S'}],'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'}],"
                   "'BillingMode':'PAY_PER_REQUEST'}");
    for (int i = 0; i < 5; i++) {
        char body[128];
        snprintf(body, sizeof(body),
                 "{'TableName':'sorted','Item':{'pk':{'S':'p'},'sk':{'S':'k%d'}}}", i);
        api_fixture_ok(&fixture, "PutItem", body);
    }
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

/* The text of the last answer's error. */
static void assert_message(const char *body, const char *what, const char *message)
{
    static const char member[] = "\"message\":\"";
    const char *at = strstr(body, member);
    ck_assert_ptr_nonnull(at);
    at += sizeof(member) - 1;
    ck_assert_msg(strlen(at) == strlen(message) + 2 && strncmp(at, message, strlen(message)) == 0,
                  "%s: %s, not %s", what, body, message);
}

struct condition_case {
    const char *table;
    const char *condition;
    const char *message; /* NULL: not refused */
};

/* :p and :q are strings, :n a number, :e an empty string, :l a list. */
static const struct condition_case conditions[] = {
    {"sorted", "pk = :p", NULL},
    {"sorted", ":p = pk AND sk > :q", NULL},
    {"sorted", "pk = :p AND begins_with(sk, :q)", NULL},
    {"sorted", "pk = :p AND sk BETWEEN :p AND :q", NULL},
    {"plain", "pk = :p", NULL},
    {"sorted", "sk = :p", "Query condition missed key schema element: pk"},
    {"sorted", "v = :n", "Query condition missed key schema element: pk"},
    {"sorted", "pk = :p AND v = :n", "Query condition missed key schema element: sk"},
    {"plain", "pk = :p AND sk = :p", UNSUPPORTED},
    {"plain", "pk = :n AND sk = :p", UNSUPPORTED},
    {"sorted", "pk > :p", UNSUPPORTED},
    {"sorted", "begins_with(pk, :p) AND sk = :n", UNSUPPORTED},
    {"sorted", "pk = :n", WRONG_TYPE},
    {"sorted", "pk < :n", WRONG_TYPE},
    {"sorted", "pk = :n AND v = :n", WRONG_TYPE},
    {"sorted", "pk = :p AND sk = :n", WRONG_TYPE},
    {"sorted", "pk = :p AND sk = :l", WRONG_TYPE},
    {"sorted", "pk = :e", EMPTY("string", "pk")},
    {"sorted", "pk = :e AND sk = :n", EMPTY("string", "pk")},
    {"sorted", "pk = :e AND v = :n", EMPTY("string", "pk")},
    {"sorted", "pk = :p AND sk = :e", EMPTY("string", "sk")},
    {"sorted", "pk = :p AND begins_with(sk, :e)", EMPTY("string", "sk")},
    {"sorted", "pk = :p AND sk BETWEEN :e AND :q", EMPTY("string", "sk")},
    {"sorted", "pk = :p AND pk.a = :p",
     "KeyConditionExpressions cannot have conditions on nested attributes"},
    {"sorted", "pk = :p AND pk = :q",
     "KeyConditionExpressions must only contain one condition per key"},
    {"sorted", "pk = :p AND (sk = :p OR sk = :q)",
     "Invalid operator used in KeyConditionExpression: OR"},
    {"sorted", "pk = sk AND pk = :p",
     "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"},
    {"sorted", "pk = :p AND sk = :p AND v = :n", "Conditions can be of length 1 or 2 only"},
};

static void add_value(char *values, const char *condition, const char *name, const char *value)
{
    if (strstr(condition, name) == NULL)
        return;
    size_t size = strlen(values);
    sprintf(values + size, "%s'%s':%s", size == 0 ? "" : ",", name, value);
}

static void write_query(char *body, const char *table, const char *condition, const char *more)
{
    char values[256] = "";
    add_value(values, condition, ":p", "{'S':'p'}");
    add_value(values, condition, ":q", "{'S':'q'}");
    add_value(values, condition, ":n", "{'N':'1'}");
    add_value(values, condition, ":e", "{'S':''}");
    add_value(values, condition, ":l", "{'L':[]}");
    add_value(values, condition, ":k", "{'S':'k2'}");
    sprintf(body,
            "{'TableName':'%s','KeyConditionExpression':'%s','ExpressionAttributeValues':{%s}%s}",
            table, condition, values, more);
}

START_TEST(key_conditions)
{
    const struct condition_case *one = &conditions[_i];
    char body[1024];
    write_query(body, one->table, one->condition, "");
    if (one->message == NULL)
        api_fixture_ok(&fixture, "Query", body);
    else
        assert_message(api_fixture_error(&fixture, "Query", body), one->condition, one->message);
}
END_TEST

struct start_case {
    const char *condition;
    const char *start; /* ExclusiveStartKey */
    const char *message;
};

static const struct start_case query_starts[] = {
    {"pk = :p", "{'pk':{'S':'p'},'sk':{'S':'k1'}}", NULL},
    {"pk = :p AND sk <= :k", "{'pk':{'S':'p'},'sk':{'S':'k2'}}", NULL},
    {"pk = :p AND sk = :k", "{'pk':{'S':'p'},'sk':{'S':'k2'}}", NULL},
    {"pk = :p", "{}", START},
    {"pk = :p", "{'pk':{'S':'p'}}", START},
    {"pk = :p", "{'pk':{'S':'p'},'x':{'S':'k1'}}", START},
    {"pk = :p", "{'pk':{'S':'p'},'sk':{'S':'k1'},'v':{'N':'1'}}", START},
    {"pk > :p", "{'pk':{'S':'p'}}", START},
    {"pk = :p", "{'pk':{'S':'p'},'sk':{'N':'1'}}", MISMATCH},
    {"pk = :p", "{'pk':{'N':'1'},'sk':{'S':'k1'}}", MISMATCH},
    {"pk = :p", "{'pk':{'S':''},'sk':{'S':'k1'}}", ONE_ROW ". " START ": " EMPTY("string", "pk")},
    {"pk = :p", "{'pk':{'S':'p'},'sk':{'S':''}}", START ": " EMPTY("string", "sk")},
    {"pk = :p", "{'pk':{}}", START ": " NO_VALUE},
    {"pk = :p", "{'pk':{'S':'a','N':'1'}}", START ": " TWO_VALUES},
    {"pk = :p", "{'pk':{'NULL':false}}",
     START ": " INVALID "Null attribute value types must have the value of true"},
    {"pk = :p", "{'pk':{'SS':[]}}", START ": " INVALID "An string set  may not be empty"},
    {"pk = :p", "{'pk':{'N':'x'}}", "The parameter cannot be converted to a numeric value: x"},
    {"pk = :p", "{'pk':{'SS':['a','a']}}", INVALID "Input collection [a, a] contains duplicates."},
    {"pk = :p", "{'pk':{'S':'q'},'sk':{'S':'k1'}}", OUTSIDE},
    {"pk = :p AND sk < :k", "{'pk':{'S':'q'},'sk':{'S':'k1'}}", ONE_ROW},
    {"pk = :p AND sk < :k", "{'pk':{'S':'q'},'sk':{'S':'k2'}}", PREDICATE},
    {"pk = :p AND sk < :k", "{'pk':{'S':'p'},'sk':{'S':'k2'}}", PREDICATE},
    {"pk = :p AND sk > :k", "{'pk':{'S':'p'},'sk':{'S':'k1'}}", PREDICATE},
    {"pk = :p AND begins_with(sk, :k)", "{'pk':{'S':'p'},'sk':{'S':'k3'}}", PREDICATE},
    {"pk = :p AND sk BETWEEN :k AND :q", "{'pk':{'S':'p'},'sk':{'S':'k1'}}", PREDICATE},
};

START_TEST(query_starting_keys)
{
    const struct start_case *one = &query_starts[_i];
    char body[1024], more[256];
    sprintf(more, ",'ExclusiveStartKey':%s", one->start);
    write_query(body, "sorted", one->condition, more);
    if (one->message == NULL)
        api_fixture_ok(&fixture, "Query", body);
    else
        assert_message(api_fixture_error(&fixture, "Query", body), one->start, one->message);
}
END_TEST

struct scan_case {
    const char *parameters;
    const char *message;
};

static const struct scan_case scans[] = {
    {"'ExclusiveStartKey':{}", START ": " MISMATCH},
    {"'ExclusiveStartKey':{'pk':{'S':'p'}}", START ": " MISMATCH},
    {"'ExclusiveStartKey':{'pk':{'S':'p'}},'Select':'SPECIFIC_ATTRIBUTES'", START ": " MISMATCH},
    {"'ExclusiveStartKey':{'pk':{'S':'p'},'x':{'S':'k'}}", START ": " MISMATCH},
    {"'ExclusiveStartKey':{'pk':{'S':'p'},'sk':{'N':'1'}}", START ": " MISMATCH},
    {"'ExclusiveStartKey':{'pk':{}}", START ": " NO_VALUE},
    {"'ExclusiveStartKey':{'pk':{'S':'p'},'sk':{'S':''}}", START ": " EMPTY("string", "sk")},
    {"'ExclusiveStartKey':{'pk':{'N':'x'}}",
     "The parameter cannot be converted to a numeric value: x"},
    {"'ExclusiveStartKey':{'pk':{'S':'p'},'sk':{'S':'k'}},'Segment':0,'TotalSegments':1000000",
     START ": Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
           "TotalSegments: 1000000 Segment: 0"},
    {"'Segment':0", "The TotalSegments parameter is required but was not present in the request "
                    "when Segment parameter is present"},
    {"'TotalSegments':1", "The Segment parameter is required but was not present in the request "
                          "when parameter TotalSegments is present"},
    {"'Segment':2,'TotalSegments':2,'FilterExpression':'a b'",
     "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: "
     "2 is not less than TotalSegments: 2"},
    {"'Segment':2,'TotalSegments':2,'ExclusiveStartKey':{'pk':{}}", START ": " NO_VALUE},
    {"'Segment':0,'TotalSegments':1000001",
     "1 validation error detected: Value '1000001' at 'totalSegments' failed to satisfy "
     "constraint: Member must have value less than or equal to 1000000"},
    {"'Select':'SPECIFIC_ATTRIBUTES'",
     "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
     "SPECIFIC_ATTRIBUTES"},
    {"'Select':'COUNT','ProjectionExpression':'a'",
     "Cannot specify the ProjectionExpression when choosing to get only the Count"},
    {"'Select':'ALL_ATTRIBUTES','AttributesToGet':['a']",
     "Cannot specify the AttributesToGet when choosing to get ALL_ATTRIBUTES"},
    {"'Select':'ALL_PROJECTED_ATTRIBUTES','ProjectionExpression':'a'",
     "Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES"},
    {"'Select':'ALL_PROJECTED_ATTRIBUTES'",
     "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"},
};

/* More than one thing is wrong. */
static const struct scan_case queries[] = {
    {"'KeyConditionExpression':'pk <> :p','ExpressionAttributeNames':{'#a':'b'}",
     "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"},
    {"'KeyConditionExpression':'pk = :p','Select':'COUNT','ProjectionExpression':'a',"
     "'ExclusiveStartKey':{'pk':{'S':'p'}}",
     START},
    {"'KeyConditionExpression':'pk = :p','Select':'COUNT','ProjectionExpression':'a',"
     "'FilterExpression':'sk = :p'",
     "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"},
    {"'KeyConditionExpression':'pk = :p','Select':'COUNT','ProjectionExpression':'a'",
     "Cannot specify the ProjectionExpression when choosing to get only the Count"},
};

START_TEST(query_parameters)
{
    char body[512];
    sprintf(body, "{'TableName':'sorted','ExpressionAttributeValues':{':p':{'S':'p'}},%s}",
            queries[_i].parameters);
    assert_message(api_fixture_error(&fixture, "Query", body), queries[_i].parameters,
                   queries[_i].message);
}
END_TEST

START_TEST(scan_parameters)
{
    char body[512];
    sprintf(body, "{'TableName':'sorted',%s}", scans[_i].parameters);
    assert_message(api_fixture_error(&fixture, "Scan", body), scans[_i].parameters,
                   scans[_i].message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("query");
    TCase *all = tcase_create("query");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, key_conditions, 0, (int)array_size(conditions));
    tcase_add_loop_test(all, query_starting_keys, 0, (int)array_size(query_starts));
    tcase_add_loop_test(all, query_parameters, 0, (int)array_size(queries));
    tcase_add_loop_test(all, scan_parameters, 0, (int)array_size(scans));
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
