/* What UpdateTable and CreateTable say of throughput, class, encryption, and the limits on changes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node_double.h"

#define KEYS                                                             \
    "'TableName':'carts','AttributeDefinitions':[{'AttributeName':'pk'," \
    "'AttributeType':'S'}],'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'}]"
#define UNITS(read, write) \
    "'ProvisionedThroughput':{'ReadCapacityUnits':" #read ",'WriteCapacityUnits':" #write "}"
#define ON_DEMAND "'BillingMode':'PAY_PER_REQUEST'"

enum { HOUR = 3600, DAY = 24 * HOUR };

static struct api_fixture fixture;

static void setup(void)
{
    double_fixture_init(&fixture);
    fixture.now.wall_us = (uint64_t)20000 * DAY * 1000000; /* a day begins */
}

static void teardown(void)
{
    double_fixture_deinit(&fixture);
}

static void pass_seconds(uint64_t seconds)
{
    fixture.now.wall_us += seconds * 1000000;
}

static void assert_lacks(const char *part)
{
    ck_assert_msg(strstr(fixture.body, part) == NULL, "%s has %s", fixture.body, part);
}

static void create(const char *more)
{
    char body[1024];
    snprintf(body, sizeof(body), "{" KEYS ",%s}", more);
    api_fixture_ok(&fixture, "CreateTable", body);
}

static void update(const char *more)
{
    char body[1024];
    snprintf(body, sizeof(body), "{'TableName':'carts',%s}", more);
    api_fixture_ok(&fixture, "UpdateTable", body);
}

static void update_refused(const char *more, const char *type, const char *message)
{
    char body[1024];
    snprintf(body, sizeof(body), "{'TableName':'carts',%s}", more);
    api_fixture_error(&fixture, "UpdateTable", body);
    assert_has(fixture.body, type);
    assert_has(fixture.body, message);
}

static void describe(void)
{
    api_fixture_ok(&fixture, "DescribeTable", "{'TableName':'carts'}");
}

static void set_units(unsigned read, unsigned write)
{
    char more[128];
    snprintf(more, sizeof(more),
             "'ProvisionedThroughput':{'ReadCapacityUnits':%u,'WriteCapacityUnits':%u}", read,
             write);
    update(more);
}

START_TEST(answers_with_the_statuses_that_waiters_expect)
{
    create(ON_DEMAND);
    assert_has(fixture.body, "\"TableStatus\":\"CREATING\"");
    describe();
    assert_has(fixture.body, "\"TableStatus\":\"ACTIVE\"");
    update("'DeletionProtectionEnabled':false");
    assert_has(fixture.body, "\"TableStatus\":\"UPDATING\"");
    describe();
    assert_has(fixture.body, "\"TableStatus\":\"ACTIVE\"");
    api_fixture_ok(&fixture, "DeleteTable", "{'TableName':'carts'}");
    assert_has(fixture.body, "\"TableStatus\":\"DELETING\"");
}
END_TEST

START_TEST(notes_increases_and_decreases)
{
    create(UNITS(10, 10));
    assert_has(fixture.body, "\"ProvisionedThroughput\":{\"NumberOfDecreasesToday\":0,"
                             "\"ReadCapacityUnits\":10,\"WriteCapacityUnits\":10}");
    assert_lacks("BillingModeSummary");
    pass_seconds(60);
    set_units(11, 10);
    describe();
    assert_has(fixture.body,
               "{\"LastIncreaseDateTime\":1728000060.000,\"NumberOfDecreasesToday\":0,");
    pass_seconds(60);
    set_units(12, 9);
    describe();
    assert_has(fixture.body,
               "{\"LastIncreaseDateTime\":1728000120.000,\"LastDecreaseDateTime\":1728000120.000,"
               "\"NumberOfDecreasesToday\":1,\"ReadCapacityUnits\":12,\"WriteCapacityUnits\":9}");
    pass_seconds(DAY);
    describe();
    assert_has(fixture.body, "\"NumberOfDecreasesToday\":0");
}
END_TEST

START_TEST(limits_decreases)
{
    create(UNITS(100, 100));
    for (unsigned i = 0; i < 4; i++)
        set_units(99 - i, 100);
    update_refused(UNITS(50, 50), "LimitExceededException",
                   "Number of decreases today: 4. Last decrease at Fri, 04 Oct 2024 00:00:00 GMT. "
                   "Next decrease can be made at Fri, 04 Oct 2024 01:00:00 GMT");
    set_units(200, 100);
    for (unsigned i = 0; i < 23; i++) {
        pass_seconds(HOUR - 1);
        update_refused(UNITS(50, 50), "LimitExceededException", "decreases are limited");
        pass_seconds(1);
        set_units(90 - i, 100);
    }
    describe();
    assert_has(fixture.body, "\"NumberOfDecreasesToday\":27");
    update_refused(UNITS(50, 50), "LimitExceededException", "Number of decreases today: 27");
    pass_seconds(HOUR);
    set_units(1, 1);
    describe();
    assert_has(fixture.body, "\"NumberOfDecreasesToday\":1,");
}
END_TEST

START_TEST(limits_switches_to_on_demand)
{
    create(UNITS(5, 5));
    for (unsigned i = 0; i < 4; i++) {
        update(ON_DEMAND);
        pass_seconds(60);
        update("'BillingMode':'PROVISIONED'," UNITS(5, 5));
    }
    update_refused(ON_DEMAND, "LimitExceededException", "limited to 4 times in 1 day(s)");
    pass_seconds(DAY - 4 * 60);
    update(ON_DEMAND);
    assert_has(fixture.body, "\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"");
    assert_has(fixture.body, "\"ReadCapacityUnits\":0,\"WriteCapacityUnits\":0");
    update(ON_DEMAND); /* changes nothing, and is allowed */
}
END_TEST

START_TEST(keeps_maximums_of_on_demand_tables)
{
    create(ON_DEMAND ",'OnDemandThroughput':{'MaxReadRequestUnits':7}");
    assert_has(fixture.body,
               "\"OnDemandThroughput\":{\"MaxReadRequestUnits\":7,\"MaxWriteRequestUnits\":-1}");
    update("'OnDemandThroughput':{'MaxReadRequestUnits':-1,'MaxWriteRequestUnits':3}");
    describe();
    assert_has(fixture.body,
               "\"OnDemandThroughput\":{\"MaxReadRequestUnits\":-1,\"MaxWriteRequestUnits\":3}");
    update_refused("'OnDemandThroughput':{'MaxReadRequestUnits':0}", "ValidationException",
                   "Given value 0 for MaxReadRequestUnits is out of bounds");
    update_refused("'OnDemandThroughput':{}", "ValidationException", "or both must be specified");
    update("'BillingMode':'PROVISIONED'," UNITS(5, 5));
    assert_lacks("OnDemandThroughput");
    update_refused("'OnDemandThroughput':{'MaxReadRequestUnits':1}", "ValidationException",
                   "when BillingMode is PROVISIONED");
    update(ON_DEMAND);
    assert_lacks("OnDemandThroughput");
}
END_TEST

START_TEST(warm_throughput_only_grows)
{
    create(ON_DEMAND);
    assert_has(fixture.body,
               "\"WarmThroughput\":{\"ReadUnitsPerSecond\":12000,\"WriteUnitsPerSecond\":4000,"
               "\"Status\":\"ACTIVE\"}");
    update("'WarmThroughput':{'WriteUnitsPerSecond':5000}");
    assert_has(fixture.body,
               "\"WarmThroughput\":{\"ReadUnitsPerSecond\":12000,\"WriteUnitsPerSecond\":5000,");
    update_refused("'WarmThroughput':{'WriteUnitsPerSecond':4999}", "ValidationException",
                   "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than "
                   "current WarmThroughput, decreasing WarmThroughput is not supported");
    update_refused("'WarmThroughput':{}", "ValidationException", "or both must be specified");
    update_refused("'WarmThroughput':{'ReadUnitsPerSecond':null}", "ValidationException",
                   "or both must be specified");
}
END_TEST

START_TEST(shows_the_class_that_was_given)
{
    create(ON_DEMAND);
    assert_lacks("TableClassSummary");
    pass_seconds(5);
    update("'TableClass':'STANDARD_INFREQUENT_ACCESS'");
    assert_has(fixture.body, "\"TableClassSummary\":{\"TableClass\":\"STANDARD_INFREQUENT_ACCESS\","
                             "\"LastUpdateDateTime\":1728000005.000}");
}
END_TEST

START_TEST(refuses)
{
    static const struct {
        const char *more;
        const char *message;
    } cases[] = {
        {UNITS(40001, 1), "Cannot increase provisioned throughput to more than 40,000 units"},
        {UNITS(5, 5), "The requested value equals the current value"},
        {UNITS(0, 5), "Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy "
                      "constraint: Member must have value greater than or equal to 1"},
        {UNITS(6, 6) "," ON_DEMAND, "when BillingMode is PAY_PER_REQUEST"},
        {"'BillingMode':'PROVISIONED'", "ProvisionedThroughput must be specified when"},
        {"'SSESpecification':{'Enabled':true}", "SSESpecification cannot be enabled"},
        {"'SSESpecification':{'Enabled':false,'SSEType':'KMS'}", "unless SSESpecification is"},
        {"'TableClass':'COLD'", "enum value set: [STANDARD, STANDARD_INFREQUENT_ACCESS]"},
        {"'ReplicaUpdates':[]", "The parameter ReplicaUpdates is not supported yet"},
        {"'AttributeDefinitions':[{'AttributeName':'x','AttributeType':'S'}],"
         "'TableClass':'STANDARD'",
         "No key of the table is x, and new indexes are not supported yet"},
        {"'AttributeDefinitions':[{'AttributeName':'pk','AttributeType':'N'}],"
         "'TableClass':'STANDARD'",
         "The type of the attribute pk cannot be changed"},
        {"'AttributeDefinitions':[{'AttributeName':'pk','AttributeType':'S'}]",
         "At least one of ProvisionedThroughput, BillingMode"},
        {"'AttributeDefinitions':null", "At least one of ProvisionedThroughput, BillingMode"},
    };
    create(UNITS(5, 5));
    for (size_t i = 0; i < array_size(cases); i++)
        update_refused(cases[i].more, "ValidationException", cases[i].message);
    update("'AttributeDefinitions':[{'AttributeName':'pk','AttributeType':'S'}],"
           "'SSESpecification':{'Enabled':false}");
    assert_lacks("SSEDescription");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table_settings");
    TCase *cases = tcase_create("table_settings");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, answers_with_the_statuses_that_waiters_expect);
    tcase_add_test(cases, notes_increases_and_decreases);
    tcase_add_test(cases, limits_decreases);
    tcase_add_test(cases, limits_switches_to_on_demand);
    tcase_add_test(cases, keeps_maximums_of_on_demand_tables);
    tcase_add_test(cases, warm_throughput_only_grows);
    tcase_add_test(cases, shows_the_class_that_was_given);
    tcase_add_test(cases, refuses);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
