/* Verification: round trips, every kind of tampering, and the edges of the time window. */
#include "sigv4.h"

#include <stdio.h>
#include <string.h>

#include "openssl_crypto.h"
#include "test_main.h"

static const struct credentials KEYS[] = {{"AKIDFIRST", "first secret"},
                                          {"AKIDSECOND", "second secret"}};
static const struct sigv4_config CONFIG = {&OPENSSL_CRYPTO, KEYS, 2, "eu-north-1", NULL};
static const uint64_t NOW_US = 1440938160000000; /* 20150830T123600Z */

static struct arena arena;
static struct http_request request;

static void add_header(const char *name, const char *value)
{
    ck_assert_uint_lt(request.headers_count, HTTP_HEADERS_MAX);
    request.headers[request.headers_count++] =
        (struct http_header){slice_of_string(name), slice_of_string(value)};
}

static struct http_header *header(const char *name)
{
    for (size_t i = 0; i < request.headers_count; i++) {
        if (slice_equal(request.headers[i].name, slice_of_string(name)))
            return &request.headers[i];
    }
    ck_abort_msg("no header %s", name);
    return NULL;
}

static void set_header(const char *name, const char *value)
{
    header(name)->value = slice_of_string(value);
}

static void remove_header(const char *name)
{
    struct http_header *removed = header(name);
    *removed = request.headers[--request.headers_count];
}

static void add_signature(const struct credentials *key)
{
    struct slice value = sigv4_sign(&OPENSSL_CRYPTO, key, "eu-north-1", &request, &arena);
    request.headers[request.headers_count++] =
        (struct http_header){SLICE_LITERAL("authorization"), value};
}

static void prepare_unsigned(uint64_t wall_us)
{
    static char date[SIGV4_DATE_SIZE + 1];
    arena_deinit(&arena);
    sigv4_date(wall_us, date);
    request = (struct http_request){.method = SLICE_LITERAL("POST"),
                                    .path = SLICE_LITERAL("/"),
                                    .body = SLICE_LITERAL("{\"TableName\":\"t\"}")};
    add_header("host", "localhost:8000");
    add_header("user-agent", "test");
    add_header("x-amz-target", "DynamoDB_20120810.GetItem");
    add_header("content-type", "application/x-amz-json-1.0");
    add_header("x-amz-date", date);
}

static void prepare(void)
{
    prepare_unsigned(NOW_US);
    add_signature(&KEYS[0]);
}

static struct sigv4_verdict verify(void)
{
    return sigv4_verify(&CONFIG, &request, NOW_US, &arena);
}

static void check_refused(enum sigv4_result result, const char *message)
{
    struct sigv4_verdict verdict = verify();
    ck_assert_msg(verdict.result == result, "%d: %s", verdict.result, verdict.message);
    ck_assert_ptr_nonnull(verdict.message);
    ck_assert_ptr_null(verdict.access_key_id);
    ck_assert_msg(strstr(verdict.message, message) != NULL, "%s", verdict.message);
}

/* Replaces the first `from` in the Authorization header. */
static void edit_authorization(const char *from, const char *to)
{
    struct slice value = header("authorization")->value;
    char *text = arena_printf(&arena, "%.*s", (int)value.size, (const char *)value.data);
    char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "'%s' is not in '%s'", from, text);
    *at = '\0';
    set_header("authorization", arena_printf(&arena, "%s%s%s", text, to, at + strlen(from)));
}

START_TEST(what_is_signed_verifies)
{
    for (size_t i = 0; i < array_size(KEYS); i++) {
        prepare_unsigned(NOW_US);
        add_signature(&KEYS[i]);
        struct sigv4_verdict verdict = verify();
        ck_assert_msg(verdict.result == SIGV4_OK, "%s", verdict.message);
        ck_assert_ptr_eq(verdict.access_key_id, KEYS[i].access_key_id);
        ck_assert_ptr_null(verdict.message);
    }
}
END_TEST

START_TEST(without_keys_all_is_taken)
{
    struct sigv4_config open = {&OPENSSL_CRYPTO, NULL, 0, "eu-north-1", NULL};
    prepare_unsigned(NOW_US);
    struct sigv4_verdict verdict = sigv4_verify(&open, &request, 0, &arena);
    ck_assert_int_eq(verdict.result, SIGV4_OK);
    ck_assert_ptr_null(verdict.access_key_id);
}
END_TEST

START_TEST(cache_changes_nothing)
{
    static struct sigv4_cache cache;
    struct credentials key = KEYS[0];
    struct sigv4_config config = {&OPENSSL_CRYPTO, &key, 1, "eu-north-1", &cache};
    for (uint64_t day = 0; day < 2 * SIGV4_CACHED_KEYS; day++) {
        uint64_t wall_us = NOW_US + day * 86400000000;
        prepare_unsigned(wall_us);
        add_signature(&KEYS[0]);
        ck_assert_int_eq(sigv4_verify(&config, &request, wall_us, &arena).result, SIGV4_OK);
        unsigned before = openssl_crypto_uses();
        ck_assert_int_eq(sigv4_verify(&config, &request, wall_us, &arena).result, SIGV4_OK);
        ck_assert_uint_eq(openssl_crypto_uses() - before, 4);
    }
    /* The same entry with another secret behind it: what was cached must not verify. */
    prepare();
    ck_assert_int_eq(sigv4_verify(&config, &request, NOW_US, &arena).result, SIGV4_OK);
    key.secret_access_key = "rotated";
    ck_assert_int_eq(sigv4_verify(&config, &request, NOW_US, &arena).result, SIGV4_MISMATCH);
}
END_TEST

#define MISMATCH "The request signature we calculated does not match the signature you provided."

START_TEST(tampering_with_any_part_is_refused)
{
    prepare();
    request.method = SLICE_LITERAL("GET");
    check_refused(SIGV4_MISMATCH, MISMATCH);
    prepare();
    request.path = SLICE_LITERAL("/other");
    check_refused(SIGV4_MISMATCH, MISMATCH);
    prepare();
    request.query = SLICE_LITERAL("a=b");
    check_refused(SIGV4_MISMATCH, MISMATCH);
    prepare();
    request.body = SLICE_LITERAL("{\"TableName\":\"u\"}");
    check_refused(SIGV4_MISMATCH, MISMATCH);
    prepare();
    request.body = SLICE_EMPTY;
    check_refused(SIGV4_MISMATCH, MISMATCH);
    prepare();
    add_header("x-amz-target", "DynamoDB_20120810.DeleteItem");
    check_refused(SIGV4_MISMATCH, MISMATCH);
    prepare();
    edit_authorization("AKIDFIRST", "AKIDSECOND");
    check_refused(SIGV4_MISMATCH, MISMATCH);
}
END_TEST

START_TEST(tampering_with_any_signed_header_is_refused)
{
    static const char *const NAMES[][2] = {
        {"host", "localhost:8001"},
        {"x-amz-target", "DynamoDB_20120810.DeleteItem"},
        {"content-type", "application/x-amz-json-1.1"},
        {"x-amz-date", "20150830T123601Z"},
    };
    for (size_t i = 0; i < array_size(NAMES); i++) {
        prepare();
        set_header(NAMES[i][0], NAMES[i][1]);
        check_refused(SIGV4_MISMATCH, MISMATCH);
        prepare();
        set_header(NAMES[i][0], i == 3 ? "20150830T123559Z" : "");
        check_refused(SIGV4_MISMATCH, MISMATCH);
    }
    prepare();
    set_header("user-agent", "is not signed");
    ck_assert_int_eq(verify().result, SIGV4_OK);
}
END_TEST

START_TEST(tampering_with_any_digit_of_the_signature_is_refused)
{
    for (size_t i = 0; i < 64; i++) {
        prepare();
        struct http_header *authorization = header("authorization");
        struct slice copy = arena_copy(&arena, authorization->value);
        uint8_t *text = arena_alloc(&arena, copy.size);
        memcpy(text, copy.data, copy.size);
        uint8_t *digit = text + copy.size - 1 - i;
        *digit = *digit == '0' ? '1' : '0';
        authorization->value = slice_of(text, copy.size);
        check_refused(SIGV4_MISMATCH, MISMATCH);
    }
    prepare();
    header("authorization")->value.size--;
    check_refused(SIGV4_MISMATCH, MISMATCH);
}
END_TEST

START_TEST(every_cut_of_the_authorization_is_refused)
{
    prepare();
    size_t size = header("authorization")->value.size;
    for (size_t cut = 0; cut < size; cut++) {
        prepare();
        header("authorization")->value.size = cut;
        ck_assert_int_ne(verify().result, SIGV4_OK);
    }
}
END_TEST

START_TEST(every_changed_byte_of_the_authorization_is_refused)
{
    prepare();
    size_t size = header("authorization")->value.size;
    for (size_t at = 0; at < size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            prepare();
            struct http_header *authorization = header("authorization");
            uint8_t *text = arena_alloc(&arena, size);
            memcpy(text, authorization->value.data, size);
            text[at] ^= (uint8_t)(1u << bit);
            authorization->value = slice_of(text, size);
            ck_assert_msg(verify().result != SIGV4_OK, "byte %zu, bit %u", at, bit);
        }
    }
}
END_TEST

#define ALL_SIGNED "SignedHeaders=content-type;host;x-amz-date;x-amz-target"

START_TEST(what_must_be_signed)
{
    prepare();
    edit_authorization(";x-amz-target", "");
    check_refused(SIGV4_MISMATCH, "'x-amz-target' must be a 'SignedHeader'");
    prepare();
    edit_authorization(";host", "");
    check_refused(SIGV4_MISMATCH, "'Host' must be a 'SignedHeader'");
    prepare();
    edit_authorization(";x-amz-date", "");
    check_refused(SIGV4_MISMATCH, "'x-amz-date' must be a 'SignedHeader'");
    prepare();
    add_header("x-amz-anything", "added on the way");
    check_refused(SIGV4_MISMATCH, "'x-amz-anything' must be a 'SignedHeader'");
    prepare();
    remove_header("x-amz-date");
    add_header("date", "Sun, 30 Aug 2015 12:36:00 GMT");
    edit_authorization(";x-amz-date", "");
    check_refused(SIGV4_MISMATCH, "'date' must be a 'SignedHeader'");
}
END_TEST

START_TEST(form_of_signed_headers)
{
    static const char *const LISTS[] = {
        "SignedHeaders=content-type;host;host;x-amz-date;x-amz-target",
        "SignedHeaders=host;content-type;x-amz-date;x-amz-target",
        "SignedHeaders=content-type;Host;x-amz-date;x-amz-target",
        "SignedHeaders=;content-type;host;x-amz-date;x-amz-target",
        "SignedHeaders=content-type;;host;x-amz-date;x-amz-target",
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target;",
        "SignedHeaders=content-type; host;x-amz-date;x-amz-target",
        "SignedHeaders=;",
    };
    for (size_t i = 0; i < array_size(LISTS); i++) {
        prepare();
        edit_authorization(ALL_SIGNED, LISTS[i]);
        check_refused(SIGV4_INCOMPLETE, "'SignedHeaders'");
    }
    prepare();
    edit_authorization("x-amz-target,", "x-amz-target;x-amz-zone,");
    check_refused(SIGV4_MISMATCH, "'x-amz-zone' is not in the request");
    prepare();
    remove_header("content-type");
    check_refused(SIGV4_MISMATCH, "'content-type' is not in the request");
}
END_TEST

START_TEST(too_many_signed_headers)
{
    prepare();
    struct writer list;
    writer_init(&list, 0);
    for (char first = 'a'; first <= 'h'; first++)
        for (char second = 'a'; second <= 'j'; second++)
            writer_put(&list, (char[]){first, second, ';'}, 3);
    writer_put(&list, "i", 2);
    edit_authorization("content-type;", (const char *)writer_slice(&list).data);
    check_refused(SIGV4_INCOMPLETE, "too many names");
    writer_deinit(&list);
}
END_TEST

/* One edit of a good Authorization header, and what comes of it. */
struct edit {
    const char *from;
    const char *to;
    enum sigv4_result result;
    const char *message;
};

static const struct edit EDITS[] = {
    {"AWS4-HMAC-SHA256 ", "Bearer ", SIGV4_MISSING, "Request is missing Authentication Token"},
    {"AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 ", SIGV4_INCOMPLETE, "algorithm"},
    {"AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256", SIGV4_INCOMPLETE, "algorithm"},
    {"Credential=", "Credentia=", SIGV4_INCOMPLETE, "'Credentia' not a valid key=value pair"},
    {"Credential=AKIDFIRST/20150830/eu-north-1/dynamodb/aws4_request, ", "", SIGV4_INCOMPLETE,
     "Authorization header requires 'Credential' parameter. Authorization=AWS4-HMAC-SHA256"},
    {ALL_SIGNED ", ", "", SIGV4_INCOMPLETE, "requires 'SignedHeaders' parameter"},
    {", Signature=", ", Signature=x, Signature=", SIGV4_INCOMPLETE, "more than one 'Signature'"},
    {", Signature=", ", Extra=1, Signature=", SIGV4_INCOMPLETE, "'Extra' not a valid"},
    {", Signature=", ", Signature, Signature=", SIGV4_INCOMPLETE, "'Signature' not a valid"},
    {"/20150830", "", SIGV4_INCOMPLETE, "exactly 5 slash-delimited elements"},
    {"AKIDFIRST", "AKID/FIRST", SIGV4_INCOMPLETE, "exactly 5 slash-delimited elements"},
    {"AKIDFIRST", "", SIGV4_INCOMPLETE, "exactly 5 slash-delimited elements"},
    {"AKIDFIRST", "AKIDTHIRD", SIGV4_UNKNOWN_KEY,
     "The security token included in the request is invalid."},
    {"AKIDFIRST", "AKIDFIRSTX", SIGV4_UNKNOWN_KEY, "security token"},
    {"AKIDFIRST", "AKIDFIRS", SIGV4_UNKNOWN_KEY, "security token"},
    {"20150830", "20150829", SIGV4_MISMATCH,
     "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
     "'20150829' != '20150830', from '20150830T123600Z'."},
    {"20150830", "2015083", SIGV4_MISMATCH, "Date in Credential scope"},
    {"eu-north-1", "us-east-1", SIGV4_MISMATCH, "valid region, not 'us-east-1'"},
    {"eu-north-1", "\"\\\x01\xff<", SIGV4_MISMATCH, "valid region, not '?\?\?\?\?'"},
    {"dynamodb", "s3", SIGV4_MISMATCH, "correct service: 'dynamodb'"},
    {"aws4_request", "aws4_requests", SIGV4_MISMATCH, "valid terminator: 'aws4_request'"},
};

START_TEST(edits_of_the_authorization)
{
    for (size_t i = 0; i < array_size(EDITS); i++) {
        prepare();
        edit_authorization(EDITS[i].from, EDITS[i].to);
        check_refused(EDITS[i].result, EDITS[i].message);
    }
}
END_TEST

START_TEST(spaces_between_parameters_do_not_matter)
{
    prepare();
    edit_authorization(", SignedHeaders", ",SignedHeaders");
    edit_authorization(", Signature", ",   Signature");
    edit_authorization("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256    ");
    ck_assert_int_eq(verify().result, SIGV4_OK);
}
END_TEST

START_TEST(none_or_several_authorizations)
{
    prepare();
    remove_header("authorization");
    check_refused(SIGV4_MISSING, "Request is missing Authentication Token");
    prepare();
    add_signature(&KEYS[1]);
    check_refused(SIGV4_INCOMPLETE, "one Authorization header");
    prepare();
    set_header("authorization", "");
    check_refused(SIGV4_INCOMPLETE, "one Authorization header");
}
END_TEST

START_TEST(presigned_queries_are_not_supported)
{
    prepare();
    request.query = SLICE_LITERAL("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0");
    check_refused(SIGV4_MISMATCH, "Found both 'X-Amz-Algorithm'");
    remove_header("authorization");
    check_refused(SIGV4_INCOMPLETE, "query-string parameters is not supported");
}
END_TEST

START_TEST(session_tokens_are_not_known)
{
    prepare_unsigned(NOW_US);
    add_header("x-amz-security-token", "token");
    add_signature(&KEYS[0]);
    check_refused(SIGV4_UNKNOWN_KEY, "The security token included in the request is invalid.");
}
END_TEST

START_TEST(hash_of_the_body_is_computed_and_not_believed)
{
    static const char *const CLAIMS[] = {
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "",
    };
    for (size_t i = 0; i < array_size(CLAIMS); i++) {
        prepare_unsigned(NOW_US);
        add_header("x-amz-content-sha256", CLAIMS[i]);
        add_signature(&KEYS[0]);
        check_refused(SIGV4_MISMATCH, "'x-amz-content-sha256' header does not match");
    }
    prepare_unsigned(NOW_US);
    request.body = SLICE_EMPTY;
    add_header("x-amz-content-sha256", CLAIMS[2]);
    add_signature(&KEYS[0]);
    ck_assert_int_eq(verify().result, SIGV4_OK);
}
END_TEST

START_TEST(repeated_headers_and_spaces)
{
    prepare_unsigned(NOW_US);
    add_header("x-amz-note", "a  b");
    add_header("x-amz-note", "c");
    add_signature(&KEYS[0]);
    ck_assert_int_eq(verify().result, SIGV4_OK);
    set_header("x-amz-note", "a b");
    ck_assert_int_eq(verify().result, SIGV4_OK);
    remove_header("x-amz-note");
    check_refused(SIGV4_MISMATCH, MISMATCH);
    prepare_unsigned(NOW_US);
    add_header("x-amz-note", "a b,c");
    struct slice joined = sigv4_sign(&OPENSSL_CRYPTO, &KEYS[0], "eu-north-1", &request, &arena);
    remove_header("x-amz-note");
    add_header("x-amz-note", "a b");
    add_header("x-amz-note", "c");
    struct slice repeated = sigv4_sign(&OPENSSL_CRYPTO, &KEYS[0], "eu-north-1", &request, &arena);
    ck_assert(slice_equal(joined, repeated));
}
END_TEST

START_TEST(queries_are_canonical)
{
    prepare_unsigned(NOW_US);
    request.query = SLICE_LITERAL("b=%41%7e&a=2&a=1&c");
    add_signature(&KEYS[0]);
    static const char *const SAME[] = {"a=1&a=2&b=A~&c=", "c=&b=%41~&a=1&a=2", "&a=1&a=2&&b=A~&c"};
    static const char *const OTHER[] = {"a=1&a=2&b=A~", "a=1&a=2&b=A~&c=1", "a=1&a=2&b=a~&c",
                                        "a=1&a=2&b=A~&c&c", "a=1&a=2&b=A~&c%3d"};
    for (size_t i = 0; i < array_size(SAME); i++) {
        request.query = slice_of_string(SAME[i]);
        ck_assert_msg(verify().result == SIGV4_OK, "%s", SAME[i]);
    }
    for (size_t i = 0; i < array_size(OTHER); i++) {
        request.query = slice_of_string(OTHER[i]);
        check_refused(SIGV4_MISMATCH, MISMATCH);
    }
    static const char *const ODD[] = {"%", "%4", "%zz", "=", "&", "==", "=a", "a==b"};
    for (size_t i = 0; i < array_size(ODD); i++) {
        prepare_unsigned(NOW_US);
        request.query = slice_of_string(ODD[i]);
        add_signature(&KEYS[0]);
        ck_assert_msg(verify().result == SIGV4_OK, "%s", ODD[i]);
    }
}
END_TEST

static enum sigv4_result verify_at(int64_t seconds, const char *message)
{
    prepare_unsigned(NOW_US);
    add_signature(&KEYS[0]);
    uint64_t wall_us = NOW_US + (uint64_t)(seconds * 1000000);
    struct sigv4_verdict verdict = sigv4_verify(&CONFIG, &request, wall_us, &arena);
    if (message != NULL)
        ck_assert_str_eq(verdict.message, message);
    return verdict.result;
}

START_TEST(window_of_fifteen_minutes)
{
    ck_assert_int_eq(verify_at(899, NULL), SIGV4_OK);
    ck_assert_int_eq(verify_at(900, NULL), SIGV4_OK);
    ck_assert_int_eq(verify_at(901, "Signature expired: 20150830T123600Z is now earlier than "
                                    "20150830T123601Z (20150830T125101Z - 15 min.)"),
                     SIGV4_EXPIRED);
    ck_assert_int_eq(verify_at(-899, NULL), SIGV4_OK);
    ck_assert_int_eq(verify_at(-900, NULL), SIGV4_OK);
    ck_assert_int_eq(verify_at(-901, "Signature not yet current: 20150830T123600Z is still later "
                                     "than 20150830T123559Z (20150830T122059Z + 15 min.)"),
                     SIGV4_EXPIRED);
    ck_assert_int_eq(verify_at(86400 * 365, NULL), SIGV4_EXPIRED);
    ck_assert_int_eq(verify_at(-86400 * 365, NULL), SIGV4_EXPIRED);
}
END_TEST

START_TEST(dates_must_be_there_and_well_formed)
{
    prepare();
    remove_header("x-amz-date");
    check_refused(SIGV4_INCOMPLETE, "requires existence of either a 'X-Amz-Date' or a 'Date'");
    static const char *const BAD[] = {"", "now", "Sun, 30 Aug 2015 12:36:00 GMT",
                                      "2015-08-30T12:36:00Z", "20150830T126000Z"};
    for (size_t i = 0; i < array_size(BAD); i++) {
        prepare();
        set_header("x-amz-date", BAD[i]);
        check_refused(SIGV4_INCOMPLETE, "Date must be in ISO-8601 'basic format'. Got '");
    }
    prepare();
    add_header("x-amz-date", "20150830T123600Z");
    check_refused(SIGV4_INCOMPLETE, "Date must be in ISO-8601 'basic format'.");
}
END_TEST

START_TEST(unknown_keys_cost_what_known_keys_cost)
{
    prepare();
    unsigned start = openssl_crypto_uses();
    ck_assert_int_eq(verify().result, SIGV4_OK);
    unsigned known = openssl_crypto_uses() - start;
    edit_authorization("AKIDFIRST", "AKIDOTHER");
    start = openssl_crypto_uses();
    ck_assert_int_eq(verify().result, SIGV4_UNKNOWN_KEY);
    ck_assert_uint_eq(openssl_crypto_uses() - start, known);
}
END_TEST

TEST_MAIN("sigv4", what_is_signed_verifies, without_keys_all_is_taken, cache_changes_nothing,
          tampering_with_any_part_is_refused, tampering_with_any_signed_header_is_refused,
          tampering_with_any_digit_of_the_signature_is_refused,
          every_cut_of_the_authorization_is_refused,
          every_changed_byte_of_the_authorization_is_refused, what_must_be_signed,
          form_of_signed_headers, too_many_signed_headers, edits_of_the_authorization,
          spaces_between_parameters_do_not_matter, none_or_several_authorizations,
          presigned_queries_are_not_supported, session_tokens_are_not_known,
          hash_of_the_body_is_computed_and_not_believed, repeated_headers_and_spaces,
          queries_are_canonical, window_of_fifteen_minutes, dates_must_be_there_and_well_formed,
          unknown_keys_cost_what_known_keys_cost)
