/* The canonical forms of the General Reference's "Create a canonical request", as the SDKs produce
 * them for services other than S3: dot segments and repeated slashes are removed from the path,
 * which is then encoded once more than it was sent. */
#include "sigv4_internal.h"

#include <stdlib.h>
#include <string.h>

enum { CANONICAL_SIZE_USUAL = 1024 };

/* A parameter of the query, both parts encoded canonically. */
struct parameter {
    struct slice name;
    struct slice value;
};

static void put_path(struct slice path, struct arena *arena, struct writer *output);
static void put_query(struct slice query, struct arena *arena, struct writer *output);
static void put_headers(const struct sigv4_signing *signing, struct writer *output);

static void put_hex(const uint8_t *digest, char hex[SIGV4_HEX_SIZE]);

void sigv4_signature(const struct sigv4_signing *signing, const uint8_t key[SIGV4_KEY_SIZE],
                     struct arena *arena, char signature[SIGV4_HEX_SIZE])
{
    struct writer text;
    writer_init(&text, CANONICAL_SIZE_USUAL);
    sigv4_canonical_request(signing, arena, &text);
    char hash[SIGV4_HEX_SIZE];
    sigv4_hash_hex(signing->crypto, writer_slice(&text), hash);
    writer_reset(&text);
    writer_put_slice(&text, SLICE_LITERAL(SIGV4_ALGORITHM "\n"));
    writer_put_slice(&text, signing->date);
    writer_put_u8(&text, '\n');
    writer_put_slice(&text, signing->scope);
    writer_put_u8(&text, '\n');
    writer_put(&text, hash, sizeof(hash));
    uint8_t digest[32];
    signing->crypto->hmac_sha256(slice_of(key, SIGV4_KEY_SIZE), writer_slice(&text), digest);
    put_hex(digest, signature);
    writer_deinit(&text);
}

void sigv4_canonical_request(const struct sigv4_signing *signing, struct arena *arena,
                             struct writer *output)
{
    writer_put_slice(output, signing->request->method);
    writer_put_u8(output, '\n');
    put_path(signing->request->path, arena, output);
    writer_put_u8(output, '\n');
    put_query(signing->request->query, arena, output);
    writer_put_u8(output, '\n');
    put_headers(signing, output);
    writer_put_u8(output, '\n');
    sigv4_put_names(signing, output);
    writer_put_u8(output, '\n');
    writer_put(output, signing->body_hash, SIGV4_HEX_SIZE);
}

void sigv4_put_names(const struct sigv4_signing *signing, struct writer *output)
{
    for (size_t i = 0; i < signing->names_count; i++) {
        if (i > 0)
            writer_put_u8(output, ';');
        writer_put_slice(output, signing->names[i]);
    }
}

void sigv4_hash_hex(const struct crypto *crypto, struct slice bytes, char hex[SIGV4_HEX_SIZE])
{
    uint8_t digest[32];
    crypto->sha256(bytes, digest);
    put_hex(digest, hex);
}

static bool is_unreserved(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' || byte == '~';
}

/* `at` has room for three times the text. */
static size_t encode(struct slice text, uint8_t *at)
{
    static const uint8_t DIGITS[] = "0123456789ABCDEF";
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (is_unreserved(byte)) {
            at[size++] = byte;
            continue;
        }
        at[size++] = '%';
        at[size++] = DIGITS[byte >> 4];
        at[size++] = DIGITS[byte & 15];
    }
    return size;
}

static void put_encoded(struct slice text, struct writer *output)
{
    size_t room = text.size * 3;
    uint8_t *at = writer_extend(output, room);
    output->size -= room - encode(text, at);
}

/* The segments of `path` that remain without empty and dot segments. */
static size_t normal_segments(struct slice path, struct slice *segments)
{
    size_t count = 0;
    size_t begin = 0;
    for (size_t i = 0; i <= path.size; i++) {
        if (i < path.size && path.data[i] != '/')
            continue;
        struct slice segment = slice_of(path.data + begin, i - begin);
        begin = i + 1;
        if (slice_equal(segment, SLICE_LITERAL("..")))
            count -= count > 0;
        else if (segment.size > 0 && !slice_equal(segment, SLICE_LITERAL(".")))
            segments[count++] = segment;
    }
    return count;
}

static void put_path(struct slice path, struct arena *arena, struct writer *output)
{
    if (path.size <= 1) {
        writer_put_u8(output, '/');
        return;
    }
    struct slice *segments = arena_alloc(arena, (path.size / 2 + 1) * sizeof(*segments));
    size_t count = normal_segments(path, segments);
    if (count == 0)
        writer_put_u8(output, '/');
    for (size_t i = 0; i < count; i++) {
        writer_put_u8(output, '/');
        put_encoded(segments[i], output);
    }
    if (count > 0 && path.data[path.size - 1] == '/')
        writer_put_u8(output, '/');
}

static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Decoded first, so that what the client encoded in its own way is encoded in the canonical one. */
static struct slice recoded(struct slice text, struct arena *arena)
{
    if (text.size == 0)
        return SLICE_EMPTY;
    uint8_t *decoded = arena_alloc(arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int high = text.size - i > 2 ? hex_value(text.data[i + 1]) : -1;
        int low = text.size - i > 2 ? hex_value(text.data[i + 2]) : -1;
        bool escaped = text.data[i] == '%' && high >= 0 && low >= 0;
        decoded[size++] = escaped ? (uint8_t)(high * 16 + low) : text.data[i];
        i += escaped ? 2 : 0;
    }
    uint8_t *encoded = arena_alloc(arena, size * 3);
    return slice_of(encoded, encode(slice_of(decoded, size), encoded));
}

static int parameter_compare(const void *a, const void *b)
{
    const struct parameter *left = a;
    const struct parameter *right = b;
    int order = slice_compare(left->name, right->name);
    return order != 0 ? order : slice_compare(left->value, right->value);
}

static struct parameter parameter_of(struct slice text, struct arena *arena)
{
    const uint8_t *sign = text.size == 0 ? NULL : memchr(text.data, '=', text.size);
    size_t name_size = sign == NULL ? text.size : (size_t)(sign - text.data);
    struct slice value = sign == NULL ? SLICE_EMPTY : slice_of(sign + 1, text.size - name_size - 1);
    return (struct parameter){recoded(slice_of(text.data, name_size), arena),
                              recoded(value, arena)};
}

static void put_query(struct slice query, struct arena *arena, struct writer *output)
{
    if (query.size == 0)
        return;
    struct parameter *parameters = arena_alloc(arena, (query.size / 2 + 1) * sizeof(*parameters));
    size_t count = 0;
    size_t begin = 0;
    for (size_t i = 0; i <= query.size; i++) {
        if (i < query.size && query.data[i] != '&')
            continue;
        if (i > begin)
            parameters[count++] = parameter_of(slice_of(query.data + begin, i - begin), arena);
        begin = i + 1;
    }
    qsort(parameters, count, sizeof(*parameters), parameter_compare);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            writer_put_u8(output, '&');
        writer_put_slice(output, parameters[i].name);
        writer_put_u8(output, '=');
        writer_put_slice(output, parameters[i].value);
    }
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Trims, and makes one space of each run of white space. */
static void put_folded(struct slice value, struct writer *output)
{
    uint8_t *at = writer_extend(output, value.size);
    size_t size = 0;
    bool space = false;
    for (size_t i = 0; i < value.size; i++) {
        if (is_space(value.data[i])) {
            space = size > 0;
            continue;
        }
        if (space)
            at[size++] = ' ';
        space = false;
        at[size++] = value.data[i];
    }
    output->size -= value.size - size;
}

static void put_headers(const struct sigv4_signing *signing, struct writer *output)
{
    const struct http_request *request = signing->request;
    for (size_t i = 0; i < signing->names_count; i++) {
        writer_put_slice(output, signing->names[i]);
        uint8_t separator = ':';
        for (size_t j = 0; j < request->headers_count; j++) {
            if (!slice_equal(request->headers[j].name, signing->names[i]))
                continue;
            writer_put_u8(output, separator);
            put_folded(request->headers[j].value, output);
            separator = ',';
        }
        writer_put_u8(output, '\n');
    }
}

static void put_hex(const uint8_t *digest, char hex[SIGV4_HEX_SIZE])
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < SIGV4_HEX_SIZE / 2; i++) {
        hex[2 * i] = DIGITS[digest[i] >> 4];
        hex[2 * i + 1] = DIGITS[digest[i] & 15];
    }
}
