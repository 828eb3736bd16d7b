/* The chain of registers that decides the steps of the ring (docs/protocol.md): the step from ring e-1 to
 * ring e is the value of instance e, single-decree Paxos ("Paxos Made Simple", Lamport 2001) whose
 * acceptors are the meta group that ring e-1 names.
 *
 * Two proposers propose at will, under any ballot that the instance has unused; one that stops is one
 * that takes no more steps. Proposer 0's steps make {B, C, D} the meta group, which is {A, B, C} at
 * first; those of proposer 1 leave it alone. Each goes by the newest ring that it has heard of, and when
 * it hears of a newer one it starts over. A member that is asked about instance e learns ring e-1 first,
 * if it is behind; what it knows it keeps. It answers nothing about older instances but that, and keeps
 * no state of them. (Learning earlier than one must only shuts out more.) Messages are a set: each
 * arrives at any time, again, or never.
 *
 * Checked: an instance is decided once, so no two members ever apply different steps for one epoch. */

#ifndef INSTANCES
#define INSTANCES 2
#endif
#ifndef BALLOTS
#define BALLOTS 3 /* per instance */
#endif
#define NODES 4
#define PROPOSERS 2
#define FIRST_GROUP 7  /* A, B, C */
#define SECOND_GROUP 14 /* B, C, D */
#define NEW_GROUP 1    /* the step of proposer 0 */

#define KEEPS_GROUP 1         /* proposer 1 goes on with the meta group it first knew */
#define KEEPS_PROMISES 2      /* a proposer that hears of a newer ring does not start over: it takes the
                                 promises of one instance for the next */
#define IGNORES_ACCEPTED 3    /* proposes its own step though one was accepted */
#define IGNORES_PROMISES 4    /* acceptors take whatever comes */
#define PROMISE_NOT_DURABLE 5 /* an acceptor that restarts has forgotten its promises */
#define ANSWERS_FORGOTTEN 6   /* a member votes on instances whose state it dropped */
#define DECIDED_BY_GOSSIP 7   /* a proposer spreads its step without the register */
#ifndef MUTANT
#define MUTANT 0
#endif

#define OF(e, b) (((e) - 1) * BALLOTS + (b) - 1)

byte known[NODES];    /* newest ring that the member has learnt */
byte promised[NODES]; /* ballots, of the instance after that */
byte accepted[NODES];
byte sent[INSTANCES * BALLOTS];   /* OF(instance, ballot): 0, or ... */
#define PREPARE_SENT 1
#define ACCEPT_SENT 2
byte step_of[INSTANCES * BALLOTS]; /* what its accept proposes: proposer + 1 */
byte decision[INSTANCES + 1];

#define IDLE 0
#define PREPARING 1
#define PROPOSING 2
byte status[PROPOSERS];
byte ring[PROPOSERS];   /* newest ring it has heard of */
byte ballot[PROPOSERS];
byte replies[PROPOSERS];
byte highest[PROPOSERS]; /* ballot accepted, among the replies */
byte single = 1;

c_code {
static int later(int a, int b)
{
    return a > b ? a : b;
}

static int group_after(int e)
{
    int i;
    for (i = 1; i <= e; i++)
        if (now.decision[i] == NEW_GROUP)
            return SECOND_GROUP;
    return FIRST_GROUP;
}

static int instance_of(int p)
{
    return now.ring[p] + 1;
}

static void decide(int e, int step)
{
    if (now.decision[e] && now.decision[e] != step)
        now.single = 0;
    now.decision[e] = step;
}

/* ---- acceptors ---- */

static int group_asked(int e)
{
    return MUTANT == KEEPS_GROUP ? FIRST_GROUP | SECOND_GROUP : group_after(e - 1);
}

static int votes(int e, int a)
{
    return (group_asked(e) >> a & 1) && (now.known[a] < e || MUTANT == ANSWERS_FORGOTTEN);
}

static int promised_by(int a, int e)
{
    return now.known[a] == e - 1 ? now.promised[a] : 0;
}

static int accepted_by(int a, int e)
{
    return now.known[a] == e - 1 ? now.accepted[a] : 0;
}

static int takes_prepare(int e, int b, int a)
{
    return votes(e, a) && (promised_by(a, e) < b || MUTANT == IGNORES_PROMISES);
}

static int takes_accept(int e, int b, int a)
{
    return votes(e, a) && accepted_by(a, e) < b &&
           (promised_by(a, e) <= b || MUTANT == IGNORES_PROMISES);
}

static void learn(int a, int e)
{
    if (now.known[a] == e)
        return;
    now.known[a] = e;
    now.promised[a] = now.accepted[a] = 0;
}

static void take_prepare(int e, int b, int a)
{
    learn(a, e - 1);
    now.promised[a] = b;
}

static void take_accept(int e, int b, int a)
{
    learn(a, e - 1);
    now.accepted[a] = b;
    now.promised[a] = later(now.promised[a], b);
}

static int can_forget(int a)
{
    return MUTANT == PROMISE_NOT_DURABLE && now.promised[a] > 0;
}

static void forget(int a)
{
    now.promised[a] = 0;
}

/* ---- messages whose replies are lost ---- */

static int can_prepare_arrives(int e, int b, int a)
{
    return now.sent[OF(e, b)] && takes_prepare(e, b, a);
}

static void prepare_arrives(int e, int b, int a)
{
    take_prepare(e, b, a);
}

static int can_accept_arrives(int e, int b, int a)
{
    return now.sent[OF(e, b)] == ACCEPT_SENT && takes_accept(e, b, a);
}

static void accept_arrives(int e, int b, int a)
{
    take_accept(e, b, a);
}

/* ---- proposers ---- */

static void await(int p, int status)
{
    now.status[p] = status;
    now.replies[p] = 0;
}

static int can_start(int p, int e, int b)
{
    return now.ring[p] < e && (e == 1 || now.decision[e - 1]) && !now.sent[OF(e, b)];
}

/* It has heard of ring e-1. Whatever it was about before is given up. */
static void start(int p, int e, int b)
{
    now.ring[p] = e - 1;
    now.sent[OF(e, b)] = PREPARE_SENT;
    now.ballot[p] = b;
    now.highest[p] = 0;
    await(p, PREPARING);
}

static int group_of(int p)
{
    return MUTANT == KEEPS_GROUP && p == 1 ? FIRST_GROUP : group_after(now.ring[p]);
}

static int awaits(int p, int a, int status)
{
    return now.status[p] == status && group_of(p) & ~now.replies[p] & 1 << a;
}

static int can_promise_replied(int p, int a)
{
    int e = instance_of(p), b = now.ballot[p];
    return awaits(p, a, PREPARING) &&
           (takes_prepare(e, b, a) || (votes(e, a) && promised_by(a, e) == b));
}

static void promise_replied(int p, int a)
{
    int e = instance_of(p);
    now.replies[p] |= 1 << a;
    now.highest[p] = later(now.highest[p], accepted_by(a, e));
    take_prepare(e, now.ballot[p], a);
}

static int enough(int p)
{
    return __builtin_popcount(now.replies[p] & group_of(p)) >= 2;
}

static int can_propose(int p)
{
    return now.status[p] == PREPARING && enough(p);
}

static void propose(int p)
{
    int e = instance_of(p), own = p + 1;
    int adopts = now.highest[p] > 0 && MUTANT != IGNORES_ACCEPTED;
    now.step_of[OF(e, now.ballot[p])] = adopts ? now.step_of[OF(e, now.highest[p])] : own;
    now.sent[OF(e, now.ballot[p])] = ACCEPT_SENT;
    now.highest[p] = 0;
    await(p, PROPOSING);
}

static int can_take_replied(int p, int a)
{
    int e = instance_of(p), b = now.ballot[p];
    return awaits(p, a, PROPOSING) && votes(e, a) &&
           (accepted_by(a, e) == b || takes_accept(e, b, a));
}

static void take_replied(int p, int a)
{
    take_accept(instance_of(p), now.ballot[p], a);
    now.replies[p] |= 1 << a;
}

static int can_complete(int p)
{
    return now.status[p] == PROPOSING && enough(p);
}

static void stand_at(int p, int e)
{
    now.ring[p] = e;
    now.ballot[p] = now.highest[p] = 0;
    await(p, IDLE);
}

static void complete(int p)
{
    int e = instance_of(p);
    decide(e, now.step_of[OF(e, now.ballot[p])]);
    stand_at(p, e);
}

static int can_keep_promises(int p, int e)
{
    return MUTANT == KEEPS_PROMISES && now.status[p] == PREPARING && instance_of(p) < e &&
           now.decision[e - 1] && !now.sent[OF(e, now.ballot[p])];
}

static void keep_promises(int p, int e)
{
    now.ring[p] = e - 1;
    now.highest[p] = 0;
    now.sent[OF(e, now.ballot[p])] = PREPARE_SENT;
}

static int can_spread(int p)
{
    return MUTANT == DECIDED_BY_GOSSIP && instance_of(p) <= INSTANCES;
}

static void spread(int p)
{
    decide(instance_of(p), p + 1);
    stand_at(p, instance_of(p));
}

/* B and C are members of both groups: states that differ in their names only are one. */
static void swap_b_and_c(void)
{
    unsigned char kept;
    int p;
#define SWAP(of) kept = now.of[1], now.of[1] = now.of[2], now.of[2] = kept
    SWAP(known);
    SWAP(promised);
    SWAP(accepted);
    for (p = 0; p < PROPOSERS; p++)
        if ((now.replies[p] >> 1 ^ now.replies[p] >> 2) & 1)
            now.replies[p] ^= 6;
}

static int number_of(int a)
{
    int p, number = (now.known[a] * 8 + now.promised[a]) * 8 + now.accepted[a];
    for (p = 0; p < PROPOSERS; p++)
        number = number * 2 + (now.replies[p] >> a & 1);
    return number;
}

extern int readtrail;

static void finish_step(const char *step)
{
    int a, p;
    if (number_of(1) > number_of(2))
        swap_b_and_c();
    if (!readtrail)
        return;
    printf("%s\n", step);
    for (p = 0; p < PROPOSERS; p++)
        printf("    proposer %d: ring %d status %d ballot %d\n", p, now.ring[p], now.status[p],
               now.ballot[p]);
    for (a = 0; a < NODES; a++)
        printf("    %c: ring %d promised %d accepted %d\n", 'A' + a, now.known[a], now.promised[a],
               now.accepted[a]);
    printf("%s", now.single ? "" : "    DECIDED TWICE\n");
}
}

#define STEP(f, ...)                                                                     \
    :: d_step {                                                                          \
        c_expr { (can_##f)(__VA_ARGS__) } ->                                             \
        c_code { f(__VA_ARGS__); finish_step(#f "(" #__VA_ARGS__ ")"); };                \
        assert(single)                                                                   \
    }
#define PER_NODE(f, ...)                                                                 \
    STEP(f, __VA_ARGS__, 0) STEP(f, __VA_ARGS__, 1) STEP(f, __VA_ARGS__, 2)              \
    STEP(f, __VA_ARGS__, 3)
#if BALLOTS == 2
#define PER_BALLOT(of, ...) of(__VA_ARGS__, 1) of(__VA_ARGS__, 2)
#elif BALLOTS == 3
#define PER_BALLOT(of, ...) of(__VA_ARGS__, 1) of(__VA_ARGS__, 2) of(__VA_ARGS__, 3)
#endif
#define INSTANCE(e)                                                                      \
    PER_BALLOT(PER_NODE, prepare_arrives, e)                                             \
    PER_BALLOT(PER_NODE, accept_arrives, e)                                              \
    PER_BALLOT(STEP, start, 0, e) PER_BALLOT(STEP, start, 1, e)                          \
    STEP(keep_promises, 0, e) STEP(keep_promises, 1, e)
#define PROPOSER(p)                                                                      \
    PER_NODE(promise_replied, p) PER_NODE(take_replied, p)                               \
    STEP(propose, p) STEP(complete, p) STEP(spread, p)

active proctype chain()
{
end:
    do
    INSTANCE(1)
#if INSTANCES > 1
    INSTANCE(2)
#endif
#if INSTANCES > 2
    INSTANCE(3)
#endif
    PROPOSER(0)
    PROPOSER(1)
    STEP(forget, 0) STEP(forget, 1) STEP(forget, 2) STEP(forget, 3)
    od
}
