/* The register protocol (docs/protocol.md) for one item: plain writes, which are the second phase of
 * Paxos alone ("Paxos Made Simple", Lamport 2001), mixed with per-item Paxos for all other writes.
 *
 * A configuration is a list of client operations OP0..OP3 (kinds below), a number of ballots and
 * options, all given as -D; check.sh runs those that README.md lists. Messages are a set: each may
 * arrive at any time, again, or never. Replies may be lost. A coordinator that crashed is one that
 * takes no more steps. Each attempt takes ANY ballot that is still unused: arbitrary clock skew. After
 * every step history.pml checks that what the clients saw is linearizable.
 *
 * This file: configuration, state, and the table of steps. acceptors.pml: what replicas do.
 * plain.pml, conditional.pml: what coordinators do. history.pml: the check. A step
 * f(x, y) is taken only where can_f(x, y). */

/* ---- configuration ---- */

#ifndef OPERATIONS
#define OPERATIONS 3
#endif
#ifndef BALLOTS
#define BALLOTS 4 /* at most 7; 0 is the state before all writes */
#endif
#ifndef ACCEPTORS
#define ACCEPTORS 3
#endif
#define MAJORITY (ACCEPTORS / 2 + 1)

/* Kinds of operations. NONE ends the list. */
#define NONE 0
#define PLAIN 1       /* plain write */
#define CONDITIONAL 2 /* conditional write: any condition, it succeeds or fails at will */
#define READ 3        /* consistent read */
#define LEAD 4        /* conditional write whose accept carries the next ballot ... */
#define FOLLOW 5      /* ... which the operation after it uses without a prepare of its own */
#define TRANSACT 6    /* transaction over this item and an item Y; its commit point is one record */
#define READ_OTHER 7  /* atomic read of Y */
#define BATCH 8       /* conditional write that may take the operation after it into its proposal */
#define JOIN 9        /* conditional write that is only ever taken along so */

#ifndef OP0
#define OP0 NONE
#endif
#ifndef OP1
#define OP1 NONE
#endif
#ifndef OP2
#define OP2 NONE
#endif
#ifndef OP3
#define OP3 NONE
#endif

/* Options, 0 or 1 unless said otherwise. */
#ifndef SPLIT
#define SPLIT 0 /* accepts go to `accepted`, apart from the item, until they are committed */
#endif
#ifndef KEEP_ACCEPTED
#define KEEP_ACCEPTED 0 /* with SPLIT: `accepted` is not dropped under a newer item */
#endif
#ifndef LINEAGE
#define LINEAGE 0 /* coordinators look for themselves in lineages, not only in origins */
#endif
#ifndef LINEAGE_MAX
#define LINEAGE_MAX 8 /* a number: origins that a lineage keeps */
#endif
#ifndef COMMIT_PLAIN
#define COMMIT_PLAIN 0 /* decided plain values are pushed past promises too */
#endif
#ifndef RETRY
#define RETRY 0 /* after an uncertain accept the coordinator goes on under a higher ballot */
#endif
#ifndef HINTS
#define HINTS 0 /* home nodes may be unreachable; stand-ins keep hints and deliver them at any time */
#endif
#ifndef NARROW
#define NARROW 0 /* fewer ways: only replies to accepts are lost, and reads never settle */
#endif
#ifndef AMNESIA
#define AMNESIA 0 /* acceptor 0 may lose the tail of its state, once: see amnesia.pml */
#endif

/* Mutants: deliberately broken variants, each of which must be refuted. -DMUTANT=NAME. */
#define PLAIN_IGNORES_PROMISES 1    /* replicas take plain writes below a promise */
#define FAILS_ON_MINORITY 2         /* failed condition answered though its state is on a minority */
#define RESTAMPS_PARTIAL 3          /* plain write stamped anew after somebody may have taken it */
#define RESTAMPS_REFUSED_BY_MAJORITY 4 /* ... after a majority, not all, refused it */
#define RESTAMPS_ON_RESENT 5        /* ... after refusals of copies that were not the first */
#define PREPARE_IGNORES_ITEM 6      /* prepare compares with promise and `accepted` only */
#define PREFERS_ACCEPTED 7          /* an undecided value preferred to a newer plain item */
#define REPAIR_IGNORES_PROMISES 8   /* repair of an undecided value ignores promises */
#define SETTLE_ABSENT_IS_NEVER 9    /* "not the state that was found" taken for "never happened" */
#define SUPERSEDED_IS_SUCCESS 10    /* "something newer was found" taken for success */
#define READ_WITHOUT_WRITE_BACK 11  /* a read shows a value that is on a minority */
#define COMMIT_CLEARS_PROMISE 12    /* a commit clears the promise, however high */
#define RIDING_BALLOT_UNPROMISED 13 /* the next ballot rides on an accept, but is not promised */
#define RETRY_EVALUATES_AGAIN 14    /* after an uncertain accept the condition is simply judged anew */
#define PLAIN_BURIES_INTENT 15      /* replicas take a plain write over an intent */
#define HIDDEN_INTENT_IGNORED 16    /* an intent seen below the highest value is left alone */
#define RETRY_FAILS_WITHOUT_PUBLISHING 17 /* failure after an uncertain accept answered as if it were
                                             the first attempt: no proposal buries that accept */
#define RETRY_LOOKS_FOR_NEWEST 18   /* a coordinator looks for its newest attempt only */
#define SETTLE_RENAMES_ORIGIN 19    /* a value published again gets a new origin */
#define SETTLED_BASE_IS_FIRST_STAMP 20 /* lineage of a settled plain write said to begin at its first
                                          stamp, not at the ballot it was published under */
#define CUT_LINEAGE_KEEPS_BASE 21   /* a lineage drops its oldest origin but not its claim on it */
#define HINT_COUNTS 22              /* a hint counts towards W on a strict table */
#define HINT_IGNORES_PROMISES 23    /* a hint is applied in spite of a promise */
#define HINT_IGNORES_NEWER 24       /* a hint is applied in spite of a newer value */
#define RESTAMPS_DESPITE_HINT 25    /* plain write stamped anew though a hint with it exists */
#define BATCH_FAILS_EARLY 26        /* a failed condition within a batch answered before the batch is
                                       decided */
#define OLD_LIFE_COUNTS 27          /* amnesia: replies from before the restart count after the check */
#define REFUSAL_COUNTS_AT_ONCE 28   /* amnesia: refusals count though no peer keeps their number */
#ifndef MUTANT
#define MUTANT 0
#endif

/* ---- state ---- */

/* Per acceptor: ballots. `accepted` is used with SPLIT only. */
byte promised[ACCEPTORS];
byte accepted[ACCEPTORS];
byte item[ACCEPTORS];

/* Per ballot: what was sent under it ... */
#define NOTHING 0
#define PREPARE_SENT 1
#define ACCEPT_SENT 2
#define PLAIN_SENT 3
#define PROMISED_AHEAD 4 /* it rides on an accept */
byte sent[8];
byte writer[8];  /* operation (from 1) whose effect its value is; 0: the state before all writes */
byte origin[8];  /* ballot under which that value was first proposed */
byte owner[8];   /* operation (from 1) whose coordinator proposed a new value under it */
byte judged[8];  /* value (its writer) on which a conditional write was evaluated: its result */
byte lineage[8]; /* origins that led to the value without a gap, as a mask of ballots */
byte base[8];    /* the lineage lacks no ancestor above this ballot */
byte intent[8];  /* the value carries the transaction's intent */
byte batch[8];   /* which operations of a batch the value holds (conditional.pml) */
byte rider[8];   /* ballot that rides on its accept */
byte decided[8]; /* known to have been on a majority: commits may be on their way */
byte taken[8];   /* plain: some acceptor took it */
byte hint[8];    /* plain: a stand-in keeps it */
byte unsent[8];  /* plain: no acceptor will see a first copy any more */

/* Per operation. */
#define IDLE 0
#define WRITING 1        /* plain write sent */
#define PREPARING 2
#define PROPOSING 3      /* accept sent; its decision completes the operation, with effect */
#define PROPOSING_SEEN 4 /* accept of the value found; its decision completes the operation, without */
#define READING 5
#define WRITING_BACK 6
#define UNKNOWN 7
#define DONE 8
#define QUEUED 9         /* JOIN: waits to be taken along */
byte status[OPERATIONS];
byte ballot[OPERATIONS];
byte first[OPERATIONS];   /* ballot of its first attempt; of a plain write: its latest stamp */
byte replies[OPERATIONS]; /* mask of acceptors that said yes to the current request */
byte reply_top[OPERATIONS * ACCEPTORS];
byte reply_accepted[OPERATIONS * ACCEPTORS];
byte saw[OPERATIONS];     /* value (its writer) that its answer rests on */
byte effective[OPERATIONS];
byte before[OPERATIONS];  /* mask of operations that were done when it began */
byte next_ballot[OPERATIONS];
byte attempt[OPERATIONS]; /* ballot of the attempt whose results are to be answered */
byte retried[OPERATIONS]; /* an earlier attempt may have been accepted somewhere */
byte done;                /* mask of operations */

byte record; /* of the transaction: 0 pending, 1 committed, 2 aborted */

/* Amnesia of acceptor 0 (amnesia.pml). */
byte number;                  /* of its promises and accepts since the flush: 0, or 1 for more */
byte flushed;                 /* what is below survives */
byte kept_promised, kept_accepted, kept_item;
byte life;                    /* 0 first, 1 restarted and not voting, 2 voting again, 3 stopped */
byte known[ACCEPTORS];        /* highest number of acceptor 0 that a peer keeps */
byte answered[ACCEPTORS];     /* the peer answered the restarted acceptor that it is not behind */
#define YES 1
#define NO 2
byte refused[OPERATIONS];     /* acceptor 0 said no to the first copy of a plain write */
byte flight[OPERATIONS];      /* this reply of acceptor 0's first life is under way, with ... */
byte flight_top[OPERATIONS], flight_accepted[OPERATIONS], flight_number[OPERATIONS];

byte linearizable = 1;

#include "acceptors.pml"
#include "plain.pml"
#include "conditional.pml"
#include "amnesia.pml"
#include "history.pml"
#include "symmetry.pml"

/* ---- steps ---- */

/* Spin takes no plain call in an expression, for fear of side effects; these have none. */
#define STEP(f, ...)                                                                     \
    :: d_step {                                                                          \
        c_expr { (can_##f)(__VA_ARGS__) } ->                                             \
        c_code { f(__VA_ARGS__); finish_step(#f "(" #__VA_ARGS__ ")"); };                \
        assert(linearizable)                                                             \
    }

#if ACCEPTORS == 3
#define PER_ACCEPTOR(f, x) STEP(f, x, 0) STEP(f, x, 1) STEP(f, x, 2)
#elif ACCEPTORS == 5
#define PER_ACCEPTOR(f, x) STEP(f, x, 0) STEP(f, x, 1) STEP(f, x, 2) STEP(f, x, 3) STEP(f, x, 4)
#endif

#define TWO(of, f) of(f, 1) of(f, 2)
#if BALLOTS == 2
#define BALLOT_LIST(of, f) TWO(of, f)
#elif BALLOTS == 3
#define BALLOT_LIST(of, f) TWO(of, f) of(f, 3)
#elif BALLOTS == 4
#define BALLOT_LIST(of, f) TWO(of, f) of(f, 3) of(f, 4)
#elif BALLOTS == 5
#define BALLOT_LIST(of, f) TWO(of, f) of(f, 3) of(f, 4) of(f, 5)
#elif BALLOTS == 6
#define BALLOT_LIST(of, f) TWO(of, f) of(f, 3) of(f, 4) of(f, 5) of(f, 6)
#elif BALLOTS == 7
#define BALLOT_LIST(of, f) TWO(of, f) of(f, 3) of(f, 4) of(f, 5) of(f, 6) of(f, 7)
#endif
#define OF_0(f, b) STEP(f, 0, b)
#define OF_1(f, b) STEP(f, 1, b)
#define OF_2(f, b) STEP(f, 2, b)
#define OF_3(f, b) STEP(f, 3, b)

/* A message reaches a replica, and the reply, if any, is lost. */
#define MESSAGES                                                                         \
    BALLOT_LIST(PER_ACCEPTOR, prepare_arrives)                                           \
    BALLOT_LIST(PER_ACCEPTOR, plain_arrives)                                             \
    BALLOT_LIST(PER_ACCEPTOR, commit_arrives)                                            \
    BALLOT_LIST(PER_ACCEPTOR, broken_copy_arrives)

#define OPERATION(i, of)                                                                 \
    BALLOT_LIST(of, start)                                                               \
    BALLOT_LIST(of, restamp)                                                             \
    BALLOT_LIST(of, settle_plain)                                                        \
    BALLOT_LIST(of, try_again)                                                           \
    BALLOT_LIST(of, settle_read)                                                         \
    BALLOT_LIST(of, propose_and_lead)                                                    \
    STEP(start_read, i) STEP(read_other, i) STEP(follow, i) STEP(join, i)                \
    STEP(complete, i) STEP(propose, i) STEP(propose_batch, i, BATCH_BOTH)                \
    STEP(propose_batch, i, BATCH_FIRST) STEP(propose_batch, i, BATCH_SECOND)             \
    STEP(fail, i) STEP(resume, i) STEP(fail_early, i)                                    \
    STEP(decide_settled, i) STEP(leave_hint, i)                                          \
    STEP(place_intent, i) STEP(commit_transaction, i)                                    \
    STEP(judge_read, i) STEP(complete_read, i)                                           \
    PER_ACCEPTOR(promise_replied, i) PER_ACCEPTOR(accept_replied, i)                     \
    PER_ACCEPTOR(plain_replied, i) PER_ACCEPTOR(read_replied, i)                         \
    PER_ACCEPTOR(write_back_replied, i)                                                  \
    STEP(refusal_replied, i) PER_ACCEPTOR(late_reply_lands, i)

active proctype register()
{
end:
    do
    BALLOT_LIST(PER_ACCEPTOR, accept_arrives)
#if !NARROW
    MESSAGES
#endif
    OPERATION(0, OF_0)
#if OPERATIONS > 1
    OPERATION(1, OF_1)
#endif
#if OPERATIONS > 2
    OPERATION(2, OF_2)
#endif
#if OPERATIONS > 3
    OPERATION(3, OF_3)
#endif
#if AMNESIA
    STEP(flush) STEP(lose_tail) STEP(vote_again)
    PER_ACCEPTOR(peer_answers, 0)
#endif
    od
}
