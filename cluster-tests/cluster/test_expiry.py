"""TimeToLive: items that have expired are deleted within a minute, and no others."""
import time

import pytest

from cluster import Cluster, wait_until
from conftest import create_table

YEAR = 365 * 86400
QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150}
ITEMS = 60


def enable(client, table, enabled=True):
    client.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": "until"})


def put(client, table, key, until):
    client.put_item(TableName=table, Item={"pk": {"S": key}, "until": until})


def number(seconds):
    return {"N": str(seconds)}


def present(client, table):
    found = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {item["pk"]["S"] for page in found for item in page["Items"]}


def expired(nodes):
    return sum(node.admin("status")["stats"]["items_expired"] for node in nodes)


def test_what_expires(cluster, client, table):
    now = int(time.time())
    put(client, table, "before", number(now - 60))  # the table knows of it
    enable(client, table)
    due = {
        "past": number(now - 1), "years": number(now - 4 * YEAR), "soon": number(now + 8),
        "fraction": number(now + 1.5), "exponent": {"N": "1.7e9"},
    }
    stay = {
        "later": number(now + 3600), "milliseconds": number(now * 1000), "zero": number(0),
        "five years": number(now - 5 * YEAR - 10), "negative": number(-now),
        "string": {"S": str(now - 60)}, "set": {"NS": [str(now - 60)]}, "null": {"NULL": True},
        "list": {"L": [number(now - 60)]},
    }
    for key, until in {**due, **stay}.items():
        put(client, table, key, until)
    client.put_item(TableName=table, Item={"pk": {"S": "none"}})
    wait_until(lambda: not present(client, table) & {"before", *due}, 60, "what is due is gone")
    time.sleep(6)  # one more round
    assert present(client, table) == {*stay, "none"}
    description = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert description == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}


def test_an_item_that_is_extended_stays(cluster, client, table):
    enable(client, table)
    soon = int(time.time()) + 5
    for i in range(20):
        put(client, table, f"item{i}", number(soon))
    for i in range(0, 20, 2):
        client.update_item(
            TableName=table, Key={"pk": {"S": f"item{i}"}}, UpdateExpression="SET #u = #u + :n",
            ExpressionAttributeNames={"#u": "until"},
            ExpressionAttributeValues={":n": {"N": "3600"}})
    wait_until(lambda: len(present(client, table)) == 10, 60, "half of them are gone")
    time.sleep(6)
    assert present(client, table) == {f"item{i}" for i in range(0, 20, 2)}


def test_nothing_expires_without_it(cluster, client, table):
    enable(client, table)
    time.sleep(1.5)  # a change takes a second
    enable(client, table, False)
    put(client, table, "past", number(int(time.time()) - 60))
    time.sleep(8)
    assert present(client, table) == {"past"}


@pytest.mark.timeout(240)
def test_expiry_goes_on_while_a_node_is_down():
    with Cluster(**QUICK) as cluster:
        first, second, third = cluster.nodes
        client = first.boto()
        table = create_table(client)
        enable(client, table)
        soon = int(time.time()) + 10
        for i in range(ITEMS):
            put(client, table, f"item{i}", number(soon if i % 2 else soon + 3600))
        third.kill()
        left = {f"item{i}" for i in range(0, ITEMS, 2)}
        wait_until(lambda: present(client, table) == left, 60, "half of them are gone")
        assert expired([first, second]) == ITEMS / 2
        third.start()
        cluster.wait_ready()
        second.kill()
        client.put_item(TableName=table, Item={"pk": {"S": "new"}, "until": number(soon)})
        wait_until(lambda: present(client, table) == left, 60, "so is the new one")
        second.start()
        cluster.wait_ready()
        wait_until(lambda: all(present(node.boto(), table) == left for node in cluster.nodes), 30,
                   "all nodes agree")
