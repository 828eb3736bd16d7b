#include "request.h"

#include <string.h>

void request_init(struct request *request, enum request_kind kind, request_done done)
{
    ensure(done != NULL);
    memset(request, 0, sizeof(*request));
    request->kind = kind;
    request->done = done;
    writer_init(&request->rows, 0);
}

void request_release(struct request *request)
{
    ensure(!list_linked(&request->link));
    buffer_unref(request->held);
    request->held = NULL;
    request->result = SLICE_EMPTY;
    writer_deinit(&request->rows);
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[OUTCOMES] = {
        "ok",      "precondition_failed", "invalid",  "unavailable",
        "unknown", "overloaded",          "no_space", "timeout",
        "failed"};
    ensure(outcome < array_size(names));
    return names[outcome];
}
