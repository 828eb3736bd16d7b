/* bench_options: the command line of `cartwheel bench`. */
#pragma once

#include "bench_workload.h"

#include <stddef.h>

enum {
    BENCH_BATCH_MAX = 100, /* DynamoDB's limit of BatchGetItem; BatchWriteItem's is 25 */
    BENCH_BATCH_WRITE_MAX = 25,
    BENCH_TAGS_MAX = 8
};

struct bench_options {
    const struct bench_workload *workload;
    enum bench_distribution distribution;
    const char *table;
    const char *tags[BENCH_TAGS_MAX]; /* "KEY=VALUE", for a table that is created */
    size_t tags_count;
    const char *path;     /* of BENCH_HTTP */
    const char *body;     /* of BENCH_HTTP, with {key} and {value} in it; NULL: a GET */
    uint64_t connections; /* over all threads */
    uint64_t threads;
    uint64_t rate;     /* requests a second; 0: closed loop */
    uint64_t requests; /* 0: as many as there are in `seconds` */
    uint64_t seconds;
    uint64_t warmup_seconds;
    uint64_t timeout_seconds; /* of one request */
    uint64_t keys;
    uint64_t fields;
    uint64_t field_size;
    uint64_t collection; /* items of one partition key; 1: the table has no sort key */
    uint64_t limit;      /* of Query and Scan */
    uint64_t batch;      /* items of a batch */
    uint64_t seed;
    bool load;    /* load even if the table was there */
    bool keep;    /* do not delete a table that was created */
    bool no_sign; /* a made-up signature */
    bool quiet;   /* no progress */
};

/* Borrows the arguments. Returns NULL, or what is wrong, in `problem`. */
const char *must_check bench_options_parse(struct bench_options *options, size_t count,
                                           char **arguments, char *problem, size_t problem_size);
