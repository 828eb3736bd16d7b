/* Included by register.pml: coordinators of conditional writes, of batches of them, and of
 * transactions. */

/* A batch evaluates two operations one after the other on one state and publishes the outcome as one
 * proposal. The value holds: */
#define BATCH_BOTH 1   /* both; the second was judged on the first's value */
#define BATCH_FIRST 2  /* the first; the second's condition was false on the first's value */
#define BATCH_SECOND 3 /* the second; the first's condition was false, and both saw the state found */

c_code {
static int is_conditional(int i)
{
    return kind_of[i] == CONDITIONAL || kind_of[i] == BATCH;
}

/* May the condition be evaluated on the state that the round found? */
static int may_evaluate(int i)
{
    int s = found(i);
    if (!now.retried[i] || MUTANT == RETRY_EVALUATES_AGAIN)
        return 1;
    return !own_attempt(i, s) && never_happened(i, s);
}

static void evaluate(int i, int s)
{
    int b = now.ballot[i];
    abort_hidden_intents(i, s);
    abort_intent(s);
    descend(b, i, s);
    now.judged[b] = now.saw[i] = shown(s);
    send_accept(i, PROPOSING);
    now.attempt[i] = b;
}

static int can_propose(int i)
{
    return is_conditional(i) && now.status[i] == PREPARING && enough(i) && may_evaluate(i);
}

static void propose(int i)
{
    evaluate(i, found(i));
}

/* ---- the next ballot rides on the accept ---- */

static int can_propose_and_lead(int i, int b)
{
    return kind_of[i] == LEAD && now.status[i] == PREPARING && enough(i) &&
           now.sent[b] == NOTHING && b > now.ballot[i];
}

static void propose_and_lead(int i, int b)
{
    evaluate(i, found(i));
    now.rider[now.ballot[i]] = now.next_ballot[i] = b;
    now.sent[b] = PROMISED_AHEAD;
}

static int can_follow(int i)
{
    return kind_of[i] == FOLLOW && now.status[i] == IDLE && now.status[i - 1] == DONE &&
           now.next_ballot[i - 1] > 0;
}

/* Its predecessor is decided, and nothing came between: that majority promised this ballot. */
static void follow(int i)
{
    int b = now.ballot[i] = now.next_ballot[i - 1], s;
    now.before[i] = now.done;
    for (s = 1; s <= BALLOTS; s++)
        if (now.rider[s] == b)
            break;
    descend(b, i, s);
    now.judged[b] = now.saw[i] = i;
    send_accept(i, PROPOSING);
}

/* ---- completion ---- */

static void complete_batch(int i, int what)
{
    now.effective[i] = what != BATCH_SECOND;
    if (now.status[i + 1] == DONE)
        return;
    now.saw[i + 1] = what == BATCH_SECOND ? now.saw[i] : i + 1;
    now.effective[i + 1] = what != BATCH_FIRST;
    finish(i + 1);
}

static void complete_own(int i)
{
    now.effective[i] = 1;
    if (kind_of[i] == BATCH && now.batch[now.attempt[i]])
        complete_batch(i, now.batch[now.attempt[i]]);
    finish(i);
}

static int can_complete(int i)
{
    int takes = count(now.replies[i]);
    if (now.status[i] == WRITING && MUTANT == HINT_COUNTS)
        takes += now.hint[now.ballot[i]];
    return kind_of[i] != TRANSACT && takes >= MAJORITY &&
           (now.status[i] == WRITING || now.status[i] == PROPOSING || now.status[i] == PROPOSING_SEEN);
}

static void complete(int i)
{
    int b = now.ballot[i];
    if (now.status[i] != WRITING || COMMIT_PLAIN)
        now.decided[b] = 1;
    if (now.status[i] == PROPOSING)
        complete_own(i);
    else
        finish(i);
}

/* ---- a condition that is false; also a read that had to settle ---- */

static int can_fail(int i)
{
    int kind = kind_of[i];
    return (is_conditional(i) || kind == READ || kind == LEAD) && now.status[i] == PREPARING &&
           enough(i) && may_evaluate(i);
}

/* Once an earlier attempt may have been accepted somewhere, only a proposal above it buries it. */
static void fail(int i)
{
    int s = found(i);
    int buried = !now.retried[i] || MUTANT == RETRY_FAILS_WITHOUT_PUBLISHING;
    abort_hidden_intents(i, s);
    now.saw[i] = shown(s);
    if ((on_majority(i, s) && buried) || MUTANT == FAILS_ON_MINORITY) {
        finish(i);
        return;
    }
    copy_value(now.ballot[i], s);
    send_accept(i, PROPOSING_SEEN);
}

/* ---- after an uncertain accept ---- */

static int can_try_again(int i, int b)
{
    return RETRY && (kind_of[i] == PLAIN || is_conditional(i)) && now.status[i] == PROPOSING &&
           !enough(i) && now.sent[b] == NOTHING && b > now.ballot[i];
}

static void try_again(int i, int b)
{
    now.retried[i] = 1;
    send_prepare(i, b);
}

static int can_resume(int i)
{
    return RETRY && is_conditional(i) && now.status[i] == PREPARING && now.retried[i] &&
           enough(i) && own_attempt(i, found(i));
}

/* An attempt of its own is there: its stored result is the answer. */
static void resume(int i)
{
    int s = found(i);
    now.attempt[i] = own_attempt(i, s);
    now.saw[i] = now.judged[now.attempt[i]];
    if (on_majority(i, s)) {
        complete_own(i);
        return;
    }
    copy_value(now.ballot[i], s);
    send_accept(i, PROPOSING);
}

/* May operation i, not done, have taken effect on `value`? */
static int pending_effect(int i, int value)
{
    int b;
    for (b = 1; b <= BALLOTS; b++) {
        if (now.sent[b] != ACCEPT_SENT)
            continue;
        if (now.batch[b] && i > 0 && kind_of[i] == JOIN) {
            int holds = now.batch[b] != BATCH_FIRST;
            int judged = now.batch[b] == BATCH_BOTH ? i : now.judged[b];
            if (holds && judged == value)
                return 1;
            continue;
        }
        if (now.batch[b] == BATCH_SECOND && kind_of[i] == BATCH)
            continue;
        if (now.judged[b] == value && (now.writer[b] == i + 1 || (now.batch[b] && kind_of[i] == BATCH)))
            return 1;
    }
    return 0;
}

/* ---- batches ---- */

static int can_join(int i)
{
    return kind_of[i] == JOIN && now.status[i] == IDLE;
}

static void join(int i)
{
    now.before[i] = now.done;
    now.status[i] = QUEUED;
}

static int can_propose_batch(int i, int what)
{
    return kind_of[i] == BATCH && now.status[i] == PREPARING && enough(i) && may_evaluate(i) &&
           now.status[i + 1] == QUEUED && what;
}

static void propose_batch(int i, int what)
{
    evaluate(i, found(i));
    now.batch[now.ballot[i]] = what;
    if (what != BATCH_FIRST)
        now.writer[now.ballot[i]] = i + 2;
}

static int can_fail_early(int i)
{
    return MUTANT == BATCH_FAILS_EARLY && kind_of[i] == BATCH && now.status[i] == PROPOSING &&
           now.batch[now.ballot[i]] == BATCH_FIRST && now.status[i + 1] == QUEUED;
}

static void fail_early(int i)
{
    now.saw[i + 1] = i + 1;
    finish(i + 1);
}

/* ---- transactions ---- */

static int can_place_intent(int i)
{
    return kind_of[i] == TRANSACT && now.status[i] == PREPARING && enough(i);
}

/* The old value, with the intent. */
static void place_intent(int i)
{
    int s = found(i);
    abort_hidden_intents(i, s);
    copy_value(now.ballot[i], s);
    now.intent[now.ballot[i]] = 1;
    now.saw[i] = now.writer[s];
    send_accept(i, PROPOSING);
}

static int can_commit_transaction(int i)
{
    return kind_of[i] == TRANSACT && now.status[i] == PROPOSING && enough(i) && now.record == 0;
}

static void commit_transaction(int i)
{
    now.record = 1;
    now.decided[now.ballot[i]] = 1;
    now.effective[i] = 1;
    finish(i);
}

static int can_read_other(int i)
{
    return kind_of[i] == READ_OTHER && now.status[i] == IDLE;
}

static void read_other(int i)
{
    now.before[i] = now.done;
    now.saw[i] = now.record == 1 ? transaction() : 0;
    finish(i);
}
}
