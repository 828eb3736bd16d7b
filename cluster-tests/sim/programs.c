#include "programs.h"

#include "api_evaluator.h"
#include "decimal.h"
#include "items.h"
#include "program_build.h"

/* Compiles as the API does: `condition` or `update` is empty. The one or two substitutes, sorted, are
 * what the expression needs. */
static void compile(struct writer *program, struct slice condition, struct slice update,
                    struct substitute *values, size_t count)
{
    struct arena arena;
    struct writer initial;
    arena_init(&arena);
    writer_init(&initial, 1);
    writer_put_varint(&initial, 0);
    struct expression_context context = {.arena = &arena, .values = {values, count}};
    const char *wrong =
        program_compile(program, &context, condition, update, writer_slice(&initial));
    ensure(wrong == NULL);
    writer_deinit(&initial);
    arena_deinit(&arena);
}

static void put_number(struct writer *writer, uint64_t number)
{
    struct decimal_bytes bytes;
    decimal_from_i64((int64_t)number, &bytes);
    writer_put_u8(writer, VALUE_NUMBER);
    writer_put_sized(writer, decimal_slice(&bytes));
}

static void put_list(struct writer *writer, const uint64_t *number)
{
    struct writer body;
    writer_init(&body, 32);
    writer_put_varint(&body, number == NULL ? 0 : 1);
    if (number != NULL)
        put_number(&body, *number);
    writer_put_u8(writer, VALUE_LIST);
    writer_put_sized(writer, writer_slice(&body));
    writer_deinit(&body);
}

void programs_condition(struct writer *writer, uint64_t id)
{
    struct writer value;
    writer_init(&value, VALUE_SIZE_MAX);
    value_write_attribute(&value, id);
    struct substitute old = {.key = SLICE_LITERAL(":old"), .means = writer_slice(&value)};
    if (id == 0)
        compile(writer, SLICE_LITERAL("attribute_not_exists(v)"), SLICE_EMPTY, NULL, 0);
    else
        compile(writer, SLICE_LITERAL("v = :old"), SLICE_EMPTY, &old, 1);
    writer_deinit(&value);
}

void programs_add(struct writer *writer, uint64_t amount)
{
    struct writer value;
    writer_init(&value, 32);
    put_number(&value, amount);
    struct substitute substitute = {.key = SLICE_LITERAL(":amount"), .means = writer_slice(&value)};
    compile(writer, SLICE_EMPTY, SLICE_LITERAL("ADD n :amount"), &substitute, 1);
    writer_deinit(&value);
}

void programs_append(struct writer *writer, uint64_t element)
{
    struct writer list, empty;
    writer_init(&list, 32);
    writer_init(&empty, 32);
    put_list(&list, &element);
    put_list(&empty, NULL);
    struct substitute substitutes[] = {
        {.key = SLICE_LITERAL(":element"), .means = writer_slice(&list)},
        {.key = SLICE_LITERAL(":empty"), .means = writer_slice(&empty)}};
    compile(writer, SLICE_EMPTY,
            SLICE_LITERAL("SET l = list_append(if_not_exists(l, :empty), :element)"), substitutes,
            2);
    writer_deinit(&list);
    writer_deinit(&empty);
}

const struct evaluator *programs_evaluator(void)
{
    return api_evaluator();
}
