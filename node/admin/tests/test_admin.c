#include "test_main.h"
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "admin.h"
#include "memory_store.h"

static void drop_frame(struct transport *self, struct address to, struct buffer *frame)
{
    (void)self;
    (void)to;
    buffer_unref(frame);
}

static void leave_pending(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

/* A node that was never started: what admin_handle() reads is there from birth on. */
struct fixture {
    struct transport transport;
    struct memory_store *store;
    struct node *node;
    struct writer reply;
    yyjson_doc *json;
};

static void fixture_init(struct fixture *fixture)
{
    static char names[][3] = {"n1", "n2", "n3", "n4"};
    static char address[] = "127.0.0.1:9000";
    static char zone[] = "";
    static char cluster_name[] = "a \"quoted\" \xff name";
    struct member_config members[array_size(names)];
    for (size_t index = 0; index < array_size(names); index++)
        members[index] = (struct member_config){names[index], address, zone, 100};
    struct boot boot = {.id = (node_id)1 << 16,
                        .incarnation = 5,
                        .cluster = {cluster_name, 32, members, array_size(names)},
                        .name = names[1]};
    struct node_config config;
    node_config_defaults(&config);
    fixture->transport.send = drop_frame;
    struct memory_store_config disk = {.seed = 1, .sync = true};
    fixture->store = memory_store_new(&disk);
    struct store *store = memory_store_port(fixture->store, leave_pending, NULL);
    struct node_ports ports = {.transport = &fixture->transport, .store = store};
    fixture->node = node_new(&config, &boot, ports);
    fixture->json = NULL;
    writer_init(&fixture->reply, 64);
}

static void fixture_deinit(struct fixture *fixture)
{
    yyjson_doc_free(fixture->json);
    writer_deinit(&fixture->reply);
    node_free(fixture->node);
    memory_store_free(fixture->store);
}

/* The parsed answer. */
static yyjson_val *ask(struct fixture *fixture, const char *path, const char *query, int status)
{
    writer_reset(&fixture->reply);
    struct node_stats stats;
    node_stats(fixture->node, &stats);
    struct admin_load load = {.connections = 3, .reads_behind_us = 7};
    int answered = admin_handle(fixture->node, &stats, &load, slice_of_string(path),
                                slice_of_string(query), &fixture->reply);
    ck_assert_int_eq(answered, status);
    struct slice text = writer_slice(&fixture->reply);
    yyjson_doc_free(fixture->json);
    fixture->json =
        yyjson_read((const char *)text.data, text.size, YYJSON_READ_ALLOW_INVALID_UNICODE);
    ck_assert_ptr_nonnull(fixture->json);
    return yyjson_doc_get_root(fixture->json);
}

static uint64_t uint_at(yyjson_val *root, const char *pointer)
{
    return yyjson_get_uint(yyjson_ptr_get(root, pointer));
}

static const char *string_at(yyjson_val *root, const char *pointer)
{
    return yyjson_get_str(yyjson_ptr_get(root, pointer));
}

START_TEST(test_status)
{
    struct fixture fixture;
    fixture_init(&fixture);
    yyjson_val *root = ask(&fixture, "/-/status", "", 200);
    ck_assert_str_eq(string_at(root, "/node/name"), "n2");
    ck_assert_str_eq(string_at(root, "/node/id"), "0000000000010000");
    ck_assert_uint_eq(uint_at(root, "/node/incarnation"), 5);
    ck_assert_uint_eq(uint_at(root, "/cluster/partitions"), 32);
    ck_assert_uint_eq(uint_at(root, "/cluster/epoch"), 1);
    ck_assert_uint_eq(yyjson_arr_size(yyjson_ptr_get(root, "/members")), 4);
    ck_assert_str_eq(string_at(root, "/members/0/name"), "n1");
    ck_assert(yyjson_is_null(yyjson_ptr_get(root, "/members/0/id")));
    ck_assert(!yyjson_get_bool(yyjson_ptr_get(root, "/members/0/linked")));
    ck_assert(yyjson_get_bool(yyjson_ptr_get(root, "/members/1/linked")));
    uint64_t held = uint_at(root, "/members/3/partitions_held");
    ck_assert_uint_ge(held, 22);
    ck_assert_uint_le(held, 26);
    double percent = yyjson_get_real(yyjson_ptr_get(root, "/members/3/held_percent"));
    ck_assert_double_eq_tol(percent, (double)held * 100 / 32, 0.01);
    percent = yyjson_get_real(yyjson_ptr_get(root, "/members/3/copies_percent"));
    ck_assert_double_eq_tol(percent, (double)held * 100 / 96, 0.01);
    percent = yyjson_get_real(yyjson_ptr_get(root, "/members/3/due_percent"));
    ck_assert_double_eq_tol(percent, 25, 0.01);
    ck_assert_double_le(yyjson_get_real(yyjson_ptr_get(root, "/imbalance_percent")), 5);
    ck_assert_uint_eq(uint_at(root, "/stats/hints_refused"), 0);
    ck_assert_uint_eq(uint_at(root, "/load/connections"), 3);
    ck_assert_uint_eq(uint_at(root, "/load/reads_behind_us"), 7);
    ck_assert_uint_eq(yyjson_obj_size(yyjson_ptr_get(root, "/stats/requests_done")), 9);
    fixture_deinit(&fixture);
}
END_TEST

START_TEST(test_ring)
{
    static const struct {
        const char *query;
        size_t replicas;
    } cases[] = {{"", 3}, {"n=1", 1}, {"n=4", 4}, {"n=7", 4}};
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t index = 0; index < array_size(cases); index++) {
        yyjson_val *root = ask(&fixture, "/-/ring", cases[index].query, 200);
        yyjson_val *lists = yyjson_obj_get(root, "preference_lists");
        ck_assert_uint_eq(yyjson_arr_size(lists), 32);
        ck_assert_uint_eq(uint_at(root, "/replicas"), cases[index].replicas);
        ck_assert_uint_eq(yyjson_arr_size(yyjson_arr_get_last(lists)), cases[index].replicas);
    }
    fixture_deinit(&fixture);
}
END_TEST

START_TEST(test_wrong_query)
{
    static const char *const queries[] = {"n=0", "n=8",   "n=", "n",  "n=33",
                                          "m=1", "n=3&x", "=",  "n=-"};
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t index = 0; index < array_size(queries); index++)
        ck_assert_ptr_nonnull(string_at(ask(&fixture, "/-/ring", queries[index], 400), "/message"));
    fixture_deinit(&fixture);
}
END_TEST

START_TEST(test_hints)
{
    struct fixture fixture;
    fixture_init(&fixture);
    yyjson_val *root = ask(&fixture, "/-/hints", "", 200);
    ck_assert_str_eq(string_at(root, "/node"), "n2");
    ck_assert_uint_eq(uint_at(root, "/hints_refused"), 0);
    ck_assert_uint_gt(uint_at(root, "/hints_bytes_max"), 0);
    fixture_deinit(&fixture);
}
END_TEST

START_TEST(test_unknown_path)
{
    static const char *const paths[] = {"", "/", "/-/", "/-/statu", "/-/status/", "/-/Ring"};
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t index = 0; index < array_size(paths); index++)
        ck_assert_ptr_nonnull(string_at(ask(&fixture, paths[index], "", 404), "/message"));
    fixture_deinit(&fixture);
}
END_TEST

TEST_MAIN("admin", test_status, test_ring, test_wrong_query, test_hints, test_unknown_path)
