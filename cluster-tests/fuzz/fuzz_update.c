/* F9: updates. The input is a text, or choices of which one is made, then choices for an item. What
 * parses goes through a program and back; what it makes of the item is checked action by action. */
#include "api_evaluator.h"
#include "decimal.h"
#include "expression_draw.h"
#include "expression_parser.h"
#include "program_build.h"
#include "utf8.h"

static void check_sum(struct slice before, struct slice added, struct slice after, bool subtracted)
{
    struct decimal_bytes sum;
    struct slice zero = SLICE_LITERAL("\x80");
    struct slice start = value_type(before) == VALUE_NUMBER ? value_bytes(before) : zero;
    enum decimal_result result = subtracted ? decimal_subtract(start, value_bytes(added), &sum)
                                            : decimal_add(start, value_bytes(added), &sum);
    ensure(result == DECIMAL_OK);
    ensure(slice_equal(value_bytes(after), decimal_slice(&sum)));
}

/* Of paths and values; empty for other operands. */
static struct slice operand_of(const struct expression *operand, struct slice before)
{
    struct slice value = SLICE_EMPTY;
    if (operand->kind == EXPRESSION_VALUE)
        value = operand->value;
    if (operand->kind == EXPRESSION_PATH)
        document_path_find(&operand->path, before, &value);
    return value;
}

static void check_assignment(const struct expression *value, struct slice before,
                             struct slice after)
{
    struct slice given = operand_of(value, before);
    if (given.size > 0)
        ensure(slice_equal(after, given));
    if (value->kind != EXPRESSION_PLUS && value->kind != EXPRESSION_MINUS)
        return;
    struct slice first = operand_of(value->first, before);
    struct slice second = operand_of(value->first->next, before);
    if (first.size > 0 && second.size > 0)
        check_sum(first, second, after, value->kind == EXPRESSION_MINUS);
}

static void check_set(struct slice before, struct slice given, struct slice after, bool deleted)
{
    struct item_cursor cursor = value_cursor(given);
    struct slice member;
    while (set_next(&cursor, &member))
        ensure(set_contains(after, member) == !deleted);
    cursor = value_cursor(before);
    while (set_next(&cursor, &member))
        ensure(set_contains(after, member) == (!deleted || !set_contains(given, member)));
}

static void check_action(const struct update_action *action, struct slice before,
                         struct slice after)
{
    struct slice old, new;
    if (!expression_by_name(&action->path))
        return; /* indexes mean other places after an update that removes or appends */
    document_path_find(&action->path, before, &old);
    bool found = document_path_find(&action->path, after, &new);
    const struct expression *value = action->value;
    switch (action->section) {
    case UPDATE_SET:
        ensure(found);
        check_assignment(value, before, new);
        break;
    case UPDATE_REMOVE:
        ensure(!found);
        break;
    case UPDATE_ADD:
        ensure(found);
        if (value_type(value->value) == VALUE_NUMBER)
            check_sum(old, value->value, new, false);
        else
            check_set(old, value->value, new, false);
        break;
    case UPDATE_DELETE:
        check_set(old, value->value, new, true);
        break;
    default: /* no expression has others */
        ensure(false);
    }
}

/* What no action is about stays as it is. */
static void check_rest(const struct update_expression *update, struct slice before,
                       struct slice after)
{
    struct item_cursor cursor = item_cursor(before);
    struct slice name, value, now;
    while (item_next(&cursor, &name, &value)) {
        bool touched = false;
        for (size_t i = 0; i < update->count; i++)
            touched |= slice_equal(update->actions[i].path.elements[0].name, name);
        if (touched)
            continue;
        ensure(item_find(after, name, &now));
        ensure(slice_equal(value, now));
    }
}

/* The values of a program are numbered in the order of its actions, which building sorts: from the
 * second time on nothing may change. */
static struct slice rebuild(struct arena *arena, struct slice bytes, struct writer *again)
{
    struct program program;
    bool decoded = program_decode(arena, bytes, &program);
    ensure(decoded && program.updates && program.condition == NULL);
    struct program_parts parts = {.update = &program.update, .initial = program.initial};
    program_build(again, arena, &parts);
    return writer_slice(again);
}

static void check_effect(const struct update_expression *update, enum evaluation evaluation,
                         struct slice before, struct slice out)
{
    if (evaluation != EVALUATION_PUT) {
        ensure(evaluation == EVALUATION_INVALID);
        ensure(out.size > 0 && utf8_valid(out));
        return;
    }
    ensure(item_valid(out));
    for (size_t i = 0; i < update->count; i++)
        check_action(&update->actions[i], before, out);
    check_rest(update, before, out);
}

static void check_program(struct arena *arena, const struct update_expression *update,
                          struct slice item)
{
    const struct evaluator *evaluator = api_evaluator();
    const struct slice *current = item.size > 0 ? &item : NULL;
    struct slice initial = item_of_json(arena, "{'pk':{'S':'k'}}");
    struct program_parts parts = {.update = update, .initial = initial};
    struct writer bytes, second, third, out, second_out;
    writer_init(&bytes, 0);
    writer_init(&second, 0);
    writer_init(&third, 0);
    writer_init(&out, 0);
    writer_init(&second_out, 0);
    program_build(&bytes, arena, &parts);
    rebuild(arena, writer_slice(&bytes), &second);
    ensure(slice_equal(rebuild(arena, writer_slice(&second), &third), writer_slice(&second)));
    enum evaluation evaluation =
        evaluator->evaluate(evaluator, writer_slice(&bytes), current, &out);
    ensure(evaluator->evaluate(evaluator, writer_slice(&second), current, &second_out) ==
           evaluation);
    ensure(slice_equal(writer_slice(&out), writer_slice(&second_out)));
    check_effect(update, evaluation, current == NULL ? initial : item, writer_slice(&out));
    writer_deinit(&bytes);
    writer_deinit(&second);
    writer_deinit(&third);
    writer_deinit(&out);
    writer_deinit(&second_out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct draws draws = {slice_of(data, size)};
    arena_init(&arena);
    struct slice text = expression_draw_text(&draws, &arena, expression_draw_update);
    struct expression_context context = expression_draw_context(&arena);
    struct update_expression update;
    const char *problem = expression_parse_update(&context, text, &update);
    if (problem == NULL)
        check_program(&arena, &update, expression_draw_item(&draws, &arena));
    else
        check_problem(problem);
    arena_deinit(&arena);
    return 0;
}
