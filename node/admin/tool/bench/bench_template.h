/* bench_template: the body of a kind of request, cut up once at the holes that change from one
 * request to the next. */
#pragma once

#include "bench_options.h"
#include "bytes.h"

enum {
    BENCH_KEY_SIZE = 16, /* "user000000000042": also good base64, which other APIs want of keys */
    BENCH_POOL_SIZE = 65536
};

/* Random letters, of which values are pieces, so that no disk can compress them away. */
struct bench_pool {
    char *letters; /* BENCH_POOL_SIZE and a value's size */
    size_t value_size;
};

enum bench_hole {
    BENCH_HOLE_NONE,  /* the end */
    BENCH_HOLE_KEY,   /* {key}: the partition key */
    BENCH_HOLE_SORT,  /* {sort}: the sort key */
    BENCH_HOLE_VALUE, /* {value} */
    BENCH_HOLE_LIMIT, /* {limit} */
    BENCH_HOLE_FIELD, /* {field}: which one is updated */
    BENCH_HOLE_NEXT   /* {next}: nothing; further keys are the next one's */
};

struct bench_part {
    struct slice text; /* before the hole */
    enum bench_hole hole;
};

struct bench_template {
    char *text;
    struct bench_part *parts;
    size_t parts_count;
    size_t size_max; /* of what it renders to */
    uint64_t collection;
};

/* What goes into the holes. */
struct bench_fill {
    const uint64_t *keys; /* as many as the template has {next}, and one */
    uint64_t limit;
    uint64_t field;
    const struct bench_pool *pool;
    struct prng *prng;
};

void bench_pool_init(struct bench_pool *pool, size_t value_size, struct prng *prng);
void bench_pool_deinit(struct bench_pool *pool);

/* The body of an operation of DynamoDB, or of --body. */
void bench_template_init(struct bench_template *template, enum bench_operation operation,
                         const struct bench_options *options);
void bench_template_deinit(struct bench_template *template);
/* Writes at most `size_max` bytes, and returns how many. */
size_t bench_template_render(const struct bench_template *template, const struct bench_fill *fill,
                             char *body);
