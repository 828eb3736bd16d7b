/* Which attribute says when an item expires: set, removed, shown. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

#define CARTS                                                                      \
    "{'TableName':'carts','AttributeDefinitions':[{'AttributeName':'pk',"          \
    "'AttributeType':'S'}],'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'}]," \
    "'BillingMode':'PAY_PER_REQUEST'}"
#define SPECIFICATION(enabled, name)                                                               \
    "{'TableName':'carts','TimeToLiveSpecification':{'Enabled':" enabled ",'AttributeName':'" name \
    "'}}"

static struct api_fixture fixture;

static void setup(void)
{
    double_fixture_init(&fixture);
    api_fixture_ok(&fixture, "CreateTable", CARTS);
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

static void pass_seconds(unsigned seconds)
{
    fixture.now.wall_us += seconds * 1000000;
}

static void assert_described(const char *description)
{
    ck_assert_str_eq(api_fixture_ok(&fixture, "DescribeTimeToLive", "{'TableName':'carts'}"),
                     description);
}

static void assert_refused(const char *operation, const char *body, const char *message)
{
    api_fixture_error(&fixture, operation, body);
    ck_assert_msg(strstr(fixture.body, message) != NULL, "%s lacks %s", fixture.body, message);
}

START_TEST(is_enabled_and_disabled)
{
    assert_described("{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"DISABLED\"}}");
    ck_assert_str_eq(
        api_fixture_ok(&fixture, "UpdateTimeToLive", SPECIFICATION("true", "until")),
        "{\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"until\"}}");
    assert_described("{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"ENABLING\","
                     "\"AttributeName\":\"until\"}}");
    pass_seconds(2);
    assert_described("{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"ENABLED\","
                     "\"AttributeName\":\"until\"}}");
    ck_assert_str_eq(
        api_fixture_ok(&fixture, "UpdateTimeToLive", SPECIFICATION("false", "until")),
        "{\"TimeToLiveSpecification\":{\"Enabled\":false,\"AttributeName\":\"until\"}}");
    assert_described("{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"DISABLING\"}}");
    pass_seconds(2);
    assert_described("{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"DISABLED\"}}");
}
END_TEST

START_TEST(refuses_what_changes_nothing)
{
    assert_refused("UpdateTimeToLive", SPECIFICATION("false", "until"),
                   "\"TimeToLive is already disabled\"");
    api_fixture_ok(&fixture, "UpdateTimeToLive", SPECIFICATION("true", "until"));
    assert_refused("UpdateTimeToLive", SPECIFICATION("true", "until"),
                   "\"TimeToLive is already enabled\"");
    assert_refused("UpdateTimeToLive", SPECIFICATION("true", "other"),
                   "\"TimeToLive is active on a different AttributeName: current AttributeName is "
                   "until\"");
    assert_refused("UpdateTimeToLive", SPECIFICATION("false", "other"),
                   "\"TimeToLive is active on a different AttributeName: current AttributeName is "
                   "until\"");
    assert_refused("UpdateTimeToLive", SPECIFICATION("false", "until"),
                   "\"Time to live has been modified multiple times within a fixed interval\"");
}
END_TEST

START_TEST(refuses_what_is_malformed)
{
    assert_refused("UpdateTimeToLive",
                   "{'TimeToLiveSpecification':{'Enabled':true,"
                   "'AttributeName':'x'}}",
                   "The parameter 'TableName' is required but was not present in the request");
    assert_refused("UpdateTimeToLive", "{'TableName':'carts'}",
                   "Value null at 'timeToLiveSpecification' failed to satisfy constraint: Member "
                   "must not be null");
    assert_refused("UpdateTimeToLive", SPECIFICATION("true", ""),
                   "Value '' at 'timeToLiveSpecification.attributeName' failed to satisfy "
                   "constraint: Member must have length greater than or equal to 1");
    assert_refused("UpdateTimeToLive",
                   "{'TableName':'none','TimeToLiveSpecification':{'Enabled':true,"
                   "'AttributeName':'x'}}",
                   "Requested resource not found: Table: none not found");
    assert_refused("DescribeTimeToLive", "{'TableName':'none'}",
                   "Requested resource not found: Table: none not found");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("time_to_live");
    TCase *cases = tcase_create("time_to_live");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, is_enabled_and_disabled);
    tcase_add_test(cases, refuses_what_changes_nothing);
    tcase_add_test(cases, refuses_what_is_malformed);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
