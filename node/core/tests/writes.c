#include "writes.h"

#include <stdio.h>
#include <string.h>

#include "cartwheel.pb-c.h"
#include "hlc.h"
#include "test_main.h"

struct cluster cluster;

enum { FINISHED_WITHIN_US = 15000000 /* even by the last of five home nodes */ };

void with_nodes(size_t nodes, void (*story)(void))
{
    for (uint16_t shards = 1; shards <= CLUSTER_SHARDS_MAX; shards++) {
        cluster_init(&cluster, nodes, shards);
        cluster_set_replicas(&cluster, (uint8_t)nodes);
        story();
        cluster_deinit(&cluster);
    }
}

void everywhere(void (*story)(void))
{
    for (size_t nodes = 1; nodes <= CLUSTER_NODES_MAX; nodes += 2)
        with_nodes(nodes, story);
}

struct quorum strict_quorum(void)
{
    uint8_t n = cluster.replicas;
    uint8_t majority = (uint8_t)(n / 2 + 1);
    return (struct quorum){n, majority, majority, false};
}

size_t node_number(size_t n)
{
    return n % cluster.count;
}

void write_init(struct cluster_request *write, const char *name, const char *text,
                const char *program)
{
    cluster_request_init(write, REQUEST_WRITE, name, 0);
    write->request.quorum = strict_quorum();
    write->request.tombstone = text == NULL;
    if (text != NULL)
        cluster_value(&write->value, text);
    write->request.value = writer_slice(&write->value);
    if (program != NULL)
        write->request.program = slice_of_string(program);
}

enum outcome run(size_t node, const char *name, const char *text, const char *program)
{
    struct cluster_request write;
    write_init(&write, name, text, program);
    enum outcome outcome = cluster_ask(&cluster, node_number(node), 0, &write);
    cluster_request_deinit(&write);
    return outcome;
}

const char *text_at(size_t node, const char *name)
{
    struct cluster_request read;
    cluster_request_init(&read, REQUEST_READ, name, 0);
    read.request.quorum = strict_quorum();
    read.request.consistent = true;
    ck_assert_int_eq(cluster_ask(&cluster, node, 0, &read), OUTCOME_OK);
    const char *text = cluster_text(read.request.result);
    cluster_request_deinit(&read);
    return text;
}

void check_text(const char *name, const char *text)
{
    for (size_t i = 0; i < cluster.count; i++) {
        if (cluster.nodes[i].shard[0] != NULL)
            ck_assert_str_eq(text_at(i, name), text);
    }
}

bool undecided_anywhere(const char *name)
{
    bool undecided = false;
    for (size_t rank = 0; rank < cluster.replicas; rank++) {
        size_t i = cluster_home(&cluster, name, rank);
        undecided |= cluster.nodes[i].shard[0] != NULL && cluster_undecided(&cluster, i, name);
    }
    return undecided;
}

bool settled(const char *name)
{
    struct version held = VERSION_NONE;
    bool equal = true, first = true;
    for (size_t rank = 0; rank < cluster.replicas; rank++) {
        size_t i = cluster_home(&cluster, name, rank);
        if (cluster.nodes[i].shard[0] == NULL)
            continue;
        struct version own = cluster_held(&cluster, i, name);
        equal &= first || version_equal(own, held);
        held = own;
        first = false;
    }
    return equal && !undecided_anywhere(name);
}

void settle_in_time(const char *name)
{
    cluster_run_for(&cluster, FINISHED_WITHIN_US);
    ck_assert_msg(!undecided_anywhere(name), "nobody has finished it");
    for (int i = 0; i < 300 && !settled(name); i++)
        cluster_run_for(&cluster, 1000000);
    check_settled(name);
}

void check_settled(const char *name)
{
    ck_assert_msg(settled(name), "the nodes differ, or a row is undecided");
}

struct version stamp_ahead(size_t node, uint64_t ahead_us)
{
    uint64_t wall_ms = (cluster_clock(&cluster, node).wall_us + ahead_us) / 1000;
    return (struct version){wall_ms << HLC_COUNTER_BITS, cluster.nodes[node].id};
}

void plant_promise(size_t from, size_t to, const char *name, struct version ballot)
{
    uint8_t storage[VERSION_SIZE];
    struct cluster_request key;
    Cartwheel__Prepare body = CARTWHEEL__PREPARE__INIT;
    struct frame_header header = {.type = FRAME_PREPARE,
                                  .request_id = UINT64_C(1) << 50,
                                  .from = cluster.nodes[from].id,
                                  .wall_us = cluster_clock(&cluster, from).wall_us};
    cluster_request_init(&key, REQUEST_READ, name, 0);
    header.to_shard = cluster_home_shard(&cluster, name);
    header.epoch = membership_epoch(node_membership(cluster.nodes[from].shard[0]));
    body.key = binary_of(key.request.key);
    body.ballot = binary_of_version(ballot, storage);
    struct buffer *frame = frame_encode(&header, &body.base, SLICE_EMPTY);
    node_on_frame(cluster.nodes[to].shard[header.to_shard], cluster_clock(&cluster, to),
                  header.from, buffer_slice(frame));
    buffer_unref(frame);
    cluster_request_deinit(&key);
    cluster_run_for(&cluster, 1000);
}

void lose_sight(size_t node, size_t other)
{
    for (uint16_t shard = 0; shard < cluster.shards; shard++)
        node_on_peer_down(cluster.nodes[node].shard[shard], cluster_clock(&cluster, node),
                          cluster.nodes[other].id);
}

void regain_sight(size_t node, size_t other)
{
    cluster_link(&cluster, node, other);
}
