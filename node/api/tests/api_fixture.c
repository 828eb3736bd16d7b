#include "api_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct fixture_call {
    struct api_call call;
    struct api_fixture *fixture;
    bool starting;
};

enum { SETTLE_ROUNDS = 50 };

void api_fixture_init(struct api_fixture *fixture, struct node *node,
                      void (*drive)(struct api_fixture *fixture))
{
    struct api_config config = {"us-east-1", "123456789012", {3, 1, 2, true}};
    *fixture = (struct api_fixture){.node = node, .drive = drive};
    fixture->now = (struct instant){1000000, 1750000000123456};
    fixture->api = api_new(&config, node);
}

void assert_has(const char *answer, const char *part)
{
    ck_assert_msg(strstr(answer, part) != NULL, "%.1000s lacks %s", answer, part);
}

void api_fixture_settle(struct api_fixture *fixture)
{
    fixture->now.monotonic_us += 1000000; /* what was put off is due */
    for (int i = 0; i < SETTLE_ROUNDS; i++) {
        fixture->drive(fixture);
        api_run(fixture->api, fixture->now);
    }
}

void api_fixture_deinit(struct api_fixture *fixture)
{
    api_fixture_settle(fixture);
    api_free(fixture->api);
    free(fixture->body);
}

static void on_done(struct api_call *call)
{
    struct fixture_call *own = container_of(call, struct fixture_call, call);
    struct api_fixture *fixture = own->fixture;
    ck_assert(!own->starting);
    ck_assert(!fixture->done);
    fixture->done = true;
    fixture->status = call->status;
    fixture->sloppy = call->sloppy;
    free(fixture->body);
    fixture->body = slice_to_string(writer_slice(&call->reply));
    writer_deinit(&call->reply);
}

const char *api_fixture_call(struct api_fixture *fixture, const char *operation, const char *body)
{
    struct arena arena;
    arena_init(&arena);
    char *json = slice_to_string(slice_of_string(body));
    for (char *at = json; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    struct fixture_call own = {.fixture = fixture, .starting = true};
    own.call.target = slice_of_string(arena_printf(&arena, "DynamoDB_20120810.%s", operation));
    own.call.body = slice_of_string(json);
    own.call.host = SLICE_LITERAL("localhost:8000");
    own.call.arena = &arena;
    own.call.done = on_done;
    fixture->done = false;
    api_call_start(fixture->api, fixture->now, &own.call);
    own.starting = false;
    for (int i = 0; i < 1000 && !fixture->done; i++) {
        api_run(fixture->api, fixture->now);
        if (!fixture->done)
            fixture->drive(fixture);
    }
    ck_assert(fixture->done);
    arena_deinit(&arena);
    free(json);
    return fixture->body;
}

const char *api_fixture_quoted(struct api_fixture *fixture, const char *operation, const char *body)
{
    api_fixture_call(fixture, operation, body);
    for (char *at = fixture->body; *at != '\0'; at++)
        if (*at == '"')
            *at = '\'';
    return fixture->body;
}

const char *api_fixture_ok(struct api_fixture *fixture, const char *operation, const char *body)
{
    api_fixture_call(fixture, operation, body);
    ck_assert_msg(fixture->status == 200, "%s %s: %d %s", operation, body, fixture->status,
                  fixture->body);
    return fixture->body;
}

const char *api_fixture_error(struct api_fixture *fixture, const char *operation, const char *body)
{
    api_fixture_call(fixture, operation, body);
    ck_assert_msg(fixture->status == 400, "%s %s: %d %s", operation, body, fixture->status,
                  fixture->body);
    return fixture->body;
}

const char *api_fixture_error_filled(struct api_fixture *fixture, const char *operation,
                                     const char *body, size_t size)
{
    struct writer filled;
    const char *gap = strchr(body, '~');
    size_t before = gap == NULL ? strlen(body) : (size_t)(gap - body);
    writer_init(&filled, strlen(body) + size + 1);
    writer_put(&filled, body, before);
    if (gap != NULL) {
        memset(writer_extend(&filled, size), 'x', size);
        writer_put(&filled, gap + 1, strlen(gap + 1));
    }
    writer_put_u8(&filled, '\0');
    const char *answer =
        api_fixture_error(fixture, operation, (const char *)writer_slice(&filled).data);
    writer_deinit(&filled);
    return answer;
}
