#include "program.h"

#include "expression_check.h"
#include "item.h"
#include "utf8.h"

struct decoder {
    struct arena *arena;
    struct reader reader;
    struct slice *values;
    size_t values_count;
    size_t nodes; /* decoded so far, with actions and steps of paths */
    unsigned depth;
};

static void fail(struct decoder *decoder)
{
    decoder->reader.failed = true;
}

/* A number of values, nodes, actions or steps that follow; 0 if there cannot be so many. */
static size_t get_count(struct decoder *decoder)
{
    uint64_t count = reader_get_varint(&decoder->reader);
    if (count > PROGRAM_NODES_MAX - decoder->nodes || count > reader_left(&decoder->reader)) {
        fail(decoder);
        return 0;
    }
    decoder->nodes += (size_t)count;
    return (size_t)count;
}

static struct path_element get_element(struct decoder *decoder, bool first)
{
    struct path_element element = {.is_index = false};
    uint8_t kind = reader_get_u8(&decoder->reader);
    element.is_index = kind == 1;
    if (element.is_index) {
        uint64_t index = reader_get_varint(&decoder->reader);
        element.index = (uint32_t)index;
        if (first || index > INT32_MAX)
            fail(decoder);
        return element;
    }
    element.name = reader_get_sized(&decoder->reader);
    if (kind != 0 || !utf8_valid(element.name))
        fail(decoder);
    return element;
}

static struct document_path get_path(struct decoder *decoder)
{
    struct document_path path = {NULL, get_count(decoder)};
    if (path.count == 0 || path.count > PATH_ELEMENTS_MAX) {
        fail(decoder);
        return path;
    }
    path.elements = arena_alloc(decoder->arena, path.count * sizeof(*path.elements));
    for (size_t i = 0; i < path.count; i++)
        path.elements[i] = get_element(decoder, i == 0);
    return path;
}

static void get_values(struct decoder *decoder)
{
    decoder->values_count = get_count(decoder);
    decoder->values = arena_alloc(decoder->arena, decoder->values_count * sizeof(*decoder->values));
    for (size_t i = 0; i < decoder->values_count && !decoder->reader.failed; i++) {
        decoder->values[i] = reader_get_sized(&decoder->reader);
        if (!value_valid(decoder->values[i]))
            fail(decoder);
    }
}

static struct slice get_value(struct decoder *decoder)
{
    uint64_t position = reader_get_varint(&decoder->reader);
    if (position < decoder->values_count)
        return decoder->values[position];
    fail(decoder);
    return SLICE_EMPTY;
}

/* As many operands as a node of that kind has. */
static bool count_fits(const struct expression *node)
{
    switch (node->kind) {
    case EXPRESSION_PATH:
    case EXPRESSION_VALUE:
        return node->count == 0;
    case EXPRESSION_FUNCTION: {
        size_t operands = expression_function_operands(node->function);
        return operands > 0 && node->count == operands;
    }
    case EXPRESSION_NOT:
        return node->count == 1;
    case EXPRESSION_BETWEEN:
        return node->count == 3;
    case EXPRESSION_IN:
    case EXPRESSION_AND:
    case EXPRESSION_OR:
        return node->count >= 2;
    default:
        return node->count == 2;
    }
}

static struct expression *get_node(struct decoder *decoder);

static void get_operands(struct decoder *decoder, struct expression *node)
{
    if (node->kind == EXPRESSION_FUNCTION)
        node->function = reader_get_u8(&decoder->reader);
    node->count = get_count(decoder);
    if (!count_fits(node) || decoder->depth == PROGRAM_DEPTH_MAX)
        fail(decoder);
    struct expression **end = &node->first;
    decoder->depth++;
    for (size_t i = 0; i < node->count && !decoder->reader.failed; i++) {
        *end = get_node(decoder);
        end = &(*end)->next;
    }
    decoder->depth--;
}

/* Never NULL. */
static struct expression *get_node(struct decoder *decoder)
{
    struct expression *node = arena_zalloc(decoder->arena, sizeof(*node));
    uint8_t kind = reader_get_u8(&decoder->reader);
    if (kind >= EXPRESSION_KINDS)
        fail(decoder);
    node->kind = decoder->reader.failed ? EXPRESSION_VALUE : kind;
    if (node->kind == EXPRESSION_PATH)
        node->path = get_path(decoder);
    else if (node->kind == EXPRESSION_VALUE)
        node->value = get_value(decoder);
    else
        get_operands(decoder, node);
    return node;
}

/* The node may be of any kind: what has no meaning where it stands does not hold, or is no value. */
static void get_action(struct decoder *decoder, struct update_action *action)
{
    uint8_t section = reader_get_u8(&decoder->reader);
    if (section >= UPDATE_SECTIONS)
        fail(decoder);
    action->section = decoder->reader.failed ? UPDATE_REMOVE : section;
    action->path = get_path(decoder);
    if (action->section == UPDATE_REMOVE)
        return;
    action->value = get_node(decoder);
    if (action->section != UPDATE_SET && action->value->kind != EXPRESSION_VALUE)
        fail(decoder);
}

static void get_update(struct decoder *decoder, struct program *program)
{
    struct update_expression *update = &program->update;
    program->initial = reader_get_sized(&decoder->reader);
    if (decoder->reader.failed || !item_valid(program->initial))
        fail(decoder);
    update->count = get_count(decoder);
    update->actions = arena_zalloc(decoder->arena, update->count * sizeof(*update->actions));
    for (size_t i = 0; i < update->count && !decoder->reader.failed; i++) {
        get_action(decoder, &update->actions[i]);
        if (i == 0 || decoder->reader.failed)
            continue;
        const struct document_path *before = &update->actions[i - 1].path;
        const struct document_path *here = &update->actions[i].path;
        if (document_path_compare(before, here) >= 0 ||
            document_path_clash(before, here) != PATHS_APART)
            fail(decoder);
    }
}

static void get_keys(struct decoder *decoder, struct program *program)
{
    uint64_t count = reader_get_varint(&decoder->reader);
    if (count > LOCAL_INDEXES_MAX)
        fail(decoder);
    while (program->keys_count < count && !decoder->reader.failed) {
        struct index_attribute *key = &program->keys[program->keys_count++];
        uint8_t type = reader_get_u8(&decoder->reader);
        key->name = reader_get_sized(&decoder->reader);
        key->type = type;
        if (type < VALUE_STRING || type > VALUE_BINARY || !utf8_valid(key->name))
            fail(decoder);
    }
}

bool program_decode(struct arena *arena, struct slice bytes, struct program *program)
{
    *program = (struct program){.condition = NULL};
    struct decoder decoder = {.arena = arena, .reader = reader_of(bytes)};
    uint8_t version = reader_get_u8(&decoder.reader);
    uint8_t flags = reader_get_u8(&decoder.reader);
    bool has_keys = (flags & PROGRAM_HAS_KEYS) != 0;
    if (version != PROGRAM_VERSION || (flags & ~PROGRAM_FLAGS) != 0 ||
        (has_keys && (flags & PROGRAM_HAS_UPDATE) == 0))
        return false;
    get_values(&decoder);
    if ((flags & PROGRAM_HAS_CONDITION) != 0)
        program->condition = get_node(&decoder);
    program->updates = (flags & PROGRAM_HAS_UPDATE) != 0;
    if (program->updates)
        get_update(&decoder, program);
    if (has_keys)
        get_keys(&decoder, program);
    return reader_done(&decoder.reader);
}
