/* api_fixture: an api over a node, and calls that are driven to their end. */
#pragma once

#include "api.h"

struct api_fixture {
    struct node *node;
    void (*drive)(struct api_fixture *fixture); /* lets the node do some of its work */
    struct api *api;
    struct instant now;
    int status;  /* of the last call */
    bool sloppy; /* of the last call */
    char *body;  /* of the last call, NUL-terminated */
    bool done;
};

/* Makes an api over the node. */
void api_fixture_init(struct api_fixture *fixture, struct node *node,
                      void (*drive)(struct api_fixture *fixture));
/* Lets the api settle and frees it, not the node. */
void api_fixture_deinit(struct api_fixture *fixture);
/* Runs one call; returns its body, valid until the next one. Single quotes in `body` stand for
 * double ones. */
const char *api_fixture_call(struct api_fixture *fixture, const char *operation, const char *body);
/* The same, with single quotes in the answer, too. */
const char *api_fixture_quoted(struct api_fixture *fixture, const char *operation,
                               const char *body);
/* As api_fixture_call(), and the status must be 200, or 400 for the second. */
const char *api_fixture_ok(struct api_fixture *fixture, const char *operation, const char *body);
const char *api_fixture_error(struct api_fixture *fixture, const char *operation, const char *body);
/* As api_fixture_error(), with `size` times the letter x for the `~` in `body`, if it has one. */
const char *api_fixture_error_filled(struct api_fixture *fixture, const char *operation,
                                     const char *body, size_t size);
/* The part is in the answer. */
void assert_has(const char *answer, const char *part);
/* Lets the api do what it does by itself. */
void api_fixture_settle(struct api_fixture *fixture);
