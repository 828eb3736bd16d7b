"""The AWS CLI: `aws dynamodb ...`, each command through another node."""
import itertools
import json
import os
import pathlib
import subprocess
import uuid

import pytest

from cluster import REGION, clean_environment, wait_until
from conftest import ELSEWHERE, not_tested

AWS = "/usr/bin/aws"
pytestmark = pytest.mark.timeout(170)


class Aws:
    """Commands about one table, which go to one endpoint after the other."""

    def __init__(self, endpoints, table):
        self.endpoints = itertools.cycle(endpoints)
        self.table = table

    def run(self, *words, table=True, output="json"):
        about = ["--table-name", self.table] if table else []
        return subprocess.run(
            [AWS, "dynamodb", *map(word, words), *about, "--output", output,
             "--endpoint-url", next(self.endpoints)], capture_output=True, text=True, timeout=60,
            check=False, env=clean_environment(
                AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_PAGER="",
                AWS_DEFAULT_REGION=REGION, AWS_CONFIG_FILE="/dev/null",
                AWS_SHARED_CREDENTIALS_FILE="/dev/null"))

    def __call__(self, *words, **options):
        """What the command prints, read as JSON."""
        result = self.run(*words, **options)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout) if result.stdout.strip() else {}

    def fails(self, *words, **options):
        """The message with which the command fails."""
        result = self.run(*words, **options)
        assert result.returncode == 254, (result.returncode, result.stderr)
        return result.stderr.strip()


def word(argument):
    return argument if isinstance(argument, str) else json.dumps(argument)


def key(number, customer="ada"):
    return {"customer": {"S": customer}, "number": {"N": str(number)}}


@pytest.fixture(scope="module")
def aws(endpoints):
    """Commands about one table, which is there whoever is asked."""
    if not pathlib.Path(AWS).exists():
        not_tested("the AWS CLI", f"no {AWS} here")
    table = Aws(endpoints, f"cli-{uuid.uuid4().hex[:8]}")
    made = table(
        "create-table", "--billing-mode", "PAY_PER_REQUEST", "--attribute-definitions",
        "AttributeName=customer,AttributeType=S", "AttributeName=number,AttributeType=N",
        "AttributeName=amount,AttributeType=N", "--key-schema",
        "AttributeName=customer,KeyType=HASH", "AttributeName=number,KeyType=RANGE",
        "--local-secondary-indexes",
        "IndexName=by-amount,KeySchema=[{AttributeName=customer,KeyType=HASH},"
        "{AttributeName=amount,KeyType=RANGE}],Projection={ProjectionType=KEYS_ONLY}")
    assert made["TableDescription"]["TableName"] == table.table
    table("wait", "table-exists")
    yield table
    table("delete-table")
    table("wait", "table-not-exists")


def test_items(aws):
    first = key(1, "bob")
    order = {**first, "wares": {"L": [{"S": "tea"}, {"M": {"cup": {"N": "2"}}}]},
             "tags": {"SS": ["a", "b"]}, "photo": {"B": "AP8="}, "open": {"BOOL": True}}
    assert aws("put-item", "--item", order, "--condition-expression",
               "attribute_not_exists(customer)") == {}
    assert "ConditionalCheckFailedException" in aws.fails(
        "put-item", "--item", order, "--condition-expression", "attribute_not_exists(customer)")
    read = aws("get-item", "--key", first, "--consistent-read", "--return-consumed-capacity",
               "TOTAL")
    assert read["Item"] == order
    assert read["ConsumedCapacity"]["CapacityUnits"] == 1
    changed = aws(
        "update-item", "--key", first, "--return-values", "ALL_NEW", "--update-expression",
        "SET #w[0] = :ware, seen = if_not_exists(seen, :none) + :one REMOVE photo ADD tags :tag",
        "--expression-attribute-names", {"#w": "wares"}, "--expression-attribute-values",
        {":ware": {"S": "pot"}, ":none": {"N": "0"}, ":one": {"N": "1"}, ":tag": {"SS": ["c"]}})
    assert changed["Attributes"] == {
        **first, "wares": {"L": [{"S": "pot"}, {"M": {"cup": {"N": "2"}}}]},
        "tags": {"SS": ["a", "b", "c"]}, "open": {"BOOL": True}, "seen": {"N": "1"}}
    part = aws("get-item", "--key", first, "--consistent-read", "--projection-expression",
               "wares[1].cup, seen")
    assert part["Item"] == {"wares": {"L": [{"M": {"cup": {"N": "2"}}}]}, "seen": {"N": "1"}}
    gone = aws("delete-item", "--key", first, "--return-values", "ALL_OLD",
               "--condition-expression", "seen = :one", "--expression-attribute-values",
               {":one": {"N": "1"}})
    assert gone["Attributes"]["seen"] == {"N": "1"}
    assert aws("get-item", "--key", first, "--consistent-read") == {}


@pytest.fixture(scope="module")
def orders(aws):
    """Forty orders, put in batches; what was left undone is done again."""
    puts = [{"PutRequest": {"Item": {**key(number), "amount": {"N": str(number * 10)}}}}
            for number in range(1, 41)]
    for start in range(0, 40, 25):
        left = {aws.table: puts[start:start + 25]}
        while left:
            left = aws("batch-write-item", "--request-items", left,
                       table=False)["UnprocessedItems"]


def numbers(reply):
    return [int(item["number"]["N"]) for item in reply["Items"]]


@pytest.mark.usefixtures("orders")
def test_queries_and_pages(aws):
    query = ["query", "--consistent-read", "--key-condition-expression",
             "customer = :c AND #n BETWEEN :low AND :high", "--expression-attribute-names",
             {"#n": "number"}, "--expression-attribute-values",
             {":c": {"S": "ada"}, ":low": {"N": "5"}, ":high": {"N": "30"}}]
    assert numbers(aws(*query, "--page-size", "7")) == list(range(5, 31))
    assert numbers(aws(*query, "--no-scan-index-forward", "--max-items", "3")) == [30, 29, 28]
    assert numbers(aws(*query, "--limit", "4", "--no-paginate")) == [5, 6, 7, 8]
    first = aws(*query, "--max-items", "10", "--page-size", "4")
    second = aws(*query, "--max-items", "10", "--starting-token", first["NextToken"])
    assert numbers(first) + numbers(second) == list(range(5, 25))
    third = aws(*query, "--starting-token", second["NextToken"])
    assert numbers(third) == list(range(25, 31)) and "NextToken" not in third
    filtered = aws(*query[:-1], {**query[-1], ":least": {"N": "250"}}, "--filter-expression",
                   "amount > :least", "--projection-expression", "#n")
    assert filtered["Items"][0] == {"number": {"N": "26"}}
    assert (filtered["Count"], filtered["ScannedCount"]) == (5, 26)
    count = aws(*query, "--select", "COUNT")
    assert count["Count"] == 26 and not count.get("Items")
    text = aws.run(*query, "--query", "Items[0].amount.N", output="text")
    assert text.stdout.strip() == "50"


@pytest.mark.usefixtures("orders")
def test_local_index(aws):
    query = ["query", "--index-name", "by-amount", "--consistent-read", "--limit", "2",
             "--no-paginate", "--key-condition-expression", "customer = :c AND amount > :least",
             "--expression-attribute-values", {":c": {"S": "ada"}, ":least": {"N": "300"}}]
    page = aws(*query, "--return-consumed-capacity", "INDEXES")
    assert page["Items"][0] == {**key(31), "amount": {"N": "310"}}
    assert page["LastEvaluatedKey"] == {**key(32), "amount": {"N": "320"}}
    units = page["ConsumedCapacity"]["LocalSecondaryIndexes"]["by-amount"]["CapacityUnits"]
    assert units == 1
    rest = aws(*query, "--exclusive-start-key", page["LastEvaluatedKey"],
               "--select", "ALL_ATTRIBUTES")
    assert [item["amount"]["N"] for item in rest["Items"]] == ["330", "340"]


@pytest.mark.usefixtures("orders")
def test_parameters_before_expressions(aws):
    equals = {"AttributeValueList": [{"S": "ada"}], "ComparisonOperator": "EQ"}
    between = {"AttributeValueList": [{"N": "5"}, {"N": "9"}], "ComparisonOperator": "BETWEEN"}
    among = {"AttributeValueList": [{"N": "60"}, {"N": "80"}], "ComparisonOperator": "IN"}
    page = aws("query", "--consistent-read", "--key-conditions",
               {"customer": equals, "number": between}, "--query-filter", {"amount": among})
    assert (numbers(page), page["ScannedCount"]) == ([6, 8], 5)
    page = aws("scan", "--consistent-read", "--attributes-to-get", "number", "--scan-filter",
               {"number": between, "amount": among}, "--conditional-operator", "OR")
    assert sorted(numbers(page)) == [5, 6, 7, 8, 9]
    changed = aws(
        "update-item", "--key", key(1, "eve"), "--return-values", "UPDATED_NEW",
        "--attribute-updates", {"visits": {"Action": "ADD", "Value": {"N": "2"}},
                                "tags": {"Action": "PUT", "Value": {"SS": ["a", "b"]}}},
        "--expected", {"visits": {"Exists": False}})
    assert changed["Attributes"] == {"visits": {"N": "2"}, "tags": {"SS": ["a", "b"]}}
    assert "ConditionalCheckFailedException" in aws.fails(
        "delete-item", "--key", key(1, "eve"), "--expected", {"visits": {"Value": {"N": "3"}}})
    aws("delete-item", "--key", key(1, "eve"), "--expected", {"visits": {"Value": {"N": "2"}}})
    assert "Can not use both expression and non-expression parameters" in aws.fails(
        "delete-item", "--key", key(1), "--expected", {"visits": {"Exists": False}},
        "--condition-expression", "attribute_exists(amount)")


@pytest.mark.usefixtures("orders")
def test_scans_and_batches(aws):
    scan = ["scan", "--consistent-read"]
    page = aws(*scan, "--max-items", "12", "--page-size", "5")
    rest = aws(*scan, "--starting-token", page["NextToken"])
    assert sorted(numbers(page) + numbers(rest)) == list(range(1, 41))
    segments = [numbers(aws(*scan, "--total-segments", "3", "--segment", str(segment)))
                for segment in range(3)]
    assert sorted(itertools.chain(*segments)) == list(range(1, 41))
    found = aws(*scan, "--filter-expression", "amount IN (:a, :b)",
                "--expression-attribute-values", {":a": {"N": "20"}, ":b": {"N": "70"}})
    assert sorted(numbers(found)) == [2, 7]
    wanted = {aws.table: {"Keys": [key(number) for number in (3, 9, 99)], "ConsistentRead": True,
                          "ProjectionExpression": "amount"}}
    read = aws("batch-get-item", "--request-items", wanted, table=False)
    assert sorted(item["amount"]["N"] for item in read["Responses"][aws.table]) == ["30", "90"]
    assert read["UnprocessedKeys"] == {}


@pytest.mark.skipif(ELSEWHERE in os.environ, reason="DynamoDB Local has no tags")
def test_tables(aws):
    described = aws("describe-table")["Table"]
    assert described["TableStatus"] == "ACTIVE"
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    pages = aws("list-tables", "--page-size", "1", table=False)
    assert aws.table in pages["TableNames"]
    resource = ["--resource-arn", described["TableArn"]]
    aws("tag-resource", *resource, "--tags", "Key=team,Value=shop", table=False)
    tags = aws("list-tags-of-resource", *resource, table=False)["Tags"]
    assert {"Key": "team", "Value": "shop"} in tags
    aws("untag-resource", *resource, "--tag-keys", "team", table=False)
    aws("update-time-to-live", "--time-to-live-specification",
        "Enabled=true,AttributeName=expires")
    ttl = aws("describe-time-to-live")["TimeToLiveDescription"]
    assert ttl["AttributeName"] == "expires" and ttl["TimeToLiveStatus"].startswith("ENABL")
    backups = aws("describe-continuous-backups")["ContinuousBackupsDescription"]
    assert "PointInTimeRecoveryDescription" in backups
    aws("update-table", "--billing-mode", "PROVISIONED", "--provisioned-throughput",
        "ReadCapacityUnits=5,WriteCapacityUnits=6")
    wait_until(lambda: throughput(aws)["WriteCapacityUnits"] == 6, 20, "the new throughput")


def throughput(aws):
    return aws("describe-table")["Table"]["ProvisionedThroughput"]


@pytest.mark.skipif(ELSEWHERE in os.environ, reason="DynamoDB Local has messages of its own")
def test_errors(aws):
    missing = Aws([next(aws.endpoints)], "no-such-table")
    assert missing.fails("describe-table") == (
        "An error occurred (ResourceNotFoundException) when calling the DescribeTable operation: "
        "Requested resource not found: Table: no-such-table not found")
    assert "The provided key element does not match the schema" in aws.fails(
        "get-item", "--key", {"customer": {"S": "ada"}})
    assert "UnknownOperationException" in aws.fails(
        "transact-get-items", "--transact-items",
        [{"Get": {"TableName": aws.table, "Key": key(1)}}], table=False)
