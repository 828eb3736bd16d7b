#include "bench.h"

#include <stdio.h>
#include <string.h>

#include "key.h"
#include "test_main.h"

enum { PARTITIONS = 16, PARTITION_KEYS = 255 };

node_id bench_id(size_t member)
{
    return (node_id)(member + 1) << 16;
}

static void keep_frame(struct transport *transport, struct address to, struct buffer *buffer)
{
    struct bench *bench = container_of(transport, struct bench, transport);
    ck_assert_uint_lt(bench->frames_count, BENCH_FRAMES_MAX);
    struct bench_frame *kept = &bench->frames[bench->frames_count++];
    *kept = (struct bench_frame){.buffer = buffer, .shard = to.shard};
    kept->to = (size_t)(to.node >> 16) - 1;
    ck_assert_int_eq(frame_decode(buffer_slice(buffer), &kept->frame), FRAME_OK);
}

static void members_make(struct bench *bench, size_t count, size_t self)
{
    struct member_config configs[BENCH_MEMBERS_MAX];
    static char names[BENCH_MEMBERS_MAX][24], addresses[BENCH_MEMBERS_MAX][40];
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "n%zu", i);
        snprintf(addresses[i], sizeof(addresses[i]), "127.0.0.%zu:7000", i + 1);
        configs[i] = (struct member_config){names[i], addresses[i], (char *)(uintptr_t) "", 100};
    }
    struct cluster_config cluster = {(char *)(uintptr_t) "test", PARTITIONS, configs, count};
    uint64_t incarnation = UINT64_C(1) << INCARNATION_START_SHIFT;
    struct peer_identity own = {bench_id(self), names[self], 1, incarnation};
    members_init(&bench->members, &cluster);
    members_set_self(&bench->members, &own);
    for (size_t i = 0; i < count; i++) {
        ck_assert(members_bind(&bench->members, slice_of_string(names[i]), bench_id(i)));
        members_set_status(&bench->members, i, MEMBER_ALIVE, incarnation);
        members_set_shards(&bench->members, i, 1);
        members_set_linked(&bench->members, i, true);
    }
}

/* A key whose first home node is member 0. */
static void key_make(struct bench *bench)
{
    writer_init(&bench->key, 0);
    for (uint8_t name = 0;; name++) {
        struct item_key key = item_key_of(BENCH_TABLE, slice_of(&name, 1), SLICE_EMPTY, PARTITIONS);
        membership_preference_list(&bench->members, key.partition, bench->list, BENCH_MEMBERS_MAX);
        if (bench->list[0] == 0) {
            item_key_encode(&bench->key, &key);
            return;
        }
        ck_assert_uint_lt(name, PARTITION_KEYS);
    }
}

static void value_make(struct bench *bench)
{
    writer_init(&bench->value, 0);
    writer_put_varint(&bench->value, 1);
    writer_put_sized(&bench->value, SLICE_LITERAL("v"));
    writer_put_u8(&bench->value, VALUE_STRING);
    writer_put_sized(&bench->value, SLICE_LITERAL("text"));
}

void bench_init(struct bench *bench, size_t members, size_t self)
{
    memset(bench, 0, sizeof(*bench));
    bench->transport.send = keep_frame;
    members_make(bench, members, self);
    key_make(bench);
    value_make(bench);
    timers_init(&bench->timers);
    prng_init(&bench->prng, 1);
    arena_init(&bench->arena);
    hlc_init(&bench->hlc, 0);
    hlc_raise_ceiling(&bench->hlc, UINT64_MAX / 2);
    bench->outbox = (struct outbox){.transport = &bench->transport,
                                    .hlc = &bench->hlc,
                                    .self = bench_id(self),
                                    .epoch = 1,
                                    .now = {1000000, UINT64_C(1700000000000000)}};
    bench->members.now_us = bench->outbox.now.monotonic_us;
    struct coordinator_config config = {.request_timeout_us = 10000000,
                                        .attempt_timeout_us = 1000000,
                                        .speculate_us = 50000,
                                        .clock_skew_max_us = 500000,
                                        .requests_max = 4};
    coordinator_init(&bench->coordinator, &config, &bench->members, &bench->outbox, &bench->timers,
                     &bench->hlc, &bench->prng, &bench->replica, NULL);
}

void bench_deinit(struct bench *bench)
{
    bench->outbox.closed = true;
    coordinator_deinit(&bench->coordinator);
    for (size_t i = 0; i < bench->frames_count; i++)
        buffer_unref(bench->frames[i].buffer);
    writer_deinit(&bench->key);
    writer_deinit(&bench->value);
    timers_deinit(&bench->timers);
    arena_deinit(&bench->arena);
    members_deinit(&bench->members);
}

static void on_done(struct request *request)
{
    struct bench *bench = container_of(request, struct bench, request);
    bench->answers++;
}

void bench_request(struct bench *bench, enum request_kind kind, struct quorum quorum)
{
    request_init(&bench->request, kind, on_done);
    bench->request.key = writer_slice(&bench->key);
    bench->request.value = writer_slice(&bench->value);
    bench->request.quorum = quorum;
}

void bench_submit(struct bench *bench)
{
    coordinator_submit(&bench->coordinator, &bench->request);
    bench_run(bench);
}

void bench_run(struct bench *bench)
{
    while (coordinator_run(&bench->coordinator))
        continue;
    arena_reset(&bench->arena);
}

void bench_pass(struct bench *bench, uint64_t length_us)
{
    uint64_t until_us = bench->outbox.now.monotonic_us + length_us;
    for (;;) {
        uint64_t next_us = timers_next(&bench->timers);
        uint64_t at_us = next_us < until_us ? next_us : until_us;
        if (at_us > bench->outbox.now.monotonic_us) {
            bench->outbox.now.wall_us += at_us - bench->outbox.now.monotonic_us;
            bench->outbox.now.monotonic_us = at_us;
            bench->members.now_us = at_us;
        }
        if (next_us > until_us)
            return;
        timers_run(&bench->timers, at_us);
        bench_run(bench);
    }
}

void bench_unlink(struct bench *bench, size_t member)
{
    members_set_linked(&bench->members, member, false);
    coordinator_on_peer_down(&bench->coordinator, member);
    bench_run(bench);
}

struct bench_frame *bench_find(struct bench *bench, enum frame_type type, size_t member)
{
    for (size_t i = 0; i < bench->frames_count; i++) {
        struct bench_frame *kept = &bench->frames[i];
        if (!kept->answered && kept->frame.header.type == type && kept->to == member)
            return kept;
    }
    return NULL;
}

void bench_forget_answered(struct bench *bench)
{
    size_t kept = 0;
    for (size_t i = 0; i < bench->frames_count; i++) {
        if (bench->frames[i].answered)
            buffer_unref(bench->frames[i].buffer);
        else
            bench->frames[kept++] = bench->frames[i];
    }
    bench->frames_count = kept;
}

size_t bench_count(const struct bench *bench, enum frame_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < bench->frames_count; i++)
        count += bench->frames[i].frame.header.type == type;
    return count;
}

bool bench_receive(struct bench *bench, size_t from, enum frame_type type, uint64_t request_id,
                   const ProtobufCMessage *body, struct slice payload)
{
    struct frame_header header = {.type = type,
                                  .request_id = request_id,
                                  .from = bench_id(from),
                                  .epoch = 1,
                                  .wall_us = bench->outbox.now.wall_us - bench->age_us};
    struct frame frame;
    struct buffer *encoded = frame_encode(&header, body, payload);
    ck_assert_int_eq(frame_decode(buffer_slice(encoded), &frame), FRAME_OK);
    bool good = coordinator_on_frame(&bench->coordinator, &frame, &bench->arena);
    bench_run(bench);
    buffer_unref(encoded);
    return good;
}

void bench_reply(struct bench *bench, struct bench_frame *frame, enum frame_type type,
                 const ProtobufCMessage *body, struct slice payload, unsigned copies)
{
    frame->answered = true;
    for (unsigned i = 0; i < copies; i++)
        ck_assert(
            bench_receive(bench, frame->to, type, frame->frame.header.request_id, body, payload));
}

void bench_reply_write(struct bench *bench, struct bench_frame *frame, enum verdict verdict,
                       struct version highest)
{
    uint8_t storage[VERSION_SIZE];
    Cartwheel__WriteReply body = CARTWHEEL__WRITE_REPLY__INIT;
    body.verdict = (uint32_t)verdict;
    body.highest = binary_of_version(highest, storage);
    bench_reply(bench, frame, FRAME_WRITE_REPLY, &body.base, SLICE_EMPTY, 2);
}

void bench_reply_hint(struct bench *bench, struct bench_frame *frame, enum verdict verdict)
{
    Cartwheel__HintReply body = CARTWHEEL__HINT_REPLY__INIT;
    body.verdict = (uint32_t)verdict;
    bench_reply(bench, frame, FRAME_HINT_REPLY, &body.base, SLICE_EMPTY, 2);
}

struct version bench_version(const struct bench_frame *frame)
{
    return row_ballot(frame->frame.payload);
}

void bench_check_idle(const struct bench *bench)
{
    ck_assert(coordinator_idle(&bench->coordinator));
    ck_assert_uint_eq(bench->coordinator.calls.count, 0);
    ck_assert_uint_eq(bench->coordinator.open, 0);
    for (size_t i = 0; i < membership_count(&bench->members); i++)
        ck_assert_uint_eq(bench->members.entries[i].in_flight, 0);
}
