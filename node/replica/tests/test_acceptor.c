/* The rules of one register on one replica, over every state of small versions, against the
 * rules of docs/protocol.md written down once more; what they must preserve after each message;
 * and any two messages one after the other. */
#include "acceptor.h"

#include <string.h>

#include "test_main.h"

enum { VERSIONS = 5 /* 0 is none */ };

static struct version version_at(unsigned n)
{
    return n == 0 ? VERSION_NONE : (struct version){n, 1 << 16};
}

/* As ck_assert, which tells its runner of each success: too slow for millions. */
#define REQUIRE(condition)                      \
    do {                                        \
        if (!(condition))                       \
            ck_abort_msg("not %s", #condition); \
    } while (false)

/* A state by small numbers; 0: not there. */
struct state {
    unsigned item;
    unsigned accepted;
    unsigned promised;
    unsigned floor;
};

enum rule {
    RULE_PREPARE,
    RULE_ACCEPT,
    RULE_PLAIN,
    RULE_COMMIT,
    RULE_COMMIT_ACCEPTED,
    RULE_REPAIR_PLAIN,
    RULE_REPAIR_PROPOSED,
    RULE_REPAIR_DECIDED,
    RULES
};

struct message {
    enum rule rule;
    unsigned ballot;
    unsigned next;      /* ACCEPT */
    unsigned committed; /* ACCEPT */
};

/* What the protocol says to a message. */
struct expected {
    enum verdict verdict;
    unsigned highest;
    struct state after;
};

static unsigned higher(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static unsigned state_top(const struct state *state)
{
    return higher(state->item, state->accepted);
}

static unsigned state_bar(const struct state *state)
{
    return higher(state->promised, state->floor);
}

/* `accepted` is above the item, or it was dropped. */
static bool state_possible(const struct state *state)
{
    return state->accepted == 0 || state->accepted > state->item;
}

static bool state_equal(const struct state *a, const struct state *b)
{
    return a->item == b->item && a->accepted == b->accepted && a->promised == b->promised &&
           a->floor == b->floor;
}

/* The rules of docs/protocol.md. A promise is forgotten where something at or above it is taken:
 * from then on it says nothing that what is held does not say. Where both are in the way, what is
 * held is the reason given. */

static struct expected took(struct state after)
{
    if (after.accepted <= after.item)
        after.accepted = 0;
    if (after.promised <= state_top(&after))
        after.promised = 0;
    return (struct expected){.verdict = VERDICT_TOOK, .after = after};
}

static struct expected unchanged(const struct state *state)
{
    return (struct expected){.verdict = VERDICT_TOOK, .after = *state};
}

static struct expected refused(const struct state *state, enum verdict why)
{
    return (struct expected){
        .verdict = why, .highest = higher(state_top(state), state_bar(state)), .after = *state};
}

/* PREPARE(b): if b < bar() or b <= top().ballot: refuse(max of all); promised = b. */
static struct expected expect_prepare(const struct state *state, unsigned b)
{
    if (b <= state_top(state))
        return refused(state, VERDICT_REFUSED_ITEM);
    if (b < state_bar(state))
        return refused(state, VERDICT_REFUSED_PROMISE);
    struct expected expected = unchanged(state);
    expected.after.promised = b;
    return expected;
}

/* ACCEPT(b, x): if top().ballot == b: ok; if b < bar() or b < top().ballot: refuse;
 * accepted = (b, x); promised = max(promised, next). COMMIT(committed) comes before it. */
static struct expected expect_accept(const struct state *state, const struct message *message)
{
    unsigned b = message->ballot;
    struct state after = *state;
    after.promised = higher(state->promised, message->next);
    if (state_top(state) == b) {
        if (after.promised <= b)
            after.promised = state->promised;
        return unchanged(&after);
    }
    if (b < state_top(state))
        return refused(state, VERDICT_REFUSED_ITEM);
    if (b < state_bar(state))
        return refused(state, VERDICT_REFUSED_PROMISE);
    if (state->accepted != 0 && state->accepted == message->committed)
        after.item = state->accepted;
    after.accepted = b;
    return took(after);
}

/* PLAIN(v, x): if top().ballot == v: ok; if v < bar() or v < top().ballot: refuse(max, why);
 * item = (v, x); drop accepted. */
static struct expected expect_plain(const struct state *state, unsigned v)
{
    if (state_top(state) == v)
        return unchanged(state);
    if (v < state_top(state))
        return refused(state, VERDICT_REFUSED_ITEM);
    if (v < state_bar(state))
        return refused(state, VERDICT_REFUSED_PROMISE);
    struct state after = *state;
    after.item = v;
    return took(after);
}

/* COMMIT(b, x): if b > item.ballot: item = (b, x); drop accepted <= b. */
static struct expected expect_commit(const struct state *state, unsigned b)
{
    if (b == state->item)
        return unchanged(state);
    if (b < state->item)
        return refused(state, VERDICT_REFUSED_ITEM);
    struct state after = *state;
    after.item = b;
    return took(after);
}

static struct expected expect(const struct state *state, const struct message *message)
{
    switch (message->rule) {
    case RULE_PREPARE:
        return expect_prepare(state, message->ballot);
    case RULE_ACCEPT:
    case RULE_REPAIR_PROPOSED:
        return expect_accept(state, message);
    case RULE_PLAIN:
    case RULE_REPAIR_PLAIN:
        return expect_plain(state, message->ballot);
    case RULE_COMMIT_ACCEPTED:
        if (state->accepted == 0 || state->accepted != message->ballot)
            return refused(state, VERDICT_REFUSED_ITEM);
        return expect_commit(state, message->ballot);
    default:
        return expect_commit(state, message->ballot);
    }
}

static struct row row_at(unsigned n, bool proposed)
{
    return (struct row){
        .ballot = version_at(n), .origin = version_at(n), .proposed = proposed && n != 0};
}

static struct acceptor acceptor_of(const struct state *state)
{
    return (struct acceptor){.has_item = state->item != 0,
                             .item = row_at(state->item, false),
                             .has_accepted = state->accepted != 0,
                             .accepted = row_at(state->accepted, true),
                             .promised = version_at(state->promised),
                             .floor = version_at(state->floor)};
}

static struct acceptance ask(const struct state *state, const struct message *message)
{
    struct acceptor acceptor = acceptor_of(state);
    struct version ballot = version_at(message->ballot);
    struct row plain = row_at(message->ballot, false), proposed = row_at(message->ballot, true);
    REQUIRE(version_equal(acceptor_top(&acceptor), version_at(state_top(state))));
    REQUIRE(version_equal(acceptor_bar(&acceptor), version_at(state_bar(state))));
    switch (message->rule) {
    case RULE_PREPARE:
        return acceptor_prepare(&acceptor, ballot);
    case RULE_ACCEPT:
        return acceptor_accept(&acceptor, &proposed, version_at(message->next),
                               version_at(message->committed));
    case RULE_PLAIN:
        return acceptor_plain(&acceptor, &plain);
    case RULE_COMMIT:
        return acceptor_commit(&acceptor, &proposed);
    case RULE_COMMIT_ACCEPTED:
        return acceptor_commit_accepted(&acceptor, ballot);
    case RULE_REPAIR_PLAIN:
        return acceptor_repair(&acceptor, &plain, false);
    case RULE_REPAIR_PROPOSED:
        return acceptor_repair(&acceptor, &proposed, false);
    default:
        return acceptor_repair(&acceptor, &proposed, true);
    }
}

/* The state that a replica makes durable after this acceptance. */
static struct state state_after(const struct state *state, const struct message *message,
                                const struct acceptance *acceptance)
{
    struct state after = *state;
    if (!acceptance->changed)
        return after;
    REQUIRE(acceptance->verdict == VERDICT_TOOK);
    if (acceptance->item == SUCCESSOR_OFFERED)
        after.item = message->ballot;
    else if (acceptance->item == SUCCESSOR_ACCEPTED)
        after.item = state->accepted;
    if (acceptance->accepted == SUCCESSOR_OFFERED)
        after.accepted = message->ballot;
    else if (acceptance->accepted == SUCCESSOR_NONE)
        after.accepted = 0;
    REQUIRE(acceptance->item != SUCCESSOR_NONE);
    REQUIRE(acceptance->accepted != SUCCESSOR_ACCEPTED);
    after.promised = (unsigned)acceptance->promised.hlc;
    return after;
}

/* What no message may do, whatever the rules say. */
static void check_kept(const struct state *before, const struct state *after)
{
    REQUIRE(state_possible(after));
    REQUIRE(after->item >= before->item);
    REQUIRE(state_top(after) >= state_top(before));
    REQUIRE(higher(state_top(after), state_bar(after)) >=
            higher(state_top(before), state_bar(before)));
    if (after->promised < before->promised)
        REQUIRE(before->promised <= state_top(after));
}

/* Asks, compares with the protocol, and gives the state after. */
static struct state step(const struct state *state, const struct message *message,
                         enum verdict *verdict)
{
    struct acceptance acceptance = ask(state, message);
    struct expected expected = expect(state, message);
    *verdict = acceptance.verdict;
    REQUIRE(acceptance.verdict == expected.verdict);
    if (acceptance.verdict != VERDICT_TOOK) {
        REQUIRE(!acceptance.changed);
        REQUIRE(version_equal(acceptance.highest, version_at(expected.highest)));
        return *state;
    }
    struct state after = state_after(state, message, &acceptance);
    if (!state_equal(&after, &expected.after))
        ck_abort_msg("rule %u %u next %u committed %u at item %u accepted %u promised %u floor %u: "
                     "item %u accepted %u promised %u, not %u %u %u",
                     message->rule, message->ballot, message->next, message->committed, state->item,
                     state->accepted, state->promised, state->floor, after.item, after.accepted,
                     after.promised, expected.after.item, expected.after.accepted,
                     expected.after.promised);
    REQUIRE(acceptance.changed == !state_equal(&after, state));
    check_kept(state, &after);
    return after;
}

static void each_state(unsigned versions, void (*check)(const struct state *state))
{
    struct state state;
    for (state.item = 0; state.item < versions; state.item++)
        for (state.accepted = 0; state.accepted < versions; state.accepted++)
            for (state.promised = 0; state.promised < versions; state.promised++)
                for (state.floor = 0; state.floor < versions; state.floor++)
                    if (state_possible(&state))
                        check(&state);
}

enum { MESSAGES_MAX = RULES * VERSIONS + VERSIONS * VERSIONS * VERSIONS };

/* Every message with versions below `versions`. What a coordinator never sends is left out: a
 * riding promise at or below its own ballot, or a commit of what is not below it. */
static size_t every_message(unsigned versions, struct message *messages)
{
    size_t count = 0;
    for (unsigned rule = 0; rule < RULES; rule++)
        for (unsigned ballot = 1; ballot < versions; ballot++)
            messages[count++] = (struct message){.rule = (enum rule)rule, .ballot = ballot};
    for (unsigned ballot = 1; ballot < versions; ballot++)
        for (unsigned next = 0; next < versions; next++)
            for (unsigned committed = 0; committed < ballot; committed++)
                if ((next == 0 || next > ballot) && (next != 0 || committed != 0))
                    messages[count++] = (struct message){RULE_ACCEPT, ballot, next, committed};
    REQUIRE(count <= MESSAGES_MAX);
    return count;
}

static void check_each_message(const struct state *state)
{
    struct message messages[MESSAGES_MAX];
    size_t count = every_message(VERSIONS, messages);
    for (size_t i = 0; i < count; i++) {
        enum verdict verdict;
        (void)step(state, &messages[i], &verdict);
    }
}

START_TEST(each_rule_follows_the_register_protocol)
{
    each_state(VERSIONS, check_each_message);
}
END_TEST

/* Tells nothing that is known decided. */
static bool message_undecided(const struct message *message)
{
    return message->rule == RULE_ACCEPT || message->rule == RULE_PLAIN ||
           message->rule == RULE_REPAIR_PLAIN || message->rule == RULE_REPAIR_PROPOSED;
}

/* A promise stands: below it only a copy of what was held all the time is "taken", and only a decided
 * row changes anything. */
static void check_after_promise(const struct state *promised, const struct message *prepare,
                                const struct message *second, enum verdict verdict,
                                const struct state *last)
{
    if (second->ballot >= prepare->ballot || !message_undecided(second))
        return;
    REQUIRE((verdict == VERDICT_TOOK) == (second->ballot == state_top(promised)));
    REQUIRE(state_top(last) == state_top(promised));
    REQUIRE(last->promised >= prepare->ballot);
}

/* A message that was taken is "taken" again when a copy of it comes, and changes nothing. */
static void check_copy(const struct message *first, enum verdict verdict, const struct state *after,
                       const struct state *last)
{
    if (first->rule == RULE_COMMIT_ACCEPTED)
        REQUIRE(verdict == VERDICT_REFUSED_ITEM); /* it is applied: nothing is accepted */
    else
        REQUIRE(verdict == VERDICT_TOOK);
    REQUIRE(state_equal(after, last));
}

static void check_pair(const struct state *state, const struct message *first,
                       const struct message *second)
{
    enum verdict verdicts[2];
    struct state after = step(state, first, &verdicts[0]);
    struct state last = step(&after, second, &verdicts[1]);
    check_kept(state, &last);
    if (verdicts[0] != VERDICT_TOOK)
        return;
    if (first->rule == RULE_PREPARE)
        check_after_promise(&after, first, second, verdicts[1], &last);
    if (memcmp(first, second, sizeof(*first)) == 0)
        check_copy(first, verdicts[1], &after, &last);
    if (first->next != 0 && second->ballot < first->next && message_undecided(second))
        REQUIRE((verdicts[1] == VERDICT_TOOK) == (second->ballot == state_top(&after)));
}

static void check_any_two(const struct state *state)
{
    struct message messages[MESSAGES_MAX];
    size_t count = every_message(VERSIONS, messages);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            check_pair(state, &messages[i], &messages[j]);
}

START_TEST(any_two_messages_keep_promises_and_may_be_repeated)
{
    each_state(VERSIONS, check_any_two);
}
END_TEST

enum { WRITES = 5, LENGTH = 6 };

/* A replica that takes the writes 1..WRITES in the order that the digits of `number` say, repeats
 * included: each is taken if and only if none above it came before, and the highest stays. */
static void check_order(unsigned number)
{
    struct state state = {0};
    for (unsigned i = 0; i < LENGTH; i++, number /= WRITES) {
        struct message message = {.rule = RULE_PLAIN, .ballot = 1 + number % WRITES};
        unsigned highest = state.item;
        enum verdict verdict;
        state = step(&state, &message, &verdict);
        REQUIRE((verdict == VERDICT_TOOK) == (message.ballot >= highest));
        REQUIRE(state.item == higher(highest, message.ballot));
    }
}

START_TEST(in_whatever_order_writes_come_the_highest_stays)
{
    unsigned orders = 1;
    for (unsigned i = 0; i < LENGTH; i++)
        orders *= WRITES;
    for (unsigned number = 0; number < orders; number++)
        check_order(number);
}
END_TEST

START_TEST(verdicts_have_names)
{
    for (int verdict = VERDICT_TOOK; verdict <= VERDICT_LAST; verdict++)
        ck_assert_uint_gt(strlen(verdict_name((enum verdict)verdict)), 0);
}
END_TEST

TEST_MAIN("acceptor", each_rule_follows_the_register_protocol,
          any_two_messages_keep_promises_and_may_be_repeated,
          in_whatever_order_writes_come_the_highest_stays, verdicts_have_names)
