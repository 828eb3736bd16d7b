"""Quorums: what succeeds at every N, R and W, with each number of home nodes down."""
import collections
import concurrent.futures
import dataclasses
import itertools
import signal

import pytest
from botocore.exceptions import ClientError

from cluster import ONCE, Cluster, wait_until
from conftest import create_table
from ring import Ring

QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150}
NODES = 5
PLAIN = ("put", "delete")
WRITES = (*PLAIN, "put_if", "update")
READS = ("get", "get_consistent", "query", "query_consistent")


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a table asks for."""

    n: int
    r: int
    w: int
    sloppy: bool = True

    @property
    def table(self):
        return f"n{self.n}-r{self.r}-w{self.w}{'-sloppy' if self.sloppy else ''}"

    @property
    def tags(self):
        values = {"n": self.n, "r": self.r, "w": self.w, "sloppy": str(self.sloppy).lower()}
        return [{"Key": f"cartwheel:{key}", "Value": str(value)} for key, value in values.items()]

    def expected(self, operation, down):
        """What docs/protocol.md and docs/configuration.md say of an operation on an item, when
        the first `down` nodes of its preference list are down."""
        homes = max(self.n - down, 0)
        others = NODES - down - homes
        if operation in PLAIN:
            if homes >= self.w:
                return "done"
            return "sloppy" if self.sloppy and homes + others >= self.w else "refused"
        need = {"get": self.r, "query": 1}.get(operation, self.n // 2 + 1)
        return "done" if homes >= need else "refused"


COMBINATIONS = [(n, r, w) for n, r, w in itertools.product((1, 2, 3), repeat=3)
                if max(r, w) <= n] + [(5, 3, 3)]
SETTINGS = [Setting(*numbers, sloppy) for numbers in COMBINATIONS for sloppy in (True, False)]


def outcome(call):
    """"done", "sloppy", "refused" (without effect, to be tried again), or what else was said."""
    try:
        headers = call()["ResponseMetadata"]["HTTPHeaders"]
        return "sloppy" if headers.get("x-cartwheel-sloppy") == "1" else "done"
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        told = error.response["Error"]
        refused = (status == 503 and told["Code"] == "InternalServerError"
                   and "had no effect and can be retried" in told["Message"])
        return "refused" if refused else f"{status} {told}"


class Matrix:
    """The tables, the keys used in them, and what each operation said."""

    def __init__(self, cluster):
        self.order = Ring(cluster).lists[0]
        self.keys = Ring(cluster).keys(self.order)
        self.clients = {node: node.boto(retries=ONCE, max_pool_connections=8)
                        for node in cluster.nodes}
        self.read = next(self.keys)
        self.doomed = list(itertools.islice(self.keys, 2 * NODES))  # those still to be deleted
        self.present = collections.defaultdict(set)  # table -> keys that must be there
        self.used = collections.defaultdict(set)
        self.wrong = []

    def create(self, setting):
        client = self.clients[self.order[-1]]
        table = create_table(client, setting.table, Tags=setting.tags)
        for key in (self.read, *self.doomed):
            self.call(client, table, "put", key)
            self.present[table].add(key)
            self.used[table].add(key)

    def step(self, down):
        """Each operation, on each table, through the first home node that is up (or who stands in
        for it) and through the last node of all."""
        keys = {node: [*itertools.islice(self.keys, 3), self.doomed.pop()]
                for node in dict.fromkeys((self.order[down], self.order[-1]))}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda setting: self.try_all(setting, down, keys), SETTINGS))

    def try_all(self, setting, down, keys):
        for node, (put, put_if, update, delete) in keys.items():
            written = {"put": put, "put_if": put_if, "update": update, "delete": delete}
            for operation in (*WRITES, *READS):
                key = written.get(operation, self.read)
                said = outcome(lambda: self.call(self.clients[node], setting.table, operation, key))
                self.judge(setting, operation, down, said)
                self.note(setting.table, operation, key, said)

    def judge(self, setting, operation, down, said):
        expected = setting.expected(operation, down)
        if said != expected:
            self.wrong.append(f"{down} down, {setting.table}: {operation} {said}, not {expected}")

    def note(self, table, operation, key, said):
        self.used[table].add(key)
        if said in ("done", "sloppy") and operation in WRITES:
            (self.present[table].discard if operation == "delete" else self.present[table].add)(key)

    @staticmethod
    def call(client, table, operation, key):
        name = {"pk": {"S": key}}
        consistent = operation.endswith("_consistent")
        if operation == "put":
            return client.put_item(TableName=table, Item=name)
        if operation == "put_if":
            return client.put_item(TableName=table, Item=name,
                                   ConditionExpression="attribute_not_exists(pk)")
        if operation == "update":
            return client.update_item(TableName=table, Key=name, UpdateExpression="ADD v :n",
                                      ExpressionAttributeValues={":n": {"N": "1"}})
        if operation == "delete":
            return client.delete_item(TableName=table, Key=name)
        if operation.startswith("get"):
            reply = client.get_item(TableName=table, Key=name, ConsistentRead=consistent)
            assert "Item" in reply
            return reply
        reply = client.query(
            TableName=table, ConsistentRead=consistent, KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": key}})
        assert reply["Count"] == 1
        return reply

    def found(self, table):
        keys = [{"pk": {"S": key}} for key in self.used[table]]
        reply = self.clients[self.order[0]].batch_get_item(
            RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        return {item["pk"]["S"] for item in reply["Responses"][table]}


def is_quiet(cluster):
    gauges = ("requests_open", "replica_operations", "hints_pending", "undecided")
    stats = [node.admin("status")["stats"] for node in cluster.nodes if node.process is not None]
    return not any(each[gauge] for each in stats for gauge in gauges)


def take_down(nodes, node):
    """SIGKILL and SIGSTOP in turn; returns when each of `nodes` knows it."""
    if node.number % 2:
        node.kill()
    else:
        node.process.send_signal(signal.SIGSTOP)
    for other in nodes:
        wait_until(lambda other=other: any(
            member["name"] == node.name and member["status"] == "dead"
            for member in other.admin("status")["members"]), 30, f"{other.name} knows it")


def bring_back(cluster):
    for node in cluster.nodes:
        if node.process is None:
            node.start()
        else:
            node.process.send_signal(signal.SIGCONT)
    cluster.wait_ready()
    wait_until(lambda: is_quiet(cluster), 30, "all hints are delivered")


def test_every_quorum_with_each_number_of_home_nodes_down():
    with Cluster(nodes=NODES, **QUICK) as cluster:
        matrix = Matrix(cluster)
        for setting in SETTINGS:
            matrix.create(setting)
        wait_until(lambda: is_quiet(cluster), 30, "all replicas hold what was put")
        for down in range(NODES):
            if down > 0:
                take_down(matrix.order[down:], matrix.order[down - 1])
            matrix.step(down)
        assert matrix.wrong == []
        bring_back(cluster)
        for setting in SETTINGS:
            assert matrix.found(setting.table) == matrix.present[setting.table], setting
        assert cluster.errors() == []


@pytest.mark.parametrize("n, r, w", [
    numbers for numbers in itertools.product((1, 2, 3), repeat=3) if max(numbers[1:]) > numbers[0]])
def test_more_than_n_replicas_cannot_be_asked(client, n, r, w):
    with pytest.raises(ClientError) as error:
        create_table(client, Tags=Setting(n, r, w).tags)
    told = error.value.response["Error"]
    assert told["Code"] == "ValidationException"
    assert (f"A table with {n} replicas (cartwheel:n) cannot ask {r} of them for a read "
            f"(cartwheel:r) or {w} for a write (cartwheel:w)") in told["Message"]
