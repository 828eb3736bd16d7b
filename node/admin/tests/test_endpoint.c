#include "test_main.h"
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

START_TEST(test_valid)
{
    static const struct {
        const char *url;
        const char *host;
        const char *port;
        const char *authority;
    } cases[] = {
        {"http://127.0.0.1:8000", "127.0.0.1", "8000", "127.0.0.1:8000"},
        {"http://127.0.0.1:8000/", "127.0.0.1", "8000", "127.0.0.1:8000"},
        {"http://cart-1.example", "cart-1.example", "80", "cart-1.example"},
        {"http://[::1]:65535", "::1", "65535", "[::1]:65535"},
        {"http://[::1]", "::1", "80", "[::1]"},
    };
    for (size_t index = 0; index < array_size(cases); index++) {
        struct endpoint endpoint;
        ck_assert_ptr_null(endpoint_parse(&endpoint, cases[index].url));
        ck_assert_str_eq(endpoint.host, cases[index].host);
        ck_assert_str_eq(endpoint.port, cases[index].port);
        ck_assert_str_eq(endpoint.authority, cases[index].authority);
    }
}
END_TEST

START_TEST(test_invalid)
{
    static const char *const cases[] = {
        "",
        "127.0.0.1:8000",
        "https://127.0.0.1:8000",
        "http://",
        "http://:8000",
        "http://a:",
        "http://a:0",
        "http://a:65536",
        "http://a:8x",
        "http://a:-1",
        "http://a:8000/path",
        "http://a:8000?x",
        "http://user@a:8000",
        "http://a b:8000",
        "http://[::1:8000",
        "http://[]:8000",
        "http://[::1]8000",
        "http://a:8000\r\nX: y",
    };
    for (size_t index = 0; index < array_size(cases); index++) {
        struct endpoint endpoint;
        ck_assert_msg(endpoint_parse(&endpoint, cases[index]) != NULL, "%s", cases[index]);
    }
}
END_TEST

START_TEST(test_too_long)
{
    char url[400] = "http://";
    memset(url + strlen(url), 'a', 300);
    struct endpoint endpoint;
    ck_assert_ptr_nonnull(endpoint_parse(&endpoint, url));
}
END_TEST

TEST_MAIN("endpoint", test_valid, test_invalid, test_too_long)
