/* What operations consume, and how it is told. */
#include "capacity.h"

#include <check.h>
#include <stdlib.h>

START_TEST(reads_are_counted_in_units_of_4_kb)
{
    static const struct {
        uint64_t size;
        uint64_t eventual;
    } cases[] = {{0, 1}, {1, 1}, {4096, 1}, {4097, 2}, {8192, 2}, {400 * 1024, 100}};
    for (size_t i = 0; i < array_size(cases); i++) {
        ck_assert_uint_eq(capacity_of_read(cases[i].size, false), cases[i].eventual);
        ck_assert_uint_eq(capacity_of_read(cases[i].size, true), 2 * cases[i].eventual);
    }
}
END_TEST

START_TEST(writes_are_counted_in_units_of_1_kb)
{
    static const struct {
        uint64_t size;
        uint64_t halves;
    } cases[] = {{0, 2}, {1, 2}, {1024, 2}, {1025, 4}, {400 * 1024, 800}};
    for (size_t i = 0; i < array_size(cases); i++)
        ck_assert_uint_eq(capacity_of_write(cases[i].size), cases[i].halves);
}
END_TEST

START_TEST(entries_of_indexes_are_counted_by_what_happens_to_them)
{
    static const struct {
        struct capacity_entry entry;
        uint64_t halves;
    } cases[] = {
        {{.before = false, .after = false}, 0},
        {{.after = true, .size_after = 100}, 2},
        {{.after = true, .size_after = 1025}, 4},
        {{.before = true, .size_before = 3000}, 6},
        {{.before = true, .after = true, .size_before = 3000, .size_after = 3000}, 0},
        {{.before = true, .after = true, .changed = true, .size_before = 3000, .size_after = 9}, 6},
        {{.before = true, .after = true, .changed = true, .size_before = 9, .size_after = 2000}, 4},
        {{.before = true, .after = true, .moved = true, .size_before = 9, .size_after = 9}, 4},
        {{.before = true, .after = true, .moved = true, .size_before = 3000, .size_after = 9}, 8},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        ck_assert_msg(capacity_of_entry(&cases[i].entry) == cases[i].halves, "case %zu", i);
}
END_TEST

static void check_told(enum capacity_wanted wanted, const struct capacity *capacity,
                       const char *text)
{
    struct writer writer;
    writer_init(&writer, 0);
    capacity_put_member(&writer, wanted, SLICE_LITERAL("carts"), capacity);
    char *told = slice_to_string(writer_slice(&writer));
    ck_assert_str_eq(told, text);
    free(told);
    writer_deinit(&writer);
}

START_TEST(indexes_are_told_beside_the_table)
{
    struct arena arena;
    struct capacity capacity = {.table = 2};
    arena_init(&arena);
    check_told(CAPACITY_NONE, &capacity, "");
    check_told(CAPACITY_TOTAL, &capacity,
               "\"ConsumedCapacity\":{\"TableName\":\"carts\",\"CapacityUnits\":1.0}");
    check_told(CAPACITY_INDEXES, &capacity,
               "\"ConsumedCapacity\":{\"TableName\":\"carts\",\"CapacityUnits\":1.0,"
               "\"Table\":{\"CapacityUnits\":1.0}}");
    capacity_add(&capacity, &arena, CAPACITY_LOCAL, SLICE_LITERAL("by_day"), 2);
    capacity_add(&capacity, &arena, CAPACITY_LOCAL, SLICE_LITERAL("unused"), 0);
    capacity_add(&capacity, &arena, CAPACITY_GLOBAL, SLICE_LITERAL("by_user"), 1);
    capacity_add(&capacity, &arena, CAPACITY_LOCAL, SLICE_LITERAL("by_size"), 4);
    capacity_add(&capacity, &arena, CAPACITY_LOCAL, SLICE_LITERAL("by_day"), 3);
    ck_assert_uint_eq(capacity_of_table(&capacity), 11);
    ck_assert_uint_eq(capacity_total(&capacity), 12);
    check_told(CAPACITY_TOTAL, &capacity,
               "\"ConsumedCapacity\":{\"TableName\":\"carts\",\"CapacityUnits\":6.0}");
    check_told(CAPACITY_INDEXES, &capacity,
               "\"ConsumedCapacity\":{\"TableName\":\"carts\",\"CapacityUnits\":6.0,"
               "\"Table\":{\"CapacityUnits\":1.0},"
               "\"LocalSecondaryIndexes\":{\"by_day\":{\"CapacityUnits\":2.5},"
               "\"by_size\":{\"CapacityUnits\":2.0}},"
               "\"GlobalSecondaryIndexes\":{\"by_user\":{\"CapacityUnits\":0.5}}}");
    arena_deinit(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capacity");
    TCase *cases = tcase_create("capacity");
    tcase_add_test(cases, reads_are_counted_in_units_of_4_kb);
    tcase_add_test(cases, writes_are_counted_in_units_of_1_kb);
    tcase_add_test(cases, entries_of_indexes_are_counted_by_what_happens_to_them);
    tcase_add_test(cases, indexes_are_told_beside_the_table);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
