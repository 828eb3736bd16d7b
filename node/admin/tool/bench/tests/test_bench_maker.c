#include "test_main.h"

#include "bench_maker.h"
#include "crypto.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

enum { DAYS = 20000, WORDS_MAX = 8 };

static const uint64_t WALL_US = (uint64_t)DAYS * 86400 * 1000000;
static const struct endpoint targets[] = {
    {.host = "one", .port = "1", .authority = "one:1"},
    {.host = "two", .port = "2", .authority = "two:2"},
};

struct fixture {
    struct bench_options options;
    struct bench_order order;
    struct bench_maker maker;
    _Atomic uint64_t items;
    char *words[WORDS_MAX];
};

static void fixture_init(struct fixture *fixture, size_t count, const char *const *words)
{
    char problem[128];
    memset(fixture->words, 0, sizeof(fixture->words));
    for (size_t i = 0; i < count; i++)
        fixture->words[i] = strdup(words[i]);
    ck_assert_ptr_null(
        bench_options_parse(&fixture->options, count, fixture->words, problem, sizeof(problem)));
    fixture->options.table = "T";
    fixture->items = fixture->options.keys;
    fixture->order = (struct bench_order){
        .options = &fixture->options,
        .targets = targets,
        .targets_count = array_size(targets),
        .crypto = crypto_openssl(),
        .credentials = {"AKID", "the/secret+key"},
        .region = "eu-west-1",
        .items = &fixture->items,
    };
    bench_maker_init(&fixture->maker, &fixture->order, 0, WALL_US);
}

static void fixture_deinit(struct fixture *fixture)
{
    bench_maker_deinit(&fixture->maker);
    for (size_t i = 0; i < WORDS_MAX; i++)
        free(fixture->words[i]);
}

/* Takes a request apart; its text is changed for that. */
static struct http_request take_apart(char *text, size_t size)
{
    struct http_request request = {.method = SLICE_LITERAL("POST"), .path = SLICE_LITERAL("/")};
    ck_assert_int_eq(strncmp(text, "POST / HTTP/1.1\r\n", 17), 0);
    char *line = text + 17;
    while (strncmp(line, "\r\n", 2) != 0) {
        char *colon = strchr(line, ':');
        char *end = strstr(line, "\r\n");
        ck_assert_ptr_nonnull(colon);
        ck_assert_ptr_nonnull(end);
        for (char *at = line; at < colon; at++)
            *at = (char)tolower(*at);
        struct http_header *header = &request.headers[request.headers_count++];
        header->name = slice_of(line, (size_t)(colon - line));
        header->value = slice_of(colon + 2, (size_t)(end - colon - 2));
        line = end + 2;
    }
    request.body = slice_of(line + 2, size - (size_t)(line + 2 - text));
    return request;
}

static void check_signature(const struct http_request *request, uint64_t wall_us)
{
    static const struct credentials credentials = {"AKID", "the/secret+key"};
    struct sigv4_config config = {
        .crypto = crypto_openssl(), .keys = &credentials, .keys_count = 1, .region = "eu-west-1"};
    struct arena arena;
    arena_init(&arena);
    struct sigv4_verdict verdict = sigv4_verify(&config, request, wall_us, &arena);
    ck_assert_msg(verdict.result == SIGV4_OK, "%s", verdict.message);
    arena_deinit(&arena);
}

/* The request, checked: its length, its signature, its JSON. The caller frees it. */
static yyjson_doc *check_request(struct slice bytes, uint64_t wall_us, const char *target,
                                 const char *host)
{
    char *text = slice_to_string(bytes);
    struct http_request request = take_apart(text, bytes.size);
    struct slice length = http_request_header(&request, SLICE_LITERAL("content-length"));
    ck_assert_uint_eq(strtoul((const char *)length.data, NULL, 10), request.body.size);
    struct slice name = http_request_header(&request, SLICE_LITERAL("x-amz-target"));
    ck_assert_uint_eq(name.size, strlen("DynamoDB_20120810.") + strlen(target));
    ck_assert_int_eq(memcmp(name.data + strlen("DynamoDB_20120810."), target, strlen(target)), 0);
    ck_assert(
        slice_equal(http_request_header(&request, SLICE_LITERAL("host")), slice_of_string(host)));
    check_signature(&request, wall_us);
    yyjson_doc *json = yyjson_read((const char *)request.body.data, request.body.size, 0);
    ck_assert_ptr_nonnull(json);
    free(text);
    return json;
}

START_TEST(test_every_operation_is_signed_json)
{
    static const char *const names[] = {
        "get",    "get-consistent", "put",  "put-if",    "update",      "delete",
        "insert", "query",          "scan", "batch-get", "batch-write",
    };
    for (size_t i = 0; i < array_size(names); i++) {
        struct fixture fixture;
        fixture_init(&fixture, 1, &names[i]);
        for (size_t j = 0; j < 4; j++) {
            struct bench_request request = bench_maker_next(&fixture.maker, j % 2);
            ck_assert_str_eq(bench_operation_name(request.operation), names[i]);
            yyjson_doc_free(check_request(request.bytes, WALL_US,
                                          bench_operation_target(request.operation),
                                          targets[j % 2].authority));
        }
        fixture_deinit(&fixture);
    }
}
END_TEST

static const char *text_at(yyjson_doc *json, const char *path)
{
    yyjson_val *value = yyjson_doc_ptr_get(json, path);
    ck_assert_msg(yyjson_is_str(value), "no text at %s", path);
    return yyjson_get_str(value);
}

START_TEST(test_items)
{
    struct fixture fixture;
    static const char *const words[] = {"insert", "--fields", "3",   "--field-size",
                                        "17",     "--keys",   "1234"};
    fixture_init(&fixture, array_size(words), words);
    bench_maker_next(&fixture.maker, 0);
    yyjson_doc *json =
        check_request(bench_maker_next(&fixture.maker, 0).bytes, WALL_US, "PutItem", "one:1");
    ck_assert_str_eq(text_at(json, "/TableName"), "T");
    ck_assert_str_eq(text_at(json, "/Item/pk/S"), "user000000001235");
    ck_assert_uint_eq(strlen(text_at(json, "/Item/field2/S")), 17);
    ck_assert_str_ne(text_at(json, "/Item/field2/S"), text_at(json, "/Item/field1/S"));
    ck_assert_uint_eq(yyjson_obj_size(yyjson_doc_ptr_get(json, "/Item")), 4);
    yyjson_doc_free(json);
    fixture_deinit(&fixture);
}
END_TEST

START_TEST(test_collections)
{
    struct fixture fixture;
    static const char *const words[] = {"put", "--collection", "10", "--keys", "1"};
    fixture_init(&fixture, array_size(words), words);
    yyjson_doc *json =
        check_request(bench_maker_next(&fixture.maker, 0).bytes, WALL_US, "PutItem", "one:1");
    ck_assert_str_eq(text_at(json, "/Item/pk/S"), "user000000000000");
    ck_assert_str_eq(text_at(json, "/Item/sk/S"), "item000000000000");
    yyjson_doc_free(json);
    fixture_deinit(&fixture);
}
END_TEST

START_TEST(test_batches_name_no_item_twice)
{
    struct fixture fixture;
    static const char *const words[] = {"batch-get", "--batch", "20", "--keys", "20"};
    fixture_init(&fixture, array_size(words), words);
    yyjson_doc *json =
        check_request(bench_maker_next(&fixture.maker, 0).bytes, WALL_US, "BatchGetItem", "one:1");
    yyjson_val *keys = yyjson_doc_ptr_get(json, "/RequestItems/T/Keys");
    bool seen[20] = {false};
    size_t index, max;
    yyjson_val *key;
    yyjson_arr_foreach(keys, index, max, key)
    {
        const char *name = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(key, "pk"), "S"));
        size_t number = strtoul(name + 4, NULL, 10);
        ck_assert_uint_lt(number, 20);
        ck_assert(!seen[number]);
        seen[number] = true;
    }
    ck_assert_uint_eq(max, 20);
    yyjson_doc_free(json);
    fixture_deinit(&fixture);
}
END_TEST

START_TEST(test_read_modify_write)
{
    struct fixture fixture;
    static const char *const words[] = {"f"};
    fixture_init(&fixture, 1, words);
    struct bench_request request;
    do {
        request = bench_maker_next(&fixture.maker, 0);
    } while (request.operation != BENCH_READ_MODIFY_WRITE);
    yyjson_doc *read = check_request(request.bytes, WALL_US, "GetItem", "one:1");
    yyjson_doc *write = check_request(bench_maker_modify(&fixture.maker, 0, request.key).bytes,
                                      WALL_US, "UpdateItem", "one:1");
    ck_assert_str_eq(text_at(read, "/Key/pk/S"), text_at(write, "/Key/pk/S"));
    yyjson_doc_free(read);
    yyjson_doc_free(write);
    fixture_deinit(&fixture);
}
END_TEST

/* Signatures follow the clock, over midnight too. */
START_TEST(test_time_passes)
{
    struct fixture fixture;
    static const char *const words[] = {"get"};
    fixture_init(&fixture, 1, words);
    static const uint64_t later_s[] = {1, 600, 86399, 86400, 30 * 86400};
    for (size_t i = 0; i < array_size(later_s); i++) {
        uint64_t wall_us = WALL_US + later_s[i] * 1000000;
        bench_maker_tick(&fixture.maker, wall_us);
        struct bench_request request = bench_maker_next(&fixture.maker, 1);
        yyjson_doc_free(check_request(request.bytes, wall_us, "GetItem", "two:2"));
    }
    fixture_deinit(&fixture);
}
END_TEST

START_TEST(test_plain_http)
{
    struct fixture fixture;
    static const char *const words[] = {"http", "--path", "/a/b", "--keys", "1"};
    fixture_init(&fixture, array_size(words), words);
    struct slice bytes = bench_maker_next(&fixture.maker, 0).bytes;
    ck_assert(slice_equal(
        bytes, SLICE_LITERAL("GET /a/b HTTP/1.1\r\nHost: one:1\r\nContent-Length: 0\r\n\r\n")));
    fixture_deinit(&fixture);
    static const char *const more[] = {"http", "--keys", "1", "--body", "{\"k\":\"{key}\"}"};
    fixture_init(&fixture, array_size(more), more);
    bytes = bench_maker_next(&fixture.maker, 0).bytes;
    ck_assert(slice_equal(bytes, SLICE_LITERAL("POST / HTTP/1.1\r\nHost: one:1\r\nContent-Length: "
                                               "24\r\n\r\n{\"k\":\"user000000000000\"}")));
    fixture_deinit(&fixture);
}
END_TEST

TEST_MAIN("bench-maker", test_every_operation_is_signed_json, test_items, test_collections,
          test_batches_name_no_item_twice, test_read_modify_write, test_time_passes,
          test_plain_http)
