/* evaluator: applies a write's program to an item. A port of the core: the DynamoDB API above knows
 * expressions; the coordinator only knows that the same program on the same item gives the same
 * result, on any node. */
#pragma once

#include "bytes.h"

enum evaluation {
    EVALUATION_TRUE,   /* the condition holds: the request's own value, or tombstone, is written. (A
                          request with neither is INVALID then.) */
    EVALUATION_PUT,    /* the item made is written */
    EVALUATION_FALSE,  /* the condition does not hold */
    EVALUATION_INVALID /* the program cannot be applied to this item */
};

struct evaluator {
    /* `item` is the encoded current item, NULL if there is none. PUT: appends the new item, encoded;
     * INVALID: appends the message for the client. Pure, and never fails for lack of a well-formed
     * program: one that does not decode (it came from a peer) is INVALID. */
    enum evaluation (*evaluate)(const struct evaluator *self, struct slice program,
                                const struct slice *item, struct writer *out);
    /* Appends a program that is TRUE of an item whose attribute is a number above `after` and of at
     * most `until`, and FALSE of any other. */
    void (*put_expired)(const struct evaluator *self, struct slice attribute, uint64_t after,
                        uint64_t until, struct writer *program);
};
