/* history_text: reads the compact histories in the tables of these tests. */
#pragma once

#include "bytes.h"

/* A cursor over text; what is not of the expected shape ends the test program. */
struct text {
    const char *at;
};

bool text_end(struct text *text);
/* Skips `token` if it comes next. */
bool text_take(struct text *text, char token);
uint64_t text_number(struct text *text);
/* "@3-5", or "@3-?" for an outcome that nobody learned: *completed is then UINT64_MAX. */
void text_interval(struct text *text, uint64_t *invoked, uint64_t *completed);
/* "1,2,3)": the numbers up to the closing parenthesis, at most `max`; returns how many. */
size_t text_numbers(struct text *text, uint64_t *numbers, size_t max);
