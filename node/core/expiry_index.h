/* expiry_index: sees to it that the entries by which expiring items are found (expiry_key.h) are
 * complete, in the partitions of which this node is a home node. Votes keep them; here they are made
 * for rows that came before the table's attribute was known, and removed when there is none any
 * more. One table after the other, one page of rows at a time, so that clients hardly notice.
 *
 * A partition's entries are complete while its head says so: it names the attribute. A row of the
 * meta family says of which tables there may be heads, and of which attribute: it is durable before
 * any of them. Until a node is told what a table is like, it keeps entries as noted there; what is
 * written without such an entry takes the head away, in the same batch (replica_change_expiry()). */
#pragma once

#include "key.h"
#include "replica_expiry.h"
#include "timers.h"

enum { EXPIRY_ROWS_MAX = 64 /* of one page */ };

/* A table to be looked at. */
struct expiry_job {
    struct list_link link;
    uint64_t table_id;
};

LIST_DEFINE(expiry_jobs, struct expiry_job, link)

struct expiry_row;

struct expiry_index {
    struct replica *replica;
    struct timers *timers;
    uint16_t shard;
    uint16_t shards;
    struct store_range load;  /* of the tables that earlier lives made entries of */
    struct expiry_jobs jobs;  /* the first one is under way */
    bool begun;               /* the first one is */
    bool anew;                /* its table has changed */
    struct buffer *attribute; /* of the first one; NULL: entries are removed */
    uint32_t partition;       /* at which it is */
    void (*again)(struct expiry_index *index); /* when `pause` ends */
    struct timer pause;
    struct key_range range; /* what is left of the partition */
    struct store_get head;
    struct store_range page;
    struct store_commit commit;
    struct writer head_key;
    struct expiry_row *rows; /* of the page, being checked */
    uint32_t rows_out;
    uint32_t rows_max; /* of the next page: fewer while the replica is full */
    bool rows_failed;
};

void expiry_index_init(struct expiry_index *index, struct replica *replica, struct timers *timers,
                       uint16_t shard, uint16_t shards);
/* The replica is gone, and the store completes nothing any more. */
void expiry_index_deinit(struct expiry_index *index);
/* Finds what earlier lives left. */
void expiry_index_start(struct expiry_index *index);
/* The table was told, or dropped. */
void expiry_index_look(struct expiry_index *index, uint64_t table_id);
/* Nothing is to be done. */
bool expiry_index_idle(const struct expiry_index *index);
