/* census: a node that starts asks its peers for the highest number of votes (replica/votes.h) that
 * they have heard of it. More than it holds: it has lost the end of its durable state, promises and
 * taken rows with it, and must not vote again under its identity (register protocol, "Amnesia").
 *
 *   recovering --every peer that is alive answered, one at least--> done
 *       |                                                            |
 *       +---------- somebody heard more than was found --> behind <--+
 *
 * A node whose machine has not restarted since votes at once: only its process died, and what that
 * had written survived. It asks all the same, because its data may be an older copy. So does one
 * that is done ask whoever comes back later. Answers do not count what this life has announced, so
 * its votes neither raise an alarm nor hide a loss.
 *
 * Each shard asks every shard of every peer, since each hears other frames, and compares the numbers
 * of all shards the node has ever had: a partition may have been another one's. */
#pragma once

#include "boot.h"
#include "cartwheel.pb-c.h"
#include "heard.h"
#include "members.h"
#include "votes.h"

enum {
    CENSUS_RETRY_US = 200000,       /* members that have not answered are asked again so often */
    CENSUS_LATE_RETRY_US = 1000000, /* the same once it is done, when no vote waits for it */
    CENSUS_GRACE_US = 500000        /* from the start: time for links, and to learn who is dead */
};

enum census_state { CENSUS_RECOVERING, CENSUS_DONE, CENSUS_BEHIND };

struct census {
    struct outbox *outbox;
    const struct membership *members;
    struct timers *timers;
    struct heard *heard;
    struct log_sink *log;
    struct votes *votes;
    bool lossy;                 /* being behind is no reason to stop */
    bool trusted;               /* it votes at once */
    uint64_t id;                /* of all its questions */
    uint64_t found[SHARDS_MAX]; /* numbers at the start, of all shards there ever were */
    uint64_t *answered;         /* per member: a bit per shard */
    bool *gone;                 /* per member: a witness calls it dead */
    uint64_t until_us;          /* end of the grace */
    enum census_state state;
    struct timer timer;
    uint64_t answers;
};

/* Borrows all but `boot`. With `lossy`, a node that is behind says so and goes on. */
void census_init(struct census *census, const struct boot *boot, struct outbox *outbox,
                 const struct membership *members, struct timers *timers, struct heard *heard,
                 struct votes *votes, bool lossy, struct log_sink *log);
void census_deinit(struct census *census);
/* Begins to ask, under an id that no earlier census is likely to have had. */
void census_start(struct census *census, uint64_t id);
/* A member was removed: nobody waits for it any more. */
void census_on_removal(struct census *census);
/* A member may have become usable: asks soon. */
void census_on_reach(struct census *census);
/* CENSUS of a peer. */
void census_on_question(struct census *census, const struct frame *frame);
/* False if malformed. */
bool must_check census_on_answer(struct census *census, const struct frame *frame,
                                 const Cartwheel__CensusReply *reply);
/* No vote may be cast. */
bool census_forbids_votes(const struct census *census);
