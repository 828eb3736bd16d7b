#include "expression_lexer.h"

#include <strings.h>

struct spelling {
    enum token_kind kind;
    const char *text;
};

/* Longer ones before what they begin with. */
static const struct spelling symbols[] = {
    {TOKEN_NOT_EQUAL, "<>"},
    {TOKEN_LESS_OR_EQUAL, "<="},
    {TOKEN_GREATER_OR_EQUAL, ">="},
    {TOKEN_EQUAL, "="},
    {TOKEN_LESS, "<"},
    {TOKEN_GREATER, ">"},
    {TOKEN_COMMA, ","},
    {TOKEN_DOT, "."},
    {TOKEN_OPEN, "("},
    {TOKEN_CLOSE, ")"},
    {TOKEN_OPEN_BRACKET, "["},
    {TOKEN_CLOSE_BRACKET, "]"},
    {TOKEN_PLUS, "+"},
    {TOKEN_MINUS, "-"},
};

static const struct spelling keywords[] = {
    {TOKEN_AND, "and"},         {TOKEN_OR, "or"},         {TOKEN_NOT, "not"},
    {TOKEN_BETWEEN, "between"}, {TOKEN_IN, "in"},         {TOKEN_SET, "set"},
    {TOKEN_ADD, "add"},         {TOKEN_REMOVE, "remove"}, {TOKEN_DELETE, "delete"},
};

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_name_part(uint8_t byte)
{
    return is_letter(byte) || is_digit(byte) || byte == '_';
}

static size_t count_while(struct slice text, size_t from, bool (*belongs)(uint8_t byte))
{
    size_t end = from;
    while (end < text.size && belongs(text.data[end]))
        end++;
    return end - from;
}

static enum token_kind keyword_or_name(struct slice text)
{
    for (size_t i = 0; i < array_size(keywords); i++) {
        struct slice keyword = slice_of_string(keywords[i].text);
        if (text.size == keyword.size &&
            strncasecmp((const char *)text.data, keywords[i].text, text.size) == 0)
            return keywords[i].kind;
    }
    return TOKEN_NAME;
}

static size_t character_size(struct slice text)
{
    size_t size = 1;
    while (size < text.size && (text.data[size] & 0xc0) == 0x80)
        size++;
    return size;
}

static struct token symbol_or_invalid(struct slice left)
{
    for (size_t i = 0; i < array_size(symbols); i++) {
        struct slice symbol = slice_of_string(symbols[i].text);
        if (slice_starts_with(left, symbol))
            return (struct token){symbols[i].kind, slice_of(left.data, symbol.size)};
    }
    return (struct token){TOKEN_INVALID, slice_of(left.data, character_size(left))};
}

static struct token token_at(struct slice left)
{
    if (left.size == 0)
        return (struct token){TOKEN_END, left};
    uint8_t first = left.data[0];
    if (is_letter(first)) {
        struct slice text = slice_of(left.data, count_while(left, 0, is_name_part));
        return (struct token){keyword_or_name(text), text};
    }
    if (is_digit(first)) {
        size_t digits = first == '0' ? 1 : count_while(left, 0, is_digit);
        return (struct token){TOKEN_NUMBER, slice_of(left.data, digits)};
    }
    size_t part = first == '#' || first == ':' ? count_while(left, 1, is_name_part) : 0;
    if (part > 0)
        return (struct token){first == '#' ? TOKEN_NAME_SUBSTITUTE : TOKEN_VALUE_SUBSTITUTE,
                              slice_of(left.data, part + 1)};
    return symbol_or_invalid(left);
}

struct token lexer_next(struct lexer *lexer)
{
    size_t spaces = count_while(lexer->left, 0, is_space);
    lexer->left.data += spaces;
    lexer->left.size -= spaces;
    struct token token = token_at(lexer->left);
    lexer->left.data += token.text.size;
    lexer->left.size -= token.text.size;
    return token;
}

bool substitute_valid(struct slice text, char first)
{
    return text.size > 1 && text.data[0] == (uint8_t)first &&
           count_while(text, 1, is_name_part) == text.size - 1;
}
