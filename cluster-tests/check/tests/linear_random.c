#include "linear_random.h"

#include <stdlib.h>

/* When an operation takes effect, in thousandths of the unit of time. */
struct instant {
    uint64_t at;
    size_t operation;
};

static int compare_instants(const void *a, const void *b)
{
    const struct instant *left = a;
    const struct instant *right = b;
    if (left->at != right->at)
        return left->at < right->at ? -1 : 1;
    return left->operation < right->operation ? -1 : left->operation > right->operation;
}

static uint32_t draw_kind(const struct linear_random_options *options, struct prng *prng)
{
    static const uint32_t others[] = {LINEAR_CAS,  LINEAR_CAS_FAILED, LINEAR_CAS_FAILED_SEEN,
                                      LINEAR_SWAP, LINEAR_ADD,        LINEAR_ADD_BLIND};
    uint64_t drawn = prng_below(prng, 10);
    if (drawn < options->writes_of_ten)
        return LINEAR_WRITE;
    if (drawn < options->writes_of_ten + options->reads_of_ten)
        return LINEAR_READ;
    return others[prng_below(prng, options->adds ? 6 : 4)];
}

static uint64_t draw_value(const struct linear_random_options *options, struct prng *prng,
                           size_t index)
{
    return options->values == 0 ? index + 1 : prng_below(prng, options->values);
}

/* A compare and set expects what is there, or something else, and is told so. */
static void apply_cas(const struct linear_random_options *options, struct prng *prng,
                      struct linear_operation *operation, uint64_t *state)
{
    bool succeeds = operation->kind == LINEAR_CAS;
    uint64_t other = draw_value(options, prng, (size_t)prng_below(prng, options->operations));
    operation->expected = succeeds ? *state : other;
    operation->result = *state;
    if (operation->expected == *state) {
        operation->kind = LINEAR_CAS;
        *state = operation->argument;
    }
}

static void apply(const struct linear_random_options *options, struct prng *prng,
                  struct linear_operation *operation, uint64_t *state)
{
    switch (operation->kind) {
    case LINEAR_WRITE:
        *state = operation->argument;
        break;
    case LINEAR_SWAP:
        operation->result = *state;
        *state = operation->argument;
        break;
    case LINEAR_ADD:
    case LINEAR_ADD_BLIND:
        *state += operation->argument;
        operation->result = *state;
        break;
    case LINEAR_READ:
        operation->result = *state;
        break;
    default:
        apply_cas(options, prng, operation, state);
    }
}

/* Draws the times of operation `index`; UINT64_MAX if it never takes effect. */
static uint64_t draw_times(const struct linear_random_options *options, struct prng *prng,
                           struct linear_operation *operation, uint64_t *clock, size_t *unknown)
{
    operation->invoked = *clock + prng_between(prng, 0, options->pause_max);
    operation->completed = operation->invoked + prng_between(prng, 0, options->duration_max);
    *clock = operation->completed + 1;
    uint64_t lasts = operation->completed - operation->invoked;
    if (*unknown < options->unknown_max && prng_chance(prng, options->unknown_chance)) {
        ++*unknown;
        operation->completed = LINEAR_UNKNOWN;
        lasts = options->late_max;
        if (prng_chance(prng, 300000))
            return UINT64_MAX;
    }
    return 1000 * operation->invoked + prng_between(prng, 0, 1000 * lasts);
}

void linear_random_fill(const struct linear_random_options *options, struct prng *prng,
                        struct linear_operation *operations)
{
    uint64_t *clocks = calloc(options->processes, sizeof(*clocks));
    struct instant *instants = calloc(options->operations, sizeof(*instants));
    ensure(clocks != NULL);
    ensure(instants != NULL);
    size_t unknown = 0;
    for (size_t i = 0; i < options->operations; i++) {
        uint32_t process = (uint32_t)(i % options->processes);
        operations[i] = (struct linear_operation){.process = process,
                                                  .kind = draw_kind(options, prng),
                                                  .argument = draw_value(options, prng, i)};
        instants[i].operation = i;
        instants[i].at = draw_times(options, prng, &operations[i], &clocks[process], &unknown);
    }
    qsort(instants, options->operations, sizeof(*instants), compare_instants);
    uint64_t state = 0;
    for (size_t i = 0; i < options->operations; i++) {
        uint64_t ignored = state;
        bool never = instants[i].at == UINT64_MAX;
        apply(options, prng, &operations[instants[i].operation], never ? &ignored : &state);
    }
    free(instants);
    free(clocks);
}
