/* tool: what the commands of `cartwheel` share: options, calls to a node, the descriptor that each
 * command is. */
#pragma once

#include <yyjson.h>

#include "endpoint.h"
#include "http_client.h"

enum tool_exit {
    TOOL_OK = 0,
    TOOL_REFUSED = 1,    /* the cluster said no, or is not healthy */
    TOOL_USAGE = 2,      /* the command line makes no sense */
    TOOL_UNREACHABLE = 3 /* no answer from the node */
};

struct tool {
    const char *url;
    struct endpoint endpoint;
    bool json;              /* print what the node answered, as it is */
    const char *access_key; /* NULL: requests are not signed */
    const char *secret_key;
    const char *region;
};

struct command {
    const char *name;     /* one or two words */
    const char *synopsis; /* of its arguments; "" if it takes none */
    const char *summary;  /* one line, for the list of commands */
    const char *details;  /* for its --help; ends with a newline */
    size_t arguments_min;
    size_t arguments_max;
    bool offline; /* needs no node */
    /* `arguments` are those after the name, without the general options. */
    enum tool_exit (*run)(struct tool *tool, size_t count, char **arguments);
};

/* All of them, in the order of the help text; `count` is set. */
const struct command *const *commands_all(size_t *count);

/* An answer: its text, and the parsed form of it. */
struct document {
    struct writer text;
    yyjson_doc *json;
    yyjson_val *root; /* an object */
};

/* GET of an admin endpoint. On failure, which is explained on standard error, returns other than
 * TOOL_OK and there is no document to free. */
enum tool_exit must_check tool_get(struct tool *tool, const char *path, struct document *document);
/* The same by POST; frees `request`, NULL for an empty body. */
enum tool_exit must_check tool_post(struct tool *tool, const char *path, yyjson_mut_doc *request,
                                    struct document *document);
/* A DynamoDB operation, as "ListTables"; frees `request`. As tool_get(); an empty answer counts as
 * {}. */
enum tool_exit must_check tool_call(struct tool *tool, const char *operation,
                                    yyjson_mut_doc *request, struct document *document);
/* The same without judging: whether there was an answer, in `exchange`; its reply is the caller's. */
bool must_check tool_ask(const struct tool *tool, const char *operation, yyjson_mut_doc *request,
                         struct http_exchange *exchange);
void document_free(struct document *document);
/* Prints the answer and a newline. */
void document_print(const struct document *document);

/* A new request: an object with that member, if `key` is not NULL; `value` is borrowed. */
yyjson_mut_doc *tool_request(const char *key, const char *value);
/* Fields of an object in an answer; "" or 0 or false if absent or of another type. */
const char *field_string(yyjson_val *object, const char *key);
uint64_t field_uint(yyjson_val *object, const char *key);
double field_real(yyjson_val *object, const char *key);
bool field_bool(yyjson_val *object, const char *key);

/* Explains on standard error; returns TOOL_USAGE. */
enum tool_exit tool_usage(const char *format, ...) printf_like(1, 2);
