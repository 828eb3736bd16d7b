"""Nodes are killed and restarted under load: no acknowledged write may be lost."""
import time

import pytest

from cluster import Cluster, wait_until
from conftest import create_table
from load import Load, differences, get_each, read_all

# Nodes that find a dead member in a second instead of five: the tests are shorter for it.
QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150}


def verify_everywhere(cluster, table, expected):
    """All that was acknowledged is read through every node, and soon without consistency too."""
    for node in cluster.nodes:
        assert differences(expected, get_each(node.boto(), table, expected, True)) == []
        assert differences(expected, read_all(node.boto(), table, True)) == []
    for node in cluster.nodes:
        client = node.boto()
        wait_until(lambda: not differences(expected, get_each(client, table, expected, False)),
                   60, f"eventual reads through {node.name} see everything")


def verify_each_holds_all(cluster, table, expected):
    """Each node alone, the others dead, still has all of it."""
    for node in cluster.nodes:
        others = [other for other in cluster.nodes if other is not node]
        get_each(node.boto(), table, list(expected)[:1], False)
        for other in others:
            other.kill()
        assert differences(expected, get_each(node.boto(), table, expected, False)) == []
        for other in others:
            other.start()
        cluster.wait_ready()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("shards", [1, 2])
def test_each_node_killed_under_load(shards):
    with Cluster(shards=shards, **QUICK) as cluster:
        table = create_table(cluster.nodes[0].boto())
        with Load(cluster.nodes, table) as load:
            for node in cluster.nodes:
                time.sleep(2)
                node.kill()
                time.sleep(3)
                node.start()
                cluster.wait_ready()
        assert load.failures() == []
        expected = load.expected()
        assert len(expected) > 300
        wait_until(lambda: cluster.hints_pending() == 0, 60, "all hints are delivered")
        verify_everywhere(cluster, table, expected)
        verify_each_holds_all(cluster, table, expected)
        assert cluster.errors() == []


def test_clients_of_other_nodes_hardly_notice():
    with Cluster(nodes=5) as cluster:
        table = create_table(cluster.nodes[0].boto())
        with Load(cluster.nodes[:4], table) as load:
            time.sleep(2)
            cluster.nodes[4].kill()
            time.sleep(6)
        assert load.failures() == []
        assert load.longest_s() < 5
        cluster.nodes[4].start()
        cluster.wait_ready()
        verify_everywhere(cluster, table, load.expected())
        assert cluster.errors() == []


@pytest.mark.timeout(300)
def test_rolling_restart_under_load():
    with Cluster(**QUICK) as cluster:
        table = create_table(cluster.nodes[0].boto())
        with Load(cluster.nodes, table) as load:
            for node in cluster.nodes:
                time.sleep(1)
                assert node.stop() == 0
                node.start()
                cluster.wait_ready()
        assert load.failures() == []
        verify_everywhere(cluster, table, load.expected())
        assert cluster.errors() == []


@pytest.mark.timeout(300)
def test_all_nodes_killed_at_once():
    with Cluster(**QUICK) as cluster:
        table = create_table(cluster.nodes[0].boto())
        with Load(cluster.nodes, table) as load:
            time.sleep(3)
            for node in cluster.nodes:
                node.kill()
            for node in cluster.nodes:
                node.start()
            cluster.wait_ready()
            time.sleep(2)
        verify_everywhere(cluster, table, load.expected())
        assert cluster.errors() == []


def test_a_write_while_a_node_is_down_reaches_it():
    with Cluster(**QUICK) as cluster:
        first, second, third = cluster.nodes
        table = create_table(first.boto())
        third.kill()
        expected = {}
        for number in range(50):
            writer = (first, second)[number % 2]
            writer.boto().put_item(TableName=table, Item={
                "pk": {"S": f"k{number}"}, "value": {"N": str(number)}})
            expected[f"k{number}"] = {number}
        third.start()
        cluster.wait_ready()
        wait_until(lambda: cluster.hints_pending() == 0, 60, "all hints are delivered")
        found = get_each(third.boto(), table, expected, False)
        assert differences(expected, found) == []
        get_each(third.boto(), table, expected, False)
        first.kill()
        second.kill()
        assert differences(expected, get_each(third.boto(), table, expected, False)) == []


def test_deleted_items_stay_deleted():
    with Cluster(**QUICK) as cluster:
        first, second, third = cluster.nodes
        client = first.boto()
        table = create_table(client)
        keys = [f"k{number}" for number in range(30)]
        for key in keys:
            client.put_item(TableName=table, Item={"pk": {"S": key}, "value": {"N": "1"}})
        third.kill()
        for key in keys:
            second.boto().delete_item(TableName=table, Key={"pk": {"S": key}})
        third.start()
        cluster.wait_ready()
        wait_until(lambda: cluster.hints_pending() == 0, 60, "all hints are delivered")
        for node in cluster.nodes:
            assert get_each(node.boto(), table, keys, True) == {}
            wait_until(lambda: get_each(node.boto(), table, keys, False) == {}, 60,
                       f"the deletes have reached {node.name}")
