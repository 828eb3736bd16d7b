#include "programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "decimal.h"

enum { TEXT_MAX = 64 /* of items and programs, as cluster_text() gives them */ };

/* What comes behind a program's name, or NULL. */
static const char *argument(const char *program, const char *name)
{
    size_t size = strlen(name);
    return strncmp(program, name, size) == 0 ? program + size : NULL;
}

static enum evaluation invalid(struct writer *out, const char *message)
{
    writer_put(out, message, strlen(message));
    return EVALUATION_INVALID;
}

static enum evaluation put(struct writer *out, const char *text)
{
    cluster_value(out, text);
    return EVALUATION_PUT;
}

static enum evaluation evaluate_text(const char *program, const char *text, struct writer *out)
{
    char made[2 * TEXT_MAX];
    const char *rest;
    if ((rest = argument(program, "if:")) != NULL)
        return strcmp(text, rest) == 0 ? EVALUATION_TRUE : EVALUATION_FALSE;
    if ((rest = argument(program, "below:")) != NULL)
        return atol(text) < atol(rest) ? EVALUATION_TRUE : EVALUATION_FALSE;
    if ((rest = argument(program, "append:")) != NULL) {
        snprintf(made, sizeof(made), "%s%s", text, rest);
        return put(out, made);
    }
    if ((rest = argument(program, "add:")) != NULL && strcmp(text, "stuck") != 0) {
        snprintf(made, sizeof(made), "%ld", atol(text) + atol(rest));
        return put(out, made);
    }
    return invalid(out, rest != NULL ? "The item is stuck" : "No such program");
}

static bool number_of(struct slice item, struct slice name, int64_t *number)
{
    struct slice value;
    return item_find(item, name, &value) && value_type(value) == VALUE_NUMBER &&
           decimal_to_i64(value_bytes(value), number);
}

static enum evaluation evaluate_due(const char *rest, const struct slice *item)
{
    size_t name_size = strcspn(rest, ":");
    char *end;
    int64_t after = strtoll(rest + name_size + 1, &end, 10);
    int64_t until = strtoll(end + 1, NULL, 10);
    int64_t number;
    bool due = item != NULL && number_of(*item, slice_of(rest, name_size), &number) &&
               number > after && number <= until;
    return due ? EVALUATION_TRUE : EVALUATION_FALSE;
}

static void put_expired(const struct evaluator *self, struct slice attribute, uint64_t after,
                        uint64_t until, struct writer *program)
{
    char text[TEXT_MAX];
    (void)self;
    snprintf(text, sizeof(text), "due:%.*s:%llu:%llu", (int)attribute.size, attribute.data,
             (unsigned long long)after, (unsigned long long)until);
    writer_put_slice(program, slice_of_string(text));
}

static enum evaluation evaluate(const struct evaluator *self, struct slice program,
                                const struct slice *item, struct writer *out)
{
    (void)self;
    char name[TEXT_MAX], text[TEXT_MAX];
    if (program.size >= sizeof(name))
        return invalid(out, "The program is too long");
    memcpy(name, program.data, program.size);
    name[program.size] = '\0';
    const char *rest = argument(name, "due:");
    if (rest != NULL)
        return evaluate_due(rest, item);
    snprintf(text, sizeof(text), "%s", item == NULL ? "" : cluster_text(*item));
    return evaluate_text(name, text, out);
}

const struct evaluator programs_evaluator = {evaluate, put_expired};
