"""Two of three home nodes are down: stand-ins keep the writes, and the home nodes get them."""
import itertools

import pytest
from botocore.exceptions import ClientError

from cluster import ONCE, Cluster, wait_until
from conftest import create_table
from ring import Ring

QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150}
ITEMS = 60


def tags(**settings):
    return [{"Key": f"cartwheel:{key}", "Value": value} for key, value in settings.items()]


def put(client, table, key, value):
    reply = client.put_item(TableName=table, Item={"pk": {"S": key}, "value": {"S": value}})
    return reply["ResponseMetadata"]["HTTPHeaders"].get("x-cartwheel-sloppy")


def get(client, table, key, consistent=False):
    reply = client.get_item(TableName=table, Key={"pk": {"S": key}}, ConsistentRead=consistent)
    return reply["Item"]["value"]["S"] if "Item" in reply else None


def hints(nodes):
    return sum(node.admin("hints")["hints_pending"] for node in nodes)


def are_known_dead(dead, nodes):
    names = {node.name for node in dead}
    return all(member["status"] == "dead" for node in nodes
               for member in node.admin("status")["members"] if member["name"] in names)


def kill(dead, left):
    for node in dead:
        node.kill()
    wait_until(lambda: are_known_dead(dead, left), 30, "those left know it")


def restart(nodes):
    """All of them at once, by SIGKILL."""
    for node in nodes:
        node.kill()
        node.start()


def each_alone_holds(cluster, homes, table, expected):
    """Each home node, with the other four dead, shows what it holds itself."""
    for node in homes:
        others = [other for other in cluster.nodes if other is not node]
        client = node.boto(retries=ONCE)
        get(client, table, next(iter(expected)))
        for other in others:
            other.kill()
        for key, value in expected.items():
            assert get(client, table, key) == value, f"{key} at {node.name}"
        for other in others:
            other.start()
        cluster.wait_ready()


def test_writes_reach_the_home_nodes_that_were_down():
    with Cluster(nodes=5, **QUICK) as cluster:
        ring = Ring(cluster)
        homes, stand_ins = ring.lists[0][:3], ring.lists[0][3:]
        left = [homes[2], *stand_ins]
        clients = [node.boto(retries=ONCE) for node in left]
        door = clients[1]
        sloppy = create_table(door, Tags=tags(n="3", w="2"))
        strict = create_table(door, Tags=tags(n="3", w="2", sloppy="false"))
        keys = list(itertools.islice(ring.keys(ring.lists[0]), ITEMS))
        for key in keys:
            for table in (sloppy, strict):
                assert put(door, table, key, "before") is None
        kill(homes[:2], left)

        expected = {}
        for number, key in enumerate(keys):
            expected[key] = f"sloppy{number}"
            assert put(clients[number % 3], sloppy, key, expected[key]) == "1"
            with pytest.raises(ClientError) as error:
                put(clients[number % 3], strict, key, "refused")
            assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        # One counts towards W; the write's coordinator keeps the other home node's.
        wait_until(lambda: hints(left) >= 2 * ITEMS, 10, "a hint for each home node that is down")
        kept = hints(left)
        assert kept == 2 * ITEMS
        assert hints(stand_ins) >= ITEMS

        restart(left)
        wait_until(lambda: all(node.sees_all() for node in left), 30, "those left are linked again")
        assert hints(left) == kept
        for node in homes[:2]:
            node.start()
        cluster.wait_ready()
        wait_until(lambda: hints(cluster.nodes) == 0, 30, "all hints are delivered")
        delivered = sum(node.admin("hints")["hints_delivered"] for node in cluster.nodes)
        assert delivered == kept
        for key in keys:
            assert get(door, sloppy, key, consistent=True) == expected[key]
            assert get(door, strict, key, consistent=True) == "before"
        each_alone_holds(cluster, homes, sloppy, expected)
        assert cluster.errors() == []
