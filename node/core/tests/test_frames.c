/* Frames as no honest peer sends them: changed, cut, forged. A node counts them and lives. */
#include <string.h>

#include "cartwheel.pb-c.h"
#include "cluster.h"
#include "hash.h"
#include "prng.h"
#include "test_main.h"

static struct cluster cluster;
static struct prng prng;

enum {
    CAPTURED_MAX = 900,
    LIFE_AT = 6,
    REQUEST_ID_AT = 16,
    BODY_CHECKSUM_AT = FRAME_HEADER_SIZE - 16,
    HEADER_CHECKSUM_AT = FRAME_HEADER_SIZE - 8
};

static uint64_t forged_id = UINT64_C(1) << 50; /* above all honest ones */
static struct cluster_frame captured[CAPTURED_MAX];
static size_t captured_count;

static void capture(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    if (captured_count == CAPTURED_MAX)
        return;
    captured[captured_count] = *frame;
    buffer_ref(frame->buffer);
    captured_count++;
}

static void add_one(size_t node, const char *name)
{
    struct cluster_request add;
    cluster_request_init(&add, REQUEST_WRITE, name, 0);
    cluster_value(&add.value, "1");
    add.request.value = writer_slice(&add.value);
    add.request.program = SLICE_LITERAL("add:1");
    add.request.want = WANT_ALL;
    (void)cluster_ask(&cluster, node, 0, &add);
    cluster_request_deinit(&add);
}

/* Every kind of traffic once: writes, conditional ones, reads, ranges, hints, exchanges, gossip,
 * announcements, leases. */
static void some_traffic(void)
{
    enum outcome outcome;
    struct throughput_limit limit = {CLUSTER_TABLE, THROUGHPUT_READ, 20, 1};
    for (size_t i = 0; i < 3; i++)
        if (cluster.nodes[i].shard[0] != NULL)
            ck_assert(node_admit(cluster.nodes[i].shard[0], cluster_clock(&cluster, i), &limit, 1));
    struct cluster_request other;
    for (char i = 'a'; i < 'e'; i++) {
        char name[2] = {i, '\0'};
        (void)cluster_put(&cluster, (size_t)(i % 2), name, "x");
        (void)cluster_get(&cluster, (size_t)(i % 2), name, true, &outcome);
        add_one((size_t)(i % 2), name);
    }
    cluster_request_init(&other, REQUEST_ANNOUNCE, "any", 0);
    other.request.value = SLICE_LITERAL("row");
    (void)cluster_ask(&cluster, 0, 0, &other);
    cluster_request_deinit(&other);
    cluster_request_init(&other, REQUEST_RANGE, "a", 0);
    struct cluster_request last;
    cluster_request_init(&last, REQUEST_RANGE, "a", 255);
    other.request.to = writer_slice(&last.key);
    other.request.consistent = true;
    other.request.rows_max = 10;
    other.request.bytes_max = 1000;
    (void)cluster_ask(&cluster, 1, 0, &other);
    cluster_request_deinit(&last);
    cluster_request_deinit(&other);
}

static void record(uint16_t shards)
{
    prng_init(&prng, 1);
    captured_count = 0;
    cluster_init(&cluster, 3, shards);
    cluster.watch = capture;
    some_traffic();
    cluster_crash(&cluster, 2);
    some_traffic();
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 3000000);
    cluster.watch = NULL;
    ck_assert_uint_gt(captured_count, 200);
}

static void forget(void)
{
    for (size_t i = 0; i < captured_count; i++)
        buffer_unref(captured[i].buffer);
    cluster_deinit(&cluster);
}

static void present(const struct cluster_frame *frame, struct slice bytes)
{
    node_on_frame(cluster.nodes[frame->to].shard[frame->shard], cluster_clock(&cluster, frame->to),
                  cluster.nodes[frame->from].id, bytes);
}

START_TEST(honest_traffic_is_never_malformed)
{
    for (uint16_t shards = 1; shards <= CLUSTER_SHARDS_MAX; shards++) {
        record(shards);
        for (size_t i = 0; i < 3; i++)
            ck_assert_uint_eq(cluster_stats(&cluster, i).frames_malformed, 0);
        forget();
    }
}
END_TEST

START_TEST(changed_frames_are_counted_and_dropped)
{
    record(2);
    for (int round = 0; round < 3000; round++) {
        const struct cluster_frame *frame = &captured[prng_below(&prng, captured_count)];
        if (frame->from == frame->to)
            continue;
        struct buffer *changed = buffer_from(buffer_slice(frame->buffer));
        uint64_t before = cluster_stats(&cluster, frame->to).frames_malformed;
        size_t at = (size_t)prng_below(&prng, changed->size);
        changed->data[at] ^= (uint8_t)(1 << prng_below(&prng, 8));
        present(frame, buffer_slice(changed));
        ck_assert_uint_eq(cluster_stats(&cluster, frame->to).frames_malformed, before + 1);
        present(frame, slice_of(changed->data, at));
        ck_assert_uint_eq(cluster_stats(&cluster, frame->to).frames_malformed, before + 2);
        buffer_unref(changed);
    }
    forget();
}
END_TEST

START_TEST(frames_of_strangers_and_for_other_shards_are_dropped)
{
    record(1);
    const struct cluster_frame *frame = &captured[0];
    uint64_t before = cluster_stats(&cluster, frame->to).frames_malformed;
    struct node *node = cluster.nodes[frame->to].shard[0];
    struct instant now = cluster_clock(&cluster, frame->to);
    size_t third = 3 - frame->to - frame->from;
    if (frame->from != frame->to) {
        node_on_frame(node, now, cluster.nodes[third].id, buffer_slice(frame->buffer));
        ck_assert_uint_eq(cluster_stats(&cluster, frame->to).frames_malformed, before + 1);
        before++;
    }
    node_on_frame(node, now, 99 << 16, buffer_slice(frame->buffer));
    ck_assert_uint_eq(cluster_stats(&cluster, frame->to).frames_malformed, before + 1);
    forget();
}
END_TEST

static void put_number(uint8_t *at, size_t size, uint64_t number)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
}

/* A changed frame that is new to its receiver, and whose checksum fits again. */
static struct buffer *forge(const struct cluster_frame *honest)
{
    struct buffer *forged = buffer_from(buffer_slice(honest->buffer));
    uint64_t life = cluster.nodes[honest->to].incarnation >> INCARNATION_START_SHIFT;
    put_number(forged->data + LIFE_AT, 2, life);
    if (prng_chance(&prng, 700000))
        put_number(forged->data + REQUEST_ID_AT, 8, ++forged_id);
    unsigned flips = 1 + (unsigned)prng_below(&prng, 3);
    for (unsigned i = 0; i < flips; i++) {
        size_t at = (size_t)prng_below(&prng, forged->size);
        forged->data[at] ^= (uint8_t)(1 << prng_below(&prng, 8));
    }
    struct slice rest =
        slice_of(forged->data + FRAME_HEADER_SIZE, forged->size - FRAME_HEADER_SIZE);
    put_number(forged->data + BODY_CHECKSUM_AT, 8, hash64(rest));
    put_number(forged->data + HEADER_CHECKSUM_AT, 8,
               hash64(slice_of(forged->data, HEADER_CHECKSUM_AT)));
    return forged;
}

static void check_forgeries(uint16_t shards, uint64_t seed)
{
    record(shards);
    prng_init(&prng, seed);
    cluster.rude = true;
    for (int round = 0; round < 5000; round++) {
        const struct cluster_frame *frame = &captured[prng_below(&prng, captured_count)];
        struct buffer *forged = forge(frame);
        present(frame, buffer_slice(forged));
        buffer_unref(forged);
        if (round % 100 == 0)
            cluster_run_for(&cluster, 20000);
    }
    cluster_run_for(&cluster, 3000000);
    forget();
}

START_TEST(forged_frames_do_no_harm_to_the_process)
{
    check_forgeries(1, 1);
    check_forgeries(2, 2);
}
END_TEST

static uint64_t repeated(size_t node)
{
    struct node_stats stats;
    node_stats(cluster.nodes[node].shard[0], &stats);
    return stats.frames_repeated;
}

START_TEST(a_write_that_the_network_repeats_is_taken_once)
{
    unsigned seen = 0;
    prng_init(&prng, 1);
    captured_count = 0;
    cluster_init(&cluster, 3, 1);
    cluster.watch = capture;
    some_traffic();
    cluster.watch = NULL;
    cluster_run_for(&cluster, 100000);
    for (size_t i = 0; i < captured_count; i++) {
        struct frame decoded;
        const struct cluster_frame *frame = &captured[i];
        uint64_t before = repeated(frame->to);
        size_t on_their_way = cluster.frames_count;
        ck_assert_int_eq(frame_decode(buffer_slice(frame->buffer), &decoded), FRAME_OK);
        if (!frame_is_once(decoded.header.type))
            continue;
        present(frame, buffer_slice(frame->buffer));
        ck_assert_uint_eq(repeated(frame->to), before + 1);
        ck_assert_uint_eq(cluster.frames_count, on_their_way);
        seen++;
    }
    ck_assert_uint_gt(seen, 10);
    forget();
}
END_TEST

START_TEST(a_write_meant_for_an_earlier_life_is_dropped)
{
    Cartwheel__Write body = CARTWHEEL__WRITE__INIT;
    cluster_init(&cluster, 3, 1);
    for (uint16_t life = 0; life < 4; life++) {
        struct frame_header header = {.type = FRAME_WRITE, .epoch = 1, .to_life = life};
        uint64_t before = repeated(0);
        header.from = cluster.nodes[1].id;
        header.request_id = ++forged_id;
        header.wall_us = cluster_clock(&cluster, 1).wall_us;
        struct buffer *write = frame_encode(&header, &body.base, SLICE_EMPTY);
        node_on_frame(cluster.nodes[0].shard[0], cluster_clock(&cluster, 0), cluster.nodes[1].id,
                      buffer_slice(write));
        ck_assert_uint_eq(repeated(0), before + (life == 1 ? 0 : 1));
        buffer_unref(write);
    }
    cluster_deinit(&cluster);
}
END_TEST

/* Node 0 gets the frame from node 1. */
static void tell(enum frame_type type, const ProtobufCMessage *body, struct slice payload)
{
    struct frame_header header = {.type = type, .epoch = 1};
    header.from = cluster.nodes[1].id;
    header.request_id = ++forged_id;
    header.to_life = (uint16_t)(cluster.nodes[0].incarnation >> INCARNATION_START_SHIFT);
    header.wall_us = cluster_clock(&cluster, 1).wall_us;
    struct buffer *frame = frame_encode(&header, body, payload);
    node_on_frame(cluster.nodes[0].shard[0], cluster_clock(&cluster, 0), cluster.nodes[1].id,
                  buffer_slice(frame));
    buffer_unref(frame);
}

START_TEST(a_payload_where_none_belongs_is_refused)
{
    uint8_t ballot[VERSION_SIZE];
    struct cluster_request key;
    Cartwheel__Prepare prepare = CARTWHEEL__PREPARE__INIT;
    Cartwheel__Commit commit = CARTWHEEL__COMMIT__INIT;
    cluster_init(&cluster, 3, 1);
    cluster_request_init(&key, REQUEST_READ, "k", 0);
    prepare.key = commit.key = binary_of(key.request.key);
    prepare.ballot = commit.ballot =
        binary_of_version((struct version){1, cluster.nodes[1].id}, ballot);
    tell(FRAME_PREPARE, &prepare.base, SLICE_LITERAL("no row"));
    tell(FRAME_COMMIT, &commit.base, SLICE_LITERAL("no row"));
    cluster_run_for(&cluster, 100000);
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "x"), OUTCOME_OK);
    cluster_request_deinit(&key);
    cluster_deinit(&cluster);
}
END_TEST

/* Finds a call that node 0's repair waits for. */
static uint64_t pending_repair_call;

static void note_sums(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    struct frame decoded;
    ck_assert_int_eq(frame_decode(buffer_slice(frame->buffer), &decoded), FRAME_OK);
    if (decoded.header.type == FRAME_SUMS && frame->from == 0)
        pending_repair_call = decoded.header.request_id;
}

static bool answers_forward(const struct cluster_frame *frame, uint64_t request_id)
{
    struct frame decoded;
    ck_assert_int_eq(frame_decode(buffer_slice(frame->buffer), &decoded), FRAME_OK);
    return decoded.header.type == FRAME_FORWARD_REPLY && decoded.header.request_id == request_id;
}

START_TEST(ids_of_different_nodes_do_not_meet)
{
    /* Each node counts its own requests, so a peer's FORWARD may carry the id of a call that is out
     * here; it must be served all the same. */
    struct cluster_request key;
    struct frame_header header = {.type = FRAME_FORWARD, .epoch = 1};
    Cartwheel__Forward body = CARTWHEEL__FORWARD__INIT;
    cluster_init(&cluster, 3, 1);
    cluster.watch = note_sums;
    for (int i = 0; i < 20000 && pending_repair_call == 0; i++)
        cluster_run_for(&cluster, 1000);
    ck_assert_uint_ne(pending_repair_call, 0);
    pending_repair_call = 0;
    while (pending_repair_call == 0)
        cluster_run_for(&cluster, 10);
    cluster_request_init(&key, REQUEST_READ, "k", 0);
    body.key = binary_of(key.request.key);
    header.from = cluster.nodes[1].id;
    header.request_id = pending_repair_call;
    header.to_life = (uint16_t)(cluster.nodes[0].incarnation >> INCARNATION_START_SHIFT);
    header.wall_us = cluster_clock(&cluster, 1).wall_us;
    struct buffer *forward = frame_encode(&header, &body.base, SLICE_EMPTY);
    node_on_frame(cluster.nodes[0].shard[0], cluster_clock(&cluster, 0), cluster.nodes[1].id,
                  buffer_slice(forward));
    bool answered = false;
    for (size_t i = 0; i < cluster.frames_count; i++)
        answered |= answers_forward(&cluster.frames[i], header.request_id);
    ck_assert_msg(answered, "a FORWARD with the id of an own call was dropped");
    buffer_unref(forward);
    cluster_request_deinit(&key);
    cluster_deinit(&cluster);
}
END_TEST

TEST_MAIN("frames", honest_traffic_is_never_malformed, changed_frames_are_counted_and_dropped,
          frames_of_strangers_and_for_other_shards_are_dropped,
          a_write_that_the_network_repeats_is_taken_once,
          a_write_meant_for_an_earlier_life_is_dropped, forged_frames_do_no_harm_to_the_process,
          a_payload_where_none_belongs_is_refused, ids_of_different_nodes_do_not_meet)
