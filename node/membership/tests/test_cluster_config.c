/* The configuration of a cluster: what is refused, what its hash depends on, and how it travels. */
#include <stdio.h>
#include <string.h>

#include "membership.h"
#include "test_main.h"

#define LONGEST_NAME "0123456789012345678901234567890123456789012345678901234567890123"

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

/* Three members, all well; a case then breaks one thing. */
static struct cluster_config good(struct member_config members[3])
{
    members[0] = (struct member_config){text("a"), text("127.0.0.1:7000"), text(""), 100};
    members[1] = (struct member_config){text("b"), text("127.0.0.2:7000"), text("z"), 1};
    members[2] = (struct member_config){text("c"), text("127.0.0.3:7000"), text("z"), 10000};
    return (struct cluster_config){text("test"), 64, members, 3};
}

enum broken {
    CLUSTER_NAME,
    PARTITIONS,
    COUNT,
    MEMBER_NAME,
    MEMBER_ADDRESS,
    MEMBER_WEIGHT,
    MEMBER_ZONE
};

static const struct {
    enum broken what;
    const char *text;
    size_t number;
    bool accepted;
} cases[] = {
    {CLUSTER_NAME, "", 0, false},
    {CLUSTER_NAME, LONGEST_NAME, 0, true},
    {CLUSTER_NAME, LONGEST_NAME "x", 0, false},
    {CLUSTER_NAME, NULL, 0, false},
    {PARTITIONS, NULL, 0, false},
    {PARTITIONS, NULL, 1, true},
    {PARTITIONS, NULL, 3, false},
    {PARTITIONS, NULL, 63, false},
    {PARTITIONS, NULL, 65536, true},
    {PARTITIONS, NULL, 131072, false},
    {PARTITIONS, NULL, UINT32_MAX, false},
    {COUNT, NULL, 0, false},
    {COUNT, NULL, 1, true},
    {MEMBER_NAME, "", 0, false},
    {MEMBER_NAME, LONGEST_NAME, 0, true},
    {MEMBER_NAME, LONGEST_NAME "x", 0, false},
    {MEMBER_NAME, "a", 0, false},
    {MEMBER_NAME, "b", 0, false},
    {MEMBER_NAME, "B", 0, true},
    {MEMBER_ADDRESS, "", 0, false},
    {MEMBER_ADDRESS, "localhost", 0, false},
    {MEMBER_ADDRESS, "localhost:1", 0, true},
    {MEMBER_ADDRESS, "127.0.0.1:7000", 0, false},
    {MEMBER_WEIGHT, NULL, 0, false},
    {MEMBER_WEIGHT, NULL, 1, true},
    {MEMBER_WEIGHT, NULL, 10000, true},
    {MEMBER_WEIGHT, NULL, 10001, false},
    {MEMBER_ZONE, "", 0, true},
    {MEMBER_ZONE, "elsewhere", 0, true},
};

static void alter(struct cluster_config *cluster, enum broken what, const char *string,
                  size_t number)
{
    struct member_config *last = &cluster->members[2];
    switch (what) {
    case CLUSTER_NAME:
        cluster->name = text(string);
        break;
    case PARTITIONS:
        cluster->partitions = (uint32_t)number;
        break;
    case COUNT:
        cluster->members_count = number;
        break;
    case MEMBER_NAME:
        last->name = text(string);
        break;
    case MEMBER_ADDRESS:
        last->address = text(string);
        break;
    case MEMBER_WEIGHT:
        last->weight = (uint32_t)number;
        break;
    case MEMBER_ZONE:
        last->zone = text(string);
        break;
    }
}

START_TEST(what_a_cluster_may_be)
{
    struct member_config members[3];
    struct cluster_config cluster = good(members);
    ck_assert_ptr_null(cluster_config_check(&cluster));
    for (size_t i = 0; i < array_size(cases); i++) {
        cluster = good(members);
        alter(&cluster, cases[i].what, cases[i].text, cases[i].number);
        ck_assert_msg((cluster_config_check(&cluster) == NULL) == cases[i].accepted, "case %zu", i);
    }
}
END_TEST

START_TEST(at_most_1024_members)
{
    static struct member_config members[MEMBERS_MAX + 1];
    static char names[MEMBERS_MAX + 1][16], addresses[MEMBERS_MAX + 1][32];
    for (unsigned i = 0; i <= MEMBERS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "n%u", i);
        snprintf(addresses[i], sizeof(addresses[i]), "127.0.%u.%u:7000", i / 256, i % 256);
        members[i] = (struct member_config){names[i], addresses[i], text(""), 100};
    }
    struct cluster_config cluster = {text("test"), 64, members, MEMBERS_MAX};
    ck_assert_ptr_null(cluster_config_check(&cluster));
    cluster.members_count++;
    ck_assert_ptr_nonnull(cluster_config_check(&cluster));
}
END_TEST

START_TEST(strangers_have_another_id)
{
    struct member_config members[3];
    struct cluster_config cluster = good(members);
    uint64_t id = cluster_id(&cluster);
    static const struct {
        enum broken what;
        const char *text;
        size_t number;
    } changes[] = {
        {CLUSTER_NAME, "other", 0},    {PARTITIONS, NULL, 128},    {COUNT, NULL, 2},
        {MEMBER_NAME, "d", 0},         {MEMBER_ADDRESS, "h:1", 0}, {MEMBER_WEIGHT, NULL, 300},
        {MEMBER_ZONE, "elsewhere", 0},
    };
    for (size_t i = 0; i < array_size(changes); i++) {
        cluster = good(members);
        alter(&cluster, changes[i].what, changes[i].text, changes[i].number);
        ck_assert_msg(cluster_id(&cluster) != id, "change %zu", i);
    }
}
END_TEST

START_TEST(a_copy_stands_alone)
{
    struct member_config members[3];
    struct cluster_config cluster = good(members), copy;
    cluster_config_copy(&copy, &cluster);
    ck_assert_ptr_ne(copy.members, cluster.members);
    ck_assert_ptr_ne(copy.members[1].name, cluster.members[1].name);
    ck_assert_uint_eq(cluster_id(&copy), cluster_id(&cluster));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(copy.members[i].zone, members[i].zone);
        ck_assert_uint_eq(copy.members[i].weight, members[i].weight);
    }
    cluster_config_deinit(&copy);
    ck_assert_uint_eq(copy.members_count, 0);
}
END_TEST

static bool decodes(struct slice bytes, struct cluster_config *cluster)
{
    struct reader reader = reader_of(bytes);
    *cluster = (struct cluster_config){.name = NULL};
    return cluster_config_decode(&reader, cluster) && reader_done(&reader);
}

START_TEST(what_travels_arrives)
{
    struct member_config members[3];
    struct cluster_config cluster = good(members), read;
    struct writer bytes;
    writer_init(&bytes, 0);
    cluster_config_encode(&cluster, &bytes);
    ck_assert(decodes(writer_slice(&bytes), &read));
    ck_assert_str_eq(read.name, "test");
    ck_assert_uint_eq(read.partitions, 64);
    ck_assert_uint_eq(read.members_count, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(read.members[i].name, members[i].name);
        ck_assert_str_eq(read.members[i].address, members[i].address);
        ck_assert_str_eq(read.members[i].zone, members[i].zone);
        ck_assert_uint_eq(read.members[i].weight, members[i].weight);
    }
    cluster_config_deinit(&read);
    writer_deinit(&bytes);
}
END_TEST

START_TEST(half_a_cluster_is_refused)
{
    struct member_config members[3];
    struct cluster_config cluster = good(members), read;
    struct writer bytes;
    writer_init(&bytes, 0);
    cluster_config_encode(&cluster, &bytes);
    struct slice whole = writer_slice(&bytes);
    for (size_t size = 0; size < whole.size; size++) {
        ck_assert_msg(!decodes(slice_of(whole.data, size), &read), "%zu bytes", size);
        cluster_config_deinit(&read);
    }
    for (size_t at = 0; at < whole.size; at++) {
        bytes.buffer->data[at] ^= 0xff;
        if (decodes(writer_slice(&bytes), &read))
            ck_assert_ptr_null(cluster_config_check(&read));
        cluster_config_deinit(&read);
        bytes.buffer->data[at] ^= 0xff;
    }
    writer_deinit(&bytes);
}
END_TEST

START_TEST(what_no_cluster_may_be_does_not_arrive)
{
    struct member_config members[3];
    for (size_t i = 0; i < array_size(cases); i++) {
        struct cluster_config cluster = good(members), read;
        struct writer bytes;
        alter(&cluster, cases[i].what, cases[i].text, cases[i].number);
        if (cluster.name == NULL)
            continue;
        writer_init(&bytes, 0);
        cluster_config_encode(&cluster, &bytes);
        ck_assert_msg(decodes(writer_slice(&bytes), &read) == cases[i].accepted, "case %zu", i);
        cluster_config_deinit(&read);
        writer_deinit(&bytes);
    }
}
END_TEST

START_TEST(more_members_than_there_may_be_are_refused)
{
    static const uint64_t counts[] = {0, MEMBERS_MAX + 1, UINT64_MAX};
    for (size_t i = 0; i < array_size(counts); i++) {
        struct cluster_config read;
        struct writer bytes;
        writer_init(&bytes, 0);
        writer_put_sized(&bytes, SLICE_LITERAL("test"));
        writer_put_u32(&bytes, 64);
        writer_put_varint(&bytes, counts[i]);
        ck_assert(!decodes(writer_slice(&bytes), &read));
        cluster_config_deinit(&read);
        writer_deinit(&bytes);
    }
}
END_TEST

TEST_MAIN("cluster_config", what_a_cluster_may_be, at_most_1024_members, strangers_have_another_id,
          a_copy_stands_alone, what_travels_arrives, half_a_cluster_is_refused,
          what_no_cluster_may_be_does_not_arrive, more_members_than_there_may_be_are_refused)
