#include "bench_workload.h"

#include <string.h>

enum { YCSB_SCAN_MAX = 100 };

static const struct bench_workload workloads[] = {
    {"a", BENCH_ZIPFIAN, 0, {[BENCH_GET] = 50, [BENCH_UPDATE] = 50}},
    {"b", BENCH_ZIPFIAN, 0, {[BENCH_GET] = 95, [BENCH_UPDATE] = 5}},
    {"c", BENCH_ZIPFIAN, 0, {[BENCH_GET] = 100}},
    {"d", BENCH_LATEST, 0, {[BENCH_GET] = 95, [BENCH_INSERT] = 5}},
    {"e", BENCH_ZIPFIAN, YCSB_SCAN_MAX, {[BENCH_QUERY] = 95, [BENCH_INSERT] = 5}},
    {"f", BENCH_ZIPFIAN, 0, {[BENCH_GET] = 50, [BENCH_READ_MODIFY_WRITE] = 50}},
    {"get", BENCH_UNIFORM, 0, {[BENCH_GET] = 100}},
    {"get-consistent", BENCH_UNIFORM, 0, {[BENCH_GET_CONSISTENT] = 100}},
    {"put", BENCH_UNIFORM, 0, {[BENCH_PUT] = 100}},
    {"put-if", BENCH_UNIFORM, 0, {[BENCH_PUT_IF] = 100}},
    {"update", BENCH_UNIFORM, 0, {[BENCH_UPDATE] = 100}},
    {"delete", BENCH_UNIFORM, 0, {[BENCH_DELETE] = 100}},
    {"insert", BENCH_UNIFORM, 0, {[BENCH_INSERT] = 100}},
    {"query", BENCH_UNIFORM, 0, {[BENCH_QUERY] = 100}},
    {"scan", BENCH_UNIFORM, 0, {[BENCH_SCAN] = 100}},
    {"batch-get", BENCH_UNIFORM, 0, {[BENCH_BATCH_GET] = 100}},
    {"batch-write", BENCH_UNIFORM, 0, {[BENCH_BATCH_WRITE] = 100}},
    {"load", BENCH_UNIFORM, 0, {[BENCH_INSERT] = 100}},
    {"http", BENCH_UNIFORM, 0, {[BENCH_HTTP] = 100}},
};

static const struct {
    const char *name;
    const char *target;
} operations[BENCH_OPERATIONS] = {
    [BENCH_GET] = {"get", "GetItem"},
    [BENCH_GET_CONSISTENT] = {"get-consistent", "GetItem"},
    [BENCH_PUT] = {"put", "PutItem"},
    [BENCH_PUT_IF] = {"put-if", "PutItem"},
    [BENCH_UPDATE] = {"update", "UpdateItem"},
    [BENCH_DELETE] = {"delete", "DeleteItem"},
    [BENCH_INSERT] = {"insert", "PutItem"},
    [BENCH_QUERY] = {"query", "Query"},
    [BENCH_SCAN] = {"scan", "Scan"},
    [BENCH_BATCH_GET] = {"batch-get", "BatchGetItem"},
    [BENCH_BATCH_WRITE] = {"batch-write", "BatchWriteItem"},
    [BENCH_READ_MODIFY_WRITE] = {"read-modify-write", "GetItem"},
    [BENCH_HTTP] = {"http", ""},
};

static const char *const distributions[BENCH_DISTRIBUTIONS] = {
    [BENCH_UNIFORM] = "uniform",
    [BENCH_ZIPFIAN] = "zipfian",
    [BENCH_LATEST] = "latest",
};

const struct bench_workload *bench_workload_find(const char *name)
{
    for (size_t i = 0; i < array_size(workloads); i++) {
        if (strcmp(workloads[i].name, name) == 0)
            return &workloads[i];
    }
    return NULL;
}

enum bench_operation bench_workload_draw(const struct bench_workload *workload, struct prng *prng)
{
    unsigned drawn = (unsigned)prng_below(prng, 100);
    unsigned below = 0;
    for (unsigned i = 0; i < BENCH_OPERATIONS; i++) {
        below += workload->percent[i];
        if (drawn < below)
            return (enum bench_operation)i;
    }
    ensure_failed(__FILE__, __LINE__, "the percentages add up to 100");
}

bool bench_workload_has(const struct bench_workload *workload, enum bench_operation operation)
{
    return workload->percent[operation] > 0;
}

const char *bench_operation_name(enum bench_operation operation)
{
    return operations[operation].name;
}

const char *bench_operation_target(enum bench_operation operation)
{
    return operations[operation].target;
}

bool bench_distribution_find(const char *name, enum bench_distribution *distribution)
{
    for (unsigned i = 0; i < BENCH_DISTRIBUTIONS; i++) {
        if (strcmp(distributions[i], name) == 0) {
            *distribution = (enum bench_distribution)i;
            return true;
        }
    }
    return false;
}

const char *bench_distribution_name(enum bench_distribution distribution)
{
    return distributions[distribution];
}
