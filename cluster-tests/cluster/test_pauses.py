"""Each node in turn is stopped for a while, killed, or restarted under load: histories stay
linearizable, nothing is lost, and each node catches up."""
import random
import signal
import time

from botocore.exceptions import BotoCoreError, ClientError

from cluster import ONCE, Cluster, wait_until
from conftest import create_table
from histories import Load as Histories
from histories import verdicts
from load import Load, differences, get_each

QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150, "repair_interval_s": 1}
STRICT = {"Tags": [{"Key": "cartwheel:sloppy", "Value": "false"}]}
SERVES_WITHIN_S = 10
# Shorter than it takes to be suspected, long enough to be found dead, longer than any timeout.
PAUSES_S = (1, 3, 6)
SLEEP_S = 10


def pause(node, seconds):
    node.process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    node.process.send_signal(signal.SIGCONT)


def wait_served(node, table):
    """Until the node, just started, answers a consistent read."""
    client = node.boto(retries=ONCE)

    def serves():
        try:
            client.get_item(TableName=table, Key={"pk": {"S": "any"}}, ConsistentRead=True)
            return True
        except (BotoCoreError, ClientError):
            assert node.process.poll() is None
            return False

    wait_until(serves, SERVES_WITHIN_S, f"{node.name} serves again")


def disturb(cluster, node, table, seconds):
    """All that may happen to one node, one after the other."""
    pause(node, seconds)
    time.sleep(0.5)
    node.kill()
    time.sleep(random.uniform(0, 1))
    node.start()
    wait_served(node, table)
    assert node.stop() == 0
    node.start()
    wait_served(node, table)
    cluster.wait_ready()


def is_settled(cluster):
    gauges = ("hints_pending", "undecided", "recovering")
    return not any(node.admin("status")["stats"][gauge]
                   for node in cluster.nodes for gauge in gauges)


def test_histories_while_each_node_is_stopped_killed_and_restarted(tmp_path):
    with Cluster(shards=2, **QUICK) as cluster:
        table = create_table(cluster.nodes[0].boto(), **STRICT)
        plain = create_table(cluster.nodes[0].boto())
        with Histories(cluster, table) as histories, Load(cluster.nodes, plain) as load:
            for node, seconds in zip(cluster.nodes, PAUSES_S):
                disturb(cluster, node, table, seconds)
            time.sleep(1)
        wait_until(lambda: is_settled(cluster), 30, "hints are delivered, registers settled")
        fates = histories.fates()
        print(f"{dict(fates)}, {len(load.expected())} items")
        assert verdicts(histories, tmp_path) == []
        assert fates["done"] > 1000
        expected = load.expected()
        for node in cluster.nodes:
            client = node.boto()
            assert differences(expected, get_each(client, plain, expected, True)) == []
            wait_until(lambda client=client: not differences(
                expected, get_each(client, plain, expected, False)), 30, f"{node.name} caught up")
        assert cluster.errors() == []


def test_a_woken_node_serves_no_stale_consistent_read():
    """What was written while it slept is seen by its first consistent reads."""
    with Cluster(**QUICK) as cluster:
        first, second, third = cluster.nodes
        table = create_table(first.boto(), **STRICT)
        keys = [f"k{number}" for number in range(30)]
        for key in keys:
            first.boto().put_item(TableName=table, Item={"pk": {"S": key}, "value": {"N": "1"}})
        sleeper = third.boto(retries=ONCE)
        assert len(get_each(sleeper, table, keys, True)) == len(keys)
        third.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        for number, key in enumerate(keys):
            writer = (first, second)[number % 2].boto()
            writer.put_item(TableName=table, Item={"pk": {"S": key}, "value": {"N": "2"}})
        time.sleep(max(SLEEP_S - (time.monotonic() - began), 0))
        third.process.send_signal(signal.SIGCONT)
        for key in keys:
            reply = sleeper.get_item(TableName=table, Key={"pk": {"S": key}}, ConsistentRead=True)
            assert reply["Item"]["value"]["N"] == "2"
        cluster.wait_ready()
        wait_until(lambda: cluster.hints_pending() == 0, 30, "it has what it missed")
        expected = {key: {2} for key in keys}
        wait_until(lambda: not differences(expected, get_each(sleeper, table, keys, False)), 10,
                   "eventual reads of the woken node too")
        assert cluster.errors() == []
