#include "crypto.h"

#include "test_main.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void expect_hex(const uint8_t digest[32], const char *hex)
{
    char text[65];
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(text, hex);
}

/* FIPS 180-4 and RFC 4231; each twice, for the contexts are used again. */
static void check_vectors(void)
{
    const struct crypto *crypto = crypto_openssl();
    uint8_t digest[32];
    uint8_t key[20];
    memset(key, 0x0b, sizeof(key));
    for (int i = 0; i < 2; i++) {
        crypto->sha256(SLICE_LITERAL("abc"), digest);
        expect_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        crypto->sha256(SLICE_EMPTY, digest);
        expect_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        crypto->hmac_sha256(slice_of(key, sizeof(key)), SLICE_LITERAL("Hi There"), digest);
        expect_hex(digest, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        crypto->hmac_sha256(SLICE_LITERAL("Jefe"), SLICE_LITERAL("what do ya want for nothing?"),
                            digest);
        expect_hex(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        crypto->hmac_sha256(SLICE_EMPTY, SLICE_EMPTY, digest);
        expect_hex(digest, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    }
}

START_TEST(digests_are_the_published_ones)
{
    check_vectors();
}
END_TEST

static void *run_vectors(void *context)
{
    check_vectors();
    return context;
}

START_TEST(threads_do_not_disturb_each_other)
{
    pthread_t threads[4];
    for (size_t i = 0; i < array_size(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_vectors, NULL), 0);
    for (size_t i = 0; i < array_size(threads); i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

START_TEST(equal_compares_all_bytes)
{
    const struct crypto *crypto = crypto_openssl();
    ck_assert(crypto->equal("abcd", "abcd", 4));
    ck_assert(!crypto->equal("abcd", "abce", 4));
    ck_assert(crypto->equal("abcd", "abce", 3));
}
END_TEST

START_TEST(random_bytes_differ)
{
    uint8_t a[32];
    uint8_t b[32];
    crypto_random(a, sizeof(a));
    crypto_random(b, sizeof(b));
    ck_assert_int_ne(memcmp(a, b, sizeof(a)), 0);
}
END_TEST

TEST_MAIN("crypto", digests_are_the_published_ones, threads_do_not_disturb_each_other,
          equal_compares_all_bytes, random_bytes_differ)
