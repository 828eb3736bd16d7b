/* config_keys: the one table of settings, from which parsing, --help, complaints and
 * docs/configuration.md follow. */
#pragma once

#include "config.h"

enum config_type {
    CONFIG_TEXT,
    CONFIG_LIST,   /* text; in a file it may go on over indented lines */
    CONFIG_SECRET, /* text that is never shown; a file that holds it must have mode 0600 */
    CONFIG_NUMBER,
    CONFIG_SWITCH, /* on or off: 1 or 0 */
    CONFIG_CHOICE  /* the index of one of `choices` */
};

struct config_key {
    const char *name;
    enum config_type type;
    size_t offset;        /* of its field in struct config */
    const char *fallback; /* the value when nobody gives one */
    uint64_t min;         /* CONFIG_NUMBER */
    uint64_t max;
    const char *choices[6]; /* CONFIG_CHOICE, ended by NULL */
    const char *help;
};

enum { CONFIG_KEYS_MAX = 80 };

const struct config_key *config_keys(size_t *count);
/* By name, '-' and '_' being one; -1 if there is none. */
int config_key_find(const char *name);
void config_print_help(FILE *output);
void config_print_markdown(FILE *output);
/* "1..10", "on or off", "sync or interval": what a value of the key may be. */
void config_print_range(const struct config_key *key, FILE *output);
