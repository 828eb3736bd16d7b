/* Announcements: a row of the schema, handed to every shard of every usable member, so that all
 * know of a table before its creator is answered. Who misses it learns by gossip that there is
 * something to re-read. */
#include <stdlib.h>

#include "task.h"

struct announce_task {
    struct task task;
    size_t count;
    struct slot *slots; /* one per shard told */
};

static void announce_advance(struct announce_task *announce)
{
    for (size_t i = 0; i < announce->count; i++) {
        if (announce->slots[i].state == SLOT_SENT)
            return;
    }
    if (announce->task.request != NULL)
        task_answer(&announce->task, OUTCOME_OK);
    task_free(&announce->task);
}

static void announce_on_reply(struct task *task, struct slot *slot, const struct frame *frame,
                              const ProtobufCMessage *body)
{
    (void)slot;
    (void)frame;
    (void)body;
    announce_advance(container_of(task, struct announce_task, task));
}

static void announce_on_lost(struct task *task, struct slot *slot)
{
    (void)slot;
    announce_advance(container_of(task, struct announce_task, task));
}

static void announce_on_timer(struct task *task)
{
    struct announce_task *announce = container_of(task, struct announce_task, task);
    for (size_t i = 0; i < announce->count; i++)
        slot_abandon(&announce->slots[i]);
    announce_advance(announce);
}

static void announce_free(struct task *task)
{
    struct announce_task *announce = container_of(task, struct announce_task, task);
    free(announce->slots);
    free(announce);
}

static const struct task_type announce_type = {.on_reply = announce_on_reply,
                                               .on_lost = announce_on_lost,
                                               .on_timer = announce_on_timer,
                                               .free = announce_free};

static size_t shards_to_tell(const struct coordinator *coordinator)
{
    size_t count = 0;
    for (size_t i = 0; i < membership_count(coordinator->members); i++) {
        if (members_usable(coordinator->members, i))
            count += coordinator->members->entries[i].member.shards;
    }
    return count;
}

void announce_begin(struct coordinator *coordinator, struct request *request)
{
    struct announce_task *announce = calloc(1, sizeof(*announce));
    ensure(announce != NULL);
    task_init(&announce->task, &announce_type, coordinator, request);
    announce->slots = calloc(shards_to_tell(coordinator) + 1, sizeof(*announce->slots));
    ensure(announce->slots != NULL);
    Cartwheel__Announce body = CARTWHEEL__ANNOUNCE__INIT;
    for (size_t i = 0; i < membership_count(coordinator->members); i++) {
        uint16_t shards = coordinator->members->entries[i].member.shards;
        for (uint16_t shard = 0; members_usable(coordinator->members, i) && shard < shards;
             shard++) {
            struct slot *slot = &announce->slots[announce->count++];
            slot->member = i;
            slot_call(&announce->task, slot, shard, FRAME_ANNOUNCE, &body.base, request->value);
        }
    }
    task_arm(&announce->task, coordinator->config.attempt_timeout_us);
    announce_advance(announce);
}
