/* F10: key conditions and projections. The input is a text, or choices of which one is made, then
 * choices for an item; both parsers see every text. */
#include "condition.h"
#include "expression_draw.h"
#include "expression_parser.h"
#include "json_item.h"
#include "key_condition.h"
#include "key_relations.h"
#include "projection.h"

static bool stands(const struct key_term *term, struct slice item)
{
    struct slice value;
    if (!item_find(item, term->name, &value) || value_type(value) != value_type(term->bound))
        return false;
    bool between = term->relation == SORT_BETWEEN;
    if (between && value_type(value) != value_type(term->bound_high))
        return false;
    return key_relation_holds(term->relation, value_bytes(value), value_bytes(term->bound),
                              between ? value_bytes(term->bound_high) : SLICE_EMPTY);
}

/* A key condition is a condition, too, and means the same as one. */
static void check_meaning(struct arena *arena, const struct key_condition *terms, struct slice text,
                          struct slice item)
{
    struct expression_context context = expression_draw_context(arena);
    struct expression *condition;
    bool expected = true;
    for (size_t i = 0; i < terms->count; i++) {
        const struct key_term *term = &terms->terms[i];
        enum value_type type = value_type(term->bound);
        if (type > VALUE_BINARY || term->unindexed ||
            (type == VALUE_NUMBER && term->relation == SORT_BEGINS_WITH))
            return; /* refused for any key */
        expected &= stands(&terms->terms[i], item);
    }
    const char *problem = expression_parse_condition(&context, text, &condition);
    ensure(problem == NULL);
    ensure(condition_holds(arena, condition, item) == expected);
}

static void check_key_condition(struct arena *arena, struct slice text, struct slice item)
{
    struct expression_context context = expression_draw_context(arena);
    struct key_condition condition;
    struct expression *parsed;
    const char *problem = key_condition_parse(&context, text, &parsed);
    if (problem == NULL)
        problem = key_condition_reduce(arena, parsed, &condition);
    if (problem != NULL) {
        check_problem(problem);
        return;
    }
    ensure(condition.count == 1 || condition.count == 2);
    for (size_t i = 0; i < condition.count; i++) {
        const struct key_term *term = &condition.terms[i];
        ensure(term->name.size > 0);
        ensure(value_valid(term->bound));
        ensure(term->relation != SORT_BETWEEN || value_valid(term->bound_high));
    }
    ensure(condition.count == 1 || !slice_equal(condition.terms[0].name, condition.terms[1].name));
    check_meaning(arena, &condition, text, item);
}

/* What the projection writes, read as an item; empty where it cannot be one. */
static struct slice project(struct arena *arena, const struct projection *projection,
                            struct slice item)
{
    struct writer text;
    struct value_node *node;
    writer_init(&text, 0);
    projection_put_item(&text, projection, item);
    yyjson_val *json = json_parse(arena, writer_take(&text, arena));
    ensure(json != NULL);
    ensure(json_item_check(arena, json) == NULL);
    const char *problem = json_item_read(arena, json, &node);
    ensure(problem == NULL);
    return encode_item(arena, node);
}

/* Nothing is selected that no path begins with. */
static void check_names(const struct projection_paths *paths, struct slice selected)
{
    struct item_cursor cursor = item_cursor(selected);
    struct slice name, value;
    while (item_next(&cursor, &name, &value)) {
        bool named = false;
        for (size_t i = 0; i < paths->count; i++)
            named |= slice_equal(paths->paths[i].elements[0].name, name);
        ensure(named);
    }
}

static void check_projection(struct arena *arena, struct slice text, struct slice item)
{
    struct expression_context context = expression_draw_context(arena);
    struct projection_paths paths;
    struct projection projection;
    struct slice value, found;
    bool by_name = true;
    const char *problem = expression_parse_projection(&context, text, &paths);
    if (problem != NULL) {
        check_problem(problem);
        return;
    }
    projection_init(&projection, arena, &paths);
    struct slice selected = project(arena, &projection, item);
    check_names(&paths, selected);
    for (size_t i = 0; i < paths.count; i++) {
        if (!expression_by_name(&paths.paths[i])) {
            by_name = false;
            continue;
        }
        bool there = document_path_find(&paths.paths[i], item, &value);
        ensure(document_path_find(&paths.paths[i], selected, &found) == there);
        ensure(slice_equal(value, found));
    }
    /* Elements close up: only without indexes is what was selected selected again. */
    if (by_name)
        ensure(slice_equal(project(arena, &projection, selected), selected));
    ensure(selected.size <= item.size || item.size == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct draws draws = {slice_of(data, size)};
    arena_init(&arena);
    bool key = draws.left.size > 0 && draws.left.data[0] != 'T' && draw_bool(&draws);
    struct slice text = expression_draw_text(
        &draws, &arena, key ? expression_draw_key_condition : expression_draw_projection);
    struct slice item = expression_draw_item(&draws, &arena);
    check_key_condition(&arena, text, item);
    check_projection(&arena, text, item);
    arena_deinit(&arena);
    return 0;
}
