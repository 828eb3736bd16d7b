#include "peers.h"

#include "members.h"
#include "test_main.h"

#include <string.h>

static struct member_config members[] = {
    {.name = "a", .address = "127.0.0.1:1"},
    {.name = "b", .address = "127.0.0.2:1"},
    {.name = "c", .address = "127.0.0.3:1"},
};

/* Node a, which has met c under the id 0x30000. */
static struct peers *make(void)
{
    static struct peer_identity known[] = {{.id = 0x30000, .name = "c"}};
    struct boot boot = {
        .id = 0x10000,
        .name = members[0].name,
        .cluster = {.members = members, .members_count = array_size(members)},
        .peers = known,
        .peers_count = 1,
    };
    return peers_new(&boot);
}

static struct handshake_identity who(const char *name, node_id id, uint64_t incarnation,
                                     uint64_t instance)
{
    struct handshake_identity identity = {
        .id = id, .incarnation = incarnation, .instance = instance};
    strcpy(identity.name, name);
    return identity;
}

START_TEST(each_name_and_id_belong_together)
{
    static const struct {
        const char *name;
        node_id id;
        enum handshake_error expected;
    } cases[] = {
        {"b", 0x10000, HANDSHAKE_OWN_ID},
        {"a", 0x20000, HANDSHAKE_UNKNOWN_NAME},
        {"stranger", 0x50000, HANDSHAKE_UNKNOWN_NAME},
        {"c", 0x40000, HANDSHAKE_WRONG_ID},
        {"b", 0x30000, HANDSHAKE_WRONG_ID},
        {"c", 0x30000, HANDSHAKE_FINE},
        {"b", 0x20000, HANDSHAKE_FINE},
        {"b", 0x60000, HANDSHAKE_WRONG_ID},
    };
    struct peers *peers = make();
    for (size_t i = 0; i < array_size(cases); i++) {
        struct handshake_identity identity = who(cases[i].name, cases[i].id, 1, 1);
        ck_assert_msg(peers_claim(peers, &identity) == cases[i].expected, "case %zu", i);
        if (cases[i].expected == HANDSHAKE_FINE)
            peers_release(peers, &identity);
    }
    peers_free(peers);
}
END_TEST

START_TEST(a_clone_is_refused_while_the_first_lives)
{
    struct peers *peers = make();
    struct handshake_identity first = who("b", 0x20000, 5, 100);
    struct handshake_identity clone = who("b", 0x20000, 5, 200);
    ck_assert_int_eq(peers_claim(peers, &first), HANDSHAKE_FINE);
    ck_assert_int_eq(peers_claim(peers, &first), HANDSHAKE_FINE);
    ck_assert_int_eq(peers_claim(peers, &clone), HANDSHAKE_CLONE);
    peers_release(peers, &first);
    ck_assert_int_eq(peers_claim(peers, &clone), HANDSHAKE_CLONE);
    peers_release(peers, &first);
    ck_assert_int_eq(peers_claim(peers, &clone), HANDSHAKE_FINE);
    peers_release(peers, &clone);
    peers_free(peers);
}
END_TEST

START_TEST(a_restarted_node_is_welcome_once_its_old_connections_ended)
{
    struct peers *peers = make();
    struct handshake_identity before = who("b", 0x20000, 5, 100);
    struct handshake_identity after = who("b", 0x20000, 6, 200);
    ck_assert_int_eq(peers_claim(peers, &before), HANDSHAKE_FINE);
    ck_assert_int_eq(peers_claim(peers, &after), HANDSHAKE_CLONE);
    peers_release(peers, &before);
    ck_assert_int_eq(peers_claim(peers, &after), HANDSHAKE_FINE);
    peers_release(peers, &after);
    peers_free(peers);
}
END_TEST

/* The members as a shard of node a knows them. */
static void know(struct membership *membership)
{
    struct cluster_config cluster = {(char *)(uintptr_t) "test", 8, members, array_size(members)};
    struct peer_identity self = {0x10000, "a", 1, 1};
    for (size_t i = 0; i < array_size(members); i++) {
        members[i].zone = (char *)(uintptr_t) "";
        members[i].weight = 100;
    }
    members_init(membership, &cluster);
    members_set_self(membership, &self);
}

static size_t add(struct membership *membership, const char *name)
{
    struct member_config config = {(char *)(uintptr_t)name, (char *)(uintptr_t) "127.0.0.9:1",
                                   (char *)(uintptr_t) "", 100};
    return members_add(membership, &config);
}

START_TEST(who_is_added_is_welcome)
{
    struct peers *peers = make();
    struct membership ahead, behind;
    struct handshake_identity d = who("d", 0x40000, 1, 1);
    struct handshake_identity e = who("e", 0x50000, 1, 1), other_e = who("e", 0x60000, 1, 1);
    know(&ahead);
    know(&behind);
    ck_assert_int_eq(peers_claim(peers, &d), HANDSHAKE_UNKNOWN_NAME);
    ck_assert_uint_eq(add(&ahead, "d"), 3);
    ck_assert_uint_eq(add(&ahead, "e"), 4);
    ck_assert(members_bind(&ahead, SLICE_LITERAL("e"), 0x50000));
    peers_follow(peers, &ahead);
    peers_follow(peers, &behind);
    ck_assert_int_eq(peers_claim(peers, &d), HANDSHAKE_FINE);
    ck_assert_int_eq(peers_claim(peers, &other_e), HANDSHAKE_WRONG_ID);
    ck_assert_int_eq(peers_claim(peers, &e), HANDSHAKE_FINE);
    peers_release(peers, &d);
    peers_release(peers, &e);
    members_deinit(&ahead);
    members_deinit(&behind);
    peers_free(peers);
}
END_TEST

START_TEST(who_is_removed_is_refused)
{
    struct peers *peers = make();
    struct membership membership;
    struct handshake_identity b = who("b", 0x20000, 1, 1), c = who("c", 0x30000, 1, 1);
    struct handshake_identity new_b = who("b", 0x70000, 1, 1);
    know(&membership);
    ck_assert_int_eq(peers_claim(peers, &b), HANDSHAKE_FINE);
    members_remove(&membership, 1);
    members_remove(&membership, 2);
    peers_follow(peers, &membership);
    ck_assert_int_eq(peers_claim(peers, &b), HANDSHAKE_REMOVED);
    ck_assert_int_eq(peers_claim(peers, &c), HANDSHAKE_REMOVED);
    /* Another of that name may have joined: this node will hear of it. */
    ck_assert_int_eq(peers_claim(peers, &new_b), HANDSHAKE_UNKNOWN_NAME);
    ck_assert_uint_eq(add(&membership, "b"), 3);
    peers_follow(peers, &membership);
    ck_assert_int_eq(peers_claim(peers, &b), HANDSHAKE_REMOVED);
    ck_assert_int_eq(peers_claim(peers, &new_b), HANDSHAKE_FINE);
    peers_release(peers, &new_b);
    peers_release(peers, &b); /* the connection from before */
    ck_assert_str_eq(handshake_error_name(HANDSHAKE_REMOVED), "removed");
    members_deinit(&membership);
    peers_free(peers);
}
END_TEST

TEST_MAIN("peers", each_name_and_id_belong_together, a_clone_is_refused_while_the_first_lives,
          a_restarted_node_is_welcome_once_its_old_connections_ended, who_is_added_is_welcome,
          who_is_removed_is_refused)
