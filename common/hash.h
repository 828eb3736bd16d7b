/* hash: XXH3, for ring positions, checksums and Merkle digests. */
#pragma once

#include "bytes.h"

/* XXH3-64, seed 0: the ring position of an encoded partition key. */
uint64_t hash64(struct slice bytes);
/* The same as an id for a map (map.h): never 0. */
uint64_t hash64_id(struct slice bytes);

/* 128 bits, added and subtracted modulo 2^128: an order-independent sum over a set of digests. */
struct digest {
    uint64_t high;
    uint64_t low;
};

/* XXH3-128 of `bytes`, keyed by `secret_seed`. */
struct digest digest_of(struct slice bytes, uint64_t secret_seed);
struct digest digest_add(struct digest a, struct digest b);
struct digest digest_subtract(struct digest a, struct digest b);
bool digest_equal(struct digest a, struct digest b);
