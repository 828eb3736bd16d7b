/* Which addresses are one, and how many connections each may have. */
#include "addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "test_main.h"

static address_id id_of(const char *text)
{
    struct sockaddr_storage storage;
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    memset(&storage, 0, sizeof(storage));
    if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1)
        memcpy(&storage, &ipv4, sizeof(ipv4));
    else if (inet_pton(AF_INET6, text, &ipv6.sin6_addr) == 1)
        memcpy(&storage, &ipv6, sizeof(ipv6));
    else
        ck_abort_msg("%s is no address", text);
    return address_id_of((const struct sockaddr *)&storage);
}

START_TEST(hosts_are_told_apart)
{
    static const char *const texts[] = {"127.0.0.1", "127.0.0.2",   "255.255.255.255", "0.0.0.0",
                                        "::1",       "2001:db8::1", "2001:db8:0:1::1"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ck_assert_uint_ne(id_of(texts[i]), 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_uint_ne(id_of(texts[i]), id_of(texts[j]));
    }
}
END_TEST

START_TEST(what_one_host_may_own_is_one)
{
    ck_assert_uint_eq(id_of("2001:db8::1"), id_of("2001:db8::ffff:ffff:ffff:ffff"));
    ck_assert_uint_eq(id_of("::ffff:10.1.2.3"), id_of("10.1.2.3"));
}
END_TEST

START_TEST(each_has_its_own_limit)
{
    struct addresses *addresses = addresses_new(2);
    ck_assert(addresses_take(addresses, 1));
    ck_assert(addresses_take(addresses, 1));
    ck_assert(!addresses_take(addresses, 1));
    ck_assert(addresses_take(addresses, 2));
    addresses_give(addresses, 1);
    ck_assert(addresses_take(addresses, 1));
    ck_assert(!addresses_take(addresses, 1));
    addresses_give(addresses, 1);
    addresses_give(addresses, 1);
    addresses_give(addresses, 2);
    addresses_free(addresses);
}
END_TEST

START_TEST(many_come_and_go)
{
    enum { ADDRESSES = 5000 };
    struct addresses *addresses = addresses_new(1);
    for (int round = 0; round < 3; round++) {
        for (address_id id = 1; id <= ADDRESSES; id++) {
            ck_assert(addresses_take(addresses, id));
            ck_assert(!addresses_take(addresses, id));
        }
        for (address_id id = ADDRESSES; id > 0; id--)
            addresses_give(addresses, id);
    }
    addresses_free(addresses);
}
END_TEST

TEST_MAIN("addresses", hosts_are_told_apart, what_one_host_may_own_is_one, each_has_its_own_limit,
          many_come_and_go)
