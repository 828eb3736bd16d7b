/* table_count: counts the items of one table, a little at a time: for statistics.h. */
#pragma once

#include "api.h"
#include "operation_call.h"

enum { COUNT_WINDOW = 16 /* partitions that are read at the same time */ };

/* A partition that is being read. */
struct count_slot {
    bool open;
    uint32_t partition;
    struct writer from;        /* where to go on */
    uint64_t position;         /* of the collection that is being counted */
    uint64_t collection_bytes; /* of it, so far */
};

struct table_count {
    struct table *table;          /* held; NULL: none is being counted */
    const struct operation *next; /* the step to be taken: a call of the api itself */
    bool running;                 /* it is being taken */
    bool finished;                /* it was the last */
    unsigned failures;            /* of it, in a row */
    uint64_t at_us;               /* not before */
    uint64_t step_us;             /* when it began */
    uint64_t begun_us;
    uint64_t age_ms; /* younger figures make the count needless */
    uint32_t next_partition;
    struct count_slot slots[COUNT_WINDOW];
    struct table_statistics *sum; /* of what was read so far */
    struct api_call call;         /* of the step */
    struct arena arena;           /* its memory */
};

void table_count_init(struct table_count *count);
void table_count_deinit(struct table_count *count);
bool table_count_busy(const struct table_count *count);
/* Keeps a reference to the table. It is given up again if the figures turn out to be younger than
 * `age_ms`, or others count. */
void table_count_begin(struct table_count *count, struct table *table, uint64_t age_ms);
/* Takes the next step if it is time. */
void table_count_run(struct api *api);
/* When it will be; DEADLINE_NEVER while a step is being taken. */
uint64_t table_count_next_us(const struct table_count *count);
