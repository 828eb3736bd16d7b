/* Signatures that others made: AWS's published key derivation, and requests signed by botocore,
 * verified here as they came over the wire. */
#include <stdio.h>
#include <string.h>

#include "http_connection.h"
#include "openssl_crypto.h"
#include "test_main.h"

static const struct credentials EXAMPLE = {"AKIDEXAMPLE",
                                           "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
static const uint64_t SIGNED_US = 1709251198000000; /* 20240229T235958Z */

/* A request as botocore 1.43.11 signed it for eu-north-1. */
struct vector {
    const char *start;          /* request line and headers but for the date and Authorization */
    const char *date;           /* the header that dates it */
    const char *signed_headers; /* as botocore chose them */
    const char *signature;
    const char *body;
};

#define AMZ_DATE "X-Amz-Date: 20240229T235958Z\r\n"

static const struct vector VECTORS[] = {
    {"POST / HTTP/1.1\r\nHost: localhost:8000\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n",
     "Date: Thu, 29 Feb 2024 23:59:58 GMT\r\n", "date;host;x-amz-target",
     "cb5f3e051111940f13f8fca7d7b71ec66e9af9f10374ed1ed2ab080a6a8df625", "{}"},
    {"POST / HTTP/1.1\r\nHost: localhost:8000\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n"
     "Content-Type: application/x-amz-json-1.0\r\n",
     AMZ_DATE, "content-type;host;x-amz-date;x-amz-target",
     "ba507cd963c9f9b5e74176748bb581d30f1d2d05941b67ec088426b19dbe3205",
     "{\"TableName\":\"cart\",\"Key\":{\"id\":{\"S\":\"1\"}}}"},
    {"POST / HTTP/1.1\r\nHost: dynamodb.us-east-1.amazonaws.com\r\n"
     "X-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Type: application/x-amz-json-1.0\r\n"
     "User-Agent: aws-cli/2.0\r\n",
     AMZ_DATE, "content-type;host;x-amz-date;x-amz-target",
     "95e38f01fc87b614b075a50ecf0183c92d5f81fec1efa959afab7d722fbebc54", "{}"},
    {"POST / HTTP/1.1\r\nHost: localhost:8000\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n"
     "X-Amz-Note:   several   inner\t spaces  \r\nContent-Type: application/x-amz-json-1.0\r\n",
     AMZ_DATE, "content-type;host;x-amz-date;x-amz-note;x-amz-target",
     "967b752e4e0b500b0869004b5bb95da6ba50d8789ffa744accd48ed15406936c",
     "{\"TableName\":\"gr\xc3\xb6\xc3\x9f"
     "e\"}"},
    {"GET /a/./b/../c//d%20e/~x/ HTTP/1.1\r\nHost: localhost:8000\r\n", AMZ_DATE, "host;x-amz-date",
     "4aaeee83f494ffad56fcf3c67cd04921b45c569a4d3a7eb7dd1d48cf00d0d953", ""},
    {"GET /?b=2&a=1&a=0&c&B=%C3%A9&d=x%20y HTTP/1.1\r\nHost: localhost:8000\r\n", AMZ_DATE,
     "host;x-amz-date", "c2dfa50e4783fe202e82dcc232c6eccf4e7409db577f08fd929145959d6ac2cc", ""},
    {"POST / HTTP/1.1\r\nHost: [::1]:8000\r\nX-Amz-Target: DynamoDB_20120810.BatchGetItem\r\n"
     "X-Amz-Content-Sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\r\n",
     AMZ_DATE, "host;x-amz-content-sha256;x-amz-date;x-amz-target",
     "a722291c0f00da422213335d25054b5ec9b78651e0d72398987f78f06175ebe9", "abc"},
};

START_TEST(signing_key_of_the_published_example)
{
    uint8_t key[SIGV4_KEY_SIZE];
    char hex[2 * SIGV4_KEY_SIZE + 1];
    sigv4_derive_key(&OPENSSL_CRYPTO, EXAMPLE.secret_access_key, SLICE_LITERAL("20150830"),
                     "us-east-1", "iam", key);
    for (size_t i = 0; i < sizeof(key); i++)
        snprintf(hex + 2 * i, 3, "%02x", key[i]);
    ck_assert_str_eq(hex, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}
END_TEST

static void put_request(struct writer *raw, const struct vector *vector)
{
    char rest[1024];
    snprintf(rest, sizeof(rest),
             "%sAuthorization: AWS4-HMAC-SHA256 "
             "Credential=AKIDEXAMPLE/20240229/eu-north-1/dynamodb/aws4_request, SignedHeaders=%s, "
             "Signature=%s\r\nContent-Length: %zu\r\n\r\n",
             vector->date, vector->signed_headers, vector->signature, strlen(vector->body));
    writer_put_slice(raw, slice_of_string(vector->start));
    writer_put_slice(raw, slice_of_string(rest));
    writer_put_slice(raw, slice_of_string(vector->body));
}

static void check_signed_alike(const struct http_request *request, struct arena *arena)
{
    struct slice ours = sigv4_sign(&OPENSSL_CRYPTO, &EXAMPLE, "eu-north-1", request, arena);
    ck_assert(slice_equal(ours, http_request_header(request, SLICE_LITERAL("authorization"))));
}

static void check_vector(const struct vector *vector, struct sigv4_cache *cache)
{
    struct sigv4_config config = {&OPENSSL_CRYPTO, &EXAMPLE, 1, "eu-north-1", cache};
    struct http_connection *connection = http_connection_new();
    struct arena arena;
    struct writer raw;
    struct writer output;
    size_t consumed;
    arena_init(&arena);
    writer_init(&raw, 0);
    writer_init(&output, 0);
    put_request(&raw, vector);
    ck_assert_int_eq(http_connection_feed(connection, writer_slice(&raw), &consumed, &output),
                     HTTP_REQUEST);
    const struct http_request *request = http_connection_request(connection);
    struct sigv4_verdict verdict = sigv4_verify(&config, request, SIGNED_US, &arena);
    ck_assert_msg(verdict.result == SIGV4_OK, "%s: %s", vector->start, verdict.message);
    ck_assert_ptr_eq(verdict.access_key_id, EXAMPLE.access_key_id);
    ck_assert_ptr_null(verdict.message);

    if (strcmp(vector->date, AMZ_DATE) == 0)
        check_signed_alike(request, &arena);
    http_connection_free(connection);
    writer_deinit(&raw);
    writer_deinit(&output);
    arena_deinit(&arena);
}

START_TEST(requests_signed_by_botocore_verify_and_are_signed_alike)
{
    static struct sigv4_cache cache;
    for (size_t i = 0; i < array_size(VECTORS); i++) {
        check_vector(&VECTORS[i], NULL);
        check_vector(&VECTORS[i], &cache);
        check_vector(&VECTORS[i], &cache);
    }
}
END_TEST

TEST_MAIN("sigv4_vectors", signing_key_of_the_published_example,
          requests_signed_by_botocore_verify_and_are_signed_alike)
