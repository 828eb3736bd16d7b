/* linear_random: histories of one register as it would really behave, for the tests. */
#pragma once

#include "linear.h"
#include "prng.h"

struct linear_random_options {
    size_t operations;
    uint32_t processes;      /* each asks for one thing at a time */
    uint64_t values;         /* writes write 0 to values - 1; 0: each write its own number */
    uint32_t unknown_chance; /* per million */
    size_t unknown_max;      /* no more than so many */
    uint64_t pause_max;      /* between two operations of a process */
    uint64_t duration_max;   /* of an operation */
    uint64_t late_max;       /* how late one of unknown outcome takes effect */
    uint64_t writes_of_ten;  /* of ten operations; the others read, compare and set, swap, add */
    uint64_t reads_of_ten;
    bool adds;
};

/* Fills operations[0 .. options->operations). The register takes each at an instant between
 * invocation and completion, or, if the outcome is unknown, after its invocation or never. */
void linear_random_fill(const struct linear_random_options *options, struct prng *prng,
                        struct linear_operation *operations);
