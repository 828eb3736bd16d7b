/* The rules of one register on one replica, over every state of small versions, against the
 * register protocol's section 3 written down once more. */
#include "acceptor.h"

#include <string.h>

#include "test_main.h"

enum { VERSIONS = 5 /* 0 is none */ };

static struct version version_at(unsigned n)
{
    return n == 0 ? VERSION_NONE : (struct version){n, 1 << 16};
}

/* A state by small numbers; 0: not there. */
struct state {
    unsigned item;
    unsigned accepted;
    unsigned promised;
    unsigned floor;
};

static unsigned higher(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static struct acceptor acceptor_of(const struct state *state)
{
    struct acceptor acceptor = {.has_item = state->item != 0,
                                .has_accepted = state->accepted != 0,
                                .promised = version_at(state->promised),
                                .floor = version_at(state->floor)};
    acceptor.item.ballot = acceptor.item.origin = version_at(state->item);
    acceptor.accepted.ballot = acceptor.accepted.origin = version_at(state->accepted);
    return acceptor;
}

/* `accepted` is above the item, or it was dropped. */
static bool state_possible(const struct state *state)
{
    return state->accepted == 0 || state->accepted > state->item;
}

static void each_state(void (*check)(const struct state *state, unsigned offered))
{
    struct state state;
    for (state.item = 0; state.item < VERSIONS; state.item++)
        for (state.accepted = 0; state.accepted < VERSIONS; state.accepted++)
            for (state.promised = 0; state.promised < VERSIONS; state.promised++)
                for (state.floor = 0; state.floor < VERSIONS; state.floor++)
                    for (unsigned offered = 1; offered < VERSIONS; offered++)
                        if (state_possible(&state))
                            check(&state, offered);
}

/* PLAIN(v, x): if top().ballot == v: ok; if v < bar() or v < top().ballot: refuse(max, why);
 * item = (v, x), drop accepted, ok. */
static void check_plain(const struct state *state, unsigned v)
{
    struct acceptor acceptor = acceptor_of(state);
    struct row offered = {.ballot = version_at(v), .origin = version_at(v)};
    struct acceptance acceptance = acceptor_plain(&acceptor, &offered);
    unsigned top = higher(state->item, state->accepted);
    unsigned bar = higher(state->promised, state->floor);
    ck_assert(version_equal(acceptor_top(&acceptor), version_at(top)));
    ck_assert(version_equal(acceptor_bar(&acceptor), version_at(bar)));
    if (top == v || (v >= bar && v >= top)) {
        ck_assert_int_eq(acceptance.verdict, VERDICT_TOOK);
        ck_assert_int_eq(acceptance.apply, top != v);
        return;
    }
    ck_assert(!acceptance.apply);
    ck_assert_int_eq(acceptance.verdict, v < bar ? VERDICT_REFUSED_PROMISE : VERDICT_REFUSED_ITEM);
    ck_assert(version_equal(acceptance.highest, version_at(higher(top, bar))));
}

START_TEST(plain_writes_follow_the_register_protocol)
{
    each_state(check_plain);
}
END_TEST

enum { WRITES = 5, LENGTH = 6 };

/* A replica that takes the writes 1..WRITES in the order that the digits of `number` say, repeats
 * included: each is taken if and only if none above it came before, and the highest stays. */
static void check_order(unsigned number)
{
    struct acceptor acceptor = {0};
    unsigned highest = 0;
    for (unsigned i = 0; i < LENGTH; i++, number /= WRITES) {
        unsigned v = 1 + number % WRITES;
        struct row offered = {.ballot = version_at(v), .origin = version_at(v)};
        struct acceptance acceptance = acceptor_plain(&acceptor, &offered);
        ck_assert_int_eq(acceptance.verdict, v >= highest ? VERDICT_TOOK : VERDICT_REFUSED_ITEM);
        ck_assert_int_eq(acceptance.apply, v > highest);
        if (acceptance.apply) {
            acceptor.item = offered;
            acceptor.has_item = true;
            highest = v;
        }
    }
    ck_assert(version_equal(acceptor_top(&acceptor), version_at(highest)));
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

TEST_MAIN("acceptor", plain_writes_follow_the_register_protocol,
          in_whatever_order_writes_come_the_highest_stays, verdicts_have_names)
