/* F8: conditions and filters. The input is a text, or choices of which one is made, then choices for
 * an item. What parses goes through a program and back and means the same on every item; its
 * negation means the opposite. */
#include "api_evaluator.h"
#include "condition.h"
#include "expression_draw.h"
#include "expression_parser.h"
#include "program_build.h"

static struct expression *parse(struct arena *arena, struct slice text)
{
    struct expression_context context = expression_draw_context(arena);
    struct expression *condition = NULL;
    const char *problem = expression_parse_condition(&context, text, &condition);
    if (problem != NULL) {
        check_problem(problem);
        return NULL;
    }
    ensure(condition != NULL);
    return condition;
}

static void check_program(struct arena *arena, const struct expression *condition,
                          struct slice item, bool expected)
{
    struct program_parts parts = {.condition = condition};
    struct writer bytes, again, out;
    struct program program;
    writer_init(&bytes, 0);
    writer_init(&again, 0);
    writer_init(&out, 0);
    program_build(&bytes, arena, &parts);
    bool decoded = program_decode(arena, writer_slice(&bytes), &program);
    ensure(decoded && program.condition != NULL && !program.updates);
    ensure(condition_holds(arena, program.condition, item) == expected);
    parts.condition = program.condition;
    program_build(&again, arena, &parts);
    ensure(slice_equal(writer_slice(&bytes), writer_slice(&again)));
    const struct evaluator *evaluator = api_evaluator();
    enum evaluation evaluation =
        evaluator->evaluate(evaluator, writer_slice(&bytes), item.size > 0 ? &item : NULL, &out);
    ensure(evaluation == (expected ? EVALUATION_TRUE : EVALUATION_FALSE));
    writer_deinit(&bytes);
    writer_deinit(&again);
    writer_deinit(&out);
}

/* `format` puts the text into another, which need not be allowed. */
static void check_variant(struct arena *arena, const char *format, struct slice text,
                          struct slice item, bool expected)
{
    const char *at = strstr(format, "%s");
    struct writer variant;
    writer_init(&variant, 0);
    writer_put(&variant, format, (size_t)(at - format));
    writer_put_slice(&variant, text);
    writer_put_slice(&variant, slice_of_string(at + 2));
    struct expression *condition = parse(arena, writer_slice(&variant));
    if (condition != NULL)
        ensure(condition_holds(arena, condition, item) == expected);
    writer_deinit(&variant);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct draws draws = {slice_of(data, size)};
    arena_init(&arena);
    struct slice text = expression_draw_text(&draws, &arena, expression_draw_condition);
    struct expression *condition = parse(&arena, text);
    if (condition != NULL) {
        struct slice item = expression_draw_item(&draws, &arena);
        bool holds = condition_holds(&arena, condition, item);
        check_program(&arena, condition, item, holds);
        check_variant(&arena, "(%s)", text, item, holds);
        check_variant(&arena, "NOT (%s)", text, item, !holds);
        check_variant(&arena, "(%s) AND attribute_not_exists(nowhere)", text, item, holds);
        check_variant(&arena, "attribute_exists(nowhere) OR (%s)", text, item, holds);
        check_variant(&arena, "attribute_exists(nowhere) AND (%s)", text, item, false);
    }
    arena_deinit(&arena);
    return 0;
}
