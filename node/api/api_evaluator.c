#include "api_evaluator.h"

#include "condition.h"
#include "messages.h"
#include "program.h"
#include "table.h"
#include "update.h"

static enum evaluation refuse(struct writer *out, const char *message)
{
    writer_put_slice(out, slice_of_string(message));
    return EVALUATION_INVALID;
}

static enum evaluation update(struct arena *arena, const struct program *program, struct slice item,
                              struct writer *out)
{
    struct value_node *updated;
    const char *problem = update_apply(arena, &program->update, item, &updated);
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

const struct evaluator *api_evaluator(void)
{
    static const struct evaluator evaluator = {evaluate};
    return &evaluator;
}
