/* commit_waits: eventual ranges that wait for commits. A conditional write is answered when a majority
 * has accepted it; that it takes the item's place follows, one commit of the store later. A range that
 * is asked for in between waits for the commits that have begun in its table and partition, so that
 * whoever was told that his write is done sees it here. */
#pragma once

#include "bytes.h"
#include "list.h"

struct commit_wait {
    struct list_link link;
    struct slice prefix; /* partition and table */
    uint64_t newest;     /* commits that began later do not matter */
    size_t left;         /* commits still waited for */
    void (*start)(struct commit_wait *wait);
};

LIST_DEFINE(commit_wait_list, struct commit_wait, link)

/* A commit under way. */
struct commit_mark {
    struct list_link link;
    struct slice key;
    uint64_t number; /* 0: none is under way */
};

LIST_DEFINE(commit_marks, struct commit_mark, link)

struct commit_waits {
    struct commit_marks marks;
    struct commit_wait_list waits;
    uint64_t begun;
};

void commit_waits_init(struct commit_waits *waits);
/* The key stays until the end. */
void commit_waits_begin(struct commit_waits *waits, struct commit_mark *mark, struct slice key);
/* Starts who has waited for the last of his commits. Does nothing if none is under way. */
void commit_waits_end(struct commit_waits *waits, struct commit_mark *mark);
/* Whether a range of keys or entries beginning with `from` has to wait; then `start` is called once,
 * later. `from` stays until then. */
bool must_check commit_waits_add(struct commit_waits *waits, struct commit_wait *wait,
                                 struct slice from, void (*start)(struct commit_wait *wait));
