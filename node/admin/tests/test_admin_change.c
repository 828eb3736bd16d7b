/* What POST /-/ring asks for, and how it is answered. */
#include "admin_change.h"

#include <stdio.h>
#include <string.h>

#include "test_main.h"

static struct member_config wanted;
static enum ring_change_kind kind;

static const char *read_text(const char *body)
{
    return admin_read_change(slice_of_string(body), &kind, &wanted);
}

static void expect_text(const char *body, const char *text, const char *expected)
{
    if (expected == NULL)
        ck_assert_msg(text == NULL, "%s: %s", body, text);
    else
        ck_assert_msg(text != NULL && strcmp(text, expected) == 0, "%s", body);
}

START_TEST(what_is_asked_for)
{
    static const struct {
        const char *body;
        enum ring_change_kind kind;
        const char *member;
        const char *zone;
        uint32_t weight;
    } cases[] = {
        {"{\"change\":\"cancel\"}", RING_CHANGE_CANCEL, NULL, NULL, 0},
        {"{\"change\":\"cancel\",\"member\":\"b\"}", RING_CHANGE_CANCEL, NULL, NULL, 0},
        {"{\"change\":\"decommission\",\"member\":\"b\"}", RING_CHANGE_DECOMMISSION, "b", NULL, 0},
        {" {\"member\": \"\\u00e4\", \"x\": [1], \"change\": \"decommission\"}\n",
         RING_CHANGE_DECOMMISSION, "\xc3\xa4", NULL, 0},
        {"{\"change\":\"zone\",\"member\":\"b\",\"zone\":\"z\"}", RING_CHANGE_ZONE, "b", "z", 0},
        {"{\"change\":\"zone\",\"member\":\"b\",\"zone\":\"\"}", RING_CHANGE_ZONE, "b", "", 0},
        {"{\"change\":\"weight\",\"member\":\"b\",\"weight\":1}", RING_CHANGE_WEIGHT, "b", NULL, 1},
        {"{\"change\":\"weight\",\"member\":\"\",\"weight\":250,\"zone\":\"z\"}",
         RING_CHANGE_WEIGHT, "", NULL, 250},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        const char *wrong = read_text(cases[i].body);
        ck_assert_msg(wrong == NULL, "%s: %s", cases[i].body, wrong);
        ck_assert_msg(kind == cases[i].kind, "%s", cases[i].body);
        expect_text(cases[i].body, wanted.name, cases[i].member);
        expect_text(cases[i].body, wanted.zone, cases[i].zone);
        ck_assert_uint_eq(wanted.weight, cases[i].weight);
        ck_assert_ptr_null(wanted.address);
        member_config_deinit(&wanted);
    }
}
END_TEST

START_TEST(what_asks_for_nothing_is_refused)
{
    static const char *const bodies[] = {
        "",
        "{",
        "cancel",
        "null",
        "\"cancel\"",
        "[]",
        "[{\"change\":\"cancel\"}]",
        "{}",
        "{\"change\":\"cancel\"",
        "{\"change\":\"cancel\"} x",
        "{\"change\":null}",
        "{\"change\":1}",
        "{\"change\":\"\"}",
        "{\"change\":\"join\"}",
        "{\"change\":\"Cancel\"}",
        "{\"Change\":\"cancel\"}",
        "{\"change\":\"decommission\"}",
        "{\"change\":\"decommission\",\"member\":null}",
        "{\"change\":\"decommission\",\"member\":7}",
        "{\"change\":\"decommission\",\"member\":[\"b\"]}",
        "{\"change\":\"decommission\",\"member\":\"b\\u0000c\"}",
        "{\"change\":\"decommission\",\"member\":\"\xff\"}",
        "{\"change\":\"weight\",\"weight\":100}",
        "{\"change\":\"zone\",\"zone\":\"z\"}",
        "{\"change\":\"zone\",\"member\":\"b\"}",
        "{\"change\":\"zone\",\"member\":\"b\",\"zone\":null}",
        "{\"change\":\"zone\",\"member\":\"b\",\"zone\":3}",
        "{\"change\":\"zone\",\"member\":\"b\",\"zone\":\"z\\u0000\"}",
    };
    for (size_t i = 0; i < array_size(bodies); i++) {
        ck_assert_msg(read_text(bodies[i]) != NULL, "%s", bodies[i]);
        member_config_deinit(&wanted);
    }
}
END_TEST

/* Whatever is no weight is left to the ring to refuse, with the reason. */
START_TEST(what_is_no_weight_becomes_none)
{
    static const char *const weights[] = {
        "",
        ",\"weight\":null",
        ",\"weight\":0",
        ",\"weight\":-1",
        ",\"weight\":-4294967196",
        ",\"weight\":100.0",
        ",\"weight\":\"100\"",
        ",\"weight\":[100]",
        ",\"weight\":10001",
        ",\"weight\":4294967296",
        ",\"weight\":4294967396",
        ",\"weight\":18446744073709551615",
        ",\"weight\":18446744073709551716",
    };
    for (size_t i = 0; i < array_size(weights); i++) {
        char body[128];
        snprintf(body, sizeof(body), "{\"change\":\"weight\",\"member\":\"b\"%s}", weights[i]);
        ck_assert_ptr_null(read_text(body));
        struct member_config whole = member_config_copy(&(struct member_config){
            wanted.name, (char *)(uintptr_t) "h:1", wanted.name, wanted.weight});
        ck_assert_msg(member_config_check(&whole) != NULL, "%s: %u", body, wanted.weight);
        member_config_deinit(&whole);
        member_config_deinit(&wanted);
    }
}
END_TEST

START_TEST(a_body_has_an_end)
{
    static const char change[] = "{\"change\":\"cancel\"}";
    char body[ADMIN_CHANGE_SIZE_MAX + 1];
    memset(body, ' ', sizeof(body));
    memcpy(body, change, strlen(change));
    ck_assert_ptr_null(admin_read_change(slice_of(body, sizeof(body) - 1), &kind, &wanted));
    member_config_deinit(&wanted);
    ck_assert_ptr_nonnull(admin_read_change(slice_of(body, sizeof(body)), &kind, &wanted));
    member_config_deinit(&wanted);
    memset(body, '[', sizeof(body));
    ck_assert_ptr_nonnull(admin_read_change(slice_of(body, sizeof(body) - 1), &kind, &wanted));
    member_config_deinit(&wanted);
}
END_TEST

static void expect_answer(const char *problem, uint64_t epoch, int status, const char *body)
{
    struct writer answer;
    writer_init(&answer, 0);
    writer_put_slice(&answer, SLICE_LITERAL("head "));
    ck_assert_int_eq(admin_answer_change(problem, epoch, &answer), status);
    struct slice bytes = writer_slice(&answer);
    ck_assert_uint_eq(bytes.size, strlen("head ") + strlen(body));
    ck_assert_mem_eq(bytes.data, "head ", strlen("head "));
    ck_assert_mem_eq(bytes.data + strlen("head "), body, strlen(body));
    writer_deinit(&answer);
}

START_TEST(how_it_ended)
{
    char undecided[256];
    snprintf(undecided, sizeof(undecided), "{\"message\":\"%s\"}", ring_undecided);
    expect_answer(NULL, 7, 200, "{\"epoch\":7}");
    expect_answer(NULL, UINT64_MAX, 200, "{\"epoch\":18446744073709551615}");
    expect_answer("there is no such member", 7, 409, "{\"message\":\"there is no such member\"}");
    expect_answer("a \"b\"\n", 7, 409, "{\"message\":\"a \\\"b\\\"\\n\"}");
    expect_answer(ring_undecided, 7, 503, undecided);
}
END_TEST

TEST_MAIN("admin_change", what_is_asked_for, what_asks_for_nothing_is_refused,
          what_is_no_weight_becomes_none, a_body_has_an_end, how_it_ended)
