#include "replay_guard.h"

#include <stdlib.h>

#include "prng.h"
#include "test_main.h"

enum { IDS = 200000, SENDERS = 3 };

START_TEST(each_id_is_admitted_once)
{
    static bool seen[SENDERS][IDS];
    uint64_t highest[SENDERS] = {0};
    struct replay_guard guard;
    struct prng prng;
    replay_guard_init(&guard);
    prng_init(&prng, 1);
    for (int step = 0; step < 300000; step++) {
        size_t sender = (size_t)prng_below(&prng, SENDERS);
        uint64_t reach = prng_chance(&prng, 1000) ? 3 * REPLAY_WINDOW : 300;
        uint64_t back = prng_chance(&prng, 10000) ? 2 * REPLAY_WINDOW : 200;
        uint64_t low = highest[sender] > back ? highest[sender] - back : 1;
        uint64_t id = prng_between(&prng, low, low + reach);
        if (id >= IDS)
            continue;
        bool recent = id > highest[sender] || highest[sender] - id < REPLAY_WINDOW;
        bool wanted = recent && !seen[sender][id];
        ck_assert_int_eq(replay_guard_admit(&guard, (sender + 1) << 16, id), wanted);
        seen[sender][id] = true;
        highest[sender] = id > highest[sender] ? id : highest[sender];
    }
    for (size_t sender = 0; sender < SENDERS; sender++)
        ck_assert_uint_gt(highest[sender], 5 * REPLAY_WINDOW);
    replay_guard_deinit(&guard);
}
END_TEST

START_TEST(shards_and_lives_do_not_mix)
{
    struct replay_guard guard;
    replay_guard_init(&guard);
    for (uint16_t shard = 0; shard < 8; shard++) {
        ck_assert(replay_guard_admit(&guard, node_id_with_shard(5 << 16, shard), 10));
        ck_assert(!replay_guard_admit(&guard, node_id_with_shard(5 << 16, shard), 10));
    }
    uint64_t next_life = UINT64_C(2) << 40;
    ck_assert(replay_guard_admit(&guard, 5 << 16, next_life));
    ck_assert(!replay_guard_admit(&guard, 5 << 16, 11));
    ck_assert(replay_guard_admit(&guard, 5 << 16, next_life - REPLAY_WINDOW + 1));
    ck_assert(!replay_guard_admit(&guard, 5 << 16, next_life - REPLAY_WINDOW));
    ck_assert(replay_guard_admit(&guard, 6 << 16, UINT64_MAX));
    ck_assert(!replay_guard_admit(&guard, 6 << 16, UINT64_MAX));
    replay_guard_deinit(&guard);
}
END_TEST

TEST_MAIN("replay_guard", each_id_is_admitted_once, shards_and_lives_do_not_mix)
