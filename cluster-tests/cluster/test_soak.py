"""A mixed load for a minute, or CARTWHEEL_SOAK_MINUTES of them: no node's memory, files or threads
grow."""
import itertools
import os
import random
import statistics
import threading
import time

import pytest
from botocore.exceptions import ClientError

from cluster import Cluster
from conftest import create_table

MINUTES = float(os.environ.get("CARTWHEEL_SOAK_MINUTES", "1"))
WORKERS = 6
# Pauses between a worker's requests: the load is to be the same on any machine, and a light one.
PACE_S = 0.02
KEYS = 300
VALUE = 1000
TABLES_EVERY_S = 3
# Small, so that they are soon as full as they will ever be.
SMALL = {"cache_mb": 8, "write_buffer_mb": 8}
# The first part of the run is for what fills up once; the rest must be flat.
WARM_UP = 1 / 3
# What may be added in the measured part. Data files come and go with compactions, and allocators
# are not exact. Caches and buffers of this size take four minutes of this load to fill, so that a
# short run shows gross leaks only; in ten minutes a hundred bytes per request are found.
GROWTH_MAX = {"rss_kb": (6 if MINUTES >= 10 else 20) * 1024, "files": 12, "threads": 0.5}


class Worker(threading.Thread):
    """Does one thing after the other to few items, through one node."""

    def __init__(self, load, node, number):
        super().__init__(daemon=True)
        self.load = load
        self.client = node.boto()
        self.random = random.Random(number)
        self.failures = []

    def run(self):
        for operation in itertools.cycle(self.operations):
            if self.load.stopping.wait(PACE_S):
                return
            try:
                operation(self, f"k{self.random.randrange(KEYS)}")
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    self.failures.append(str(error))
            self.load.done += 1

    def key(self, name):
        return {"pk": {"S": name}, "sk": {"S": self.random.choice("abcde")}}

    def item(self, name):
        return {**self.key(name), "n": {"N": "1"}, "value": {"B": self.random.randbytes(VALUE)}}

    def put(self, name):
        self.client.put_item(TableName=self.load.table, Item=self.item(name))

    def put_if(self, name):
        self.client.put_item(TableName=self.load.table, Item=self.item(name),
                             ConditionExpression="attribute_not_exists(n) OR n > :n",
                             ExpressionAttributeValues={":n": {"N": "1"}})

    def update(self, name):
        self.client.update_item(TableName=self.load.table, Key=self.key(name),
                                UpdateExpression="ADD n :n", ReturnValues="ALL_NEW",
                                ExpressionAttributeValues={":n": {"N": "1"}})

    def delete(self, name):
        self.client.delete_item(TableName=self.load.table, Key=self.key(name))

    def get(self, name):
        self.client.get_item(TableName=self.load.table, Key=self.key(name))

    def get_consistent(self, name):
        self.client.get_item(TableName=self.load.table, Key=self.key(name), ConsistentRead=True)

    def query(self, name):
        self.client.query(TableName=self.load.table, KeyConditionExpression="pk = :pk",
                          ConsistentRead=self.random.random() < 0.5,
                          ExpressionAttributeValues={":pk": {"S": name}})

    def batch_write(self, name):
        puts = [{"PutRequest": {"Item": {**self.item(name), "sk": {"S": sort}}}} for sort in "xyz"]
        self.client.batch_write_item(RequestItems={self.load.table: puts})

    def batch_get(self, name):
        keys = [{"pk": {"S": name}, "sk": {"S": sort}} for sort in "axyz"]
        self.client.batch_get_item(RequestItems={self.load.table: {"Keys": keys}})

    operations = (put, get, put_if, query, update, get_consistent, batch_write, delete, batch_get)


class Tables(threading.Thread):
    """Creates a table, uses it, and drops it, again and again."""

    def __init__(self, load, node):
        super().__init__(daemon=True)
        self.load = load
        self.client = node.boto()
        self.failures = []

    def run(self):
        while not self.load.stopping.wait(TABLES_EVERY_S):
            try:
                table = create_table(self.client)
                for number in range(10):
                    self.client.put_item(TableName=table, Item={"pk": {"S": str(number)}})
                self.client.delete_table(TableName=table)
            except ClientError as error:
                self.failures.append(str(error))


class Load:
    """The workers, in a `with`."""

    def __init__(self, cluster, table):
        self.table = table
        self.stopping = threading.Event()
        self.done = 0
        self.workers = [Worker(self, cluster.nodes[number % len(cluster.nodes)], number)
                        for number in range(WORKERS)]
        self.workers.append(Tables(self, cluster.nodes[0]))

    def __enter__(self):
        for worker in self.workers:
            worker.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for worker in self.workers:
            worker.join(60)

    def failures(self):
        return [failure for worker in self.workers for failure in worker.failures]


def sample(node):
    """What the process has now."""
    status = dict(line.split(":", 1) for line in open(f"/proc/{node.process.pid}/status"))
    return {
        "rss_kb": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]),
        "files": len(os.listdir(f"/proc/{node.process.pid}/fd")),
    }


def growth(samples, quantity):
    """What the straight line through the samples gains from the first to the last."""
    times = [at for at, _ in samples]
    slope, _ = statistics.linear_regression(times, [each[quantity] for _, each in samples])
    return slope * (times[-1] - times[0])


def test_growth_is_found():
    """Of steps and noise on a slope of one in ten seconds."""
    samples = [(at, {"files": 50 + at // 10 + at % 3}) for at in range(600)]
    assert 59 < growth(samples, "files") < 61
    assert growth([(at, {"files": 50 + at % 7}) for at in range(600)], "files") < 1


@pytest.mark.timeout(120 + 60 * MINUTES)
def test_nothing_grows():
    with Cluster(**SMALL) as cluster:
        table = create_table(cluster.nodes[0].boto(), sort_key=True)
        samples = {node: [] for node in cluster.nodes}
        began = time.monotonic()
        with Load(cluster, table) as load:
            while time.monotonic() < began + 60 * MINUTES:
                for node in cluster.nodes:
                    samples[node].append((time.monotonic() - began, sample(node)))
                time.sleep(1)
        assert load.failures() == []
        assert load.done > 1000 * MINUTES
        print(f"{load.done} requests in {MINUTES} minutes")
        grown = []
        for node in cluster.nodes:
            measured = [each for each in samples[node] if each[0] > WARM_UP * 60 * MINUTES]
            for quantity, most in GROWTH_MAX.items():
                gain = growth(measured, quantity)
                first, last = measured[0][1][quantity], measured[-1][1][quantity]
                line = f"{node.name}: {quantity} {first} to {last}, a gain of {gain:.1f}"
                print(line)
                if gain > most:
                    grown.append(line)
        assert grown == []
        assert cluster.errors() == []
