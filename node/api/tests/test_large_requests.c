/* Requests made to take long. That they end within the time that Check gives a test is the point. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

#define KEYS                                                                                \
    "'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk','KeyType':" \
    "'RANGE'}],'BillingMode':'PAY_PER_REQUEST','LocalSecondaryIndexes':["
#define DEFINITION(name) "{'AttributeName':'" name "','AttributeType':'S'}"
#define INDEX                                                                                    \
    "{'IndexName':'local','KeySchema':[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName'" \
    ":'ik','KeyType':'RANGE'}],'Projection':{'ProjectionType':'ALL'}}"
#define DEFINITIONS DEFINITION("pk") "," DEFINITION("sk") "," DEFINITION("ik")

static struct api_fixture fixture;
static struct writer body;

static void setup(void)
{
    double_fixture_init(&fixture);
    writer_init(&body, 1 << 20);
    api_fixture_ok(&fixture, "CreateTable",
                   "{'TableName':'indexed','AttributeDefinitions':[" DEFINITIONS "]," KEYS INDEX
                   "]}");
}

static void teardown(void)
{
    writer_deinit(&body);
    double_fixture_deinit(&fixture);
}

static void add(const char *text)
{
    writer_put_slice(&body, slice_of_string(text));
}

static void add_times(size_t times, const char *text)
{
    for (size_t i = 0; i < times; i++)
        add(text);
}

static const char *send(const char *operation)
{
    writer_put_u8(&body, 0);
    api_fixture_quoted(&fixture, operation, (const char *)writer_slice(&body).data);
    writer_reset(&body);
    return fixture.body;
}

START_TEST(an_item_of_many_attributes_replaces_its_like)
{
    char name[32];
    for (int time = 0; time < 2; time++) {
        add("{'TableName':'indexed','ReturnConsumedCapacity':'INDEXES','Item':{'pk':{'S':'p'},"
            "'sk':{'S':'s'},'ik':{'S':'i'}");
        for (int i = 0; i < 30000; i++) {
            snprintf(name, sizeof(name), ",'%05d':{'NULL':true}", i);
            add(name);
        }
        add("}}");
        send("PutItem");
        ck_assert_int_eq(fixture.status, 200);
    }
    assert_has(fixture.body, "'CapacityUnits':176.0,'Table':{'CapacityUnits':176.0}}");
}
END_TEST

START_TEST(definitions_that_repeat_what_there_is)
{
    add("{'TableName':'indexed','DeletionProtectionEnabled':false,'AttributeDefinitions':[");
    add_times(60000, DEFINITION("pk") ",");
    add_times(60000, DEFINITION("sk") ",");
    add(DEFINITIONS "]}");
    send("UpdateTable");
    ck_assert_int_eq(fixture.status, 200);
}
END_TEST

START_TEST(indexes_and_definitions_without_number)
{
    add("{'TableName':'other','AttributeDefinitions':[");
    add_times(30000, DEFINITION("no") ",");
    add(DEFINITIONS "]," KEYS);
    add_times(30000, INDEX ",");
    add(INDEX "]}");
    send("CreateTable");
    assert_has(fixture.body, "ValidationException");
}
END_TEST

static void add_path(char last)
{
    add("#a");
    add_times(30, ".#a");
    add(".");
    writer_put_u8(&body, (uint8_t)last);
}

static void add_long_name(void)
{
    add(",'ExpressionAttributeNames':{'#a':'");
    add_times(65535, "n");
    add("'}}");
}

START_TEST(a_long_path_is_compared_with_itself)
{
    add("{'TableName':'indexed','Item':{'pk':{'S':'p'},'sk':{'S':'s'}},'ConditionExpression':'");
    add_path('z');
    add(" IN (");
    for (int i = 0; i < 30; i++) {
        add(i == 0 ? "" : ",");
        add_path('z');
    }
    add(")'");
    add_long_name();
    send("PutItem");
    assert_has(fixture.body, "The first operand must be distinct from the remaining operands");
}
END_TEST

START_TEST(long_paths_overlap)
{
    add("{'TableName':'indexed','Key':{'pk':{'S':'p'},'sk':{'S':'s'}},'UpdateExpression':'REMOVE ");
    for (char last = 'b'; last <= 'z'; last++) {
        add_path(last);
        add(",");
    }
    add_path('z');
    add("'");
    add_long_name();
    send("UpdateItem");
    assert_has(fixture.body, "Two document paths overlap with each other");
}
END_TEST

START_TEST(the_name_of_a_table_is_endless)
{
    add("{'RequestItems':{'");
    add_times(1 << 20, "k");
    add("':[");
    add_times(11, "{'PutRequest':{}},");
    add("{'PutRequest':{}}]}}");
    send("BatchWriteItem");
    assert_has(fixture.body, "10 validation errors detected");
    ck_assert_uint_lt(strlen(fixture.body), 16 << 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("large_requests");
    TCase *cases = tcase_create("large_requests");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, an_item_of_many_attributes_replaces_its_like);
    tcase_add_test(cases, definitions_that_repeat_what_there_is);
    tcase_add_test(cases, indexes_and_definitions_without_number);
    tcase_add_test(cases, a_long_path_is_compared_with_itself);
    tcase_add_test(cases, long_paths_overlap);
    tcase_add_test(cases, the_name_of_a_table_is_endless);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
