/* catalogue: the tables of the cluster. Their definitions are registers of a system table; here is
 * what this shard has read or heard of them.
 *
 * The system table holds three item collections: "tables", where the sort key is a table's name and
 * the value its definition (table.h); "dropped", where it is the id of a dropped table in 16 hex
 * digits; and "statistics" (statistics.h). Ids are never used twice. Of two definitions with one id
 * the higher revision is newer; a dropped id never comes back, so that late news does no harm. That
 * a table does not exist is never remembered. */
#pragma once

#include "api.h"
#include "map.h"
#include "operation_call.h"

enum { CATALOGUE_TABLE_ID = 1 };

struct catalogue {
    struct map by_name;  /* hash of the name -> chain of tables */
    struct map dropped;  /* ids of dropped tables */
    bool refresh_wanted; /* at start, and after a refresh that failed */
    bool refreshing;
    uint64_t refresh_at_us;     /* not before */
    uint64_t refreshed_version; /* schema version that the last refresh covers */
    uint64_t refresh_version;   /* that the running one will cover */
    struct api_call refresh;    /* the running refresh */
    struct arena arena;         /* its memory */
};

void catalogue_init(struct catalogue *catalogue);
void catalogue_deinit(struct catalogue *catalogue);
/* Takes in announcements and starts a refresh if news have been heard of. */
void catalogue_run(struct api *api);

/* The table of that name, borrowed until the next call here, or NULL if it is not known. */
struct table *catalogue_find(const struct catalogue *catalogue, struct slice name);
/* Takes in a definition as it was read or written. */
void catalogue_learn(struct api *api, struct slice definition);
/* Takes in that a table was dropped, here and in the node. */
void catalogue_learn_drop(struct api *api, uint64_t table_id);

/* Looks a table up by its name or ARN, reading its definition if it is not known, and goes on with
 * `step`: `found` of the call is the table, held until the call ends, or NULL if there is none of
 * the name `lookup_name`. Fails the call if the ARN is of something else, or the definition cannot
 * be read. */
void catalogue_lookup(struct operation_call *call, struct slice name, operation_step step);

/* Encoded keys of the system table, in the call's memory. */
struct slice catalogue_table_key(struct operation_call *call, struct slice name);
struct slice catalogue_dropped_key(struct operation_call *call, uint64_t table_id);
struct slice catalogue_statistics_key(struct operation_call *call, uint64_t table_id);
/* The first key of the collection "tables" or "dropped", and the first one past it; with `after`
 * not empty, those past that sort key only. */
void catalogue_range(struct operation_call *call, const char *collection, struct slice after,
                     struct slice *from, struct slice *to);
