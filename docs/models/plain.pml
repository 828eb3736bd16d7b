/* Included by register.pml: coordinators of plain writes and of consistent reads. */

c_code {
/* ---- looking for oneself in the state that a round found ---- */

static int newest_attempt(int i)
{
    int b, newest = 0;
    for (b = 1; b <= BALLOTS; b++)
        if (now.owner[b] == i + 1)
            newest = b;
    return newest;
}

static int attempt_of(int o, int i)
{
    if (MUTANT == RETRY_LOOKS_FOR_NEWEST && kind_of[i] == CONDITIONAL && o != newest_attempt(i))
        return 0;
    return now.owner[o] == i + 1;
}

/* The attempt of operation i that is s or led to s, or 0. */
static int own_attempt(int i, int s)
{
    int o;
    if (!LINEAGE)
        return s && attempt_of(now.origin[s], i) ? now.origin[s] : 0;
    for (o = 1; o <= BALLOTS; o++)
        if (now.lineage[s] & 1 << o && attempt_of(o, i))
            return o;
    return 0;
}

/* Nothing that led to s can be an attempt of i, unless own_attempt finds it. */
static int never_happened(int i, int s)
{
    if (MUTANT == SETTLE_ABSENT_IS_NEVER)
        return 1;
    return (LINEAGE ? now.base[s] : s) < now.first[i];
}

/* ---- plain writes ---- */

static int can_start(int i, int b)
{
    int kind = kind_of[i];
    return now.status[i] == IDLE && now.sent[b] == NOTHING &&
           (kind == PLAIN || kind == CONDITIONAL || kind == LEAD || kind == TRANSACT || kind == BATCH);
}

static void stamp(int i, int v)
{
    now.sent[v] = PLAIN_SENT;
    begin_lineage(v, i, v);
    now.ballot[i] = now.first[i] = v;
    now.status[i] = WRITING;
    clear_replies(i);
}

static void start(int i, int b)
{
    now.before[i] = now.done;
    if (kind_of[i] == PLAIN) {
        stamp(i, b);
        return;
    }
    now.first[i] = b;
    send_prepare(i, b);
}

static int refuses(int v, int a)
{
    return !takes_plain(v, a) && now.item[a] != v;
}

/* Did each home node refuse the first copy of v? A refusal is for ever: promises and ballots only
 * grow, where nothing is forgotten. With HINTS a home node may also never have been sent a copy;
 * which ones these were is settled only here, where it begins to matter. */
static int certainly_refused(int i)
{
    int v = now.ballot[i], a, refusals = 0, open = 0;
    int forgetful = AMNESIA && now.life != 2 && MUTANT != REFUSAL_COUNTS_AT_ONCE;
    if (forgetful && !now.refused[i])
        return 0;
    for (a = forgetful ? 1 : 0; a < ACCEPTORS; a++) {
        refusals += refuses(v, a);
        open += takes_plain(v, a);
    }
    switch (MUTANT) {
    case RESTAMPS_ON_RESENT:
        return now.replies[i] == 0 && refusals == ACCEPTORS;
    case RESTAMPS_REFUSED_BY_MAJORITY:
        return now.replies[i] == 0 && refusals >= MAJORITY;
    case RESTAMPS_PARTIAL:
        return !enough(i) && refusals > 0;
    }
    if (now.taken[v] || now.flight[i])
        return 0;
    if (HINTS)
        return !now.hint[v] || MUTANT == RESTAMPS_DESPITE_HINT;
    return open == 0;
}

static int can_restamp(int i, int b)
{
    return kind_of[i] == PLAIN && now.status[i] == WRITING && now.sent[b] == NOTHING &&
           b > now.ballot[i] && certainly_refused(i);
}

static void restamp(int i, int b)
{
    if (HINTS)
        now.unsent[now.ballot[i]] = 1;
    stamp(i, b);
}

static int can_leave_hint(int i)
{
    return HINTS && now.status[i] == WRITING && !now.hint[now.ballot[i]];
}

static void leave_hint(int i)
{
    now.hint[now.ballot[i]] = 1;
}

/* A mixed outcome: a prepare round at a higher ballot. */
static int can_settle_plain(int i, int b)
{
    return kind_of[i] == PLAIN && now.status[i] == WRITING && !enough(i) &&
           now.sent[b] == NOTHING && b > now.ballot[i];
}

static void settle_plain(int i, int b)
{
    send_prepare(i, b);
}

static int can_decide_settled(int i)
{
    return kind_of[i] == PLAIN && now.status[i] == PREPARING && enough(i);
}

/* An intent that a round saw below the state it goes on with could still be adopted by a later
 * round: its transaction is aborted first. */
static void abort_hidden_intents(int i, int s)
{
    int a;
    if (MUTANT == HIDDEN_INTENT_IGNORED || now.record != 0 || now.intent[s])
        return;
    for (a = 0; a < ACCEPTORS; a++)
        if (now.replies[i] & 1 << a && now.intent[now.reply_top[i * ACCEPTORS + a]])
            now.record = 2;
}

static void abort_intent(int s)
{
    if (now.intent[s] && now.record == 0)
        now.record = 2;
}

static void decide_settled(int i)
{
    int s = found(i);
    int own = own_attempt(i, s);
    abort_hidden_intents(i, s);
    if (own && on_majority(i, s)) {
        finish(i);
    } else if (own) {
        copy_value(now.ballot[i], s);
        send_accept(i, PROPOSING);
    } else if (MUTANT == SUPERSEDED_IS_SUCCESS && s > now.first[i]) {
        finish(i);
    } else if (never_happened(i, s)) {
        abort_intent(s);
        begin_lineage(now.ballot[i], i, now.first[i]);
        send_accept(i, PROPOSING);
    } else {
        now.status[i] = UNKNOWN;
        clear_replies(i);
    }
}

/* ---- consistent reads ---- */

static int can_start_read(int i)
{
    return kind_of[i] == READ && now.status[i] == IDLE;
}

static void start_read(int i)
{
    now.before[i] = now.done;
    now.status[i] = READING;
}

static int can_judge_read(int i)
{
    return kind_of[i] == READ && now.status[i] == READING && enough(i);
}

static void judge_read(int i)
{
    int s = found(i);
    int mask = holders(i, s);
    abort_hidden_intents(i, s);
    if (count(mask) >= MAJORITY || MUTANT == READ_WITHOUT_WRITE_BACK) {
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
    return kind_of[i] == READ && now.status[i] == WRITING_BACK && enough(i);
}

static void complete_read(int i)
{
    now.saw[i] = shown(now.ballot[i]);
    finish(i);
}

/* Refused on the way: a round; then it goes on as a conditional write that fails does. */
static int can_settle_read(int i, int b)
{
    return kind_of[i] == READ && (now.status[i] == READING || now.status[i] == WRITING_BACK) &&
           now.sent[b] == NOTHING && !NARROW;
}

static void settle_read(int i, int b)
{
    send_prepare(i, b);
}
}
