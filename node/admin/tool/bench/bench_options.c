#include "bench_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NUMBER, TEXT, FLAG, TAG, DISTRIBUTION };

struct flag {
    const char *name;
    enum kind kind;
    size_t offset;
    uint64_t min; /* of a NUMBER */
    uint64_t max;
};

#define NUMBER_FLAG(name_, field, min_, max_)                                           \
    {                                                                                   \
        .name = name_, .kind = NUMBER, .offset = offsetof(struct bench_options, field), \
        .min = min_, .max = max_                                                        \
    }
#define OTHER_FLAG(name_, kind_, field)                                               \
    {                                                                                 \
        .name = name_, .kind = kind_, .offset = offsetof(struct bench_options, field) \
    }

static const struct flag flags[] = {
    NUMBER_FLAG("--connections", connections, 1, 100000),
    NUMBER_FLAG("--threads", threads, 1, 256),
    NUMBER_FLAG("--rate", rate, 1, 10000000),
    NUMBER_FLAG("--requests", requests, 1, 1000000000000),
    NUMBER_FLAG("--seconds", seconds, 1, 1000000),
    NUMBER_FLAG("--warmup", warmup_seconds, 0, 100000),
    NUMBER_FLAG("--timeout", timeout_seconds, 1, 3600),
    NUMBER_FLAG("--keys", keys, 1, 100000000000),
    NUMBER_FLAG("--fields", fields, 1, 100),
    NUMBER_FLAG("--field-size", field_size, 1, 400000),
    NUMBER_FLAG("--collection", collection, 1, 10000000),
    NUMBER_FLAG("--limit", limit, 1, 10000),
    NUMBER_FLAG("--batch", batch, 1, BENCH_BATCH_MAX),
    NUMBER_FLAG("--seed", seed, 0, UINT64_MAX),
    OTHER_FLAG("--table", TEXT, table),
    OTHER_FLAG("--path", TEXT, path),
    OTHER_FLAG("--body", TEXT, body),
    OTHER_FLAG("--load", FLAG, load),
    OTHER_FLAG("--keep", FLAG, keep),
    OTHER_FLAG("--no-sign", FLAG, no_sign),
    OTHER_FLAG("--quiet", FLAG, quiet),
    OTHER_FLAG("--tag", TAG, tags),
    OTHER_FLAG("--distribution", DISTRIBUTION, distribution),
};

static bool number_parse(const struct flag *flag, const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *value >= flag->min &&
           *value <= flag->max;
}

/* NULL, or what is wrong. */
static const char *take_value(struct bench_options *options, const struct flag *flag,
                              const char *value, char *problem, size_t problem_size)
{
    char *field = (char *)options + flag->offset;
    uint64_t number;
    switch (flag->kind) {
    case NUMBER:
        if (!number_parse(flag, value, &number)) {
            snprintf(problem, problem_size, "%s takes a number from %llu to %llu", flag->name,
                     (unsigned long long)flag->min, (unsigned long long)flag->max);
            return problem;
        }
        memcpy(field, &number, sizeof(number));
        return NULL;
    case TEXT:
        memcpy(field, &value, sizeof(value));
        return NULL;
    case TAG:
        if (strchr(value, '=') == NULL || options->tags_count == BENCH_TAGS_MAX)
            return "--tag takes KEY=VALUE, at most eight times";
        options->tags[options->tags_count++] = value;
        return NULL;
    case DISTRIBUTION:
        return bench_distribution_find(value, &options->distribution)
                   ? NULL
                   : "--distribution is uniform, zipfian or latest";
    case FLAG:
        break;
    }
    return NULL;
}

static const struct flag *flag_find(const char *name)
{
    for (size_t i = 0; i < array_size(flags); i++) {
        if (strcmp(flags[i].name, name) == 0)
            return &flags[i];
    }
    return NULL;
}

static const char *take_flags(struct bench_options *options, size_t count, char **arguments,
                              char *problem, size_t problem_size)
{
    for (size_t at = 0; at < count; at++) {
        const struct flag *flag = flag_find(arguments[at]);
        if (flag == NULL || (flag->kind != FLAG && at + 1 == count)) {
            snprintf(problem, problem_size,
                     flag == NULL ? "no such option: %s" : "%s needs a value", arguments[at]);
            return problem;
        }
        if (flag->kind == FLAG) {
            *((bool *)(void *)((char *)options + flag->offset)) = true;
            continue;
        }
        const char *wrong = take_value(options, flag, arguments[++at], problem, problem_size);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

/* The options that only make sense together. */
static const char *complete(struct bench_options *options)
{
    const struct bench_workload *workload = options->workload;
    bool queries = bench_workload_has(workload, BENCH_QUERY);
    if (options->collection == 0)
        options->collection = queries ? 100 : 1;
    if (queries && options->collection == 1)
        return "queries need a --collection of more than one item";
    if (bench_workload_has(workload, BENCH_BATCH_WRITE) && options->batch > BENCH_BATCH_WRITE_MAX)
        return "a --batch to write has at most 25 items";
    bool batches = bench_workload_has(workload, BENCH_BATCH_WRITE) ||
                   bench_workload_has(workload, BENCH_BATCH_GET);
    if (batches && options->keys < options->batch)
        return "there must be as many --keys as items in a --batch";
    if (options->connections < options->threads)
        return "each of the --threads needs one of the --connections";
    if (options->path[0] != '/')
        return "the --path must begin with /";
    return NULL;
}

const char *bench_options_parse(struct bench_options *options, size_t count, char **arguments,
                                char *problem, size_t problem_size)
{
    *options = (struct bench_options){
        .table = "CartwheelBench",
        .path = "/",
        .connections = 64,
        .threads = 1,
        .seconds = 10,
        .warmup_seconds = 2,
        .timeout_seconds = 15, /* a node answers within its 10 s, or says so */
        .keys = 10000,
        .fields = 10,
        .field_size = 100,
        .limit = 10,
        .batch = 10,
        .seed = 1,
    };
    options->workload = count == 0 ? NULL : bench_workload_find(arguments[0]);
    if (options->workload == NULL)
        return count == 0 ? "which workload?" : "no such workload";
    options->distribution = options->workload->distribution;
    const char *wrong = take_flags(options, count - 1, arguments + 1, problem, problem_size);
    return wrong == NULL ? complete(options) : wrong;
}
