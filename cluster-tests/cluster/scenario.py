"""Scenarios: a cluster behind the proxy, clients that record what they are told, a fault, and what must
hold when it is over."""
import contextlib
import os
import re
import time

import load
from cluster import Cluster, wait_until
from conftest import create_table
from histories import Load, verdicts
from network import Network

# How long a fault lasts, or faults follow each other. More finds more.
SECONDS = float(os.environ.get("CARTWHEEL_FAULT_SECONDS", "2"))
TEST_MAX_S = 180 + 20 * SECONDS
# Dead members are found in a second instead of five, and all partitions compared in half a minute
# instead of an hour.
QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150, "partitions": 16,
         "repair_interval_s": 1, "request_timeout_ms": 5000}
# Every request ends: request_timeout_ms, and what two busy cores add to it.
REQUEST_MAX_S = 8
# The longest that clients of healthy nodes wait, retries included: 5 s is what is wanted; a forward
# that is stuck for as long, the client's pause, and two busy cores add to it.
STALL_MAX_S = 10
CONVERGED_MAX_S = 60
FILES_MORE_MAX = 60
# Answers marked sloppy would promise less.
STRICT = {"Tags": [{"Key": "cartwheel:sloppy", "Value": "false"}]}


class Scenario(Cluster):
    """A cluster whose nodes meet through `network`."""

    def __init__(self, folder, nodes=3, spares=0, **settings):
        super().__init__(nodes, **{**QUICK, **settings})
        self.folder = folder
        self.make_spares(spares)
        self.network = Network(self)
        self.longest_s = REQUEST_MAX_S
        self.allowed = []  # patterns of errors that the fault calls for
        self.lost = []  # nodes that do not come back

    def __enter__(self):
        self.network.__enter__()
        try:
            return super().__enter__()
        except BaseException:
            self.network.__exit__()
            raise

    def __exit__(self, error, *_):
        super().__exit__(error)
        self.network.__exit__()

    @contextlib.contextmanager
    def under_load(self, unharmed=(), done_min=200):
        """Clients of all nodes record histories; writers put through each of `unharmed`, and none of
        their puts may fail, or take long. The fault is what stands in the `with`, and it must be over
        at its end. Then the cluster must be as good as new."""
        client = self.nodes[0].boto()
        strict, plain = create_table(client, **STRICT), create_table(client)
        files = self.open_files()
        with Load(self, strict) as histories:
            with load.Load(unharmed, plain) as writers:
                time.sleep(0.5)
                yield
            self.network.heal()
            self.wait_ready()
            time.sleep(1)
        self.check_answers(histories, writers if unharmed else None, done_min)
        self.check_converged(strict)
        self.check_converged(plain, writers.expected())
        self.check_left_behind(files)

    def check_answers(self, histories, writers, done_min):
        fates = histories.fates()
        stall_s = writers.longest_s() if writers else 0
        print(f"{len(histories.items.all)} items, {dict(fates)}, longest request "
              f"{histories.longest_s():.1f} s, longest put {stall_s:.1f} s")
        wrong = verdicts(histories, self.folder)
        assert not wrong, wrong
        assert fates["done"] >= done_min, fates
        assert histories.longest_s() <= self.longest_s, histories.longest_s()
        if writers:
            assert not writers.failures(), writers.failures()
            assert stall_s <= STALL_MAX_S, stall_s

    def check_converged(self, table, expected=None):
        """What each node has by itself is what all have, and nothing waits to be delivered."""
        if not self.lost:
            wait_until(lambda: self.pending("hints_pending") == 0, CONVERGED_MAX_S,
                       "all hints are delivered")
        wait_until(lambda: self.pending("undecided") == 0, CONVERGED_MAX_S, "all is decided")
        wait_until(lambda: self.all_equal(table), CONVERGED_MAX_S, "replicas are equal")
        held = everything(self.nodes[0].boto(), table, True)
        wrong = {key: (held.get(key), values) for key, values in (expected or {}).items()
                 if held.get(key) not in [str(value) for value in values]}
        assert not wrong, f"held, and what it should be: {wrong}"

    def all_equal(self, table):
        """An eventual range is read from the node that is asked, where it is a home node."""
        held = everything(self.nodes[0].boto(), table, True)
        return all(everything(node.boto(), table, False) == held for node in self.present())

    def pending(self, what):
        return sum(node.admin("status")["stats"][what] for node in self.present())

    def present(self):
        return [node for node in self.nodes if node not in self.lost]

    def check_left_behind(self, files):
        time.sleep(0.5)
        assert self.network.count("tainted") == 0, "corruption passed unnoticed"
        for node in self.present():
            assert files_of(node) <= files.get(node, 0) + FILES_MORE_MAX, f"{node.name} leaks files"
        errors = self.unexpected_errors()
        assert not errors, errors

    def unexpected_errors(self):
        return [line for line in self.errors()
                if not any(re.search(pattern, line) for pattern in self.allowed)]

    def open_files(self):
        return {node: files_of(node) for node in self.nodes}

    def dead_or_suspect(self, node):
        """How the others see it."""
        status = [member["status"] for other in self.nodes if other is not node
                  for member in other.admin("status")["members"] if member["name"] == node.name]
        return [what for what in status if what != "alive"]


def kill(nodes):
    for node in nodes:
        assert node.process.poll() is None, f"{node.name} stopped by itself"
    for node in nodes:
        node.kill()


def repeatedly(interval_s):
    """Goes round once every `interval_s`, for SECONDS."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        yield
        time.sleep(interval_s)


def files_of(node):
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


def everything(client, table, consistent):
    """key -> what it holds, of a whole table."""
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=consistent)
    return {item["pk"]["S"]: item["value"]["N"] if "value" in item else str(sorted(item.items()))
            for page in pages for item in page["Items"]}
