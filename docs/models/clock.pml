/* The clock that stamps versions (common/hlc.h): its durable ceiling, and the guard against clocks
 * that are wrong.
 *
 * Nodes 0 and 1 are honest: node 0's clock shows the true time, node 1's is ahead by all the skew that
 * is allowed. Node 2's clock shows anything at any time. A stamp is a tick and a counter in one
 * number, as in an HLC. A stamp that was issued travels as a version; it reaches any node at any
 * time, again, or never. An honest node issues and restarts at most once a tick: fewer stamps than a
 * tick has counter values, and no restart within one step of the ceiling.
 *
 * Checked: no node issues a stamp twice, so no ballot has two values; and what an honest node stamps is
 * never so far ahead that it would not be admitted by every honest node PATIENCE ticks later, whatever
 * node 2 sent and whoever took it: so no write is refused for ever. */

#ifndef TIME_MAX
#define TIME_MAX 6 /* ticks */
#endif
#define STAMPS_MAX 4 /* issued in all, in one run */
#define FAR 13       /* the latest tick that node 2's clock shows */
#define SKEW 2
#define COUNTERS 2 /* stamps per tick */
#define AHEAD 1    /* ticks by which the ceiling is raised above the clock: less than SKEW ... */
#define STEP_LEAST 1 /* ... and above the last stamp, if that is ahead */
#define PATIENCE (SKEW + STEP_LEAST + 1)
#define NODES 3
#define WRONG 2

#define CEILING_NOT_KEPT 1 /* a node that restarts has forgotten what it issued */
#define NO_GUARD 2         /* any version is admitted */
#ifndef MUTANT
#define MUTANT 0
#endif

byte now_tick;
byte last[NODES];      /* the highest stamp issued or observed */
byte ceiling[NODES];   /* durable: nothing above it is issued */
byte may_issue[NODES];
byte may_restart[NODES];
byte stamps;         /* issued in all; they are also the messages: */
byte issuer[STAMPS_MAX];
byte issued[STAMPS_MAX];
byte unique = 1;
byte patient = 1;

c_code {
static int later(int a, int b)
{
    return a > b ? a : b;
}

static int clock_of(int n)
{
    return now.now_tick + (n == 1 ? SKEW : 0);
}

static int next_stamp(int n, int clock)
{
    return later(now.last[n] + 1, clock * COUNTERS);
}

static int can_issue(int n, int clock)
{
    return now.stamps < STAMPS_MAX && now.may_issue[n];
}

/* Above the ceiling, a higher one is made durable first. */
static void raise_ceiling(int n, int clock)
{
    now.ceiling[n] = later((clock + AHEAD) * COUNTERS,
                           later(now.last[n], clock * COUNTERS) + STEP_LEAST * COUNTERS);
}

static void issue(int n, int clock)
{
    int stamp = next_stamp(n, clock), k;
    if (stamp > now.ceiling[n])
        raise_ceiling(n, clock);
    for (k = 0; k < now.stamps; k++)
        if (now.issuer[k] == n && now.issued[k] == stamp)
            now.unique = 0;
    now.patient = n == WRONG || stamp / COUNTERS <= now.now_tick + PATIENCE + 2 * SKEW;
    now.issuer[now.stamps] = n;
    now.issued[now.stamps++] = stamp;
    now.last[n] = stamp;
    now.may_issue[n] = n == WRONG;
}

static int can_restart(int n)
{
    return now.may_restart[n] && now.last[n] > 0;
}

static void restart(int n)
{
    now.last[n] = MUTANT == CEILING_NOT_KEPT ? 0 : now.ceiling[n];
    now.may_restart[n] = 0;
}

/* Node n takes the version that was issued as number k. Node 2 admits everything. */
static int can_arrive(int n, int k)
{
    if (k >= now.stamps || now.last[n] >= now.issued[k])
        return 0;
    return n == WRONG || MUTANT == NO_GUARD ||
           now.issued[k] / COUNTERS <= clock_of(n) + 2 * SKEW;
}

static void arrive(int n, int k)
{
    now.last[n] = now.issued[k];
}

static int can_tick(void)
{
    return now.now_tick < TIME_MAX;
}

static void tick(void)
{
    int n;
    now.now_tick++;
    for (n = 0; n < NODES; n++)
        now.may_issue[n] = now.may_restart[n] = 1;
}

extern int readtrail;

static void finish_step(const char *step)
{
    int n;
    if (!readtrail)
        return;
    printf("%s\n    time %d;", step, now.now_tick);
    for (n = 0; n < NODES; n++)
        printf(" node %d: last %d.%d ceiling %d.%d;", n, now.last[n] / COUNTERS,
               now.last[n] % COUNTERS, now.ceiling[n] / COUNTERS, now.ceiling[n] % COUNTERS);
    printf("\n%s%s", now.unique ? "" : "    THE SAME STAMP AGAIN\n",
           now.patient ? "" : "    TOO FAR AHEAD\n");
}
}

#define STEP(f, ...)                                                                     \
    :: d_step {                                                                          \
        c_expr { (can_##f)(__VA_ARGS__) } ->                                             \
        c_code { f(__VA_ARGS__); finish_step(#f "(" #__VA_ARGS__ ")"); };                \
        assert(unique && patient)                                                        \
    }
#define HONEST(n) STEP(issue, n, clock_of(n)) STEP(restart, n)
#define WRONG_AT(clock) STEP(issue, WRONG, clock)
#define ARRIVALS_AT(n)                                                                   \
    STEP(arrive, n, 0) STEP(arrive, n, 1) STEP(arrive, n, 2) STEP(arrive, n, 3)

active proctype clocks()
{
end:
    do
    STEP(tick)
    HONEST(0)
    HONEST(1)
    STEP(restart, WRONG)
    WRONG_AT(0) WRONG_AT(now.now_tick + 2 * SKEW) WRONG_AT(FAR)
    ARRIVALS_AT(0) ARRIVALS_AT(1) ARRIVALS_AT(WRONG)
    od
}
