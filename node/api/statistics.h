/* statistics: how many items tables and their indexes hold, and of what size, for descriptions.
 *
 * The figures of a table are a row of the catalogue's system table: collection "statistics", the
 * table's id as sort key. Whoever describes a table, or writes to one with indexes, and finds
 * them old has them counted anew (table_count.c), and after some hours anyone has: one shard of one
 * node reads the table, slowly, and writes the row. A row is an
 * item of numbers (that of a dropped table stays, as its id does):
 *   items, bytes, items_0, bytes_0, ... (of the indexes)
 *   large_0, large_bytes_0, ... (of collections: position, bytes)
 *   counted_ms, took_ms (of the last count), claimed_ms (by a count that goes on; 0: none) */
#pragma once

#include "map.h"
#include "table.h"
#include "table_count.h"

struct figures {
    uint64_t items;
    uint64_t bytes; /* by item_size() */
};

enum { COLLECTIONS_MAX = 16 /* more are rare, and one row is to hold them */ };

/* An item collection of a gigabyte or more, its index entries included. */
struct large_collection {
    uint64_t position; /* on the ring: that of its items */
    uint64_t bytes;
};

struct table_statistics {
    struct figures whole;
    struct figures indexes[LOCAL_INDEXES_MAX];
    struct large_collection large[COLLECTIONS_MAX]; /* of tables with indexes: the largest ones */
    size_t large_count;
    uint64_t counted_ms; /* wall clock; 0: never */
    uint64_t took_ms;
    uint64_t claimed_ms;
};

struct statistics {
    struct map known; /* by table id; what this shard has read or counted itself */
    struct table_count count;
    uint64_t look_at_us; /* when to look for tables that nobody has counted for long */
};

void statistics_init(struct statistics *statistics);
void statistics_deinit(struct statistics *statistics);
/* Goes on with a count, or begins one that is due. */
void statistics_run(struct api *api);
/* When statistics_run() wants to be called: monotonic us. */
uint64_t statistics_next_us(const struct statistics *statistics);

/* What is known of the table here: all zero if nothing is. */
struct table_statistics statistics_of(const struct api *api, uint64_t table_id);
/* Takes in a row as it was read or written. */
void statistics_learn(struct api *api, uint64_t table_id, struct slice row);
void statistics_forget(struct statistics *statistics, uint64_t table_id);
/* Bytes of the item collection at that position, if it was found large; else 0. */
uint64_t statistics_collection(const struct api *api, uint64_t table_id, uint64_t position);
/* Takes in a collection that was counted. */
void statistics_add_collection(struct table_statistics *statistics, uint64_t position,
                               uint64_t bytes);
/* Has the table counted if the figures known here are older than that, and others have none that are
 * younger. */
void statistics_refresh(struct api *api, struct table *table, uint64_t age_ms);
/* May a count of the table be begun, if figures must be older than `age_ms` for one? */
bool statistics_due(const struct api *api, const struct table *table, uint64_t age_ms);

/* Reads a table's row: the request, for the caller to send. */
struct operation_request *statistics_read(struct operation_call *call, uint64_t table_id);
/* Writes it. */
struct operation_request *statistics_write(struct operation_call *call, const struct table *table,
                                           const struct table_statistics *row);
