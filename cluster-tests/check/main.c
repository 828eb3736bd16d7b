/* check-history: checks a history that some program recorded, as text: see transcript.h.
 *
 * Exit status: 0 it is good, 1 a violation, 2 it was given up, or cannot be read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "counter.h"
#include "linear.h"
#include "sets.h"
#include "transcript.h"

static const char usage[] =
    "usage: check-history linear|counter|append|sets [FILE]\n"
    "\n"
    "Checks the history in FILE, or from standard input. One operation a line:\n"
    "  ITEM PROCESS INVOKED COMPLETED KIND [ARGUMENT ...] [= RESULT ...]\n"
    "COMPLETED is '-' if the outcome is unknown. Kinds:\n"
    "  linear   read = V; write V; swap V = OLD; cas OLD V; cas-failed OLD [= V];\n"
    "           add AMOUNT [= SUM]\n"
    "  counter  add AMOUNT [= SUM]; read = SUM\n"
    "  append   append E [= E ...]; refused E; read = [E ...]\n"
    "  sets     add E; refused E; read = [E ...]\n";

enum { READ_SIZE = 65536, STATUS_GOOD = 0, STATUS_VIOLATION = 1, STATUS_NEITHER = 2 };

/* More than any test records; a bigger one is a mistake. */
enum { INPUT_MAX = 256 * 1024 * 1024 };

static const uint64_t *results_of(const struct transcript *from, const struct transcript_line *line)
{
    return &from->results[line->results_first];
}

static uint64_t result_of(const struct transcript *from, const struct transcript_line *line)
{
    return line->results_count > 0 ? *results_of(from, line) : 0;
}

static void *new_array(size_t count, size_t size)
{
    void *array = calloc(count + 1, size);
    ensure(array != NULL);
    return array;
}

static int say(const struct transcript *from, enum transcript_model model, int status,
               const struct writer *text)
{
    static const char *const verdicts[] = {"good", "VIOLATION", "given up"};
    printf("%s: %zu operations: %s\n", transcript_model_name(model), from->count, verdicts[status]);
    struct slice shown = writer_slice(text);
    if (status != STATUS_GOOD)
        printf("%.*s", (int)shown.size, (const char *)shown.data);
    return status;
}

static struct linear_operation linear_operation_of(const struct transcript *from,
                                                   const struct transcript_line *line)
{
    struct linear_operation to = {.item = line->item,
                                  .process = line->process,
                                  .invoked = line->invoked,
                                  .completed = line->completed,
                                  .argument = line->arguments[0],
                                  .result = result_of(from, line)};
    if (line->kind == TRANSCRIPT_READ) {
        to.kind = LINEAR_READ;
    } else if (line->kind == TRANSCRIPT_WRITE) {
        to.kind = LINEAR_WRITE;
    } else if (line->kind == TRANSCRIPT_SWAP) {
        to.kind = LINEAR_SWAP;
    } else if (line->kind == TRANSCRIPT_ADD) {
        to.kind = line->told ? LINEAR_ADD : LINEAR_ADD_BLIND;
    } else {
        to.kind = line->kind == TRANSCRIPT_CAS ? LINEAR_CAS
                  : line->told                 ? LINEAR_CAS_FAILED_SEEN
                                               : LINEAR_CAS_FAILED;
        to.expected = line->arguments[0];
        to.argument = line->arguments[1];
    }
    return to;
}

static int check_linear(const struct transcript *from, struct writer *text)
{
    struct linear_operation *operations = new_array(from->count, sizeof(*operations));
    for (size_t i = 0; i < from->count; i++)
        operations[i] = linear_operation_of(from, &from->lines[i]);
    struct linear_result result = linear_check_items(&linear_register, operations, from->count, 0);
    linear_explain(operations, from->count, &result, text);
    free(operations);
    return result.verdict == LINEAR_OK          ? STATUS_GOOD
           : result.verdict == LINEAR_VIOLATION ? STATUS_VIOLATION
                                                : STATUS_NEITHER;
}

/* Whether the sums of counter.h cannot overflow. */
static bool amounts_fit(const struct transcript *from)
{
    int64_t sum = 0;
    for (size_t i = 0; i < from->count; i++) {
        int64_t amount = (int64_t)from->lines[i].arguments[0];
        if (amount == INT64_MIN || __builtin_add_overflow(sum, amount < 0 ? -amount : amount, &sum))
            return false;
    }
    return true;
}

static int check_counter(const struct transcript *from, struct writer *text)
{
    if (!amounts_fit(from)) {
        fprintf(stderr, "check-history: the amounts come to 2^63 or more\n");
        return STATUS_NEITHER;
    }
    struct counter_operation *operations = new_array(from->count, sizeof(*operations));
    for (size_t i = 0; i < from->count; i++) {
        const struct transcript_line *line = &from->lines[i];
        bool read = line->kind == TRANSCRIPT_READ;
        operations[i] = (struct counter_operation){.item = line->item,
                                                   .process = line->process,
                                                   .kind = read         ? COUNTER_READ
                                                           : line->told ? COUNTER_ADD_TOLD
                                                                        : COUNTER_ADD,
                                                   .invoked = line->invoked,
                                                   .completed = line->completed,
                                                   .amount = (int64_t)line->arguments[0],
                                                   .result = (int64_t)result_of(from, line)};
    }
    struct counter_result result = counter_check(operations, from->count);
    counter_explain(operations, &result, text);
    free(operations);
    return result.verdict == COUNTER_OK ? STATUS_GOOD : STATUS_VIOLATION;
}

/* A line is a transaction: of an append, a read, or both. `steps` has room for both. */
static struct append_transaction append_transaction_of(const struct transcript *from,
                                                       const struct transcript_line *line,
                                                       struct append_operation *steps)
{
    struct append_transaction to = {.process = line->process,
                                    .invoked = line->invoked,
                                    .completed = line->completed,
                                    .operations = steps};
    to.outcome = line->kind == TRANSCRIPT_REFUSED ? APPEND_ABORTED
                 : line->completed == UINT64_MAX  ? APPEND_UNKNOWN
                                                  : APPEND_COMMITTED;
    if (line->kind != TRANSCRIPT_READ)
        steps[to.operations_count++] =
            (struct append_operation){.item = line->item, .element = line->arguments[0]};
    if (line->told)
        steps[to.operations_count++] =
            (struct append_operation){.read = true,
                                      .item = line->item,
                                      .elements = results_of(from, line),
                                      .elements_count = line->results_count};
    return to;
}

static int check_append(const struct transcript *from, struct writer *text)
{
    struct append_transaction *transactions = new_array(from->count, sizeof(*transactions));
    struct append_operation *steps = new_array(2 * from->count, sizeof(*steps));
    for (size_t i = 0; i < from->count; i++)
        transactions[i] = append_transaction_of(from, &from->lines[i], &steps[2 * i]);
    struct append_result result = append_check(transactions, from->count, true);
    append_explain(transactions, &result, text);
    free(steps);
    free(transactions);
    return result.good ? STATUS_GOOD : STATUS_VIOLATION;
}

static int check_sets(const struct transcript *from, struct writer *text)
{
    struct sets_operation *operations = new_array(from->count, sizeof(*operations));
    for (size_t i = 0; i < from->count; i++) {
        const struct transcript_line *line = &from->lines[i];
        operations[i] =
            (struct sets_operation){.item = line->item,
                                    .process = line->process,
                                    .kind = line->kind == TRANSCRIPT_READ  ? SETS_READ
                                            : line->kind == TRANSCRIPT_ADD ? SETS_ADD
                                                                           : SETS_REFUSE,
                                    .invoked = line->invoked,
                                    .completed = line->completed,
                                    .element = line->arguments[0],
                                    .elements = results_of(from, line),
                                    .elements_count = line->results_count};
    }
    struct sets_result result = sets_check(operations, from->count);
    sets_explain(operations, &result, text);
    free(operations);
    return result.good ? STATUS_GOOD : STATUS_VIOLATION;
}

static bool read_all(FILE *file, struct writer *to)
{
    static uint8_t chunk[READ_SIZE];
    size_t size;
    while (to->size <= INPUT_MAX && (size = fread(chunk, 1, sizeof(chunk), file)) > 0)
        writer_put(to, chunk, size);
    return ferror(file) == 0 && to->size <= INPUT_MAX;
}

static bool read_input(const char *path, struct writer *to)
{
    FILE *file = path == NULL ? stdin : fopen(path, "re");
    bool good = file != NULL && read_all(file, to);
    if (!good)
        fprintf(stderr, "check-history: cannot read %s\n", path == NULL ? "the input" : path);
    if (file != NULL && file != stdin)
        (void)fclose(file);
    return good;
}

static int check(enum transcript_model model, struct slice input)
{
    static int (*const checks[TRANSCRIPT_MODELS])(const struct transcript *, struct writer *) = {
        check_linear, check_counter, check_append, check_sets};
    struct transcript transcript;
    int status = STATUS_NEITHER;
    const char *problem = transcript_parse(&transcript, model, input);
    if (problem != NULL) {
        fprintf(stderr, "check-history: line %zu: %s\n", transcript.bad_line, problem);
    } else {
        struct writer text;
        writer_init(&text, 1024);
        status = checks[model](&transcript, &text);
        status = say(&transcript, model, status, &text);
        writer_deinit(&text);
    }
    transcript_deinit(&transcript);
    return status;
}

static bool find_model(const char *name, enum transcript_model *model)
{
    *model = 0;
    while (*model < TRANSCRIPT_MODELS && strcmp(name, transcript_model_name(*model)) != 0)
        (*model)++;
    return *model < TRANSCRIPT_MODELS;
}

int main(int count, char **arguments)
{
    enum transcript_model model;
    if (count < 2 || count > 3 || !find_model(arguments[1], &model)) {
        fputs(usage, stderr);
        return STATUS_NEITHER;
    }
    struct writer input;
    writer_init(&input, READ_SIZE);
    int status = STATUS_NEITHER;
    if (read_input(count == 3 ? arguments[2] : NULL, &input))
        status = check(model, writer_slice(&input));
    writer_deinit(&input);
    return status;
}
