/* Included by ring.pml: what replicas do with messages, and coordinators; acceptors.pml, plain.pml and
 * conditional.pml, reduced to what a change of the ring may touch. */

c_code {
/* ---- the acceptor rule ---- */

static int takes_prepare(int b, int a)
{
    return now.promised[a] <= b && top(a) < b;
}

static int takes_value(int b, int a)
{
    return now.promised[a] <= b && top(a) < b;
}

static void take_value(int b, int a)
{
    if (SPLIT && now.sent[b] == ACCEPT_SENT)
        now.accepted[a] = b;
    else
        now.item[a] = b;
    now.held |= 1 << b;
}

/* ---- messages that arrive, whose replies are lost ---- */

static int can_prepare_arrives(int b, int a)
{
    return now.sent[b] != NOTHING && now.sent[b] != PLAIN_SENT && admits(a, now.sent_epoch[b]) &&
           takes_prepare(b, a) && now.promised[a] < b;
}

static void prepare_arrives(int b, int a)
{
    admit(a, now.sent_epoch[b]);
    now.promised[a] = b;
}

/* Somebody who has the row sends it to a home node. That is the first epoch, from its fence on, under
 * which node a may be one; -1: none. A later one only shuts out more. */
static int epoch_to_resend(int a)
{
    int e;
    for (e = now.fence[a]; e <= now.ring; e++)
        if (admits(a, e))
            return e;
    return -1;
}

static int can_value_arrives(int b, int a)
{
    return now.sent[b] > PREPARE_SENT && takes_value(b, a) && admits(a, now.sent_epoch[b]);
}

static void value_arrives(int b, int a)
{
    admit(a, now.sent_epoch[b]);
    take_value(b, a);
}

static int can_resent_arrives(int b, int a)
{
    return now.held & 1 << b && takes_value(b, a) && epoch_to_resend(a) >= 0;
}

static void resent_arrives(int b, int a)
{
    admit(a, epoch_to_resend(a));
    take_value(b, a);
}

/* A decided value is applied whatever was promised. */
static int can_commit_arrives(int b, int a)
{
    return now.decided & 1 << b && now.item[a] < b && epoch_to_resend(a) >= 0;
}

static void commit_arrives(int b, int a)
{
    admit(a, epoch_to_resend(a));
    now.item[a] = b;
}

/* ---- what a coordinator makes of replies ---- */

static void clear_replies(int i)
{
    now.replies[i] = now.highest[i] = now.holders[i] = 0;
}

static int awaits(int i, int a)
{
    return !(now.replies[i] & 1 << a) && admits(a, now.epoch[i]);
}

static void note_reply(int i, int a, int held)
{
    admit(a, now.epoch[i]);
    if (held > now.highest[i]) {
        now.highest[i] = held;
        now.holders[i] = 0;
    }
    if (held == now.highest[i])
        now.holders[i] |= 1 << a;
    now.replies[i] |= 1 << a;
}

static int enough(int i)
{
    return is_quorum(now.replies[i], now.epoch[i]);
}

/* Do these hold the state on all majorities that are asked for? */
static int is_known_on(int mask, int e)
{
    if (is_joint(e) && MUTANT == KNOWN_ON_OLD_ALONE)
        return is_majority(mask, now.list[e]);
    if (is_joint(e) && MUTANT == KNOWN_ON_NEW_ALONE)
        return is_majority(mask, now.target[e]);
    return is_quorum(mask, e);
}

static int on_quorum(int i)
{
    return is_known_on(now.holders[i], now.epoch[i]);
}

static void finish(int i)
{
    now.done |= 1 << i;
    now.status[i] = DONE;
}

/* A round ended with a value on a quorum: nothing that was proposed under an older epoch can come
 * between any more. */
static void finish_round(int i)
{
    if (now.epoch[i] == now.ring && is_joint(now.ring))
        now.settled = 1;
    finish(i);
}

static int shown(int s)
{
    return now.writer[s];
}

static int written_by(int i)
{
    return i + 1;
}

static int is_committed(void)
{
    return 0;
}

static int pending_effect(int i, int value)
{
    int b;
    for (b = 1; b <= BALLOTS; b++)
        if (now.sent[b] == ACCEPT_SENT && now.writer[b] == i + 1 && now.judged[b] == value)
            return 1;
    return 0;
}

/* ---- replies: the message's effect, if it has none yet, and the reply in one step ---- */

static int can_promise_replied(int i, int a)
{
    return now.status[i] == PREPARING && awaits(i, a) && takes_prepare(now.ballot[i], a);
}

static void promise_replied(int i, int a)
{
    now.promised[a] = now.ballot[i];
    note_reply(i, a, top(a));
}

static int can_take_replied(int i, int a)
{
    int b = now.ballot[i];
    if (now.status[i] == WRITING_BACK)
        return awaits(i, a) && top(a) == b;
    return (now.status[i] == WRITING || now.status[i] == PROPOSING ||
            now.status[i] == PROPOSING_SEEN) &&
           awaits(i, a) && (top(a) == b || takes_value(b, a));
}

static void take_replied(int i, int a)
{
    if (top(a) != now.ballot[i])
        take_value(now.ballot[i], a);
    admit(a, now.epoch[i]);
    now.replies[i] |= 1 << a;
}

static int can_read_replied(int i, int a)
{
    return now.status[i] == READING && awaits(i, a);
}

static void read_replied(int i, int a)
{
    note_reply(i, a, top(a));
}

/* ---- writes ---- */

static void send(int i, int b, int e, int what)
{
    now.sent[b] = what;
    now.sent_epoch[b] = now.epoch[i] = e;
    now.ballot[i] = b;
    clear_replies(i);
}

static int can_start(int i, int b, int e)
{
    return now.status[i] == IDLE && now.sent[b] == NOTHING && e <= now.ring &&
           (kind_of[i] == PLAIN || kind_of[i] == CONDITIONAL);
}

static void start(int i, int b, int e)
{
    now.before[i] = now.done;
    if (kind_of[i] == PLAIN) {
        send(i, b, e, PLAIN_SENT);
        now.writer[b] = i + 1;
        now.origin[b] = now.first[i] = b;
        now.status[i] = WRITING;
    } else {
        send(i, b, e, PREPARE_SENT);
        now.status[i] = PREPARING;
    }
}

static void publish(int i, int next_status)
{
    now.sent[now.ballot[i]] = ACCEPT_SENT;
    now.status[i] = next_status;
    clear_replies(i);
}

static void publish_found(int i, int s, int next_status)
{
    int b = now.ballot[i];
    now.writer[b] = now.writer[s];
    now.origin[b] = now.origin[s];
    now.judged[b] = now.judged[s];
    publish(i, next_status);
}

static int can_complete(int i)
{
    return enough(i) && (now.status[i] == WRITING || now.status[i] == PROPOSING ||
                         now.status[i] == PROPOSING_SEEN);
}

static void complete(int i)
{
    if (now.status[i] == WRITING) {
        finish(i);
        return;
    }
    now.effective[i] = now.status[i] == PROPOSING;
    now.decided |= 1 << now.ballot[i];
    finish_round(i);
}

static int can_raise_epoch(int i, int e)
{
    return MUTANT == TAKES_ADD_UP && now.status[i] == WRITING && e <= now.ring && e > now.epoch[i];
}

static void raise_epoch(int i, int e)
{
    now.epoch[i] = now.sent_epoch[now.ballot[i]] = e;
}

/* A mixed plain write, or a read that is in nobody's way and yet gets no answer: a round, under any
 * epoch that is not older. */
static int can_settle(int i, int b, int e)
{
    int kind = kind_of[i];
    int waits = kind == PLAIN ? now.status[i] == WRITING && b > now.ballot[i] :
                                kind == READ && (now.status[i] == READING ||
                                                            now.status[i] == WRITING_BACK);
    return waits && !enough(i) && now.sent[b] == NOTHING && e <= now.ring && e >= now.epoch[i];
}

static void settle(int i, int b, int e)
{
    send(i, b, e, PREPARE_SENT);
    now.status[i] = PREPARING;
}

static int can_decide_settled(int i)
{
    return kind_of[i] == PLAIN && now.status[i] == PREPARING && enough(i);
}

static void decide_settled(int i)
{
    int s = now.highest[i], b = now.ballot[i];
    if (s && now.writer[s] == i + 1 && on_quorum(i)) {
        finish_round(i);
    } else if (s && now.writer[s] == i + 1) {
        publish_found(i, s, PROPOSING);
    } else if (s < now.first[i]) {
        now.writer[b] = i + 1;
        now.origin[b] = now.first[i];
        publish(i, PROPOSING);
    } else {
        now.status[i] = UNKNOWN;
        clear_replies(i);
    }
}

static int can_propose(int i)
{
    return kind_of[i] == CONDITIONAL && now.status[i] == PREPARING && enough(i);
}

static void propose(int i)
{
    int b = now.ballot[i], s = now.highest[i];
    now.writer[b] = i + 1;
    now.origin[b] = b;
    now.judged[b] = now.saw[i] = shown(s);
    publish(i, PROPOSING);
}

/* A condition that is false; also a read that had to settle. */
static int can_fail(int i)
{
    return (kind_of[i] == CONDITIONAL || kind_of[i] == READ) && now.status[i] == PREPARING && enough(i);
}

static void fail(int i)
{
    int s = now.highest[i];
    now.saw[i] = shown(s);
    if (on_quorum(i))
        finish_round(i);
    else
        publish_found(i, s, PROPOSING_SEEN);
}

/* ---- consistent reads ---- */

static int can_start_read(int i, int e)
{
    return !QUICK_READS && kind_of[i] == READ && now.status[i] == IDLE && e <= now.ring;
}

static void start_read(int i, int e)
{
    now.before[i] = now.done;
    now.epoch[i] = e;
    now.status[i] = READING;
}

static int highest_among(int set)
{
    int a, s = 0;
    for (a = 0; a < NODES; a++)
        if (set >> a & 1)
            s = higher(s, top(a));
    return s;
}

static int admitted_by(int set, int e)
{
    int a;
    for (a = 0; a < NODES; a++)
        if ((set >> a & 1) && !admits(a, e))
            return 0;
    return 1;
}

static int holders_among(int set, int s)
{
    int a, mask = 0;
    for (a = 0; a < NODES; a++)
        if ((set >> a & 1) && top(a) == s)
            mask |= 1 << a;
    return mask;
}

static int can_quick_read(int i, int set, int e)
{
    return kind_of[i] == READ && now.status[i] == IDLE && e <= now.ring && is_quorum(set, e) &&
           admitted_by(set, e) && is_known_on(holders_among(set, highest_among(set)), e);
}

static void quick_read(int i, int set, int e)
{
    int a;
    for (a = 0; a < NODES; a++)
        if (set >> a & 1)
            admit(a, e);
    now.before[i] = now.done;
    now.saw[i] = shown(highest_among(set));
    finish(i);
}

static int can_judge_read(int i)
{
    return now.status[i] == READING && enough(i);
}

static void judge_read(int i)
{
    int s = now.highest[i];
    int mask = now.holders[i];
    if (on_quorum(i)) {
        now.saw[i] = shown(s);
        finish(i);
        return;
    }
    clear_replies(i);
    now.replies[i] = mask;
    now.ballot[i] = s;
    now.status[i] = WRITING_BACK;
}

static int can_complete_read(int i)
{
    return now.status[i] == WRITING_BACK && enough(i);
}

static void complete_read(int i)
{
    now.saw[i] = shown(now.ballot[i]);
    finish(i);
}
}
