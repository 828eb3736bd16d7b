#include "fuzz.h"

#include "decimal.h"
#include "json_item.h"
#include "utf8.h"

/* Names that sort in different ways, and those that the expressions of the targets know; none is
 * empty, which no item has. */
static const char *const names[] = {"a",  "b", "l", "m", "n", "s",        "ss",   "ns", "x",
                                    "pk", "e", "y", "z", "A", "\xc3\xa9", "date", "a.b"};
static const char *const strings[] = {"",          "a", "b", "str", "S", "N", "\xf0\x9f\x98\x80",
                                      "\"\\\n\x01"};
static const char *const numbers[] = {
    "0",      "1",       "-1",   "2",
    "10",     "9.5",     "-0.5", "1e38",
    "3",      "5",       "7",    "1e-130",
    "-1e125", "9.9e125", "0.1",  "12345678901234567890123456789012345678"};

uint8_t draw_byte(struct draws *draws)
{
    if (draws->left.size == 0)
        return 0;
    uint8_t byte = draws->left.data[0];
    draws->left = slice_of(draws->left.data + 1, draws->left.size - 1);
    return byte;
}

uint32_t draw_below(struct draws *draws, uint32_t bound)
{
    uint32_t drawn = draw_byte(draws);
    if (bound > 256)
        drawn = drawn << 8 | draw_byte(draws);
    return drawn % bound;
}

bool draw_bool(struct draws *draws)
{
    return draw_byte(draws) & 1;
}

uint64_t draw_u64(struct draws *draws)
{
    uint64_t drawn = 0;
    for (int i = 0; i < 8; i++)
        drawn = drawn << 8 | draw_byte(draws);
    return drawn;
}

struct slice draw_bytes(struct draws *draws, uint32_t size_max)
{
    size_t size = draw_below(draws, size_max + 1);
    if (size > draws->left.size)
        size = draws->left.size;
    struct slice bytes = slice_of(draws->left.data, size);
    draws->left = slice_of(draws->left.data + size, draws->left.size - size);
    return bytes;
}

struct slice draw_rest(struct draws *draws)
{
    struct slice rest = draws->left;
    draws->left.size = 0;
    return rest;
}

const char *draw_one(struct draws *draws, const char *const *table, size_t count)
{
    return table[draw_below(draws, (uint32_t)count)];
}

struct slice draw_number(struct draws *draws, struct arena *arena)
{
    struct decimal_bytes decimal;
    struct slice text = slice_of_string(DRAW_ONE(draws, numbers));
    if (draw_bool(draws)) {
        long long digits = (long long)(int64_t)draw_u64(draws);
        int exponent = (int)draw_below(draws, 300) - 150;
        text = slice_of_string(arena_printf(arena, "%llde%d", digits, exponent));
    }
    return decimal_parse(text, &decimal) == DECIMAL_OK ? text : SLICE_LITERAL("0");
}

static struct slice draw_decimal(struct draws *draws, struct arena *arena)
{
    struct decimal_bytes decimal;
    enum decimal_result result = decimal_parse(draw_number(draws, arena), &decimal);
    ensure(result == DECIMAL_OK);
    return arena_copy(arena, decimal_slice(&decimal));
}

/* The payload of a scalar, or of a set's member. */
static struct slice draw_payload(struct draws *draws, struct arena *arena, enum value_type type)
{
    if (type == VALUE_NUMBER)
        return draw_decimal(draws, arena);
    if (draw_bool(draws))
        return slice_of_string(DRAW_ONE(draws, strings));
    struct slice bytes = draw_bytes(draws, 40);
    return type == VALUE_STRING && !utf8_valid(bytes) ? SLICE_LITERAL("?") : bytes;
}

static struct value_node *draw_node(struct draws *draws, struct arena *arena, unsigned depth);

static struct value_node *draw_container(struct draws *draws, struct arena *arena,
                                         enum value_type type, unsigned depth, unsigned count)
{
    struct value_node *node = value_node_container(arena, type);
    for (unsigned i = 0; i < count; i++) {
        struct slice name = SLICE_EMPTY;
        if (type == VALUE_MAP)
            name = slice_of_string(DRAW_ONE(draws, names));
        if (value_type_is_set(type))
            value_node_add(arena, node, draw_payload(draws, arena, value_type_of_member(type)));
        else if (type == VALUE_LIST)
            value_node_append(node, draw_node(draws, arena, depth - 1));
        else
            value_node_put(node, name, draw_node(draws, arena, depth - 1));
    }
    return node;
}

static struct value_node *draw_node(struct draws *draws, struct arena *arena, unsigned depth)
{
    enum value_type type = (enum value_type)(1 + draw_below(draws, VALUE_BINARY_SET));
    if (depth == 0 && (type == VALUE_LIST || type == VALUE_MAP))
        type = VALUE_NUMBER;
    if (type == VALUE_BOOL)
        return value_node_bool(arena, draw_bool(draws));
    if (type == VALUE_NULL)
        return value_node_null(arena);
    if (value_type_is_container(type))
        return draw_container(draws, arena, type, depth, draw_below(draws, 5));
    return value_node_scalar(arena, type, draw_payload(draws, arena, type));
}

struct slice writer_take(struct writer *writer, struct arena *arena)
{
    struct slice copy = arena_copy(arena, writer_slice(writer));
    writer_deinit(writer);
    return copy;
}

static struct slice encode_value(struct arena *arena, const struct value_node *node)
{
    struct writer writer;
    writer_init(&writer, 0);
    writer_put_value(&writer, node);
    return writer_take(&writer, arena);
}

struct slice encode_item(struct arena *arena, const struct value_node *map)
{
    struct writer writer;
    writer_init(&writer, 0);
    writer_put_item(&writer, map);
    return writer_take(&writer, arena);
}

struct slice draw_value(struct draws *draws, struct arena *arena, unsigned depth)
{
    const struct value_node *culprit;
    struct value_node *node = draw_node(draws, arena, depth);
    if (value_node_finish(node, &culprit) != VALUE_FINE)
        return value_of_json(arena, "{'N':'1'}");
    return encode_value(arena, node);
}

struct slice draw_item(struct draws *draws, struct arena *arena, unsigned depth, unsigned count_max)
{
    const struct value_node *culprit;
    unsigned count = draw_below(draws, count_max + 1);
    struct value_node *map = value_node_container(arena, VALUE_MAP);
    for (unsigned i = 0; i < count; i++) {
        struct slice name = slice_of_string(DRAW_ONE(draws, names));
        struct slice value = draw_value(draws, arena, depth);
        if (value_node_find(map, name) == NULL)
            value_node_put(map, name, value_node_encoded(arena, value));
    }
    enum value_problem problem = value_node_finish_item(map, &culprit);
    ensure(problem == VALUE_FINE);
    return encode_item(arena, map);
}

void check_problem(const char *problem)
{
    ensure(problem[0] != '\0');
    ensure(utf8_valid(slice_of_string(problem)));
}

yyjson_val *json_parse(struct arena *arena, struct slice text)
{
    yyjson_alc allocator = json_arena_allocator(arena);
    return text.size == 0
               ? NULL
               : yyjson_doc_get_root(yyjson_read_opts((char *)(uintptr_t)text.data, text.size,
                                                      YYJSON_READ_NOFLAG, &allocator, NULL));
}

yyjson_val *json_quoted(struct arena *arena, const char *text)
{
    char *copy = arena_printf(arena, "%s", text);
    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    yyjson_val *json = json_parse(arena, slice_of_string(copy));
    ensure(json != NULL);
    return json;
}

struct slice value_of_json(struct arena *arena, const char *text)
{
    struct value_node *node;
    const char *problem = json_value_read(arena, json_quoted(arena, text), &node);
    ensure(problem == NULL);
    return encode_value(arena, node);
}

struct slice item_of_json(struct arena *arena, const char *text)
{
    struct value_node *node;
    const char *problem = json_item_read(arena, json_quoted(arena, text), &node);
    ensure(problem == NULL);
    return encode_item(arena, node);
}
