/* config_sources: gathers the raw text of each setting from flags, environment and file. */
#pragma once

#include "config_keys.h"

/* A value as somebody wrote it. */
struct config_value {
    char *text;   /* owned; NULL: not given */
    char *origin; /* "flag", "environment", or the file's name; owned */
};

struct config_sources {
    struct config_value values[CONFIG_KEYS_MAX]; /* by index of the key */
    bool dev;
    bool help;
    bool help_config;
    bool version;
    bool file_is_private; /* the file has mode 0600 or stricter */
    char *file;           /* owned; NULL: none */
    FILE *errors;         /* where complaints go */
    size_t errors_count;
};

/* Complaints are counted and written to `errors`. */
void config_sources_load(struct config_sources *sources, int argc, char *const *argv,
                         char *const *environment, FILE *errors);
void config_sources_deinit(struct config_sources *sources);
/* One complaint: a line. */
void config_complain(struct config_sources *sources, const char *format, ...) printf_like(2, 3);
