#include "sigv4_internal.h"

#include "calendar.h"

enum { US_PER_SECOND = 1000000 };

static size_t names_to_sign(const struct http_request *request, struct slice *names);

void sigv4_date(uint64_t wall_us, char text[SIGV4_DATE_SIZE + 1])
{
    calendar_format_iso(wall_us / US_PER_SECOND, text);
}

struct slice sigv4_sign(const struct crypto *crypto, const struct credentials *credentials,
                        const char *region, const struct http_request *request, struct arena *arena)
{
    struct slice names[HTTP_HEADERS_MAX];
    struct slice date = http_request_header(request, SLICE_LITERAL("x-amz-date"));
    ensure(date.size == SIGV4_DATE_SIZE);
    struct slice day = slice_of(date.data, SIGV4_DAY_SIZE);
    const char *scope = arena_printf(arena, "%.*s/%s/" SIGV4_SERVICE "/" SIGV4_TERMINATOR,
                                     SIGV4_DAY_SIZE, (const char *)day.data, region);
    struct sigv4_signing signing = {
        .crypto = crypto,
        .request = request,
        .names = names,
        .names_count = names_to_sign(request, names),
        .date = date,
        .scope = slice_of_string(scope),
    };
    uint8_t key[SIGV4_KEY_SIZE];
    char signature[SIGV4_HEX_SIZE];
    sigv4_hash_hex(crypto, request->body, signing.body_hash);
    sigv4_signing_key(crypto, credentials->secret_access_key, day, region, NULL, key);
    sigv4_signature(&signing, key, arena, signature);

    struct writer value;
    writer_init(&value, 0);
    const char *credential = arena_printf(
        arena, SIGV4_ALGORITHM " Credential=%s/%s, SignedHeaders=", credentials->access_key_id,
        scope);
    writer_put_slice(&value, slice_of_string(credential));
    sigv4_put_names(&signing, &value);
    writer_put_slice(&value, SLICE_LITERAL(", Signature="));
    writer_put(&value, signature, sizeof(signature));
    struct slice copy = arena_copy(arena, writer_slice(&value));
    writer_deinit(&value);
    return copy;
}

static bool is_to_be_signed(struct slice name)
{
    return slice_equal(name, SLICE_LITERAL("host")) ||
           slice_equal(name, SLICE_LITERAL("content-type")) ||
           slice_starts_with(name, SLICE_LITERAL("x-amz-"));
}

/* Sorted, each once. */
static size_t names_to_sign(const struct http_request *request, struct slice *names)
{
    size_t found = 0;
    for (size_t i = 0; i < request->headers_count; i++) {
        if (is_to_be_signed(request->headers[i].name))
            names[found++] = request->headers[i].name;
    }
    slices_sort(names, found);
    size_t count = 0;
    for (size_t i = 0; i < found; i++) {
        if (count == 0 || !slice_equal(names[count - 1], names[i]))
            names[count++] = names[i];
    }
    return count;
}
