#include "sigv4_internal.h"

#include <string.h>

static bool entry_matches(const struct sigv4_cached_key *entry, const char *secret,
                          struct slice day, const char *region);

void sigv4_derive_key(const struct crypto *crypto, const char *secret, struct slice day,
                      const char *region, const char *service, uint8_t key[SIGV4_KEY_SIZE])
{
    uint8_t start[4 + SIGV4_SECRET_SIZE_MAX];
    size_t secret_size = strlen(secret);
    ensure(secret_size <= SIGV4_SECRET_SIZE_MAX);
    memcpy(start, "AWS4", 4);
    memcpy(start + 4, secret, secret_size);
    uint8_t day_key[SIGV4_KEY_SIZE];
    uint8_t region_key[SIGV4_KEY_SIZE];
    uint8_t service_key[SIGV4_KEY_SIZE];
    crypto->hmac_sha256(slice_of(start, 4 + secret_size), day, day_key);
    crypto->hmac_sha256(slice_of(day_key, sizeof(day_key)), slice_of_string(region), region_key);
    crypto->hmac_sha256(slice_of(region_key, sizeof(region_key)), slice_of_string(service),
                        service_key);
    crypto->hmac_sha256(slice_of(service_key, sizeof(service_key)), SLICE_LITERAL(SIGV4_TERMINATOR),
                        key);
    explicit_bzero(start, sizeof(start));
}

void sigv4_signing_key(const struct crypto *crypto, const char *secret, struct slice day,
                       const char *region, struct sigv4_cache *cache, uint8_t key[SIGV4_KEY_SIZE])
{
    ensure(day.size == SIGV4_DAY_SIZE);
    for (size_t i = 0; cache != NULL && i < SIGV4_CACHED_KEYS; i++) {
        if (entry_matches(&cache->keys[i], secret, day, region)) {
            memcpy(key, cache->keys[i].key, SIGV4_KEY_SIZE);
            return;
        }
    }
    sigv4_derive_key(crypto, secret, day, region, SIGV4_SERVICE, key);
    if (cache == NULL)
        return;
    ensure(strlen(region) <= SIGV4_REGION_SIZE_MAX);
    struct sigv4_cached_key *entry = &cache->keys[cache->next];
    cache->next = (cache->next + 1) % SIGV4_CACHED_KEYS;
    strcpy(entry->secret, secret);
    strcpy(entry->region, region);
    memcpy(entry->day, day.data, SIGV4_DAY_SIZE);
    memcpy(entry->key, key, SIGV4_KEY_SIZE);
}

static bool entry_matches(const struct sigv4_cached_key *entry, const char *secret,
                          struct slice day, const char *region)
{
    return memcmp(entry->day, day.data, SIGV4_DAY_SIZE) == 0 &&
           strcmp(entry->secret, secret) == 0 && strcmp(entry->region, region) == 0;
}
