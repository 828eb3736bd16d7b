#include "expression_cache.h"

#include <stdlib.h>

#include "expression_parser.h"
#include "hash.h"
#include "item.h"

enum {
    ENTRIES_MAX = 1024,          /* an application has some tens of expressions */
    KEPT_SIZE_MAX = 2 << 20,     /* they take a kilobyte or two each */
    SIGNATURE_SIZE_MAX = 8 << 10 /* names and values that large are not sent twice alike */
};

enum expression_text_kind { TEXT_CONDITION, TEXT_PROJECTION, TEXT_UPDATE };

struct cached_expression {
    struct list_link link;
    uint64_t id;
    size_t size; /* charged, in bytes */
    enum expression_text_kind kind;
    struct slice text;      /* these three are in `bytes` */
    struct slice signature; /* of the context */
    const uint8_t *used;    /* for each name, then each value of the context: 1 if it is used */
    struct expression_image *image;
    uint8_t bytes[];
};

LIST_FUNCTIONS(cached_expressions, struct cached_expression, link)

void expression_cache_init(struct expression_cache *cache)
{
    *cache = (struct expression_cache){.size = 0};
    map_init(&cache->by_id);
    cached_expressions_init(&cache->recent);
}

static void drop(struct expression_cache *cache, struct cached_expression *entry)
{
    map_remove(&cache->by_id, entry->id);
    cached_expressions_remove(&cache->recent, entry);
    cache->size -= entry->size;
    free(entry->image);
    free(entry);
}

void expression_cache_deinit(struct expression_cache *cache)
{
    struct cached_expression *entry;
    while ((entry = cached_expressions_first(&cache->recent)) != NULL)
        drop(cache, entry);
    map_deinit(&cache->by_id);
}

/* The signature. */

static uint8_t *put_sized(uint8_t *at, struct slice bytes)
{
    uint32_t size = (uint32_t)bytes.size;
    memcpy(at, &size, sizeof(size));
    memcpy(at + sizeof(size), bytes.data, bytes.size);
    return at + sizeof(size) + bytes.size;
}

static size_t signature_size(const struct expression_context *context)
{
    size_t size = sizeof(uint32_t);
    for (size_t i = 0; i < context->names.count; i++)
        size += 2 * sizeof(uint32_t) + context->names.all[i].key.size +
                context->names.all[i].means.size;
    for (size_t i = 0; i < context->values.count; i++)
        size += sizeof(uint32_t) + context->values.all[i].key.size + 1;
    return size;
}

/* Names with what they stand for, and values' keys with their types. From then on names are borrowed
 * from there. */
static void sign(struct expression_context *context)
{
    size_t size = signature_size(context);
    if (size > SIGNATURE_SIZE_MAX)
        return;
    uint8_t *bytes = arena_alloc(context->arena, size);
    uint32_t names_count = (uint32_t)context->names.count;
    memcpy(bytes, &names_count, sizeof(names_count));
    uint8_t *at = bytes + sizeof(names_count);
    for (size_t i = 0; i < context->names.count; i++) {
        struct substitute *name = &context->names.all[i];
        at = put_sized(at, name->key);
        at = put_sized(at, name->means);
        name->means.data = at - name->means.size;
    }
    for (size_t i = 0; i < context->values.count; i++) {
        at = put_sized(at, context->values.all[i].key);
        *at++ = (uint8_t)value_type(context->values.all[i].means);
    }
    context->signature = slice_of(bytes, size);
    context->signature_hash = hash64(context->signature);
}

static uint64_t id_of(const struct expression_context *context, enum expression_text_kind kind,
                      struct slice text)
{
    uint64_t parts[] = {context->signature_hash, hash64(text), (uint64_t)kind};
    return hash64_id(slice_of(parts, sizeof(parts)));
}

/* Which substitutes one expression has used. */

static void take_used(struct substitutes *substitutes, uint8_t *used)
{
    for (size_t i = 0; i < substitutes->count; i++) {
        used[i] = substitutes->all[i].used;
        substitutes->all[i].used = false;
    }
}

static void add_used(struct substitutes *substitutes, const uint8_t *used)
{
    for (size_t i = 0; i < substitutes->count; i++)
        if (used[i] != 0)
            substitutes->all[i].used = true;
}

static void take_all_used(struct expression_context *context, uint8_t *used)
{
    take_used(&context->names, used);
    take_used(&context->values, used + context->names.count);
}

static void add_all_used(struct expression_context *context, const uint8_t *used)
{
    add_used(&context->names, used);
    add_used(&context->values, used + context->names.count);
}

/* Keeping. */

static const char *parse(struct expression_context *context, enum expression_text_kind kind,
                         struct slice text, struct parsed_expression *parsed)
{
    *parsed = (struct parsed_expression){.condition = NULL};
    if (kind == TEXT_CONDITION)
        return expression_parse_condition(context, text, &parsed->condition);
    if (kind == TEXT_PROJECTION)
        return expression_parse_projection(context, text, &parsed->projection);
    return expression_parse_update(context, text, &parsed->update);
}

static void keep(struct expression_cache *cache, struct cached_expression *entry)
{
    struct cached_expression *same = map_find(&cache->by_id, entry->id);
    if (same != NULL)
        drop(cache, same);
    cached_expressions_push(&cache->recent, entry);
    map_put(&cache->by_id, entry->id, entry);
    cache->size += entry->size;
    while (cache->size > KEPT_SIZE_MAX || cache->recent.count > ENTRIES_MAX)
        drop(cache, cached_expressions_first(&cache->recent));
}

static struct cached_expression *entry_new(const struct expression_context *context,
                                           enum expression_text_kind kind, struct slice text,
                                           const struct parsed_expression *parsed,
                                           const uint8_t *used)
{
    struct expression_texts texts = {text, context->signature};
    size_t used_size = context->names.count + context->values.count, image_size;
    size_t size = sizeof(struct cached_expression) + text.size + texts.names.size + used_size;
    struct cached_expression *entry = malloc(size);
    ensure(entry != NULL);
    uint8_t *signature = entry->bytes + text.size;
    memcpy(entry->bytes, text.data, text.size);
    memcpy(signature, texts.names.data, texts.names.size);
    if (used_size > 0)
        memcpy(signature + texts.names.size, used, used_size);
    *entry = (struct cached_expression){
        .kind = kind,
        .text = slice_of(entry->bytes, text.size),
        .signature = slice_of(signature, texts.names.size),
        .used = signature + texts.names.size,
        .image = expression_image_new(parsed, context, &texts, &image_size),
    };
    entry->size = size + image_size;
    return entry;
}

static const char *parse_and_keep(struct expression_context *context,
                                  enum expression_text_kind kind, struct slice text, uint64_t id,
                                  struct parsed_expression *parsed)
{
    size_t used_size = context->names.count + context->values.count;
    uint8_t *before = arena_alloc(context->arena, 2 * used_size), *here = before + used_size;
    take_all_used(context, before);
    const char *problem = parse(context, kind, text, parsed);
    if (problem != NULL)
        return problem;
    take_all_used(context, here);
    add_all_used(context, before);
    add_all_used(context, here);
    struct cached_expression *entry = entry_new(context, kind, text, parsed, here);
    entry->id = id;
    keep(context->cache, entry);
    return NULL;
}

static const char *find_or_parse(struct expression_context *context, enum expression_text_kind kind,
                                 struct slice text, struct parsed_expression *parsed)
{
    struct expression_cache *cache = context->cache;
    if (cache != NULL && text.size <= EXPRESSION_SIZE_MAX && context->signature.size == 0)
        sign(context);
    if (context->signature.size == 0)
        return parse(context, kind, text, parsed);
    uint64_t id = id_of(context, kind, text);
    struct cached_expression *entry = map_find(&cache->by_id, id);
    if (entry == NULL || entry->kind != kind || !slice_equal(entry->text, text) ||
        !slice_equal(entry->signature, context->signature)) {
        cache->misses++;
        return parse_and_keep(context, kind, text, id, parsed);
    }
    cache->hits++;
    cached_expressions_remove(&cache->recent, entry);
    cached_expressions_push(&cache->recent, entry);
    add_all_used(context, entry->used);
    struct expression_texts texts = {text, context->signature};
    return expression_image_copy(entry->image, context, &texts, parsed);
}

const char *expression_cache_condition(struct expression_context *context, struct slice text,
                                       struct expression **condition)
{
    struct parsed_expression parsed;
    const char *problem = find_or_parse(context, TEXT_CONDITION, text, &parsed);
    *condition = parsed.condition;
    return problem;
}

const char *expression_cache_projection(struct expression_context *context, struct slice text,
                                        struct projection_paths *projection)
{
    struct parsed_expression parsed;
    const char *problem = find_or_parse(context, TEXT_PROJECTION, text, &parsed);
    *projection = parsed.projection;
    return problem;
}

const char *expression_cache_update(struct expression_context *context, struct slice text,
                                    struct update_expression *update)
{
    struct parsed_expression parsed;
    const char *problem = find_or_parse(context, TEXT_UPDATE, text, &parsed);
    *update = parsed.update;
    return problem;
}
