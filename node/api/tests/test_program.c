/* Programs as bytes: from peers they may be anything. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api_evaluator.h"
#include "item.h"
#include "program.h"
#include "program_case.h"

static const char *const rich_condition = "(a = five OR NOT begins_with(s, :x)) AND size(m.y.z[1]) "
                                          "BETWEEN :n AND :n2 AND a IN (:n, five)";
static const char *const rich_update =
    "SET l[0] = if_not_exists(q, :l), m.y.q = a + :n, e = list_append(l, :l2) REMOVE t ADD ns :ns "
    "DELETE ss :ss";

/* In memory of its own, so that the sanitizer sees a read past its end. */
static enum evaluation run_bytes(struct slice bytes, struct slice item)
{
    uint8_t *copy = malloc(bytes.size + (bytes.size == 0));
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    struct writer out;
    writer_init(&out, 0);
    const struct evaluator *evaluator = api_evaluator();
    enum evaluation evaluation =
        evaluator->evaluate(evaluator, slice_of(copy, bytes.size), &item, &out);
    if (evaluation == EVALUATION_PUT)
        ck_assert(item_valid(writer_slice(&out)));
    writer_deinit(&out);
    free(copy);
    return evaluation;
}

START_TEST(refuses_cut_programs)
{
    struct slice item = item_of_everything();
    struct writer program;
    writer_init(&program, 0);
    struct slice bytes = program_of(rich_condition, rich_update, &program);
    ck_assert_int_eq(run_bytes(bytes, item), EVALUATION_PUT);
    for (size_t size = 0; size < bytes.size; size++)
        ck_assert_int_eq(run_bytes(slice_of(bytes.data, size), item), EVALUATION_INVALID);
    writer_put_u8(&program, 0);
    ck_assert_int_eq(run_bytes(writer_slice(&program), item), EVALUATION_INVALID);
    writer_deinit(&program);
}
END_TEST

START_TEST(survives_broken_programs)
{
    struct slice item = item_of_everything();
    struct writer program;
    writer_init(&program, 0);
    struct slice bytes = program_of(rich_condition, rich_update, &program);
    uint8_t *broken = arena_alloc(&arena, bytes.size);
    for (size_t at = 0; at < bytes.size; at++) {
        memcpy(broken, bytes.data, bytes.size);
        for (unsigned value = 0; value <= UINT8_MAX; value++) {
            broken[at] = (uint8_t)value;
            run_bytes(slice_of(broken, bytes.size), item);
        }
    }
    writer_deinit(&program);
}
END_TEST

static struct slice nested_nots(struct writer *program, unsigned depth)
{
    static const uint8_t head[] = {PROGRAM_VERSION, PROGRAM_HAS_CONDITION, 0};
    writer_reset(program);
    writer_put(program, head, sizeof(head));
    for (unsigned i = 0; i < depth; i++) {
        writer_put_u8(program, EXPRESSION_NOT);
        writer_put_varint(program, 1);
    }
    static const uint8_t leaf[] = {
        EXPRESSION_FUNCTION, FUNCTION_ATTRIBUTE_EXISTS, 1, EXPRESSION_PATH, 1, 0, 1, 'a'};
    writer_put(program, leaf, sizeof(leaf));
    return writer_slice(program);
}

START_TEST(limits_programs)
{
    struct slice item = item_of_everything();
    struct writer program;
    writer_init(&program, 0);
    ck_assert_int_eq(run_bytes(nested_nots(&program, 298), item), EVALUATION_TRUE);
    ck_assert_int_eq(run_bytes(nested_nots(&program, 299), item), EVALUATION_FALSE);
    ck_assert_int_eq(run_bytes(nested_nots(&program, 300), item), EVALUATION_INVALID);
    ck_assert_int_eq(run_bytes(nested_nots(&program, 100000), item), EVALUATION_INVALID);
    writer_reset(&program);
    static const uint8_t many[] = {
        PROGRAM_VERSION, PROGRAM_HAS_CONDITION, 0, EXPRESSION_AND, 0xff, 0xff, 0xff, 0x7f};
    writer_put(&program, many, sizeof(many));
    ck_assert_int_eq(run_bytes(writer_slice(&program), item), EVALUATION_INVALID);
    writer_deinit(&program);
}
END_TEST

/* One action on q, which is not there, with an empty list. */
static enum evaluation run_action(uint8_t section, uint8_t kind)
{
    const uint8_t bytes[] = {PROGRAM_VERSION,
                             PROGRAM_HAS_UPDATE,
                             1,
                             3,
                             VALUE_LIST,
                             1,
                             0,
                             1,
                             0,
                             1,
                             section,
                             1,
                             0,
                             1,
                             'q',
                             kind,
                             0};
    return run_bytes(slice_of(bytes, sizeof(bytes)), item_of_everything());
}

START_TEST(knows_the_sections)
{
    ck_assert_int_eq(run_action(UPDATE_SET, EXPRESSION_VALUE), EVALUATION_PUT);
    ck_assert_int_eq(run_action(UPDATE_LEGACY_ADD, EXPRESSION_VALUE), EVALUATION_PUT);
    ck_assert_int_eq(run_action(UPDATE_LEGACY_ADD, EXPRESSION_PATH), EVALUATION_INVALID);
    ck_assert_int_eq(run_action(UPDATE_LEGACY_DELETE, EXPRESSION_VALUE), EVALUATION_INVALID);
    ck_assert_int_eq(run_action(UPDATE_ADD, EXPRESSION_VALUE), EVALUATION_INVALID);
    ck_assert_int_eq(run_action(UPDATE_SECTIONS, EXPRESSION_VALUE), EVALUATION_INVALID);
}
END_TEST

/* What the parser lets pass, the decoder takes. */
START_TEST(takes_the_longest_expressions)
{
    struct slice item = item_of_everything();
    char *condition = arena_printf(&arena, "a = five");
    for (int i = 0; i < 59; i++)
        condition = arena_printf(&arena, "%s AND a <> b OR c IN (:n,d)", condition);
    char *update = arena_printf(&arena, "SET a=:n");
    for (int i = 0; i < 500; i++)
        update = arena_printf(&arena, "%s,l%d=m", update, i);
    char *nested = arena_printf(&arena, "a = five");
    for (int i = 0; i < 48; i++)
        nested = arena_printf(&arena, "a = s OR (b <> s AND NOT (NOT %s))", nested);
    char *nots = arena_printf(&arena, "attribute_exists(a)");
    for (int i = 0; i < EXPRESSION_OPERATORS_MAX - 2; i++)
        nots = arena_printf(&arena, "NOT %s", nots);
    struct writer out;
    writer_init(&out, 0);
    ck_assert_int_eq(run_program(nots, "", &item, &out), EVALUATION_TRUE);
    ck_assert_int_eq(run_program(condition, update, &item, &out), EVALUATION_PUT);
    writer_reset(&out);
    ck_assert_int_eq(run_program(nested, "REMOVE a", &item, &out), EVALUATION_FALSE);
    writer_deinit(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("program");
    TCase *tcase = tcase_create("program");
    tcase_add_checked_fixture(tcase, program_case_setup, program_case_teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, refuses_cut_programs);
    tcase_add_test(tcase, survives_broken_programs);
    tcase_add_test(tcase, limits_programs);
    tcase_add_test(tcase, knows_the_sections);
    tcase_add_test(tcase, takes_the_longest_expressions);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
