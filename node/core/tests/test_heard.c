/* What witnesses remember, and when they write it. */
#include "heard.h"

#include <stdlib.h>

#include "memory_store.h"
#include "meta.h"
#include "test_main.h"

static struct memory_store *memory;
static struct store *store;
static struct timers timers;
static struct outbox outbox;
static struct heard heard;

static const node_id peer = UINT64_C(0xaaaa0000);
static const node_id other = UINT64_C(0xbbbb0000);

/* Starts of a peer. */
enum { FIRST_LIFE = 1001, NEXT_LIFE = 2002 };

static void submitted(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

static void begin(uint16_t shard)
{
    outbox = (struct outbox){.shard = shard, .now = {1000000, 0}};
    timers_init(&timers);
    heard_init(&heard, &outbox, &timers, store, NULL);
}

static void setup(void)
{
    struct memory_store_config config = {.seed = 1, .sync = true};
    memory = memory_store_new(&config);
    store = memory_store_port(memory, submitted, NULL);
    begin(0);
}

static void end(void)
{
    struct prng prng;
    prng_init(&prng, 1);
    memory_store_crash(memory, &prng);
    heard_deinit(&heard);
    timers_deinit(&timers);
}

static void teardown(void)
{
    end();
    memory_store_free(memory);
}

static bool finish_commit(void)
{
    struct store_op *op = memory_store_finish_commit(memory);
    if (op != NULL)
        op->done(op);
    return op != NULL;
}

static void note(node_id from, uint16_t shard, uint64_t start, uint64_t votes)
{
    struct frame_header header = {
        .from = from, .from_shard = shard, .start = start, .votes = votes};
    heard_note(&heard, &header);
}

static void finish_load(void)
{
    struct store_op *op = memory_store_finish_read(memory);
    ck_assert_ptr_nonnull(op);
    op->done(op);
}

static void load(void)
{
    heard_load(&heard);
    finish_load();
    ck_assert(heard.loaded);
}

static void run_for(uint64_t length_us)
{
    outbox.now.monotonic_us += length_us;
    timers_run(&timers, outbox.now.monotonic_us);
}

START_TEST(the_highest_number_counts)
{
    setup();
    load();
    ck_assert_uint_eq(heard_before(&heard, peer, 0, NEXT_LIFE), 0);
    note(peer, 0, FIRST_LIFE, 5);
    note(peer, 0, FIRST_LIFE, 3);
    note(peer, 63, FIRST_LIFE, 9);
    note(other, 0, FIRST_LIFE, 7);
    ck_assert_uint_eq(heard_before(&heard, peer, 0, NEXT_LIFE), 5);
    ck_assert_uint_eq(heard_before(&heard, peer, 63, NEXT_LIFE), 9);
    ck_assert_uint_eq(heard_before(&heard, other, 0, NEXT_LIFE), 7);
    teardown();
}
END_TEST

START_TEST(the_life_that_asks_does_not_count)
{
    setup();
    load();
    note(peer, 0, FIRST_LIFE, 100);
    note(peer, 0, NEXT_LIFE, 70);
    ck_assert_uint_eq(heard_before(&heard, peer, 0, NEXT_LIFE), 100);
    ck_assert_uint_eq(heard_before(&heard, peer, 0, FIRST_LIFE), 70);
    note(peer, 0, NEXT_LIFE, 300);
    ck_assert_msg(heard_before(&heard, peer, 0, NEXT_LIFE) == 100, "its own votes are no loss");
    note(peer, 0, FIRST_LIFE, 110);
    ck_assert_msg(heard_before(&heard, peer, 0, NEXT_LIFE) == 110, "a late frame counts");
    run_for(HEARD_FLUSH_US);
    ck_assert(finish_commit());
    end();
    begin(0);
    load();
    ck_assert_msg(heard_before(&heard, peer, 0, NEXT_LIFE) == 110,
                  "nor after the witness's restart");
    ck_assert_uint_eq(heard_before(&heard, peer, 0, FIRST_LIFE), 300);
    teardown();
}
END_TEST

START_TEST(many_lives_come_to_their_highest_number)
{
    setup();
    load();
    for (uint64_t life = 1; life <= 50; life++) {
        note(peer, 0, life, life % 7 == 0 ? life * 10 : life);
        uint64_t most = 0;
        for (uint64_t before = 1; before < life; before++) {
            uint64_t votes = before % 7 == 0 ? before * 10 : before;
            most = votes > most ? votes : most;
        }
        ck_assert_uint_eq(heard_before(&heard, peer, 0, life), most);
    }
    teardown();
}
END_TEST

START_TEST(late_frames_of_many_lives_do_not_hide_the_present_one)
{
    setup();
    load();
    note(peer, 0, NEXT_LIFE, 84);
    for (uint64_t life = 1; life <= 20; life++)
        note(peer, 0, life, 40 + life);
    ck_assert_uint_eq(heard_before(&heard, peer, 0, NEXT_LIFE), 60);
    run_for(HEARD_FLUSH_US);
    ck_assert(finish_commit());
    end();
    begin(1);
    load();
    for (uint64_t life = 21; life <= 40; life++)
        note(peer, 0, life, 40 + life);
    run_for(HEARD_FLUSH_US);
    ck_assert(finish_commit());
    end();
    begin(0);
    load();
    ck_assert_uint_eq(heard_before(&heard, peer, 0, NEXT_LIFE), 80);
    ck_assert_uint_eq(heard_before(&heard, peer, 0, NEXT_LIFE + 1), 84);
    teardown();
}
END_TEST

START_TEST(what_rose_is_written_once_in_a_while)
{
    setup();
    load();
    note(peer, 0, FIRST_LIFE, 5);
    ck_assert(!finish_commit());
    run_for(HEARD_FLUSH_US);
    note(peer, 0, FIRST_LIFE, 6);
    run_for(HEARD_FLUSH_US);
    ck_assert_uint_eq(memory_store_commits_pending(memory), 1);
    ck_assert(finish_commit());
    run_for(HEARD_FLUSH_US - 1);
    ck_assert(!finish_commit());
    run_for(1);
    ck_assert(finish_commit());
    run_for(10 * HEARD_FLUSH_US);
    ck_assert_msg(!finish_commit(), "nothing rose");
    teardown();
}
END_TEST

START_TEST(it_survives_restarts_whichever_shard_heard_it)
{
    setup();
    load();
    note(peer, 2, FIRST_LIFE, 500);
    note(other, 0, FIRST_LIFE, 7);
    run_for(HEARD_FLUSH_US);
    ck_assert(finish_commit());
    end();
    begin(1);
    load();
    ck_assert_uint_eq(heard_before(&heard, peer, 2, NEXT_LIFE), 500);
    note(peer, 2, FIRST_LIFE, 400);
    note(other, 0, FIRST_LIFE, 8);
    run_for(HEARD_FLUSH_US);
    ck_assert(finish_commit());
    end();
    begin(0);
    load();
    ck_assert_uint_eq(heard_before(&heard, peer, 2, NEXT_LIFE), 500);
    ck_assert_uint_eq(heard_before(&heard, other, 0, NEXT_LIFE), 8);
    teardown();
}
END_TEST

START_TEST(nothing_is_written_over_what_is_not_read_yet)
{
    setup();
    load();
    note(peer, 0, FIRST_LIFE, 500);
    run_for(HEARD_FLUSH_US);
    ck_assert(finish_commit());
    end();
    begin(0);
    heard_load(&heard);
    note(peer, 0, FIRST_LIFE, 4);
    run_for(10 * HEARD_FLUSH_US);
    ck_assert(!finish_commit());
    finish_load();
    ck_assert_uint_eq(heard_before(&heard, peer, 0, NEXT_LIFE), 500);
    run_for(HEARD_FLUSH_US);
    (void)finish_commit();
    end();
    begin(0);
    load();
    ck_assert_uint_eq(heard_before(&heard, peer, 0, NEXT_LIFE), 500);
    teardown();
}
END_TEST

START_TEST(a_full_disk_is_tried_again)
{
    setup();
    load();
    note(peer, 0, FIRST_LIFE, 5);
    memory_store_set_no_space(memory, true);
    for (int i = 0; i < 3; i++) {
        run_for(HEARD_FLUSH_US);
        ck_assert(finish_commit());
    }
    memory_store_set_no_space(memory, false);
    run_for(HEARD_FLUSH_US);
    ck_assert(finish_commit());
    end();
    begin(0);
    load();
    ck_assert_uint_eq(heard_before(&heard, peer, 0, NEXT_LIFE), 5);
    teardown();
}
END_TEST

START_TEST(a_load_that_fails_is_made_again)
{
    setup();
    memory_store_set_read_failures(memory, 1000000);
    heard_load(&heard);
    heard_load(&heard);
    finish_load();
    ck_assert(!heard.loaded);
    memory_store_set_read_failures(memory, 0);
    load();
    teardown();
}
END_TEST

START_TEST(rows_that_make_no_sense_are_passed_over)
{
    struct store_commit commit;
    setup();
    store_commit_init(&commit, (store_done)abort);
    store_batch_put(&commit.batch, STORE_META, SLICE_LITERAL("heard/0/x"), SLICE_LITERAL("short"));
    store_batch_put(&commit.batch, STORE_META, SLICE_LITERAL("heard/0/y"),
                    SLICE_LITERAL("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7"));
    store_submit(store, &commit.op);
    ck_assert_ptr_eq(memory_store_finish_commit(memory), &commit.op);
    store_commit_deinit(&commit);
    load();
    ck_assert_uint_eq(heard.numbers.count, 0);
    teardown();
}
END_TEST

TEST_MAIN("heard", the_highest_number_counts, the_life_that_asks_does_not_count,
          many_lives_come_to_their_highest_number,
          late_frames_of_many_lives_do_not_hide_the_present_one,
          what_rose_is_written_once_in_a_while, it_survives_restarts_whichever_shard_heard_it,
          nothing_is_written_over_what_is_not_read_yet, a_full_disk_is_tried_again,
          a_load_that_fails_is_made_again, rows_that_make_no_sense_are_passed_over)
