/* ItemCount and TableSizeBytes: how tables are counted, and when. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_state.h"
#include "hash.h"
#include "node_double.h"
#include "statistics.h"

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

#define GIGABYTE ((uint64_t)1 << 30)

START_TEST(the_largest_collections_are_known)
{
    struct table_statistics statistics = {.large_count = 0};
    statistics_add_collection(&statistics, 7, GIGABYTE - 1);
    ck_assert_uint_eq(statistics.large_count, 0);
    for (uint64_t i = 0; i < COLLECTIONS_MAX; i++)
        statistics_add_collection(&statistics, i, GIGABYTE + i * 10);
    statistics_add_collection(&statistics, 100, GIGABYTE);
    statistics_add_collection(&statistics, 101, 2 * GIGABYTE);
    ck_assert_uint_eq(statistics.large_count, COLLECTIONS_MAX);
    uint64_t found = 0;
    for (size_t i = 0; i < COLLECTIONS_MAX; i++) {
        ck_assert_uint_ne(statistics.large[i].position, 100);
        ck_assert_uint_ne(statistics.large[i].position, 0);
        found += statistics.large[i].position == 101;
    }
    ck_assert_uint_eq(found, 1);
}
END_TEST

/* As a count would have found it. */
static void know_collection(const char *partition_key, uint64_t bytes)
{
    const struct table *table = catalogue_find(&fixture.api->catalogue, SLICE_LITERAL("carts"));
    struct writer nothing;
    writer_init(&nothing, 1);
    writer_put_varint(&nothing, 0);
    statistics_learn(fixture.api, table->id, writer_slice(&nothing));
    writer_deinit(&nothing);
    struct table_statistics *known = map_find(&fixture.api->statistics.known, table->id);
    known->large_count = 0;
    statistics_add_collection(known, hash64(slice_of_string(partition_key)), bytes);
    known->counted_ms = fixture.now.wall_us / 1000;
}

static void assert_metrics(const char *partition_key, const char *range)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{'TableName':'carts','Key':{'pk':{'S':'%s'},'sk':{'S':'s'}},"
             "'ReturnItemCollectionMetrics':'SIZE'}",
             partition_key);
    api_fixture_ok(&fixture, "DeleteItem", body);
    snprintf(body, sizeof(body),
             "\"ItemCollectionMetrics\":{\"ItemCollectionKey\":{\"pk\":{\"S\":\"%s\"}},"
             "\"SizeEstimateRangeGB\":[%s]}",
             partition_key, range);
    ck_assert_msg(strstr(fixture.body, body) != NULL, "%s lacks %s", fixture.body, body);
}

START_TEST(collections_have_metrics_and_a_limit)
{
    static const char put[] = "{'TableName':'carts','Item':{'pk':{'S':'p'},'sk':{'S':'s'}}}";
    static const char batch[] = "{'RequestItems':{'carts':[{'PutRequest':{'Item':{'pk':{'S':'p'},"
                                "'sk':{'S':'s'}}}}]}}";
    assert_metrics("p", "0.0,1.0");
    know_collection("p", 10 * GIGABYTE - 1);
    assert_metrics("p", "9.0,10.0");
    assert_metrics("other", "0.0,1.0");
    api_fixture_ok(&fixture, "PutItem", put);
    know_collection("p", 10 * GIGABYTE);
    assert_metrics("p", "10.0,11.0");
    ck_assert_ptr_nonnull(strstr(api_fixture_error(&fixture, "PutItem", put),
                                 "#ItemCollectionSizeLimitExceededException"));
    ck_assert_ptr_nonnull(strstr(api_fixture_error(&fixture, "BatchWriteItem", batch),
                                 "#ItemCollectionSizeLimitExceededException"));
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
    tcase_add_test(cases, the_largest_collections_are_known);
    tcase_add_test(cases, collections_have_metrics_and_a_limit);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
