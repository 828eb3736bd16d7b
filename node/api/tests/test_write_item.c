/* UpdateItem, and conditions and returned values of all writes, over a node that answers from
 * memory. */
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
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

#define KEY  "'Key':{'pk':{'S':'p'},'sk':{'N':'1'}}"
#define ITEM "'pk':{'S':'p'},'sk':{'N':'1'}"

/* `rest` follows the table's name and the key, or the item. */
static const char *call(const char *operation, const char *rest)
{
    char body[2048];
    const char *key = strcmp(operation, "PutItem") == 0 ? "" : KEY ",";
    snprintf(body, sizeof(body), "{'TableName':'carts',%s%s}", key, rest);
    return api_fixture_quoted(&fixture, operation, body);
}

static void put(const char *attributes)
{
    char rest[1024];
    snprintf(rest, sizeof(rest), "'Item':{" ITEM "%s}", attributes);
    ck_assert_str_eq(call("PutItem", rest), "{}");
}

static const char *get(void)
{
    return call("GetItem", "'ConsistentRead':true");
}

struct returned_case {
    const char *update; /* :n 1, :s "s", :ss ["x"], :xy ["x","y"] */
    const char *old;    /* what UPDATED_OLD returns; NULL: nothing */
    const char *new;    /* UPDATED_NEW */
};

#define A5     ",'a':{'N':'5'}"
#define LIST   ",'l':{'L':[{'N':'1'},{'N':'2'},{'M':{'j':{'N':'4'},'k':{'N':'3'}}},{'N':'4'}]}"
#define NESTED ",'m':{'M':{'x':{'N':'1'},'y':{'M':{'z':{'L':[{'N':'1'},{'M':{'w':{'N':'2'}}}]}}}}}"
#define SET    ",'t':{'SS':['x','y']}"

static const struct returned_case returned[] = {
    {"SET a = :n", "{'a':{'N':'5'}}", "{'a':{'N':'1'}}"},
    {"SET q = :n", NULL, "{'q':{'N':'1'}}"},
    {"SET a = a", "{'a':{'N':'5'}}", "{'a':{'N':'5'}}"},
    {"REMOVE a", "{'a':{'N':'5'}}", NULL},
    {"REMOVE q", NULL, NULL},
    {"ADD a :n", "{'a':{'N':'5'}}", "{'a':{'N':'6'}}"},
    {"ADD t :ss", "{'t':{'SS':['x','y']}}", "{'t':{'SS':['x','y']}}"},
    {"DELETE t :ss", "{'t':{'SS':['x','y']}}", "{'t':{'SS':['y']}}"},
    {"DELETE t :xy", "{'t':{'SS':['x','y']}}", NULL},
    {"DELETE q :ss", NULL, NULL},
    {"SET m.x = :s", "{'m':{'M':{'x':{'N':'1'}}}}", "{'m':{'M':{'x':{'S':'s'}}}}"},
    {"SET m.q = :s", NULL, "{'m':{'M':{'q':{'S':'s'}}}}"},
    {"REMOVE m.x", "{'m':{'M':{'x':{'N':'1'}}}}", NULL},
    {"SET m.y.z[1].w = :s", "{'m':{'M':{'y':{'M':{'z':{'L':[{'M':{'w':{'N':'2'}}}]}}}}}}",
     "{'m':{'M':{'y':{'M':{'z':{'L':[{'M':{'w':{'S':'s'}}}]}}}}}}"},
    {"SET l[1] = :s, l[3] = :n", "{'l':{'L':[{'N':'2'},{'N':'4'}]}}",
     "{'l':{'L':[{'S':'s'},{'N':'1'}]}}"},
    {"SET l[9] = :s", NULL, NULL},
    {"REMOVE l[1]", "{'l':{'L':[{'N':'2'}]}}", "{'l':{'L':[{'M':{'j':{'N':'4'},'k':{'N':'3'}}}]}}"},
    {"SET l[2].k = :s, a = :n REMOVE m.y",
     "{'a':{'N':'5'},'l':{'L':[{'M':{'k':{'N':'3'}}}]},"
     "'m':{'M':{'y':{'M':{'z':{'L':[{'N':'1'},{'M':{'w':{'N':"
     "'2'}}}]}}}}}}",
     "{'a':{'N':'1'},'l':{'L':[{'M':{'k':{'S':'s'}}}]}}"},
};

static const char *values_for(const char *update)
{
    static const struct {
        const char *name, *value;
    } values[] = {{":n", "':n':{'N':'1'}"},
                  {":ss", "':ss':{'SS':['x']}"},
                  {":s", "':s':{'S':'s'}"},
                  {":xy", "':xy':{'SS':['x','y']}"}};
    static char text[256];
    char *at = text;
    bool has_set = strstr(update, ":ss") != NULL;
    *at = '\0';
    for (size_t i = 0; i < array_size(values); i++)
        if (strstr(update, values[i].name) != NULL && !(has_set && i == 2))
            at += sprintf(at, "%s%s", at == text ? ",'ExpressionAttributeValues':{" : ",",
                          values[i].value);
    if (at != text)
        strcpy(at, "}");
    return text;
}

static void assert_returns(const char *update, const char *wanted, const char *attributes)
{
    char rest[512], expected[512] = "{}";
    put(A5 LIST NESTED SET);
    snprintf(rest, sizeof(rest), "'UpdateExpression':'%s','ReturnValues':'%s'%s", update, wanted,
             values_for(update));
    if (attributes != NULL)
        snprintf(expected, sizeof(expected), "{'Attributes':%s}", attributes);
    ck_assert_str_eq(call("UpdateItem", rest), expected);
}

START_TEST(returns_what_was_updated)
{
    assert_returns(returned[_i].update, "UPDATED_OLD", returned[_i].old);
    assert_returns(returned[_i].update, "UPDATED_NEW", returned[_i].new);
}
END_TEST

START_TEST(returns_whole_items)
{
    static const char all_old[] = "'ReturnValues':'ALL_OLD'";
    char item[] = "'Item':{" ITEM A5 "},'ReturnValues':'ALL_OLD'";
    ck_assert_str_eq(call("PutItem", item), "{}");
    ck_assert_str_eq(call("PutItem", item), "{'Attributes':{'a':{'N':'5'}," ITEM "}}");
    ck_assert_str_eq(call("UpdateItem", "'ReturnValues':'ALL_NEW','UpdateExpression':'REMOVE a'"),
                     "{'Attributes':{" ITEM "}}");
    ck_assert_str_eq(call("UpdateItem", "'ReturnValues':'ALL_OLD','UpdateExpression':'SET b = pk'"),
                     "{'Attributes':{" ITEM "}}");
    ck_assert_str_eq(call("UpdateItem", "'ReturnValues':'NONE'"), "{}");
    ck_assert_str_eq(call("DeleteItem", all_old), "{'Attributes':{'b':{'S':'p'}," ITEM "}}");
    ck_assert_str_eq(call("DeleteItem", all_old), "{}");
    ck_assert_str_eq(call("UpdateItem", "'ReturnValues':'ALL_OLD','UpdateExpression':'REMOVE a'"),
                     "{}");
    ck_assert_str_eq(get(), "{'Item':{" ITEM "}}");
    call("DeleteItem", all_old);
    ck_assert_str_eq(call("UpdateItem", "'ReturnValues':'ALL_NEW'"), "{'Attributes':{" ITEM "}}");
}
END_TEST

#define FAILED                                                                                \
    "{'__type':'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException','message':" \
    "'The conditional request failed'"
#define IF_NEW       "'ConditionExpression':'attribute_not_exists(pk)'"
#define IF_THERE     "'ConditionExpression':'attribute_exists(pk)'"
#define TELL_ON_FAIL ",'ReturnValuesOnConditionCheckFailure':'ALL_OLD'"

START_TEST(writes_on_conditions)
{
    ck_assert_str_eq(call("DeleteItem", IF_THERE), FAILED "}");
    ck_assert_str_eq(call("UpdateItem", IF_THERE TELL_ON_FAIL), FAILED "}");
    ck_assert_int_eq(fixture.status, 400);
    ck_assert_str_eq(get(), "{}");
    ck_assert_str_eq(call("PutItem", "'Item':{" ITEM A5 "}," IF_NEW), "{}");
    ck_assert_str_eq(call("PutItem", "'Item':{" ITEM "}," IF_NEW), FAILED "}");
    ck_assert_str_eq(call("PutItem", "'Item':{" ITEM "}," IF_NEW TELL_ON_FAIL),
                     FAILED ",'Item':{'a':{'N':'5'}," ITEM "}}");
    ck_assert_str_eq(call("DeleteItem", IF_NEW TELL_ON_FAIL),
                     FAILED ",'Item':{'a':{'N':'5'}," ITEM "}}");
    ck_assert_str_eq(call("UpdateItem", "'UpdateExpression':'REMOVE a'," IF_NEW TELL_ON_FAIL),
                     FAILED ",'Item':{'a':{'N':'5'}," ITEM "}}");
    ck_assert_str_eq(get(), "{'Item':{'a':{'N':'5'}," ITEM "}}");
    ck_assert_str_eq(call("UpdateItem", "'UpdateExpression':'SET a = a + :i','ConditionExpression':"
                                        "'#x = :o','ExpressionAttributeNames':{'#x':'a'},"
                                        "'ExpressionAttributeValues':{':i':{'N':'1'},':o':{'N':"
                                        "'5'}},'ReturnValues':'UPDATED_NEW'"),
                     "{'Attributes':{'a':{'N':'6'}}}");
    ck_assert_str_eq(call("DeleteItem", IF_THERE ",'ReturnValues':'ALL_OLD'"),
                     "{'Attributes':{'a':{'N':'6'}," ITEM "}}");
    ck_assert_str_eq(get(), "{}");
}
END_TEST

START_TEST(accounts_capacity)
{
    static const char consumed[] = "{'ConsumedCapacity':{'TableName':'carts','CapacityUnits':%s}}";
    char filler[3001], rest[4000], expected[128];
    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    snprintf(rest, sizeof(rest),
             "'UpdateExpression':'SET f = :f','ExpressionAttributeValues':"
             "{':f':{'S':'%s'}},'ReturnConsumedCapacity':'TOTAL'",
             filler);
    char body[4096];
    snprintf(body, sizeof(body), "{'TableName':'carts'," KEY ",%s}", rest);
    snprintf(expected, sizeof(expected), consumed, "3.0");
    ck_assert_str_eq(api_fixture_quoted(&fixture, "UpdateItem", body), expected);
    ck_assert_str_eq(
        call("UpdateItem", "'UpdateExpression':'REMOVE f','ReturnConsumedCapacity':'TOTAL'"),
        expected);
    snprintf(expected, sizeof(expected), consumed, "1.0");
    ck_assert_str_eq(call("UpdateItem", "'ReturnConsumedCapacity':'TOTAL'"), expected);
    ck_assert_str_eq(call("DeleteItem", IF_THERE ",'ReturnConsumedCapacity':'TOTAL'"), expected);
}
END_TEST

static const struct refusal {
    const char *operation, *rest, *message;
} refusals[] = {
    {"UpdateItem", "'UpdateExpression':''",
     "Invalid UpdateExpression: The expression can not be empty;"},
    {"UpdateItem", "'UpdateExpression':'REMOVE a','ConditionExpression':''",
     "Invalid ConditionExpression: The expression can not be empty;"},
    {"UpdateItem", "'UpdateExpression':'INVALID SYNTAX'",
     "Invalid UpdateExpression: Syntax error; token: 'INVALID', near: 'INVALID SYNTAX'"},
    {"UpdateItem", "'UpdateExpression':'SET a = :','ConditionExpression':'b = '",
     "Invalid UpdateExpression: Syntax error; token: ':', near: '= :'"},
    {"PutItem", "'Item':{" ITEM "},'ConditionExpression':'a = :x'",
     "Invalid ConditionExpression: An expression attribute value used in expression is not "
     "defined; attribute value: :x"},
    {"UpdateItem", "'UpdateExpression':'SET pk = b'",
     "One or more parameter values were invalid: Cannot update attribute pk. This attribute is "
     "part of the key"},
    {"UpdateItem", "'UpdateExpression':'REMOVE sk[0]'",
     "One or more parameter values were invalid: Cannot update attribute sk. This attribute is "
     "part of the key"},
    {"UpdateItem", "'UpdateExpression':'SET sk = b REMOVE pk'",
     "One or more parameter values were invalid: Cannot update attribute pk. This attribute is "
     "part of the key"},
    {"UpdateItem", "'UpdateExpression':'SET pk = b','ConditionExpression':'pk.x = b'",
     "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
     "Key: pk"},
    {"UpdateItem", "'UpdateExpression':'SET a = pk.b'",
     "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
     "Key: pk"},
    {"DeleteItem", "'ConditionExpression':'NOT (a = b OR attribute_exists(sk.x))'",
     "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
     "Key: sk"},
    {"UpdateItem", "'ExpressionAttributeValues':{':a':{'N':'1'}}",
     "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and "
     "ConditionExpression are null"},
    {"PutItem", "'Item':{" ITEM "},'ExpressionAttributeValues':{':a':{'N':'1'}}",
     "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression "
     "is null"},
    {"DeleteItem", "'ExpressionAttributeNames':{'#a':'1'}",
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"UpdateItem", "'UpdateExpression':'REMOVE a','ExpressionAttributeNames':{'#a':'1'}",
     "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"},
    {"UpdateItem", "'UpdateExpression':'REMOVE a','ExpressionAttributeValues':{':a':{'N':'1'}}",
     "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a}"},
    {"DeleteItem", "'ReturnValues':'UPDATED_OLD'", "ReturnValues can only be ALL_OLD or NONE"},
    {"UpdateItem", "'ReturnValues':'FOO'",
     "1 validation error detected: Value 'FOO' at 'returnValues' failed to satisfy constraint: "
     "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"},
    {"UpdateItem", "'UpdateExpression':'SET a = b'",
     "The provided expression refers to an attribute that does not exist in the item"},
    {"UpdateItem", "'UpdateExpression':'REMOVE a.b'",
     "The document path provided in the update expression is invalid for update"},
};

START_TEST(refuses)
{
    const struct refusal *one = &refusals[_i];
    char expected[512];
    snprintf(expected, sizeof(expected), "ValidationException','message':'%s'}", one->message);
    const char *body = call(one->operation, one->rest);
    char escaped[4096], *out = escaped;
    for (const char *at = body; *at != '\0'; at++)
        if (*at != '\\')
            *out++ = *at;
    *out = '\0';
    ck_assert_msg(strstr(escaped, expected) != NULL, "%s lacks %s", escaped, expected);
    ck_assert_int_eq(fixture.status, 400);
    ck_assert_str_eq(get(), "{}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("write_item");
    TCase *tcase = tcase_create("write_item");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, returns_what_was_updated, 0, (int)array_size(returned));
    tcase_add_test(tcase, returns_whole_items);
    tcase_add_test(tcase, writes_on_conditions);
    tcase_add_test(tcase, accounts_capacity);
    tcase_add_loop_test(tcase, refuses, 0, (int)array_size(refusals));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
