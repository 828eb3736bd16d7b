/* Ring changes (docs/protocol.md) of one partition: a few operations on one item, while its home nodes
 * change from OLD to NEW in stages STABLE(old) -> JOINT(old, new) -> STABLE(new), or back.
 *
 * The steps of the ring come one after the other, at any time: the chain of registers that decides them
 * is ringchain.pml. Any coordinator holds any epoch, however old, and asks the home nodes of that epoch. A
 * node that answers makes the epoch durable first (its fence), and from then on refuses older ones; that
 * it may learn of a ring earlier than it must is left out, since that only refuses more. Rows travel between nodes at their own ballots, by repair, exchange or hint, with
 * the epoch that the receiver has. Otherwise messages, crashes and ballots are as in register.pml,
 * which this is a reduction of; crashes of the driver, of joiners and of sources are steps not taken.
 *
 * This file: configuration, state, the ring, the copying, and the table of steps. ring_register.pml:
 * replicas and coordinators. history.pml: the check after every step. */

/* ---- configuration ---- */

#ifndef OLD
#define OLD 7 /* masks of nodes: A is 1, B is 2, C is 4, ... */
#endif
#ifndef NEW
#define NEW 11
#endif
#ifndef NODES
#define NODES 4
#endif
#define ACCEPTORS NODES
#ifndef OPERATIONS
#define OPERATIONS 3
#endif
#ifndef BALLOTS
#define BALLOTS 3 /* 0 is the state before all writes */
#endif

/* Kinds of operations, as in register.pml. */
#define NONE 0
#define PLAIN 1
#define CONDITIONAL 2
#define READ 3
#define TRANSACT 6
#define READ_OTHER 7
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
#ifndef EPOCHS
#define EPOCHS 3 /* a number, at most 5: how many rings there can be, the first included */
#endif
#ifndef CANCEL
#define CANCEL 0 /* a change may be cancelled; if EPOCHS allows, it is begun again */
#endif
#ifndef RETURN
#define RETURN 0 /* after the change the partition may go back to OLD */
#endif
#ifndef SPLIT
#define SPLIT 0 /* accepts go to `accepted`, apart from the item, until they are committed */
#endif
#ifndef QUICK_READS
#define QUICK_READS 0 /* a read finds its answer on a quorum at one moment */
#endif

/* Mutants. */
#define QUORUM_OF_NEW_ALONE 1       /* in JOINT a majority of the new home nodes is enough */
#define QUORUM_OF_OLD_ALONE 2       /* ... of the old ones */
#define KNOWN_ON_OLD_ALONE 3        /* a read in JOINT answers what is on a majority of old only */
#define KNOWN_ON_NEW_ALONE 4        /* ... of new only */
#define IGNORES_EPOCH 5             /* replicas take requests of older epochs */
#define SERVES_UNFENCED 6           /* a replica serves a newer epoch, but does not keep it */
#define COPIES_BEFORE_FENCE 7       /* a source is read before it is fenced */
#define COPIES_FROM_ONE 8           /* one source is enough */
#define COPIES_WITHOUT_ACCEPTED 9   /* accepted rows are not copied */
#define COPIES_DESPITE_PROMISE 10   /* a source that promised more than it holds is copied from */
#define COPIES_AT_OWN_BALLOT 11     /* whatever sources hold is copied at its own ballot, under the
                                       acceptor rule, agreed on or not */
#define SWITCHES_EARLY 12           /* the switch does not wait for the copies */
#define KEPT_DO_NOT_COPY 13         /* when N shrinks members that stay do not copy */
#define FENCE_NOT_DURABLE 14        /* a node that restarts has forgotten the ring */
#define STALE_RING_DECIDES 15       /* a step is applied to a ring that is not the newest */
#define OLD_COPY_COUNTS 16          /* a copy of a change that was cancelled counts for the next one */
#define TAKES_ADD_UP 17             /* answers under different epochs are added up */
#define COPIES_PROMISES_TOO 18      /* ... and so is what they promised */
#ifndef MUTANT
#define MUTANT 0
#endif

/* ---- state ---- */

/* The ring, by epoch. */
byte ring;           /* the newest epoch */
byte list[EPOCHS] = OLD; /* masks of home nodes */
byte target[EPOCHS]; /* in JOINT */

/* Per node. */
byte fence[NODES];
byte promised[NODES];
byte accepted[NODES];
byte item[NODES];

/* Copying, within the newest epoch. */
byte seen[NODES];   /* ballot that the copier found on ... */
byte agree[NODES];  /* ... these sources */
byte copied;        /* mask of copiers that are done */
byte settled;       /* a round of this epoch ended */

/* Per ballot: what was sent under it ... */
#define NOTHING 0
#define PREPARE_SENT 1
#define ACCEPT_SENT 2
#define PLAIN_SENT 3
byte sent[8];
byte sent_epoch[8]; /* ... and the epoch that the coordinator's requests carry */
byte writer[8];     /* operation (from 1) whose effect its value is */
byte origin[8];     /* ballot under which that value was first proposed */
byte judged[8];     /* value (its writer) on which a conditional write was evaluated */
byte held;          /* mask of ballots that some node took: they may be resent */
byte decided;       /* mask of ballots known decided: commits may be on their way */

/* Per operation. */
#define IDLE 0
#define WRITING 1
#define PREPARING 2
#define PROPOSING 3      /* accept sent; its decision completes the operation, with effect */
#define PROPOSING_SEEN 4 /* accept of the value found */
#define READING 5
#define WRITING_BACK 6
#define UNKNOWN 7
#define DONE 8
byte status[OPERATIONS];
byte epoch[OPERATIONS]; /* of its current attempt */
byte ballot[OPERATIONS];
byte first[OPERATIONS]; /* of a plain write: its stamp */
byte replies[OPERATIONS];
byte highest[OPERATIONS]; /* ballot among these replies, and ... */
byte holders[OPERATIONS]; /* ... who told of it */
byte saw[OPERATIONS];
byte effective[OPERATIONS];
byte before[OPERATIONS];
byte done;

byte linearizable = 1;

c_code {
static const int kind_of[4] = { OP0, OP1, OP2, OP3 };

static int higher(int x, int y)
{
    return x > y ? x : y;
}

static int count(int mask)
{
    return __builtin_popcount(mask);
}

static int top(int a)
{
    return higher(now.accepted[a], now.item[a]);
}

/* ---- the ring ---- */

static int homes(int e)
{
    return now.list[e] | now.target[e];
}

static int is_joint(int e)
{
    return now.target[e] != 0;
}

static int is_majority(int mask, int set)
{
    return count(mask & set) > count(set) / 2;
}

static int is_quorum(int mask, int e)
{
    if (!is_joint(e) || MUTANT == QUORUM_OF_OLD_ALONE)
        return is_majority(mask, now.list[e]);
    return is_majority(mask, now.target[e]) &&
           (is_majority(mask, now.list[e]) || MUTANT == QUORUM_OF_NEW_ALONE);
}

static int copiers(int e)
{
    int shrinks = count(now.target[e]) < count(now.list[e]);
    return shrinks && MUTANT != KEPT_DO_NOT_COPY ? now.target[e] : now.target[e] & ~now.list[e];
}

/* Those that have copied, and those that need not, are a majority of the new home nodes, and every new
 * one has copied. */
static int may_switch(int e)
{
    int whole = now.copied | (now.target[e] & ~copiers(e));
    if (MUTANT == SWITCHES_EARLY)
        return 1;
    return !(now.target[e] & ~now.list[e] & ~now.copied) && is_majority(whole, now.target[e]);
}

static void next_ring(int new_list, int new_target)
{
    int a;
    now.ring++;
    now.list[now.ring] = new_list;
    now.target[now.ring] = new_target;
    now.settled = 0;
    if (MUTANT != OLD_COPY_COUNTS)
        now.copied = 0;
    for (a = 0; a < NODES; a++)
        now.seen[a] = now.agree[a] = 0;
}

static int can_begin(void)
{
    return now.ring + 2 < EPOCHS && !is_joint(now.ring) && (RETURN || now.list[now.ring] == OLD);
}

static void begin(void)
{
    int from = now.list[now.ring];
    next_ring(from, from == OLD ? NEW : OLD);
}

static int can_switch_over(void)
{
    return now.ring + 1 < EPOCHS && is_joint(now.ring) && may_switch(now.ring);
}

static void switch_over(void)
{
    next_ring(now.target[now.ring], 0);
}

static int can_cancel(void)
{
    if (MUTANT == STALE_RING_DECIDES && now.ring == 2 && EPOCHS > 3)
        return 1;
    return CANCEL && now.ring + 1 < EPOCHS && is_joint(now.ring);
}

static void cancel(void)
{
    next_ring(now.list[is_joint(now.ring) ? now.ring : now.ring - 1], 0);
}

static int can_forget(int a)
{
    return MUTANT == FENCE_NOT_DURABLE && now.fence[a] > 0;
}

static void forget(int a)
{
    now.fence[a] = 0;
}

/* May node a answer a request of epoch e? */
static int admits(int a, int e)
{
    return (homes(e) >> a & 1) && (now.fence[a] <= e || MUTANT == IGNORES_EPOCH);
}

/* It does: the epoch is durable first. */
static void admit(int a, int e)
{
    if (MUTANT != SERVES_UNFENCED)
        now.fence[a] = higher(now.fence[a], e);
}

/* ---- copying ---- */

static int can_read_through(int quorum)
{
    int a, e;
    for (e = 0; e <= now.ring; e++) {
        int able = 0;
        for (a = 0; a < NODES; a++)
            able |= admits(a, e) << a;
        if (!(quorum & ~able) && is_quorum(quorum, e))
            return 1;
    }
    return 0;
}

static int may_copy(int j)
{
    int e = now.ring;
    return is_joint(e) && copiers(e) & ~now.copied & 1 << j && now.fence[j] <= e;
}

static int held_by_source(int s)
{
    return MUTANT == COPIES_WITHOUT_ACCEPTED ? now.item[s] : top(s);
}

static int copies_any(void)
{
    return MUTANT == COPIES_AT_OWN_BALLOT || MUTANT == COPIES_PROMISES_TOO;
}

static int can_copy_piece(int j, int s)
{
    int t = held_by_source(s), e = now.ring;
    if (!may_copy(j) || !(now.list[e] & 1 << s) || (now.agree[j] & 1 << s && now.seen[j] == t))
        return 0;
    if (!admits(s, e))
        return 0;
    if (copies_any())
        return t <= top(j) || now.promised[j] <= t;
    return now.promised[s] <= t || MUTANT == COPIES_DESPITE_PROMISE;
}

static void copy_at_own_ballot(int j, int s)
{
    now.item[j] = higher(now.item[j], now.item[s]);
    now.accepted[j] = higher(now.accepted[j], now.accepted[s]);
    if (MUTANT == COPIES_PROMISES_TOO)
        now.promised[j] = higher(now.promised[j], now.promised[s]);
    now.agree[j] |= 1 << s;
}

/* What another source held is forgotten, if it is not the same. */
static void copy_piece(int j, int s)
{
    int t = held_by_source(s);
    admit(j, now.ring);
    if (MUTANT != COPIES_BEFORE_FENCE)
        admit(s, now.ring);
    if (copies_any()) {
        copy_at_own_ballot(j, s);
        return;
    }
    now.agree[j] = now.seen[j] == t ? now.agree[j] | 1 << s : 1 << s;
    now.seen[j] = t;
}

static int is_agreed(int j)
{
    int needed = MUTANT == COPIES_FROM_ONE ? 1 : count(now.list[now.ring]) / 2 + 1;
    return count(now.agree[j]) >= needed;
}

static int can_finish_copy(int j)
{
    return may_copy(j) && (is_agreed(j) || now.settled);
}

static void finish_copy(int j)
{
    if (is_agreed(j))
        now.item[j] = higher(now.item[j], now.seen[j]);
    now.copied |= 1 << j;
}
}

#include "ring_register.pml"
#include "history.pml"

c_code {
/* ---- states that differ in the names of nodes of one kind only are one ---- */

static int compare(int a, int b)
{
    int i;
#define COMPARE(x, y) if ((x) != (y)) return (x) < (y) ? -1 : 1
    COMPARE(now.fence[a], now.fence[b]);
    COMPARE(now.item[a], now.item[b]);
    COMPARE(now.accepted[a], now.accepted[b]);
    COMPARE(now.promised[a], now.promised[b]);
    COMPARE(now.copied >> a & 1, now.copied >> b & 1);
    COMPARE(now.seen[a], now.seen[b]);
    COMPARE(now.agree[a], now.agree[b]);
    for (i = 0; i < NODES; i++)
        COMPARE(now.agree[i] >> a & 1, now.agree[i] >> b & 1);
    for (i = 0; i < OPERATIONS; i++) {
        COMPARE(now.replies[i] >> a & 1, now.replies[i] >> b & 1);
        COMPARE(now.holders[i] >> a & 1, now.holders[i] >> b & 1);
    }
    return 0;
}

static int swapped(int mask, int a, int b)
{
    return (mask >> a & 1) == (mask >> b & 1) ? mask : mask ^ (1 << a | 1 << b);
}

static void swap(int a, int b)
{
    int i;
    unsigned char kept;
#define SWAP(x, y) kept = (x), (x) = (y), (y) = kept
    SWAP(now.fence[a], now.fence[b]);
    SWAP(now.item[a], now.item[b]);
    SWAP(now.accepted[a], now.accepted[b]);
    SWAP(now.promised[a], now.promised[b]);
    SWAP(now.seen[a], now.seen[b]);
    SWAP(now.agree[a], now.agree[b]);
    now.copied = swapped(now.copied, a, b);
    for (i = 0; i < NODES; i++)
        now.agree[i] = swapped(now.agree[i], a, b);
    for (i = 0; i < OPERATIONS; i++) {
        now.replies[i] = swapped(now.replies[i], a, b);
        now.holders[i] = swapped(now.holders[i], a, b);
    }
}

static int kind_of_node(int a)
{
    return (OLD >> a & 1) | (NEW >> a & 1) << 1;
}

static void sort_nodes(void)
{
    int a, b;
    for (a = 0; a < NODES; a++)
        for (b = a + 1; b < NODES; b++)
            if (kind_of_node(a) == kind_of_node(b) && compare(a, b) > 0)
                swap(a, b);
}

/* Forgets what can make no difference any more. */
static void normalize(void)
{
    int a, i;
    for (a = 0; a < NODES; a++) {
        if (now.accepted[a] <= now.item[a])
            now.accepted[a] = 0;
        if (now.promised[a] <= top(a))
            now.promised[a] = 0;
        if (!is_joint(now.ring) || now.copied & 1 << a)
            now.seen[a] = now.agree[a] = 0;
    }
    for (i = 0; i < OPERATIONS; i++) {
        if (now.status[i] != DONE && now.status[i] != UNKNOWN)
            continue;
        now.ballot[i] = now.first[i] = now.epoch[i] = 0;
        clear_replies(i);
    }
}

/* ---- traces ---- */

extern int readtrail;

static void print_mask(int mask)
{
    int a;
    for (a = 0; a < NODES; a++)
        if (mask & 1 << a)
            printf("%c", 'A' + a);
}

static void print_ring(void)
{
    printf("    ring %d ", now.ring);
    print_mask(now.list[now.ring]);
    if (is_joint(now.ring)) {
        printf("+");
        print_mask(now.target[now.ring]);
        printf(" copied ");
        print_mask(now.copied);
    }
    printf("\n");
}

static void print_state(const char *step)
{
    static const char *status[] = { "idle", "writing", "preparing", "proposing", "proposing-seen",
                                    "reading", "writing-back", "unknown", "DONE" };
    int a, b, i;
    printf("%s\n", step);
    print_ring();
    for (a = 0; a < NODES; a++)
        printf("    %c: epoch %d item %d accepted %d promised %d\n", 'A' + a, now.fence[a], now.item[a],
               now.accepted[a], now.promised[a]);
    for (i = 0; i < OPERATIONS; i++)
        printf("    operation %d: %s epoch %d ballot %d saw %d%s\n", i + 1, status[now.status[i]],
               now.epoch[i], now.ballot[i], now.saw[i], now.effective[i] ? " effective" : "");
    for (b = 1; b <= BALLOTS; b++)
        if (now.sent[b] > PREPARE_SENT)
            printf("    value %d: by operation %d, judged on %d\n", b, now.writer[b], now.judged[b]);
    if (!now.linearizable)
        printf("    NOT LINEARIZABLE\n");
}

static void finish_step(const char *step)
{
    normalize();
    sort_nodes();
    now.linearizable = is_linearizable();
    if (readtrail)
        print_state(step);
}
}

/* ---- steps ---- */

#define STEP(f, ...)                                                                     \
    :: d_step {                                                                          \
        c_expr { (can_##f)(__VA_ARGS__) } ->                                             \
        c_code { f(__VA_ARGS__); finish_step(#f "(" #__VA_ARGS__ ")"); };                \
        assert(linearizable)                                                             \
    }

#if NODES == 3
#define PER_NODE(f, x) STEP(f, x, 0) STEP(f, x, 1) STEP(f, x, 2)
#elif NODES == 4
#define PER_NODE(f, x) STEP(f, x, 0) STEP(f, x, 1) STEP(f, x, 2) STEP(f, x, 3)
#elif NODES == 5
#define PER_NODE(f, x) STEP(f, x, 0) STEP(f, x, 1) STEP(f, x, 2) STEP(f, x, 3) STEP(f, x, 4)
#endif

#if BALLOTS == 1
#define PER_BALLOT(f, of) of(f, 1)
#elif BALLOTS == 2
#define PER_BALLOT(f, of) of(f, 1) of(f, 2)
#elif BALLOTS == 3
#define PER_BALLOT(f, of) of(f, 1) of(f, 2) of(f, 3)
#elif BALLOTS == 4
#define PER_BALLOT(f, of) of(f, 1) of(f, 2) of(f, 3) of(f, 4)
#endif

#if EPOCHS == 3
#define PER_EPOCH(f, ...) STEP(f, __VA_ARGS__, 0) STEP(f, __VA_ARGS__, 1) STEP(f, __VA_ARGS__, 2)
#elif EPOCHS == 4
#define PER_EPOCH(f, ...)                                                                \
    STEP(f, __VA_ARGS__, 0) STEP(f, __VA_ARGS__, 1) STEP(f, __VA_ARGS__, 2) STEP(f, __VA_ARGS__, 3)
#elif EPOCHS == 5
#define PER_EPOCH(f, ...)                                                                \
    STEP(f, __VA_ARGS__, 0) STEP(f, __VA_ARGS__, 1) STEP(f, __VA_ARGS__, 2)              \
    STEP(f, __VA_ARGS__, 3) STEP(f, __VA_ARGS__, 4)
#endif

#define PER_SET_OF_4(f, i, s)                                                            \
    PER_EPOCH(f, i, s) PER_EPOCH(f, i, (s) + 1) PER_EPOCH(f, i, (s) + 2) PER_EPOCH(f, i, (s) + 3)
#define PER_SET_OF_8(f, i, s) PER_SET_OF_4(f, i, s) PER_SET_OF_4(f, i, (s) + 4)
#if !QUICK_READS
#define PER_SET(f, i)
#elif NODES == 3
#define PER_SET(f, i) PER_SET_OF_8(f, i, 0)
#elif NODES == 4
#define PER_SET(f, i) PER_SET_OF_8(f, i, 0) PER_SET_OF_8(f, i, 8)
#elif NODES == 5
#define PER_SET(f, i)                                                                    \
    PER_SET_OF_8(f, i, 0) PER_SET_OF_8(f, i, 8) PER_SET_OF_8(f, i, 16) PER_SET_OF_8(f, i, 24)
#endif
#define PER_NODE_OF(f, b) PER_NODE(f, b)
#define NODE(a)                                                                          \
    STEP(forget, a)                                                                      \
    STEP(finish_copy, a)                                                                 \
    PER_NODE(copy_piece, a)
#define OF_0(f, b) PER_EPOCH(f, 0, b)
#define OF_1(f, b) PER_EPOCH(f, 1, b)
#define OF_2(f, b) PER_EPOCH(f, 2, b)
#define OF_3(f, b) PER_EPOCH(f, 3, b)

#define OPERATION(i, of)                                                                 \
    PER_BALLOT(start, of)                                                                \
    PER_BALLOT(settle, of)                                                               \
    PER_SET(quick_read, i)                                                               \
    PER_EPOCH(start_read, i) PER_EPOCH(raise_epoch, i)                                   \
    PER_NODE(promise_replied, i) PER_NODE(take_replied, i) PER_NODE(read_replied, i)     \
    STEP(propose, i) STEP(fail, i) STEP(decide_settled, i) STEP(complete, i)             \
    STEP(judge_read, i) STEP(complete_read, i)

active proctype ring_change()
{
end:
    do
    STEP(begin)
    STEP(switch_over)
    STEP(cancel)
    NODE(0) NODE(1) NODE(2)
#if NODES > 3
    NODE(3)
#endif
#if NODES > 4
    NODE(4)
#endif
    PER_BALLOT(prepare_arrives, PER_NODE_OF)
    PER_BALLOT(value_arrives, PER_NODE_OF)
    PER_BALLOT(resent_arrives, PER_NODE_OF)
    PER_BALLOT(commit_arrives, PER_NODE_OF)
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
    od
}
