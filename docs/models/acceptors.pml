/* Included by register.pml: what a replica does with a message, and the replies that arrive. */

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

static int votes(int a)
{
    return !(AMNESIA && a == 0 && (now.life == 1 || now.life == 3));
}

static int can_read_through(int quorum)
{
    return count(quorum) == MAJORITY && (votes(0) || !(quorum & 1));
}

/* Promises and accepts are numbered. Of interest is only whether acceptor 0's number is above the
 * one at its flush: that is one bit. */
static void count_vote(int a)
{
    if (AMNESIA && a == 0 && now.life == 0)
        now.number = 1;
}

/* ---- the acceptor rule ---- */

static int takes_plain(int v, int a)
{
    if (!votes(a) || top(a) >= v)
        return 0;
    if (now.promised[a] > v && MUTANT != PLAIN_IGNORES_PROMISES)
        return 0;
    return !now.intent[top(a)] || MUTANT == PLAIN_BURIES_INTENT;
}

static int takes_prepare(int b, int a)
{
    int held = MUTANT == PREPARE_IGNORES_ITEM ? now.accepted[a] : top(a);
    return votes(a) && now.promised[a] <= b && held < b;
}

static int takes_accept(int b, int a)
{
    return votes(a) && now.promised[a] <= b && top(a) < b;
}

static void take_plain(int v, int a)
{
    now.item[a] = v;
    now.taken[v] = 1;
    count_vote(a);
}

static void take_prepare(int b, int a)
{
    if (now.promised[a] != b)
        count_vote(a);
    now.promised[a] = b;
}

static void promise_rider(int b, int a)
{
    if (MUTANT != RIDING_BALLOT_UNPROMISED && now.rider[b] > now.promised[a]) {
        now.promised[a] = now.rider[b];
        count_vote(a);
    }
}

static void take_accept(int b, int a)
{
    if (SPLIT)
        now.accepted[a] = b;
    else
        now.item[a] = b;
    count_vote(a);
    promise_rider(b, a);
}

/* ---- messages that arrive ---- */

static int can_prepare_arrives(int b, int a)
{
    return (now.sent[b] == PREPARE_SENT || now.sent[b] == ACCEPT_SENT) && takes_prepare(b, a) &&
           now.promised[a] < b;
}

static void prepare_arrives(int b, int a)
{
    take_prepare(b, a);
}

static int can_accept_arrives(int b, int a)
{
    return now.sent[b] == ACCEPT_SENT && takes_accept(b, a);
}

static void accept_arrives(int b, int a)
{
    take_accept(b, a);
}

/* Read repair, hints and exchanges deliver the same value at the same ballot under the same rule:
 * they are this step. */
static int can_plain_arrives(int v, int a)
{
    return now.sent[v] == PLAIN_SENT && (!now.unsent[v] || now.hint[v]) && takes_plain(v, a);
}

static void plain_arrives(int v, int a)
{
    take_plain(v, a);
}

/* A decided value is applied whatever was promised. */
static int can_commit_arrives(int b, int a)
{
    if (!now.decided[b] || !votes(a))
        return 0;
    return now.item[a] < b ||
           (MUTANT == COMMIT_CLEARS_PROMISE && now.item[a] == b && now.promised[a] > 0);
}

static void commit_arrives(int b, int a)
{
    now.item[a] = b;
    if (MUTANT == COMMIT_CLEARS_PROMISE)
        now.promised[a] = 0;
}

/* Repair and hints of some mutants. */
static int can_broken_copy_arrives(int v, int a)
{
    if (now.sent[v] != PLAIN_SENT)
        return 0;
    switch (MUTANT) {
    case REPAIR_IGNORES_PROMISES:
        return now.taken[v] && top(a) < v;
    case HINT_IGNORES_PROMISES:
        return now.hint[v] && top(a) < v;
    case HINT_IGNORES_NEWER:
        return now.hint[v] && now.item[a] != v && now.promised[a] <= v;
    }
    return 0;
}

static void broken_copy_arrives(int v, int a)
{
    now.item[a] = v;
    now.accepted[a] = 0;
    if (MUTANT != REPAIR_IGNORES_PROMISES)
        now.taken[v] = 1;
}

/* ---- replies that arrive: the message's effect, if it has none yet, and the reply in one step ---- */

static void note_reply(int i, int a, int reply_top, int reply_accepted)
{
    now.replies[i] |= 1 << a;
    now.reply_top[i * ACCEPTORS + a] = reply_top;
    now.reply_accepted[i * ACCEPTORS + a] = reply_accepted;
}

/* Replies of acceptor 0 while it may still lose its tail are on their way for a while. */
static void reply(int i, int a, int reply_top, int reply_accepted)
{
    if (!AMNESIA || a != 0 || now.life != 0) {
        note_reply(i, a, reply_top, reply_accepted);
        return;
    }
    now.flight[i] = YES;
    now.flight_top[i] = reply_top;
    now.flight_accepted[i] = reply_accepted;
    now.flight_number[i] = now.number;
}

static int awaits(int i, int a)
{
    return votes(a) && !(now.replies[i] & 1 << a) && !(AMNESIA && a == 0 && now.flight[i]);
}

static int can_promise_replied(int i, int a)
{
    return now.status[i] == PREPARING && awaits(i, a) && takes_prepare(now.ballot[i], a);
}

static void promise_replied(int i, int a)
{
    take_prepare(now.ballot[i], a);
    reply(i, a, top(a), now.accepted[a]);
}

static int can_accept_replied(int i, int a)
{
    return (now.status[i] == PROPOSING || now.status[i] == PROPOSING_SEEN) && awaits(i, a) &&
           (top(a) == now.ballot[i] || takes_accept(now.ballot[i], a));
}

static void accept_replied(int i, int a)
{
    if (takes_accept(now.ballot[i], a))
        take_accept(now.ballot[i], a);
    else
        promise_rider(now.ballot[i], a);
    reply(i, a, 0, 0);
}

static int can_plain_replied(int i, int a)
{
    return now.status[i] == WRITING && awaits(i, a) &&
           (now.item[a] == now.ballot[i] || takes_plain(now.ballot[i], a));
}

static void plain_replied(int i, int a)
{
    if (takes_plain(now.ballot[i], a))
        take_plain(now.ballot[i], a);
    reply(i, a, 0, 0);
}

static int can_read_replied(int i, int a)
{
    return now.status[i] == READING && awaits(i, a);
}

static void read_replied(int i, int a)
{
    reply(i, a, top(a), 0);
}

/* The value comes as a message of its own ballot; here its holder says so. */
static int can_write_back_replied(int i, int a)
{
    return now.status[i] == WRITING_BACK && awaits(i, a) && top(a) == now.ballot[i];
}

static void write_back_replied(int i, int a)
{
    reply(i, a, 0, 0);
}

/* ---- what a coordinator makes of promises ---- */

static int enough(int i)
{
    return count(now.replies[i]) >= MAJORITY;
}

/* The highest ballot among the replies: the state that a round found. */
static int found(int i)
{
    int a, highest = 0, accepted = 0;
    for (a = 0; a < ACCEPTORS; a++) {
        if (!(now.replies[i] & 1 << a))
            continue;
        highest = higher(highest, now.reply_top[i * ACCEPTORS + a]);
        accepted = higher(accepted, now.reply_accepted[i * ACCEPTORS + a]);
    }
    return MUTANT == PREFERS_ACCEPTED && accepted ? accepted : highest;
}

static int holders(int i, int s)
{
    int a, mask = 0;
    for (a = 0; a < ACCEPTORS; a++)
        if (now.replies[i] & 1 << a && now.reply_top[i * ACCEPTORS + a] == s)
            mask |= 1 << a;
    return mask;
}

static int on_majority(int i, int s)
{
    return count(holders(i, s)) >= MAJORITY;
}

static void clear_replies(int i)
{
    int a;
    now.replies[i] = now.refused[i] = 0;
    now.flight[i] = now.flight_top[i] = now.flight_accepted[i] = now.flight_number[i] = 0;
    for (a = 0; a < ACCEPTORS; a++)
        now.reply_top[i * ACCEPTORS + a] = now.reply_accepted[i * ACCEPTORS + a] = 0;
}

static void finish(int i)
{
    now.done |= 1 << i;
    now.status[i] = DONE;
}

/* ---- values ---- */

/* A new value of operation i under ballot b, made from state s. */
static void descend(int b, int i, int s)
{
    now.writer[b] = now.owner[b] = i + 1;
    now.origin[b] = b;
    now.base[b] = now.base[s];
    now.lineage[b] = now.lineage[s] | 1 << b;
    if (count(now.lineage[b]) > LINEAGE_MAX) {
        now.lineage[b] &= now.lineage[b] - 1;
        if (MUTANT != CUT_LINEAGE_KEEPS_BASE)
            now.base[b] = __builtin_ctz(now.lineage[b]);
    }
}

/* A value that does not rest on any other: its lineage starts here. */
static void begin_lineage(int b, int i, int first_stamp)
{
    now.writer[b] = now.owner[b] = i + 1;
    now.origin[b] = first_stamp;
    now.base[b] = MUTANT == SETTLED_BASE_IS_FIRST_STAMP ? first_stamp : b;
    now.lineage[b] = 1 << first_stamp;
}

/* State s once more, under the higher ballot b. */
static void copy_value(int b, int s)
{
    now.writer[b] = now.writer[s];
    now.origin[b] = now.origin[s];
    now.judged[b] = now.judged[s];
    now.base[b] = now.base[s];
    now.lineage[b] = now.lineage[s];
    now.intent[b] = now.intent[s];
    now.batch[b] = now.batch[s];
    if (MUTANT == SETTLE_RENAMES_ORIGIN) {
        now.origin[b] = b;
        now.lineage[b] = (now.lineage[s] & ~(1 << now.origin[s])) | 1 << b;
    }
}

static void send_accept(int i, int next_status)
{
    now.sent[now.ballot[i]] = ACCEPT_SENT;
    now.status[i] = next_status;
    clear_replies(i);
}

static void send_prepare(int i, int b)
{
    now.sent[b] = PREPARE_SENT;
    now.ballot[i] = b;
    now.status[i] = PREPARING;
    now.attempt[i] = 0;
    clear_replies(i);
}

/* The value that state s shows: an intent counts once the transaction is committed. */
static int transaction(void)
{
    int i;
    for (i = 0; i < OPERATIONS; i++)
        if (kind_of[i] == TRANSACT)
            return i + 1;
    return 0;
}

static int written_by(int i)
{
    return i + 1;
}

static int is_committed(void)
{
    return now.record == 1;
}

static int shown(int s)
{
    return now.intent[s] && is_committed() ? transaction() : now.writer[s];
}
}
