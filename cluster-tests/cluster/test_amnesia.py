"""Nodes whose data went back in time: one that lost what it had acknowledged must not vote again."""
import shutil

import pytest

from cluster import Cluster, tool, wait_until
from conftest import create_table
from load import differences, get_each

QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150}


def put_all(node, table, keys):
    """What was acknowledged, as load.differences() wants it."""
    client = node.boto()
    for number, key in enumerate(keys):
        client.put_item(TableName=table, Item={"pk": {"S": key}, "value": {"N": str(number)}})
    return {key: {number} for number, key in enumerate(keys)}


def copy_of(node):
    copy = node.home / "copy"
    shutil.copytree(node.home / "data", copy)
    return copy


def restore(node, copy):
    shutil.rmtree(node.home / "data")
    copy.rename(node.home / "data")


def stats(node):
    return node.admin("status")["stats"]


@pytest.mark.parametrize("shards", [1, 2])
def test_a_node_with_an_old_copy_of_its_data_stops_for_good(shards):
    with Cluster(shards=shards, **QUICK) as cluster:
        first, second, third = cluster.nodes
        table = create_table(first.boto())
        put_all(first, table, [f"early-{number}" for number in range(20)])
        assert third.stop() == 0
        copy = copy_of(third)
        third.start()
        cluster.wait_ready()
        expected = put_all(first, table, [f"late-{number}" for number in range(100)])
        third.kill()
        restore(third, copy)
        third.start()
        assert third.process.wait(30) == 1
        third.process = None
        log = third.log.read_text()
        assert "event=amnesia" in log
        assert "event=failed" in log

        third.start()
        assert third.process.wait(30) == 1, "nor does it start again"
        third.process = None
        assert "event=start_failed" in third.log.read_text()

        assert differences(expected, get_each(second.boto(), table, expected, True)) == []
        assert first.errors() == second.errors() == []


def test_the_newest_copy_is_as_good_as_the_original():
    with Cluster(**QUICK) as cluster:
        first, _, third = cluster.nodes
        table = create_table(first.boto())
        put_all(first, table, [f"early-{number}" for number in range(20)])
        third.kill()
        restore(third, copy_of(third))
        expected = put_all(first, table, [f"late-{number}" for number in range(20)])
        third.start()
        cluster.wait_ready()
        assert differences(expected, get_each(third.boto(), table, expected, True)) == []
        assert cluster.errors() == []


def test_a_killed_node_votes_at_once_and_is_checked_behind():
    with Cluster(**QUICK) as cluster:
        first, second, third = cluster.nodes
        table = create_table(first.boto())
        put_all(first, table, [f"k{number}" for number in range(50)])
        votes = stats(third)["votes"]
        assert votes >= 50
        third.kill()
        third.start()
        cluster.wait_ready()
        assert stats(third)["recovering"] == 0
        wait_until(lambda: stats(third)["census_answers"] >= 2, 10, "both peers were asked")
        assert stats(third)["votes"] >= votes
        second.kill()
        put_all(first, table, ["with", "the", "third"])
        assert "recovering" in tool(first, "--json", "status").stdout
        assert cluster.errors() == []
