"""While nodes are killed, the history of each item stays linearizable."""
import dataclasses
import random
import time

import pytest

from cluster import Cluster
from conftest import create_table
from histories import KINDS, MODELS, Load, judge, verdicts

QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150}
# Answers marked sloppy would promise less.
STRICT = {"Tags": [{"Key": "cartwheel:sloppy", "Value": "false"}]}


def kill(nodes):
    for node in nodes:
        assert node.process.poll() is None, f"{node.name} stopped by itself"
    for node in nodes:
        node.kill()


def kill_one_after_another(cluster, kills):
    """Never is more than one process missing, though one just started may be catching up."""
    for count in range(kills):
        node = cluster.nodes[count % len(cluster.nodes)]
        time.sleep(random.uniform(0.3, 0.9))
        kill([node])
        time.sleep(random.uniform(0.3, 1.0))
        node.start()


def kill_all(cluster, times):
    for _ in range(times):
        time.sleep(random.uniform(1.0, 2.0))
        kill(cluster.nodes)
        for node in cluster.nodes:
            node.start()
        cluster.wait_ready()


def run(cluster, folder, disturb, done_min):
    table = create_table(cluster.nodes[0].boto(), **STRICT)
    with Load(cluster, table) as load:
        disturb()
        cluster.wait_ready()
        time.sleep(1)
    fates = load.fates()
    unknown = fates["unknown"] / fates.total()
    print(f"{len(load.items.all)} items, {dict(fates)}, {unknown:.2%} unknown")
    assert verdicts(load, folder) == []
    assert fates["done"] > done_min
    assert cluster.errors() == []


@pytest.mark.parametrize("nodes, kills", [(3, 24), (5, 20)])
def test_killed_one_after_another(nodes, kills, tmp_path):
    with Cluster(nodes=nodes, **QUICK) as cluster:
        run(cluster, tmp_path, lambda: kill_one_after_another(cluster, kills), 2000)


def test_all_killed_at_once(tmp_path):
    with Cluster(**QUICK) as cluster:
        run(cluster, tmp_path, lambda: kill_all(cluster, 3), 500)


@pytest.fixture(scope="module", name="undisturbed")
def undisturbed_load(shared_cluster):
    """A load that nothing disturbed, and that is over."""
    table = create_table(shared_cluster.nodes[0].boto(), **STRICT)
    with Load(shared_cluster, table) as load:
        time.sleep(2)
    assert set(load.fates()) == {"done"}
    return load


def without_last_change(kind, read):
    """The read, told what it would have been told had it missed something."""
    missed = read.results[:-1] if kind == "list" else [read.results[0] - 1]
    return dataclasses.replace(read, results=missed)


@pytest.mark.parametrize("model, kind", [
    (model, kind) for model, kinds in MODELS.items() for kind in kinds])
def test_a_wrong_result_is_caught(undisturbed, model, kind):
    history = undisturbed.history([kind])
    assert judge(model, history)[0] == 0
    index = max(index for index, operation in enumerate(history)
                if operation.kind == "read" and operation.results not in ([], [0]))
    history[index] = without_last_change(kind, history[index])
    status, text = judge(model, history)
    assert status == 1
    assert "VIOLATION" in text


def was_read(history, kind):
    """Index of a change that some read shows."""
    changes = {"counter": ["add"], "list": ["append"]}.get(kind, ["write", "swap", "cas"])
    read = {value for operation in history if operation.kind == "read"
            for value in operation.results if value != 0}
    return next(index for index, operation in enumerate(history)
                if operation.kind in changes
                and (kind == "counter" or operation.arguments[-1] in read))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_refused_must_not_show(undisturbed, kind):
    """A change that was read is recorded as refused: in most histories, by leaving it out."""
    history = undisturbed.history([kind])
    index = was_read(history, kind)
    refused = []
    if kind == "list":
        refused.append(dataclasses.replace(history[index], kind="refused", results=None))
    status, _ = judge("append" if kind == "list" else "linear",
                      history[:index] + refused + history[index + 1:])
    assert status == 1
