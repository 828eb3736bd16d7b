#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prng.h"
#include "rocksdb_subject.h"

/* A small file system of its own, in a mount namespace of its own, that goes with the process. */
enum { DISK_MIB = 64, FILLER_MIB = 40, VALUE_BYTES = 8000, MESON_SKIP = 77 };

static struct rocksdb_subject subject;
static struct prng noise;

static bool mount_disk(const char *directory)
{
    char size[32];
    snprintf(size, sizeof(size), "size=%dm", DISK_MIB);
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", 0, size) == 0;
}

static void filler_path(char path[128])
{
    snprintf(path, 128, "%s/filler", subject.directory);
}

static void setup(void)
{
    rocksdb_subject_init(&subject);
    ck_assert(mount_disk(subject.directory));
    prng_init(&noise, 7);
    char path[128];
    filler_path(path);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(posix_fallocate(file, 0, (off_t)FILLER_MIB << 20), 0);
    close(file);
}

static void teardown(void)
{
    umount2(subject.directory, MNT_DETACH);
    rocksdb_subject_deinit(&subject);
}

static void make_space(void)
{
    char path[128];
    filler_path(path);
    ck_assert_int_eq(unlink(path), 0);
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

/* Incompressible values, so that the disk fills. */
static void submit_number(struct store_commit *commit, uint32_t number)
{
    char key[16];
    store_commit_init(commit, ignore_done);
    uint8_t *value =
        store_batch_put_in_place(&commit->batch, STORE_ITEMS, number_key(number, key), VALUE_BYTES);
    for (size_t i = 0; i < VALUE_BYTES; i += sizeof(uint64_t)) {
        uint64_t word = prng_next(&noise);
        memcpy(value + i, &word, sizeof(word));
    }
    store_submit(subject.subject.store, &commit->op);
}

static enum store_status commit_number(uint32_t number)
{
    struct store_commit commit;
    submit_number(&commit, number);
    subject_settle(&subject.subject);
    store_commit_deinit(&commit);
    return commit.op.status;
}

/* Commits groups of numbers until one is refused; how many were acknowledged. Acknowledged and
 * refused are never mixed within a group that met a full disk, but a later one may pass. */
static uint32_t fill_disk(bool *acknowledged, uint32_t numbers_max)
{
    uint32_t number = 0, refused = 0;
    while (refused == 0) {
        struct store_commit commits[16];
        ck_assert_uint_lt(number + 16, numbers_max);
        for (uint32_t i = 0; i < 16; i++)
            submit_number(&commits[i], number + i);
        subject_settle(&subject.subject);
        for (uint32_t i = 0; i < 16; i++) {
            acknowledged[number + i] = commits[i].op.status == STORE_OK;
            if (commits[i].op.status != STORE_OK)
                ck_assert_int_eq(commits[i].op.status, STORE_NO_SPACE);
            refused += commits[i].op.status != STORE_OK;
            store_commit_deinit(&commits[i]);
        }
        number += 16;
    }
    return number;
}

/* Exactly the acknowledged rows are there: none lost, none that was refused. */
static void expect_numbers(const bool *acknowledged, uint32_t numbers)
{
    for (uint32_t i = 0; i < numbers; i++) {
        char key[16];
        struct buffer *value;
        ck_assert_int_eq(
            rocksdb_store_read_now(subject.rocksdb, STORE_ITEMS, number_key(i, key), &value),
            STORE_OK);
        ck_assert_msg((value != NULL) == acknowledged[i], "commit %u acknowledged %d", i,
                      acknowledged[i]);
        buffer_unref(value);
    }
}

static void wait_for_space(uint32_t number)
{
    enum store_status status = STORE_NO_SPACE;
    for (int tries = 0; tries < 100 && status != STORE_OK; tries++) {
        status = commit_number(number);
        if (status != STORE_OK)
            usleep(100000);
    }
    ck_assert_int_eq(status, STORE_OK);
}

static struct rocksdb_store_stats stats_now(void)
{
    struct rocksdb_store_stats stats;
    rocksdb_store_get_stats(subject.rocksdb, &stats);
    return stats;
}

enum { NUMBERS_MAX = (DISK_MIB << 20) / VALUE_BYTES };

START_TEST(test_the_reserve_keeps_rocksdb_from_a_full_disk)
{
    static bool acknowledged[NUMBERS_MAX];
    subject.config.space_reserve_bytes = 8 << 20;
    subject.config.write_buffer_bytes = 2 << 20;
    rocksdb_subject_open(&subject);
    uint32_t numbers = fill_disk(acknowledged, NUMBERS_MAX);
    ck_assert_uint_gt(numbers, 100);
    expect_numbers(acknowledged, numbers);
    /* What frees space may pass. */
    struct store_commit commit;
    char key[16];
    store_commit_init(&commit, ignore_done);
    store_batch_delete(&commit.batch, STORE_ITEMS, number_key(0, key));
    store_submit(subject.subject.store, &commit.op);
    subject_settle(&subject.subject);
    ck_assert_int_eq(commit.op.status, STORE_OK);
    store_commit_deinit(&commit);
    acknowledged[0] = false;
    ck_assert_int_eq(commit_number(numbers), STORE_NO_SPACE);
    make_space();
    wait_for_space(numbers);
    acknowledged[numbers] = true;
    expect_numbers(acknowledged, numbers + 1);
    ck_assert_uint_eq(stats_now().reopens, 0);
    rocksdb_subject_close(&subject);
}
END_TEST

static const struct full_row {
    size_t write_buffer_bytes; /* large: the WAL meets the full disk; small: a flush does */
    enum rocksdb_durability durability;
} full_table[] = {
    {32 << 20, ROCKSDB_DURABILITY_SYNC},
    {2 << 20, ROCKSDB_DURABILITY_SYNC},
    {32 << 20, ROCKSDB_DURABILITY_INTERVAL},
    {2 << 20, ROCKSDB_DURABILITY_INTERVAL},
};

START_TEST(test_after_a_full_disk_commits_go_on_and_nothing_is_lost)
{
    static bool acknowledged[NUMBERS_MAX];
    subject.config.space_reserve_bytes = 0;
    subject.config.write_buffer_bytes = full_table[_i].write_buffer_bytes;
    subject.config.durability = full_table[_i].durability;
    subject.config.interval_ms = 20;
    rocksdb_subject_open(&subject);
    struct store *store = subject.subject.store;
    struct store_snapshot *snapshot = store->snapshot(store);
    uint32_t numbers = fill_disk(acknowledged, NUMBERS_MAX);
    ck_assert_uint_gt(numbers, 100);
    expect_numbers(acknowledged, numbers);
    ck_assert_int_eq(commit_number(numbers), STORE_NO_SPACE);
    acknowledged[numbers] = false;
    usleep(1500000); /* it looks again, in vain */
    ck_assert_int_eq(commit_number(numbers), STORE_NO_SPACE);
    expect_numbers(acknowledged, numbers);
    make_space();
    wait_for_space(numbers);
    acknowledged[numbers] = true;
    ck_assert_uint_ge(stats_now().reopens, 1);
    /* The snapshot went with the old database: its reads fail, they do not lie. */
    struct store_range range;
    store_range_init(&range, STORE_ITEMS, SLICE_EMPTY, SLICE_EMPTY, ignore_done);
    range.snapshot = snapshot;
    store_submit(store, &range.op);
    subject_settle(&subject.subject);
    ck_assert_int_eq(range.op.status, STORE_FAILED);
    store_range_deinit(&range);
    store->snapshot_free(store, snapshot);
    for (uint32_t more = 1; more < 100; more++) {
        ck_assert_int_eq(commit_number(numbers + more), STORE_OK);
        acknowledged[numbers + more] = true;
    }
    expect_numbers(acknowledged, numbers + 100);
    rocksdb_subject_close(&subject);
    rocksdb_subject_open(&subject);
    expect_numbers(acknowledged, numbers + 100);
    rocksdb_subject_close(&subject);
}
END_TEST

START_TEST(test_readers_go_on_while_the_database_is_reopened)
{
    static bool acknowledged[NUMBERS_MAX];
    subject.config.space_reserve_bytes = 0;
    subject.config.write_buffer_bytes = 32 << 20;
    rocksdb_subject_open(&subject);
    uint32_t numbers = fill_disk(acknowledged, NUMBERS_MAX);
    make_space();
    struct store *store = subject.subject.store;
    for (uint32_t i = 0; stats_now().reopens == 0; i = (i + 1) % numbers) {
        char key[16];
        struct store_get get;
        store_get_init(&get, STORE_ITEMS, number_key(i, key), ignore_done);
        if (i % 4 == 0 || !store_try_read(store, &get.op)) {
            store_submit(store, &get.op);
            subject_settle(&subject.subject);
        }
        ck_assert_int_eq(get.op.status, STORE_OK);
        ck_assert((get.value != NULL) == acknowledged[i]);
        buffer_unref(get.value);
    }
    rocksdb_subject_close(&subject);
}
END_TEST

START_TEST(test_a_node_killed_on_a_full_disk_has_what_it_acknowledged)
{
    static bool acknowledged[NUMBERS_MAX];
    subject.config.space_reserve_bytes = 0;
    subject.config.write_buffer_bytes = full_table[_i].write_buffer_bytes;
    int report[2];
    ck_assert_int_eq(pipe(report), 0);
    pid_t child = fork();
    if (child == 0) {
        rocksdb_subject_open(&subject);
        uint32_t numbers = fill_disk(acknowledged, NUMBERS_MAX);
        bool sent = write(report[1], &numbers, sizeof(numbers)) == sizeof(numbers) &&
                    write(report[1], acknowledged, numbers) == (ssize_t)numbers;
        _exit(sent ? 0 : 1); /* as a kill does: nothing is closed or flushed */
    }
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    uint32_t numbers;
    ck_assert_int_eq(read(report[0], &numbers, sizeof(numbers)), sizeof(numbers));
    ck_assert_int_eq(read(report[0], acknowledged, numbers), (ssize_t)numbers);
    make_space();
    rocksdb_subject_open(&subject);
    expect_numbers(acknowledged, numbers);
    rocksdb_subject_close(&subject);
}
END_TEST

/* Tried in a child, so that the namespace does not stay. */
static bool mount_permitted(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(mount_disk("/tmp") ? 0 : 1);
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void)
{
    if (!mount_permitted()) {
        fprintf(stderr, "SKIPPED: the full disk tests need the right to mount a tmpfs (root).\n");
        return MESON_SKIP;
    }
    Suite *suite = suite_create("rocksdb_space");
    TCase *space = tcase_create("space");
    tcase_add_checked_fixture(space, setup, teardown);
    tcase_set_timeout(space, 60);
    tcase_add_test(space, test_the_reserve_keeps_rocksdb_from_a_full_disk);
    tcase_add_loop_test(space, test_after_a_full_disk_commits_go_on_and_nothing_is_lost, 0,
                        (int)array_size(full_table));
    tcase_add_test(space, test_readers_go_on_while_the_database_is_reopened);
    tcase_add_loop_test(space, test_a_node_killed_on_a_full_disk_has_what_it_acknowledged, 0, 2);
    suite_add_tcase(suite, space);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
