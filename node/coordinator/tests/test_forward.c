/* Writes handed to the node that should coordinate them: both ends. */
#include <string.h>

#include "bench.h"
#include "test_main.h"

static struct bench bench;

enum { SELF = 1 /* not the key's first home node */ };

static void begin_forward(void)
{
    bench_init(&bench, 3, SELF);
    bench_request(&bench, REQUEST_WRITE, (struct quorum){3, 2, 2, true});
    bench.request.want_old_size = true;
    bench_submit(&bench);
}

static void end(void)
{
    ck_assert_uint_eq(bench.answers, 1);
    ck_assert_uint_eq(bench_count(&bench, FRAME_FORWARD), 1);
    bench_check_idle(&bench);
    request_release(&bench.request);
    bench_deinit(&bench);
}

START_TEST(the_first_live_home_node_is_asked_with_all_it_needs)
{
    begin_forward();
    struct bench_frame *forward = bench_find(&bench, FRAME_FORWARD, 0);
    ck_assert_ptr_nonnull(forward);
    const Cartwheel__Forward *body =
        (const Cartwheel__Forward *)frame_decode_body(&forward->frame, &bench.arena);
    ck_assert(slice_equal(slice_of_binary(body->key), writer_slice(&bench.key)));
    ck_assert(slice_equal(forward->frame.payload, writer_slice(&bench.value)));
    ck_assert(body->n == 3 && body->r == 2 && body->w == 2 && body->sloppy);
    ck_assert(body->want_old_size);
    ck_assert(!body->tombstone);
    ck_assert_msg(body->timeout_us > 2000000 && body->timeout_us < 3000000,
                  "less than this side waits for the answer");
    ck_assert_uint_eq(forward->frame.header.to_life, 1);
    bench_deinit(&bench);
    request_release(&bench.request);
}
END_TEST

START_TEST(every_outcome_comes_back)
{
    for (int outcome = OUTCOME_OK; outcome <= OUTCOME_FAILED + 1; outcome++) {
        uint8_t storage[VERSION_SIZE];
        Cartwheel__ForwardReply body = CARTWHEEL__FORWARD_REPLY__INIT;
        struct version version = {77, 1 << 16};
        begin_forward();
        body.outcome = (uint32_t)outcome;
        body.version = binary_of_version(version, storage);
        body.sloppy = true;
        body.old_size = 12;
        bench_reply(&bench, bench_find(&bench, FRAME_FORWARD, 0), FRAME_FORWARD_REPLY, &body.base,
                    SLICE_EMPTY, 2);
        bool known = outcome <= OUTCOME_FAILED;
        ck_assert_int_eq(bench.request.outcome, known ? outcome : OUTCOME_UNKNOWN);
        ck_assert(version_equal(bench.request.version, version));
        ck_assert(bench.request.sloppy);
        ck_assert_uint_eq(bench.request.old_size, 12);
        end();
    }
}
END_TEST

START_TEST(silence_means_unknown_and_never_another_coordinator)
{
    begin_forward();
    bench_pass(&bench, 500000);
    ck_assert_msg(!members_usable(&bench.members, 0), "later requests go around it");
    bench_pass(&bench, 2499999);
    ck_assert_uint_eq(bench.answers, 0);
    bench_pass(&bench, 1);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_UNKNOWN);
    bench_pass(&bench, MEMBER_SILENCE_US);
    ck_assert(members_usable(&bench.members, 0));
    ck_assert_msg(!members_trusted(&bench.members, 0), "the next write goes around it still");
    end();
}
END_TEST

START_TEST(a_broken_link_means_unknown)
{
    begin_forward();
    bench_unlink(&bench, 0);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_UNKNOWN);
    end();
}
END_TEST

START_TEST(the_deadline_ends_the_wait)
{
    bench_init(&bench, 3, SELF);
    bench_request(&bench, REQUEST_WRITE, (struct quorum){3, 2, 2, true});
    bench.request.deadline_us = bench.outbox.now.monotonic_us + 700000;
    bench_submit(&bench);
    bench_pass(&bench, 700000);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_UNKNOWN);
    end();
}
END_TEST

START_TEST(without_the_first_home_node_the_next_one_stamps)
{
    bench_init(&bench, 3, SELF);
    members_set_linked(&bench.members, 0, false);
    bench_request(&bench, REQUEST_WRITE, (struct quorum){3, 2, 2, true});
    bench_submit(&bench);
    bool here = bench.list[1] == SELF;
    ck_assert_uint_eq(bench_count(&bench, FRAME_FORWARD), here ? 0 : 1);
    ck_assert_uint_eq(bench_count(&bench, FRAME_WRITE), here ? 2 : 0);
    bench_deinit(&bench);
    request_release(&bench.request);
}
END_TEST

/* The receiving end. */

static void forward_fill(Cartwheel__Forward *body, uint8_t storage[VERSION_SIZE])
{
    cartwheel__forward__init(body);
    body->key = binary_of(writer_slice(&bench.key));
    body->n = 3;
    body->r = 1;
    body->w = 2;
    body->expected = binary_of_version(VERSION_NONE, storage);
    body->timeout_us = 5000000;
}

static bool take_forward(uint64_t request_id, const Cartwheel__Forward *body)
{
    return bench_receive(&bench, 2, FRAME_FORWARD, request_id, &body->base,
                         writer_slice(&bench.value));
}

/* The outcome told to the forwarder; -1: nothing was told yet. */
static int told(void)
{
    struct bench_frame *reply = bench_find(&bench, FRAME_FORWARD_REPLY, 2);
    if (reply == NULL)
        return -1;
    const Cartwheel__ForwardReply *body =
        (const Cartwheel__ForwardReply *)frame_decode_body(&reply->frame, &bench.arena);
    return (int)body->outcome;
}

START_TEST(a_forwarded_write_is_conducted_and_answered_once)
{
    Cartwheel__Forward body;
    uint8_t storage[VERSION_SIZE];
    bench_init(&bench, 3, 0);
    forward_fill(&body, storage);
    ck_assert(take_forward(55, &body));
    ck_assert_uint_eq(bench_count(&bench, FRAME_WRITE), 3);
    ck_assert_int_eq(told(), -1);
    for (size_t member = 0; member < 3; member++)
        bench_reply_write(&bench, bench_find(&bench, FRAME_WRITE, member), VERDICT_TOOK,
                          VERSION_NONE);
    ck_assert_int_eq(told(), OUTCOME_OK);
    ck_assert_uint_eq(bench_count(&bench, FRAME_FORWARD_REPLY), 1);
    bench_check_idle(&bench);
    bench_deinit(&bench);
}
END_TEST

START_TEST(who_is_behind_refuses_what_others_forward)
{
    Cartwheel__Forward body;
    uint8_t storage[VERSION_SIZE];
    bench_init(&bench, 3, 0);
    forward_fill(&body, storage);
    bench.coordinator.refuses_forwards = true;
    ck_assert(take_forward(55, &body));
    ck_assert_int_eq(told(), OUTCOME_OVERLOADED);
    ck_assert_uint_eq(bench_count(&bench, FRAME_WRITE), 0);
    ck_assert_uint_eq(bench.coordinator.forwarded_bytes, 0);
    bench.coordinator.refuses_forwards = false;
    ck_assert(take_forward(56, &body));
    ck_assert_uint_eq(bench_count(&bench, FRAME_WRITE), 3);
    ck_assert_uint_gt(bench.coordinator.forwarded_bytes, 0);
    for (size_t member = 0; member < 3; member++)
        bench_reply_write(&bench, bench_find(&bench, FRAME_WRITE, member), VERDICT_TOOK,
                          VERSION_NONE);
    ck_assert_uint_eq(bench.coordinator.forwarded_bytes, 0);
    bench_check_idle(&bench);
    bench_deinit(&bench);
}
END_TEST

static void spoil(Cartwheel__Forward *body, int what)
{
    switch (what) {
    case 0:
        body->key.len = 3;
        break;
    case 1:
        body->n = 0;
        break;
    case 2:
        body->n = REPLICAS_MAX + 1;
        break;
    case 3:
        body->w = 4;
        break;
    case 4:
        body->r = 0;
        break;
    case 5:
        body->w = 0;
        break;
    case 6:
        body->precondition = PRECONDITION_VERSION + 1;
        break;
    case 7:
        body->expected.len = 5;
        break;
    default:
        body->n = 259; /* 3, if cut to a byte */
        break;
    }
}

START_TEST(nonsense_is_not_acted_on)
{
    for (int what = 0; what <= 8; what++) {
        Cartwheel__Forward body;
        uint8_t storage[VERSION_SIZE];
        bench_init(&bench, 3, 0);
        forward_fill(&body, storage);
        spoil(&body, what);
        ck_assert(take_forward(55, &body));
        ck_assert_msg(told() == OUTCOME_UNAVAILABLE, "case %d", what);
        ck_assert_uint_eq(bench_count(&bench, FRAME_WRITE), 0);
        bench_check_idle(&bench);
        bench_deinit(&bench);
    }
}
END_TEST

START_TEST(what_the_network_held_back_is_not_begun)
{
    const uint64_t given_us = 2000000, skew_us = 500000;
    for (int late = 0; late <= 1; late++) {
        Cartwheel__Forward body;
        uint8_t storage[VERSION_SIZE];
        bench_init(&bench, 3, 0);
        forward_fill(&body, storage);
        body.timeout_us = given_us;
        bench.outbox.now.wall_us += 10000000;
        bench.age_us = given_us + skew_us + (uint64_t)late;
        ck_assert(take_forward(55, &body));
        ck_assert_int_eq(told(), late ? OUTCOME_UNAVAILABLE : -1);
        ck_assert_uint_eq(bench_count(&bench, FRAME_WRITE) > 0, !late);
        bench_deinit(&bench);
    }
}
END_TEST

TEST_MAIN("forward", the_first_live_home_node_is_asked_with_all_it_needs, every_outcome_comes_back,
          silence_means_unknown_and_never_another_coordinator, a_broken_link_means_unknown,
          the_deadline_ends_the_wait, without_the_first_home_node_the_next_one_stamps,
          a_forwarded_write_is_conducted_and_answered_once,
          who_is_behind_refuses_what_others_forward, nonsense_is_not_acted_on,
          what_the_network_held_back_is_not_begun)
