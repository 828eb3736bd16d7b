/* The tombstone floor and purge (docs/protocol.md) of one partition with one item: three home nodes, a
 * holder of hints, plain writes and deletes with any stamps, and proposals that are accepted but not
 * committed. Once in a run tombstones with stamps up to FLOOR are purged, in stages:
 *
 *     FLOORS   each home node, and each holder of hints, durably refuses whatever is stamped up to FLOOR:
 *              new writes, new hints. Resends of rows that exist are not refused: they go on
 *     FINISH   what is accepted up to FLOOR is committed if it is decided, else settled by a round
 *     FLUSH    hints up to FLOOR are delivered
 *     REPAIR   home nodes are compared, at different times, until all had the same row, but for those that
 *              had one above FLOOR. Rows on their way between them are resends
 *     RECORD   each home node notes that it is purged: from now on it takes no row up to FLOOR for a key
 *              it does not have
 *     PURGE    tombstones up to FLOOR that were compared, and accepted rows, go
 *
 * A stage ends when all that it is about have done it; any crash is a step not taken. Messages are a set,
 * as in register.pml. A round is one step here: register.pml has it in parts.
 *
 * Checked after every step: linearizability (history.pml), in which a delete brings back the state
 * before all writes; and that what was answered on the strength of hints alone is kept, or has been
 * superseded. */

#ifndef OPERATIONS
#define OPERATIONS 3
#endif
#ifndef BALLOTS
#define BALLOTS 3 /* stamps */
#endif
#ifndef FLOOR
#define FLOOR 2 /* the stamp up to which is purged */
#endif
#define ACCEPTORS 3
#define MAJORITY 2
#define EVERYBODY 7
#define HOLDER 3 /* of hints, among those that keep the floor */

/* Kinds of operations, as in register.pml. */
#define NONE 0
#define PLAIN 1       /* put */
#define CONDITIONAL 2 /* put by an accept, whose condition is true of any state */
#define READ 3
#define TRANSACT 6
#define READ_OTHER 7
#define DELETE 10     /* plain delete */
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
#ifndef HINTS
#define HINTS 0 /* coordinators leave hints */
#endif
#ifndef SLOPPY
#define SLOPPY 0 /* with HINTS: a hint alone is enough for an answer, which is then outside linearizability */
#endif

/* Mutants. */
#define PURGES_BY_TIME 1       /* a tombstone is purged whenever it is old */
#define FLOOR_ON_MAJORITY 2    /* two of the home nodes keep the floor */
#define FLOOR_NOT_ON_HOLDER 3  /* hints up to the floor are created later */
#define REPAIR_AFTER_PURGE 4   /* rows up to the floor still taken for keys that are absent */
#define REPAIR_LEAVES_ONE 5    /* the repair of one home node failed, and counts as done */
#define FLOOR_FORGOTTEN 6      /* with the tombstone goes all that is known of its version */
#define FINISHES_NOTHING 7     /* accepted rows up to the floor are neither committed nor settled */
#define FLUSHES_NOTHING 8      /* hints are left where they are */
#define PURGES_WHAT_CAME_LATER 9 /* tombstones that came after the comparison are purged too */
#ifndef MUTANT
#define MUTANT 0
#endif

/* ---- state ---- */

byte item[ACCEPTORS];
byte accepted[ACCEPTORS];

#define FLOORS 0
#define FINISH 1
#define FLUSH 2
#define REPAIR 3
#define RECORD 4
#define PURGE 5
byte stage;
byte floored;  /* masks of home nodes; HOLDER in this one, too */
byte recorded;
byte compared[ACCEPTORS]; /* 1 + the ballot that the home node then had */

#define NOTHING 0
#define ACCEPT_SENT 2
#define PLAIN_SENT 3
byte sent[8];
byte writer[8];
byte hint[8];  /* mask of home nodes for which it is kept */
byte held;     /* masks of stamps: taken by somebody, so it may be resent */
byte decided;
byte promised_to_keep; /* answered because of hints */

#define IDLE 0
#define WRITING 1
#define DONE 8
byte status[OPERATIONS];
byte ballot[OPERATIONS];
byte replies[OPERATIONS];
byte saw[OPERATIONS];
byte effective[OPERATIONS];
byte before[OPERATIONS];
byte done;

byte linearizable = 1;
byte kept = 1;

c_code {
/* To history.pml all writes are plain ones: none depends on what it replaces. */
#define KIND(op) ((op) == DELETE || (op) == CONDITIONAL ? PLAIN : (op))
static const int operation[4] = { OP0, OP1, OP2, OP3 };
static const int kind_of[4] = { KIND(OP0), KIND(OP1), KIND(OP2), KIND(OP3) };

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

static int is_tombstone(int s)
{
    return s && operation[now.writer[s] - 1] == DELETE;
}

static int written_by(int i)
{
    return operation[i] == DELETE ? 0 : i + 1;
}

static int shown(int s)
{
    return is_tombstone(s) ? 0 : now.writer[s];
}

static int is_committed(void)
{
    return 0;
}

static int pending_effect(int i, int value)
{
    return 0;
}

static int can_read_through(int quorum)
{
    return count(quorum) == MAJORITY;
}

/* ---- home nodes ---- */

static int is_floored(int a)
{
    return now.floored >> a & 1;
}

static int takes_first_copy(int v, int a)
{
    return top(a) < v && (v > FLOOR || !is_floored(a));
}

/* A row that somebody holds already. */
static int takes_resent(int v, int a)
{
    int is_gone = now.recorded >> a & 1 && now.item[a] == 0 && v <= FLOOR;
    return top(a) < v && (!is_gone || MUTANT == REPAIR_AFTER_PURGE);
}

static void take(int v, int a)
{
    if (now.sent[v] == ACCEPT_SENT)
        now.accepted[a] = v;
    else
        now.item[a] = v;
    now.held |= 1 << v;
}

static int can_value_arrives(int v, int a)
{
    return now.sent[v] && takes_first_copy(v, a);
}

static void value_arrives(int v, int a)
{
    take(v, a);
}

static int can_resent_arrives(int v, int a)
{
    return now.held >> v & 1 && takes_resent(v, a);
}

static void resent_arrives(int v, int a)
{
    take(v, a);
}

static int can_commit_arrives(int v, int a)
{
    int is_gone = now.recorded >> a & 1 && now.item[a] == 0 && v <= FLOOR;
    return now.decided >> v & 1 && now.item[a] < v && !is_gone;
}

static void commit_arrives(int v, int a)
{
    now.item[a] = v;
}

/* ---- hints ---- */

static int can_leave_hint(int i, int a)
{
    int v = now.ballot[i];
    return HINTS && now.status[i] == WRITING && now.sent[v] == PLAIN_SENT && !(now.hint[v] >> a & 1) &&
           (v > FLOOR || !is_floored(HOLDER) || MUTANT == FLOOR_NOT_ON_HOLDER);
}

static void leave_hint(int i, int a)
{
    now.hint[now.ballot[i]] |= 1 << a;
}

static int can_deliver_hint(int v, int a)
{
    return now.hint[v] >> a & 1;
}

/* Taken, superseded, or refused for good: in any case the hint ends. */
static void deliver_hint(int v, int a)
{
    if (takes_resent(v, a))
        take(v, a);
    now.hint[v] &= ~(1 << a);
}

/* ---- coordinators ---- */

static int can_start(int i, int v)
{
    return now.status[i] == IDLE && kind_of[i] != READ && !now.sent[v];
}

static void start(int i, int v)
{
    now.before[i] = now.done;
    now.status[i] = WRITING;
    now.ballot[i] = v;
    now.sent[v] = operation[i] == CONDITIONAL ? ACCEPT_SENT : PLAIN_SENT;
    now.writer[v] = i + 1;
}

static int can_take_replied(int i, int a)
{
    int v = now.ballot[i];
    return now.status[i] == WRITING && !(now.replies[i] >> a & 1) &&
           (top(a) == v || takes_first_copy(v, a));
}

static void take_replied(int i, int a)
{
    if (top(a) != now.ballot[i])
        take(now.ballot[i], a);
    now.replies[i] |= 1 << a;
}

static void finish(int i)
{
    now.status[i] = DONE;
    now.done |= 1 << i;
}

static int can_complete(int i)
{
    return now.status[i] == WRITING && count(now.replies[i]) >= MAJORITY;
}

static void complete(int i)
{
    if (now.sent[now.ballot[i]] == ACCEPT_SENT)
        now.decided |= 1 << now.ballot[i];
    finish(i);
}

static int can_complete_sloppy(int i)
{
    return SLOPPY && now.status[i] == WRITING && now.hint[now.ballot[i]] != 0;
}

/* It stays as it is to history.pml: a write without an answer. */
static void complete_sloppy(int i)
{
    now.promised_to_keep |= 1 << now.ballot[i];
}

/* A consistent read finds its answer on the majority without node a. */
static int can_read_without(int i, int a)
{
    int b = (a + 1) % ACCEPTORS, c = (a + 2) % ACCEPTORS;
    return kind_of[i] == READ && now.status[i] == IDLE && top(b) == top(c);
}

static void read_without(int i, int a)
{
    now.before[i] = now.done;
    now.saw[i] = shown(top((a + 1) % ACCEPTORS));
    finish(i);
}

/* ---- the stages ---- */

static int can_keep_floor(int a)
{
    return now.stage == FLOORS && !is_floored(a);
}

static void keep_floor(int a)
{
    now.floored |= 1 << a;
}

static int nothing_accepted(void)
{
    int a;
    for (a = 0; a < ACCEPTORS; a++)
        if (now.accepted[a] > now.item[a] && now.accepted[a] <= FLOOR)
            return 0;
    return 1;
}

/* A round through the majority without node a, for what is accepted up to the floor. */
static int can_settle(int v, int a)
{
    int b = (a + 1) % ACCEPTORS, c = (a + 2) % ACCEPTORS;
    int s = higher(top(b), top(c));
    return now.stage == FINISH && !nothing_accepted() && s && !now.sent[v] && v > FLOOR && v > s;
}

static void settle(int v, int a)
{
    int b = (a + 1) % ACCEPTORS, c = (a + 2) % ACCEPTORS;
    now.writer[v] = now.writer[higher(top(b), top(c))];
    now.sent[v] = ACCEPT_SENT;
    now.accepted[b] = now.accepted[c] = v;
    now.held |= 1 << v;
    now.decided |= 1 << v;
}

static int can_find_decided(int v)
{
    int a, holders = 0;
    for (a = 0; a < ACCEPTORS; a++)
        holders += now.accepted[a] == v;
    return now.stage == FINISH && !(now.decided >> v & 1) && holders >= MAJORITY;
}

static void find_decided(int v)
{
    now.decided |= 1 << v;
}

static int can_compare(int a)
{
    return now.stage == REPAIR && now.compared[a] != now.item[a] + 1;
}

static void compare(int a)
{
    now.compared[a] = now.item[a] + 1;
}

/* All rows that were compared are the same, but for those above the floor. */
static int are_equal(void)
{
    int a, missing = 0, row = -1;
    for (a = 0; a < ACCEPTORS; a++) {
        int s = now.compared[a] - 1;
        missing += s < 0;
        if (s < 0 || s > FLOOR)
            continue;
        if (row >= 0 && row != s)
            return 0;
        row = s;
    }
    return missing <= (MUTANT == REPAIR_LEAVES_ONE);
}

static int can_record(int a)
{
    return now.stage == RECORD && !(now.recorded >> a & 1);
}

static void record(int a)
{
    now.recorded |= 1 << a;
}

static int no_hints(void)
{
    int v;
    for (v = 1; v <= FLOOR; v++)
        if (now.hint[v])
            return 0;
    return 1;
}

static int is_stage_done(void)
{
    switch (now.stage) {
    case FLOORS:
        if (MUTANT == FLOOR_ON_MAJORITY)
            return is_floored(HOLDER) && count(now.floored & EVERYBODY) >= MAJORITY;
        return (is_floored(HOLDER) || MUTANT == FLOOR_NOT_ON_HOLDER) &&
               (now.floored & EVERYBODY) == EVERYBODY;
    case FINISH:
        return nothing_accepted() || MUTANT == FINISHES_NOTHING;
    case FLUSH:
        return no_hints() || MUTANT == FLUSHES_NOTHING;
    case REPAIR:
        return are_equal();
    case RECORD:
        return now.recorded == EVERYBODY;
    }
    return 0;
}

static int can_advance(void)
{
    return is_stage_done();
}

static void advance(void)
{
    now.stage++;
}

static int has_purgeable(int a)
{
    return is_tombstone(now.item[a]) && now.item[a] <= FLOOR &&
           (now.compared[a] == now.item[a] + 1 || MUTANT == PURGES_WHAT_CAME_LATER);
}

static int can_purge(int a)
{
    if (MUTANT == PURGES_BY_TIME)
        return is_tombstone(now.item[a]);
    return now.stage == PURGE && (has_purgeable(a) || (now.accepted[a] && now.accepted[a] <= FLOOR));
}

static void purge(int a)
{
    if (has_purgeable(a) || (is_tombstone(now.item[a]) && MUTANT == PURGES_BY_TIME))
        now.item[a] = 0;
    if (now.accepted[a] <= FLOOR)
        now.accepted[a] = 0;
    if (MUTANT == FLOOR_FORGOTTEN) {
        now.floored &= ~(1 << a);
        now.recorded &= ~(1 << a);
    }
}
}

#include "history.pml"

c_code {
/* What hints stood for is with a home node or a hint, or something newer was taken. */
static int is_kept(void)
{
    int v;
    for (v = 1; v <= BALLOTS; v++)
        if (now.promised_to_keep >> v & 1 && !now.hint[v] && !(now.held >> v))
            return 0;
    return 1;
}

/* ---- states that differ in the names of home nodes only are one ---- */

static int bits_of(int a)
{
    int i, v, bits = (now.floored >> a & 1) | (now.recorded >> a & 1) << 1;
    for (i = 0; i < OPERATIONS; i++)
        bits = bits << 1 | (now.replies[i] >> a & 1);
    for (v = 1; v <= BALLOTS; v++)
        bits = bits << 1 | (now.hint[v] >> a & 1);
    return ((bits * 8 + now.compared[a]) * 8 + now.item[a]) * 8 + now.accepted[a];
}

static int swapped(int mask, int a, int b)
{
    return (mask >> a & 1) == (mask >> b & 1) ? mask : mask ^ (1 << a | 1 << b);
}

static void swap(int a, int b)
{
    int i, v, item = now.item[a], accepted = now.accepted[a], compared = now.compared[a];
    now.item[a] = now.item[b];
    now.accepted[a] = now.accepted[b];
    now.item[b] = item;
    now.accepted[b] = accepted;
    now.compared[a] = now.compared[b];
    now.compared[b] = compared;
    now.floored = swapped(now.floored, a, b);
    now.recorded = swapped(now.recorded, a, b);
    for (i = 0; i < OPERATIONS; i++)
        now.replies[i] = swapped(now.replies[i], a, b);
    for (v = 1; v <= BALLOTS; v++)
        now.hint[v] = swapped(now.hint[v], a, b);
}

static void sort_nodes(void)
{
    int a, b;
    for (a = 0; a < ACCEPTORS; a++)
        for (b = a + 1; b < ACCEPTORS; b++)
            if (bits_of(a) > bits_of(b))
                swap(a, b);
}

static void normalize(void)
{
    int a, i;
    for (a = 0; a < ACCEPTORS; a++)
        if (now.accepted[a] <= now.item[a])
            now.accepted[a] = 0;
    for (i = 0; i < OPERATIONS; i++)
        if (now.status[i] == DONE)
            now.ballot[i] = now.replies[i] = 0;
}

extern int readtrail;

static void print_state(const char *step)
{
    int a, i, v;
    printf("%s\n    stage %d floored %d recorded %d\n", step, now.stage, now.floored, now.recorded);
    for (a = 0; a < ACCEPTORS; a++)
        printf("    %c: item %d accepted %d\n", 'A' + a, now.item[a], now.accepted[a]);
    for (v = 1; v <= BALLOTS; v++)
        if (now.sent[v])
            printf("    stamp %d: by operation %d%s hints %d\n", v, now.writer[v],
                   is_tombstone(v) ? " (delete)" : "", now.hint[v]);
    for (i = 0; i < OPERATIONS; i++)
        printf("    operation %d: status %d saw %d\n", i + 1, now.status[i], now.saw[i]);
    printf("%s%s", now.linearizable ? "" : "    NOT LINEARIZABLE\n", now.kept ? "" : "    LOST\n");
}

static void finish_step(const char *step)
{
    normalize();
    sort_nodes();
    now.linearizable = is_linearizable();
    now.kept = is_kept();
    if (readtrail)
        print_state(step);
}
}

/* ---- steps ---- */

#define STEP(f, ...)                                                                     \
    :: d_step {                                                                          \
        c_expr { (can_##f)(__VA_ARGS__) } ->                                             \
        c_code { f(__VA_ARGS__); finish_step(#f "(" #__VA_ARGS__ ")"); };                \
        assert(linearizable && kept)                                                     \
    }
#define PER_NODE(f, x) STEP(f, x, 0) STEP(f, x, 1) STEP(f, x, 2)
#define START(v, i) STEP(start, i, v)
#define EACH(v, ignored) STAMP(v)
#if BALLOTS == 2
#define PER_STAMP(of, x) of(1, x) of(2, x)
#elif BALLOTS == 3
#define PER_STAMP(of, x) of(1, x) of(2, x) of(3, x)
#endif
#define STAMP(v)                                                                         \
    PER_NODE(value_arrives, v) PER_NODE(resent_arrives, v) PER_NODE(commit_arrives, v)   \
    PER_NODE(deliver_hint, v) PER_NODE(settle, v) STEP(find_decided, v)
#define NODE(a) STEP(keep_floor, a) STEP(compare, a) STEP(record, a) STEP(purge, a)
#define OPERATION(i)                                                                     \
    PER_STAMP(START, i)                                \
    PER_NODE(take_replied, i) PER_NODE(leave_hint, i) PER_NODE(read_without, i)          \
    STEP(complete, i) STEP(complete_sloppy, i)

active proctype purging()
{
end:
    do
    PER_STAMP(EACH, 0)
    NODE(0) NODE(1) NODE(2) STEP(keep_floor, HOLDER) STEP(advance)
    OPERATION(0)
#if OPERATIONS > 1
    OPERATION(1)
#endif
#if OPERATIONS > 2
    OPERATION(2)
#endif
#if OPERATIONS > 3
    OPERATION(3)
#endif
    od
}
