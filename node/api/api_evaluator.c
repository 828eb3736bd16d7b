#include "api_evaluator.h"

#include "condition.h"
#include "decimal.h"
#include "messages.h"
#include "program_build.h"
#include "table.h"
#include "update.h"

static enum evaluation refuse(struct writer *out, const char *message)
{
    writer_put_slice(out, slice_of_string(message));
    return EVALUATION_INVALID;
}

/* NULL, or why the item cannot stand in an index. */
static const char *check_keys(const struct program *program, const struct value_node *item)
{
    for (size_t i = 0; i < program->keys_count; i++) {
        const struct index_attribute *key = &program->keys[i];
        const struct value_node *value = value_node_find(item, key->name);
        if (value == NULL)
            continue;
        struct slice bytes = value->encoded ? value_bytes(value->bytes) : value->bytes;
        if (value->type != key->type)
            return MESSAGE_INDEX_KEY_UPDATE_TYPE;
        if (key->type != VALUE_NUMBER && bytes.size == 0)
            return key->type == VALUE_STRING ? MESSAGE_INDEX_KEY_UPDATE_NO_STRING
                                             : MESSAGE_INDEX_KEY_UPDATE_NO_BINARY;
        if (bytes.size > SORT_KEY_SIZE_MAX)
            return MESSAGE_SORT_KEY_TOO_LARGE;
    }
    return NULL;
}

static enum evaluation update(struct arena *arena, const struct program *program, struct slice item,
                              struct writer *out)
{
    struct value_node *updated;
    const char *problem = update_apply(arena, &program->update, item, &updated);
    if (problem == NULL)
        problem = check_keys(program, updated);
    if (problem != NULL)
        return refuse(out, problem);
    size_t start = out->size;
    writer_put_item(out, updated);
    struct slice written = writer_slice(out);
    if (item_size(slice_of(written.data + start, written.size - start)) <= ITEM_SIZE_MAX)
        return EVALUATION_PUT;
    out->size = start;
    return refuse(out, MESSAGE_UPDATE_TOO_LARGE);
}

static enum evaluation run(struct arena *arena, struct slice bytes, const struct slice *item,
                           struct writer *out)
{
    struct program program;
    if (!program_decode(arena, bytes, &program))
        return refuse(out, MESSAGE_PROGRAM_MALFORMED);
    struct slice current = item == NULL ? SLICE_EMPTY : *item;
    if (program.condition != NULL && !condition_holds(arena, program.condition, current))
        return EVALUATION_FALSE;
    if (!program.updates)
        return EVALUATION_TRUE;
    return update(arena, &program, item == NULL ? program.initial : current, out);
}

static enum evaluation evaluate(const struct evaluator *self, struct slice program,
                                const struct slice *item, struct writer *out)
{
    (void)self;
    struct arena arena;
    arena_init(&arena);
    enum evaluation evaluation = run(&arena, program, item, out);
    arena_deinit(&arena);
    return evaluation;
}

/* `attribute` and the seconds, related so. */
static struct expression *comparison(struct arena *arena, struct slice attribute,
                                     enum expression_kind kind, uint64_t seconds)
{
    struct expression *nodes = arena_zalloc(arena, 3 * sizeof(*nodes));
    struct decimal_bytes decimal;
    decimal_from_i64((int64_t)seconds, &decimal);
    struct writer value;
    writer_init(&value, sizeof(decimal.bytes) + 2);
    writer_put_u8(&value, VALUE_NUMBER);
    writer_put_sized(&value, decimal_slice(&decimal));
    nodes[0] = (struct expression){.kind = kind, .first = &nodes[1], .count = 2};
    nodes[1] = (struct expression){
        .kind = EXPRESSION_PATH, .path = document_path_of(arena, attribute), .next = &nodes[2]};
    nodes[2] = (struct expression){.kind = EXPRESSION_VALUE,
                                   .value = arena_copy(arena, writer_slice(&value))};
    writer_deinit(&value);
    return nodes;
}

/* attribute > :after AND attribute <= :until */
static void put_expired(const struct evaluator *self, struct slice attribute, uint64_t after,
                        uint64_t until, struct writer *program)
{
    (void)self;
    struct arena arena;
    arena_init(&arena);
    struct expression both = {.kind = EXPRESSION_AND, .count = 2};
    both.first = comparison(&arena, attribute, EXPRESSION_GREATER, after);
    both.first->next = comparison(&arena, attribute, EXPRESSION_LESS_OR_EQUAL, until);
    struct program_parts parts = {.condition = &both};
    program_build(program, &arena, &parts);
    arena_deinit(&arena);
}

const struct evaluator *api_evaluator(void)
{
    static const struct evaluator evaluator = {evaluate, put_expired};
    return &evaluator;
}
