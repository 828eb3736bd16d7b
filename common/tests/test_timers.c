#include "timers.h"

#include "ensure.h"
#include "prng.h"
#include "test_main.h"

struct alarm {
    struct timer timer;
    struct timers *timers;
    int fired;
    int fired_as; /* place among all that fired */
    int *fired_total;
    uint64_t rearm_us;     /* 0: not again */
    struct alarm *disarms; /* or NULL */
};

static void on_fire(struct timer *timer, uint64_t now_us)
{
    struct alarm *alarm = container_of(timer, struct alarm, timer);
    ck_assert(!timer_armed(timer));
    ck_assert_uint_le(timer->deadline_us, now_us);
    alarm->fired++;
    alarm->fired_as = (*alarm->fired_total)++;
    if (alarm->rearm_us != 0)
        timers_arm(alarm->timers, timer, alarm->rearm_us);
    if (alarm->disarms != NULL)
        timers_disarm(alarm->timers, &alarm->disarms->timer);
}

static void alarm_init(struct alarm *alarm, struct timers *timers, int *total)
{
    *alarm = (struct alarm){.timers = timers, .fired_total = total};
    timer_init(&alarm->timer, on_fire);
}

START_TEST(fires_by_deadline_then_by_arming_order)
{
    struct timers timers;
    timers_init(&timers);
    ck_assert_uint_eq(timers_next(&timers), DEADLINE_NEVER);
    static const uint64_t deadlines[] = {50, 10, 30, 10, 20, 40};
    static const int places[] = {5, 0, 3, 1, 2, 4};
    struct alarm alarms[6];
    int total = 0;
    for (int i = 0; i < 6; i++) {
        alarm_init(&alarms[i], &timers, &total);
        timers_arm(&timers, &alarms[i].timer, deadlines[i]);
    }
    ck_assert_uint_eq(timers_next(&timers), 10);
    timers_run(&timers, 9);
    ck_assert_int_eq(total, 0);
    timers_run(&timers, 30);
    ck_assert_int_eq(total, 4);
    ck_assert_uint_eq(timers_next(&timers), 40);
    timers_run(&timers, 1000);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(alarms[i].fired_as, places[i]);
    timers_deinit(&timers);
}
END_TEST

START_TEST(rearming_in_the_past_waits_for_the_next_run_and_holds_nobody_up)
{
    struct timers timers;
    timers_init(&timers);
    struct alarm alarms[3];
    int total = 0;
    for (int i = 0; i < 3; i++) {
        alarm_init(&alarms[i], &timers, &total);
        timers_arm(&timers, &alarms[i].timer, 10 + (uint64_t)i);
    }
    alarms[0].rearm_us = 1;
    timers_run(&timers, 100);
    ck_assert_int_eq(alarms[0].fired, 1);
    ck_assert_int_eq(alarms[1].fired, 1);
    ck_assert_int_eq(alarms[2].fired, 1);
    alarms[0].rearm_us = 0;
    timers_run(&timers, 100);
    ck_assert_int_eq(alarms[0].fired, 2);
    timers_deinit(&timers);
}
END_TEST

START_TEST(a_handler_may_disarm_another_due_timer)
{
    struct timers timers;
    timers_init(&timers);
    struct alarm alarms[2];
    int total = 0;
    for (int i = 0; i < 2; i++) {
        alarm_init(&alarms[i], &timers, &total);
        timers_arm(&timers, &alarms[i].timer, 10);
    }
    alarms[0].disarms = &alarms[1];
    timers_run(&timers, 10);
    ck_assert_int_eq(alarms[1].fired, 0);
    ck_assert(!timer_armed(&alarms[1].timer));
    timers_disarm(&timers, &alarms[1].timer);
    timers_deinit(&timers);
}
END_TEST

enum { MANY = 200 };

static uint64_t earliest(const struct alarm *alarms)
{
    uint64_t least = DEADLINE_NEVER;
    for (int i = 0; i < MANY; i++) {
        if (timer_armed(&alarms[i].timer) && alarms[i].timer.deadline_us < least)
            least = alarms[i].timer.deadline_us;
    }
    return least;
}

START_TEST(many_random_moves_agree_with_a_search)
{
    struct timers timers;
    timers_init(&timers);
    struct prng prng;
    prng_init(&prng, 1);
    static struct alarm alarms[MANY];
    int total = 0;
    for (int i = 0; i < MANY; i++)
        alarm_init(&alarms[i], &timers, &total);
    uint64_t now = 0;
    for (int step = 0; step < 20000; step++) {
        struct alarm *alarm = &alarms[prng_below(&prng, MANY)];
        if (prng_chance(&prng, 300000))
            timers_disarm(&timers, &alarm->timer);
        else
            timers_arm(&timers, &alarm->timer, now + prng_below(&prng, 1000));
        if (prng_chance(&prng, 100000)) {
            now += prng_below(&prng, 100);
            timers_run(&timers, now);
            ck_assert_uint_gt(timers_next(&timers), now);
        }
        ck_assert_uint_eq(timers_next(&timers), earliest(alarms));
    }
    timers_run(&timers, DEADLINE_NEVER - 1);
    ck_assert_int_gt(total, 1000);
    timers_deinit(&timers);
}
END_TEST

TEST_MAIN("timers", fires_by_deadline_then_by_arming_order,
          rearming_in_the_past_waits_for_the_next_run_and_holds_nobody_up,
          a_handler_may_disarm_another_due_timer, many_random_moves_agree_with_a_search)
