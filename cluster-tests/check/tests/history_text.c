#include "history_text.h"

#include <ctype.h>
#include <stdlib.h>

static void skip_spaces(struct text *text)
{
    while (*text->at == ' ')
        text->at++;
}

bool text_end(struct text *text)
{
    skip_spaces(text);
    return *text->at == '\0';
}

bool text_take(struct text *text, char token)
{
    skip_spaces(text);
    if (*text->at != token)
        return false;
    text->at++;
    return true;
}

uint64_t text_number(struct text *text)
{
    skip_spaces(text);
    ensure(isdigit((unsigned char)*text->at));
    char *end;
    uint64_t number = strtoull(text->at, &end, 10);
    text->at = end;
    return number;
}

void text_interval(struct text *text, uint64_t *invoked, uint64_t *completed)
{
    bool at = text_take(text, '@');
    ensure(at);
    *invoked = text_number(text);
    bool dash = text_take(text, '-');
    ensure(dash);
    *completed = text_take(text, '?') ? UINT64_MAX : text_number(text);
}

size_t text_numbers(struct text *text, uint64_t *numbers, size_t max)
{
    size_t count = 0;
    while (!text_take(text, ')')) {
        ensure(count < max);
        numbers[count++] = text_number(text);
        (void)text_take(text, ',');
    }
    return count;
}
