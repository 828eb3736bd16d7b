/* Clocks across restarts, and the guard against wrong ones. */
#include <stdlib.h>

#include "cluster.h"
#include "hlc.h"
#include "meta.h"
#include "row.h"
#include "test_main.h"

static struct cluster cluster;

static struct version put_version(const char *name)
{
    struct cluster_request write;
    cluster_request_init(&write, REQUEST_WRITE, name, 0);
    cluster_value(&write.value, "x");
    write.request.value = writer_slice(&write.value);
    ck_assert_int_eq(cluster_ask(&cluster, 0, 0, &write), OUTCOME_OK);
    struct version version = write.request.version;
    cluster_request_deinit(&write);
    return version;
}

/* The highest ceiling that the disk holds. */
static uint64_t durable_ceiling(void)
{
    uint64_t highest = 0;
    for (uint16_t shard = 0; shard < cluster.shards; shard++) {
        struct meta_key key;
        struct store_get get;
        store_get_init(&get, STORE_META, meta_key_ceiling(&key, shard), (store_done)abort);
        while (!store_try_read(cluster.nodes[0].store[0], &get.op))
            continue;
        if (get.value == NULL)
            continue;
        struct reader reader = reader_of(buffer_slice(get.value));
        uint64_t ceiling = reader_get_u64(&reader);
        highest = ceiling > highest ? ceiling : highest;
        buffer_unref(get.value);
    }
    return highest;
}

/* Asks without letting the disk do anything, and looks at what was sent at once. */
static void check_first_stamps(void)
{
    struct cluster_request writes[4];
    for (size_t i = 0; i < array_size(writes); i++) {
        char name[2] = {(char)('a' + i), '\0'};
        cluster_request_init(&writes[i], REQUEST_WRITE, name, 0);
        writes[i].request.tombstone = true;
        node_on_request(cluster.nodes[0].shard[0], cluster_clock(&cluster, 0), &writes[i].request);
    }
    for (size_t i = 0; i < cluster.frames_count; i++) {
        struct frame frame;
        ck_assert_int_eq(frame_decode(buffer_slice(cluster.frames[i].buffer), &frame), FRAME_OK);
        if (frame.header.type == FRAME_WRITE)
            ck_assert_uint_le(row_ballot(frame.payload).hlc, durable_ceiling());
    }
    cluster_run_for(&cluster, 10000);
    for (size_t i = 0; i < array_size(writes); i++) {
        ck_assert_uint_eq(writes[i].answers, 1);
        cluster_request_deinit(&writes[i]);
    }
}

START_TEST(no_stamp_leaves_above_the_durable_ceiling)
{
    cluster_init(&cluster, 1, 1);
    for (int i = 0; i < 20; i++) {
        check_first_stamps();
        cluster_run_for(&cluster, 200000);
        if (i % 5 == 4) {
            cluster_crash(&cluster, 0);
            cluster_start(&cluster, 0);
        }
    }
    cluster_deinit(&cluster);
}
END_TEST

static void check_lives(uint16_t shards, int64_t step_us)
{
    struct version last = VERSION_NONE;
    cluster_init(&cluster, 1, shards);
    for (int life = 0; life < 6; life++) {
        for (unsigned i = 0; i < 20; i++) {
            char name[2] = {(char)('a' + i), '\0'};
            struct version version = put_version(name);
            /* Shards of one node stamp independently; within a life only one shard's rise. */
            if (shards == 1 || i == 0)
                ck_assert_uint_gt(version.hlc, last.hlc);
            ck_assert_uint_le(version.hlc, durable_ceiling());
            last = version_compare(version, last) > 0 ? version : last;
        }
        cluster_run_for(&cluster, 100000);
        cluster_crash(&cluster, 0);
        cluster.nodes[0].clock_us += step_us;
        cluster_start(&cluster, 0);
    }
    cluster_deinit(&cluster);
}

START_TEST(stamps_rise_across_restarts_whatever_the_clock_does)
{
    /* Set back by more than twice the guard, a node refuses its own stamps until time has caught
     * up: see below. */
    static const int64_t steps[] = {0, -120000, -1, 1000000};
    for (uint16_t shards = 1; shards <= CLUSTER_SHARDS_MAX; shards++) {
        for (size_t i = 0; i < array_size(steps); i++)
            check_lives(shards, steps[i]);
    }
}
END_TEST

START_TEST(a_clock_set_far_back_stops_writes_and_never_lowers_a_stamp)
{
    cluster_init(&cluster, 1, 1);
    struct version before = put_version("k");
    cluster_crash(&cluster, 0);
    cluster.nodes[0].clock_us -= 5000000;
    cluster_start(&cluster, 0);
    ck_assert_int_ne(cluster_put(&cluster, 0, "k", "x"), OUTCOME_OK);
    ck_assert(version_equal(cluster_held(&cluster, 0, "k"), before));
    cluster_run_for(&cluster, 5000000);
    ck_assert_uint_gt(put_version("k").hlc, before.hlc);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(quick_restarts_do_not_drive_the_clock_away)
{
    cluster_init(&cluster, 1, 1);
    for (int life = 0; life < 10; life++) {
        (void)put_version("k");
        cluster_crash(&cluster, 0);
        cluster_start(&cluster, 0);
    }
    struct version version = put_version("k");
    uint64_t now_ms = cluster_clock(&cluster, 0).wall_us / 1000;
    /* 400 ms by the first ceiling, then at least 50 ms a life that is over at once. */
    ck_assert_uint_le(hlc_to_ms(version.hlc), now_ms + 400 + 50 * 11);
    cluster_deinit(&cluster);
}
END_TEST

static uint64_t skewed(size_t node)
{
    struct node_stats stats;
    node_stats(cluster.nodes[node].shard[0], &stats);
    return stats.frames_skewed;
}

START_TEST(a_node_ahead_by_more_than_the_guard_is_refused)
{
    cluster_init(&cluster, 3, 1);
    ck_assert_uint_eq(skewed(0) + skewed(1), 0);
    cluster.nodes[2].clock_us = 400000;
    cluster_run_for(&cluster, 5000000);
    ck_assert_msg(skewed(0) + skewed(1) == 0, "within the guard");
    cluster.nodes[2].clock_us = 600000;
    cluster_run_for(&cluster, 5000000);
    ck_assert_uint_gt(skewed(0), 0);
    ck_assert_uint_gt(skewed(1), 0);
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "x"), OUTCOME_OK);
    struct version version = cluster_held(&cluster, 0, "k");
    uint64_t now_ms = cluster_clock(&cluster, 0).wall_us / 1000;
    ck_assert_msg(hlc_to_ms(version.hlc) <= now_ms + 500, "nobody was dragged along");
    cluster.nodes[2].clock_us = 0;
    cluster_run_for(&cluster, 60000000);
    enum outcome outcome;
    ck_assert_str_eq(cluster_get(&cluster, 2, "k", true, &outcome), "x");
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(a_node_far_behind_is_routed_around)
{
    cluster_init(&cluster, 3, 1);
    cluster.nodes[2].clock_us = -60000000;
    /* It refuses everybody's frames, so probes of it fail. */
    cluster_run_for(&cluster, 10000000);
    for (char i = 'a'; i < 'k'; i++) {
        char name[2] = {i, '\0'};
        ck_assert_int_eq(cluster_put(&cluster, 0, name, "x"), OUTCOME_OK);
    }
    ck_assert_uint_gt(skewed(2), 0);
    cluster_deinit(&cluster);
}
END_TEST

TEST_MAIN("restart", no_stamp_leaves_above_the_durable_ceiling,
          stamps_rise_across_restarts_whatever_the_clock_does,
          a_clock_set_far_back_stops_writes_and_never_lowers_a_stamp,
          quick_restarts_do_not_drive_the_clock_away,
          a_node_ahead_by_more_than_the_guard_is_refused, a_node_far_behind_is_routed_around)
