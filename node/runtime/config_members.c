#include "config_members.h"

#include "boot.h"

#include <stdlib.h>
#include <string.h>

/* Where a node that is alone would meet peers, if it had any and nothing else is said. */
#define LONELY_ADDRESS "127.0.0.1:7000"

enum { WEIGHT_ORDINARY = 100, WEIGHT_MAX = 10000 };

/* "name=value" pairs, cut out of a copy of a list. */
struct pairs {
    char *copy;
    char *at;
};

static void pairs_init(struct pairs *pairs, const char *list)
{
    pairs->copy = slice_to_string(slice_of_string(list));
    pairs->at = pairs->copy;
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    for (size_t size = strlen(text); size > 0 && strchr(" \t", text[size - 1]) != NULL;)
        text[--size] = '\0';
    return text;
}

/* False at the end. A pair without '=' or with an empty side has `value` NULL. Empty places between
 * commas are passed over. */
static bool pairs_next(struct pairs *pairs, char **name, char **value)
{
    char *pair;
    do {
        pair = strsep(&pairs->at, ",");
        if (pair == NULL)
            return false;
        pair = trim(pair);
    } while (*pair == '\0');
    char *equals = strchr(pair, '=');
    *name = pair;
    *value = NULL;
    if (equals == NULL)
        return true;
    *equals = '\0';
    *name = trim(pair);
    char *right = trim(equals + 1);
    if (**name != '\0' && *right != '\0')
        *value = right;
    return true;
}

static void add_member(struct cluster_config *cluster, const char *name, const char *address)
{
    size_t count = cluster->members_count + 1;
    cluster->members = realloc(cluster->members, count * sizeof(*cluster->members));
    ensure(cluster->members != NULL);
    cluster->members[cluster->members_count] = (struct member_config){
        .name = slice_to_string(slice_of_string(name)),
        .address = slice_to_string(slice_of_string(address)),
        .zone = slice_to_string(SLICE_EMPTY),
        .weight = WEIGHT_ORDINARY,
    };
    cluster->members_count = count;
}

static struct member_config *find_member(struct cluster_config *cluster, const char *name)
{
    for (size_t i = 0; i < cluster->members_count; i++) {
        if (strcmp(cluster->members[i].name, name) == 0)
            return &cluster->members[i];
    }
    return NULL;
}

static const char *birth_name(const struct config *config)
{
    return config->name[0] == '\0' ? BOOT_NAME : config->name;
}

/* Where a node meets peers that is born alone. */
static const char *lonely_address(const struct config *config)
{
    const char *said = config_own_address(config);
    /* What is no address is complained of under its own key. */
    return config_address_valid(said) ? said : LONELY_ADDRESS;
}

static void read_members(struct config *config, struct config_sources *sources)
{
    struct pairs pairs;
    char *name;
    char *address;
    pairs_init(&pairs, config->initial_members);
    while (pairs_next(&pairs, &name, &address)) {
        if (address == NULL || strchr(address, ':') == NULL)
            config_complain(sources, "initial_members: \"%s\" is not name=host:port", name);
        else if (config->members.members_count == MEMBERS_MAX)
            config_complain(sources, "initial_members: more than %d", MEMBERS_MAX);
        else
            add_member(&config->members, name, address);
    }
    free(pairs.copy);
    if (config->members.members_count == 0)
        add_member(&config->members, birth_name(config), lonely_address(config));
}

static void set_zone(struct member_config *member, const char *zone, struct config_sources *sources)
{
    (void)sources;
    free(member->zone);
    member->zone = slice_to_string(slice_of_string(zone));
}

static void set_weight(struct member_config *member, const char *text,
                       struct config_sources *sources)
{
    char *end;
    long weight = strtol(text, &end, 10);
    if (*end != '\0' || weight < 1 || weight > WEIGHT_MAX)
        config_complain(sources, "weights: \"%s\" of %s is not 1..%d", text, member->name,
                        WEIGHT_MAX);
    else
        member->weight = (uint32_t)weight;
}

static void read_attributes(struct config *config, struct config_sources *sources, const char *key,
                            const char *list,
                            void (*set)(struct member_config *member, const char *value,
                                        struct config_sources *sources))
{
    struct pairs pairs;
    char *name;
    char *value;
    pairs_init(&pairs, list);
    while (pairs_next(&pairs, &name, &value)) {
        struct member_config *member = find_member(&config->members, name);
        if (value == NULL)
            config_complain(sources, "%s: \"%s\" is not name=value", key, name);
        else if (member == NULL)
            config_complain(sources, "%s: \"%s\" is none of initial_members", key, name);
        else
            set(member, value, sources);
    }
    free(pairs.copy);
}

void config_members_build(struct config *config, struct config_sources *sources)
{
    config->members.name = slice_to_string(slice_of_string(config->cluster));
    config->members.partitions = (uint32_t)config->partitions;
    read_members(config, sources);
    read_attributes(config, sources, "zones", config->zones, set_zone);
    read_attributes(config, sources, "weights", config->weights, set_weight);
    const char *wrong = cluster_config_check(&config->members);
    if (wrong != NULL)
        config_complain(sources, "initial_members: %s", wrong);
    if (find_member(&config->members, birth_name(config)) == NULL)
        config_complain(sources, "name: \"%s\" is none of initial_members", birth_name(config));
}
