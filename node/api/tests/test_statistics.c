/* ItemCount and TableSizeBytes: how tables are counted, and when. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

#define CARTS                                                                             \
    "{'TableName':'carts','AttributeDefinitions':[{'AttributeName':'pk','AttributeType':" \
    "'S'},{'AttributeName':'sk','AttributeType':'S'},{'AttributeName':'by',"              \
    "'AttributeType':'S'}],'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'},"         \
    "{'AttributeName':'sk','KeyType':'RANGE'}],'BillingMode':'PAY_PER_REQUEST',"          \
    "'LocalSecondaryIndexes':[{'IndexName':'by_by','KeySchema':[{'AttributeName':'pk',"   \
    "'KeyType':'HASH'},{'AttributeName':'by','KeyType':'RANGE'}],'Projection':"           \
    "{'ProjectionType':'KEYS_ONLY'}}]}"

enum { ITEMS = 40, ITEM_SIZE = 2 + 4 + 2 + 1 + 1 + 5 /* pk, sk, x */, ENTRY_SIZE = 6 + 3 + 4 };

static struct api_fixture fixture;

static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(&fixture, "CreateTable", CARTS);
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

/* Every second item stands in the index. */
static void put_items(void)
{
    for (unsigned i = 0; i < ITEMS; i++) {
        char body[256];
        snprintf(body, sizeof(body),
                 "{'TableName':'carts','Item':{'pk':{'S':'p%03u'},'sk':{'S':'s'},"
                 "'x':{'S':'12345'}%s}}",
                 i, i % 2 == 0 ? ",'by':{'S':'b1'}" : "");
        api_fixture_ok(&fixture, "PutItem", body);
    }
}

static void pass_seconds(uint64_t seconds)
{
    fixture.now.wall_us += seconds * 1000000;
    fixture.now.monotonic_us += seconds * 1000000;
}

/* The table's own figures stand after those of its index, or before: names tell which. */
static void assert_counted(unsigned items)
{
    char part[128];
    api_fixture_ok(&fixture, "DescribeTable", "{'TableName':'carts'}");
    snprintf(part, sizeof(part), "\"TableSizeBytes\":%u,\"ItemCount\":%u,",
             items * ITEM_SIZE + items / 2 * 4, items);
    ck_assert_msg(strstr(fixture.body, part) != NULL, "%s lacks %s", fixture.body, part);
    snprintf(part, sizeof(part), "\"IndexSizeBytes\":%u,\"ItemCount\":%u,", items / 2 * ENTRY_SIZE,
             items / 2);
    ck_assert_msg(strstr(fixture.body, part) != NULL, "%s lacks %s", fixture.body, part);
}

START_TEST(a_description_has_the_table_counted)
{
    put_items();
    assert_counted(0); /* the table was just made */
    pass_seconds(6);
    assert_counted(0); /* has it counted */
    api_fixture_settle(&fixture);
    assert_counted(ITEMS);
    api_fixture_ok(&fixture, "DeleteItem",
                   "{'TableName':'carts','Key':{'pk':{'S':'p000'},'sk':{'S':'s'}}}");
    api_fixture_ok(&fixture, "DeleteItem",
                   "{'TableName':'carts','Key':{'pk':{'S':'p001'},'sk':{'S':'s'}}}");
    api_fixture_settle(&fixture);
    assert_counted(ITEMS); /* not counted again so soon */
    pass_seconds(6);
    assert_counted(ITEMS);
    api_fixture_settle(&fixture);
    assert_counted(ITEMS - 2);
}
END_TEST

START_TEST(pages_are_put_together)
{
    put_items();
    node_double_limit_rows(fixture.node, 1);
    pass_seconds(6);
    assert_counted(0);
    api_fixture_settle(&fixture);
    api_fixture_settle(&fixture);
    assert_counted(ITEMS);
}
END_TEST

START_TEST(is_counted_in_the_end_though_nobody_asks)
{
    put_items();
    api_fixture_settle(&fixture);
    pass_seconds(7 * 60 * 60);
    api_fixture_settle(&fixture);
    assert_counted(ITEMS);
}
END_TEST

START_TEST(a_failed_step_is_taken_again)
{
    put_items();
    pass_seconds(6);
    assert_counted(0);
    node_double_fail(fixture.node, OUTCOME_UNAVAILABLE, 3);
    for (int i = 0; i < 5; i++)
        api_fixture_settle(&fixture);
    assert_counted(ITEMS);
}
END_TEST

START_TEST(a_dropped_table_is_not_counted)
{
    put_items();
    pass_seconds(6);
    assert_counted(0);
    api_fixture_ok(&fixture, "DeleteTable", "{'TableName':'carts'}");
    api_fixture_settle(&fixture);
    api_fixture_ok(&fixture, "CreateTable", CARTS);
    assert_counted(0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("statistics");
    TCase *cases = tcase_create("statistics");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_description_has_the_table_counted);
    tcase_add_test(cases, pages_are_put_together);
    tcase_add_test(cases, is_counted_in_the_end_though_nobody_asks);
    tcase_add_test(cases, a_failed_step_is_taken_again);
    tcase_add_test(cases, a_dropped_table_is_not_counted);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
