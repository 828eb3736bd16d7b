/* homes: the home nodes of an item, the first N of its partition's preference list (the paper, 4.3),
 * and what makes a quorum of them. While the partition changes its owners there are two lists, and
 * whatever takes a majority takes one of each (joint quorums, as in Raft's dissertation, 4.3).
 *
 * A snapshot: whoever asks the home nodes asks them by one, and tells its epoch. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    REPLICAS_MAX = 7, /* the largest N: more would only slow every quorum down */
    HOMES_MAX = 2 * REPLICAS_MAX
};

/* Some of the home nodes: bit i is members[i]. */
typedef uint16_t home_mask;

struct homes {
    uint64_t epoch;              /* of the partition's last change */
    uint8_t count;               /* of all */
    uint8_t n;                   /* N in force: of the list as it is */
    uint8_t next_n;              /* of the list to come; 0: nothing changes */
    home_mask next;              /* those in the list to come */
    uint16_t members[HOMES_MAX]; /* the n of the list as it is, then those only to come */
};

static inline unsigned majority_of(unsigned n)
{
    return n / 2 + 1;
}

static inline home_mask home_bit(unsigned home)
{
    return (home_mask)(1u << home);
}

/* Those in the list as it is. */
home_mask homes_current(const struct homes *homes);
/* All of them. */
home_mask homes_all(const struct homes *homes);
/* `mask` has a majority of the list, and of the list to come if there is one. */
bool homes_majority(const struct homes *homes, home_mask mask);
/* The same with `wanted` members of each; with all of a list that has fewer. */
bool homes_quorum(const struct homes *homes, home_mask mask, unsigned wanted);
/* Any majority has `wanted` members of each list. */
bool homes_majority_suffices(const struct homes *homes, unsigned wanted);
/* Place of a member among them, or HOMES_MAX. */
unsigned homes_find(const struct homes *homes, unsigned member);
