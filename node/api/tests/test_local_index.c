/* Local secondary indexes: what counts in an item's size. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

static struct api_fixture fixture;

static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(
        &fixture, "CreateTable",
        "{'TableName':'indexed','AttributeDefinitions':[{'AttributeName':'pk','AttributeType':'S'},"
        "{'AttributeName':'sk','AttributeType':'S'},{'AttributeName':'ik','AttributeType':'S'}],"
        "'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk','KeyType':"
        "'RANGE'}],'LocalSecondaryIndexes':[{'IndexName':'local','KeySchema':[{'AttributeName':"
        "'pk','KeyType':'HASH'},{'AttributeName':'ik','KeyType':'RANGE'}],'Projection':{"
        "'ProjectionType':'ALL'}}],'BillingMode':'PAY_PER_REQUEST'}");
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

/* The status of a put, alone or in a batch, of an item with so many bytes in one attribute. */
static int put(bool batch, const char *more, int bytes)
{
    size_t room = (size_t)bytes + 512;
    char *body = malloc(room);
    int size = snprintf(body, room, "%s{'pk':{'S':'p'},'sk':{'S':'s'}%s,'t':{'S':'%0*d'}}%s",
                        batch ? "{'RequestItems':{'indexed':[{'PutRequest':{'Item':"
                              : "{'TableName':'indexed','Item':",
                        more, bytes, 0, batch ? "}}]}}" : "}");
    ck_assert_int_lt(size, (int)room);
    api_fixture_quoted(&fixture, batch ? "BatchWriteItem" : "PutItem", body);
    free(body);
    return fixture.status;
}

START_TEST(items_count_with_their_entries)
{
    enum { ALONE_MAX = 400 * 1024 - 7, TWICE_MAX = 200 * 1024 - 10 };
    for (int batch = 0; batch < 2; batch++) {
        ck_assert_int_eq(put(batch, "", ALONE_MAX), 200);
        ck_assert_int_eq(put(batch, "", ALONE_MAX + 1), 400);
        ck_assert_int_eq(put(batch, ",'ik':{'S':'i'}", TWICE_MAX), 200);
        ck_assert_int_eq(put(batch, ",'ik':{'S':'i'}", TWICE_MAX + 1), 400);
    }
}
END_TEST

START_TEST(projects_no_name_that_is_null)
{
    const char *body = api_fixture_error(
        &fixture, "CreateTable",
        "{'TableName':'other','AttributeDefinitions':[{'AttributeName':'pk','AttributeType':'S'},"
        "{'AttributeName':'sk','AttributeType':'S'},{'AttributeName':'ik','AttributeType':'S'}],"
        "'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk','KeyType':"
        "'RANGE'}],'LocalSecondaryIndexes':[{'IndexName':'local','KeySchema':[{'AttributeName':"
        "'pk','KeyType':'HASH'},{'AttributeName':'ik','KeyType':'RANGE'}],'Projection':{"
        "'ProjectionType':'INCLUDE','NonKeyAttributes':['a',null]}}],"
        "'BillingMode':'PAY_PER_REQUEST'}");
    ck_assert_ptr_nonnull(strstr(body, "Attribute name must be specified."));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("local_index");
    TCase *cases = tcase_create("local_index");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, items_count_with_their_entries);
    tcase_add_test(cases, projects_no_name_that_is_null);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
