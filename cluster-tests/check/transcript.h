/* transcript: a history as text, one operation a line, for programs in other languages that record
 * one. Words are parted by spaces; empty lines and lines that begin with '#' say nothing.
 *
 *   ITEM PROCESS INVOKED COMPLETED KIND [ARGUMENT ...] [= RESULT ...]
 *
 * ITEM and PROCESS are numbers below 2^32. INVOKED and COMPLETED are times of one monotonic clock,
 * in nanoseconds, say; COMPLETED is '-' if the outcome is unknown, and no result follows then.
 * Arguments and results are numbers below 2^64; "-5" stands for 2^64 - 5. KIND depends on the model:
 *
 *   linear   read = V                V 0: there is nothing
 *            write V                 0: a delete
 *            swap V = OLD            a write that was told what was there before
 *            cas OLD V               it was OLD and is V now
 *            cas-failed OLD [= V]    it was not OLD, but V
 *            add AMOUNT [= SUM]
 *   counter  add AMOUNT [= SUM]      nothing wraps: the amounts come to less than 2^63
 *            read = SUM
 *   append   append E [= E ...]      it was told the list with E on it; no E twice on one list
 *            refused E               E was certainly not appended
 *            read = [E ...]
 *   sets     add E                   no E twice to one set
 *            refused E               E was certainly not added
 *            read = [E ...]          the elements, in any order */
#pragma once

#include "bytes.h"

enum transcript_model {
    TRANSCRIPT_LINEAR,
    TRANSCRIPT_COUNTER,
    TRANSCRIPT_APPEND,
    TRANSCRIPT_SETS,
    TRANSCRIPT_MODELS
};

enum transcript_kind {
    TRANSCRIPT_READ,
    TRANSCRIPT_WRITE,
    TRANSCRIPT_SWAP,
    TRANSCRIPT_CAS,
    TRANSCRIPT_CAS_FAILED,
    TRANSCRIPT_ADD, /* AMOUNT, or E */
    TRANSCRIPT_APPENDED,
    TRANSCRIPT_REFUSED
};

struct transcript_line {
    uint32_t item; /* the first field, see split.h */
    uint32_t process;
    enum transcript_kind kind;
    uint64_t invoked;
    uint64_t completed;    /* UINT64_MAX: unknown */
    uint64_t arguments[2]; /* those that the kind has */
    bool told;             /* there was a '=' */
    size_t results_first;  /* index in `results` */
    size_t results_count;
};

struct transcript {
    struct transcript_line *lines;
    size_t count;
    uint64_t *results; /* of all lines */
    size_t results_count;
    size_t bad_line; /* after a failure: its number, from 1 */
};

/* Reads `text`. NULL, or what is wrong with the line transcript->bad_line; either way the caller
 * calls transcript_deinit(). */
const char *transcript_parse(struct transcript *transcript, enum transcript_model model,
                             struct slice text);
void transcript_deinit(struct transcript *transcript);
const char *transcript_model_name(enum transcript_model model);
