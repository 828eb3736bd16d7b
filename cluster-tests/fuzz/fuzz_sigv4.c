/* F3: SigV4. The input is an Authorization header up to a line feed, then choices of which a request
 * is made. The header parses or is refused; the canonical request is the one that a slow reference
 * makes, after the General Reference's "Create a canonical request"; what was signed is verified,
 * and is not any more after a change that the canonical request shows. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "openssl_crypto.h"
#include "sigv4_internal.h"

#define WALL_US UINT64_C(1750000000000000)

enum { TEXT_MAX = 4096 };

static const struct credentials keys[] = {
    {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}};
static const char *const paths[] = {"/",      "",      "/a/./b",    "/../x", "//a//",
                                    "/a%20b", "/a/..", "/\xc3\xa9", "/.",    "/a/b/../c/"};
static const char *const queries[] = {"",     "a=1&b=2", "b=2&a=1", "a=%2f&a=/", "a",
                                      "=&&x", "a=b=c",   "%zz=%4",  "a+b=+",     "A=1&a=0&a-=2"};
static const char *const header_names[] = {"x-amz-a", "x-amz-b", "accept", "content-type"};
static const char *const header_values[] = {"", "a", "a  b", " a\t \tb ", "a,b", "\"x  y\""};

/* A string that grows at both ends, for a reference that need not be fast. */
struct text {
    char bytes[TEXT_MAX];
    size_t size;
};

static void text_put(struct text *text, char byte)
{
    ensure(text->size < TEXT_MAX);
    text->bytes[text->size++] = byte;
}

static void text_put_encoded(struct text *text, uint8_t byte)
{
    const char *plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char escaped[4];
    if (byte != '\0' && strchr(plain, byte) != NULL) {
        text_put(text, (char)byte);
        return;
    }
    snprintf(escaped, sizeof(escaped), "%%%02X", byte);
    for (int i = 0; i < 3; i++)
        text_put(text, escaped[i]);
}

static void refer_path(struct slice path, struct text *out)
{
    struct text segments[16];
    size_t count = 0, at = 0;
    while (at < path.size) {
        struct text segment = {.size = 0};
        at++;
        while (at < path.size && path.data[at] != '/')
            text_put(&segment, (char)path.data[at++]);
        bool dot = segment.size == 1 && segment.bytes[0] == '.';
        bool dots = segment.size == 2 && memcmp(segment.bytes, "..", 2) == 0;
        if (dots && count > 0)
            count--;
        else if (segment.size > 0 && !dot && !dots)
            segments[count++] = segment;
    }
    text_put(out, '/');
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < segments[i].size; j++)
            text_put_encoded(out, (uint8_t)segments[i].bytes[j]);
        if (i + 1 < count || path.data[path.size - 1] == '/')
            text_put(out, '/');
    }
}

static void refer_recode(struct slice part, struct text *out)
{
    for (size_t i = 0; i < part.size; i++) {
        unsigned byte = part.data[i];
        char hex[3] = {0};
        if (byte == '%' && i + 2 < part.size)
            memcpy(hex, part.data + i + 1, 2);
        if (strlen(hex) == 2 && strspn(hex, "0123456789abcdefABCDEF") == 2) {
            sscanf(hex, "%2x", &byte);
            i += 2;
        }
        text_put_encoded(out, (uint8_t)byte);
    }
}

struct pair {
    struct text name;
    struct text value;
};

static bool pair_less(const struct pair *a, const struct pair *b)
{
    int order =
        slice_compare(slice_of(a->name.bytes, a->name.size), slice_of(b->name.bytes, b->name.size));
    return order < 0 || (order == 0 && slice_compare(slice_of(a->value.bytes, a->value.size),
                                                     slice_of(b->value.bytes, b->value.size)) < 0);
}

static void put_pairs(const struct pair *pairs, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_put(out, '&');
        for (size_t j = 0; j < pairs[i].name.size; j++)
            text_put(out, pairs[i].name.bytes[j]);
        text_put(out, '=');
        for (size_t j = 0; j < pairs[i].value.size; j++)
            text_put(out, pairs[i].value.bytes[j]);
    }
}

static void refer_query(struct slice query, struct text *out)
{
    struct pair pairs[16]; /* a query has 24 bytes at most, or is one of a table */
    size_t count = 0, begin = 0;
    for (size_t i = 0; i <= query.size; i++) {
        if (i < query.size && query.data[i] != '&')
            continue;
        struct slice part = slice_of(query.data + begin, i - begin);
        begin = i + 1;
        size_t equals = 0;
        while (equals < part.size && part.data[equals] != '=')
            equals++;
        if (part.size == 0)
            continue;
        struct pair pair = {.name = {.size = 0}, .value = {.size = 0}};
        refer_recode(slice_of(part.data, equals), &pair.name);
        if (equals < part.size)
            refer_recode(slice_of(part.data + equals + 1, part.size - equals - 1), &pair.value);
        ensure(count < array_size(pairs));
        size_t at = count++;
        for (; at > 0 && pair_less(&pair, &pairs[at - 1]); at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = pair;
    }
    put_pairs(pairs, count, out);
}

static void refer_value(struct slice value, struct text *out)
{
    bool begun = false, space = false;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == ' ' || value.data[i] == '\t') {
            space = begun;
            continue;
        }
        if (space)
            text_put(out, ' ');
        text_put(out, (char)value.data[i]);
        begun = true;
        space = false;
    }
}

static void refer_text(const char *from, struct text *out)
{
    for (; *from != '\0'; from++)
        text_put(out, *from);
}

static void refer(const struct sigv4_signing *signing, struct text *out)
{
    const struct http_request *request = signing->request;
    refer_text("POST\n", out);
    refer_path(request->path, out);
    text_put(out, '\n');
    refer_query(request->query, out);
    text_put(out, '\n');
    for (size_t i = 0; i < signing->names_count; i++) {
        struct text values = {.size = 0};
        for (size_t j = 0; j < request->headers_count; j++) {
            if (!slice_equal(request->headers[j].name, signing->names[i]))
                continue;
            text_put(&values, ',');
            refer_value(request->headers[j].value, &values);
        }
        for (size_t j = 0; j < signing->names[i].size; j++)
            text_put(out, (char)signing->names[i].data[j]);
        text_put(out, ':');
        for (size_t j = 1; j < values.size; j++)
            text_put(out, values.bytes[j]);
        text_put(out, '\n');
    }
    text_put(out, '\n');
    for (size_t i = 0; i < signing->names_count; i++) {
        if (i > 0)
            text_put(out, ';');
        for (size_t j = 0; j < signing->names[i].size; j++)
            text_put(out, (char)signing->names[i].data[j]);
    }
    text_put(out, '\n');
    for (size_t i = 0; i < SIGV4_HEX_SIZE; i++)
        text_put(out, signing->body_hash[i]);
}

static void put_header(struct http_request *request, const char *name, struct slice value)
{
    request->headers[request->headers_count++] = (struct http_header){slice_of_string(name), value};
}

/* One of a table, or any bytes. */
static struct slice draw_text(struct draws *draws, const char *const *table, size_t count)
{
    return draw_bool(draws) ? draw_bytes(draws, 24)
                            : slice_of_string(draw_one(draws, table, count));
}

static void draw_request(struct draws *draws, const char *date, struct http_request *request)
{
    *request = (struct http_request){.method = SLICE_LITERAL("POST")};
    struct slice path = draw_text(draws, paths, array_size(paths));
    request->path = path.size > 0 && path.data[0] == '/' ? path : SLICE_LITERAL("/");
    request->query = draw_text(draws, queries, array_size(queries));
    put_header(request, "host", SLICE_LITERAL("h"));
    put_header(request, "x-amz-date", slice_of_string(date));
    for (uint32_t i = draw_below(draws, 6); i > 0; i--) {
        const char *name = DRAW_ONE(draws, header_names);
        put_header(request, name, draw_text(draws, header_values, array_size(header_values)));
    }
    request->body = draw_bytes(draws, 40);
}

static bool verifies(const struct http_request *request, struct arena *arena)
{
    struct sigv4_config config = {
        .crypto = &OPENSSL_CRYPTO, .keys = keys, .keys_count = 1, .region = "us-east-1"};
    return sigv4_verify(&config, request, WALL_US, arena).result == SIGV4_OK;
}

/* What `authorization` signs of the request, canonically, as the code and as the reference say. */
static void canonical(const struct http_request *request, struct slice authorization,
                      struct arena *arena, struct writer *ours)
{
    struct sigv4_authorization parsed;
    struct text reference = {.size = 0};
    const char *problem = sigv4_authorization_parse(authorization, &parsed, arena);
    ensure(problem == NULL);
    struct sigv4_signing signing = {.crypto = &OPENSSL_CRYPTO,
                                    .request = request,
                                    .names = parsed.names,
                                    .names_count = parsed.names_count};
    sigv4_hash_hex(&OPENSSL_CRYPTO, request->body, signing.body_hash);
    sigv4_canonical_request(&signing, arena, ours);
    refer(&signing, &reference);
    ensure(slice_equal(writer_slice(ours), slice_of(reference.bytes, reference.size)));
}

/* Changes one part of the request, whose last header is the authorization. */
static void tamper(struct draws *draws, struct http_request *request)
{
    size_t header = 2 + draw_below(draws, (uint32_t)request->headers_count);
    switch (draw_below(draws, 4)) {
    case 0:
        request->body = SLICE_LITERAL("another");
        break;
    case 1:
        request->query = draw_text(draws, queries, array_size(queries));
        break;
    case 2:
        request->path = slice_of_string(DRAW_ONE(draws, paths));
        break;
    default:
        if (header < request->headers_count - 1)
            request->headers[header].value = SLICE_LITERAL("another");
    }
}

static void check_request(struct draws *draws, struct arena *arena)
{
    struct http_request request;
    struct writer before, after;
    char date[SIGV4_DATE_SIZE + 1];
    sigv4_date(WALL_US, date);
    draw_request(draws, date, &request);
    struct slice authorization =
        sigv4_sign(&OPENSSL_CRYPTO, &keys[0], "us-east-1", &request, arena);
    writer_init(&before, 0);
    writer_init(&after, 0);
    canonical(&request, authorization, arena, &before);
    put_header(&request, "authorization", authorization);
    bool presigned = memchr(request.query.data, 'X', request.query.size) != NULL;
    ensure(presigned || verifies(&request, arena));
    tamper(draws, &request);
    canonical(&request, authorization, arena, &after);
    bool same = slice_equal(writer_slice(&before), writer_slice(&after));
    ensure(presigned || verifies(&request, arena) == same);
    writer_deinit(&before);
    writer_deinit(&after);
}

static void check_authorization(struct slice text, struct arena *arena)
{
    struct sigv4_authorization parsed;
    struct http_request request = {.method = SLICE_LITERAL("POST"), .path = SLICE_LITERAL("/")};
    put_header(&request, "host", SLICE_LITERAL("h"));
    put_header(&request, "authorization", text);
    put_header(&request, "x-amz-date", SLICE_LITERAL("20250615T150640Z"));
    ensure(!verifies(&request, arena));
    if (sigv4_authorization_parse(text, &parsed, arena) != NULL)
        return;
    ensure(parsed.names_count > 0);
    for (size_t i = 1; i < parsed.names_count; i++)
        ensure(slice_compare(parsed.names[i - 1], parsed.names[i]) < 0);
    ensure(parsed.access_key_id.size > 0 && parsed.signature.size > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena);
    const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
    size_t first = line == NULL ? size : (size_t)(line - data);
    check_authorization(slice_of(data, first), &arena);
    struct draws draws = {line == NULL ? SLICE_LITERAL("") : slice_of(line + 1, size - first - 1)};
    check_request(&draws, &arena);
    arena_deinit(&arena);
    return 0;
}
