/* publication: one row on its way to every home node under one ballot (ACCEPT), until each has
 * answered or will not. Outlives the proposer's interest: late takers are told the commit, and home
 * nodes that did not take a decided row get a hint. */
#pragma once

#include "task.h"

/* The majority is reached (`decided`), or cannot be any more. Called once, last in a handler. */
typedef void (*publication_concluded)(void *owner, bool decided);

/* What goes along with an ACCEPT. */
struct ride {
    struct version next;      /* a promise for the owner's next ballot; VERSION_NONE: none */
    struct version committed; /* the owner's ballot before, to be applied; VERSION_NONE: none */
};

struct publication {
    struct task task;
    struct buffer *key;
    uint32_t partition;
    struct homes homes; /* that its ballot was promised by */
    struct version ballot;
    struct buffer *row;
    struct slot home[HOMES_MAX];
    publication_concluded concluded; /* NULL once called */
    void *owner;                     /* NULL: nobody wants to know any more */
    bool decided;
    bool committing;        /* takers are told that the row is decided */
    bool hinted;            /* home nodes that did not take the decided row have their hints */
    struct version highest; /* of refusals */
};

/* Sends ACCEPT of an encoded row to every home node that can be reached. References key and row.
 * Belongs to the owner, who must detach from it at last. */
struct publication *publication_begin(struct coordinator *coordinator, struct buffer *key,
                                      const struct homes *homes, struct buffer *row,
                                      const struct ride *ride, publication_concluded concluded,
                                      void *owner);
/* The owner goes on without it: it frees itself. */
void publication_detach(struct publication *publication);
/* Decided: tells those that took it, and those that will. With `riding` the former hear it by the
 * owner's next ACCEPT. */
void publication_commit(struct publication *publication, bool riding);
