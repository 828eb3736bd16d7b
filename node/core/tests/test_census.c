/* Nodes that come back: from a crash of the process, of the machine, or with a part of their memory
 * gone. */
#include <stdio.h>
#include <string.h>

#include "cartwheel.pb-c.h"
#include "census.h"
#include "cluster.h"
#include "meta.h"
#include "planted.h"
#include "test_main.h"

static struct cluster cluster;

static void with_lying_disks(void (*story)(void))
{
    for (uint16_t shards = 1; shards <= CLUSTER_SHARDS_MAX; shards++) {
        cluster_init_lying(&cluster, 3, shards);
        cluster.rude = true;
        story();
        cluster_deinit(&cluster);
    }
}

/* Shards of the node that must not vote. */
static uint64_t recovering(size_t index)
{
    return cluster_stats(&cluster, index).recovering;
}

static bool failed(size_t index)
{
    bool any = false;
    for (uint16_t shard = 0; shard < cluster.shards; shard++)
        any |= node_failure(cluster.nodes[index].shard[shard]) != NULL;
    return any;
}

static void write_some(size_t through, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "key-%u", i);
        ck_assert_int_eq(cluster_put(&cluster, through, name, "x"), OUTCOME_OK);
    }
    cluster_run_for(&cluster, 300000);
}

static void sync_all(void)
{
    for (size_t i = 0; i < cluster.count; i++)
        memory_store_sync(cluster.nodes[i].disk);
}

START_TEST(votes_are_counted_across_lives)
{
    cluster_init(&cluster, 3, 1);
    uint64_t before = cluster_stats(&cluster, 2).votes;
    write_some(0, 10);
    uint64_t after = cluster_stats(&cluster, 2).votes;
    ck_assert_uint_ge(after, before + 10);
    cluster_crash(&cluster, 2);
    cluster_start(&cluster, 2);
    ck_assert_uint_ge(cluster_stats(&cluster, 2).votes, after);
    cluster_deinit(&cluster);
}
END_TEST

static void everybody_is_born(void)
{
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(recovering(i), 0);
}

START_TEST(a_node_votes_from_its_birth_on)
{
    cluster_with_shards(&cluster, 3, everybody_is_born);
}
END_TEST

static void only_the_process_dies(void)
{
    write_some(0, 10);
    cluster_kill(&cluster, 2);
    cluster_start(&cluster, 2);
    ck_assert_uint_eq(recovering(2), 0);
    cluster_run_for(&cluster, 2000000);
    ck_assert_uint_eq(recovering(2), 0);
    ck_assert_msg(cluster_stats(&cluster, 2).census_answers > 0, "it asks all the same");
    ck_assert(!failed(2));
}

START_TEST(a_killed_process_votes_at_once)
{
    cluster_with_shards(&cluster, 3, only_the_process_dies);
}
END_TEST

static void the_power_fails(void)
{
    write_some(0, 10);
    cluster_crash(&cluster, 2);
    cluster_start(&cluster, 2);
    ck_assert_uint_eq(recovering(2), cluster.shards);
    cluster_run_for(&cluster, 1000000);
    ck_assert_uint_eq(recovering(2), 0);
    cluster_kill(&cluster, 2);
    cluster_start(&cluster, 2);
    ck_assert_msg(recovering(2) == 0, "it is trusted again");
    cluster_run_for(&cluster, 1000000);
    write_some(2, 10);
    ck_assert(!failed(2));
}

START_TEST(after_a_power_failure_it_waits_for_witnesses)
{
    cluster_with_shards(&cluster, 3, the_power_fails);
}
END_TEST

static void it_dies_again_while_it_recovers(void)
{
    cluster_crash(&cluster, 2);
    for (int life = 0; life < 3; life++) {
        cluster_start(&cluster, 2);
        ck_assert_uint_eq(recovering(2), cluster.shards);
        cluster_kill(&cluster, 2);
    }
    cluster_start(&cluster, 2);
    ck_assert_uint_eq(recovering(2), cluster.shards);
    cluster_run_for(&cluster, 1000000);
    ck_assert_uint_eq(recovering(2), 0);
}

START_TEST(a_process_that_dies_while_it_recovers_recovers_again)
{
    cluster_with_shards(&cluster, 3, it_dies_again_while_it_recovers);
}
END_TEST

static void all_lose_power(void)
{
    write_some(0, 10);
    for (size_t i = 0; i < 3; i++)
        cluster_crash(&cluster, i);
    for (size_t i = 0; i < 3; i++)
        cluster_start(&cluster, i);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(recovering(i), cluster.shards);
    cluster_run_for(&cluster, 1500000);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(recovering(i), 0);
        ck_assert(!failed(i));
    }
    write_some(1, 10);
}

START_TEST(nodes_that_recover_are_witnesses_for_each_other)
{
    cluster_with_shards(&cluster, 3, all_lose_power);
}
END_TEST

static void nobody_is_there(void)
{
    for (size_t i = 0; i < 3; i++)
        cluster_crash(&cluster, i);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 20000000);
    ck_assert_uint_eq(recovering(2), cluster.shards);
    cluster_start(&cluster, 1);
    cluster_run_for(&cluster, 15000000);
    ck_assert_msg(recovering(1) + recovering(2) == 0, "one witness is enough if no other is alive");
}

START_TEST(one_witness_is_needed)
{
    cluster_with_shards(&cluster, 3, nobody_is_there);
}
END_TEST

START_TEST(who_is_alone_needs_no_witness)
{
    cluster_init(&cluster, 1, 2);
    (void)cluster_put(&cluster, 0, "k", "x");
    cluster_crash(&cluster, 0);
    cluster_start(&cluster, 0);
    ck_assert_uint_eq(recovering(0), 0);
    cluster_deinit(&cluster);
}
END_TEST

/* The third node's disk forgets part of what it reported. */
static void lose_the_end(void)
{
    write_some(0, 20);
    sync_all();
    write_some(0, 100);
    memory_store_sync(cluster.nodes[0].disk);
    memory_store_sync(cluster.nodes[1].disk);
    uint64_t held = cluster_stats(&cluster, 2).votes;
    cluster_crash(&cluster, 2);
    cluster_start(&cluster, 2);
    ck_assert_uint_lt(cluster_stats(&cluster, 2).votes, held);
}

/* It stands still, and never starts again. */
static void expect_the_end(void)
{
    cluster_run_for(&cluster, 3000000);
    ck_assert(failed(2));
    ck_assert_uint_gt(recovering(2), 0);
    write_some(0, 5);
    cluster_run_for(&cluster, 10000000);
    ck_assert_uint_gt(recovering(2), 0);
    cluster_kill(&cluster, 2);
    cluster_start(&cluster, 2);
    ck_assert_ptr_eq(cluster.nodes[2].refused, boot_amnesia);
    ck_assert(!failed(0));
    ck_assert(!failed(1));
}

static void the_end_is_lost(void)
{
    lose_the_end();
    ck_assert_uint_eq(recovering(2), cluster.shards);
    expect_the_end();
}

START_TEST(a_node_that_lost_the_end_never_votes_again)
{
    with_lying_disks(the_end_is_lost);
}
END_TEST

static void an_old_copy_is_restored(void)
{
    write_some(0, 20);
    sync_all();
    write_some(0, 100);
    uint64_t held = cluster_stats(&cluster, 2).votes;
    cluster_crash(&cluster, 2);
    cluster.nodes[2].machine--;
    cluster_start(&cluster, 2);
    ck_assert_uint_lt(cluster_stats(&cluster, 2).votes, held);
    ck_assert_msg(recovering(2) == 0, "its machine has not restarted");
    expect_the_end();
}

START_TEST(an_old_copy_is_found_out_on_the_same_machine_too)
{
    with_lying_disks(an_old_copy_is_restored);
}
END_TEST

static void it_is_lossy_and_goes_on(void)
{
    cluster.rude = false;
    cluster.lossy = true;
    lose_the_end();
    cluster_run_for(&cluster, 3000000);
    ck_assert_uint_eq(recovering(2), 0);
    write_some(2, 10);
    /* That was said, and is no new loss. */
    cluster.lossy = false;
    cluster_kill(&cluster, 2);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 3000000);
    ck_assert(!failed(2));
}

START_TEST(who_asked_for_less_durability_goes_on)
{
    with_lying_disks(it_is_lossy_and_goes_on);
}
END_TEST

START_TEST(a_ceiling_of_the_clock_counts_as_a_vote)
{
    cluster_init(&cluster, 1, 1);
    uint64_t before = cluster_stats(&cluster, 0).votes;
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "x"), OUTCOME_OK);
    ck_assert_uint_ge(cluster_stats(&cluster, 0).votes, before + 2);
    cluster_deinit(&cluster);
}
END_TEST

static void the_witnesses_restart_first(void)
{
    write_some(0, 20);
    sync_all();
    write_some(0, 100);
    for (size_t i = 0; i < 2; i++)
        memory_store_sync(cluster.nodes[i].disk);
    for (size_t i = 0; i < 3; i++)
        cluster_crash(&cluster, i);
    for (size_t i = 0; i < 3; i++)
        cluster_start(&cluster, i);
    cluster_run_for(&cluster, 3000000);
    ck_assert(failed(2));
    ck_assert(!failed(0));
    ck_assert(!failed(1));
}

START_TEST(witnesses_remember_across_restarts)
{
    with_lying_disks(the_witnesses_restart_first);
}
END_TEST

/* All nodes come back with another number of shards. */
static void restart_with(uint16_t shards)
{
    for (size_t i = 0; i < 3; i++)
        cluster_crash(&cluster, i);
    cluster.shards = shards;
    for (size_t i = 0; i < 3; i++)
        cluster_start(&cluster, i);
    cluster_run_for(&cluster, 3000000);
}

START_TEST(the_number_of_shards_may_change)
{
    cluster_init(&cluster, 3, 2);
    write_some(0, 30);
    for (uint16_t i = 0; i < 4; i++) {
        restart_with(1 + i % 2);
        for (size_t node = 0; node < 3; node++) {
            ck_assert(!failed(node));
            ck_assert_uint_eq(recovering(node), 0);
        }
        write_some(i % 3, 30);
    }
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(what_a_shard_lost_that_is_no_more_counts_too)
{
    cluster_init_lying(&cluster, 3, 2);
    cluster.rude = true;
    write_some(0, 20);
    sync_all();
    /* Keys of partitions that the second shard serves, which is gone in the next life. */
    struct node_stats before, after;
    node_stats(cluster.nodes[2].shard[0], &before);
    unsigned written = 0;
    for (unsigned i = 0; written < 60; i++) {
        struct cluster_request key;
        char name[16];
        snprintf(name, sizeof(name), "key-%u", i);
        cluster_request_init(&key, REQUEST_WRITE, name, 0);
        bool second = (key.request.key.data[3] & 1) == 1;
        cluster_request_deinit(&key);
        if (!second)
            continue;
        ck_assert_int_eq(cluster_put(&cluster, 0, name, "x"), OUTCOME_OK);
        written++;
    }
    node_stats(cluster.nodes[2].shard[0], &after);
    ck_assert_uint_eq(after.votes, before.votes);
    cluster_run_for(&cluster, 300000);
    memory_store_sync(cluster.nodes[0].disk);
    memory_store_sync(cluster.nodes[1].disk);
    restart_with(1);
    ck_assert(failed(2));
    ck_assert(!failed(0));
    cluster_deinit(&cluster);
}
END_TEST

static uint64_t census_id;

static void note_census(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    struct frame decoded;
    ck_assert_int_eq(frame_decode(buffer_slice(frame->buffer), &decoded), FRAME_OK);
    if (decoded.header.type == FRAME_CENSUS && frame->from == 2)
        census_id = decoded.header.request_id;
}

/* To the third node's first shard, as if from the second node's first. */
static void answer_census(uint64_t id, uint32_t shard, uint64_t votes)
{
    Cartwheel__Heard number = CARTWHEEL__HEARD__INIT;
    Cartwheel__Heard *list[] = {&number};
    Cartwheel__CensusReply body = CARTWHEEL__CENSUS_REPLY__INIT;
    struct frame_header header = {.type = FRAME_CENSUS_REPLY, .epoch = 1, .request_id = id};
    header.from = cluster.nodes[1].id;
    header.wall_us = cluster_clock(&cluster, 1).wall_us;
    number.shard = shard;
    number.votes = votes;
    body.heard = list;
    body.n_heard = 1;
    struct buffer *frame = frame_encode(&header, &body.base, SLICE_EMPTY);
    node_on_frame(cluster.nodes[2].shard[0], cluster_clock(&cluster, 2), cluster.nodes[1].id,
                  buffer_slice(frame));
    buffer_unref(frame);
    cluster_run_for(&cluster, 1000);
}

/* The third node is back, the second is not. */
static void come_back_without_the_second(void)
{
    cluster_init(&cluster, 3, 1);
    write_some(0, 10);
    cluster.watch = note_census;
    cluster_crash(&cluster, 1);
    cluster_crash(&cluster, 2);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 15000000);
    ck_assert_msg(recovering(2) == 0, "the dead are not waited for");
}

START_TEST(a_late_witness_is_heard_too)
{
    come_back_without_the_second();
    answer_census(census_id, 0, cluster_stats(&cluster, 2).votes);
    ck_assert(!failed(2));
    cluster_deinit(&cluster);
    come_back_without_the_second();
    cluster.rude = true;
    answer_census(census_id, 0, cluster_stats(&cluster, 2).votes + 1);
    ck_assert(failed(2));
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(answers_to_other_questions_do_not_count)
{
    come_back_without_the_second();
    answer_census(census_id + 1, 0, UINT64_MAX);
    answer_census(0, 0, UINT64_MAX);
    ck_assert(!failed(2));
    ck_assert_uint_eq(cluster_stats(&cluster, 2).frames_malformed, 0);
    answer_census(census_id, SHARDS_MAX, 1);
    ck_assert_uint_eq(cluster_stats(&cluster, 2).frames_malformed, 1);
    ck_assert(!failed(2));
    cluster_deinit(&cluster);
}
END_TEST

static void somebody_is_slow_to_connect(void)
{
    /* Both peers are alive; the link to one comes up a little later than the other's answer. */
    write_some(0, 10);
    cluster_crash(&cluster, 1);
    cluster_crash(&cluster, 2);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 100000);
    ck_assert_msg(recovering(2) > 0, "it may yet hear of others");
    cluster_start(&cluster, 1);
    cluster_run_for(&cluster, 1500000);
    ck_assert_uint_eq(recovering(1) + recovering(2), 0);
}

START_TEST(witnesses_get_time_to_connect)
{
    cluster_with_shards(&cluster, 3, somebody_is_slow_to_connect);
}
END_TEST

#ifdef CARTWHEEL_TESTING
static void nobody_checks(void)
{
    planted_bug = PLANTED_SHORTENED_LOG;
    lose_the_end();
    cluster_run_for(&cluster, 3000000);
    ck_assert_uint_eq(recovering(2), 0);
    ck_assert(!failed(2));
    planted_bug = PLANTED_NONE;
}

START_TEST(the_planted_bug_is_one)
{
    with_lying_disks(nobody_checks);
}
END_TEST
#else
START_TEST(the_planted_bug_is_one)
{
    ck_assert(!PLANTED(SHORTENED_LOG));
}
END_TEST
#endif

TEST_MAIN("census", votes_are_counted_across_lives, a_node_votes_from_its_birth_on,
          a_killed_process_votes_at_once, after_a_power_failure_it_waits_for_witnesses,
          a_process_that_dies_while_it_recovers_recovers_again,
          nodes_that_recover_are_witnesses_for_each_other, one_witness_is_needed,
          who_is_alone_needs_no_witness, a_node_that_lost_the_end_never_votes_again,
          an_old_copy_is_found_out_on_the_same_machine_too, who_asked_for_less_durability_goes_on,
          a_ceiling_of_the_clock_counts_as_a_vote, witnesses_remember_across_restarts,
          the_number_of_shards_may_change, what_a_shard_lost_that_is_no_more_counts_too,
          a_late_witness_is_heard_too, answers_to_other_questions_do_not_count,
          witnesses_get_time_to_connect, the_planted_bug_is_one)
