#include "bench_head.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CONTENT_TYPE   "application/x-amz-json-1.0"
#define SIGNED_HEADERS "content-type;host;x-amz-date;x-amz-target"

enum { HASH_SIZE = 32, HEX_SIZE = 64, DAY_SIZE = 8, LENGTH_SIZE_MAX = 24 };

void bench_signer_init(struct bench_signer *signer, const struct crypto *crypto,
                       struct credentials credentials, const char *region, bool sign)
{
    *signer = (struct bench_signer){
        .crypto = crypto, .credentials = credentials, .region = region, .sign = sign};
}

bool bench_signer_tick(struct bench_signer *signer, uint64_t wall_us)
{
    char date[SIGV4_DATE_SIZE + 1];
    sigv4_date(wall_us, date);
    if (strcmp(date, signer->date) == 0)
        return false;
    if (memcmp(date, signer->date, DAY_SIZE) != 0)
        sigv4_derive_key(signer->crypto, signer->credentials.secret_access_key,
                         slice_of(date, DAY_SIZE), signer->region, "dynamodb", signer->key);
    memcpy(signer->date, date, sizeof(date));
    return true;
}

void bench_head_init(struct bench_head *head, const struct bench_signer *signer,
                     const char *authority, const char *method, const char *path,
                     const char *target)
{
    head->authority = authority;
    head->method = method;
    head->path = path;
    head->target = target;
    bench_head_renew(head, signer);
}

/* Appends to a text of at most `room` characters. */
printf_like(4, 5) static void append(char *text, size_t room, size_t *size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text + *size, room - *size, format, args);
    va_end(args);
    ensure(length >= 0);
    ensure((size_t)length < room - *size);
    *size += (size_t)length;
}

static void renew_signing(struct bench_head *head, const struct bench_signer *signer)
{
    head->canonical_size = 0;
    append(head->canonical, sizeof(head->canonical), &head->canonical_size,
           "POST\n/\n\ncontent-type:" CONTENT_TYPE "\nhost:%s\nx-amz-date:%s\n"
           "x-amz-target:DynamoDB_20120810.%s\n\n" SIGNED_HEADERS "\n",
           head->authority, signer->date, head->target);
    head->to_sign_size = 0;
    append(head->to_sign, sizeof(head->to_sign), &head->to_sign_size,
           "AWS4-HMAC-SHA256\n%s\n%.8s/%s/dynamodb/aws4_request\n", signer->date, signer->date,
           signer->region);
}

void bench_head_renew(struct bench_head *head, const struct bench_signer *signer)
{
    size_t room = sizeof(head->text) - LENGTH_SIZE_MAX;
    head->size = 0;
    append(head->text, room, &head->size, "%s %s HTTP/1.1\r\nHost: %s\r\n", head->method,
           head->path, head->authority);
    if (*head->target != '\0') {
        append(head->text, room, &head->size,
               "Content-Type: " CONTENT_TYPE "\r\nX-Amz-Target: DynamoDB_20120810.%s\r\n"
               "X-Amz-Date: %s\r\nAuthorization: AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/dynamodb/"
               "aws4_request, SignedHeaders=" SIGNED_HEADERS ", Signature=",
               head->target, signer->date, signer->credentials.access_key_id, signer->date,
               signer->region);
        head->signature_at = head->size;
        append(head->text, room, &head->size, "%064d\r\n", 0);
        renew_signing(head, signer);
    }
    append(head->text, room, &head->size, "Content-Length: ");
}

static void put_hex(char *at, const uint8_t digest[HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HASH_SIZE; i++) {
        at[2 * i] = digits[digest[i] >> 4];
        at[2 * i + 1] = digits[digest[i] & 15];
    }
}

static void sign(const struct bench_head *head, const struct bench_signer *signer,
                 struct slice body, char *signature)
{
    uint8_t digest[HASH_SIZE];
    char text[BENCH_HEAD_SIZE_MAX + HEX_SIZE];
    signer->crypto->sha256(body, digest);
    memcpy(text, head->canonical, head->canonical_size);
    put_hex(text + head->canonical_size, digest);
    signer->crypto->sha256(slice_of(text, head->canonical_size + HEX_SIZE), digest);
    memcpy(text, head->to_sign, head->to_sign_size);
    put_hex(text + head->to_sign_size, digest);
    signer->crypto->hmac_sha256(slice_of(signer->key, sizeof(signer->key)),
                                slice_of(text, head->to_sign_size + HEX_SIZE), digest);
    put_hex(signature, digest);
}

char *bench_head_put(const struct bench_head *head, const struct bench_signer *signer, char *body,
                     size_t body_size)
{
    /* From the end: the blank line, the length, and what stands before it. */
    char *at = body - 4;
    memcpy(at, "\r\n\r\n", 4);
    size_t number = body_size;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    at -= head->size;
    memcpy(at, head->text, head->size);
    if (signer->sign && *head->target != '\0')
        sign(head, signer, slice_of(body, body_size), at + head->signature_at);
    return at;
}
