"""boto3, client and resource: a shop whose requests, and retries of them, go to all nodes."""
import decimal
import itertools
import os
import threading
import time
import uuid

import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import TypeSerializer
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from cluster import Cluster, boto
from conftest import ELSEWHERE

CART = {"customer": "ada", "order": "cart"}
KEYS = [{"AttributeName": "customer", "KeyType": "HASH"},
        {"AttributeName": "order", "KeyType": "RANGE"}]


def spread(client, endpoints):
    """Has every attempt of every request go to the next endpoint, before it is signed."""
    turns = itertools.cycle(endpoints)

    def turn(request, **_):
        assert isinstance(request, AWSRequest)
        request.url = next(turns) + "/"
    client.meta.events.register_first("request-created.dynamodb", turn)
    return client


def new_resource(endpoints):
    resource = boto(endpoints[0], "resource")
    spread(resource.meta.client, endpoints)
    return resource


@pytest.fixture
def client(endpoints):
    return spread(boto(endpoints[0]), endpoints)


@pytest.fixture
def table(endpoints):
    """A table of boto3's resource."""
    made = create_table(new_resource(endpoints))
    yield made
    made.delete()
    made.wait_until_not_exists()


def create_table(resource):
    name = f"boto3-{uuid.uuid4().hex[:8]}"
    made = resource.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=KEYS,
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind}
            for attribute, kind in (("customer", "S"), ("order", "S"), ("amount", "N"))],
        LocalSecondaryIndexes=[{
            "IndexName": "by-amount", "Projection": {"ProjectionType": "KEYS_ONLY"},
            "KeySchema": [KEYS[0], {"AttributeName": "amount", "KeyType": "RANGE"}]}])
    made.wait_until_exists()
    return made


def code(error):
    return error.value.response["Error"]["Code"]


def get(table, key, **options):
    return table.get_item(Key=key, ConsistentRead=True, **options).get("Item")


def test_every_type(table):
    item = {**CART, "text": "é✓", "empty": "", "bytes": b"\0\xff", "yes": True, "nothing": None,
            "exact": decimal.Decimal("-1.2345678901234567890123456789012345678E-100"),
            "list": [1, "two", [{}]], "map": {"inner": {"number": decimal.Decimal("0.25")}},
            "words": {"a", "b"}, "numbers": {1, decimal.Decimal("2.5")}, "blobs": {b"a", b"b"}}
    table.put_item(Item=item)
    read = get(table, CART)
    assert {name: value for name, value in read.items() if name not in ("bytes", "blobs")} == {
        name: value for name, value in item.items() if name not in ("bytes", "blobs")}
    assert read["bytes"].value == item["bytes"]
    assert {blob.value for blob in read["blobs"]} == item["blobs"]


def test_cart(table):
    table.put_item(Item={**CART, "version": 1, "lines": {}, "tags": {"new"}},
                   ConditionExpression=Attr("customer").not_exists())
    for sku, count in (("tea", 2), ("cup", 1), ("tea", 3)):
        changed = table.update_item(
            Key=CART, ReturnValues="ALL_NEW",
            UpdateExpression="SET #l.#s = if_not_exists(#l.#s, :none) + :count ADD version :one",
            ConditionExpression="attribute_exists(customer) AND size(#l) < :most",
            ExpressionAttributeNames={"#l": "lines", "#s": sku},
            ExpressionAttributeValues={":none": 0, ":one": 1, ":count": count, ":most": 9})
    assert changed["Attributes"] == {
        **CART, "version": 4, "lines": {"tea": 5, "cup": 1}, "tags": {"new"}}
    with pytest.raises(ClientError) as refused:
        table.update_item(Key=CART, UpdateExpression="SET version = :v",
                          ConditionExpression=Attr("version").eq(1) & Attr("tags").contains("new"),
                          ExpressionAttributeValues={":v": 9})
    assert code(refused) == "ConditionalCheckFailedException"
    assert table.delete_item(Key=CART, ReturnValues="ALL_OLD")["Attributes"]["version"] == 4
    assert get(table, CART) is None


def order(number):
    return {"customer": "ada" if number % 3 else "bob", "order": f"order-{number:03}",
            "amount": number * 10, "paid": number % 2 == 0}


def test_orders(table):
    with table.batch_writer() as batch:
        for number in range(120):
            batch.put_item(Item=order(number))
        batch.delete_item(Key={"customer": "ada", "order": "order-001"})
    page = table.query(
        KeyConditionExpression=Key("customer").eq("ada") & Key("order").begins_with("order-0"),
        FilterExpression=Attr("paid").eq(True) & Attr("amount").between(100, 300),
        ProjectionExpression="#o", ExpressionAttributeNames={"#o": "order"}, ConsistentRead=True,
        ScanIndexForward=False)
    assert [item["order"][-3:] for item in page["Items"]] == [
        "028", "026", "022", "020", "016", "014", "010"]
    assert page["ScannedCount"] == 65
    found, start = [], {}
    while start is not None:
        page = table.scan(Limit=17, ConsistentRead=True, **start)
        found += page["Items"]
        last = page.get("LastEvaluatedKey")
        start = None if last is None else {"ExclusiveStartKey": last}
    assert len(found) == 119 and all(found.count(item) == 1 for item in found)


def test_paginators_and_batches(table, client):
    with table.batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item=order(number))
    values = {":c": {"S": "bob"}, ":least": {"N": "300"}}
    pages = list(client.get_paginator("query").paginate(
        TableName=table.name, ConsistentRead=True, KeyConditionExpression="customer = :c",
        FilterExpression="amount >= :least", ExpressionAttributeValues=values,
        PaginationConfig={"PageSize": 6}))
    assert [page["ScannedCount"] for page in pages[:3]] == [6, 6, 6]
    assert sum(page["Count"] for page in pages) == 10
    scan = client.get_paginator("scan").paginate(
        TableName=table.name, ConsistentRead=True,
        PaginationConfig={"MaxItems": 25, "PageSize": 10})
    assert len(scan.build_full_result()["Items"]) == 25
    keys = [{name: TypeSerializer().serialize(order(number)[name])
             for name in ("customer", "order")} for number in range(60)]
    wanted = {table.name: {"Keys": keys, "ConsistentRead": True}}
    read = []
    while wanted:
        reply = client.batch_get_item(RequestItems=wanted)
        read += reply["Responses"][table.name]
        wanted = reply["UnprocessedKeys"]
    assert len(read) == 60
    names = client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})
    assert table.name in names.build_full_result()["TableNames"]


def test_local_index(table):
    with table.batch_writer() as batch:
        for number in range(30):
            batch.put_item(Item=order(number))
    query = {"IndexName": "by-amount", "ConsistentRead": True,
             "KeyConditionExpression": Key("customer").eq("bob") & Key("amount").gte(150)}
    page = table.query(**query)
    assert [int(item["amount"]) for item in page["Items"]] == [150, 180, 210, 240, 270]
    assert all("paid" not in item for item in page["Items"])
    whole = table.query(**query, Select="ALL_ATTRIBUTES", Limit=2, ScanIndexForward=False)
    assert [item["paid"] for item in whole["Items"]] == [False, True]
    table.update_item(Key={"customer": "bob", "order": "order-027"},
                      UpdateExpression="REMOVE amount")
    assert table.query(**query, Select="COUNT")["Count"] == 4


def test_errors(table, client):
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_item(TableName="no-such-table", Key={"customer": {"S": "ada"}})
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.create_table(
            TableName=table.name, BillingMode="PAY_PER_REQUEST", KeySchema=KEYS[:1],
            AttributeDefinitions=[{"AttributeName": "customer", "AttributeType": "S"}])
    with pytest.raises(ClientError) as refused:
        table.put_item(Item={**CART, "sets": set()})
    assert code(refused) == "ValidationException"
    with pytest.raises(ClientError) as refused:
        table.update_item(Key=CART, UpdateExpression="SET a = :a",
                          ExpressionAttributeValues={":a": 1, ":b": 2})
    assert refused.value.response["Error"]["Message"] == (
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}")


@pytest.mark.skipif(ELSEWHERE in os.environ, reason="they are known there")
def test_transactions_are_refused(table, client):
    put = {"TableName": table.name, "Item": {"customer": {"S": "ada"}, "order": {"S": "both"}}}
    with pytest.raises(ClientError) as refused:
        client.transact_write_items(TransactItems=[{"Put": put}])
    assert code(refused) == "UnknownOperationException"
    assert get(table, {"customer": "ada", "order": "both"}) is None


class Shopper(threading.Thread):
    """Adds to a cart of its own until told to stop, by the version it has read, and counts."""

    def __init__(self, resource, name, customer):
        super().__init__()
        self.table = resource.Table(name)
        self.key = {"customer": customer, "order": "cart"}
        self.version = 0
        self.failure = None
        self.leaves = threading.Event()

    def run(self):
        try:
            while not self.leaves.is_set():
                self.add()
        except Exception as error:  # the test shows it
            self.failure = error

    def add(self):
        """One more. A retry may meet what the first attempt did: then that has succeeded."""
        seen = self.version
        try:
            self.table.update_item(
                Key=self.key, UpdateExpression="SET version = :next",
                ConditionExpression="attribute_not_exists(version) OR version = :seen",
                ExpressionAttributeValues={":seen": seen, ":next": seen + 1})
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            assert get(self.table, self.key)["version"] == seen + 1
        self.version = seen + 1


@pytest.mark.skipif(ELSEWHERE in os.environ, reason="there are no nodes to kill")
def test_node_killed_while_shopping():
    with Cluster() as cluster:
        endpoints = [node.url for node in cluster.nodes]
        name = create_table(new_resource(endpoints)).name
        shoppers = [Shopper(new_resource(endpoints), name, f"customer-{number}")
                    for number in range(4)]
        for shopper in shoppers:
            shopper.start()
        time.sleep(1)
        cluster.nodes[1].kill()
        at_kill = [shopper.version for shopper in shoppers]
        time.sleep(3)
        cluster.nodes[1].start()
        time.sleep(1)
        for shopper in shoppers:
            shopper.leaves.set()
            shopper.join(60)
        assert [shopper.failure for shopper in shoppers] == [None] * 4
        for shopper, before in zip(shoppers, at_kill):
            assert shopper.version > before > 0
            assert get(shopper.table, shopper.key)["version"] == shopper.version
        cluster.wait_ready()
        assert cluster.errors() == []
