/* linear_text: operations on registers in the tables of test_linear.c.
 *
 *   w5@0-3  write 5          r5@0-3  read of 5          s5=4@0-3  swap to 5, it held 4
 *   c4>5@0-3  compare 4 and set 5   c4!@0-3  it was not 4    c4!7@0-3  it was 7
 *   a2=7@0-3  add 2, sum 7   a2@0-3  add 2, sum not told
 *
 * "@0-?" is an unknown outcome; "2:" before an operation names its item. */
#pragma once

#include "history_text.h"
#include "linear.h"

static inline void linear_text_what(struct text *text, struct linear_operation *operation)
{
    char kind = *text->at++;
    uint64_t number = text_number(text);
    operation->argument = number;
    if (kind == 'w') {
        operation->kind = LINEAR_WRITE;
    } else if (kind == 'r') {
        operation->kind = LINEAR_READ;
        operation->result = number;
    } else if (kind == 's') {
        operation->kind = LINEAR_SWAP;
        operation->result = text_take(text, '=') ? text_number(text) : 0;
    } else if (kind == 'a') {
        bool sum = text_take(text, '=');
        operation->kind = sum ? LINEAR_ADD : LINEAR_ADD_BLIND;
        operation->result = sum ? text_number(text) : 0;
    } else {
        ensure(kind == 'c');
        operation->expected = number;
        operation->argument = 0;
        if (text_take(text, '>')) {
            operation->kind = LINEAR_CAS;
            operation->argument = text_number(text);
            return;
        }
        bool failed = text_take(text, '!');
        ensure(failed);
        operation->kind = *text->at == '@' ? LINEAR_CAS_FAILED : LINEAR_CAS_FAILED_SEEN;
        operation->result = *text->at == '@' ? 0 : text_number(text);
    }
}

/* Returns how many operations `string` holds, at most `max`. */
static inline size_t linear_text_parse(const char *string, struct linear_operation *operations,
                                       size_t max)
{
    struct text text = {string};
    size_t count = 0;
    while (!text_end(&text)) {
        ensure(count < max);
        struct linear_operation *operation = &operations[count];
        *operation = (struct linear_operation){.process = (uint32_t)count};
        if (*text.at >= '0' && *text.at <= '9') {
            operation->item = (uint32_t)text_number(&text);
            bool colon = text_take(&text, ':');
            ensure(colon);
        }
        linear_text_what(&text, operation);
        text_interval(&text, &operation->invoked, &operation->completed);
        count++;
    }
    return count;
}
