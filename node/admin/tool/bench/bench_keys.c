#include "bench_keys.h"

#include <math.h>

/* YCSB scrambles the ranks of a space far larger than any table, so that growing moves no
 * popularity from one item to another; adding up its zeta would take minutes. */
#define SCRAMBLED_RANKS UINT64_C(10000000000)
#define SCRAMBLED_ZETA  26.46902820178302

static void zipf_prepare(struct bench_zipf *zipf)
{
    double zeta2 = 1 + pow(0.5, zipf->theta);
    zipf->alpha = 1 / (1 - zipf->theta);
    zipf->eta = (1 - pow(2 / (double)zipf->count, 1 - zipf->theta)) / (1 - zeta2 / zipf->zeta);
}

void bench_zipf_init(struct bench_zipf *zipf, uint64_t count, double theta)
{
    *zipf = (struct bench_zipf){.theta = theta};
    bench_zipf_grow(zipf, count);
}

void bench_zipf_grow(struct bench_zipf *zipf, uint64_t count)
{
    ensure(count >= 1);
    ensure(count >= zipf->count);
    for (uint64_t i = zipf->count + 1; i <= count; i++)
        zipf->zeta += 1 / pow((double)i, zipf->theta);
    zipf->count = count;
    zipf_prepare(zipf);
}

uint64_t bench_zipf_draw(const struct bench_zipf *zipf, struct prng *prng)
{
    double u = (double)(prng_next(prng) >> 11) * 0x1p-53;
    double scaled = u * zipf->zeta;
    if (scaled < 1 || zipf->count == 1)
        return 0;
    if (scaled < 1 + pow(0.5, zipf->theta) || zipf->count == 2)
        return 1;
    uint64_t rank =
        (uint64_t)((double)zipf->count * pow(zipf->eta * u - zipf->eta + 1, zipf->alpha));
    return rank < zipf->count ? rank : zipf->count - 1;
}

/* FNV-1a over the eight bytes, the lowest first, as YCSB does it. */
static uint64_t scramble(uint64_t rank)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (int i = 0; i < 8; i++) {
        hash ^= rank & 0xff;
        hash *= UINT64_C(1099511628211);
        rank >>= 8;
    }
    return hash;
}

void bench_keys_init(struct bench_keys *keys, enum bench_distribution distribution, uint64_t count,
                     struct prng *prng)
{
    *keys = (struct bench_keys){.distribution = distribution, .prng = prng};
    if (distribution == BENCH_LATEST)
        bench_zipf_init(&keys->zipf, count, BENCH_ZIPFIAN_THETA);
    if (distribution == BENCH_ZIPFIAN) {
        keys->zipf = (struct bench_zipf){
            .count = SCRAMBLED_RANKS, .theta = BENCH_ZIPFIAN_THETA, .zeta = SCRAMBLED_ZETA};
        zipf_prepare(&keys->zipf);
    }
}

uint64_t bench_keys_draw(struct bench_keys *keys, uint64_t count)
{
    if (keys->distribution == BENCH_UNIFORM)
        return prng_below(keys->prng, count);
    if (keys->distribution == BENCH_ZIPFIAN)
        return scramble(bench_zipf_draw(&keys->zipf, keys->prng)) % count;
    if (count > keys->zipf.count)
        bench_zipf_grow(&keys->zipf, count);
    return count - 1 - bench_zipf_draw(&keys->zipf, keys->prng) % count;
}
