#include "raw_requests.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 16 };

/* What lines "NAME = bytes" have said. */
struct names {
    char *name[NAMES_MAX];
    struct writer bytes[NAMES_MAX];
    size_t count;
};

static void expand(const struct names *names, const char *text, size_t size, struct writer *bytes);

static void take_line(struct names *names, struct raw_requests *requests, char *line)
{
    char *tab = strchr(line, '\t');
    char *equals = strstr(line, " = ");
    if (line[0] == '#' || line[0] == '\0')
        return;
    if (tab == NULL) {
        ensure(equals != NULL);
        ensure(names->count < NAMES_MAX);
        names->name[names->count] = strndup(line, (size_t)(equals - line));
        struct writer *bytes = &names->bytes[names->count];
        writer_init(bytes, 0);
        expand(names, equals + 3, strlen(equals + 3), bytes);
        names->count++;
        return;
    }
    struct writer bytes;
    writer_init(&bytes, 64);
    expand(names, tab + 1, strlen(tab + 1), &bytes);
    requests->rows = realloc(requests->rows, (requests->count + 1) * sizeof(*requests->rows));
    ensure(requests->rows != NULL);
    uint8_t *copy = malloc(bytes.size);
    ensure(copy != NULL);
    memcpy(copy, writer_slice(&bytes).data, bytes.size);
    requests->rows[requests->count++] = (struct raw_request){
        .replies = strndup(line, (size_t)(tab - line)), .bytes = slice_of(copy, bytes.size)};
    writer_deinit(&bytes);
}

struct raw_requests raw_requests_load(const char *path)
{
    struct raw_requests requests = {NULL, 0};
    struct names names = {.count = 0};
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    FILE *file = fopen(path, "r");
    ensure(file != NULL);
    while ((size = getline(&line, &capacity, file)) > 0) {
        line[size - 1] = '\0';
        take_line(&names, &requests, line);
    }
    free(line);
    fclose(file);
    for (size_t i = 0; i < names.count; i++) {
        free(names.name[i]);
        writer_deinit(&names.bytes[i]);
    }
    return requests;
}

void raw_requests_free(struct raw_requests *requests)
{
    for (size_t i = 0; i < requests->count; i++) {
        free(requests->rows[i].replies);
        free((void *)(uintptr_t)requests->rows[i].bytes.data);
    }
    free(requests->rows);
}

/* One escape behind its backslash; how many characters it has. */
static size_t expand_escape(const char *text, struct writer *bytes)
{
    static const char letters[] = "rnt0\\{";
    static const char values[] = "\r\n\t\0\\{";
    if (text[0] == 'x') {
        const char digits[] = {text[1], text[2], '\0'};
        writer_put_u8(bytes, (uint8_t)strtoul(digits, NULL, 16));
        return 3;
    }
    const char *letter = text[0] == '\0' ? NULL : strchr(letters, text[0]);
    ensure(letter != NULL);
    writer_put_u8(bytes, (uint8_t)values[letter - letters]);
    return 1;
}

/* What stands between braces. */
static void expand_braces(const struct names *names, const char *text, size_t size,
                          struct writer *bytes)
{
    if (isdigit((unsigned char)text[0])) {
        char *star;
        unsigned long count = strtoul(text, &star, 10);
        ensure(*star == '*');
        struct writer once;
        writer_init(&once, 0);
        expand(names, star + 1, size - (size_t)(star + 1 - text), &once);
        for (unsigned long i = 0; i < count; i++)
            writer_put_slice(bytes, writer_slice(&once));
        writer_deinit(&once);
        return;
    }
    for (size_t i = 0; i < names->count; i++) {
        if (strlen(names->name[i]) == size && memcmp(names->name[i], text, size) == 0) {
            writer_put_slice(bytes, writer_slice(&names->bytes[i]));
            return;
        }
    }
    ensure(false);
}

static void expand(const struct names *names, const char *text, size_t size, struct writer *bytes)
{
    size_t at = 0;
    while (at < size) {
        char character = text[at++];
        if (character == '\\') {
            at += expand_escape(text + at, bytes);
        } else if (character == '{') {
            const char *end = memchr(text + at, '}', size - at);
            ensure(end != NULL);
            expand_braces(names, text + at, (size_t)(end - text) - at, bytes);
            at = (size_t)(end - text) + 1;
        } else {
            writer_put_u8(bytes, (uint8_t)character);
        }
    }
}
