#include "publication.h"

#include <stdlib.h>

#include "buggify.h"
#include "probe.h"

static void publication_free(struct task *task)
{
    struct publication *publication = container_of(task, struct publication, task);
    buffer_unref(publication->key);
    buffer_unref(publication->row);
    free(publication);
}

static void send_commit(struct publication *publication, const struct slot *slot)
{
    struct coordinator *coordinator = publication->task.coordinator;
    uint8_t ballot[VERSION_SIZE];
    Cartwheel__Commit body = CARTWHEEL__COMMIT__INIT;
    body.key = binary_of(buffer_slice(publication->key));
    body.ballot = binary_of_version(publication->ballot, ballot);
    PROBE("a commit is sent");
    struct address to =
        members_address(coordinator->members, slot->member,
                        partition_shard(coordinator, slot->member, publication->partition));
    outbox_send_at(coordinator->outbox, to, FRAME_COMMIT, outbox_request_id(coordinator->outbox),
                   publication->homes.epoch, &body.base, SLICE_EMPTY);
}

static void send_accept(struct publication *publication, struct slot *slot, const struct ride *ride)
{
    struct coordinator *coordinator = publication->task.coordinator;
    uint8_t next[VERSION_SIZE];
    uint8_t committed[VERSION_SIZE];
    Cartwheel__Accept body = CARTWHEEL__ACCEPT__INIT;
    body.key = binary_of(buffer_slice(publication->key));
    if (!version_is_none(ride->next))
        body.next = binary_of_version(ride->next, next);
    if (!version_is_none(ride->committed))
        body.committed = binary_of_version(ride->committed, committed);
    PROBE("an accept is sent");
    slot_call(&publication->task, slot,
              partition_shard(coordinator, slot->member, publication->partition), FRAME_ACCEPT,
              &body.base, buffer_slice(publication->row));
}

/* Decided, and everybody has spoken: who does not hold it gets a hint. */
static void leave_hints(struct publication *publication)
{
    for (size_t i = 0; i < publication->homes.count; i++) {
        const struct slot *slot = &publication->home[i];
        bool needless = slot->state == SLOT_GOOD ||
                        (slot->state == SLOT_REFUSED && verdict_ends_copy(slot->verdict));
        if (!needless) {
            PROBE("a decided row leaves a hint");
            coordinator_leave_hint(publication->task.coordinator, slot->member,
                                   buffer_slice(publication->key), buffer_slice(publication->row));
        }
    }
}

/* Nobody will answer any more: what is left is to keep the row for those that lack it. */
static void publication_end(struct publication *publication)
{
    timers_disarm(publication->task.coordinator->timers, &publication->task.timer);
    if (publication->decided && !publication->hinted) {
        publication->hinted = true;
        PROBE("all have spoken of a row that is decided");
        leave_hints(publication);
    }
    if (publication->owner == NULL)
        task_free(&publication->task);
}

/* To be called after every event, last: may free the publication. */
static void publication_judge(struct publication *publication)
{
    const struct homes *homes = &publication->homes;
    home_mask took = slots_mask(publication->home, homes->count, SLOT_GOOD);
    home_mask waiting = slots_mask(publication->home, homes->count, SLOT_SENT);
    bool decided = homes_majority(homes, took);
    bool over = decided || !homes_majority(homes, took | waiting);
    void *owner = publication->owner;
    publication_concluded concluded = publication->concluded;
    if (decided && !publication->decided) {
        PROBE("a row is decided, and nobody told");
        publication->decided = true;
        if (owner == NULL) {
            PROBE("publication decided after its owner gave up");
            publication_commit(publication, false);
        }
    }
    bool tell = over && concluded != NULL;
    if (tell)
        publication->concluded = NULL;
    if (waiting == 0)
        publication_end(publication);
    if (tell)
        concluded(owner, publication->decided);
}

static void publication_on_reply(struct task *task, struct slot *slot, const struct frame *frame,
                                 const ProtobufCMessage *body)
{
    (void)frame;
    struct publication *publication = container_of(task, struct publication, task);
    const Cartwheel__WriteReply *reply = (const Cartwheel__WriteReply *)body;
    struct version highest;
    if (reply->verdict != VERDICT_TOOK) {
        bool known = reply->verdict > VERDICT_TOOK && reply->verdict <= VERDICT_LAST;
        slot->state = known ? SLOT_REFUSED : SLOT_SILENT;
        slot->verdict = known ? (enum verdict)reply->verdict : VERDICT_FAILED;
        if (version_of_binary(reply->highest, &highest))
            publication->highest = version_max(publication->highest, highest);
    } else if (publication->committing) {
        PROBE("an accept is taken after the commit");
        send_commit(publication, slot);
    }
    publication_judge(publication);
}

static void publication_on_lost(struct task *task, struct slot *slot)
{
    (void)slot;
    publication_judge(container_of(task, struct publication, task));
}

static void publication_on_timer(struct task *task)
{
    struct publication *publication = container_of(task, struct publication, task);
    slots_expire(publication->home, publication->homes.count);
    task_arm(task, task->coordinator->config.attempt_timeout_us / 2);
    publication_judge(publication);
}

static const struct task_type publication_type = {.on_reply = publication_on_reply,
                                                  .on_lost = publication_on_lost,
                                                  .on_timer = publication_on_timer,
                                                  .free = publication_free};

struct publication *publication_begin(struct coordinator *coordinator, struct buffer *key,
                                      const struct homes *homes, struct buffer *row,
                                      const struct ride *ride, publication_concluded concluded,
                                      void *owner)
{
    struct publication *publication = calloc(1, sizeof(*publication));
    ensure(publication != NULL);
    /* Every call ends with its attempt. */
    task_init_until(&publication->task, &publication_type, coordinator, UINT64_MAX / 2);
    publication->key = buffer_ref(key);
    publication->row = buffer_ref(row);
    publication->partition = key_partition(buffer_slice(key));
    publication->homes = *homes;
    publication->ballot = row_ballot(buffer_slice(row));
    publication->concluded = concluded;
    publication->owner = owner;
    slots_of_homes(&publication->task, homes, publication->home);
    for (size_t i = 0; i < homes->count; i++) {
        if (members_usable(coordinator->members, homes->members[i]) &&
            !BUGGIFY("an accept is not sent to a home node"))
            send_accept(publication, &publication->home[i], ride);
    }
    home_mask sent = slots_mask(publication->home, homes->count, SLOT_SENT);
    bool hopeless = !homes_majority(homes, sent);
    if (hopeless)
        PROBE("an accept cannot reach a majority");
    task_arm(&publication->task, hopeless ? 0 : coordinator->config.attempt_timeout_us / 2);
    return publication;
}

void publication_detach(struct publication *publication)
{
    publication->owner = NULL;
    publication->concluded = NULL;
    if (slots_count(publication->home, publication->homes.count, SLOT_SENT) == 0)
        publication_end(publication);
}

void publication_commit(struct publication *publication, bool riding)
{
    publication->committing = true;
    for (size_t i = 0; i < publication->homes.count && !riding; i++) {
        if (publication->home[i].state == SLOT_GOOD && !BUGGIFY("a commit is not sent"))
            send_commit(publication, &publication->home[i]);
    }
}
