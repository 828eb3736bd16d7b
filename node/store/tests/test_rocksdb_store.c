#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conformance.h"
#include "prng.h"
#include "rocksdb_subject.h"

enum { VALUE_BYTES = 1000 };

static struct rocksdb_subject subject;

static void setup(void)
{
    rocksdb_subject_init(&subject);
}

static void teardown(void)
{
    rocksdb_subject_deinit(&subject);
}

static void ignore_done(struct store_op *op)
{
    (void)op;
}

static struct slice number_key(uint32_t number, char key[16])
{
    snprintf(key, 16, "%08u", number);
    return slice_of(key, 8);
}

static void submit_number(struct store *store, struct store_commit *commit, uint32_t number)
{
    char key[16];
    store_commit_init(commit, ignore_done);
    memset(
        store_batch_put_in_place(&commit->batch, STORE_ITEMS, number_key(number, key), VALUE_BYTES),
        (int)(number % 251), VALUE_BYTES);
    store_batch_put(&commit->batch, STORE_LOG, number_key(number, key), SLICE_LITERAL("logged"));
    store_submit(store, &commit->op);
}

/* Both rows of commit `number` are there and right. */
static bool number_present(uint32_t number)
{
    char key[16];
    struct buffer *item, *logged;
    struct slice name = number_key(number, key);
    ck_assert_int_eq(rocksdb_store_read_now(subject.rocksdb, STORE_ITEMS, name, &item), STORE_OK);
    ck_assert_int_eq(rocksdb_store_read_now(subject.rocksdb, STORE_LOG, name, &logged), STORE_OK);
    ck_assert((item == NULL) == (logged == NULL));
    bool present = item != NULL;
    if (present) {
        ck_assert_uint_eq(item->size, VALUE_BYTES);
        ck_assert_uint_eq(item->data[VALUE_BYTES - 1], number % 251);
    }
    buffer_unref(item);
    buffer_unref(logged);
    return present;
}

START_TEST(test_what_was_committed_is_there_after_reopening)
{
    if (_i == 1)
        subject.config.durability = ROCKSDB_DURABILITY_INTERVAL;
    subject.config.interval_ms = 10;
    struct store_commit commits[200];
    for (uint32_t round = 0; round < 3; round++) {
        rocksdb_subject_open(&subject);
        for (uint32_t number = 0; number < 200 * round; number++)
            ck_assert(number_present(number));
        for (uint32_t i = 0; i < 200; i++)
            submit_number(subject.subject.store, &commits[i], round * 200 + i);
        subject_settle(&subject.subject);
        usleep(20000);
        for (uint32_t i = 0; i < 200; i++)
            store_commit_deinit(&commits[i]);
        rocksdb_subject_close(&subject);
    }
}
END_TEST

START_TEST(test_closing_completes_what_was_submitted)
{
    struct store_commit commits[100];
    rocksdb_subject_open(&subject);
    for (uint32_t i = 0; i < 100; i++)
        submit_number(subject.subject.store, &commits[i], i);
    rocksdb_subject_close(&subject);
    ck_assert_uint_eq(subject.posted.count, 100);
    for (uint32_t i = 0; i < 100; i++)
        store_commit_deinit(&commits[i]);
    rocksdb_subject_open(&subject);
    for (uint32_t i = 0; i < 100; i++)
        ck_assert(number_present(i));
    rocksdb_subject_close(&subject);
}
END_TEST

/* A node is freed after the store has stopped, and with it the ranges that were being read. */
START_TEST(test_snapshots_may_be_freed_once_it_has_stopped)
{
    struct store_commit commit;
    rocksdb_subject_open(&subject);
    struct store *store = subject.subject.store;
    submit_number(store, &commit, 1);
    struct store_snapshot *snapshot = store->snapshot(store);
    rocksdb_store_stop(subject.rocksdb);
    ck_assert_uint_eq(subject.posted.count, 1);
    store_commit_deinit(&commit);
    store->snapshot_free(store, snapshot);
    rocksdb_subject_close(&subject);
}
END_TEST

START_TEST(test_read_now_and_write_now)
{
    rocksdb_subject_open(&subject);
    struct store_batch batch;
    store_batch_init(&batch);
    store_batch_put(&batch, STORE_META, SLICE_LITERAL("identity"), SLICE_LITERAL("me"));
    ck_assert_int_eq(rocksdb_store_write_now(subject.rocksdb, &batch), STORE_OK);
    store_batch_deinit(&batch);
    for (int i = 0; i < 2; i++) {
        struct buffer *value;
        ck_assert_int_eq(
            rocksdb_store_read_now(subject.rocksdb, STORE_META, SLICE_LITERAL("identity"), &value),
            STORE_OK);
        ck_assert(slice_equal(buffer_slice(value), SLICE_LITERAL("me")));
        buffer_unref(value);
        rocksdb_subject_close(&subject);
        rocksdb_subject_open(&subject);
    }
    rocksdb_subject_close(&subject);
}
END_TEST

struct shard {
    struct rocksdb_store *rocksdb;
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct store_ops posted;
    uint32_t first;
};

static void shard_post(void *context, struct store_ops *done)
{
    struct shard *shard = context;
    pthread_mutex_lock(&shard->lock);
    store_ops_append(&shard->posted, done);
    pthread_cond_signal(&shard->wake);
    pthread_mutex_unlock(&shard->lock);
}

static void shard_wait(struct shard *shard, size_t count)
{
    while (count > 0) {
        pthread_mutex_lock(&shard->lock);
        while (store_ops_empty(&shard->posted))
            pthread_cond_wait(&shard->wake, &shard->lock);
        struct store_op *op = store_ops_pop(&shard->posted);
        pthread_mutex_unlock(&shard->lock);
        ck_assert_int_eq(op->status, STORE_OK);
        ck_assert_ptr_eq(op->submitter, shard->store);
        count--;
    }
}

/* Commits rows and reads them back, as a shard of its own does. */
static void *shard_run(void *context)
{
    struct shard *shard = context;
    struct store_commit commits[32];
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 32; i++)
            submit_number(shard->store, &commits[i], shard->first + round * 32 + i);
        rocksdb_store_flush(shard->store);
        shard_wait(shard, 32);
        for (uint32_t i = 0; i < 32; i++)
            store_commit_deinit(&commits[i]);
        char key[16];
        struct store_get get;
        store_get_init(&get, STORE_LOG, number_key(shard->first + round * 32, key), ignore_done);
        struct store_snapshot *snapshot = shard->store->snapshot(shard->store);
        if (round % 2 == 0 || !store_try_read(shard->store, &get.op)) {
            store_submit(shard->store, &get.op);
            shard_wait(shard, 1);
        }
        ck_assert_ptr_nonnull(get.value);
        buffer_unref(get.value);
        shard->store->snapshot_free(shard->store, snapshot);
    }
    return NULL;
}

START_TEST(test_shards_share_writes)
{
    struct shard shards[3];
    rocksdb_subject_open(&subject);
    for (uint32_t i = 0; i < 3; i++) {
        struct shard *shard = &shards[i];
        *shard = (struct shard){.rocksdb = subject.rocksdb, .first = i * 100000};
        pthread_mutex_init(&shard->lock, NULL);
        pthread_cond_init(&shard->wake, NULL);
        store_ops_init(&shard->posted);
        shard->store = rocksdb_store_port(subject.rocksdb, shard_post, shard);
        pthread_create(&shard->thread, NULL, shard_run, shard);
    }
    for (uint32_t i = 0; i < 3; i++)
        pthread_join(shards[i].thread, NULL);
    struct rocksdb_store_stats stats;
    rocksdb_store_get_stats(subject.rocksdb, &stats);
    ck_assert_uint_eq(stats.commits, 3 * 20 * 32);
    ck_assert_uint_lt(stats.writes, stats.commits / 2);
    ck_assert_uint_eq(stats.commits_queued, 0);
    ck_assert_uint_eq(stats.reads_queued, 0);
    ck_assert_uint_eq(stats.commits_refused, 0);
    ck_assert_uint_eq(stats.reads_failed, 0);
    rocksdb_subject_close(&subject);
}
END_TEST

START_TEST(test_what_is_not_in_memory_is_read_from_disk)
{
    rocksdb_subject_open(&subject);
    struct store_commit commits[64];
    for (uint32_t round = 0; round < 150; round++) {
        for (uint32_t i = 0; i < 64; i++)
            submit_number(subject.subject.store, &commits[i], round * 64 + i);
        subject_settle(&subject.subject);
        for (uint32_t i = 0; i < 64; i++)
            store_commit_deinit(&commits[i]);
    }
    rocksdb_subject_close(&subject);
    rocksdb_subject_open(&subject);
    char key[16];
    struct store_get get;
    store_get_init(&get, STORE_ITEMS, number_key(5, key), ignore_done);
    ck_assert(!store_try_read(subject.subject.store, &get.op));
    store_submit(subject.subject.store, &get.op);
    subject_settle(&subject.subject);
    ck_assert_ptr_nonnull(get.value);
    buffer_unref(get.value);
    struct store_range range;
    store_range_init(&range, STORE_ITEMS, SLICE_EMPTY, SLICE_EMPTY, ignore_done);
    ck_assert(!store_try_read(subject.subject.store, &range.op));
    store_submit(subject.subject.store, &range.op);
    subject_settle(&subject.subject);
    ck_assert_uint_eq(range.rows_count, 150 * 64);
    store_range_deinit(&range);
    ck_assert(store_try_read(subject.subject.store, &get.op));
    ck_assert_ptr_nonnull(get.value);
    buffer_unref(get.value);
    rocksdb_subject_close(&subject);
}
END_TEST

/* Commits numbers for ever, a few at a time, and reports each that was acknowledged. */
_Noreturn static void commit_until_killed(int report, uint32_t number)
{
    struct store_commit commits[8];
    rocksdb_subject_open(&subject);
    for (;;) {
        for (uint32_t i = 0; i < 8; i++)
            submit_number(subject.subject.store, &commits[i], number + i);
        for (uint32_t i = 0; i < 8; i++) {
            const struct store_op *op = rocksdb_subject_next(&subject);
            if (op->status != STORE_OK || write(report, &number, sizeof(number)) < 0)
                _exit(1);
            store_commit_deinit(&commits[i]);
            number++;
        }
    }
}

#ifndef __SANITIZE_THREAD__ /* it does not follow a fork of a process that had threads */
/* Lets a child commit from `number` on and kills it; the first number it did not acknowledge. */
static uint32_t run_and_kill(uint32_t number, useconds_t after_us)
{
    int report[2];
    ck_assert_int_eq(pipe(report), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(report[0]);
        commit_until_killed(report[1], number);
    }
    close(report[1]);
    uint32_t acknowledged;
    ck_assert_int_eq(read(report[0], &acknowledged, sizeof(acknowledged)), sizeof(acknowledged));
    /* The pipe has room for what comes meanwhile: 64 KiB, 16384 commits. */
    usleep(after_us);
    kill(child, SIGKILL);
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFSIGNALED(status));
    number = acknowledged + 1;
    while (read(report[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged))
        number = acknowledged + 1;
    close(report[0]);
    return number;
}

START_TEST(test_kill_loses_nothing_acknowledged)
{
    struct prng prng;
    prng_init(&prng, (uint64_t)time(NULL));
    uint32_t next = 0;
    for (int round = 0; round < 8; round++) {
        uint32_t number = run_and_kill(next, (useconds_t)prng_below(&prng, 100000));
        ck_assert_uint_gt(number, next);
        rocksdb_subject_open(&subject);
        for (uint32_t i = 0; i < number; i++)
            ck_assert_msg(number_present(i), "commit %u of %u is lost", i, number);
        /* A prefix of what was outstanding may be there too. */
        while (number_present(number))
            number++;
        next = number;
        rocksdb_subject_close(&subject);
    }
}
END_TEST
#endif

enum { EXIT_OF_FATAL = 42 };

static void exit_fatally(void *context, const char *message)
{
    (void)context;
    _exit(strstr(message, "File too large") != NULL ? EXIT_OF_FATAL : 1);
}

/* A limit on the size of files makes a write of the WAL fail, by an error that is not "no space".
 */
START_TEST(test_a_failed_write_stops_the_process)
{
    pid_t child = fork();
    if (child == 0) {
        struct rlimit small = {256 << 10, 256 << 10};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &small);
        subject.config.fatal = exit_fatally;
        int report = open("/dev/null", O_WRONLY | O_CLOEXEC);
        commit_until_killed(report, 0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), EXIT_OF_FATAL);
    rocksdb_subject_open(&subject);
    ck_assert(number_present(0));
    rocksdb_subject_close(&subject);
}
END_TEST

struct line_sink {
    struct log_sink sink;
    char last[512];
};

static void line_write(struct log_sink *self, enum log_level level, const char *line)
{
    (void)level;
    snprintf(container_of(self, struct line_sink, sink)->last, 512, "%s", line);
}

/* Damages the newest file of the database that matches `pattern`, at its middle. */
static void damage_file(const char *pattern)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", subject.path, pattern);
    glob_t found;
    ck_assert_int_eq(glob(path, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct stat status;
        int file = open(found.gl_pathv[i], O_RDWR);
        ck_assert_int_eq(fstat(file, &status), 0);
        ck_assert_int_eq(pwrite(file, "damage", 6, status.st_size / 2), 6);
        close(file);
    }
    globfree(&found);
}

/* Commits 64 numbers, each in a record of its own, and leaves them in the WAL. */
static void commit_and_vanish(void)
{
    pid_t child = fork();
    if (child == 0) {
        rocksdb_subject_open(&subject);
        for (uint32_t i = 0; i < 64; i++) {
            struct store_commit commit;
            submit_number(subject.subject.store, &commit, i);
            subject_settle(&subject.subject);
            store_commit_deinit(&commit);
        }
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(test_a_torn_end_of_the_log_is_dropped)
{
    commit_and_vanish();
    char pattern[128];
    snprintf(pattern, sizeof(pattern), "%s/*.log", subject.path);
    glob_t found;
    struct stat status;
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    ck_assert_int_eq(stat(found.gl_pathv[0], &status), 0);
    ck_assert_int_eq(truncate(found.gl_pathv[0], status.st_size - 100), 0);
    globfree(&found);
    rocksdb_subject_open(&subject);
    for (uint32_t i = 0; i < 63; i++)
        ck_assert(number_present(i));
    ck_assert(!number_present(63));
    rocksdb_subject_close(&subject);
}
END_TEST

START_TEST(test_a_damaged_log_is_refused)
{
    commit_and_vanish();
    damage_file("*.log");
    char *error;
    ck_assert_ptr_null(rocksdb_store_open(&subject.config, &error));
    ck_assert_ptr_nonnull(strstr(error, "Corruption"));
    free(error);
}
END_TEST

START_TEST(test_a_damaged_row_fails_the_read_and_hides_the_key)
{
    struct line_sink lines = {{line_write, LOG_DEBUG}, ""};
    subject.config.log = &lines.sink;
    rocksdb_subject_open(&subject);
    struct store_commit commits[64];
    /* Enough to have it written to table files. */
    for (uint32_t round = 0; round < 150; round++) {
        for (uint32_t i = 0; i < 64; i++)
            submit_number(subject.subject.store, &commits[i], round * 64 + i);
        subject_settle(&subject.subject);
        for (uint32_t i = 0; i < 64; i++)
            store_commit_deinit(&commits[i]);
    }
    rocksdb_subject_close(&subject);
    damage_file("*.sst");
    rocksdb_subject_open(&subject);
    uint32_t failed = 0;
    for (uint32_t i = 0; i < 150 * 64; i++) {
        char key[16];
        struct buffer *value;
        enum store_status status =
            rocksdb_store_read_now(subject.rocksdb, STORE_ITEMS, number_key(i, key), &value);
        failed += status == STORE_FAILED;
        ck_assert((status == STORE_FAILED) == (value == NULL));
        buffer_unref(value);
    }
    ck_assert_uint_gt(failed, 0);
    ck_assert_ptr_nonnull(strstr(lines.last, "event=store_read_failed"));
    ck_assert_ptr_nonnull(strstr(lines.last, "key_hash="));
    rocksdb_subject_close(&subject);
}
END_TEST

START_TEST(test_a_database_that_cannot_be_opened_is_an_error)
{
    char *error;
    char path[128];
    snprintf(path, sizeof(path), "%s/missing/database", subject.directory);
    subject.config.path = path;
    ck_assert_ptr_null(rocksdb_store_open(&subject.config, &error));
    ck_assert_ptr_nonnull(strstr(error, "missing/database"));
    free(error);
    subject.config.path = subject.path;
    rocksdb_subject_open(&subject);
    ck_assert_ptr_null(rocksdb_store_open(&subject.config, &error)); /* locked */
    free(error);
    rocksdb_subject_close(&subject);
    damage_file("CURRENT");
    ck_assert_ptr_null(rocksdb_store_open(&subject.config, &error));
    free(error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rocksdb_store");
    suite_add_tcase(suite, conformance_case());
    TCase *rocksdb = tcase_create("rocksdb");
    tcase_add_checked_fixture(rocksdb, setup, teardown);
    tcase_set_timeout(rocksdb, 120);
    tcase_add_loop_test(rocksdb, test_what_was_committed_is_there_after_reopening, 0, 2);
    tcase_add_test(rocksdb, test_closing_completes_what_was_submitted);
    tcase_add_test(rocksdb, test_snapshots_may_be_freed_once_it_has_stopped);
    tcase_add_test(rocksdb, test_read_now_and_write_now);
    tcase_add_test(rocksdb, test_shards_share_writes);
    tcase_add_test(rocksdb, test_what_is_not_in_memory_is_read_from_disk);
#ifndef __SANITIZE_THREAD__
    tcase_add_test(rocksdb, test_kill_loses_nothing_acknowledged);
#endif
    tcase_add_test(rocksdb, test_a_failed_write_stops_the_process);
    tcase_add_test(rocksdb, test_a_torn_end_of_the_log_is_dropped);
    tcase_add_test(rocksdb, test_a_damaged_log_is_refused);
    tcase_add_test(rocksdb, test_a_damaged_row_fails_the_read_and_hides_the_key);
    tcase_add_test(rocksdb, test_a_database_that_cannot_be_opened_is_an_error);
    suite_add_tcase(suite, rocksdb);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
