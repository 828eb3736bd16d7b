/* AttributeUpdates, over a node that answers from memory. The tables hold what DynamoDB answers. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

static struct api_fixture fixture;

#define KEY  "'pk':{'S':'p'}"
#define ITEM "'l':{'L':[{'S':'x'}]},'n':{'N':'5'}," KEY ",'s':{'S':'s'},'ss':{'SS':['x','y']}"

static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'carts','AttributeDefinitions':[{'AttributeName':'pk',"
                   "'AttributeType':'S'}],'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'}],"
                   "'BillingMode':'PAY_PER_REQUEST'}");
    api_fixture_ok(&fixture, "PutItem", "{'TableName':'carts','Item':{" ITEM "}}");
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

/* The answer to an update, with more parameters. */
static const char *update(const char *updates, const char *more)
{
    char body[1024];
    snprintf(body, sizeof(body), "{'TableName':'carts','Key':{" KEY "},'AttributeUpdates':{%s}%s}",
             updates, more);
    return api_fixture_quoted(&fixture, "UpdateItem", body);
}

static const char *get(void)
{
    return api_fixture_quoted(&fixture, "GetItem",
                              "{'TableName':'carts','Key':{" KEY "},'ConsistentRead':true}");
}

static void delete_item(void)
{
    api_fixture_ok(&fixture, "DeleteItem", "{'TableName':'carts','Key':{" KEY "}}");
}

#define PUT(value)    "'Value':" value
#define ADD(value)    "'Action':'ADD','Value':" value
#define DELETE(value) "'Action':'DELETE','Value':" value
#define DELETED       "'Action':'DELETE'"
#define MISMATCH      "Type mismatch for attribute to update"

struct update_case {
    const char *name;
    const char *action;
    const char *old; /* what UPDATED_OLD returns; NULL: nothing */
    const char *new; /* UPDATED_NEW; or the message */
};

static const struct update_case updates[] = {
    {"n", PUT("{'S':'t'}"), "{'N':'5'}", "{'S':'t'}"},
    {"n", "'Action':'PUT','Value':{'L':[]}", "{'N':'5'}", "{'L':[]}"},
    {"q", PUT("{'S':''}"), NULL, "{'S':''}"},
    {"n", ADD("{'N':'-2'}"), "{'N':'5'}", "{'N':'3'}"},
    {"q", ADD("{'N':'2'}"), NULL, "{'N':'2'}"},
    {"ss", ADD("{'SS':['z','x']}"), "{'SS':['x','y']}", "{'SS':['x','y','z']}"},
    {"q", ADD("{'NS':['2']}"), NULL, "{'NS':['2']}"},
    {"l", ADD("{'L':[{'S':'x'},{'N':'1'}]}"), "{'L':[{'S':'x'}]}",
     "{'L':[{'S':'x'},{'S':'x'},{'N':'1'}]}"},
    {"l", ADD("{'L':[]}"), "{'L':[{'S':'x'}]}", "{'L':[{'S':'x'}]}"},
    {"q", ADD("{'L':[{'N':'1'}]}"), NULL, "{'L':[{'N':'1'}]}"},
    {"s", ADD("{'N':'2'}"), NULL, MISMATCH},
    {"n", ADD("{'NS':['2']}"), NULL, MISMATCH},
    {"n", ADD("{'L':[]}"), NULL, MISMATCH},
    {"ss", ADD("{'NS':['2']}"), NULL, MISMATCH},
    {"ss", DELETE("{'SS':['x','z']}"), "{'SS':['x','y']}", "{'SS':['y']}"},
    {"ss", DELETE("{'SS':['x','y']}"), "{'SS':['x','y']}", NULL},
    {"q", DELETE("{'SS':['x']}"), NULL, NULL},
    {"n", DELETE("{'SS':['x']}"), NULL, MISMATCH},
    {"ss", DELETE("{'BS':['YQ==']}"), NULL, MISMATCH},
    {"ss", DELETED, "{'SS':['x','y']}", NULL},
    {"s", "'Action':'DELETE','Value':null", "{'S':'s'}", NULL},
    {"q", DELETED, NULL, NULL},
};

static void assert_answer(const struct update_case *one, const char *wanted, const char *value)
{
    char action[256], more[64], expected[256] = "{}";
    snprintf(action, sizeof(action), "'%s':{%s}", one->name, one->action);
    snprintf(more, sizeof(more), ",'ReturnValues':'%s'", wanted);
    if (value != NULL)
        snprintf(expected, sizeof(expected), "{'Attributes':{'%s':%s}}", one->name, value);
    ck_assert_str_eq(update(action, more), expected);
}

START_TEST(updates_attributes)
{
    const struct update_case *one = &updates[_i];
    if (one->new != NULL && one->new[0] != '{') {
        char action[256];
        snprintf(action, sizeof(action), "'%s':{%s}", one->name, one->action);
        ck_assert_ptr_nonnull(strstr(update(action, ""), one->new));
        ck_assert_str_eq(get(), "{'Item':{" ITEM "}}");
        return;
    }
    assert_answer(one, "UPDATED_OLD", one->old);
    api_fixture_ok(&fixture, "PutItem", "{'TableName':'carts','Item':{" ITEM "}}");
    assert_answer(one, "UPDATED_NEW", one->new);
}
END_TEST

START_TEST(updates_several_at_once)
{
    static const char several[] = "'s':{" DELETED "},'q':{" PUT("{'N':'1'}") "},'n':{" ADD(
        "{'N':'1'}") "},'l':{" DELETED "},'ss':{" DELETE("{'SS':['x','y']}") "}";
    ck_assert_str_eq(update(several, ",'ReturnValues':'ALL_NEW'"),
                     "{'Attributes':{'n':{'N':'6'},'pk':{'S':'p'},'q':{'N':'1'}}}");
    ck_assert_str_eq(update(several, ",'ReturnValues':'UPDATED_NEW'"),
                     "{'Attributes':{'n':{'N':'7'},'q':{'N':'1'}}}");
    ck_assert_str_eq(update("", ",'ReturnValues':'ALL_OLD'"),
                     "{'Attributes':{'n':{'N':'7'},'pk':{'S':'p'},'q':{'N':'1'}}}");
}
END_TEST

/* What puts or adds makes the item, and so does an update of nothing; of what only deletes, the
 * documentation says that nothing happens. */
START_TEST(makes_items)
{
    static const struct {
        const char *updates, *item;
    } cases[] = {
        {"'a':{" PUT("{'S':'x'}") "}", "{'Item':{'a':{'S':'x'}," KEY "}}"},
        {"'a':{" ADD("{'N':'1'}") "}", "{'Item':{'a':{'N':'1'}," KEY "}}"},
        {"'a':{" DELETED "},'b':{" PUT("{'S':'x'}") "}", "{'Item':{'b':{'S':'x'}," KEY "}}"},
        {"", "{'Item':{" KEY "}}"},
        {"'a':{" DELETED "}", "{}"},
        {"'a':{" DELETED "},'b':{" DELETE("{'SS':['x']}") "}", "{}"},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        delete_item();
        ck_assert_str_eq(update(cases[i].updates, ""), "{}");
        ck_assert_str_eq(get(), cases[i].item);
    }
}
END_TEST

#define FAILED                                                                                \
    "{'__type':'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException','message':" \
    "'The conditional request failed'"
#define TELL ",'ReturnValuesOnConditionCheckFailure':'ALL_OLD'"

START_TEST(deletes_on_conditions)
{
    static const char deletes[] = "'s':{" DELETED "}";
    static const char fresh[] = ",'Expected':{'q':{'Exists':false}}";
    static const char wrong[] = ",'Expected':{'n':{'Value':{'N':'1'}}}" TELL;
    ck_assert_str_eq(update(deletes, wrong), FAILED ",'Item':{" ITEM "}}");
    ck_assert_str_eq(update(deletes, fresh), "{}");
    ck_assert_ptr_null(strstr(get(), "'s'"));
    delete_item();
    ck_assert_str_eq(update(deletes, wrong), FAILED "}");
    ck_assert_str_eq(update(deletes, fresh), "{}");
    ck_assert_str_eq(update(deletes, ",'ReturnValues':'ALL_NEW','ReturnConsumedCapacity':'TOTAL'"),
                     "{'ConsumedCapacity':{'TableName':'carts','CapacityUnits':1.0}}");
    ck_assert_str_eq(get(), "{}");
}
END_TEST

#define INVALID "One or more parameter values were invalid: "

static const struct refusal {
    const char *updates, *message;
} refusals[] = {
    {"'a':{}", INVALID "Only DELETE action is allowed when no attribute value is specified"},
    {"'a':null", INVALID "Only DELETE action is allowed when no attribute value is specified"},
    {"'a':{'Action':'ADD'}",
     INVALID "Only DELETE action is allowed when no attribute value is specified"},
    {"'a':{" ADD("{'S':'x'}") "}", INVALID "ADD action is not supported for the type S"},
    {"'a':{" ADD("{'M':{}}") "}", INVALID "ADD action is not supported for the type M"},
    {"'a':{" DELETE("{'N':'1'}") "}",
     INVALID "DELETE action with value is not supported for the type N"},
    {"'a':{" DELETE("{'L':[]}") "}",
     INVALID "DELETE action with value is not supported for the type L"},
    {"'a':{" PUT("{'SS':[]}") "}", INVALID "An string set  may not be empty"},
    {"'a':{" PUT("{'S':'x','N':'1'}") "}",
     "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
     "supported datatypes"},
    {"'pk':{" PUT("{'S':'x'}") "}",
     INVALID "Cannot update attribute pk. This attribute is part of the key"},
    {"'pk':{" DELETED "}", INVALID "Cannot update attribute pk. This attribute is part of the key"},
    {"'':{" DELETED "}", "Empty attribute name"},
    {"'a':{" DELETED "},'a':{" DELETED "}", INVALID "An attribute name occurs twice in one map"},
    {"'a':{" ADD("{'N':'9e125'}") "},'n':{" ADD("{'N':'1e-130'}") "}",
     "DynamoDB only supports precision up to 38 digits"},
    {"'a':{'Action':'INC'}",
     "1 validation error detected: Value 'INC' at 'attributeUpdates.a.member.action' failed to "
     "satisfy constraint: Member must satisfy enum value set: [ADD, DELETE, PUT]"},
    {"'a':'x'", "Unexpected value type in payload"},
    {"'a':[]", "Unrecognized collection type class com.amazonaws.dynamodb.v20120810."
               "AttributeValueUpdate"},
};

START_TEST(refuses)
{
    char expected[512];
    snprintf(expected, sizeof(expected), "essage':'%s'}", refusals[_i].message);
    const char *answer = update(refusals[_i].updates, "");
    ck_assert_msg(strstr(answer, expected) != NULL, "%s: %s", refusals[_i].updates, answer);
    ck_assert_int_eq(fixture.status, 400);
    ck_assert_str_eq(get(), "{'Item':{" ITEM "}}");
}
END_TEST

START_TEST(keeps_keys_of_indexes)
{
    static const struct {
        const char *action, *message;
    } cases[] = {
        {PUT("{'N':'1'}"), "Type mismatch for Index Key ik Expected: S Actual: N IndexName: local"},
        {PUT("{'L':[{'S':'x'}]}"),
         "Type mismatch for Index Key ik Expected: S Actual: L IndexName: local"},
        {PUT("{'NULL':true}"),
         "Type mismatch for Index Key ik Expected: S Actual: NULL IndexName: local"},
        {PUT("{'BOOL':true}"),
         "Type mismatch for Index Key ik Expected: S Actual: BOOL IndexName: local"},
        {ADD("{'SS':['x']}"),
         "Type mismatch for Index Key ik Expected: S Actual: SS IndexName: local"},
        {PUT("{'S':''}"),
         "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: "
         "local, IndexKey: ik"},
        {PUT("{'S':'x'}"), "{}"},
        {DELETED, "{}"},
    };
    api_fixture_ok(
        &fixture, "CreateTable",
        "{'TableName':'indexed','AttributeDefinitions':[{'AttributeName':'pk','AttributeType':'S'},"
        "{'AttributeName':'sk','AttributeType':'S'},{'AttributeName':'ik','AttributeType':'S'}],"
        "'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk','KeyType':"
        "'RANGE'}],'LocalSecondaryIndexes':[{'IndexName':'local','KeySchema':[{'AttributeName':"
        "'pk','KeyType':'HASH'},{'AttributeName':'ik','KeyType':'RANGE'}],'Projection':{"
        "'ProjectionType':'ALL'}}],'BillingMode':'PAY_PER_REQUEST'}");
    for (size_t i = 0; i < array_size(cases); i++) {
        char body[256];
        snprintf(body, sizeof(body),
                 "{'TableName':'indexed','Key':{'pk':{'S':'p'},'sk':{'S':'s'}},"
                 "'AttributeUpdates':{'ik':{%s}}}",
                 cases[i].action);
        const char *answer = api_fixture_call(&fixture, "UpdateItem", body);
        ck_assert_msg(strstr(answer, cases[i].message) != NULL, "%s: %s", body, answer);
    }
}
END_TEST

/* As many as an item has room for: none may take the square of it. */
START_TEST(updates_many_attributes)
{
    enum { ATTRIBUTES = 40000, ACTION_SIZE = 48 };
    char *body = malloc(ATTRIBUTES * ACTION_SIZE + 256);
    static const char *const actions[] = {"'Value':{'S':''}", "'Action':'DELETE'"};
    for (size_t round = 0; round < array_size(actions); round++) {
        char *at = body + sprintf(body, "{'TableName':'carts','Key':{" KEY "},'ReturnValues':"
                                        "'UPDATED_NEW','AttributeUpdates':{");
        for (int i = 0; i < ATTRIBUTES; i++)
            at += sprintf(at, "%s'%x':{%s}", i == 0 ? "" : ",", (unsigned)i, actions[round]);
        strcpy(at, "}}");
        const char *answer = api_fixture_ok(&fixture, "UpdateItem", body);
        ck_assert_int_eq(strstr(answer, "\"9c3f\":{\"S\":\"\"}") != NULL, round == 0);
    }
    ck_assert_str_eq(get(), "{'Item':{" ITEM "}}");
    free(body);
}
END_TEST

START_TEST(refuses_too_large_updates)
{
    const char *answer = api_fixture_error_filled(&fixture, "UpdateItem",
                                                  "{'TableName':'carts','Key':{" KEY
                                                  "},'AttributeUpdates':{'a':{'Value':{'S':'~'}}}}",
                                                  400 * 1024);
    ck_assert_ptr_nonnull(strstr(answer, "Item size to update has exceeded the maximum allowed"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("legacy_update");
    TCase *tcase = tcase_create("legacy_update");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, updates_attributes, 0, (int)array_size(updates));
    tcase_add_test(tcase, updates_several_at_once);
    tcase_add_test(tcase, makes_items);
    tcase_add_test(tcase, deletes_on_conditions);
    tcase_add_loop_test(tcase, refuses, 0, (int)array_size(refusals));
    tcase_add_test(tcase, keeps_keys_of_indexes);
    tcase_add_test(tcase, updates_many_attributes);
    tcase_add_test(tcase, refuses_too_large_updates);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
