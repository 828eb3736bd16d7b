/* Writers that append a letter each, on a network that loses frames between nodes that lose sight
 * of each other and crash: what is left is one history, in which each acknowledged letter stands
 * once, none that was refused, and all in an order that every writer saw. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "test_main.h"
#include "writes.h"

enum { LETTERS = 60, KEYS = 2, WRITES = KEYS * LETTERS, HEALED_WITHIN_US = 30000000 };

struct append {
    struct cluster_request write;
    char program[16];
    const char *key;
    char letter;
    uint64_t begun_us;
    uint64_t ended_us; /* 0: not yet */
    bool read;         /* it only fails, and tells what it saw */
};

static struct append appends[WRITES];
static struct prng prng;
static uint32_t loss_per_million;
static uint32_t slow_per_million;
static const char *const keys[KEYS] = {"k1", "k2"};

static bool loses(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    return frame->from != frame->to && prng_chance(&prng, loss_per_million);
}

/* Now and then a frame takes so long that others overtake it, and its sender gives it up. */
static uint64_t delays(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    if (frame->from == frame->to)
        return 100;
    if (prng_chance(&prng, slow_per_million))
        return prng_below(&prng, 3000000);
    return 50 + prng_below(&prng, 5000);
}

static char letter_of(unsigned n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    return letters[n];
}

static void append_begin(unsigned number)
{
    struct append *append = &appends[number];
    size_t node = (size_t)prng_below(&prng, cluster.count);
    while (cluster.nodes[node].shard[0] == NULL)
        node = (node + 1) % cluster.count;
    memset(append, 0, sizeof(*append));
    append->key = keys[number % KEYS];
    append->letter = letter_of(number / KEYS);
    append->read = prng_chance(&prng, 150000);
    snprintf(append->program, sizeof(append->program), append->read ? "if:%c!" : "append:%c",
             append->letter);
    write_init(&append->write, append->key, "", append->program);
    append->write.request.want = WANT_ALL;
    append->begun_us = cluster.now_us;
    cluster_submit(&cluster, node, (uint16_t)prng_below(&prng, cluster.shards), &append->write);
}

static void look_who_ended(unsigned begun)
{
    for (unsigned i = 0; i < begun; i++) {
        if (appends[i].ended_us == 0 && appends[i].write.answers > 0)
            appends[i].ended_us = cluster.now_us;
    }
}

static size_t nodes_up(void)
{
    size_t up = 0;
    for (size_t i = 0; i < cluster.count; i++)
        up += cluster.nodes[i].shard[0] != NULL;
    return up;
}

static void trouble(void)
{
    size_t node = (size_t)prng_below(&prng, cluster.count);
    size_t other = (size_t)prng_below(&prng, cluster.count);
    bool up = cluster.nodes[node].shard[0] != NULL;
    switch (prng_below(&prng, 8)) {
    case 0:
        if (up && nodes_up() > cluster.count / 2)
            cluster_crash(&cluster, node);
        break;
    case 1:
    case 2:
        if (!up)
            cluster_start(&cluster, node);
        break;
    case 3:
    case 4:
        if (up && node != other && cluster.nodes[other].id != 0)
            lose_sight(node, other);
        break;
    case 5:
    case 6:
        if (up && node != other && cluster.nodes[other].shard[0] != NULL)
            regain_sight(node, other);
        break;
    default:
        loss_per_million = (uint32_t)prng_below(&prng, 3) * 100000;
        break;
    }
}

static void heal(void)
{
    cluster.loses = NULL;
    cluster.delays = NULL;
    for (size_t i = 0; i < cluster.count; i++) {
        if (cluster.nodes[i].shard[0] == NULL)
            cluster_start(&cluster, i);
    }
    for (size_t i = 0; i < cluster.count; i++) {
        for (size_t other = 0; other < cluster.count; other++) {
            if (other != i)
                regain_sight(i, other);
        }
    }
    cluster_run_for(&cluster, HEALED_WITHIN_US);
}

/* The state that a write saw: before it, or that it failed on. */
static const char *seen_by(const struct append *append)
{
    return append->write.request.result.size == 0 ? "" : cluster_text(append->write.request.result);
}

static void check_answer(const struct append *append, const char *history, uint64_t seed)
{
    const char *at = strchr(history, append->letter);
    enum outcome outcome = append->write.request.outcome;
    ck_assert_uint_eq(append->write.answers, 1);
    if (append->read)
        ck_assert_ptr_null(at);
    if (outcome == OUTCOME_OK || outcome == OUTCOME_PRECONDITION_FAILED) {
        const char *seen = seen_by(append);
        size_t length = append->read ? strlen(seen) : (size_t)(at == NULL ? 0 : at - history);
        ck_assert_msg(append->read || at != NULL, "seed %lu: %c lost from %s", (unsigned long)seed,
                      append->letter, history);
        ck_assert_msg(strlen(seen) == length && strncmp(history, seen, length) == 0,
                      "seed %lu: %c saw %s in %s", (unsigned long)seed, append->letter, seen,
                      history);
    } else if (outcome != OUTCOME_UNKNOWN) {
        ck_assert_msg(at == NULL, "seed %lu: %c in %s, though %s", (unsigned long)seed,
                      append->letter, history, outcome_name(outcome));
    }
    if (at != NULL)
        ck_assert_msg(strchr(at + 1, append->letter) == NULL, "seed %lu: %c twice in %s",
                      (unsigned long)seed, append->letter, history);
}

/* How much of the history there was at most when it began, and at least when it ended. */
static size_t place_of(const struct append *append, const char *history)
{
    if (append->read)
        return strlen(seen_by(append));
    return (size_t)(strchr(history, append->letter) - history) + 1;
}

static bool known(const struct append *append)
{
    return append->write.request.outcome == OUTCOME_OK ||
           append->write.request.outcome == OUTCOME_PRECONDITION_FAILED;
}

/* Whoever ended before another began comes before it. */
static void check_order(const char *key, const char *history, uint64_t seed)
{
    for (unsigned i = 0; i < WRITES; i++) {
        for (unsigned j = 0; j < WRITES; j++) {
            const struct append *first = &appends[i], *second = &appends[j];
            if (first->key != key || second->key != key || !known(first) || !known(second) ||
                first->ended_us >= second->begun_us)
                continue;
            size_t before = place_of(first, history), after = place_of(second, history);
            ck_assert_msg(before < after || (second->read && before == after),
                          "seed %lu: %c is not before %c in %s", (unsigned long)seed, first->letter,
                          second->letter, history);
        }
    }
}

static void check_history(const char *key, uint64_t seed)
{
    char history[64];
    snprintf(history, sizeof(history), "%s", text_at(0, key));
    check_text(key, history);
    ck_assert_msg(settled(key), "seed %lu: the nodes differ", (unsigned long)seed);
    for (unsigned i = 0; i < WRITES; i++) {
        if (appends[i].key == key)
            check_answer(&appends[i], history, seed);
    }
    check_order(key, history, seed);
}

static unsigned acknowledged;

static void play(uint64_t seed)
{
    prng_init(&prng, seed);
    cluster_init(&cluster, seed % 3 == 0 ? 5 : 3, (uint16_t)(1 + seed % 2));
    cluster_set_replicas(&cluster, (uint8_t)(prng_chance(&prng, 500000) ? 3 : cluster.count));
    loss_per_million = 0;
    slow_per_million = (uint32_t)prng_below(&prng, 3) * 10000;
    cluster.loses = loses;
    if (prng_chance(&prng, 700000))
        cluster.delays = delays;
    for (unsigned i = 0; i < WRITES; i++) {
        append_begin(i);
        bool pause = prng_chance(&prng, 50000);
        cluster_run_for(&cluster, prng_below(&prng, pause ? 3000000 : 2000));
        look_who_ended(i + 1);
        if (prng_chance(&prng, 200000))
            trouble();
    }
    heal();
    look_who_ended(WRITES);
    for (size_t i = 0; i < KEYS; i++)
        check_history(keys[i], seed);
    for (unsigned i = 0; i < WRITES; i++) {
        acknowledged += known(&appends[i]);
        cluster_request_deinit(&appends[i].write);
    }
    cluster_deinit(&cluster);
}

enum { SEEDS = 60 };

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text == NULL ? otherwise : (uint64_t)atol(text);
}

START_TEST(what_is_left_is_one_history)
{
    uint64_t first = number_from("HISTORY_SEED", 1);
    uint64_t seeds = number_from("HISTORY_SEEDS", SEEDS);
    for (uint64_t seed = first; seed < first + seeds; seed++)
        play(seed);
    ck_assert_uint_gt(acknowledged, seeds * WRITES / 4);
}
END_TEST

TEST_MAIN("history", what_is_left_is_one_history)
