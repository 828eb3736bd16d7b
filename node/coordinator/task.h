/* task: a request under way, and the calls it waits for; shared by the files of the coordinator. */
#pragma once

#include "acceptor.h"
#include "coordinator.h"
#include "item.h"
#include "key.h"
#include "row.h"

enum slot_state {
    SLOT_UNSENT,  /* never asked */
    SLOT_SENT,    /* asked; the call is in coordinator->calls */
    SLOT_GOOD,    /* took the write, or answered the read */
    SLOT_REFUSED, /* said no: see `verdict` */
    SLOT_SILENT   /* gave no answer in time, or its link broke: it may have acted, or may yet */
};

/* One replica asked by one task. */
struct slot {
    struct task *task;
    size_t member; /* index */
    enum slot_state state;
    uint64_t call_id; /* while SENT */
    uint64_t sent_us;
    enum frame_type expects; /* while SENT: the type of its reply */
    enum verdict verdict;    /* while REFUSED */
    struct version ballot;   /* GOOD reads: what it holds; REFUSED writes: what stands in the way */
    bool full;               /* reads: the whole row was asked for */
    size_t target;           /* stand-ins: the slot of the home node they stand in for */
};

/* What a kind of task does when something happens. Each may free the task: it is the last thing its
 * caller does. */
struct task_type {
    /* The slot's call was answered; the slot is no longer SENT. `body` and `frame` are borrowed. */
    void (*on_reply)(struct task *task, struct slot *slot, const struct frame *frame,
                     const ProtobufCMessage *body);
    /* The slot's call will not be answered: it is SILENT now. */
    void (*on_lost)(struct task *task, struct slot *slot);
    void (*on_timer)(struct task *task);
    void (*free)(struct task *task);
};

struct task {
    struct list_link link; /* coordinator->tasks, or ->stampless */
    const struct task_type *type;
    struct coordinator *coordinator;
    struct request *request; /* NULL once answered */
    struct timer timer;
    uint64_t deadline_us; /* of the request */
    bool stampless;       /* in coordinator->stampless, not in ->tasks */
};

LIST_FUNCTIONS(tasks, struct task, link)

/* `memory` embeds the task as its first field. */
void task_init(struct task *task, const struct task_type *type, struct coordinator *coordinator,
               struct request *request);
/* Moves the task between coordinator->tasks and ->stampless. */
void task_set_stampless(struct task *task, bool stampless);
/* Disarms, unlinks and frees; slots must not be SENT. */
void task_free(struct task *task);
/* Arms the task's timer, at the request's deadline at the latest. */
void task_arm(struct task *task, uint64_t after_us);
/* Hands the request back (once); the task goes on. */
void task_answer(struct task *task, enum outcome outcome);
/* Sends a call for the slot to `shard` of its member. */
void slot_call(struct task *task, struct slot *slot, uint16_t shard, enum frame_type type,
               const ProtobufCMessage *body, struct slice payload);
/* Gives a call up: a reply will be stale. */
void slot_abandon(struct slot *slot);
/* No answer so far: its member is routed around from now on. */
void slot_unanswered(struct slot *slot);

/* N, R and W in force: no more than there are members. */
struct quorum quorum_in_force(const struct coordinator *coordinator, struct quorum wanted);
static inline unsigned majority_of(unsigned n)
{
    return n / 2 + 1;
}
/* Partition of an item key; the caller has checked that it decodes. */
uint32_t key_partition(struct slice key);
/* The shard of a member that owns a partition. */
uint16_t partition_shard(const struct coordinator *coordinator, size_t member, uint32_t partition);

void write_begin(struct coordinator *coordinator, struct request *request);
void write_on_stamp(struct task *task, bool possible);
void read_begin(struct coordinator *coordinator, struct request *request);
void range_begin(struct coordinator *coordinator, struct request *request);
void announce_begin(struct coordinator *coordinator, struct request *request);
/* Sends a write to its primary, or begins it here. */
void forward_or_begin(struct coordinator *coordinator, struct request *request);
void forward_on_frame(struct coordinator *coordinator, const struct frame *frame,
                      const Cartwheel__Forward *forward);
/* Begins a write with a precondition: one at a time per key. */
void decide_begin(struct coordinator *coordinator, struct request *request);
void decide_deinit(struct coordinator *coordinator);
