/* prng: seeded xoshiro256** (Blackman and Vigna, 2018). Repeatable, not secret. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t state[4];
};

void prng_init(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);
/* Uniform in [0, bound), without modulo bias; bound > 0. */
uint64_t prng_below(struct prng *prng, uint64_t bound);
/* Uniform in [low, high], low <= high. */
uint64_t prng_between(struct prng *prng, uint64_t low, uint64_t high);
/* True once in 1,000,000 / `per_million` calls. */
bool prng_chance(struct prng *prng, uint32_t per_million);
