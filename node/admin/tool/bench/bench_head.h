/* bench_head: the head of a kind of request to one endpoint, with its signature (SigV4). All but
 * the length and the signature is put together once a second, when the date changes. */
#pragma once

#include "endpoint.h"
#include "sigv4.h"

enum { BENCH_HEAD_SIZE_MAX = 2048 };

/* Who signs, and when. */
struct bench_signer {
    const struct crypto *crypto;
    struct credentials credentials;
    const char *region;
    bool sign; /* otherwise the signature is made up: for servers that do not look */
    char date[SIGV4_DATE_SIZE + 1];
    uint8_t key[SIGV4_KEY_SIZE]; /* of the date's day */
};

struct bench_head {
    const char *method;
    const char *path;
    const char *target; /* "GetItem"; "" for plain HTTP, which is not signed */
    const char *authority;
    char text[BENCH_HEAD_SIZE_MAX]; /* up to the value of Content-Length */
    size_t size;
    size_t signature_at;                 /* in `text` */
    char canonical[BENCH_HEAD_SIZE_MAX]; /* the canonical request, up to the body's hash */
    size_t canonical_size;
    char to_sign[256]; /* the string to sign, up to the canonical request's hash */
    size_t to_sign_size;
};

/* Keeps the pointers; the date is not yet set. */
void bench_signer_init(struct bench_signer *signer, const struct crypto *crypto,
                       struct credentials credentials, const char *region, bool sign);
/* True if the date is another one now: then the heads must be made anew. */
bool bench_signer_tick(struct bench_signer *signer, uint64_t wall_us);

/* Keeps `authority` and `path`; `target` is static. Renders it. */
void bench_head_init(struct bench_head *head, const struct bench_signer *signer,
                     const char *authority, const char *method, const char *path,
                     const char *target);
void bench_head_renew(struct bench_head *head, const struct bench_signer *signer);
/* Writes the head for `body` so that it ends where the body begins, with at least
 * BENCH_HEAD_SIZE_MAX bytes of room before it; returns where it begins. */
char *bench_head_put(const struct bench_head *head, const struct bench_signer *signer, char *body,
                     size_t body_size);
