#include "config_sources.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ENVIRONMENT_PREFIX "CARTWHEEL_"

static void load_file(struct config_sources *sources);
static void load_environment(struct config_sources *sources, char *const *environment);
static void load_flags(struct config_sources *sources, int argc, char *const *argv);
static char *find_config_file(int argc, char *const *argv, char *const *environment);

/* Weakest source first: a later one replaces what an earlier one gave. */
void config_sources_load(struct config_sources *sources, int argc, char *const *argv,
                         char *const *environment, FILE *errors)
{
    *sources = (struct config_sources){.errors = errors, .file_is_private = true};
    sources->file = find_config_file(argc, argv, environment);
    if (sources->file != NULL)
        load_file(sources);
    load_environment(sources, environment);
    load_flags(sources, argc, argv);
}

void config_sources_deinit(struct config_sources *sources)
{
    for (size_t i = 0; i < CONFIG_KEYS_MAX; i++) {
        free(sources->values[i].text);
        free(sources->values[i].origin);
    }
    free(sources->file);
}

void config_complain(struct config_sources *sources, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(sources->errors, format, args);
    va_end(args);
    fputc('\n', sources->errors);
    sources->errors_count++;
}

static char *copy_string(const char *text)
{
    return slice_to_string(slice_of_string(text));
}

static void set_value(struct config_sources *sources, int key, const char *text, const char *origin)
{
    struct config_value *value = &sources->values[key];
    free(value->text);
    free(value->origin);
    value->text = copy_string(text);
    value->origin = copy_string(origin);
}

static char *find_config_file(int argc, char *const *argv, char *const *environment)
{
    const char *file = NULL;
    for (char *const *at = environment; *at != NULL; at++) {
        if (strncmp(*at, ENVIRONMENT_PREFIX "CONFIG=", strlen(ENVIRONMENT_PREFIX "CONFIG=")) == 0)
            file = *at + strlen(ENVIRONMENT_PREFIX "CONFIG=");
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            file = argv[i + 1];
        else if (strncmp(argv[i], "--config=", strlen("--config=")) == 0)
            file = argv[i] + strlen("--config=");
    }
    return file == NULL ? NULL : copy_string(file);
}

/* The parser hands over a continuation line as the key once more: lists are put together, anything
 * else was given twice. */
static void extend_value(struct config_sources *sources, int index, const char *name,
                         const char *text)
{
    size_t count;
    const struct config_key *key = &config_keys(&count)[index];
    struct config_value *value = &sources->values[index];
    if (value->text == NULL) {
        set_value(sources, index, text, sources->file);
    } else if (key->type == CONFIG_LIST) {
        char *joined;
        ensure(asprintf(&joined, "%s,%s", value->text, text) > 0);
        free(value->text);
        value->text = joined;
    } else {
        config_complain(sources, "%s: given more than once (%s)", name, sources->file);
    }
}

static int on_file_entry(void *context, const char *section, const char *name, const char *value)
{
    struct config_sources *sources = context;
    int key = config_key_find(name);
    if (section[0] != '\0')
        config_complain(sources, "[%s]: settings stand in no section (%s)", section, sources->file);
    else if (key < 0)
        config_complain(sources, "%s: no such setting (%s)", name, sources->file);
    else
        extend_value(sources, key, name, value);
    return 1;
}

static void load_file(struct config_sources *sources)
{
    struct stat status;
    FILE *file = fopen(sources->file, "re");
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        config_complain(sources, "config: cannot read %s: %s", sources->file, strerror(errno));
    } else {
        sources->file_is_private = (status.st_mode & 077) == 0;
        int bad_line = ini_parse_file(file, on_file_entry, sources);
        if (bad_line != 0)
            config_complain(sources,
                            "config: %s: line %d is no KEY = VALUE of at most 195 characters (a "
                            "list may go on over indented lines)",
                            sources->file, bad_line);
    }
    if (file != NULL)
        fclose(file);
}

static void load_environment(struct config_sources *sources, char *const *environment)
{
    size_t count;
    const struct config_key *keys = config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        char variable[128];
        int used = snprintf(variable, sizeof(variable), ENVIRONMENT_PREFIX "%s=", keys[i].name);
        ensure(used > 0 && (size_t)used < sizeof(variable));
        for (char *at = variable; *at != '\0'; at++) {
            if (*at >= 'a' && *at <= 'z')
                *at = (char)(*at - 'a' + 'A');
        }
        for (char *const *at = environment; *at != NULL; at++) {
            if (strncmp(*at, variable, (size_t)used) == 0)
                set_value(sources, (int)i, *at + used, "environment");
        }
    }
}

static bool take_option(struct config_sources *sources, const char *flag)
{
    const struct {
        const char *flag;
        bool *option;
    } options[] = {
        {"--dev", &sources->dev},         {"--help", &sources->help},
        {"-h", &sources->help},           {"--help-config", &sources->help_config},
        {"--version", &sources->version},
    };
    for (size_t i = 0; i < array_size(options); i++) {
        if (strcmp(options[i].flag, flag) == 0) {
            *options[i].option = true;
            return true;
        }
    }
    return false;
}

static void take_flag(struct config_sources *sources, const char *name, const char *value)
{
    if (strcmp(name, "config") == 0)
        return;
    if (strcmp(name, "port") == 0) {
        char listen[64];
        snprintf(listen, sizeof(listen), "127.0.0.1:%s", value);
        set_value(sources, config_key_find("listen"), listen, "flag --port");
        return;
    }
    int key = config_key_find(name);
    if (key < 0)
        config_complain(sources, "--%s: no such setting; see --help", name);
    else
        set_value(sources, key, value, "flag");
}

static void load_flags(struct config_sources *sources, int argc, char *const *argv)
{
    for (int i = 1; i < argc; i++) {
        if (take_option(sources, argv[i]))
            continue;
        const char *equals = strchr(argv[i], '=');
        if (strncmp(argv[i], "--", 2) != 0) {
            config_complain(sources, "%s: not understood; see --help", argv[i]);
        } else if (equals == NULL && i + 1 == argc) {
            config_complain(sources, "%s: needs a value; see --help", argv[i]);
        } else if (equals == NULL) {
            take_flag(sources, argv[i] + 2, argv[i + 1]);
            i++;
        } else {
            char *name = slice_to_string(slice_of(argv[i] + 2, (size_t)(equals - argv[i] - 2)));
            take_flag(sources, name, equals + 1);
            free(name);
        }
    }
}
