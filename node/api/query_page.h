/* query_page: what Query and Scan have alike: evaluating rows into a page of items. */
#pragma once

#include "capacity.h"
#include "query_source.h"
#include "read_options.h"

enum {
    PAGE_SIZE_MAX = 1024 * 1024,      /* bytes of item_size() in one page; the service's limit */
    PAGE_READ_MAX = 16 * 1024 * 1024, /* bytes of items behind one page of an index, which may hold
                                         little of each */
    FILTER_WORK_MAX = 2000000 /* some 60 ms: a page ends there, for others wait for the thread */
};

struct query_page {
    struct query_source source;
    struct read_options options;
    struct expression *filter;    /* NULL: none */
    const char *filter_parameter; /* as messages name it */
    uint64_t filter_weight;       /* operators and functions in it */
    uint64_t filter_work;         /* spent on it, in operators on small items */
    bool count_only;              /* Select COUNT */
    bool whole;                   /* Select ALL_ATTRIBUTES */
    bool fetches;                 /* attributes that the index has not are wanted */
    uint64_t limit;               /* items evaluated at most */
    uint64_t scanned;             /* items evaluated */
    uint64_t count;               /* of these, those that the filter let through */
    uint64_t size;                /* of all evaluated, as they stand in the source */
    uint64_t read;                /* of the items themselves */
    uint64_t fetched_halves;      /* capacity for the items that had to be fetched */
    bool full;                    /* limit or size reached: a LastEvaluatedKey must be given */
    struct slice last;            /* the last item evaluated, while its request is held */
    const char *select_problem;   /* NULL: none */
};

/* These return NULL, or the ValidationException's message. First: reads Limit, the filter, the read
 * options and Select; what is wrong with Select is kept in `select_problem`, to be told when the table
 * and the starting key are known to be right. */
const char *must_check query_page_init(struct query_page *page, struct expression_context *context,
                                       yyjson_val *input);
/* Before it: reads the filter that came before expressions, "QueryFilter" or "ScanFilter". */
const char *must_check query_page_read_legacy(struct query_page *page, struct arena *arena,
                                              yyjson_val *input, const char *parameter);
/* Then, when the call's table is known: IndexName. */
const char *must_check query_page_read_source(struct query_page *page, struct operation_call *call);
/* Then: paths into its keys. */
const char *must_check query_page_check_table(const struct query_page *page, struct arena *arena,
                                              const struct table *table);
/* Query has conditions on keys of its own, and refuses them in the filter, and what the index has
 * not. */
const char *must_check query_page_check_filter(const struct query_page *page, struct arena *arena);
/* Opens the reply. False: the table is out of throughput, and the call has ended. */
bool must_check query_page_begin(struct query_page *page, struct operation_call *call);
/* Takes rows of an answered range until the page is full. */
void query_page_take(struct query_page *page, struct operation_call *call,
                     const struct request *range);
/* Closes the reply, with a LastEvaluatedKey if the page is full, and ends the call. */
void query_page_finish(struct query_page *page, struct operation_call *call);
/* How many rows a range need return at most. */
uint32_t query_page_rows_left(const struct query_page *page);
