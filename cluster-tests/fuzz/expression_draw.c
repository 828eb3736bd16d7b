#include "expression_draw.h"

#include "expression.h"
#include "utf8.h"

enum { DEPTH_MAX = 5 };

static const char *const values[] = {":n",   ":n2", ":neg", ":s",  ":st",   ":x",   ":e", ":l",
                                     ":fl",  ":m",  ":ss",  ":ns", ":bs",   ":b",   ":t", ":z",
                                     ":big", ":N",  ":SS",  ":mp", ":tiny", ":none"};
static const char *const names[] = {"a",  "b",  "e",  "l",  "m", "n",     "neg",
                                    "pk", "s",  "ss", "ns", "t", "u",     "z",
                                    "q",  "#d", "#p", "x",  "y", "#none", "date"};
static const char *const comparators[] = {" = ", " <> ", " < ", " <= ", " > ", " >= ", "=", "<>"};

struct expression_context expression_draw_context(struct arena *arena)
{
    struct expression_context context;
    const char *problem = expression_context_init(
        &context, arena, json_quoted(arena, "{'#d':'date','#p':'a.b','#m':'m'}"),
        json_quoted(
            arena,
            "{':n':{'N':'1'},':n2':{'N':'2'},':neg':{'N':'-5'},':s':{'S':'s'},':st':{'S':'str'},"
            "':x':{'S':'x'},':e':{'S':''},':l':{'L':[{'N':'1'}]},':fl':{'L':[{'N':'1'},{'N':'2'},{"
            "'N':'3'}]},':m':{'M':{'q':{'N':'1'}}},':ss':{'SS':['x']},':ns':{'NS':['1','3']},"
            "':bs':{'BS':['YQ==']},':b':{'B':'Ymk='},':t':{'BOOL':true},':z':{'NULL':true},"
            "':big':{'N':'9e125'},':tiny':{'N':'1e-130'},':N':{'S':'N'},':SS':{'S':'SS'},':mp':{"
            "'M':{'x':{'N':'1'},'y':{'M':{'z':{'L':[{'N':'1'},{'M':{'w':{'N':'2'}}}]}}}}}}"));
    ensure(problem == NULL);
    return context;
}

struct slice expression_draw_item(struct draws *draws, struct arena *arena)
{
    switch (draw_below(draws, 4)) {
    case 2:
        return SLICE_EMPTY;
    case 3:
        return draw_item(draws, arena, 3, 10);
    default:
        return item_of_json(
            arena,
            "{'a':{'N':'5'},'b':{'B':'Ymlu'},'e':{'S':''},'l':{'L':[{'N':'1'},{'N':'2'},{'M':{'x':"
            "{'N':'7'}}}]},'m':{'M':{'x':{'N':'1'},'y':{'M':{'z':{'L':[{'N':'1'},{'M':{'w':{'N':"
            "'2'}}}]}}},'a.b':{'SS':['x']}}},'n':{'N':'1'},'neg':{'N':'-3'},'ns':{'NS':['1','2']},"
            "'pk':{'S':'k'},'s':{'S':'str'},'ss':{'SS':['x','y']},'t':{'BOOL':true},'u':{'S':"
            "'a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'},'z':{'NULL':true},'date':{'S':'2'},'a.b':{"
            "'N':'1e2'}}");
    }
}

bool expression_by_name(const struct document_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        if (path->elements[i].is_index)
            return false;
    return true;
}

static void put(struct writer *text, const char *string)
{
    writer_put_slice(text, slice_of_string(string));
}

static void put_value(struct draws *draws, struct writer *text)
{
    put(text, DRAW_ONE(draws, values));
}

void expression_draw_path(struct draws *draws, struct writer *text)
{
    static const char *const steps[] = {"[0]", "[1]", "[7]", ".x",       ".y",
                                        ".z",  ".#p", ".#d", ".y.z[1].w"};
    put(text, DRAW_ONE(draws, names));
    for (unsigned i = 0; i < 4 && draw_byte(draws) % 4 == 1; i++)
        put(text, DRAW_ONE(draws, steps));
}

static void put_call(struct draws *draws, struct writer *text, const char *function,
                     unsigned depth);

static void put_operand(struct draws *draws, struct writer *text, unsigned depth)
{
    switch (draw_below(draws, 8)) {
    case 0:
    case 1:
    case 2:
        put_value(draws, text);
        return;
    case 3:
        if (depth < DEPTH_MAX) {
            put_call(draws, text, "size", depth);
            return;
        }
        break;
    case 4:
        put(text, "(");
        expression_draw_path(draws, text);
        put(text, ")");
        return;
    default:
        break;
    }
    expression_draw_path(draws, text);
}

static void put_call(struct draws *draws, struct writer *text, const char *function, unsigned depth)
{
    put(text, function);
    put(text, "(");
    put_operand(draws, text, depth + 1);
    bool two = strcmp(function, "begins_with") == 0 || strcmp(function, "contains") == 0 ||
               strcmp(function, "attribute_type") == 0 || strcmp(function, "list_append") == 0 ||
               strcmp(function, "if_not_exists") == 0;
    if (two != (draw_byte(draws) == 255)) {
        put(text, ", ");
        put_operand(draws, text, depth + 1);
    }
    put(text, ")");
}

static void put_condition(struct draws *draws, struct writer *text, unsigned depth);

static void put_comparison(struct draws *draws, struct writer *text, unsigned depth)
{
    put_operand(draws, text, depth);
    switch (draw_below(draws, 4)) {
    case 0:
        put(text, " BETWEEN ");
        put_operand(draws, text, depth);
        put(text, " AND ");
        put_operand(draws, text, depth);
        return;
    case 1:
        put(text, " IN (");
        put_operand(draws, text, depth);
        for (uint32_t i = draw_below(draws, 4); i > 0; i--) {
            put(text, ",");
            put_operand(draws, text, depth);
        }
        put(text, ")");
        return;
    default:
        put(text, DRAW_ONE(draws, comparators));
        put_operand(draws, text, depth);
    }
}

static void put_condition(struct draws *draws, struct writer *text, unsigned depth)
{
    static const char *const functions[] = {"attribute_exists", "attribute_not_exists",
                                            "attribute_type",   "begins_with",
                                            "contains",         "size"};
    switch (depth < DEPTH_MAX ? draw_below(draws, 8) : 7) {
    case 0:
    case 1:
        put_condition(draws, text, depth + 1);
        put(text, draw_bool(draws) ? " AND " : " or ");
        put_condition(draws, text, depth + 1);
        return;
    case 2:
        put(text, "NOT ");
        put_condition(draws, text, depth + 1);
        return;
    case 3:
        put(text, "(");
        put_condition(draws, text, depth + 1);
        put(text, ")");
        return;
    case 4:
    case 5:
        put_call(draws, text, DRAW_ONE(draws, functions), depth);
        return;
    default:
        put_comparison(draws, text, depth);
    }
}

void expression_draw_condition(struct draws *draws, struct writer *text)
{
    put_condition(draws, text, 0);
}

static void put_assignment(struct draws *draws, struct writer *text)
{
    expression_draw_path(draws, text);
    put(text, " = ");
    for (unsigned i = 0; i < 2; i++) {
        if (draw_byte(draws) % 4 == 1)
            put_call(draws, text, draw_bool(draws) ? "if_not_exists" : "list_append", 0);
        else
            put_operand(draws, text, DEPTH_MAX);
        if (i == 1 || draw_bool(draws))
            return;
        put(text, draw_bool(draws) ? " + " : " - ");
    }
}

static void put_action(struct draws *draws, struct writer *text, size_t section)
{
    if (section == 0) {
        put_assignment(draws, text);
        return;
    }
    expression_draw_path(draws, text);
    if (section == 1)
        return;
    put(text, " ");
    put_value(draws, text);
}

void expression_draw_update(struct draws *draws, struct writer *text)
{
    static const char *const sections[] = {"SET ", " REMOVE ", " ADD ", " DELETE "};
    uint8_t chosen = draw_byte(draws);
    for (size_t i = 0; i < array_size(sections); i++) {
        if ((chosen >> i & 1) == 0)
            continue;
        put(text, sections[i]);
        put_action(draws, text, i);
        for (uint32_t more = draw_below(draws, 4); more > 0; more--) {
            put(text, ", ");
            put_action(draws, text, i);
        }
    }
}

void expression_draw_projection(struct draws *draws, struct writer *text)
{
    expression_draw_path(draws, text);
    for (uint32_t more = draw_below(draws, 6); more > 0; more--) {
        put(text, ",");
        expression_draw_path(draws, text);
    }
}

static void put_term(struct draws *draws, struct writer *text)
{
    static const char *const keys[] = {"pk", "#d", "a", "(pk)"};
    uint32_t relation = draw_below(draws, 10);
    if (relation == 0)
        put(text, "begins_with(");
    put(text, DRAW_ONE(draws, keys));
    if (relation == 0)
        put(text, ", ");
    else
        put(text, relation == 1  ? " BETWEEN "
                  : relation < 6 ? " = "
                                 : DRAW_ONE(draws, comparators));
    put_value(draws, text);
    if (relation == 1) {
        put(text, " AND ");
        put_value(draws, text);
    }
    if (relation == 0)
        put(text, ")");
}

void expression_draw_key_condition(struct draws *draws, struct writer *text)
{
    put_term(draws, text);
    if (draw_bool(draws)) {
        put(text, " AND ");
        put_term(draws, text);
    }
}

struct slice expression_draw_text(struct draws *draws, struct arena *arena,
                                  void (*make)(struct draws *draws, struct writer *text))
{
    if (draws->left.size > 0 && draws->left.data[0] == 'T') {
        struct slice whole = slice_of(draws->left.data + 1, draw_rest(draws).size - 1);
        return utf8_valid(whole) ? whole : SLICE_LITERAL("a");
    }
    struct writer text;
    writer_init(&text, 0);
    make(draws, &text);
    if (text.size > 0 && draw_byte(draws) % 8 == 7) {
        size_t at = draw_below(draws, 65536) % text.size;
        text.buffer->data[at] = draw_byte(draws);
    }
    struct slice copy = writer_take(&text, arena);
    return utf8_valid(copy) ? copy : SLICE_LITERAL("a");
}
