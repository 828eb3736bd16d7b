#include "program_case.h"

#include <check.h>
#include <string.h>

#include "api_evaluator.h"
#include "json_item.h"
#include "program_build.h"

struct arena arena;

void program_case_setup(void)
{
    arena_init(&arena);
}

void program_case_teardown(void)
{
    arena_deinit(&arena);
}

/* Single quotes stand for double ones. */
static yyjson_val *json_of(const char *text)
{
    size_t size = strlen(text);
    char *copy = arena_alloc(&arena, size);
    for (size_t i = 0; i < size; i++)
        copy[i] = text[i] == '\'' ? '"' : text[i];
    yyjson_alc allocator = json_arena_allocator(&arena);
    yyjson_doc *document = yyjson_read_opts(copy, size, 0, &allocator, NULL);
    ck_assert_msg(document != NULL, "%s", text);
    return yyjson_doc_get_root(document);
}

struct slice item_of(const char *text)
{
    struct value_node *item;
    struct writer encoded;
    ck_assert_ptr_null(json_item_read(&arena, json_of(text), &item));
    writer_init(&encoded, 0);
    writer_put_item(&encoded, item);
    struct slice copy = arena_copy(&arena, writer_slice(&encoded));
    writer_deinit(&encoded);
    return copy;
}

const char *text_of(struct slice item)
{
    struct writer text;
    writer_init(&text, 0);
    json_put_item(&text, item);
    struct slice written = writer_slice(&text);
    char *copy = arena_printf(&arena, "%.*s", (int)written.size, written.data);
    writer_deinit(&text);
    for (char *at = copy; *at != '\0'; at++)
        if (*at == '"')
            *at = '\'';
    return copy;
}

static const char *const names = "{'#d':'date','#p':'a.b'}";
static const char *const values =
    "{':n':{'N':'1'},':n2':{'N':'2'},':neg':{'N':'-5'},':s':{'S':'s'},':st':{'S':'str'},"
    "':x':{'S':'x'},':e':{'S':''},':l':{'L':[{'N':'1'}]},':l2':{'L':[{'N':'7'},{'N':'8'}]},"
    "':fl':{'L':[{'N':'1'},{'N':'2'},{'N':'3'}]},':m':{'M':{'q':{'N':'1'}}},':ss':{'SS':['x']},"
    "':sxy':{'SS':['y','x']},':ns':{'NS':['1']},':ns3':{'NS':['3']},':bs':{'BS':['YQ==']},"
    "':b':{'B':'Ymk='},':t':{'BOOL':true},':z':{'NULL':true},':big':{'N':'9e125'},"
    "':tiny':{'N':'1e-130'},':d38':{'N':'11111111111111111111111111111111111111'},"
    "':frac':{'N':'0.1'},':hundred':{'N':'100'},':N':{'S':'N'},':SS':{'S':'SS'},"
    "':mp':{'M':{'x':{'N':'1'},'y':{'M':{'z':{'L':[{'N':'1'},{'M':{'w':{'N':'2'}}}]}}}}}}";

/* The item all cases start from. */
static const char *const start =
    "{'a':{'N':'5'},'b':{'B':'Ymlu'},'e':{'S':''},'five':{'N':'5.0'},"
    "'l':{'L':[{'N':'1'},{'N':'2'},{'N':'3'}]},"
    "'m':{'M':{'x':{'N':'1'},'y':{'M':{'z':{'L':[{'N':'1'},{'M':{'w':{'N':'2'}}}]}}}}},"
    "'neg':{'N':'-3'},'ns':{'NS':['1','2']},'pk':{'S':'k'},'s':{'S':'str'},'ss':{'SS':['x','y']},"
    "'t':{'BOOL':true},'u':{'S':'a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'},'z':{'NULL':true}}";

struct slice item_of_everything(void)
{
    return item_of(start);
}

struct slice program_of(const char *condition, const char *update, struct writer *program)
{
    struct expression_context context;
    ck_assert_ptr_null(expression_context_init(&context, &arena, json_of(names), json_of(values)));
    const char *problem = program_compile(program, &context, slice_of_string(condition),
                                          slice_of_string(update), item_of("{'pk':{'S':'k'}}"));
    ck_assert_msg(problem == NULL, "%s %s: %s", condition, update, problem);
    return writer_slice(program);
}

enum evaluation run_program(const char *condition, const char *update, const struct slice *item,
                            struct writer *out)
{
    struct writer program;
    writer_init(&program, 0);
    struct slice bytes = program_of(condition, update, &program);
    const struct evaluator *evaluator = api_evaluator();
    enum evaluation evaluation = evaluator->evaluate(evaluator, bytes, item, out);
    writer_deinit(&program);
    return evaluation;
}
