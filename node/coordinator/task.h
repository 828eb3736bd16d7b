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
    uint8_t home;  /* its place among the home nodes that the task asks */
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
    /* It was stampless, and the clock's ceiling was raised, or could not be. */
    void (*on_stamp)(struct task *task, bool possible);
    void (*free)(struct task *task);
};

struct task {
    struct list_link link; /* coordinator->tasks, or ->stampless */
    const struct task_type *type;
    struct coordinator *coordinator;
    struct request *request; /* NULL once answered */
    struct timer timer;
    uint64_t deadline_us; /* of the request */
    uint64_t epoch;       /* of the partition whose home nodes are asked; 0: none are */
    bool stampless;       /* in coordinator->stampless, not in ->tasks */
};

LIST_FUNCTIONS(tasks, struct task, link)

/* A task for a request; and one for nobody in particular. */
void task_init(struct task *task, const struct task_type *type, struct coordinator *coordinator,
               struct request *request);
void task_init_until(struct task *task, const struct task_type *type,
                     struct coordinator *coordinator, uint64_t deadline_us);
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
/* How many of `count` slots are in that state. */
size_t slots_count(const struct slot *slots, size_t count, enum slot_state state);
/* Which home nodes' slots are in that state. */
home_mask slots_mask(const struct slot *slots, size_t count, enum slot_state state);
/* Those of the home nodes that can be reached. */
home_mask homes_usable(const struct coordinator *coordinator, const struct homes *homes);
/* Makes a slot for each home node, in their order. */
void slots_of_homes(struct task *task, const struct homes *homes, struct slot *slots);
/* Who has not answered after half of an attempt's time is routed around from now on; after all of
 * it, given up. */
void slots_expire(struct slot *slots, size_t count);
/* Somebody refused because one side is behind the other in what it knows of the ring; which of them,
 * a moment later it knows more. */
bool slots_outdated(const struct slot *slots, size_t count);
enum { RING_PAUSE_US = 10000 /* such a moment */ };
/* Gives a call up: a reply will be stale. */
void slot_abandon(struct slot *slot);
/* No answer so far: its member is routed around from now on. */
void slot_unanswered(struct slot *slot);

/* Partition of an item key; the caller has checked that it decodes. */
uint32_t key_partition(struct slice key);
/* The shard of a member that owns a partition. */
uint16_t partition_shard(const struct coordinator *coordinator, size_t member, uint32_t partition);

/* Sends a row that a replica told to one that lacks it: at its own ballot; as decided if it is known
 * to be, because a replica held it in the item's place (`applied`) after it was proposed. */
void slot_repair(struct task *task, struct slot *slot, struct slice key, struct slice row,
                 bool applied);

/* A register that must stand on a majority before its state is shown, and where resending the newest
 * row does not help, because a promise or something newer is in the way. */
struct settlement {
    void (*done)(struct settlement *settlement); /* never from within settle_begin() */
    struct slice key;                            /* borrowed until done */
    uint8_t n;                                   /* replicas that the table wants */
    bool hear_all; /* of the home nodes that can be reached: a row that only one of them holds is
                         to be found too */
    struct slice hint; /* a plain write's row, to be brought in if it is the newest; empty: none;
                          borrowed until done */
    uint64_t deadline_us;
    enum outcome outcome; /* OK, or UNAVAILABLE, TIMEOUT, NO_SPACE */
    struct buffer *row;   /* OK: the row that is on a majority now, the caller's; NULL: nothing was
                             ever written */
    struct list_link link;
};

/* Joins the contest for the key (contest.h); `done` is called once, in this door or a later one. */
void settle_begin(struct coordinator *coordinator, struct settlement *settlement);

/* Hands a request back. */
void coordinator_answer(struct coordinator *coordinator, struct request *request,
                        enum outcome outcome);
/* A stamp above `above`, if that is plausible, and above everything issued or observed. False if the
 * clock's ceiling must be raised first: make the task stampless. */
bool must_check coordinator_stamp(struct coordinator *coordinator, struct version above,
                                  struct version *stamp);
/* Keeps a row here, on this node's shard 0, for a home node that may not hold it. Nobody counts on
 * it: if it is refused, the exchange between home nodes repairs. */
void coordinator_leave_hint(struct coordinator *coordinator, size_t target, struct slice key,
                            struct slice row);
/* Sends a decided row to a home node; nobody waits for the answer. */
void coordinator_send_decided(struct coordinator *coordinator, size_t member, uint64_t epoch,
                              struct slice key, struct slice row);

void write_begin(struct coordinator *coordinator, struct request *request);
void read_begin(struct coordinator *coordinator, struct request *request);
void range_begin(struct coordinator *coordinator, struct request *request);
void announce_begin(struct coordinator *coordinator, struct request *request);
/* Sends a write to its primary, or begins it here. */
void forward_or_begin(struct coordinator *coordinator, struct request *request);
/* Sends a write that had no effect here, for want of space, to the next home node of the preference
 * list after this one. False: none can be reached, and the request is still the caller's. */
bool must_check forward_onward(struct coordinator *coordinator, struct request *request);
void forward_on_frame(struct coordinator *coordinator, const struct frame *frame,
                      const Cartwheel__Forward *forward);
/* Settles what nobody else seems to (coordinator_finish.c). */
void finish_start(struct coordinator *coordinator);
void finish_deinit(struct coordinator *coordinator);
