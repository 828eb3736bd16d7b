/* sigv4_internal: the parts of SigV4 that verifying and signing share. Private to sigv4. */
#pragma once

#include "sigv4.h"

#define SIGV4_ALGORITHM  "AWS4-HMAC-SHA256"
#define SIGV4_SERVICE    "dynamodb"
#define SIGV4_TERMINATOR "aws4_request"

enum { SIGV4_HEX_SIZE = 64, SIGV4_DAY_SIZE = 8 };

/* The Authorization header, taken apart; all slices are borrowed from its value. */
struct sigv4_authorization {
    struct slice access_key_id;
    struct slice scope; /* day/region/service/terminator */
    struct slice day;
    struct slice region;
    struct slice service;
    struct slice terminator;
    struct slice signed_headers; /* as sent: names with semicolons between */
    struct slice names[HTTP_HEADERS_MAX];
    size_t names_count;
    struct slice signature;
};

/* NULL, or the complaint. Checks the form only: of the signed headers that they are lower case,
 * sorted and unique. */
const char *must_check sigv4_authorization_parse(struct slice value,
                                                 struct sigv4_authorization *authorization,
                                                 struct arena *arena);

/* What is signed of a request. */
struct sigv4_signing {
    const struct crypto *crypto;
    const struct http_request *request;
    const struct slice *names; /* of the signed headers: sorted, each present */
    size_t names_count;
    struct slice date;              /* x-amz-date's form */
    struct slice scope;             /* day/region/service/terminator */
    char body_hash[SIGV4_HEX_SIZE]; /* of the body as received */
};

/* The signature, in hexadecimal, under a signing key. */
void sigv4_signature(const struct sigv4_signing *signing, const uint8_t key[SIGV4_KEY_SIZE],
                     struct arena *arena, char signature[SIGV4_HEX_SIZE]);
/* Appends the "canonical request". */
void sigv4_canonical_request(const struct sigv4_signing *signing, struct arena *arena,
                             struct writer *output);
/* Appends the names of the signed headers with semicolons between. */
void sigv4_put_names(const struct sigv4_signing *signing, struct writer *output);
void sigv4_hash_hex(const struct crypto *crypto, struct slice bytes, char hex[SIGV4_HEX_SIZE]);
/* sigv4_derive_key() for DynamoDB, by way of the cache, which may be NULL. */
void sigv4_signing_key(const struct crypto *crypto, const char *secret, struct slice day,
                       const char *region, struct sigv4_cache *cache, uint8_t key[SIGV4_KEY_SIZE]);
/* Client bytes for an error message: cut, and harmless in any JSON or terminal. */
const char *sigv4_printable(struct slice text, struct arena *arena);
