#include "openssl_crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

static unsigned uses;

static void sha256(struct slice bytes, uint8_t digest[32])
{
    uses++;
    SHA256(bytes.data, bytes.size, digest);
}

static void hmac_sha256(struct slice key, struct slice bytes, uint8_t digest[32])
{
    uses++;
    unsigned size = 32;
    HMAC(EVP_sha256(), key.data, (int)key.size, bytes.data, bytes.size, digest, &size);
}

static bool equal(const void *a, const void *b, size_t size)
{
    uses++;
    return CRYPTO_memcmp(a, b, size) == 0;
}

const struct crypto OPENSSL_CRYPTO = {sha256, hmac_sha256, equal};

unsigned openssl_crypto_uses(void)
{
    return uses;
}
