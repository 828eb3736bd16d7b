"""Throughput of provisioned tables, and maximums of on-demand ones, over a whole cluster."""
import json
import signal
import threading
import time
import urllib.error
import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError

from cluster import ONCE, Cluster, wait_until

BURST_S = 300
RATE = 10
LARGEST = 390 * 1024


def create_provisioned(client, read=RATE, write=RATE):
    name = f"p-{uuid.uuid4().hex[:12]}"
    client.create_table(
        TableName=name, AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": read, "WriteCapacityUnits": write},
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return name


def once(node):
    """A client that does not try again."""
    return node.boto(retries=ONCE)


def code_of(error):
    return error.response["Error"]["Code"]


def put(client, table, size=10, forgiven=()):
    """False if the table was throttled. Items of other sizes have other keys: a write counts by the
    larger of the item before and after."""
    item = {"pk": {"S": f"{size}"}, "v": {"S": "x" * (size - 10)}}
    try:
        client.put_item(TableName=table, Item=item)
    except ClientError as error:
        assert code_of(error) in ("ProvisionedThroughputExceededException", *forgiven), error
        return False
    return True


def drain(node, table):
    """Uses up what a new table has in store, and waits until what the last write owed is paid."""
    client = once(node)
    for _ in range(BURST_S * RATE * 1024 // LARGEST):
        assert put(client, table, LARGEST)
    while put(client, table, 10 * 1024):
        pass
    wait_until(lambda: put(client, table), 20, "the table serves again")


class Writer(threading.Thread):
    """Writes items of one unit as fast as it is let, for a while."""

    def __init__(self, node, table, seconds, forgiven):
        super().__init__(daemon=True)
        self.client = once(node)
        self.table = table
        self.seconds = seconds
        self.forgiven = forgiven
        self.written = 0
        self.problem = None

    def run(self):
        until = time.monotonic() + self.seconds
        try:
            while time.monotonic() < until:
                if put(self.client, self.table, forgiven=self.forgiven):
                    self.written += 1
                else:
                    time.sleep(0.005)
        except Exception as problem:  # told by the test's own thread
            self.problem = problem


def written(nodes, table, seconds=10, forgiven=()):
    """How many units went through, over all the nodes."""
    writers = [Writer(node, table, seconds, forgiven) for node in nodes]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.problem is None, writer.problem
    return sum(writer.written for writer in writers)


def assert_rate(count, rate=RATE, seconds=10):
    assert 0.85 * rate * seconds <= count <= 1.15 * rate * seconds, (count, rate * seconds)


def raw(node, operation, **body):
    """Status and answer, with members that the client library does not know."""
    request = urllib.request.Request(node.url, json.dumps(body).encode(), {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
    })
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_burst_is_served_and_then_the_rate(cluster):
    first = cluster.nodes[0]
    table = create_provisioned(first.boto())
    client = once(first)
    began = time.monotonic()
    units = 0
    while put(client, table, LARGEST):
        units += LARGEST // 1024
    earned = BURST_S * RATE + RATE * (time.monotonic() - began)
    assert BURST_S * RATE <= units <= earned + 2 * LARGEST // 1024, units
    first.boto().delete_table(TableName=table)


def test_the_rate_is_that_of_the_cluster(cluster):
    table = create_provisioned(cluster.nodes[0].boto())
    drain(cluster.nodes[0], table)
    written(cluster.nodes, table, 3)
    assert_rate(written(cluster.nodes, table))
    written(cluster.nodes[1:2], table, 2)
    assert_rate(written(cluster.nodes[1:2], table))
    counted = [node.admin("status")["stats"] for node in cluster.nodes]
    assert all(stats["writes_throttled"] > 0 for stats in counted)
    assert sum(stats["throughput_buckets"] for stats in counted) >= 1
    cluster.nodes[0].boto().delete_table(TableName=table)


def test_a_change_takes_effect_on_every_node(cluster):
    client = cluster.nodes[0].boto()
    table = create_provisioned(client)
    drain(cluster.nodes[0], table)
    client.update_table(
        TableName=table, ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 40},
    )
    written(cluster.nodes, table, 3)
    assert_rate(written(cluster.nodes, table), 40)
    client.update_table(TableName=table, BillingMode="PAY_PER_REQUEST")
    assert written(cluster.nodes, table, 2) > 120
    client.delete_table(TableName=table)


def test_who_is_throttled_is_told_why(cluster):
    node = cluster.nodes[0]
    table = create_provisioned(node.boto(), read=1, write=1)
    item = {"pk": {"S": "large"}, "v": {"S": "x" * LARGEST}}
    key = {"pk": {"S": "large"}}
    wait_until(lambda: raw(node, "PutItem", TableName=table, Item=item)[0] == 400, 20, "throttled")
    status, answer = raw(node, "PutItem", TableName=table, Item=item)
    assert status == 400
    assert answer["__type"].endswith("#ProvisionedThroughputExceededException")
    (reason,) = answer["ThrottlingReasons"]
    assert reason["reason"] == "TableWriteProvisionedThroughputExceeded"
    assert reason["resource"].endswith(f":table/{table}")
    keys = {table: {"Keys": [key], "ConsistentRead": True}}
    read = {"RequestItems": keys}
    status, answer = wait_until(
        lambda: (lambda result: result if result[0] == 400 else None)(
            raw(node, "BatchGetItem", **read)), 20, "throttled")
    assert answer["ThrottlingReasons"][0]["reason"] == "TableReadProvisionedThroughputExceeded"
    node.boto().delete_table(TableName=table)


def test_a_table_on_demand_keeps_to_its_maximum(cluster):
    client = cluster.nodes[0].boto()
    table = f"o-{uuid.uuid4().hex[:12]}"
    status, answer = raw(
        cluster.nodes[0], "CreateTable", TableName=table, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        OnDemandThroughput={"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 1})
    assert status == 200, answer
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    item = {"pk": {"S": "large"}, "v": {"S": "x" * LARGEST}}
    refused = wait_until(
        lambda: (lambda result: result[1] if result[0] == 400 else None)(
            raw(cluster.nodes[0], "PutItem", TableName=table, Item=item)), 20, "throttled")
    assert refused["__type"].endswith("#ThrottlingException")
    assert refused["throttlingReasons"][0]["reason"] == "TableWriteMaxOnDemandThroughputExceeded"
    for _ in range(100):
        client.get_item(TableName=table, Key={"pk": {"S": "large"}}, ConsistentRead=True)
    client.delete_table(TableName=table)


def test_batches_and_retries_get_through(cluster):
    """What SDKs do by default is enough for a client that wants more than there is."""
    node = cluster.nodes[0]
    table = create_provisioned(node.boto())
    drain(node, table)
    retrying = node.boto("resource", retries={"mode": "legacy"})
    with retrying.Table(table).batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"pk": f"item{number}"})
    client = node.boto(retries={"mode": "legacy"})
    for number in range(20):
        client.put_item(TableName=table, Item={"pk": {"S": f"more{number}"}})
    found = {item["pk"]["S"] for item in client.scan(TableName=table, ConsistentRead=True)["Items"]}
    assert {f"item{number}" for number in range(60)} <= found
    assert {f"more{number}" for number in range(20)} <= found
    client.delete_table(TableName=table)


def find_keeper(cluster):
    return wait_until(
        lambda: next((node for node in cluster.nodes
                      if node.admin("status")["stats"]["throughput_buckets"] > 0), None),
        10, "somebody keeps the table")


def test_a_keeper_that_hangs_stops_nobody():
    with Cluster(shards=2) as cluster:
        table = create_provisioned(cluster.nodes[0].boto())
        drain(cluster.nodes[0], table)
        keeper = find_keeper(cluster)
        other = next(node for node in cluster.nodes if node is not keeper)
        keeper.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        client = other.boto(retries={"mode": "legacy"})
        for number in range(20):
            client.put_item(TableName=table, Item={"pk": {"S": f"item{number}"}})
        assert time.monotonic() - began < 30
        keeper.process.send_signal(signal.SIGCONT)
        cluster.wait_ready()
        written(cluster.nodes, table, 3, forgiven=["InternalServerError"])
        assert_rate(written(cluster.nodes, table))


@pytest.mark.timeout(240)
def test_a_table_outlives_its_keeper():
    with Cluster(shards=2) as cluster:
        table = create_provisioned(cluster.nodes[0].boto())
        drain(cluster.nodes[0], table)
        keeper = find_keeper(cluster)
        others = [node for node in cluster.nodes if node is not keeper]
        keeper.kill()
        client = others[0].boto(retries={"mode": "legacy"})
        for number in range(10):
            client.put_item(TableName=table, Item={"pk": {"S": f"item{number}"}})
        written(others, table, 2, forgiven=["InternalServerError"])
        assert_rate(written(others, table))
        keeper.start()
        cluster.wait_ready()
        written(cluster.nodes, table, 3, forgiven=["InternalServerError"])
        assert_rate(written(cluster.nodes, table))
        assert cluster.errors() == []
