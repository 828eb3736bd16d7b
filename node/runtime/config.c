#include "config.h"

#include "config_members.h"
#include "config_sources.h"
#include "handshake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void parse_values(struct config *config, struct config_sources *sources);
static void apply_dev(struct config *config, const struct config_sources *sources);
static void read_secret_file(struct config *config, struct config_sources *sources);
static void check_together(struct config *config, struct config_sources *sources);
static bool parse_number(const char *text, uint64_t *number);

enum config_result config_load(struct config *config, int argc, char *const *argv,
                               char *const *environment, FILE *output, FILE *errors)
{
    struct config_sources sources;
    enum config_result result = CONFIG_ANSWERED;
    *config = (struct config){.name = NULL};
    config_sources_load(&sources, argc, argv, environment, errors);
    if (sources.help) {
        config_print_help(output);
    } else if (sources.help_config) {
        config_print_markdown(output);
    } else if (sources.version) {
        fprintf(output, "cartwheeld %s\n", CARTWHEEL_VERSION);
    } else {
        parse_values(config, &sources);
        apply_dev(config, &sources);
        read_secret_file(config, &sources);
        if (sources.errors_count == 0)
            config_members_build(config, &sources);
        if (sources.errors_count == 0)
            check_together(config, &sources);
        result = sources.errors_count == 0 ? CONFIG_OK : CONFIG_INVALID;
    }
    config_sources_deinit(&sources);
    return result;
}

static void *field_of(struct config *config, const struct config_key *key)
{
    return (char *)config + key->offset;
}

static bool key_is_text(const struct config_key *key)
{
    return key->type == CONFIG_TEXT || key->type == CONFIG_LIST || key->type == CONFIG_SECRET;
}

void config_deinit(struct config *config)
{
    size_t count;
    const struct config_key *keys = config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        char **text = field_of(config, &keys[i]);
        if (key_is_text(&keys[i]))
            free(*text);
    }
    if (config->members.members != NULL)
        cluster_config_deinit(&config->members);
    *config = (struct config){.name = NULL};
}

bool config_requires_signatures(const struct config *config)
{
    return config->auth != 0 && config->access_key_id[0] != '\0';
}

char *config_host_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? strlen(address) : (size_t)(colon - address);
    if (size >= 2 && address[0] == '[' && address[size - 1] == ']')
        return slice_to_string(slice_of(address + 1, size - 2));
    return slice_to_string(slice_of(address, size));
}

bool config_next_seed(const char **at, char seed[CONFIG_ADDRESS_SIZE])
{
    *at += strspn(*at, ", \t");
    size_t size = strcspn(*at, ", \t");
    snprintf(seed, CONFIG_ADDRESS_SIZE, "%.*s", (int)size, *at);
    *at += size;
    return size > 0;
}

bool config_names_host(const char *address)
{
    char *host = config_host_of(address);
    struct in_addr v4;
    struct in6_addr v6;
    bool any = host[0] == '\0' || (inet_pton(AF_INET, host, &v4) == 1 && v4.s_addr == INADDR_ANY) ||
               (inet_pton(AF_INET6, host, &v6) == 1 && memcmp(&v6, &in6addr_any, sizeof(v6)) == 0);
    free(host);
    return !any;
}

const char *config_own_address(const struct config *config)
{
    const char *said = config->advertise[0] != '\0' ? config->advertise : config->peer_listen;
    return config_names_host(said) ? said : "";
}

char *config_source_host(const char *address)
{
    char *host = config_host_of(address);
    if (strncmp(host, "127.", 4) == 0)
        return host;
    free(host);
    return NULL;
}

bool config_address_valid(const char *address)
{
    const char *colon = strrchr(address, ':');
    uint64_t port;
    return colon != NULL && parse_number(colon + 1, &port) && port >= 1 && port <= UINT16_MAX;
}

static bool parse_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *number = value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static bool parse_choice(const struct config_key *key, const char *text, uint64_t *number)
{
    static const char *const switches[] = {"off", "on", NULL};
    const char *const *choices = key->type == CONFIG_SWITCH ? switches : key->choices;
    for (size_t i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0) {
            *number = i;
            return true;
        }
    }
    return false;
}

static bool parse_value(struct config *config, const struct config_key *key, const char *text)
{
    if (key_is_text(key)) {
        char **field = field_of(config, key);
        *field = slice_to_string(slice_of_string(text));
        return true;
    }
    uint64_t *number = field_of(config, key);
    if (key->type == CONFIG_NUMBER)
        return parse_number(text, number) && *number >= key->min && *number <= key->max;
    return parse_choice(key, text, number);
}

static void complain_of_value(struct config_sources *sources, const struct config_key *key,
                              const struct config_value *value)
{
    fprintf(sources->errors, "%s: \"%s\" is not ", key->name, value->text);
    config_print_range(key, sources->errors);
    config_complain(sources, " (%s)", value->origin);
}

static void parse_values(struct config *config, struct config_sources *sources)
{
    size_t count;
    const struct config_key *keys = config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        const struct config_value *value = &sources->values[i];
        bool given = value->text != NULL;
        if (!parse_value(config, &keys[i], given ? value->text : keys[i].fallback))
            complain_of_value(sources, &keys[i], value);
        if (given && keys[i].type == CONFIG_SECRET && !sources->file_is_private &&
            strcmp(value->origin, sources->file) == 0)
            config_complain(sources, "%s: stands in %s, which others may read: chmod 600",
                            keys[i].name, sources->file);
    }
    config->auth_given = sources->values[config_key_find("auth")].text != NULL;
}

static void apply_dev(struct config *config, const struct config_sources *sources)
{
    config->dev = sources->dev;
    if (!config->dev)
        return;
    config->data_is_temporary = sources->values[config_key_find("data")].text == NULL;
    if (!config->auth_given)
        config->auth = 0;
    if (sources->values[config_key_find("disk_reserve_mb")].text == NULL)
        config->disk_reserve_mb = 64;
}

static void strip_line_end(char *text)
{
    size_t size = strlen(text);
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        text[--size] = '\0';
}

static void read_secret_file(struct config *config, struct config_sources *sources)
{
    enum { SECRET_SIZE_MAX = 1024 };
    if (config->secret_file[0] == '\0')
        return;
    char secret[SECRET_SIZE_MAX + 2] = "";
    struct stat status;
    FILE *file = fopen(config->secret_file, "re");
    if (config->secret[0] != '\0') {
        config_complain(sources, "secret, secret_file: give one of them");
    } else if (file == NULL || fstat(fileno(file), &status) != 0) {
        config_complain(sources, "secret_file: cannot read %s: %s", config->secret_file,
                        strerror(errno));
    } else if ((status.st_mode & 077) != 0) {
        config_complain(sources, "secret_file: others may read %s: chmod 600", config->secret_file);
    } else {
        size_t size = fread(secret, 1, sizeof(secret) - 1, file);
        strip_line_end(secret);
        if (size > SECRET_SIZE_MAX || secret[0] == '\0')
            config_complain(sources, "secret_file: %s must hold 1..%d characters",
                            config->secret_file, SECRET_SIZE_MAX);
        free(config->secret);
        config->secret = slice_to_string(slice_of_string(secret));
    }
    if (file != NULL)
        fclose(file);
    explicit_bzero(secret, sizeof(secret));
}

bool config_is_loopback(const char *address)
{
    char *host = config_host_of(address);
    struct in_addr v4;
    struct in6_addr v6;
    /* Parsed, not compared as text: "127.example.com" may be anywhere. */
    bool loopback =
        strcmp(host, "localhost") == 0 ||
        (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET) ||
        (inet_pton(AF_INET6, host, &v6) == 1 && memcmp(&v6, &in6addr_loopback, sizeof(v6)) == 0);
    free(host);
    return loopback;
}

static void check_address(struct config_sources *sources, const char *key, const char *address)
{
    if (!config_address_valid(address))
        config_complain(sources, "%s: \"%s\" is not host:port with a port of 1..65535", key,
                        address);
}

static void check_seeds(struct config *config, struct config_sources *sources)
{
    const char *at = config->join;
    char seed[CONFIG_ADDRESS_SIZE];
    size_t count = 0;
    for (; config_next_seed(&at, seed); count++) {
        if (!config_address_valid(seed))
            config_complain(sources, "join: \"%s\" is not host:port with a port of 1..65535", seed);
    }
    if (config->join[0] != '\0' && count == 0)
        config_complain(sources, "join: names no member");
    if (config->join[0] != '\0' && config->initial_members[0] != '\0')
        config_complain(sources, "join, initial_members: give one of them: a node joins a cluster, "
                                 "or is born with it");
    if (config->replace[0] != '\0' && config->join[0] == '\0')
        config_complain(sources, "replace: needs join");
}

static void check_addresses(struct config *config, struct config_sources *sources)
{
    check_address(sources, "listen", config->listen);
    if (config->peer_listen[0] != '\0')
        check_address(sources, "peer_listen", config->peer_listen);
    if (config->advertise[0] != '\0')
        check_address(sources, "advertise", config->advertise);
    check_seeds(config, sources);
    for (size_t i = 0; i < config->members.members_count; i++)
        check_address(sources, "initial_members", config->members.members[i].address);
}

static void check_auth(struct config *config, struct config_sources *sources)
{
    bool has_id = config->access_key_id[0] != '\0';
    bool has_secret = config->secret_access_key[0] != '\0';
    if (has_id != has_secret)
        config_complain(sources, "access_key_id, secret_access_key: give both or neither");
    bool wants_none = config->auth_given && config->auth == 0;
    if (!config_is_loopback(config->listen) && !config_requires_signatures(config) && !wants_none)
        config_complain(sources,
                        "listen: \"%s\" can be reached from other machines: set access_key_id and "
                        "secret_access_key (with --dev, auth = on too), or write out auth = off",
                        config->listen);
}

static void check_port(const char *key, const char *address, struct config_sources *sources)
{
    const char *colon = strrchr(address, ':');
    uint64_t port;
    if (colon == NULL || !parse_number(colon + 1, &port) || port > UINT16_MAX)
        config_complain(sources, "%s: \"%s\" is not host:port", key, address);
}

static void check_secret(struct config *config, struct config_sources *sources)
{
    size_t size = strlen(config->secret);
    if (config->members.members_count > 1 && size == 0)
        config_complain(sources, "secret: a cluster of several nodes needs one (secret_file)");
    else if (config->join[0] != '\0' && size == 0)
        config_complain(sources, "secret: no node joins without the cluster's (secret_file)");
    else if (size > 0 && size < HANDSHAKE_SECRET_MIN)
        config_complain(sources, "secret: is shorter than %d characters", HANDSHAKE_SECRET_MIN);
}

static void check_texts(struct config *config, struct config_sources *sources)
{
    if (strlen(config->region) > SIGV4_REGION_SIZE_MAX || config->region[0] == '\0')
        config_complain(sources, "region: \"%s\" is not 1..%d characters", config->region,
                        SIGV4_REGION_SIZE_MAX);
    if (strlen(config->secret_access_key) > SIGV4_SECRET_SIZE_MAX)
        config_complain(sources, "secret_access_key: is longer than %d characters",
                        SIGV4_SECRET_SIZE_MAX);
    if (strlen(config->name) > HANDSHAKE_NAME_MAX)
        config_complain(sources, "name: is longer than %d characters", HANDSHAKE_NAME_MAX);
    if (strlen(config->account) != 12 || strspn(config->account, "0123456789") != 12)
        config_complain(sources, "account: \"%s\" is not 12 digits", config->account);
}

static void check_quorum(struct config *config, struct config_sources *sources)
{
    if (config->table_r > config->table_n || config->table_w > config->table_n)
        config_complain(sources, "table_r, table_w: must not exceed table_n");
    if (config->probe_timeout_ms > config->probe_interval_ms)
        config_complain(sources, "probe_timeout_ms: must not exceed probe_interval_ms");
}

static void check_together(struct config *config, struct config_sources *sources)
{
    check_port("listen", config->listen, sources);
    if (config->peer_listen[0] != '\0')
        check_port("peer_listen", config->peer_listen, sources);
    check_addresses(config, sources);
    check_auth(config, sources);
    check_secret(config, sources);
    check_texts(config, sources);
    check_quorum(config, sources);
}
