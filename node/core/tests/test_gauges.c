/* What a node says of its queues: full while something is under way, empty once all is done. */
#include <string.h>

#include "cluster.h"
#include "node_gauges.h"
#include "test_main.h"

static struct cluster cluster;

/* The gauge of that name, on the first shard of a node. */
static struct node_gauge gauge_of(size_t node, const char *name)
{
    struct node_gauge gauges[NODE_GAUGES_MAX];
    size_t count = node_gauges(cluster.nodes[node].shard[0], gauges);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(gauges[i].name, name) == 0)
            return gauges[i];
    }
    ck_abort_msg("no gauge is named %s", name);
    return gauges[0];
}

static void check_all(bool at_rest)
{
    struct node_gauge gauges[NODE_GAUGES_MAX];
    for (size_t node = 0; node < cluster.count; node++) {
        size_t count = node_gauges(cluster.nodes[node].shard[0], gauges);
        for (size_t i = 0; i < count; i++)
            ck_assert_msg(gauges[i].used <= (at_rest ? gauges[i].rest : gauges[i].limit), "%llu %s",
                          (unsigned long long)gauges[i].used, gauges[i].name);
    }
}

START_TEST(what_is_under_way_is_counted_and_gone_when_it_is_done)
{
    struct cluster_request write;
    cluster_init(&cluster, 3, 1);
    size_t primary = cluster_home(&cluster, "k", 0);
    cluster_request_init(&write, REQUEST_WRITE, "k", 0);
    cluster_value(&write.value, "text");
    write.request.value = writer_slice(&write.value);
    cluster_submit(&cluster, primary, 0, &write);
    ck_assert_uint_eq(gauge_of(primary, "requests").used, 1);
    ck_assert_uint_ge(gauge_of(primary, "calls of requests").used, 2);
    check_all(false);
    cluster_run_for(&cluster, 5000000);
    ck_assert_uint_eq(write.answers, 1);
    check_all(true);
    cluster_request_deinit(&write);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(hints_are_counted_until_they_are_delivered)
{
    cluster_init(&cluster, 3, 1);
    size_t primary = cluster_home(&cluster, "k", 0);
    size_t away = cluster_home(&cluster, "k", 2);
    cluster_crash(&cluster, away);
    ck_assert_int_eq(cluster_put(&cluster, primary, "k", "text"), OUTCOME_OK);
    cluster_run_for(&cluster, 2000000);
    ck_assert_uint_gt(gauge_of(primary, "bytes of hints").used, 0);
    ck_assert_uint_eq(gauge_of(primary, "hints").used, 1);
    cluster_start(&cluster, away);
    cluster_run_for(&cluster, 20000000);
    ck_assert_uint_eq(gauge_of(primary, "hints").used, 0);
    check_all(true);
    cluster_deinit(&cluster);
}
END_TEST

TEST_MAIN("gauges", what_is_under_way_is_counted_and_gone_when_it_is_done,
          hints_are_counted_until_they_are_delivered)
