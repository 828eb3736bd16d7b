/* Calls of background work: answered once, by whom was asked, or never. */
#include "caller.h"

#include "cartwheel.pb-c.h"
#include "test_main.h"

enum { MEMBERS = 3, CALLS = 4 };

static struct membership members;
static struct outbox outbox;
static struct hlc hlc;
static struct caller caller;
static unsigned frames_sent;

/* A call that notes what becomes of it. */
struct noted_call {
    struct call call;
    unsigned answered;
    unsigned lost;
    bool again; /* makes the call once more as soon as it is lost */
};

static struct noted_call calls[CALLS];

static void count_frame(struct transport *transport, struct address to, struct buffer *frame)
{
    (void)transport;
    (void)to;
    frames_sent++;
    buffer_unref(frame);
}

static node_id id_of(size_t member)
{
    return (node_id)(member + 1) << 16;
}

static void ask(struct noted_call *noted, size_t member)
{
    Cartwheel__Sums body = CARTWHEEL__SUMS__INIT;
    caller_send(&caller, &noted->call, member, 0, FRAME_SUMS, FRAME_SUMS_REPLY, &body.base,
                SLICE_EMPTY);
}

static void on_call_done(struct call *call, const struct frame *frame, const ProtobufCMessage *body)
{
    struct noted_call *noted = container_of(call, struct noted_call, call);
    ck_assert_uint_eq(call->id, 0);
    ck_assert_int_eq(frame == NULL, body == NULL);
    noted->answered += frame != NULL;
    noted->lost += frame == NULL;
    if (frame == NULL && noted->again)
        ask(noted, 2);
}

static void setup(void)
{
    static struct transport transport = {count_frame};
    static const char *const names[MEMBERS] = {"a", "b", "c"};
    static const char *const addresses[MEMBERS] = {"h:1", "h:2", "h:3"};
    struct member_config configs[MEMBERS];
    for (size_t i = 0; i < MEMBERS; i++)
        configs[i] =
            (struct member_config){(char *)(uintptr_t)names[i], (char *)(uintptr_t)addresses[i],
                                   (char *)(uintptr_t) "", 100};
    struct cluster_config cluster = {(char *)(uintptr_t) "test", 8, configs, MEMBERS};
    struct peer_identity self = {id_of(0), names[0], 1, 1};
    members_init(&members, &cluster);
    members_set_self(&members, &self);
    for (size_t i = 1; i < MEMBERS; i++)
        ck_assert(members_bind(&members, slice_of_string(names[i]), id_of(i)));
    hlc_init(&hlc, 0);
    outbox = (struct outbox){.transport = &transport, .hlc = &hlc, .self = id_of(0)};
    caller_init(&caller, &members, &outbox, NULL);
    for (size_t i = 0; i < CALLS; i++)
        calls[i] = (struct noted_call){.call = {.done = on_call_done}};
}

static void teardown(void)
{
    for (size_t i = 0; i < CALLS; i++)
        caller_forget(&caller, &calls[i].call);
    caller_deinit(&caller);
    members_deinit(&members);
}

static bool reply(size_t from, enum frame_type type, uint64_t id)
{
    Cartwheel__SumsReply body = CARTWHEEL__SUMS_REPLY__INIT;
    struct frame frame = {.header = {.type = type, .from = id_of(from), .request_id = id}};
    return caller_on_reply(&caller, &frame, &body.base);
}

START_TEST(a_call_is_answered_once_by_whom_was_asked)
{
    setup();
    ask(&calls[0], 1);
    uint64_t id = calls[0].call.id;
    ck_assert_uint_ne(id, 0);
    ck_assert_uint_eq(frames_sent, 1);
    ck_assert(!reply(2, FRAME_SUMS_REPLY, id));
    ck_assert(!reply(1, FRAME_KEYS_REPLY, id));
    ck_assert(!reply(1, FRAME_SUMS_REPLY, id + 1));
    ck_assert_uint_eq(calls[0].answered, 0);
    ck_assert(reply(1, FRAME_SUMS_REPLY, id));
    ck_assert(!reply(1, FRAME_SUMS_REPLY, id));
    ck_assert_uint_eq(calls[0].answered, 1);
    ck_assert_uint_eq(calls[0].lost, 0);
    teardown();
}
END_TEST

START_TEST(a_forgotten_call_is_not_answered)
{
    setup();
    ask(&calls[0], 1);
    uint64_t id = calls[0].call.id;
    caller_forget(&caller, &calls[0].call);
    caller_forget(&caller, &calls[0].call);
    ck_assert(!reply(1, FRAME_SUMS_REPLY, id));
    caller_on_peer_down(&caller, 1);
    ck_assert_uint_eq(calls[0].answered + calls[0].lost, 0);
    ask(&calls[0], 1);
    ck_assert_uint_ne(calls[0].call.id, id);
    teardown();
}
END_TEST

START_TEST(a_broken_link_loses_the_calls_over_it)
{
    setup();
    for (size_t i = 0; i < CALLS; i++) {
        calls[i].again = i == 0;
        ask(&calls[i], 1 + i % 2);
    }
    caller_on_peer_down(&caller, 1);
    ck_assert_uint_eq(calls[0].lost, 1);
    ck_assert_uint_eq(calls[1].lost, 0);
    ck_assert_uint_eq(calls[2].lost, 1);
    ck_assert_uint_eq(calls[3].lost, 0);
    ck_assert_msg(calls[0].call.id != 0, "made again, to another member");
    ck_assert(reply(2, FRAME_SUMS_REPLY, calls[0].call.id));
    ck_assert_uint_eq(calls[0].answered, 1);
    teardown();
}
END_TEST

TEST_MAIN("caller", a_call_is_answered_once_by_whom_was_asked, a_forgotten_call_is_not_answered,
          a_broken_link_loses_the_calls_over_it)
