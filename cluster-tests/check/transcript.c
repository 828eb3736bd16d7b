#include "transcript.h"

#include <stdlib.h>
#include <string.h>

enum result_shape {
    RESULT_NONE,
    RESULT_ONE,
    RESULT_LIST,
    RESULT_ONE_MAYBE, /* nothing, or one */
    RESULT_LIST_MAYBE
};

/* What may stand in a line. */
struct form {
    enum transcript_model model;
    const char *name;
    enum transcript_kind kind;
    size_t arguments;
    enum result_shape result;
};

static const struct form forms[] = {
    {TRANSCRIPT_LINEAR, "read", TRANSCRIPT_READ, 0, RESULT_ONE},
    {TRANSCRIPT_LINEAR, "write", TRANSCRIPT_WRITE, 1, RESULT_NONE},
    {TRANSCRIPT_LINEAR, "swap", TRANSCRIPT_SWAP, 1, RESULT_ONE},
    {TRANSCRIPT_LINEAR, "cas", TRANSCRIPT_CAS, 2, RESULT_NONE},
    {TRANSCRIPT_LINEAR, "cas-failed", TRANSCRIPT_CAS_FAILED, 1, RESULT_ONE_MAYBE},
    {TRANSCRIPT_LINEAR, "add", TRANSCRIPT_ADD, 1, RESULT_ONE_MAYBE},
    {TRANSCRIPT_COUNTER, "add", TRANSCRIPT_ADD, 1, RESULT_ONE_MAYBE},
    {TRANSCRIPT_COUNTER, "read", TRANSCRIPT_READ, 0, RESULT_ONE},
    {TRANSCRIPT_APPEND, "append", TRANSCRIPT_APPENDED, 1, RESULT_LIST_MAYBE},
    {TRANSCRIPT_APPEND, "refused", TRANSCRIPT_REFUSED, 1, RESULT_NONE},
    {TRANSCRIPT_APPEND, "read", TRANSCRIPT_READ, 0, RESULT_LIST},
    {TRANSCRIPT_SETS, "add", TRANSCRIPT_ADD, 1, RESULT_NONE},
    {TRANSCRIPT_SETS, "refused", TRANSCRIPT_REFUSED, 1, RESULT_NONE},
    {TRANSCRIPT_SETS, "read", TRANSCRIPT_READ, 0, RESULT_LIST},
};

const char *transcript_model_name(enum transcript_model model)
{
    static const char *const names[TRANSCRIPT_MODELS] = {"linear", "counter", "append", "sets"};
    ensure(model < TRANSCRIPT_MODELS);
    return names[model];
}

void transcript_deinit(struct transcript *transcript)
{
    free(transcript->lines);
    free(transcript->results);
    *transcript = (struct transcript){.count = 0};
}

/* Takes everything up to the first `end` off the front of `text`, and the `end` itself. */
static struct slice cut_before(struct slice *text, char end)
{
    const uint8_t *found = text->size == 0 ? NULL : memchr(text->data, end, text->size);
    size_t size = found == NULL ? text->size : (size_t)(found - text->data);
    struct slice front = slice_of(text->data, size);
    size_t taken = found == NULL ? size : size + 1;
    *text = taken == text->size ? SLICE_EMPTY : slice_of(text->data + taken, text->size - taken);
    return front;
}

/* The next word of a line; empty at its end. */
static struct slice next_word(struct slice *line)
{
    struct slice word = SLICE_EMPTY;
    while (word.size == 0 && line->size > 0)
        word = cut_before(line, ' ');
    return word;
}

static bool word_is(struct slice word, const char *text)
{
    return slice_equal(word, slice_of_string(text));
}

static bool parse_digits(struct slice digits, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < digits.size; i++) {
        uint64_t digit = (uint64_t)digits.data[i] - '0';
        if (digit > 9 || *number > (UINT64_MAX - digit) / 10)
            return false;
        *number = 10 * *number + digit;
    }
    return digits.size > 0;
}

/* With a minus: what it wraps to. */
static bool parse_number(struct slice word, uint64_t *number)
{
    bool minus = word.size > 0 && word.data[0] == '-';
    if (!minus)
        return parse_digits(word, number);
    bool good = parse_digits(slice_of(word.data + 1, word.size - 1), number) &&
                *number <= (uint64_t)INT64_MAX;
    *number = 0 - *number;
    return good;
}

static bool parse_small(struct slice word, uint32_t *number)
{
    uint64_t parsed;
    bool good = parse_digits(word, &parsed) && parsed <= UINT32_MAX;
    *number = good ? (uint32_t)parsed : 0;
    return good;
}

static const char *parse_times(struct slice *line, struct transcript_line *to)
{
    bool good = parse_digits(next_word(line), &to->invoked);
    struct slice completed = next_word(line);
    if (word_is(completed, "-")) {
        to->completed = UINT64_MAX;
        return good && to->invoked != UINT64_MAX ? NULL : "bad times";
    }
    good = parse_digits(completed, &to->completed) && good;
    if (!good || to->completed == UINT64_MAX)
        return "bad times";
    return to->invoked <= to->completed ? NULL : "it ends before it begins";
}

static const struct form *find_form(enum transcript_model model, struct slice name)
{
    for (size_t i = 0; i < array_size(forms); i++) {
        if (forms[i].model == model && word_is(name, forms[i].name))
            return &forms[i];
    }
    return NULL;
}

static bool results_fit(const struct form *form, const struct transcript_line *line)
{
    bool maybe = form->result == RESULT_ONE_MAYBE || form->result == RESULT_LIST_MAYBE;
    if (line->completed == UINT64_MAX || form->result == RESULT_NONE || (maybe && !line->told))
        return !line->told;
    bool one = form->result == RESULT_ONE || form->result == RESULT_ONE_MAYBE;
    return line->told && (!one || line->results_count == 1);
}

static const char *parse_results(struct transcript *transcript, struct slice *line,
                                 struct transcript_line *to)
{
    to->told = true;
    for (struct slice word = next_word(line); word.size > 0; word = next_word(line)) {
        if (!parse_number(word, &transcript->results[transcript->results_count++]))
            return "a result is no number";
        to->results_count++;
    }
    return NULL;
}

static const char *parse_what(struct transcript *transcript, enum transcript_model model,
                              struct slice *line, struct transcript_line *to)
{
    const struct form *form = find_form(model, next_word(line));
    if (form == NULL)
        return "unknown kind";
    to->kind = form->kind;
    for (size_t i = 0; i < form->arguments; i++) {
        if (!parse_number(next_word(line), &to->arguments[i]))
            return "an argument is missing or no number";
    }
    struct slice rest = next_word(line);
    if (rest.size > 0 && !word_is(rest, "="))
        return "too many arguments";
    const char *problem = rest.size > 0 ? parse_results(transcript, line, to) : NULL;
    if (problem != NULL)
        return problem;
    return results_fit(form, to) ? NULL : "a result is missing or one too many";
}

static const char *parse_line(struct transcript *transcript, enum transcript_model model,
                              struct slice line)
{
    struct transcript_line *to = &transcript->lines[transcript->count];
    struct slice rest = line;
    struct slice item = next_word(&rest);
    if (item.size == 0 || item.data[0] == '#')
        return NULL;
    *to = (struct transcript_line){.results_first = transcript->results_count};
    bool good = parse_small(item, &to->item);
    good = parse_small(next_word(&rest), &to->process) && good;
    if (!good)
        return "bad item or process";
    const char *problem = parse_times(&rest, to);
    if (problem == NULL)
        problem = parse_what(transcript, model, &rest, to);
    transcript->count += problem == NULL;
    return problem;
}

static size_t count_of(struct slice text, char wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == (uint8_t)wanted;
    return count;
}

/* Whether the line brings an element that may come but once. */
static bool brings_element(enum transcript_model model, const struct transcript_line *line)
{
    if (model == TRANSCRIPT_APPEND)
        return line->kind != TRANSCRIPT_READ;
    return model == TRANSCRIPT_SETS && line->kind == TRANSCRIPT_ADD;
}

static int compare_elements(const void *a, const void *b)
{
    const struct transcript_line *left = *(const struct transcript_line *const *)a;
    const struct transcript_line *right = *(const struct transcript_line *const *)b;
    if (left->item != right->item)
        return left->item < right->item ? -1 : 1;
    return left->arguments[0] < right->arguments[0] ? -1 : left->arguments[0] > right->arguments[0];
}

static bool any_repeated(const struct transcript *transcript, enum transcript_model model)
{
    const struct transcript_line **sorted = calloc(transcript->count + 1, sizeof(*sorted));
    size_t count = 0;
    ensure(sorted != NULL);
    for (size_t i = 0; i < transcript->count; i++) {
        if (brings_element(model, &transcript->lines[i]))
            sorted[count++] = &transcript->lines[i];
    }
    qsort(sorted, count, sizeof(const struct transcript_line *), compare_elements);
    bool repeated = false;
    for (size_t i = 1; i < count; i++)
        repeated = repeated || compare_elements(&sorted[i - 1], &sorted[i]) == 0;
    free(sorted);
    return repeated;
}

/* Each line has a newline but the last, and each result a space before it. */
const char *transcript_parse(struct transcript *transcript, enum transcript_model model,
                             struct slice text)
{
    *transcript = (struct transcript){.count = 0};
    transcript->lines = calloc(count_of(text, '\n') + 1, sizeof(*transcript->lines));
    transcript->results = calloc(count_of(text, ' ') + 1, sizeof(*transcript->results));
    ensure(transcript->lines != NULL);
    ensure(transcript->results != NULL);
    while (text.size > 0) {
        transcript->bad_line++;
        const char *problem = parse_line(transcript, model, cut_before(&text, '\n'));
        if (problem != NULL)
            return problem;
    }
    return any_repeated(transcript, model) ? "somewhere an element comes twice" : NULL;
}
