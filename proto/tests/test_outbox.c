#include "outbox.h"

#include "cartwheel.pb-c.h"
#include "test_main.h"

/* Keeps the last frame sent. */
struct catcher {
    struct transport transport;
    struct address to;
    struct buffer *frame;
    unsigned sent;
};

static void catch_frame(struct transport *self, struct address to, struct buffer *frame)
{
    struct catcher *catcher = container_of(self, struct catcher, transport);
    buffer_unref(catcher->frame);
    catcher->to = to;
    catcher->frame = frame;
    catcher->sent++;
}

static const node_id self_id = UINT64_C(0xaaaa0000);

static struct outbox outbox_over(struct catcher *catcher, const struct hlc *hlc)
{
    return (struct outbox){.transport = &catcher->transport,
                           .hlc = hlc,
                           .self = self_id,
                           .shard = 3,
                           .epoch = 9,
                           .now = {500, 1700000000000000}};
}

START_TEST(frames_carry_the_senders_clocks_epoch_and_votes)
{
    struct catcher catcher = {.transport = {catch_frame}};
    struct hlc hlc;
    hlc_init(&hlc, 0);
    hlc_observe(&hlc, hlc_from_ms(1800000000000));
    struct outbox outbox = outbox_over(&catcher, &hlc);
    Cartwheel__Sums body = CARTWHEEL__SUMS__INIT;
    struct address to = {UINT64_C(0xbbbb0000), 7, 5};
    uint64_t votes = 1234;
    outbox.votes = &votes;
    outbox.start = 77;
    outbox_send(&outbox, to, FRAME_SUMS, 42, &body.base, SLICE_LITERAL("abc"));
    struct frame frame;
    ck_assert_int_eq(frame_decode(buffer_slice(catcher.frame), &frame), FRAME_OK);
    ck_assert_uint_eq(catcher.to.node, to.node);
    ck_assert_uint_eq(frame.header.to_shard, 7);
    ck_assert_uint_eq(frame.header.to_life, 5);
    ck_assert_uint_eq(frame.header.from_shard, 3);
    ck_assert_uint_eq(frame.header.from, self_id);
    ck_assert_uint_eq(frame.header.request_id, 42);
    ck_assert_uint_eq(frame.header.epoch, 9);
    ck_assert_uint_eq(frame.header.votes, 1234);
    ck_assert_uint_eq(frame.header.start, 77);
    ck_assert_uint_eq(frame.header.wall_us, 1700000000000000);
    ck_assert_uint_eq(frame.header.hlc, hlc_from_ms(1800000000000));
    ck_assert(slice_equal(frame.payload, SLICE_LITERAL("abc")));
    buffer_unref(catcher.frame);
}
END_TEST

START_TEST(a_reply_goes_back_to_the_shard_that_asked)
{
    struct catcher catcher = {.transport = {catch_frame}};
    struct hlc hlc;
    hlc_init(&hlc, 0);
    struct outbox outbox = outbox_over(&catcher, &hlc);
    struct frame_header asked = {.type = FRAME_SUMS,
                                 .to_shard = 3,
                                 .from_shard = 5,
                                 .request_id = 77,
                                 .from = UINT64_C(0xcccc0000)};
    Cartwheel__SumsReply body = CARTWHEEL__SUMS_REPLY__INIT;
    outbox_reply(&outbox, &asked, FRAME_SUMS_REPLY, &body.base, SLICE_EMPTY);
    struct frame frame;
    ck_assert_int_eq(frame_decode(buffer_slice(catcher.frame), &frame), FRAME_OK);
    ck_assert_uint_eq(catcher.to.node, asked.from);
    ck_assert_uint_eq(catcher.to.shard, 5);
    ck_assert_uint_eq(frame.header.to_shard, 5);
    ck_assert_uint_eq(frame.header.to_life, 0);
    ck_assert_uint_eq(frame.header.request_id, 77);
    buffer_unref(catcher.frame);
}
END_TEST

START_TEST(request_ids_rise_and_a_closed_outbox_is_silent)
{
    struct catcher catcher = {.transport = {catch_frame}};
    struct hlc hlc;
    hlc_init(&hlc, 0);
    struct outbox outbox = outbox_over(&catcher, &hlc);
    uint64_t last = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t id = outbox_request_id(&outbox);
        ck_assert_uint_gt(id, last);
        last = id;
    }
    outbox.closed = true;
    Cartwheel__Sums body = CARTWHEEL__SUMS__INIT;
    outbox_send(&outbox, (struct address){1 << 16, 0, 0}, FRAME_SUMS, 1, &body.base, SLICE_EMPTY);
    ck_assert_uint_eq(catcher.sent, 0);
}
END_TEST

TEST_MAIN("outbox", frames_carry_the_senders_clocks_epoch_and_votes,
          a_reply_goes_back_to_the_shard_that_asked, request_ids_rise_and_a_closed_outbox_is_silent)
