/* A background job takes what it gets without making things slower. */
#include "pace.h"

#include "test_main.h"

enum { MOST = 32 };

static struct pace pace;
static uint64_t now_us;

static void run(unsigned count, uint64_t took_us)
{
    for (unsigned i = 0; i < count; i++) {
        now_us += took_us;
        pace_note(&pace, now_us - took_us, now_us);
    }
}

static void setup(void)
{
    now_us = 1000000000;
    pace_init(&pace, MOST);
}

START_TEST(it_grows_while_nothing_gets_slower)
{
    setup();
    ck_assert_uint_le(pace.window, 4);
    run(2000, 1000);
    ck_assert_uint_eq(pace.window, MOST);
}
END_TEST

START_TEST(it_gives_way_when_things_get_slower)
{
    setup();
    run(2000, 1000);
    run(1, 20000);
    ck_assert_uint_eq(pace.window, MOST / 2);
    run(10, 20000);
    ck_assert_uint_eq(pace.window, 1);
    run(2000, 1000);
    ck_assert_uint_eq(pace.window, MOST);
}
END_TEST

START_TEST(what_was_begun_together_counts_once)
{
    setup();
    run(2000, 1000);
    uint64_t began_us = now_us;
    for (uint64_t i = 0; i < MOST; i++)
        pace_note(&pace, began_us, began_us + 20000 + i);
    ck_assert_uint_eq(pace.window, MOST / 2);
}
END_TEST

START_TEST(a_slower_disk_is_got_used_to)
{
    setup();
    run(2000, 1000);
    run(3000, 20000);
    ck_assert_uint_eq(pace.window, MOST);
}
END_TEST

TEST_MAIN("pace", it_grows_while_nothing_gets_slower, it_gives_way_when_things_get_slower,
          what_was_begun_together_counts_once, a_slower_disk_is_got_used_to)
