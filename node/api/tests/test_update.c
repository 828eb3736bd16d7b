/* Updates and conditions on items: from the text through a program's bytes to the new item. The
 * tables hold what DynamoDB answers. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "item.h"
#include "program_case.h"

struct update_case {
    const char *item; /* the attributes that the update is about; NULL: there is no item */
    const char *update;
    const char *result; /* those attributes afterwards, or the message */
};

#define PATH     "The document path provided in the update expression is invalid for update"
#define TYPE     "An operand in the update expression has an incorrect data type"
#define NO_VALUE "The provided expression refers to an attribute that does not exist in the item"
#define OVERFLOW \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define PRECISION "DynamoDB only supports precision up to 38 digits"
#define L123      "{'l':{'L':[{'N':'1'},{'N':'2'},{'N':'3'}]}}"
#define NESTED    "{'m':{'M':{'x':{'N':'1'},'z':{'L':[{'N':'1'},{'M':{'w':{'N':'2'}}}]}}}}"
#define SETS      "{'ns':{'NS':['1','2']},'ss':{'SS':['x','y']}}"
#define MIXED     "{'a':{'N':'5'},'s':{'S':'str'}}"

static const struct update_case updates[] = {
    /* SET */
    {MIXED, "SET a = a + :n", "{'a':{'N':'6'},'s':{'S':'str'}}"},
    {MIXED, "SET a = a - :n", "{'a':{'N':'4'},'s':{'S':'str'}}"},
    {MIXED, "SET a = :neg - a", "{'a':{'N':'-10'},'s':{'S':'str'}}"},
    {MIXED, "SET #p = :n, #d = s",
     "{'a':{'N':'5'},'a.b':{'N':'1'},'date':{'S':'str'},'s':{'S':'str'}}"},
    {MIXED, "SET a = s, s = a", "{'a':{'S':'str'},'s':{'N':'5'}}"},
    {MIXED, "SET q = a REMOVE a", "{'q':{'N':'5'},'s':{'S':'str'}}"},
    {MIXED, "SET a = (:n + (:n2)), b = (a)", "{'a':{'N':'3'},'b':{'N':'5'},'s':{'S':'str'}}"},
    {MIXED, "SET a = s + :n", TYPE},
    {MIXED, "SET a = :n + s", TYPE},
    {MIXED, "SET a = s - q", TYPE},
    {MIXED, "SET a = q + :n", NO_VALUE},
    {MIXED, "SET a = q", NO_VALUE},
    {MIXED, "SET x = :n, y = x", NO_VALUE},
    {MIXED, "SET a = :big + :big", OVERFLOW},
    {MIXED, "SET a = :d38 + :frac", PRECISION},
    {MIXED, "SET a = :tiny - :n", PRECISION},
    {NULL, "SET a = :n", "{'a':{'N':'1'},'pk':{'S':'k'}}"},
    {NULL, "SET a = pk", "{'a':{'S':'k'},'pk':{'S':'k'}}"},
    {NULL, "SET a = a + :n", NO_VALUE},
    {NULL, "SET a.b = :n", PATH},
    /* if_not_exists */
    {MIXED, "SET a = if_not_exists(a, :n) + :n", "{'a':{'N':'6'},'s':{'S':'str'}}"},
    {MIXED, "SET c = if_not_exists(c, :n) + :n", "{'a':{'N':'5'},'c':{'N':'2'},'s':{'S':'str'}}"},
    {MIXED, "SET c = if_not_exists(d, if_not_exists(a, :n))",
     "{'a':{'N':'5'},'c':{'N':'5'},'s':{'S':'str'}}"},
    {MIXED, "SET c = if_not_exists(a, q)", NO_VALUE},
    {MIXED, "SET c = if_not_exists(s, :n) + :n", TYPE},
    {L123, "SET l[0] = if_not_exists(l[7], :s)", "{'l':{'L':[{'S':'s'},{'N':'2'},{'N':'3'}]}}"},
    {NULL, "SET a = if_not_exists(a, :n)", "{'a':{'N':'1'},'pk':{'S':'k'}}"},
    /* lists */
    {L123, "SET l[1] = :s", "{'l':{'L':[{'N':'1'},{'S':'s'},{'N':'3'}]}}"},
    {L123, "SET l[3] = :s", "{'l':{'L':[{'N':'1'},{'N':'2'},{'N':'3'},{'S':'s'}]}}"},
    {L123, "SET l[10] = :s, l[5] = :n",
     "{'l':{'L':[{'N':'1'},{'N':'2'},{'N':'3'},{'N':'1'},{'S':'s'}]}}"},
    {L123, "SET l[0] = :s, l[7] = :n REMOVE l[1]", "{'l':{'L':[{'S':'s'},{'N':'3'},{'N':'1'}]}}"},
    {L123, "SET l[0] = l[2], l[2] = l[0]", "{'l':{'L':[{'N':'3'},{'N':'2'},{'N':'1'}]}}"},
    {L123, "SET x = l, l[0] = :s REMOVE l[1]",
     "{'l':{'L':[{'S':'s'},{'N':'3'}]},'x':{'L':[{'N':'1'},{'N':'2'},{'N':'3'}]}}"},
    {L123, "SET l[9].k = :n", PATH},
    {L123, "SET l.k = :n", PATH},
    {L123, "SET l[0].k = :n", PATH},
    {L123, "SET l[0] = l[9]", NO_VALUE},
    {L123, "REMOVE l[0], l[2]", "{'l':{'L':[{'N':'2'}]}}"},
    {L123, "REMOVE l[0], l[1], l[2]", "{'l':{'L':[]}}"},
    {L123, "REMOVE l[5]", L123},
    {L123, "REMOVE l[0].x", PATH},
    {L123, "SET l = list_append(:l, l)", "{'l':{'L':[{'N':'1'},{'N':'1'},{'N':'2'},{'N':'3'}]}}"},
    {L123, "SET l = list_append(l, :l2)",
     "{'l':{'L':[{'N':'1'},{'N':'2'},{'N':'3'},{'N':'7'},{'N':'8'}]}}"},
    {L123, "SET q = list_append(if_not_exists(q, :l), :l2) REMOVE l",
     "{'q':{'L':[{'N':'1'},{'N':'7'},{'N':'8'}]}}"},
    {L123, "SET l = list_append(q, :l)", NO_VALUE},
    {L123, "SET l = list_append(l, l[0])", TYPE},
    /* maps */
    {NESTED, "SET m.x = :s REMOVE m.z", "{'m':{'M':{'x':{'S':'s'}}}}"},
    {NESTED, "SET m.z[1].w = m.x REMOVE m.x",
     "{'m':{'M':{'z':{'L':[{'N':'1'},{'M':{'w':{'N':'1'}}}]}}}}"},
    {NESTED, "SET m.z[0] = m.z[1], m.z[1] = m.z[0] REMOVE m.x",
     "{'m':{'M':{'z':{'L':[{'M':{'w':{'N':'2'}}},{'N':'1'}]}}}}"},
    {NESTED, "SET q = m.z[1] REMOVE m", "{'q':{'M':{'w':{'N':'2'}}}}"},
    {NESTED, "SET m.q.r = :n", PATH},
    {NESTED, "SET q.r = :n", PATH},
    {NESTED, "SET q.r = m.q", PATH},
    {NESTED, "SET m[0] = :n", PATH},
    {NESTED, "REMOVE m.q", NESTED},
    {NESTED, "REMOVE m.q.r", PATH},
    {NESTED, "REMOVE q.r", PATH},
    {NESTED, "REMOVE m[0]", PATH},
    {NESTED, "REMOVE q", NESTED},
    {NULL, "REMOVE a", "{'pk':{'S':'k'}}"},
    {NULL, "REMOVE a[0]", PATH},
    /* ADD */
    {MIXED, "ADD a :n", "{'a':{'N':'6'},'s':{'S':'str'}}"},
    {MIXED, "ADD a :neg", "{'a':{'N':'0'},'s':{'S':'str'}}"},
    {MIXED, "ADD q :n", "{'a':{'N':'5'},'q':{'N':'1'},'s':{'S':'str'}}"},
    {MIXED, "ADD q :ss", "{'a':{'N':'5'},'q':{'SS':['x']},'s':{'S':'str'}}"},
    {MIXED, "ADD s :n", TYPE},
    {MIXED, "ADD a :ns", TYPE},
    {SETS, "ADD ss :ss, ns :ns3", "{'ns':{'NS':['1','2','3']},'ss':{'SS':['x','y']}}"},
    {SETS, "ADD ss :ns", TYPE},
    {SETS, "ADD ns :n", TYPE},
    {NESTED, "ADD m.x :n REMOVE m.z", "{'m':{'M':{'x':{'N':'2'}}}}"},
    {NESTED, "ADD m.q :ss REMOVE m.z", "{'m':{'M':{'q':{'SS':['x']},'x':{'N':'1'}}}}"},
    {NESTED, "ADD m.q.r :n", PATH},
    {L123, "ADD l[0] :n, l[9] :n2", "{'l':{'L':[{'N':'2'},{'N':'2'},{'N':'3'},{'N':'2'}]}}"},
    {NULL, "ADD a :n", "{'a':{'N':'1'},'pk':{'S':'k'}}"},
    /* DELETE */
    {SETS, "DELETE ss :ss", "{'ns':{'NS':['1','2']},'ss':{'SS':['y']}}"},
    {SETS, "DELETE ss :sxy, ns :ns3", "{'ns':{'NS':['1','2']}}"},
    {SETS, "DELETE ss :ns", TYPE},
    {SETS, "DELETE q :ss", SETS},
    {SETS, "DELETE q.r :ss", PATH},
    {MIXED, "DELETE a :ss", TYPE},
    {NESTED, "DELETE m.q :ss", NESTED},
    {NULL, "DELETE a :ss", "{'pk':{'S':'k'}}"},
    /* all at once */
    {L123, "set l[0] = :n2 remove l[1] add c :n delete d :ss",
     "{'c':{'N':'1'},'l':{'L':[{'N':'2'},{'N':'3'}]}}"},
};

START_TEST(updates_items)
{
    const struct update_case *one = &updates[_i];
    struct slice item = one->item == NULL ? SLICE_EMPTY : item_of(one->item);
    struct writer out;
    writer_init(&out, 0);
    enum evaluation evaluation =
        run_program("", one->update, one->item == NULL ? NULL : &item, &out);
    if (one->result[0] == '{') {
        ck_assert_msg(evaluation == EVALUATION_PUT, "%s", one->update);
        ck_assert(item_valid(writer_slice(&out)));
        ck_assert_str_eq(text_of(writer_slice(&out)), one->result);
    } else {
        ck_assert_msg(evaluation == EVALUATION_INVALID, "%s", one->update);
        ck_assert(slice_equal(writer_slice(&out), slice_of_string(one->result)));
    }
    writer_deinit(&out);
}
END_TEST

START_TEST(updates_numbers_exactly)
{
    struct slice item =
        item_of("{'a':{'N':'0.1'},'b':{'N':'12345678901234567890123456789012345678'}}");
    struct writer out;
    writer_init(&out, 0);
    ck_assert_int_eq(
        run_program("", "SET a = a + :frac, c = b - :n, d = :tiny + :tiny", &item, &out),
        EVALUATION_PUT);
    const char *text = text_of(writer_slice(&out));
    ck_assert_ptr_nonnull(strstr(text, "'a':{'N':'0.2'}"));
    ck_assert_ptr_nonnull(strstr(text, "'c':{'N':'12345678901234567890123456789012345677'}"));
    ck_assert_ptr_nonnull(strstr(text, "00002'}"));
    writer_deinit(&out);
}
END_TEST

struct condition_case {
    const char *condition;
    bool holds;
};

static const struct condition_case conditions[] = {
    {"a = :n", false},
    {"a <> :n", true},
    {"a < :n", false},
    {"a > :n", true},
    {"a >= :n", true},
    {":n <= a", true},
    {"a = five", true},
    {"a <> five", false},
    {"a = s", false},
    {"a <> s", true},
    {"a < s", false},
    {"q = :n", false},
    {"q <> :n", true},
    {"q < :n", false},
    {"q = r", false},
    {"q <> r", true},
    {"s < :st", false},
    {"s <= :st", true},
    {"s > :s", true},
    {"b > :b", true},
    {"t = :t", true},
    {"z = :z", true},
    {"l = :fl", true},
    {"m = :mp", true},
    {"ss = :sxy", true},
    {"ss = :ss", false},
    {"m.x = :n", true},
    {"m.y.z[1].w = :n2", true},
    {"l[9] = :n2", false},
    {"l[9] <> :n2", true},
    {"m.q <> :n", true},
    {"neg < :n", true},
    {"neg > :neg", true},
    {"a BETWEEN :n AND :hundred", true},
    {"a BETWEEN :n AND :n2", false},
    {":n2 BETWEEN neg AND a", true},
    {"a BETWEEN neg AND s", false},
    {"q BETWEEN :n AND :n2", false},
    {"s BETWEEN :s AND :x", true},
    {"a BETWEEN five AND five", true},
    {"a IN (:n, :n2)", false},
    {"a IN (:n, five, q)", true},
    {"q IN (:n)", false},
    {"l IN (:fl)", true},
    {":n IN (a, neg)", false},
    {"attribute_exists(a)", true},
    {"attribute_exists(q)", false},
    {"attribute_not_exists(q)", true},
    {"attribute_not_exists(l[2])", false},
    {"attribute_not_exists(l[3])", true},
    {"attribute_exists(m.y.z[1].w)", true},
    {"attribute_exists(s.x)", false},
    {"attribute_exists(s[0])", false},
    {"attribute_exists(z)", true},
    {"attribute_type(a, :N)", true},
    {"attribute_type(s, :N)", false},
    {"attribute_type(ss, :SS)", true},
    {"attribute_type(q, :N)", false},
    {"begins_with(s, :s)", true},
    {"begins_with(s, :st)", true},
    {"begins_with(s, :x)", false},
    {"begins_with(s, :e)", true},
    {"begins_with(b, :b)", true},
    {"begins_with(a, :s)", false},
    {"begins_with(q, :s)", false},
    {"begins_with(s, b)", false},
    {"begins_with(:st, s)", true},
    {"contains(s, :s)", true},
    {"contains(s, :x)", false},
    {"contains(s, :e)", true},
    {"contains(e, :e)", true},
    {"contains(ss, :x)", true},
    {"contains(ss, :s)", false},
    {"contains(ns, :n)", true},
    {"contains(ns, :x)", false},
    {"contains(l, :n)", true},
    {"contains(l, :fl)", false},
    {"contains(b, :b)", true},
    {"contains(s, :b)", false},
    {"contains(a, :n)", false},
    {"contains(q, :n)", false},
    {"contains(m, :x)", false},
    {"contains(ss, :ss)", false},
    {"contains(:fl, :n)", true},
    {"size(s) > :n2", true},
    {"size(ss) = :n2", true},
    {"size(l) > :n2", true},
    {"size(m) = :n2", true},
    {"size(b) > :n2", true},
    {"size(a) = :n", false},
    {"size(t) = :n", false},
    {"size(q) = :n", false},
    {"size(q) <> :n", true},
    {"size(e) < :n", true},
    {"size(s) = size(b)", true},
    {"size(u) = five", true},
    {"size(s) BETWEEN :n AND :hundred", true},
    {"size(l) IN (:n, :n2)", false},
    {"NOT a = :n", true},
    {"NOT q = :n", true},
    {"NOT (a = :n OR s = :st)", false},
    {"NOT NOT a = five", true},
    {"a = five AND s = :st", true},
    {"a = :n OR s = :st", true},
    {"NOT a = :n AND s = :st", true},
    {"a = five OR a = :n AND q = :n", true},
    {"(a = five OR a = :n) AND q = :n", false},
    {"NOT contains(q, :n)", true},
    {"NOT a BETWEEN q AND :n", true},
    {"a = five AND q = :n OR t = :t AND z = :z", true},
};

START_TEST(judges_items)
{
    const struct condition_case *one = &conditions[_i];
    struct slice item = item_of_everything();
    struct writer out;
    writer_init(&out, 0);
    enum evaluation expected = one->holds ? EVALUATION_TRUE : EVALUATION_FALSE;
    ck_assert_msg(run_program(one->condition, "", &item, &out) == expected, "%s", one->condition);
    ck_assert_uint_eq(out.size, 0);
    writer_deinit(&out);
}
END_TEST

START_TEST(judges_what_is_not_there)
{
    struct writer out;
    writer_init(&out, 0);
    ck_assert_int_eq(run_program("attribute_not_exists(pk)", "", NULL, &out), EVALUATION_TRUE);
    ck_assert_int_eq(run_program("attribute_exists(pk)", "", NULL, &out), EVALUATION_FALSE);
    ck_assert_int_eq(run_program("a <> :n", "", NULL, &out), EVALUATION_TRUE);
    ck_assert_int_eq(run_program("attribute_exists(pk)", "SET a = :n", NULL, &out),
                     EVALUATION_FALSE);
    ck_assert_uint_eq(out.size, 0);
    ck_assert_int_eq(run_program("attribute_not_exists(pk)", "SET a = :n", NULL, &out),
                     EVALUATION_PUT);
    ck_assert_str_eq(text_of(writer_slice(&out)), "{'a':{'N':'1'},'pk':{'S':'k'}}");
    writer_deinit(&out);
}
END_TEST

/* An item of that many bytes, as they are accounted. */
static struct slice item_of_size(size_t size)
{
    char *filler = arena_alloc(&arena, size);
    memset(filler, 'x', size);
    filler[size - 4] = '\0';
    return item_of(arena_printf(&arena, "{'f':{'S':'%s'},'pk':{'S':''}}", filler + 1));
}

START_TEST(limits_size_and_nesting)
{
    struct slice item = item_of_size(400 * 1024 - 2);
    struct writer out;
    writer_init(&out, 0);
    ck_assert_uint_eq(item_size(item), 400 * 1024 - 4);
    ck_assert_int_eq(run_program("", "SET a = :n", &item, &out), EVALUATION_PUT);
    writer_reset(&out);
    ck_assert_int_eq(run_program("", "SET a = :n, b = :n", &item, &out), EVALUATION_INVALID);
    ck_assert(slice_equal(writer_slice(&out),
                          SLICE_LITERAL("Item size to update has exceeded the maximum allowed "
                                        "size")));
    writer_reset(&out);
    ck_assert_int_eq(run_program("", "SET a = f, b = f, c = f, d = f", &item, &out),
                     EVALUATION_INVALID);
    writer_reset(&out);
    char deep[512] = "{'d':";
    for (int i = 0; i < 32; i++)
        strcat(deep, "{'L':[");
    for (int i = 0; i < 32; i++)
        strcat(deep, "]}");
    strcat(deep, ",'l':{'L':[]}}");
    item = item_of(deep);
    ck_assert_int_eq(run_program("", "SET x = d", &item, &out), EVALUATION_PUT);
    writer_reset(&out);
    ck_assert_int_eq(run_program("", "SET l[0] = d", &item, &out), EVALUATION_INVALID);
    ck_assert(slice_equal(writer_slice(&out),
                          SLICE_LITERAL("Nesting Levels have exceeded supported limits")));
    writer_deinit(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("update");
    TCase *tcase = tcase_create("update");
    tcase_add_checked_fixture(tcase, program_case_setup, program_case_teardown);
    tcase_add_loop_test(tcase, updates_items, 0, (int)array_size(updates));
    tcase_add_loop_test(tcase, judges_items, 0, (int)array_size(conditions));
    tcase_add_test(tcase, updates_numbers_exactly);
    tcase_add_test(tcase, judges_what_is_not_there);
    tcase_add_test(tcase, limits_size_and_nesting);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
