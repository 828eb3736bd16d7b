/* The configuration of a cluster: checked, copied, hashed. */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "membership.h"

enum { PARTITIONS_MAX = 65536, WEIGHT_MAX = 10000, NAME_SIZE_MAX = 64, ADDRESS_SIZE_MAX = 300 };

uint64_t cluster_id(const struct cluster_config *cluster)
{
    struct writer text;
    writer_init(&text, 256);
    writer_put_sized(&text, slice_of_string(cluster->name));
    writer_put_u32(&text, cluster->partitions);
    for (size_t i = 0; i < cluster->members_count; i++) {
        writer_put_sized(&text, slice_of_string(cluster->members[i].name));
        writer_put_sized(&text, slice_of_string(cluster->members[i].address));
        writer_put_sized(&text, slice_of_string(cluster->members[i].zone));
        writer_put_u32(&text, cluster->members[i].weight);
    }
    uint64_t id = hash64(writer_slice(&text));
    writer_deinit(&text);
    return id;
}

static char *copy(const char *text)
{
    return slice_to_string(slice_of_string(text));
}

struct member_config member_config_copy(const struct member_config *member)
{
    return (struct member_config){copy(member->name), copy(member->address), copy(member->zone),
                                  member->weight};
}

void member_config_deinit(struct member_config *member)
{
    free(member->name);
    free(member->address);
    free(member->zone);
    memset(member, 0, sizeof(*member));
}

void member_config_encode(const struct member_config *member, struct writer *out)
{
    writer_put_sized(out, slice_of_string(member->name));
    writer_put_sized(out, slice_of_string(member->address));
    writer_put_sized(out, slice_of_string(member->zone));
    writer_put_u32(out, member->weight);
}

bool member_config_decode(struct reader *reader, struct member_config *member)
{
    member->name = slice_to_string(reader_get_sized(reader));
    member->address = slice_to_string(reader_get_sized(reader));
    member->zone = slice_to_string(reader_get_sized(reader));
    member->weight = reader_get_u32(reader);
    return !reader->failed && member_config_check(member) == NULL;
}

void cluster_config_copy(struct cluster_config *to, const struct cluster_config *from)
{
    *to = (struct cluster_config){copy(from->name), from->partitions, NULL, from->members_count};
    to->members = calloc(from->members_count, sizeof(*to->members));
    ensure(to->members != NULL);
    for (size_t i = 0; i < from->members_count; i++)
        to->members[i] = member_config_copy(&from->members[i]);
}

void cluster_config_deinit(struct cluster_config *cluster)
{
    for (size_t i = 0; i < cluster->members_count; i++)
        member_config_deinit(&cluster->members[i]);
    free(cluster->members);
    free(cluster->name);
    memset(cluster, 0, sizeof(*cluster));
}

void cluster_config_encode(const struct cluster_config *cluster, struct writer *out)
{
    writer_put_sized(out, slice_of_string(cluster->name));
    writer_put_u32(out, cluster->partitions);
    writer_put_varint(out, cluster->members_count);
    for (size_t i = 0; i < cluster->members_count; i++)
        member_config_encode(&cluster->members[i], out);
}

bool cluster_config_decode(struct reader *reader, struct cluster_config *cluster)
{
    cluster->name = slice_to_string(reader_get_sized(reader));
    cluster->partitions = reader_get_u32(reader);
    uint64_t count = reader_get_varint(reader);
    if (reader->failed || count == 0 || count > MEMBERS_MAX)
        return false;
    cluster->members = calloc(count, sizeof(*cluster->members));
    ensure(cluster->members != NULL);
    cluster->members_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!member_config_decode(reader, &cluster->members[i]))
            return false;
    }
    return cluster_config_check(cluster) == NULL;
}

const char *member_config_check(const struct member_config *member)
{
    if (member->name[0] == '\0' || strlen(member->name) > NAME_SIZE_MAX)
        return "a member's name must have 1 to 64 characters";
    if (strchr(member->address, ':') == NULL)
        return "a member's address must be host:port";
    if (strlen(member->address) > ADDRESS_SIZE_MAX)
        return "a member's address must not have more than 300 characters";
    if (strlen(member->zone) > NAME_SIZE_MAX)
        return "a zone's name must not have more than 64 characters";
    if (member->weight < 1 || member->weight > WEIGHT_MAX)
        return "a member's weight must be 1 to 10000";
    return NULL;
}

const char *cluster_config_check(const struct cluster_config *cluster)
{
    if (cluster->name == NULL || cluster->name[0] == '\0' || strlen(cluster->name) > NAME_SIZE_MAX)
        return "the cluster's name must have 1 to 64 characters";
    bool power_of_two =
        cluster->partitions > 0 && (cluster->partitions & (cluster->partitions - 1)) == 0;
    if (!power_of_two || cluster->partitions > PARTITIONS_MAX)
        return "partitions must be a power of two from 1 to 65536";
    if (cluster->members_count < 1 || cluster->members_count > MEMBERS_MAX)
        return "there must be 1 to 1024 initial members";
    for (size_t i = 0; i < cluster->members_count; i++) {
        const char *wrong = member_config_check(&cluster->members[i]);
        if (wrong != NULL)
            return wrong;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(cluster->members[i].name, cluster->members[j].name) == 0)
                return "two members have the same name";
            if (strcmp(cluster->members[i].address, cluster->members[j].address) == 0)
                return "two members have the same address";
        }
    }
    return NULL;
}
