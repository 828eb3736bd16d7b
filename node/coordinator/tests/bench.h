/* bench: one coordinator on the bench, for tests: real, but with a transport that keeps every frame
 * until the test answers it, members that the test links and unlinks, and a clock that the test
 * turns. */
#pragma once

#include "acceptor.h"
#include "coordinator.h"
#include "row.h"

enum { BENCH_MEMBERS_MAX = 8, BENCH_FRAMES_MAX = 256, BENCH_TABLE = 100 };

/* A frame that the coordinator sent. */
struct bench_frame {
    struct buffer *buffer;
    struct frame frame; /* borrows from it */
    size_t to;          /* member index */
    uint16_t shard;
    bool answered;
};

struct bench {
    struct transport transport;
    struct membership members;
    struct outbox outbox;
    struct timers timers;
    struct hlc hlc;
    struct replica replica; /* only what the coordinator looks at */
    struct prng prng;
    struct arena arena;
    struct coordinator coordinator;
    struct bench_frame frames[BENCH_FRAMES_MAX];
    size_t frames_count;
    struct writer key;   /* its first home node is member 0, where the coordinator runs */
    struct writer value; /* a small item */
    uint16_t list[BENCH_MEMBERS_MAX]; /* the key's preference list */
    struct request request;
    unsigned answers; /* how often `request` was handed back */
    uint64_t age_us;  /* of frames that arrive */
};

/* A cluster of `members`, all linked; this is member `self`, first of the key's list if it is 0. */
void bench_init(struct bench *bench, size_t members, size_t self);
void bench_deinit(struct bench *bench);
/* Makes bench->request; the test fills in the rest and submits it. */
void bench_request(struct bench *bench, enum request_kind kind, struct quorum quorum);
void bench_submit(struct bench *bench);
/* Opens a door: `bench_run` ends it. */
void bench_run(struct bench *bench);
/* Turns the clock on and runs what is due. */
void bench_pass(struct bench *bench, uint64_t length_us);
/* The link to a member breaks, as the node would tell it. */
void bench_unlink(struct bench *bench, size_t member);
/* The first unanswered frame of that type to that member; NULL: none. */
struct bench_frame *bench_find(struct bench *bench, enum frame_type type, size_t member);
/* Drops the frames that were answered, to make room. */
void bench_forget_answered(struct bench *bench);
size_t bench_count(const struct bench *bench, enum frame_type type);
/* Answers a frame, as often as `copies` says. */
void bench_reply(struct bench *bench, struct bench_frame *frame, enum frame_type type,
                 const ProtobufCMessage *body, struct slice payload, unsigned copies);
void bench_reply_write(struct bench *bench, struct bench_frame *frame, enum verdict verdict,
                       struct version highest);
void bench_reply_hint(struct bench *bench, struct bench_frame *frame, enum verdict verdict);
/* A frame from another member arrives. */
bool bench_receive(struct bench *bench, size_t from, enum frame_type type, uint64_t request_id,
                   const ProtobufCMessage *body, struct slice payload);
/* The version of the row in a WRITE, REPAIR or HINT. */
struct version bench_version(const struct bench_frame *frame);
/* Nothing is left: no task, no call, no load on any member. */
void bench_check_idle(const struct bench *bench);
node_id bench_id(size_t member);
