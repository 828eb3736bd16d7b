#include "buggify.h"

#ifdef CARTWHEEL_TESTING
#include "hash.h"
#include "prng.h"

static uint64_t run_seed;
static struct prng prng;

void buggify_start(uint64_t seed)
{
    run_seed = seed;
    prng_init(&prng, seed);
}

static bool active(const char *name)
{
    uint64_t words[] = {run_seed, hash64(slice_of_string(name))};
    return hash64(slice_of(words, sizeof(words))) % 1000000 < BUGGIFY_ACTIVE_PER_MILLION;
}

bool buggify_fires(const char *name)
{
    return run_seed != 0 && active(name) && prng_chance(&prng, BUGGIFY_FIRES_PER_MILLION);
}
#else
void buggify_start(uint64_t seed)
{
    (void)seed;
}
#endif
