#include "sigv4_internal.h"

#include <string.h>

enum { PRINTABLE_SIZE_MAX = 100, SCOPE_ELEMENTS = 5 };

static const char *parse_parameter(struct slice parameter,
                                   struct sigv4_authorization *authorization, struct arena *arena);
static const char *missing_parameters(const struct sigv4_authorization *authorization,
                                      struct arena *arena);
static bool parse_credential(struct slice credential, struct sigv4_authorization *authorization);
static const char *parse_names(struct sigv4_authorization *authorization);
static struct slice take_until(struct slice *rest, char separator);
static struct slice without_spaces(struct slice text);

const char *sigv4_authorization_parse(struct slice value, struct sigv4_authorization *authorization,
                                      struct arena *arena)
{
    memset(authorization, 0, sizeof(*authorization));
    struct slice rest = value;
    if (!slice_equal(take_until(&rest, ' '), SLICE_LITERAL(SIGV4_ALGORITHM)))
        return "Unsupported AWS 'algorithm': only " SIGV4_ALGORITHM " is understood.";
    while (rest.size > 0) {
        struct slice parameter = without_spaces(take_until(&rest, ','));
        const char *complaint = parse_parameter(parameter, authorization, arena);
        if (complaint != NULL)
            return complaint;
    }
    const char *complaint = missing_parameters(authorization, arena);
    if (complaint != NULL)
        return complaint;
    /* `scope` holds the whole credential until it is taken apart. */
    struct slice credential = authorization->scope;
    if (!parse_credential(credential, authorization))
        return arena_printf(arena,
                            "Credential must have exactly 5 slash-delimited elements, e.g. "
                            "keyid/date/region/service/term, got '%s'",
                            sigv4_printable(credential, arena));
    return parse_names(authorization);
}

const char *sigv4_printable(struct slice text, struct arena *arena)
{
    size_t size = text.size < PRINTABLE_SIZE_MAX ? text.size : PRINTABLE_SIZE_MAX;
    char *printable = arena_alloc(arena, size + 1);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = text.data[i];
        bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\' && byte != '<';
        printable[i] = plain ? (char)byte : '?';
    }
    printable[size] = '\0';
    return printable;
}

static const char *parse_parameter(struct slice parameter,
                                   struct sigv4_authorization *authorization, struct arena *arena)
{
    struct slice value = parameter;
    struct slice name = take_until(&value, '=');
    struct slice *field = NULL;
    if (slice_equal(name, SLICE_LITERAL("Credential")))
        field = &authorization->scope;
    else if (slice_equal(name, SLICE_LITERAL("SignedHeaders")))
        field = &authorization->signed_headers;
    else if (slice_equal(name, SLICE_LITERAL("Signature")))
        field = &authorization->signature;
    if (field == NULL || name.size == parameter.size)
        return arena_printf(arena,
                            "'%s' not a valid key=value pair (missing equal-sign, or unknown key) "
                            "in Authorization header.",
                            sigv4_printable(name, arena));
    if (field->size > 0)
        return arena_printf(arena, "Authorization header has more than one '%s' parameter.",
                            sigv4_printable(name, arena));
    *field = value;
    return NULL;
}

static const char *missing_parameters(const struct sigv4_authorization *authorization,
                                      struct arena *arena)
{
    bool complete = authorization->scope.size > 0 && authorization->signature.size > 0 &&
                    authorization->signed_headers.size > 0;
    if (complete)
        return NULL;
    return arena_printf(
        arena, "%s%s%sAuthorization=" SIGV4_ALGORITHM,
        authorization->scope.size > 0 ? ""
                                      : "Authorization header requires 'Credential' parameter. ",
        authorization->signature.size > 0 ? ""
                                          : "Authorization header requires 'Signature' parameter. ",
        authorization->signed_headers.size > 0
            ? ""
            : "Authorization header requires 'SignedHeaders' parameter. ");
}

static bool parse_credential(struct slice credential, struct sigv4_authorization *authorization)
{
    struct slice *elements[SCOPE_ELEMENTS] = {
        &authorization->access_key_id, &authorization->day,        &authorization->region,
        &authorization->service,       &authorization->terminator,
    };
    unsigned slashes = 0;
    for (size_t i = 0; i < credential.size; i++)
        slashes += credential.data[i] == '/';
    if (slashes != SCOPE_ELEMENTS - 1)
        return false;
    struct slice rest = credential;
    for (unsigned i = 0; i < SCOPE_ELEMENTS; i++) {
        if (i == 1)
            authorization->scope = rest;
        *elements[i] = take_until(&rest, '/');
        if (elements[i]->size == 0)
            return false;
    }
    return true;
}

static bool is_header_name(struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        if (byte <= ' ' || byte >= 0x7f || (byte >= 'A' && byte <= 'Z'))
            return false;
    }
    return name.size > 0;
}

static const char *parse_names(struct sigv4_authorization *authorization)
{
    struct slice rest = authorization->signed_headers;
    struct slice previous = SLICE_EMPTY;
    if (rest.data[rest.size - 1] == ';')
        return "'SignedHeaders' must not have empty names.";
    while (rest.size > 0) {
        struct slice name = take_until(&rest, ';');
        if (authorization->names_count == HTTP_HEADERS_MAX)
            return "'SignedHeaders' has too many names.";
        if (!is_header_name(name))
            return "'SignedHeaders' must be names in lower case.";
        if (slice_compare(previous, name) >= 0)
            return "'SignedHeaders' must be sorted and without repetition.";
        authorization->names[authorization->names_count++] = name;
        previous = name;
    }
    return NULL;
}

/* Takes what is before the separator, or all; the separator is dropped. */
static struct slice take_until(struct slice *rest, char separator)
{
    const uint8_t *at = rest->size == 0 ? NULL : memchr(rest->data, separator, rest->size);
    struct slice taken = *rest;
    if (at == NULL) {
        *rest = SLICE_EMPTY;
        return taken;
    }
    taken.size = (size_t)(at - rest->data);
    *rest = slice_of(at + 1, rest->size - taken.size - 1);
    return taken;
}

static struct slice without_spaces(struct slice text)
{
    while (text.size > 0 && text.data[0] == ' ')
        text = slice_of(text.data + 1, text.size - 1);
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}
