/* append_text: transactions in the tables of test_append.c. */
#pragma once

#include "append.h"
#include "history_text.h"

enum { APPEND_TEXT_MAX = 12, APPEND_TEXT_ELEMENTS_MAX = 64 };

struct append_text {
    struct append_transaction transactions[APPEND_TEXT_MAX];
    size_t count;
    struct append_operation operations[APPEND_TEXT_MAX][APPEND_TEXT_MAX];
    uint64_t elements[APPEND_TEXT_ELEMENTS_MAX];
    size_t elements_count;
};

static inline void append_text_operation(struct text *text, struct append_text *parsed,
                                         struct append_operation *operation)
{
    *operation = (struct append_operation){.read = *text->at++ == 'r'};
    operation->item = (uint32_t)text_number(text);
    if (!operation->read) {
        bool dot = text_take(text, '.');
        ensure(dot);
        operation->element = text_number(text);
        return;
    }
    bool open = text_take(text, '(');
    ensure(open);
    operation->elements = &parsed->elements[parsed->elements_count];
    operation->elements_count = text_numbers(text, &parsed->elements[parsed->elements_count],
                                             APPEND_TEXT_ELEMENTS_MAX - parsed->elements_count);
    parsed->elements_count += operation->elements_count;
}

static inline void append_text_parse(const char *string, struct append_text *parsed)
{
    struct text text = {string};
    *parsed = (struct append_text){.count = 0};
    while (!text_end(&text)) {
        ensure(parsed->count < APPEND_TEXT_MAX);
        struct append_operation *operations = parsed->operations[parsed->count];
        struct append_transaction *transaction = &parsed->transactions[parsed->count];
        *transaction = (struct append_transaction){.process = (uint32_t)parsed->count,
                                                   .operations = operations};
        bool aborted = text_take(&text, '!');
        bool open = text_take(&text, '[');
        ensure(open);
        while (!text_take(&text, ']'))
            append_text_operation(&text, parsed, &operations[transaction->operations_count++]);
        text_interval(&text, &transaction->invoked, &transaction->completed);
        bool unknown = transaction->completed == UINT64_MAX;
        transaction->outcome = aborted   ? APPEND_ABORTED
                               : unknown ? APPEND_UNKNOWN
                                         : APPEND_COMMITTED;
        parsed->count++;
    }
}
