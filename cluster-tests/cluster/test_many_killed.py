"""Two or three of five nodes are killed, or all of them, again and again."""
import itertools
import random
import time

from botocore.exceptions import ClientError

from cluster import ONCE, Cluster, wait_until
from conftest import create_table
from histories import Load as Histories
from histories import verdicts
from load import Load, differences, get_each
from ring import Ring

QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150}
STRICT = {"Tags": [{"Key": "cartwheel:sloppy", "Value": "false"}]}
KILLS_OF_ALL = 20
KEYS = 100
# From SIGKILL of all to the first answers, with nobody's help.
BACK_WITHIN_S = 15


def kill(dead, left):
    for node in dead:
        node.kill()
    names = {node.name for node in dead}
    for node in left:
        wait_until(lambda node=node: all(
            member["status"] == "dead" for member in node.admin("status")["members"]
            if member["name"] in names), 30, f"{node.name} knows it")


def is_served(call):
    """Whether the call succeeds. If not, it must say that it had no effect and can be retried."""
    try:
        call()
        return True
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503, error
        assert "had no effect and can be retried" in error.response["Error"]["Message"]
        return False


class Survey:
    """A table in which each key is written and read again and again."""

    def __init__(self, cluster, table):
        self.cluster = cluster
        self.table = table
        self.ring = Ring(cluster)
        self.keys = list(itertools.islice(self.ring.keys([]), KEYS))
        self.values = dict.fromkeys(self.keys, 0)  # what was acknowledged last
        self.count = itertools.count(1)

    def put(self, client, key):
        value = next(self.count)
        item = {"pk": {"S": key}, "value": {"N": str(value)}}
        done = is_served(lambda: client.put_item(TableName=self.table, Item=item))
        if done:
            self.values[key] = value
        return done

    def put_all(self, left):
        """Items that keep two of three home nodes go on, through any node; the others refuse."""
        clients = [node.boto(retries=ONCE) for node in left]
        served = 0
        for key, client in zip(self.keys, itertools.cycle(clients)):
            goes_on = sum(home in left for home in self.ring.preference_list(key)[:3]) >= 2
            assert self.put(client, key) == goes_on, key
            assert is_served(lambda key=key, client=client: client.update_item(
                TableName=self.table, Key={"pk": {"S": key}}, UpdateExpression="ADD times :n",
                ExpressionAttributeValues={":n": {"N": "1"}})) == goes_on, key
            found = {}
            assert is_served(lambda key=key, client=client: found.update(client.get_item(
                TableName=self.table, Key={"pk": {"S": key}}, ConsistentRead=True))) == goes_on, key
            assert not goes_on or int(found["Item"]["value"]["N"]) == self.values[key]
            served += goes_on
        return served

    def check(self):
        expected = {key: {value} for key, value in self.values.items()}
        for node in self.cluster.nodes:
            assert differences(expected, get_each(node.boto(), self.table, expected, True)) == []


def test_two_then_three_of_five_killed(tmp_path):
    with Cluster(nodes=5, **QUICK) as cluster:
        left = cluster.nodes
        client = left[0].boto()
        survey = Survey(cluster, create_table(client, **STRICT))
        with Histories(cluster, create_table(client, **STRICT)) as histories:
            assert survey.put_all(left) == KEYS
            for dead, left in ((left[3:], left[:3]), (left[2:3], left[:2])):
                kill(dead, left)
                assert 0 < survey.put_all(left) < KEYS
            for node in cluster.nodes[2:]:
                node.start()
            cluster.wait_ready()
            time.sleep(1)
        survey.check()
        assert survey.put_all(cluster.nodes) == KEYS
        assert verdicts(histories, tmp_path) == []
        assert cluster.errors() == []


def test_all_killed_again_and_again():
    with Cluster(**QUICK) as cluster:
        table = create_table(cluster.nodes[0].boto())
        with Load(cluster.nodes, table) as load:
            for _ in range(KILLS_OF_ALL):
                time.sleep(random.uniform(0.2, 0.8))
                for node in cluster.nodes:
                    assert node.process.poll() is None, f"{node.name} stopped by itself"
                for node in cluster.nodes:
                    node.kill()
                for node in cluster.nodes:
                    node.start()
                cluster.wait_ready(BACK_WITHIN_S)
            time.sleep(2)
        expected = load.expected()
        print(f"{len(expected)} items, {len(load.failures())} failed")
        assert len(expected) > 300
        for node in cluster.nodes:
            assert differences(expected, get_each(node.boto(), table, expected, True)) == []
        assert cluster.errors() == []
