/* store-driver: commits batches to a RocksDB store, tells what was asked and acknowledged, and
 * compares what it reads with the in-memory store. Made to be killed, and to be run with libfault.
 *
 *     store-driver DIRECTORY SEED ROUNDS ACKED ASKED [REFUSED ...]
 *
 * ACKED and ASKED are the highest numbers that earlier runs printed so, REFUSED those they said
 * were refused. It opens the store, which must hold exactly the batches up to some number from
 * ACKED to ASKED but for the refused ones, then commits ROUNDS groups of the batches that follow it
 * (a number that was refused past it is asked for again). Standard output:
 *
 *     opened NUMBER        it holds the batches up to this one
 *     asked NUMBER         batches up to this one are about to be submitted
 *     acked NUMBER         durable
 *     refused NUMBER       there is no space
 *     unread FAMILY        a read failed, and said so
 *     fatal MESSAGE        the store stopped the process
 *     unopened MESSAGE     the store refused to open
 *     wrong WHAT           lost, invented or damaged data
 *
 * The log goes to standard error. With STORE_DRIVER_UNSYNCED in its environment it acknowledges what
 * is not durable, to show that this is noticed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rocksdb_store.h"
#include "store_twin.h"

enum { STATUS_DONE = 0, STATUS_WRONG = 1, STATUS_USAGE = 2, STATUS_FATAL = 42, STATUS_UNOPENED };

enum {
    GROUP_MAX = 16,
    READS_PER_ROUND = 4,
    REFUSED_PAUSE_US = 20000,
    ROWS_MAX = 100000,
    BYTES_MAX = 64 << 20
};

struct pending {
    struct store_commit commit;
    uint32_t number;
};

struct driver {
    struct store_twin twin;
    struct rocksdb_store *rocksdb;
    struct store *store;
    struct log_sink log;
    struct prng prng; /* of reads and the sizes of groups */
    uint32_t number;  /* the last batch that was asked for, or is there */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    size_t outstanding; /* under the lock */
};

static void say(const char *what, const char *text)
{
    char line[1024];
    int size = snprintf(line, sizeof(line), "%s %s\n", what, text);
    if (size >= (int)sizeof(line))
        size = (int)sizeof(line) - 1;
    if (write(STDOUT_FILENO, line, (size_t)size) != size)
        _exit(STATUS_USAGE);
}

static void say_number(const char *what, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", number);
    say(what, text);
}

_Noreturn static void wrong(const char *what, const char *where)
{
    char text[256];
    snprintf(text, sizeof(text), "%s %s", what, where);
    say("wrong", text);
    _exit(STATUS_WRONG);
}

static void on_log(struct log_sink *self, enum log_level level, const char *line)
{
    (void)self;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static void on_fatal(void *context, const char *message)
{
    (void)context;
    say("fatal", message);
    _exit(STATUS_FATAL);
}

static void ignore_done(struct store_op *op)
{
    (void)op;
}

/* On a thread of the store: an acknowledgement must not be late, a kill may come between. */
static void on_posted(void *context, struct store_ops *done)
{
    struct driver *driver = context;
    struct store_op *op;
    pthread_mutex_lock(&driver->lock);
    while ((op = store_ops_pop(done)) != NULL) {
        if (op->kind == STORE_COMMIT) {
            const struct pending *pending = container_of(op, struct pending, commit.op);
            say_number(op->status == STORE_OK ? "acked" : "refused", pending->number);
        }
        driver->outstanding--;
    }
    pthread_cond_signal(&driver->wake);
    pthread_mutex_unlock(&driver->lock);
}

static void submit(struct driver *driver, struct store_op *op)
{
    pthread_mutex_lock(&driver->lock);
    driver->outstanding++;
    pthread_mutex_unlock(&driver->lock);
    store_submit(driver->store, op);
}

static void settle(struct driver *driver)
{
    rocksdb_store_flush(driver->store);
    pthread_mutex_lock(&driver->lock);
    while (driver->outstanding > 0)
        pthread_cond_wait(&driver->wake, &driver->lock);
    pthread_mutex_unlock(&driver->lock);
}

/* False: the read failed, and nothing may be concluded from it. */
static bool read_row(struct driver *driver, struct store_op *read, enum store_family family)
{
    if (!store_try_read(driver->store, read)) {
        submit(driver, read);
        settle(driver);
        rocksdb_store_release(driver->rocksdb, store_result_size(read));
    }
    if (read->status == STORE_FAILED)
        say("unread", store_family_name(family));
    return read->status == STORE_OK;
}

static void compare_row(struct driver *driver)
{
    struct store_get get;
    char key[16];
    enum store_family family = (enum store_family)prng_below(&driver->prng, STORE_FAMILIES);
    store_get_init(&get, family, store_twin_key(prng_next(&driver->prng), key), ignore_done);
    if (read_row(driver, &get.op, family) && !store_twin_agrees_get(&driver->twin, &get))
        wrong("row", store_family_name(family));
    buffer_unref(get.value);
}

static void compare_family(struct driver *driver, enum store_family family, uint32_t rows_max)
{
    struct store_range range;
    char key[16];
    struct slice from = SLICE_EMPTY;
    if (rows_max < ROWS_MAX)
        from = store_twin_key(prng_next(&driver->prng), key);
    store_range_init(&range, family, from, SLICE_EMPTY, ignore_done);
    range.rows_max = rows_max;
    range.bytes_max = BYTES_MAX;
    range.reverse = prng_below(&driver->prng, 2) == 0;
    if (read_row(driver, &range.op, family) && !store_twin_agrees_range(&driver->twin, &range))
        wrong("rows", store_family_name(family));
    store_range_deinit(&range);
}

static void run_round(struct driver *driver)
{
    struct pending group[GROUP_MAX];
    size_t count = (size_t)prng_between(&driver->prng, 1, GROUP_MAX);
    say_number("asked", driver->number + (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        struct pending *pending = &group[i];
        pending->number = ++driver->number;
        store_commit_init(&pending->commit, ignore_done);
        store_twin_fill(&driver->twin, pending->number, &pending->commit.batch);
        submit(driver, &pending->commit.op);
    }
    settle(driver);
    size_t refused = 0;
    for (size_t i = 0; i < count; i++) {
        if (group[i].commit.op.status == STORE_OK)
            store_twin_apply(&driver->twin, group[i].number);
        else
            refused++;
        store_commit_deinit(&group[i].commit);
    }
    if (refused > 0)
        usleep(REFUSED_PAUSE_US);
    for (int i = 0; i < READS_PER_ROUND; i++)
        compare_row(driver);
    compare_family(driver, (enum store_family)prng_below(&driver->prng, STORE_FAMILIES),
                   1 + (uint32_t)prng_below(&driver->prng, 20));
}

static bool open_store(struct driver *driver, const char *directory)
{
    struct rocksdb_store_config config;
    char *error;
    rocksdb_store_config_init(&config, directory);
    config.block_cache_bytes = 64 << 10; /* most reads of files go to the disk */
    config.write_buffer_bytes = 256 << 10;
    config.space_reserve_bytes = 1 << 20;
    config.log = &driver->log;
    if (getenv("STORE_DRIVER_UNSYNCED") != NULL)
        config.durability = ROCKSDB_DURABILITY_INTERVAL;
    config.fatal = on_fatal;
    driver->rocksdb = rocksdb_store_open(&config, &error);
    if (driver->rocksdb == NULL) {
        say("unopened", error);
        free(error);
        return false;
    }
    driver->store = rocksdb_store_port(driver->rocksdb, on_posted, driver);
    return true;
}

/* The last batch that the store says it holds. False: it does not say. */
static bool read_last(struct driver *driver, uint32_t *last)
{
    struct buffer *value;
    *last = 0;
    if (rocksdb_store_read_now(driver->rocksdb, STORE_META, STORE_TWIN_LAST, &value) != STORE_OK) {
        say("unread", store_family_name(STORE_META));
        return false;
    }
    if (value != NULL) {
        char text[16] = "";
        memcpy(text, value->data, value->size < sizeof(text) ? value->size : sizeof(text) - 1);
        *last = (uint32_t)strtoul(text, NULL, 10);
    }
    buffer_unref(value);
    return true;
}

static bool is_refused(uint32_t number, char *const *refused)
{
    for (; *refused != NULL; refused++)
        if (strtoul(*refused, NULL, 10) == number)
            return true;
    return false;
}

/* Brings the twin to where the store says it is, and compares all rows. */
static void compare_all(struct driver *driver, uint32_t last, char *const *refused)
{
    for (uint32_t number = 1; number <= last; number++)
        if (!is_refused(number, refused))
            store_twin_apply(&driver->twin, number);
    for (size_t i = 0; i < STORE_FAMILIES; i++)
        compare_family(driver, (enum store_family)i, ROWS_MAX);
}

/* The highest of 1..number that was not refused. */
static uint32_t last_not_refused(uint32_t number, char *const *refused)
{
    while (number > 0 && is_refused(number, refused))
        number--;
    return number;
}

static void run(struct driver *driver, char **arguments)
{
    uint32_t rounds = (uint32_t)strtoul(arguments[3], NULL, 10);
    uint32_t acked = (uint32_t)strtoul(arguments[4], NULL, 10);
    uint32_t asked = (uint32_t)strtoul(arguments[5], NULL, 10);
    uint32_t last;
    if (!read_last(driver, &last))
        return;
    if (last < last_not_refused(acked, &arguments[6]) || last > asked)
        wrong("last", last > asked ? "nobody asked for it" : "acknowledged batches are lost");
    if (is_refused(last, &arguments[6]))
        wrong("last", "it was refused");
    compare_all(driver, last, &arguments[6]);
    say_number("opened", last);
    driver->number = last;
    for (uint32_t round = 0; round < rounds; round++)
        run_round(driver);
}

int main(int count, char **arguments)
{
    struct driver driver = {.log = {on_log, LOG_INFO}};
    if (count < 6) {
        fprintf(stderr, "usage: store-driver DIRECTORY SEED ROUNDS ACKED ASKED [REFUSED ...]\n");
        return STATUS_USAGE;
    }
    uint64_t seed = strtoull(arguments[2], NULL, 10);
    store_twin_init(&driver.twin, seed);
    prng_init(&driver.prng, seed);
    pthread_mutex_init(&driver.lock, NULL);
    pthread_cond_init(&driver.wake, NULL);
    bool opened = open_store(&driver, arguments[1]);
    if (opened) {
        run(&driver, arguments);
        rocksdb_store_close(driver.rocksdb);
    }
    store_twin_deinit(&driver.twin);
    return opened ? STATUS_DONE : STATUS_UNOPENED;
}
