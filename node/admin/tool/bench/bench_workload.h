/* bench_workload: what kinds of request a load is made of: the workloads of YCSB (Cooper et al.,
 * "Benchmarking Cloud Serving Systems with YCSB", 2010, table 2), and single operations. */
#pragma once

#include "ensure.h"
#include "prng.h"

enum bench_operation {
    BENCH_GET,
    BENCH_GET_CONSISTENT,
    BENCH_PUT,
    BENCH_PUT_IF, /* on the condition that the item is there */
    BENCH_UPDATE, /* SET of one field */
    BENCH_DELETE,
    BENCH_INSERT, /* a PutItem of the next new key */
    BENCH_QUERY,
    BENCH_SCAN,
    BENCH_BATCH_GET,
    BENCH_BATCH_WRITE,
    BENCH_READ_MODIFY_WRITE, /* a GetItem, then an UpdateItem of the same key: counted as one */
    BENCH_HTTP,              /* a plain request to a server that is no DynamoDB */
    BENCH_OPERATIONS
};

enum bench_distribution { BENCH_UNIFORM, BENCH_ZIPFIAN, BENCH_LATEST, BENCH_DISTRIBUTIONS };

struct bench_workload {
    const char *name;
    enum bench_distribution distribution;
    unsigned limit_max; /* a query asks for 1 to so many items; 0: for --limit */
    unsigned char percent[BENCH_OPERATIONS]; /* of the requests; together 100 */
};

/* NULL if there is none of that name. */
const struct bench_workload *bench_workload_find(const char *name);
enum bench_operation bench_workload_draw(const struct bench_workload *workload, struct prng *prng);
bool bench_workload_has(const struct bench_workload *workload, enum bench_operation operation);
/* "get-consistent" */
const char *bench_operation_name(enum bench_operation operation);
/* "GetItem"; the second request of BENCH_READ_MODIFY_WRITE is one of BENCH_UPDATE. */
const char *bench_operation_target(enum bench_operation operation);
/* False, and nothing set, if there is no distribution of that name. */
bool must_check bench_distribution_find(const char *name, enum bench_distribution *distribution);
const char *bench_distribution_name(enum bench_distribution distribution);
