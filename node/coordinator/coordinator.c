#include "coordinator.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "contest.h"
#include "probe.h"
#include "task.h"

enum {
    TASKS_PER_REQUEST_MAX = 8, /* answered ones wait for replicas that are slow, a second at most */
    STAMP_AHEAD_MS = 50,       /* with BUGGIFY */
    SPECULATE_US_LEAST = 2000, /* below it a second read costs more than it saves */
    SPECULATE_SAMPLES = 1024,  /* reads between two looks at their p99 */
    ANNOUNCEMENT_SIZE_MAX = 512 * 1024 /* a row of the catalogue is an item: 400 KB at most */
};

void coordinator_init(struct coordinator *coordinator, const struct coordinator_config *config,
                      struct membership *members, struct outbox *outbox, struct timers *timers,
                      struct hlc *hlc, struct prng *prng, struct replica *replica,
                      const struct evaluator *evaluator)
{
    memset(coordinator, 0, sizeof(*coordinator));
    coordinator->config = *config;
    coordinator->members = members;
    coordinator->outbox = outbox;
    coordinator->timers = timers;
    coordinator->hlc = hlc;
    coordinator->prng = prng;
    coordinator->replica = replica;
    coordinator->evaluator = evaluator;
    coordinator->speculate_us = config->speculate_us;
    map_init(&coordinator->calls);
    map_init(&coordinator->contests);
    tasks_init(&coordinator->tasks);
    tasks_init(&coordinator->stampless);
    requests_init(&coordinator->submitted);
    requests_init(&coordinator->answered);
    histogram_init(&coordinator->read_latency);
}

void coordinator_start(struct coordinator *coordinator)
{
    finish_start(coordinator);
}

void coordinator_answer(struct coordinator *coordinator, struct request *request,
                        enum outcome outcome)
{
    request->outcome = outcome;
    coordinator->stats.done[outcome]++;
    ensure(coordinator->open > 0);
    coordinator->open--;
    requests_push(&coordinator->answered, request);
}

void task_answer(struct task *task, enum outcome outcome)
{
    struct request *request = task->request;
    ensure(request != NULL);
    task->request = NULL;
    coordinator_answer(task->coordinator, request, outcome);
}

static void task_end(struct task *task)
{
    if (task->request != NULL)
        task_answer(task,
                    task->request->kind == REQUEST_WRITE ? OUTCOME_UNKNOWN : OUTCOME_UNAVAILABLE);
    task_free(task);
}

/* Ends every task and hands every request back. What `done` submits meanwhile comes back too. */
static void end_everything(struct coordinator *coordinator)
{
    struct request *request;
    struct task *task;
    while ((task = tasks_first(&coordinator->stampless)) != NULL)
        task_set_stampless(task, false);
    while ((task = tasks_first(&coordinator->tasks)) != NULL)
        task_end(task);
    do {
        while ((request = requests_pop(&coordinator->submitted)) != NULL)
            coordinator_answer(coordinator, request, OUTCOME_UNAVAILABLE);
        if ((request = requests_pop(&coordinator->answered)) != NULL)
            request->done(request);
    } while (request != NULL || !requests_empty(&coordinator->submitted));
}

void coordinator_deinit(struct coordinator *coordinator)
{
    ensure(coordinator->outbox->closed);
    coordinator->stopping = true;
    contests_deinit(coordinator);
    finish_deinit(coordinator);
    map_deinit(&coordinator->calls);
    end_everything(coordinator);
    map_deinit(&coordinator->contests);
    for (size_t i = 0; i < coordinator->announcements_count; i++)
        buffer_unref(coordinator->announcements[i]);
    free(coordinator->announcements);
}

void coordinator_submit(struct coordinator *coordinator, struct request *request)
{
    coordinator->open++;
    requests_push(&coordinator->submitted, request);
}

static void on_task_timer(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    struct task *task = container_of(timer, struct task, timer);
    task->type->on_timer(task);
}

void task_init_until(struct task *task, const struct task_type *type,
                     struct coordinator *coordinator, uint64_t deadline_us)
{
    task->link = (struct list_link){NULL, NULL};
    task->type = type;
    task->coordinator = coordinator;
    task->request = NULL;
    task->stampless = false;
    task->epoch = 0;
    task->deadline_us = deadline_us;
    timer_init(&task->timer, on_task_timer);
    tasks_push(&coordinator->tasks, task);
}

void task_init(struct task *task, const struct task_type *type, struct coordinator *coordinator,
               struct request *request)
{
    uint64_t now_us = coordinator->outbox->now.monotonic_us;
    task_init_until(task, type, coordinator,
                    request->deadline_us != 0 ? request->deadline_us
                                              : now_us + coordinator->config.request_timeout_us);
    task->request = request;
}

void task_set_stampless(struct task *task, bool stampless)
{
    struct coordinator *coordinator = task->coordinator;
    ensure(task->stampless != stampless);
    task->stampless = stampless;
    tasks_remove(stampless ? &coordinator->tasks : &coordinator->stampless, task);
    tasks_push(stampless ? &coordinator->stampless : &coordinator->tasks, task);
}

void task_free(struct task *task)
{
    ensure(task->request == NULL);
    timers_disarm(task->coordinator->timers, &task->timer);
    tasks_remove(&task->coordinator->tasks, task);
    task->type->free(task);
}

void task_arm(struct task *task, uint64_t after_us)
{
    uint64_t at_us = task->coordinator->outbox->now.monotonic_us + after_us;
    if (at_us > task->deadline_us)
        at_us = task->deadline_us;
    timers_arm(task->coordinator->timers, &task->timer, at_us);
}

static enum frame_type reply_type(enum frame_type type)
{
    switch (type) {
    case FRAME_WRITE:
    case FRAME_REPAIR:
    case FRAME_ACCEPT:
        return FRAME_WRITE_REPLY;
    case FRAME_PREPARE:
        return FRAME_PREPARE_REPLY;
    case FRAME_READ:
        return FRAME_READ_REPLY;
    case FRAME_RANGE:
        return FRAME_RANGE_REPLY;
    case FRAME_HINT:
        return FRAME_HINT_REPLY;
    case FRAME_FORWARD:
        return FRAME_FORWARD_REPLY;
    default:
        ensure(type == FRAME_ANNOUNCE);
        return FRAME_ANNOUNCE_REPLY;
    }
}

void slot_call(struct task *task, struct slot *slot, uint16_t shard, enum frame_type type,
               const ProtobufCMessage *body, struct slice payload)
{
    struct coordinator *coordinator = task->coordinator;
    struct members_entry *entry = &coordinator->members->entries[slot->member];
    ensure(slot->state != SLOT_SENT);
    slot->task = task;
    slot->state = SLOT_SENT;
    slot->expects = reply_type(type);
    slot->sent_us = coordinator->outbox->now.monotonic_us;
    slot->call_id = outbox_request_id(coordinator->outbox);
    map_put(&coordinator->calls, slot->call_id, slot);
    entry->in_flight++;
    struct address to = members_address(coordinator->members, slot->member, shard);
    uint64_t epoch = task->epoch == 0 ? coordinator->outbox->epoch : task->epoch;
    outbox_send_at(coordinator->outbox, to, type, slot->call_id, epoch, body, payload);
}

void slot_repair(struct task *task, struct slot *slot, struct slice key, struct slice row,
                 bool applied)
{
    struct coordinator *coordinator = task->coordinator;
    Cartwheel__Write body = CARTWHEEL__WRITE__INIT;
    body.key = binary_of(key);
    body.decided = applied && row_proposed(row);
    coordinator->stats.read_repairs++;
    slot_call(task, slot, partition_shard(coordinator, slot->member, key_partition(key)),
              FRAME_REPAIR, &body.base, row);
}

void coordinator_send_decided(struct coordinator *coordinator, size_t member, uint64_t epoch,
                              struct slice key, struct slice row)
{
    Cartwheel__Write body = CARTWHEEL__WRITE__INIT;
    body.key = binary_of(key);
    body.decided = true;
    struct address to = members_address(coordinator->members, member,
                                        partition_shard(coordinator, member, key_partition(key)));
    outbox_send_at(coordinator->outbox, to, FRAME_REPAIR, outbox_request_id(coordinator->outbox),
                   epoch, &body.base, row);
}

void coordinator_leave_hint(struct coordinator *coordinator, size_t target, struct slice key,
                            struct slice row)
{
    Cartwheel__Hint body = CARTWHEEL__HINT__INIT;
    body.target = coordinator->members->entries[target].member.id;
    body.key = binary_of(key);
    struct address self = members_address(coordinator->members, coordinator->members->self, 0);
    uint64_t epoch = membership_partition_epoch(coordinator->members, key_partition(key));
    if (body.target != NODE_ID_NONE)
        outbox_send_at(coordinator->outbox, self, FRAME_HINT,
                       outbox_request_id(coordinator->outbox), epoch, &body.base, row);
}

bool coordinator_stamp(struct coordinator *coordinator, struct version above, struct version *stamp)
{
    uint64_t wall_us = coordinator->outbox->now.wall_us;
    if (BUGGIFY("a stamp is ahead of the clock"))
        above.hlc = hlc_current(coordinator->hlc, wall_us) + hlc_from_ms(STAMP_AHEAD_MS);
    if (hlc_plausible(above.hlc, wall_us, 2 * coordinator->config.clock_skew_max_us))
        hlc_observe(coordinator->hlc, above.hlc);
    uint64_t hlc = hlc_next(coordinator->hlc, wall_us);
    if (hlc == 0)
        PROBE("a stamp waits for the clock's ceiling");
    coordinator->ceiling_wanted |= hlc == 0;
    *stamp = (struct version){
        hlc, node_id_with_shard(coordinator->outbox->self, coordinator->outbox->shard)};
    return hlc != 0;
}

/* The call is no longer waited for, for whatever reason. */
static void slot_settle(struct slot *slot, enum slot_state state)
{
    struct coordinator *coordinator = slot->task->coordinator;
    ensure(slot->state == SLOT_SENT);
    coordinator->members->entries[slot->member].in_flight--;
    slot->state = state;
    slot->call_id = 0;
}

void slot_abandon(struct slot *slot)
{
    if (slot->state != SLOT_SENT)
        return;
    (void)map_remove(&slot->task->coordinator->calls, slot->call_id);
    slot_settle(slot, SLOT_SILENT);
}

void slot_unanswered(struct slot *slot)
{
    if (slot->state == SLOT_SENT)
        members_unanswered(slot->task->coordinator->members, slot->member, slot->sent_us);
}

size_t slots_count(const struct slot *slots, size_t count, enum slot_state state)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += slots[i].state == state;
    return found;
}

bool slots_outdated(const struct slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slots[i].state == SLOT_REFUSED && slots[i].verdict == VERDICT_REFUSED_EPOCH)
            return true;
    }
    return false;
}

home_mask slots_mask(const struct slot *slots, size_t count, enum slot_state state)
{
    home_mask mask = 0;
    for (size_t i = 0; i < count; i++) {
        if (slots[i].state == state)
            mask |= home_bit(slots[i].home);
    }
    return mask;
}

home_mask homes_usable(const struct coordinator *coordinator, const struct homes *homes)
{
    home_mask mask = 0;
    for (unsigned i = 0; i < homes->count; i++) {
        if (members_usable(coordinator->members, homes->members[i]))
            mask |= home_bit(i);
    }
    return mask;
}

void slots_of_homes(struct task *task, const struct homes *homes, struct slot *slots)
{
    task->epoch = homes->epoch;
    for (unsigned i = 0; i < homes->count; i++)
        slots[i] = (struct slot){.task = task, .member = homes->members[i], .home = (uint8_t)i};
}

void slots_expire(struct slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = &slots[i];
        if (slot->state != SLOT_SENT)
            continue;
        const struct coordinator *coordinator = slot->task->coordinator;
        uint64_t attempt_us = coordinator->config.attempt_timeout_us;
        uint64_t waited_us = coordinator->outbox->now.monotonic_us - slot->sent_us;
        if (waited_us >= attempt_us / 2)
            slot_unanswered(slot);
        if (waited_us >= attempt_us) {
            PROBE("a replica is given up");
            slot_abandon(slot);
        }
    }
}

uint32_t key_partition(struct slice key)
{
    struct reader reader = reader_of(key);
    return reader_get_u32(&reader);
}

uint16_t partition_shard(const struct coordinator *coordinator, size_t member, uint32_t partition)
{
    return members_partition_shard(coordinator->members, member, partition);
}

/* Every so often, the wait before a second read follows the p99 of single answers. */
static void note_read_latency(struct coordinator *coordinator, const struct slot *slot)
{
    histogram_record(&coordinator->read_latency,
                     coordinator->outbox->now.monotonic_us - slot->sent_us);
    if (coordinator->read_latency.count < SPECULATE_SAMPLES)
        return;
    uint64_t p99_us = histogram_percentile(&coordinator->read_latency, 99.0);
    uint64_t most_us = coordinator->config.attempt_timeout_us / 2;
    coordinator->speculate_us = p99_us < SPECULATE_US_LEAST ? SPECULATE_US_LEAST : p99_us;
    if (coordinator->speculate_us > most_us) {
        PROBE("reads are so slow that their p99 is cut");
        coordinator->speculate_us = most_us;
    }
    histogram_init(&coordinator->read_latency);
}

static bool on_reply(struct coordinator *coordinator, const struct frame *frame,
                     const ProtobufCMessage *body)
{
    struct slot *slot = map_find(&coordinator->calls, frame->header.request_id);
    if (slot == NULL) {
        PROBE("an answer comes that nobody waits for");
        coordinator->stats.stale_replies++;
        return true;
    }
    node_id asked = coordinator->members->entries[slot->member].member.id;
    if (asked != frame->header.from || slot->expects != frame->header.type)
        return false;
    (void)map_remove(&coordinator->calls, frame->header.request_id);
    slot_settle(slot, SLOT_GOOD);
    if (frame->header.type == FRAME_READ_REPLY)
        note_read_latency(coordinator, slot);
    slot->task->type->on_reply(slot->task, slot, frame, body);
    return true;
}

static void on_announce(struct coordinator *coordinator, const struct frame *frame)
{
    Cartwheel__AnnounceReply reply = CARTWHEEL__ANNOUNCE_REPLY__INIT;
    if (coordinator->announcements_count < ANNOUNCEMENTS_MAX &&
        frame->payload.size <= ANNOUNCEMENT_SIZE_MAX) {
        size_t size = (coordinator->announcements_count + 1) * sizeof(struct buffer *);
        coordinator->announcements = realloc(coordinator->announcements, size);
        ensure(coordinator->announcements != NULL);
        coordinator->announcements[coordinator->announcements_count++] =
            buffer_from(frame->payload);
    }
    outbox_reply(coordinator->outbox, &frame->header, FRAME_ANNOUNCE_REPLY, &reply.base,
                 SLICE_EMPTY);
}

bool coordinator_on_frame(struct coordinator *coordinator, const struct frame *frame,
                          struct arena *arena)
{
    ProtobufCMessage *body = frame_decode_body(frame, arena);
    if (body == NULL)
        return false;
    switch (frame->header.type) {
    case FRAME_FORWARD:
        forward_on_frame(coordinator, frame, (const Cartwheel__Forward *)body);
        return true;
    case FRAME_ANNOUNCE:
        on_announce(coordinator, frame);
        return true;
    case FRAME_WRITE_REPLY:
    case FRAME_PREPARE_REPLY:
    case FRAME_READ_REPLY:
    case FRAME_RANGE_REPLY:
    case FRAME_HINT_REPLY:
    case FRAME_FORWARD_REPLY:
    case FRAME_ANNOUNCE_REPLY:
    case FRAME_SUMS_REPLY: /* these three come here late: who asked has forgotten */
    case FRAME_KEYS_REPLY:
    case FRAME_ACCEPTED_REPLY:
        return on_reply(coordinator, frame, body);
    default:
        return false;
    }
}

void coordinator_on_peer_down(struct coordinator *coordinator, size_t member)
{
    uint64_t *ids = calloc(coordinator->calls.count + 1, sizeof(*ids));
    ensure(ids != NULL);
    size_t count = 0;
    size_t cursor = 0;
    struct slot *slot;
    while ((slot = map_each(&coordinator->calls, &cursor)) != NULL) {
        if (slot->member == member)
            ids[count++] = slot->call_id;
    }
    for (size_t i = 0; i < count; i++) {
        slot = map_remove(&coordinator->calls, ids[i]);
        if (slot == NULL)
            continue;
        PROBE("a link breaks under a call");
        slot_settle(slot, SLOT_SILENT);
        slot->task->type->on_lost(slot->task, slot);
    }
    free(ids);
}

void coordinator_on_ceiling(struct coordinator *coordinator, bool raised)
{
    coordinator->ceiling_wanted = false;
    if (!raised)
        PROBE("the clock's ceiling cannot be raised");
    /* A write that is stamped now may wait again: only those that wait now are looked at. */
    struct task *task;
    for (size_t left = coordinator->stampless.count; left > 0; left--) {
        task = tasks_first(&coordinator->stampless);
        if (task == NULL)
            return;
        task_set_stampless(task, false);
        task->type->on_stamp(task, raised);
    }
}

static void start(struct coordinator *coordinator, struct request *request)
{
    struct item_key decoded;
    bool keyed = request->kind != REQUEST_ANNOUNCE;
    if (keyed) {
        ensure(item_key_decode(request->key, &decoded) || request->kind == REQUEST_RANGE);
        ensure(key_partition(request->key) < membership_partitions(coordinator->members));
    }
    if (request->deadline_us == 0)
        request->deadline_us =
            coordinator->outbox->now.monotonic_us + coordinator->config.request_timeout_us;
    size_t requests_max = coordinator->config.requests_max;
    if (coordinator->open > requests_max ||
        coordinator->tasks.count > TASKS_PER_REQUEST_MAX * requests_max ||
        BUGGIFY("a coordinator takes no more requests")) {
        PROBE("a coordinator is full");
        coordinator_answer(coordinator, request, OUTCOME_OVERLOADED);
        return;
    }
    switch (request->kind) {
    case REQUEST_WRITE:
        forward_or_begin(coordinator, request);
        break;
    case REQUEST_READ:
        read_begin(coordinator, request);
        break;
    case REQUEST_RANGE:
        range_begin(coordinator, request);
        break;
    case REQUEST_ANNOUNCE:
        announce_begin(coordinator, request);
        break;
    }
}

bool coordinator_run(struct coordinator *coordinator)
{
    struct request *request;
    bool ran = false;
    while ((request = requests_pop(&coordinator->submitted)) != NULL) {
        start(coordinator, request);
        ran = true;
    }
    while ((request = requests_pop(&coordinator->answered)) != NULL) {
        request->done(request);
        ran = true;
    }
    return ran;
}

bool coordinator_idle(const struct coordinator *coordinator)
{
    return tasks_empty(&coordinator->tasks) && tasks_empty(&coordinator->stampless);
}
