/* The keys whose registers somebody should settle: noted once, in order, and found again after a
 * start. */
#include "undecided.h"

#include <stdlib.h>
#include <string.h>

#include "acceptor.h"
#include "memory_store.h"
#include "prng.h"
#include "test_main.h"

static struct memory_store *memory;
static struct store *store;
static struct undecided undecided;

static void submitted(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

static void setup(uint16_t shard, uint16_t shards)
{
    struct memory_store_config config = {.seed = 1, .sync = true};
    memory = memory_store_new(&config);
    store = memory_store_port(memory, submitted, NULL);
    undecided_init(&undecided, store, shard, shards);
}

static void teardown(void)
{
    undecided_deinit(&undecided);
    memory_store_free(memory);
}

struct key {
    uint8_t bytes[8];
};

/* Key `number` of a partition; the partition comes first, as in item keys. */
static struct slice key_of(struct key *key, uint8_t partition, unsigned number)
{
    *key = (struct key){
        {0, 0, 0, partition, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number, 1}};
    return slice_of(key->bytes, sizeof(key->bytes));
}

static void add(unsigned number, bool accepted, uint64_t now_us)
{
    struct key key;
    undecided_add(&undecided, key_of(&key, 0, number), accepted, now_us);
}

static void removed(unsigned number)
{
    struct key key;
    undecided_remove(&undecided, key_of(&key, 0, number));
}

static void settled(unsigned number)
{
    struct key key;
    undecided_settled(&undecided, key_of(&key, 0, number));
}

/* The noted keys are these, oldest first; up to the first 0. */
static void check_noted(const unsigned *numbers)
{
    struct key key;
    struct undecided_key *noted = undecided_keys_first(&undecided.keys);
    for (; *numbers != 0; numbers++) {
        ck_assert_ptr_nonnull(noted);
        ck_assert(slice_equal(noted->key, key_of(&key, 0, *numbers)));
        noted = undecided_keys_next(&undecided.keys, noted);
    }
    ck_assert_ptr_null(noted);
}

#define CHECK_NOTED(...) check_noted((const unsigned[]){__VA_ARGS__, 0})

START_TEST(keys_are_noted_once_and_in_order)
{
    setup(0, 1);
    add(3, true, 10);
    add(1, false, 20);
    add(2, true, 30);
    CHECK_NOTED(3, 1, 2);
    ck_assert_uint_eq(undecided_keys_first(&undecided.keys)->since_us, 10);
    /* Accepted again: somebody is at work on it. */
    add(3, true, 40);
    add(1, false, 50);
    CHECK_NOTED(1, 2, 3);
    ck_assert_uint_eq(undecided_keys_first(&undecided.keys)->since_us, 20);
    removed(1);
    removed(7);
    add(2, true, 60);
    CHECK_NOTED(3, 2);
    removed(3);
    removed(2);
    CHECK_NOTED(0);
    add(1, true, 40);
    CHECK_NOTED(1);
    ck_assert_uint_eq(undecided_keys_first(&undecided.keys)->since_us, 40);
    teardown();
}
END_TEST

/* The commit of what was accepted here is heard by a message of its own; a repair that was stopped
 * elsewhere is done with once the register is settled. */
START_TEST(a_settled_register_is_forgotten_unless_its_row_waits_here)
{
    setup(0, 1);
    add(1, true, 0);
    add(2, false, 0);
    add(3, false, 0);
    add(3, true, 0); /* by now it is accepted here as well */
    add(4, true, 0);
    add(4, false, 0); /* a repair too */
    for (unsigned number = 1; number <= 5; number++)
        settled(number);
    CHECK_NOTED(1, 3, 4);
    for (unsigned number = 1; number <= 5; number++)
        removed(number);
    CHECK_NOTED(0);
    teardown();
}
END_TEST

START_TEST(a_key_that_was_looked_at_goes_to_the_end)
{
    setup(0, 1);
    for (unsigned number = 1; number <= 3; number++)
        add(number, true, number);
    struct undecided_key *first = undecided_keys_first(&undecided.keys);
    undecided_touch(&undecided, first, 50);
    CHECK_NOTED(2, 3, 1);
    ck_assert_uint_eq(first->since_us, 50);
    ck_assert(first->accepted);
    removed(1);
    CHECK_NOTED(2, 3);
    undecided_touch(&undecided, undecided_keys_first(&undecided.keys), 1);
    CHECK_NOTED(3, 2);
    teardown();
}
END_TEST

/* A row of the promises family: a bare promise, or with an accepted row of `size` bytes. */
static void put_promise(uint8_t partition, unsigned number, size_t size)
{
    struct key key;
    struct store_commit commit;
    uint8_t *value = calloc(1, VERSION_SIZE + size);
    ck_assert_ptr_nonnull(value);
    store_commit_init(&commit, (store_done)abort);
    store_batch_put(&commit.batch, STORE_PROMISES, key_of(&key, partition, number),
                    slice_of(value, VERSION_SIZE + size));
    store_submit(store, &commit.op);
    ck_assert_ptr_eq(memory_store_finish_commit(memory), &commit.op);
    store_commit_deinit(&commit);
    free(value);
}

static void finish_reads(void)
{
    struct store_op *op;
    while ((op = memory_store_finish_read(memory)) != NULL)
        op->done(op);
}

START_TEST(a_start_finds_what_earlier_lives_accepted)
{
    setup(0, 1);
    put_promise(0, 1, 0);
    put_promise(0, 2, 40);
    put_promise(0, 3, 1);
    put_promise(0, 4, 0);
    ck_assert(!undecided.loaded);
    undecided_load(&undecided);
    finish_reads();
    ck_assert(undecided.loaded);
    ck_assert(!undecided.load_failed);
    CHECK_NOTED(2, 3);
    ck_assert(undecided_keys_first(&undecided.keys)->accepted);
    ck_assert_uint_eq(undecided_keys_first(&undecided.keys)->since_us, 0);
    teardown();
}
END_TEST

START_TEST(nothing_accepted_nothing_found)
{
    setup(0, 1);
    undecided_load(&undecided);
    finish_reads();
    ck_assert(undecided.loaded);
    CHECK_NOTED(0);
    teardown();
}
END_TEST

START_TEST(each_shard_finds_its_own_partitions)
{
    for (uint16_t shard = 0; shard < 3; shard++) {
        setup(shard, 3);
        for (uint8_t partition = 0; partition < 8; partition++)
            put_promise(partition, partition, 10);
        undecided_load(&undecided);
        finish_reads();
        size_t found = 0;
        for (struct undecided_key *noted = undecided_keys_first(&undecided.keys); noted != NULL;
             noted = undecided_keys_next(&undecided.keys, noted)) {
            ck_assert_uint_eq(noted->key.data[3] % 3, shard);
            found++;
        }
        ck_assert_uint_eq(found, shard < 2 ? 3 : 2);
        teardown();
    }
}
END_TEST

enum { MANY = 40, LARGE = 100000 };

/* More than one page; what is noted, or done with, while it loads is neither lost nor doubled. */
START_TEST(many_rows_are_found_page_by_page)
{
    setup(0, 1);
    for (unsigned number = 1; number <= MANY; number++)
        put_promise(0, number, number % 4 == 0 ? 0 : LARGE);
    undecided_load(&undecided);
    unsigned pages = 0;
    struct store_op *op;
    while ((op = memory_store_finish_read(memory)) != NULL) {
        ck_assert(!undecided.loaded);
        op->done(op);
        pages++;
        add(MANY - 1, true, 5);
    }
    ck_assert_uint_gt(pages, 2);
    ck_assert(undecided.loaded);
    ck_assert_uint_eq(undecided.keys.count, MANY - MANY / 4);
    teardown();
}
END_TEST

START_TEST(a_load_that_failed_is_tried_again)
{
    setup(0, 1);
    for (unsigned number = 1; number <= MANY; number++)
        put_promise(0, number, LARGE);
    memory_store_set_read_failures(memory, 1000000);
    undecided_load(&undecided);
    finish_reads();
    ck_assert(!undecided.loaded);
    ck_assert(undecided.load_failed);
    memory_store_set_read_failures(memory, 0);
    undecided_load(&undecided);
    ck_assert(!undecided.load_failed);
    struct store_op *op = memory_store_finish_read(memory);
    op->done(op);
    ck_assert(!undecided.loaded);
    memory_store_set_read_failures(memory, 1000000);
    finish_reads();
    ck_assert_msg(undecided.load_failed, "the second page failed");
    memory_store_set_read_failures(memory, 0);
    undecided_load(&undecided);
    finish_reads();
    ck_assert(undecided.loaded);
    ck_assert_uint_eq(undecided.keys.count, MANY);
    teardown();
}
END_TEST

/* A store that stopped never completes what is out. */
START_TEST(it_may_end_while_it_loads)
{
    struct prng prng;
    setup(0, 1);
    put_promise(0, 1, 10);
    undecided_load(&undecided);
    prng_init(&prng, 1);
    memory_store_crash(memory, &prng);
    teardown();
}
END_TEST

TEST_MAIN("undecided", keys_are_noted_once_and_in_order,
          a_settled_register_is_forgotten_unless_its_row_waits_here,
          a_key_that_was_looked_at_goes_to_the_end, a_start_finds_what_earlier_lives_accepted,
          nothing_accepted_nothing_found, each_shard_finds_its_own_partitions,
          many_rows_are_found_page_by_page, a_load_that_failed_is_tried_again,
          it_may_end_while_it_loads)
