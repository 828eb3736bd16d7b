/* Plain writes (docs/protocol.md; the paper, 4.5 and 4.6): stamped here, sent once to
 * every home node, answered when W of them hold it durably.
 *
 *     STAMP ──▶ SENT ──W took──────────────────────────▶ OK
 *       ▲        │└────W took, stand-ins included──────▶ OK, sloppy
 *       │        ├─────all certainly refused it────┐
 *       └────────┴──(higher stamp)─────────────────┘
 *                └─────anything else: settled by rounds (contest.h)
 *
 * A write that somebody took goes on to leave hints for the home nodes that do not hold it. */
#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "contest.h"
#include "planted.h"
#include "probe.h"
#include "task.h"

enum {
    RESTAMPS_MAX = 8, /* the first passes a clock that is ahead; more mean a fight */
    STANDINS_MAX = REPLICAS_MAX
};

struct write_task {
    struct task task;
    struct homes homes;
    uint32_t partition;
    unsigned need; /* W: takes that make it OK */
    bool sloppy;
    struct version version;
    struct buffer *key; /* a copy: the task outlives its request */
    struct buffer *row; /* as sent; NULL before the first stamp */
    struct slot home[HOMES_MAX];
    struct slot standin[STANDINS_MAX];
    size_t standins;
    uint16_t list[PREFERENCE_MAX]; /* preference list: home nodes, then who may stand in */
    size_t list_length;
    size_t list_next; /* next candidate to stand in */
    unsigned restamps;
    bool escalated;         /* the first wait is over */
    bool paused;            /* nothing is out: the ring is another one */
    struct version highest; /* of refusals */
};

static void write_judge(struct write_task *write);

/* An attempt has two waits of this length: after the first, stand-ins are asked; the second ends
 * it. */
static uint64_t wait_us(const struct coordinator *coordinator)
{
    return BUGGIFY("a plain write waits for a moment only")
               ? 1000
               : coordinator->config.attempt_timeout_us / 2;
}

static void write_send_row(struct write_task *write, struct slot *slot)
{
    Cartwheel__Write body = CARTWHEEL__WRITE__INIT;
    body.key = binary_of(buffer_slice(write->key));
    body.want_old_size = write->task.request->want_old_size;
    uint16_t shard = partition_shard(write->task.coordinator, slot->member, write->partition);
    slot_call(&write->task, slot, shard, FRAME_WRITE, &body.base, buffer_slice(write->row));
}

static bool may_stand_in(const struct write_task *write, size_t member)
{
    const struct membership *members = write->task.coordinator->members;
    /* Who leaves hands its hints over, and takes no more. */
    return members_usable(members, member) && !members_leaving(members, member) &&
           homes_find(&write->homes, (unsigned)member) == HOMES_MAX;
}

/* Gives the write of one home slot to the next healthy node of the preference list. False if there
 * is none. */
static bool write_add_standin(struct write_task *write, size_t target)
{
    struct membership *members = write->task.coordinator->members;
    while (write->list_next < write->list_length && write->standins < STANDINS_MAX) {
        size_t candidate = write->list[write->list_next++];
        if (!may_stand_in(write, candidate))
            continue;
        struct slot *slot = &write->standin[write->standins++];
        PROBE("a stand-in is asked");
        memset(slot, 0, sizeof(*slot));
        slot->member = candidate;
        slot->target = target;
        Cartwheel__Hint body = CARTWHEEL__HINT__INIT;
        body.target = members->entries[write->home[target].member].member.id;
        body.key = binary_of(buffer_slice(write->key));
        slot_call(&write->task, slot, 0, FRAME_HINT, &body.base, buffer_slice(write->row));
        return true;
    }
    return false;
}

static size_t usable_standins(const struct write_task *write)
{
    size_t usable = 0;
    for (size_t i = 0; i < write->list_length; i++)
        usable += may_stand_in(write, write->list[i]);
    return usable;
}

static bool write_enough(const struct write_task *write, home_mask mask)
{
    return homes_quorum(&write->homes, mask, write->need);
}

/* Who the home nodes are, as of now: nothing is out. */
static void write_look_up(struct write_task *write)
{
    struct membership *members = write->task.coordinator->members;
    membership_homes(members, write->partition, write->task.request->quorum.n, &write->homes);
    write->list_length =
        membership_stand_in_list(members, write->partition, write->list, PREFERENCE_MAX);
}

static void write_encode_row(struct write_task *write)
{
    const struct request *request = write->task.request;
    struct row row = row_plain(write->version, request->tombstone, request->value);
    struct writer writer;
    writer_init(&writer, row.value.size + 64);
    row_encode(&writer, &row);
    buffer_unref(write->row);
    write->row = writer_finish(&writer);
}

static void write_send(struct write_task *write)
{
    write_encode_row(write);
    write->escalated = false;
    write->standins = 0;
    write->list_next = 0;
    slots_of_homes(&write->task, &write->homes, write->home);
    home_mask sent = 0;
    for (unsigned i = 0; i < write->homes.count; i++) {
        if (!members_usable(write->task.coordinator->members, write->homes.members[i]) ||
            BUGGIFY("a plain write is not sent to a home node"))
            continue;
        write_send_row(write, &write->home[i]);
        sent |= home_bit(i);
    }
    for (unsigned i = 0; i < write->homes.count && !write_enough(write, sent); i++) {
        if (write->home[i].state == SLOT_UNSENT && write_add_standin(write, i))
            sent |= home_bit(i);
    }
    PROBE("a plain write is sent");
    task_arm(&write->task, wait_us(write->task.coordinator));
}

static void write_fail(struct write_task *write, enum outcome outcome)
{
    task_answer(&write->task, outcome);
    task_free(&write->task);
}

/* Too few can be reached: said before anything is sent, so that it is certainly not written. */
static bool write_possible(const struct write_task *write)
{
    home_mask reached = homes_usable(write->task.coordinator, &write->homes);
    size_t spare = write->sloppy ? usable_standins(write) : 0;
    for (unsigned i = 0; i < write->homes.count && spare > 0; i++) {
        spare -= (reached & home_bit(i)) == 0;
        reached |= home_bit(i);
    }
    return write_enough(write, reached);
}

static void write_stamp(struct write_task *write)
{
    struct coordinator *coordinator = write->task.coordinator;
    write_look_up(write);
    if (!write_possible(write)) {
        PROBE("a plain write is refused before it is sent");
        write_fail(write, OUTCOME_UNAVAILABLE);
        return;
    }
    if (!coordinator_stamp(coordinator, write->highest, &write->version)) {
        /* Nothing is out: only the deadline can end the wait. */
        task_set_stampless(&write->task, true);
        task_arm(&write->task, UINT64_MAX / 2);
        return;
    }
    write->highest = VERSION_NONE;
    write_send(write);
}

/* Nothing is out, and nothing can be stamped here. */
static void write_hand_on(struct write_task *write)
{
    struct coordinator *coordinator = write->task.coordinator;
    struct request *request = write->task.request;
    write->task.request = NULL;
    if (!forward_onward(coordinator, request))
        coordinator_answer(coordinator, request, OUTCOME_NO_SPACE);
    task_free(&write->task);
}

static void write_on_stamp(struct task *task, bool possible)
{
    struct write_task *write = container_of(task, struct write_task, task);
    if (task->coordinator->outbox->now.monotonic_us >= task->deadline_us)
        write_fail(write, OUTCOME_UNAVAILABLE);
    else if (!possible)
        write_hand_on(write);
    else
        write_stamp(write);
}

/* What the slots say, each counted once. */
struct tally {
    home_mask took;
    home_mask kept;    /* by stand-ins */
    home_mask newer;   /* refused because of a higher item */
    home_mask certain; /* homes that certainly do not hold it */
    size_t waiting;    /* calls still out */
    size_t no_space;
    size_t busy;
    bool hint_may_exist; /* a stand-in was asked and did not refuse */
};

static bool standin_keeps(const struct write_task *write, size_t target)
{
    for (size_t i = 0; i < write->standins; i++) {
        if (write->standin[i].target == target && write->standin[i].state == SLOT_GOOD)
            return true;
    }
    return false;
}

static struct tally write_tally(const struct write_task *write)
{
    struct tally tally = {0};
    for (unsigned i = 0; i < write->homes.count; i++) {
        const struct slot *slot = &write->home[i];
        home_mask bit = home_bit(i);
        bool refused = slot->state == SLOT_REFUSED;
        bool taken = slot->state == SLOT_GOOD;
        tally.took |= taken ? bit : 0;
        tally.kept |= !taken && standin_keeps(write, i) ? bit : 0;
        tally.newer |= refused && slot->verdict == VERDICT_REFUSED_ITEM ? bit : 0;
        tally.certain |= refused || slot->state == SLOT_UNSENT ? bit : 0;
        tally.waiting += slot->state == SLOT_SENT;
        tally.no_space += refused && slot->verdict == VERDICT_NO_SPACE;
        tally.busy += refused && slot->verdict == VERDICT_BUSY;
    }
    for (size_t i = 0; i < write->standins; i++) {
        const struct slot *slot = &write->standin[i];
        tally.waiting += slot->state == SLOT_SENT;
        tally.hint_may_exist |= slot->state != SLOT_REFUSED;
    }
    return tally;
}

static void write_acknowledge(struct write_task *write, bool sloppy)
{
    struct request *request = write->task.request;
    request->version = write->version;
    request->sloppy = sloppy;
    if (sloppy)
        PROBE("a write is answered as sloppy");
    write->task.coordinator->stats.writes_sloppy += sloppy;
    PROBE("a plain write is to be acknowledged");
    task_answer(&write->task, OUTCOME_OK);
}

/* W took it; beyond a majority, a refusal because of a newer row counts too. (With W below a
 * majority the table is last-writer-wins, by choice.) */
static bool write_took(const struct write_task *write, const struct tally *tally)
{
    if (PLANTED(HINT_COUNTS) && write_enough(write, tally->took | tally->kept))
        return true;
    return write_enough(write, tally->took) || (homes_majority(&write->homes, tally->took) &&
                                                write_enough(write, tally->took | tally->newer));
}

/* Certainly never taken anywhere: may be written under a higher stamp, or reported as not written.
 */
static void write_retry(struct write_task *write, const struct tally *tally)
{
    struct coordinator *coordinator = write->task.coordinator;
    bool time_left =
        coordinator->outbox->now.monotonic_us + wait_us(coordinator) < write->task.deadline_us;
    /* What stands in the way may come from a clock that was far ahead: this one must not follow. */
    bool passable = !version_is_none(write->highest) &&
                    hlc_plausible(write->highest.hlc, coordinator->outbox->now.wall_us,
                                  2 * coordinator->config.clock_skew_max_us);
    if (time_left && slots_outdated(write->home, write->homes.count)) {
        PROBE("a plain write meets another ring");
        write->paused = true;
        task_arm(&write->task, RING_PAUSE_US);
    } else if (tally->no_space > 0) {
        PROBE("a plain write finds no space");
        write_fail(write, OUTCOME_NO_SPACE);
    } else if (!passable || write->restamps >= RESTAMPS_MAX || !time_left) {
        PROBE("a plain write is restamped no more");
        write_fail(write, tally->busy > 0 ? OUTCOME_OVERLOADED : OUTCOME_UNAVAILABLE);
    } else {
        write->restamps++;
        coordinator->stats.writes_restamped++;
        PROBE("plain write restamped");
        write_stamp(write);
    }
}

static void write_leave_hints(struct write_task *write)
{
    for (unsigned i = 0; i < write->homes.count; i++) {
        const struct slot *slot = &write->home[i];
        bool newer = slot->state == SLOT_REFUSED && slot->verdict == VERDICT_REFUSED_ITEM;
        if (slot->state != SLOT_GOOD && !newer && !standin_keeps(write, i)) {
            PROBE("a plain write leaves a hint");
            coordinator_leave_hint(write->task.coordinator, slot->member, buffer_slice(write->key),
                                   buffer_slice(write->row));
        }
    }
}

/* No call is out any more and the quorum is not reached. */
static void write_conclude(struct write_task *write, const struct tally *tally)
{
    bool never = tally->certain == homes_all(&write->homes) && !tally->hint_may_exist;
    if (never || (PLANTED(RESTAMPS_PARTIAL) && !homes_majority(&write->homes, tally->took))) {
        write_retry(write, tally);
        return;
    }
    if (tally->hint_may_exist)
        PROBE("a mixed write may be kept by a stand-in");
    PROBE("a plain write has a mixed outcome");
    if ((tally->took | tally->kept) != 0)
        write_leave_hints(write);
    struct request *request = write->task.request;
    write->task.request = NULL;
    write->task.coordinator->stats.writes_mixed++;
    contest_settle_mixed(write->task.coordinator, request, write->version);
    task_free(&write->task);
}

static void write_judge(struct write_task *write)
{
    struct tally tally = write_tally(write);
    if (write->task.request != NULL) {
        bool took = write_took(write, &tally);
        if (took || write_enough(write, tally.took | tally.kept)) {
            write_acknowledge(write, !took);
        } else if (tally.waiting == 0) {
            write_conclude(write, &tally);
            return;
        }
    }
    if (tally.waiting == 0) {
        write_leave_hints(write);
        task_free(&write->task);
    }
}

static void write_on_reply(struct task *task, struct slot *slot, const struct frame *frame,
                           const ProtobufCMessage *body)
{
    struct write_task *write = container_of(task, struct write_task, task);
    bool hint = frame->header.type == FRAME_HINT_REPLY;
    const Cartwheel__WriteReply *reply = (const Cartwheel__WriteReply *)body;
    uint32_t verdict = hint ? ((const Cartwheel__HintReply *)body)->verdict : reply->verdict;
    /* What is not understood proves nothing: it may have been taken. */
    bool known = verdict >= VERDICT_TOOK && verdict <= VERDICT_LAST;
    slot->verdict = known ? (enum verdict)verdict : VERDICT_FAILED;
    if (slot->verdict != VERDICT_TOOK)
        slot->state = known ? SLOT_REFUSED : SLOT_SILENT;
    if (!hint && slot->state == SLOT_REFUSED) {
        struct version highest;
        if (version_of_binary(reply->highest, &highest))
            write->highest = version_max(write->highest, highest);
    }
    if (!hint && task->request != NULL && reply->old_size > task->request->old_size)
        task->request->old_size = reply->old_size;
    write_judge(write);
}

static void write_on_lost(struct task *task, struct slot *slot)
{
    (void)slot;
    write_judge(container_of(task, struct write_task, task));
}

/* Half of the wait is over: who did not answer is routed around, and if the table is sloppy others
 * stand in. */
static void write_escalate(struct write_task *write)
{
    struct tally tally = write_tally(write);
    PROBE("a plain write is late");
    write->escalated = true;
    for (unsigned i = 0; i < write->homes.count; i++)
        slot_unanswered(&write->home[i]);
    home_mask have = tally.took | tally.kept;
    bool more = write->sloppy && write->task.request != NULL;
    for (unsigned i = 0; i < write->homes.count && more && !write_enough(write, have); i++) {
        if ((have & home_bit(i)) == 0 && write_add_standin(write, i))
            have |= home_bit(i);
    }
    task_arm(&write->task, wait_us(write->task.coordinator));
}

static void write_on_timer(struct task *task)
{
    struct write_task *write = container_of(task, struct write_task, task);
    bool late = task->coordinator->outbox->now.monotonic_us >= task->deadline_us;
    if (task->stampless) {
        PROBE("a plain write without a stamp runs out of time");
        task_set_stampless(task, false);
        write_fail(write, OUTCOME_UNAVAILABLE);
        return;
    }
    if (write->paused) {
        write->paused = false;
        write_stamp(write);
        return;
    }
    if (!write->escalated && !late) {
        write_escalate(write);
        return;
    }
    for (unsigned i = 0; i < write->homes.count; i++)
        slot_abandon(&write->home[i]);
    for (size_t i = 0; i < write->standins; i++)
        slot_abandon(&write->standin[i]);
    write_judge(write);
}

static void write_free(struct task *task)
{
    struct write_task *write = container_of(task, struct write_task, task);
    buffer_unref(write->key);
    buffer_unref(write->row);
    free(write);
}

static const struct task_type write_type = {.on_reply = write_on_reply,
                                            .on_lost = write_on_lost,
                                            .on_timer = write_on_timer,
                                            .on_stamp = write_on_stamp,
                                            .free = write_free};

void write_begin(struct coordinator *coordinator, struct request *request)
{
    struct write_task *write = calloc(1, sizeof(*write));
    ensure(write != NULL);
    task_init(&write->task, &write_type, coordinator, request);
    write->partition = key_partition(request->key);
    write->key = buffer_from(request->key);
    write->need = request->quorum.w;
    write->sloppy = request->quorum.sloppy;
    ensure(write->need >= 1);
    write_stamp(write);
}
