#include "bench_template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE_MAX = 20, KEY_DIGITS = 12 };

static const struct {
    const char *token;
    enum bench_hole hole;
} holes[] = {
    {"{key}", BENCH_HOLE_KEY},     {"{sort}", BENCH_HOLE_SORT},   {"{value}", BENCH_HOLE_VALUE},
    {"{limit}", BENCH_HOLE_LIMIT}, {"{field}", BENCH_HOLE_FIELD}, {"{next}", BENCH_HOLE_NEXT},
};

void bench_pool_init(struct bench_pool *pool, size_t value_size, struct prng *prng)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab";
    size_t size = BENCH_POOL_SIZE + value_size;
    *pool = (struct bench_pool){.letters = malloc(size), .value_size = value_size};
    ensure(pool->letters != NULL);
    for (size_t i = 0; i < size; i++)
        pool->letters[i] = letters[prng_next(prng) % 64];
}

void bench_pool_deinit(struct bench_pool *pool)
{
    free(pool->letters);
}

/* The first hole in `text`; `length` is set to that of the text before it. */
static enum bench_hole hole_find(const char *text, size_t *length, size_t *token_length)
{
    *token_length = 0;
    for (const char *at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{')) {
        for (size_t i = 0; i < array_size(holes); i++) {
            *token_length = strlen(holes[i].token);
            if (strncmp(at, holes[i].token, *token_length) == 0) {
                *length = (size_t)(at - text);
                return holes[i].hole;
            }
        }
    }
    *token_length = 0;
    *length = strlen(text);
    return BENCH_HOLE_NONE;
}

static size_t hole_size_max(enum bench_hole hole, size_t value_size)
{
    switch (hole) {
    case BENCH_HOLE_KEY:
    case BENCH_HOLE_SORT:
        return BENCH_KEY_SIZE;
    case BENCH_HOLE_VALUE:
        return value_size;
    case BENCH_HOLE_LIMIT:
    case BENCH_HOLE_FIELD:
        return NUMBER_SIZE_MAX;
    case BENCH_HOLE_NONE:
    case BENCH_HOLE_NEXT:
        break;
    }
    return 0;
}

static void cut_up(struct bench_template *template, size_t value_size)
{
    size_t room = 0;
    enum bench_hole hole;
    const char *at = template->text;
    do {
        size_t length, token_length;
        hole = hole_find(at, &length, &token_length);
        if (template->parts_count == room) {
            room = room == 0 ? 16 : room * 2;
            template->parts = reallocarray(template->parts, room, sizeof(*template->parts));
            ensure(template->parts != NULL);
        }
        template->parts[template->parts_count++] =
            (struct bench_part){.text = slice_of(at, length), .hole = hole};
        template->size_max += length + hole_size_max(hole, value_size);
        at += length + token_length;
    } while (hole != BENCH_HOLE_NONE);
}

static void put_key(FILE *out, const struct bench_options *options)
{
    fputs("\"pk\":{\"S\":\"{key}\"}", out);
    if (options->collection > 1)
        fputs(",\"sk\":{\"S\":\"{sort}\"}", out);
}

static void put_item(FILE *out, const struct bench_options *options)
{
    fputs("\"Item\":{", out);
    put_key(out, options);
    for (uint64_t i = 0; i < options->fields; i++)
        fprintf(out, ",\"field%llu\":{\"S\":\"{value}\"}", (unsigned long long)i);
    fputs("}", out);
}

static void put_batch(FILE *out, enum bench_operation operation,
                      const struct bench_options *options)
{
    bool writes = operation == BENCH_BATCH_WRITE;
    fprintf(out, "{\"RequestItems\":{\"%s\":%s", options->table, writes ? "[" : "{\"Keys\":[");
    for (uint64_t i = 0; i < options->batch; i++) {
        fputs(i == 0 ? "" : ",{next}", out);
        fputs(writes ? "{\"PutRequest\":{" : "{", out);
        if (writes)
            put_item(out, options);
        else
            put_key(out, options);
        fputs(writes ? "}}" : "}", out);
    }
    fputs(writes ? "]}}" : "]}}}", out);
}

static void put_rest(FILE *out, enum bench_operation operation, const struct bench_options *options)
{
    switch (operation) {
    case BENCH_PUT:
    case BENCH_INSERT:
    case BENCH_PUT_IF:
        put_item(out, options);
        if (operation == BENCH_PUT_IF)
            fputs(",\"ConditionExpression\":\"attribute_exists(pk)\"", out);
        return;
    case BENCH_QUERY:
        fputs("\"KeyConditionExpression\":\"pk = :pk\",\"ExpressionAttributeValues\":"
              "{\":pk\":{\"S\":\"{key}\"}},\"Limit\":{limit}",
              out);
        return;
    case BENCH_SCAN:
        fputs("\"Limit\":{limit},\"ExclusiveStartKey\":{", out);
        put_key(out, options);
        fputs("}", out);
        return;
    default:
        break;
    }
    fputs("\"Key\":{", out);
    put_key(out, options);
    fputs("}", out);
    if (operation == BENCH_GET_CONSISTENT)
        fputs(",\"ConsistentRead\":true", out);
    if (operation == BENCH_UPDATE)
        fputs(",\"UpdateExpression\":\"SET field{field} = :v\",\"ExpressionAttributeValues\":"
              "{\":v\":{\"S\":\"{value}\"}}",
              out);
}

void bench_template_init(struct bench_template *template, enum bench_operation operation,
                         const struct bench_options *options)
{
    *template = (struct bench_template){.collection = options->collection};
    size_t size;
    FILE *out = open_memstream(&template->text, &size);
    ensure(out != NULL);
    if (operation == BENCH_HTTP) {
        fputs(options->body == NULL ? "" : options->body, out);
    } else if (operation == BENCH_BATCH_GET || operation == BENCH_BATCH_WRITE) {
        put_batch(out, operation, options);
    } else {
        fprintf(out, "{\"TableName\":\"%s\",", options->table);
        put_rest(out, operation, options);
        fputs("}", out);
    }
    ensure(fclose(out) == 0);
    cut_up(template, options->field_size);
}

void bench_template_deinit(struct bench_template *template)
{
    free(template->parts);
    free(template->text);
}

/* "user000000000042" */
static size_t render_key(char *at, const char *prefix, uint64_t number)
{
    memcpy(at, prefix, BENCH_KEY_SIZE - KEY_DIGITS);
    for (size_t i = BENCH_KEY_SIZE; i-- > BENCH_KEY_SIZE - KEY_DIGITS;) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return BENCH_KEY_SIZE;
}

static size_t render_number(char *at, uint64_t number)
{
    char digits[NUMBER_SIZE_MAX];
    size_t begin = sizeof(digits);
    do {
        digits[--begin] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(at, digits + begin, sizeof(digits) - begin);
    return sizeof(digits) - begin;
}

static size_t render_value(char *at, const struct bench_fill *fill)
{
    const struct bench_pool *pool = fill->pool;
    memcpy(at, pool->letters + prng_next(fill->prng) % BENCH_POOL_SIZE, pool->value_size);
    return pool->value_size;
}

size_t bench_template_render(const struct bench_template *template, const struct bench_fill *fill,
                             char *body)
{
    const uint64_t *key = fill->keys;
    char *at = body;
    for (const struct bench_part *part = template->parts;; part++) {
        memcpy(at, part->text.data, part->text.size);
        at += part->text.size;
        switch (part->hole) {
        case BENCH_HOLE_NONE:
            return (size_t)(at - body);
        case BENCH_HOLE_KEY:
            at += render_key(at, "user", *key / template->collection);
            break;
        case BENCH_HOLE_SORT:
            at += render_key(at, "item", *key % template->collection);
            break;
        case BENCH_HOLE_VALUE:
            at += render_value(at, fill);
            break;
        case BENCH_HOLE_LIMIT:
            at += render_number(at, fill->limit);
            break;
        case BENCH_HOLE_FIELD:
            at += render_number(at, fill->field);
            break;
        case BENCH_HOLE_NEXT:
            key++;
            break;
        }
    }
}
