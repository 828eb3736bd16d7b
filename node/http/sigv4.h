/* sigv4: verifies AWS Signature Version 4 on a received request, and signs requests to send (AWS
 * General Reference, "Signing AWS API requests"). Pure: digests come from a port, time is passed
 * in. */
#pragma once

#include "arena.h"
#include "http_request.h"

enum {
    SIGV4_DATE_SIZE = 16,        /* "20150830T123600Z" */
    SIGV4_KEY_SIZE = 32,         /* a derived signing key */
    SIGV4_SECRET_SIZE_MAX = 128, /* a secret access key; AWS's have 40 */
    SIGV4_REGION_SIZE_MAX = 64,
    SIGV4_CACHED_KEYS = 8, /* a few users, and yesterday's keys around midnight */
    /* How far a request's date may be from ours, as the SDKs expect it. */
    SIGV4_WINDOW_SECONDS = 15 * 60
};

/* The digests SigV4 needs; the daemon supplies OpenSSL's. */
struct crypto {
    void (*sha256)(struct slice bytes, uint8_t digest[32]);
    void (*hmac_sha256)(struct slice key, struct slice bytes, uint8_t digest[32]);
    /* Constant-time. */
    bool (*equal)(const void *a, const void *b, size_t size);
};

/* NUL-terminated; the secret has at most SIGV4_SECRET_SIZE_MAX characters. */
struct credentials {
    const char *access_key_id;
    const char *secret_access_key;
};

/* A signing key and all that it was derived from: so an entry is never wrong, only unused, when
 * the configuration changes. */
struct sigv4_cached_key {
    char secret[SIGV4_SECRET_SIZE_MAX + 1]; /* "" in an entry never used */
    char region[SIGV4_REGION_SIZE_MAX + 1];
    char day[8];
    uint8_t key[SIGV4_KEY_SIZE];
};

/* The newest signing keys, of one shard, which owns it; zeroed at first. Saves four HMACs a
 * request. */
struct sigv4_cache {
    struct sigv4_cached_key keys[SIGV4_CACHED_KEYS];
    unsigned next; /* the entry to be replaced */
};

struct sigv4_config {
    const struct crypto *crypto;
    const struct credentials *keys;
    size_t keys_count;  /* 0: every signature, or none, is taken */
    const char *region; /* the scope must name it; at most SIGV4_REGION_SIZE_MAX characters */
    struct sigv4_cache *cache; /* or NULL */
};

enum sigv4_result {
    SIGV4_OK,
    SIGV4_MISSING,     /* MissingAuthenticationTokenException */
    SIGV4_INCOMPLETE,  /* IncompleteSignatureException */
    SIGV4_UNKNOWN_KEY, /* UnrecognizedClientException */
    SIGV4_MISMATCH,    /* InvalidSignatureException */
    SIGV4_EXPIRED      /* InvalidSignatureException, for a date outside 15 minutes */
};

struct sigv4_verdict {
    enum sigv4_result result;
    const char *message; /* for the client, printable ASCII; in the arena or static; NULL if OK */
    const char
        *access_key_id; /* whose signature it is; in the configuration; NULL if not verified */
};

/* Temporary memory comes from `arena`. */
struct sigv4_verdict sigv4_verify(const struct sigv4_config *config,
                                  const struct http_request *request, uint64_t wall_us,
                                  struct arena *arena);

/* The x-amz-date of a time, and a terminator. */
void sigv4_date(uint64_t wall_us, char text[SIGV4_DATE_SIZE + 1]);
/* The value of the Authorization header that signs `request` for DynamoDB; in the arena. The
 * request has a host and an x-amz-date header, as sigv4_date() writes it, and all its names are in
 * lower case. Signed are host, content-type, and every x-amz-* header. */
struct slice sigv4_sign(const struct crypto *crypto, const struct credentials *credentials,
                        const char *region, const struct http_request *request,
                        struct arena *arena);
/* The signing key of a day ("20150830"): "Deriving the signing key" of the General Reference. */
void sigv4_derive_key(const struct crypto *crypto, const char *secret, struct slice day,
                      const char *region, const char *service, uint8_t key[SIGV4_KEY_SIZE]);
