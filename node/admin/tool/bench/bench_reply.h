/* bench_reply: reads the answers on one connection, one at a time: their status, how long the body
 * is, and how it begins. Incremental, and without memory of its own. */
#pragma once

#include "bytes.h"

#include <llhttp.h>

enum { BENCH_REPLY_BEGINNING = 240 }; /* the __type of an error stands at the beginning */

struct bench_reply {
    llhttp_t parser;
    size_t body_size;
    bool complete;
    bool keep_alive; /* of a complete one: another may follow */
    char beginning[BENCH_REPLY_BEGINNING];
};

/* Stays where it is. */
void bench_reply_init(struct bench_reply *reply);
/* Before each request. */
void bench_reply_expect(struct bench_reply *reply);
/* Takes what was received; size 0: the end of the connection. False if this is no HTTP, or more
 * than one answer. */
bool must_check bench_reply_feed(struct bench_reply *reply, const char *bytes, size_t size);
/* Of a complete one. */
unsigned bench_reply_status(const struct bench_reply *reply);
struct slice bench_reply_beginning(const struct bench_reply *reply);
/* "ThrottlingException" of DynamoDB's error, else "HTTP 502". */
void bench_reply_failure(const struct bench_reply *reply, char *name, size_t name_size);
