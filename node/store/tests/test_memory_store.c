#include <stdio.h>
#include <stdlib.h>

#include "conformance.h"
#include "memory_store.h"
#include "subject.h"

struct memory_subject {
    struct subject subject;
    struct memory_store *memory;
    int submitted;
};

static void count_submitted(void *context, struct store_op *op)
{
    struct memory_subject *subject = context;
    ck_assert_ptr_eq(memory_store_submitter(op), subject);
    subject->submitted++;
}

static struct memory_subject *open_with(bool sync, uint32_t miss_per_million)
{
    struct memory_subject *subject = calloc(1, sizeof(*subject));
    struct memory_store_config config = {1, sync, miss_per_million};
    subject->memory = memory_store_new(&config);
    subject->subject.store = memory_store_port(subject->memory, count_submitted, subject);
    return subject;
}

struct subject *subject_open(void)
{
    return &open_with(true, 500000)->subject;
}

static struct memory_subject *memory_subject_of(struct subject *subject)
{
    return container_of(subject, struct memory_subject, subject);
}

void subject_close(struct subject *subject)
{
    memory_store_free(memory_subject_of(subject)->memory);
    free(memory_subject_of(subject));
}

void subject_settle(struct subject *subject)
{
    struct memory_store *memory = memory_subject_of(subject)->memory;
    struct store_op *op;
    while ((op = memory_store_finish_commit(memory)) != NULL)
        op->done(op);
    while ((op = memory_store_finish_read(memory)) != NULL)
        op->done(op);
}

static void ignore_done(struct store_op *op)
{
    (void)op;
}

/* Commit `number` sets row "last" and its own row. */
static void submit_number(struct memory_subject *subject, struct store_commit *commit, int number)
{
    char key[16];
    snprintf(key, sizeof(key), "%06d", number);
    store_commit_init(commit, ignore_done);
    store_batch_put(&commit->batch, STORE_ITEMS, slice_of_string(key), slice_of_string(key));
    store_batch_put(&commit->batch, STORE_META, SLICE_LITERAL("last"), slice_of_string(key));
    store_submit(subject->subject.store, &commit->op);
}

/* How many of the numbered commits are there; checks that it is the first ones, each as a whole. */
static int count_numbers(struct memory_subject *subject)
{
    struct store_get last;
    store_get_init(&last, STORE_META, SLICE_LITERAL("last"), ignore_done);
    ck_assert(store_try_read(subject->subject.store, &last.op));
    struct store_range range;
    store_range_init(&range, STORE_ITEMS, SLICE_EMPTY, SLICE_EMPTY, ignore_done);
    ck_assert(store_try_read(subject->subject.store, &range.op));
    char *text = last.value == NULL ? NULL : slice_to_string(buffer_slice(last.value));
    int count = text == NULL ? 0 : atoi(text) + 1;
    ck_assert_int_eq((int)range.rows_count, count);
    free(text);
    buffer_unref(last.value);
    store_range_deinit(&range);
    return count;
}

START_TEST(test_nothing_is_visible_before_it_is_finished)
{
    struct memory_subject *subject = open_with(true, 0);
    struct store_commit commits[2];
    submit_number(subject, &commits[0], 0);
    submit_number(subject, &commits[1], 1);
    ck_assert_int_eq(subject->submitted, 2);
    ck_assert_uint_eq(memory_store_commits_pending(subject->memory), 2);
    ck_assert_int_eq(count_numbers(subject), 0);
    ck_assert_ptr_eq(memory_store_finish_commit(subject->memory), &commits[0].op);
    ck_assert_int_eq(count_numbers(subject), 1);
    ck_assert_ptr_eq(memory_store_finish_commit(subject->memory), &commits[1].op);
    ck_assert_int_eq(count_numbers(subject), 2);
    ck_assert_ptr_null(memory_store_finish_commit(subject->memory));
    store_commit_deinit(&commits[0]);
    store_commit_deinit(&commits[1]);
    subject_close(&subject->subject);
}
END_TEST

/* What a crash leaves, when of 10 commits `finished` were reported and `synced` synced. */
static int crash_after(bool sync, int finished, int synced, uint64_t seed)
{
    struct memory_subject *subject = open_with(sync, 0);
    struct store_commit commits[10];
    struct store_get read;
    for (int i = 0; i < 10; i++)
        submit_number(subject, &commits[i], i);
    store_get_init(&read, STORE_META, SLICE_LITERAL("last"), ignore_done);
    store_submit(subject->subject.store, &read.op);
    for (int i = 0; i < finished; i++) {
        memory_store_finish_commit(subject->memory);
        if (i + 1 == synced)
            memory_store_sync(subject->memory);
    }
    struct prng prng;
    prng_init(&prng, seed);
    memory_store_crash(subject->memory, &prng);
    ck_assert_ptr_null(memory_store_finish_commit(subject->memory));
    ck_assert_ptr_null(memory_store_finish_read(subject->memory));
    for (int i = 0; i < 10; i++)
        store_commit_deinit(&commits[i]);
    int left = count_numbers(subject);
    memory_store_crash(subject->memory, &prng);
    ck_assert_int_eq(count_numbers(subject), left);
    subject_close(&subject->subject);
    return left;
}

START_TEST(test_a_crash_keeps_what_is_durable_and_a_prefix_of_the_rest)
{
    bool sync = _i == 0;
    int least = sync ? 6 : 3;
    bool seen[11] = {false};
    for (uint64_t seed = 0; seed < 200; seed++) {
        int left = crash_after(sync, 6, 3, seed);
        ck_assert_int_ge(left, least);
        seen[left] = true;
    }
    for (int i = least; i <= 10; i++)
        ck_assert(seen[i]);
}
END_TEST

START_TEST(test_a_wiped_disk_is_empty)
{
    struct memory_subject *subject = open_with(_i == 0, 0);
    struct store_commit commits[2];
    submit_number(subject, &commits[0], 0);
    memory_store_finish_commit(subject->memory);
    submit_number(subject, &commits[1], 1);
    struct store_snapshot *snapshot = subject->subject.store->snapshot(subject->subject.store);
    memory_store_wipe(subject->memory);
    ck_assert_int_eq(count_numbers(subject), 0);
    ck_assert_ptr_null(memory_store_finish_commit(subject->memory));
    subject->subject.store->snapshot_free(subject->subject.store, snapshot);
    store_commit_deinit(&commits[0]);
    store_commit_deinit(&commits[1]);
    subject_close(&subject->subject);
}
END_TEST

START_TEST(test_a_full_disk_refuses_and_keeps_nothing)
{
    struct memory_subject *subject = open_with(true, 0);
    struct store_commit commits[3];
    submit_number(subject, &commits[0], 0);
    memory_store_finish_commit(subject->memory);
    memory_store_set_no_space(subject->memory, true);
    submit_number(subject, &commits[1], 1);
    memory_store_finish_commit(subject->memory);
    ck_assert_int_eq(commits[1].op.status, STORE_NO_SPACE);
    ck_assert_int_eq(count_numbers(subject), 1);
    memory_store_set_no_space(subject->memory, false);
    submit_number(subject, &commits[2], 1);
    memory_store_finish_commit(subject->memory);
    ck_assert_int_eq(commits[2].op.status, STORE_OK);
    ck_assert_int_eq(count_numbers(subject), 2);
    for (int i = 0; i < 3; i++)
        store_commit_deinit(&commits[i]);
    subject_close(&subject->subject);
}
END_TEST

START_TEST(test_a_nearly_full_disk_refuses_as_often_as_told)
{
    struct memory_subject *subject = open_with(true, 0);
    int refused = 0;
    memory_store_set_refusals(subject->memory, 300000);
    for (int i = 0; i < 1000; i++) {
        struct store_commit commit;
        submit_number(subject, &commit, i);
        memory_store_finish_commit(subject->memory);
        refused += commit.op.status == STORE_NO_SPACE;
        store_commit_deinit(&commit);
    }
    ck_assert_int_gt(refused, 200);
    ck_assert_int_lt(refused, 400);
    subject_close(&subject->subject);
}
END_TEST

START_TEST(test_a_commit_whose_sync_failed_may_be_there_after_the_crash)
{
    bool seen[3] = {false};
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct memory_subject *subject = open_with(true, 0);
        struct store_commit commits[2];
        struct prng prng;
        prng_init(&prng, seed);
        submit_number(subject, &commits[0], 0);
        submit_number(subject, &commits[1], 1);
        memory_store_finish_commit(subject->memory);
        memory_store_set_sync_fails(subject->memory, true);
        ck_assert_ptr_eq(memory_store_finish_commit(subject->memory), &commits[1].op);
        ck_assert_int_eq(commits[1].op.status, STORE_FAILED);
        ck_assert_uint_eq(memory_store_commits_pending(subject->memory), 1);
        memory_store_crash(subject->memory, &prng);
        seen[count_numbers(subject)] = true;
        store_commit_deinit(&commits[0]);
        store_commit_deinit(&commits[1]);
        subject_close(&subject->subject);
    }
    ck_assert(!seen[0]);
    ck_assert(seen[1]);
    ck_assert(seen[2]);
}
END_TEST

START_TEST(test_a_shortened_disk_has_lost_the_newest_commits)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct memory_store_config config = {.seed = 1, .sync = true, .tail_max = 5};
        struct memory_subject subject = {.memory = memory_store_new(&config)};
        subject.subject.store = memory_store_port(subject.memory, count_submitted, &subject);
        struct prng prng;
        prng_init(&prng, seed);
        for (int i = 0; i < 30; i++) {
            struct store_commit commit;
            submit_number(&subject, &commit, i);
            memory_store_finish_commit(subject.memory);
            store_commit_deinit(&commit);
        }
        memory_store_crash(subject.memory, &prng);
        size_t lost = memory_store_shorten(subject.memory, &prng);
        ck_assert_uint_ge(lost, 1);
        ck_assert_uint_le(lost, 5);
        ck_assert_int_eq(count_numbers(&subject), 30 - (int)lost);
        memory_store_free(subject.memory);
    }
}
END_TEST

START_TEST(test_reads_fail_as_often_as_told)
{
    struct memory_subject *subject = open_with(true, 0);
    memory_store_set_read_failures(subject->memory, 300000);
    int failed = 0;
    for (int i = 0; i < 1000; i++) {
        struct store_get get;
        store_get_init(&get, STORE_ITEMS, SLICE_LITERAL("x"), ignore_done);
        ck_assert(!store_try_read(subject->subject.store, &get.op));
        store_submit(subject->subject.store, &get.op);
        ck_assert_ptr_eq(memory_store_finish_read(subject->memory), &get.op);
        failed += get.op.status == STORE_FAILED;
    }
    ck_assert_int_gt(failed, 200);
    ck_assert_int_lt(failed, 400);
    subject_close(&subject->subject);
}
END_TEST

START_TEST(test_reads_finish_in_any_order_and_see_the_present)
{
    struct memory_subject *subject = open_with(true, 0);
    struct store_get gets[8];
    for (int i = 0; i < 8; i++) {
        store_get_init(&gets[i], STORE_META, SLICE_LITERAL("last"), ignore_done);
        store_submit(subject->subject.store, &gets[i].op);
    }
    struct store_commit commit;
    submit_number(subject, &commit, 0);
    memory_store_finish_commit(subject->memory);
    bool in_order = true;
    for (int i = 0; i < 8; i++)
        in_order &= memory_store_finish_read(subject->memory) == &gets[i].op;
    ck_assert(!in_order);
    ck_assert_uint_eq(memory_store_reads_pending(subject->memory), 0);
    for (int i = 0; i < 8; i++) {
        ck_assert_ptr_nonnull(gets[i].value);
        buffer_unref(gets[i].value);
    }
    store_commit_deinit(&commit);
    subject_close(&subject->subject);
}
END_TEST

/* Large enough that anything linear per operation would run into the timeout. */
START_TEST(test_many_rows_stay_fast)
{
    struct memory_subject *subject = open_with(_i == 0, 0);
    for (int i = 0; i < 100000; i++) {
        struct store_commit commit;
        submit_number(subject, &commit, i);
        memory_store_finish_commit(subject->memory);
        store_commit_deinit(&commit);
        if (i % 100 == 0)
            memory_store_sync(subject->memory);
    }
    ck_assert_int_eq(count_numbers(subject), 100000);
    subject_close(&subject->subject);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory_store");
    suite_add_tcase(suite, conformance_case());
    TCase *memory = tcase_create("memory");
    tcase_set_timeout(memory, 30);
    tcase_add_test(memory, test_nothing_is_visible_before_it_is_finished);
    tcase_add_loop_test(memory, test_a_crash_keeps_what_is_durable_and_a_prefix_of_the_rest, 0, 2);
    tcase_add_loop_test(memory, test_a_wiped_disk_is_empty, 0, 2);
    tcase_add_test(memory, test_a_full_disk_refuses_and_keeps_nothing);
    tcase_add_test(memory, test_a_nearly_full_disk_refuses_as_often_as_told);
    tcase_add_test(memory, test_a_commit_whose_sync_failed_may_be_there_after_the_crash);
    tcase_add_test(memory, test_a_shortened_disk_has_lost_the_newest_commits);
    tcase_add_test(memory, test_reads_fail_as_often_as_told);
    tcase_add_test(memory, test_reads_finish_in_any_order_and_see_the_present);
    tcase_add_loop_test(memory, test_many_rows_stay_fast, 0, 2);
    suite_add_tcase(suite, memory);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
