#include "crypto.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

/* Fetching an algorithm costs more than hashing a small request, so each thread keeps its contexts.
 */
struct contexts {
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *mac;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t contexts_key;
static EVP_MD *sha256_algorithm;
static EVP_MAC *hmac_algorithm;

static void sha256(struct slice bytes, uint8_t digest[32]);
static void hmac_sha256(struct slice key, struct slice bytes, uint8_t digest[32]);
static bool equal(const void *a, const void *b, size_t size);

const struct crypto *crypto_openssl(void)
{
    static const struct crypto crypto = {
        .sha256 = sha256,
        .hmac_sha256 = hmac_sha256,
        .equal = equal,
    };
    return &crypto;
}

void crypto_random(void *bytes, size_t size)
{
    ensure(size <= INT_MAX);
    ensure(RAND_bytes(bytes, (int)size) == 1);
}

static void contexts_free(void *object)
{
    struct contexts *contexts = object;
    EVP_MD_CTX_free(contexts->digest);
    EVP_MAC_CTX_free(contexts->mac);
    free(contexts);
}

static void release_algorithms(void)
{
    EVP_MD_free(sha256_algorithm);
    EVP_MAC_free(hmac_algorithm);
}

static void fetch_algorithms(void)
{
    sha256_algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac_algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ensure(sha256_algorithm != NULL);
    ensure(hmac_algorithm != NULL);
    ensure(pthread_key_create(&contexts_key, contexts_free) == 0);
    ensure(OPENSSL_atexit(release_algorithms) == 1);
}

static struct contexts *contexts_get(void)
{
    ensure(pthread_once(&once, fetch_algorithms) == 0);
    struct contexts *contexts = pthread_getspecific(contexts_key);
    if (contexts != NULL)
        return contexts;
    contexts = calloc(1, sizeof(*contexts));
    ensure(contexts != NULL);
    contexts->digest = EVP_MD_CTX_new();
    contexts->mac = EVP_MAC_CTX_new(hmac_algorithm);
    ensure(contexts->digest != NULL);
    ensure(contexts->mac != NULL);
    char digest_name[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end(),
    };
    ensure(EVP_MAC_CTX_set_params(contexts->mac, params) == 1);
    ensure(pthread_setspecific(contexts_key, contexts) == 0);
    return contexts;
}

static void sha256(struct slice bytes, uint8_t digest[32])
{
    EVP_MD_CTX *context = contexts_get()->digest;
    ensure(EVP_DigestInit_ex2(context, sha256_algorithm, NULL) == 1);
    ensure(EVP_DigestUpdate(context, bytes.data, bytes.size) == 1);
    ensure(EVP_DigestFinal_ex(context, digest, NULL) == 1);
}

static void hmac_sha256(struct slice key, struct slice bytes, uint8_t digest[32])
{
    /* An empty key must still be a key: NULL would mean "the previous one". */
    static const uint8_t no_key[1] = {0};
    EVP_MAC_CTX *context = contexts_get()->mac;
    size_t size = 0;
    ensure(EVP_MAC_init(context, key.size > 0 ? key.data : no_key, key.size, NULL) == 1);
    ensure(EVP_MAC_update(context, bytes.data, bytes.size) == 1);
    ensure(EVP_MAC_final(context, digest, &size, 32) == 1);
    ensure(size == 32);
}

static bool equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}
