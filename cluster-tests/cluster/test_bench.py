"""`cartwheel bench`: every workload against nodes that check signatures, and honest latencies."""
import json
import signal
import subprocess
import threading
import time

import pytest

from cluster import TOOL, Cluster, clean_environment, free_port, tool

KEY = "AKIABENCH"
SECRET = "the/secret+key"
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
BRIEF = ("--keys", "200", "--connections", "8", "--warmup", "0", "--requests", "300")


@pytest.fixture(scope="module")
def guarded():
    """Three nodes that know one key."""
    with Cluster(access_key_id=KEY, secret_access_key=SECRET) as cluster:
        yield cluster
        assert cluster.errors() == []


def bench(cluster, *words, **environment):
    """The completed process, and the result if there is one."""
    endpoints = ",".join(node.url for node in cluster.nodes)
    done = subprocess.run(
        [str(TOOL), "--json", "--endpoint", endpoints, "bench", *words], capture_output=True,
        text=True, timeout=120, env=clean_environment(**{**KEYS, **environment}))
    return done, json.loads(done.stdout) if done.stdout else None


def tables(cluster):
    return cluster.nodes[0].boto(key=KEY, secret=SECRET).list_tables()["TableNames"]


@pytest.mark.parametrize("workload, operations", [
    ("a", {"get", "update"}), ("b", {"get", "update"}), ("c", {"get"}), ("d", {"get", "insert"}),
    ("e", {"query", "insert"}), ("f", {"get", "read-modify-write"}),
    *((name, {name}) for name in (
        "get", "get-consistent", "put", "put-if", "update", "delete", "insert", "query", "scan",
        "batch-get", "batch-write")),
])
def test_workloads(guarded, workload, operations):
    done, result = bench(guarded, workload, *BRIEF)
    assert done.returncode == 0, done.stderr
    assert result["done"] == 300
    assert result["failed"] == 0 and result["failures"] == {}
    assert set(result["operations"]) == operations
    assert sum(one["count"] for one in result["operations"].values()) == 300
    for one in result["operations"].values():
        assert 0 < one["p50_us"] <= one["p99_us"] <= one["p99_99_us"] <= one["max_us"]
    assert tables(guarded) == []


def test_items_are_as_asked_for(guarded):
    done, _ = bench(guarded, "load", "--table", "Loaded", "--keys", "30", "--fields", "3",
                    "--field-size", "50", "--collection", "10", "--tag", "cartwheel:r=2")
    assert done.returncode == 0, done.stderr
    client = guarded.nodes[0].boto(key=KEY, secret=SECRET)
    items = client.scan(TableName="Loaded", ConsistentRead=True)["Items"]
    assert len(items) == 30
    assert len({item["pk"]["S"] for item in items}) == 3
    assert all(len(item[f"field{n}"]["S"]) == 50 for item in items for n in range(3))
    shown = tool(guarded.nodes[0], "--json", "table", "show", "Loaded", **KEYS)
    assert {"Key": "cartwheel:r", "Value": "2"} in json.loads(shown.stdout)["Tags"]
    # A table that was there is used as it is, and stays.
    done, result = bench(guarded, "get", "--table", "Loaded", "--collection", "10", "--keys", "30",
                         "--warmup", "0", "--requests", "100")
    assert done.returncode == 0 and result["absent"] == 0
    assert "Loaded" in tables(guarded)
    done, _ = bench(guarded, "get", "--table", "Loaded", "--requests", "1")
    assert done.returncode == 1 and "other keys" in done.stderr
    client.delete_table(TableName="Loaded")


def test_keeps_the_table_if_told(guarded):
    done, _ = bench(guarded, "get", "--table", "Kept", "--keep", *BRIEF)
    assert done.returncode == 0, done.stderr
    assert tables(guarded) == ["Kept"]
    guarded.nodes[0].boto(key=KEY, secret=SECRET).delete_table(TableName="Kept")


def test_missing_items_are_told(guarded):
    client = guarded.nodes[0].boto(key=KEY, secret=SECRET)
    client.create_table(TableName="Empty", BillingMode="PAY_PER_REQUEST",
                        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
    _, result = bench(guarded, "get", "--table", "Empty", *BRIEF)
    assert result["absent"] == 300
    done, result = bench(guarded, "put-if", "--table", "Empty", *BRIEF)
    assert done.returncode == 1
    assert result["failures"] == {"ConditionalCheckFailedException": 300}
    assert result["operations"] == {}
    client.delete_table(TableName="Empty")


def test_wrong_secret(guarded):
    done, result = bench(guarded, "get", *BRIEF, AWS_SECRET_ACCESS_KEY="wrong")
    assert done.returncode == 1 and result is None
    assert "InvalidSignatureException" in done.stderr


def test_made_up_signatures_are_refused(guarded):
    done, _ = bench(guarded, "get", "--no-sign", *BRIEF)
    assert done.returncode == 1
    assert "InvalidSignatureException" in done.stderr
    assert tables(guarded) == []


def test_progress_and_table(guarded):
    done = tool(guarded.nodes[0], "bench", "c", "--seconds", "3", "--warmup", "0", "--keys", "100",
                "--threads", "2", **KEYS)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("/s  mean") >= 2
    assert "LATENCY IN MS" in done.stdout and "requests a second" in done.stdout
    quiet = tool(guarded.nodes[0], "bench", "get", "--quiet", *BRIEF, **KEYS)
    assert quiet.stderr == ""


def test_rate_is_kept(guarded):
    done, result = bench(guarded, "get", "--rate", "200", "--seconds", "3", "--warmup", "1",
                         "--keys", "100")
    assert done.returncode == 0, done.stderr
    assert result["done"] == 600
    assert result["rate"] == pytest.approx(200, rel=0.05)


def test_interrupted_run_reports_and_cleans_up(guarded):
    running = subprocess.Popen(
        [str(TOOL), "--endpoint", guarded.nodes[0].url, "--json", "bench", "get", "--seconds",
         "60", "--warmup", "0", "--keys", "100"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=clean_environment(**KEYS))
    time.sleep(2)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=30)
    assert running.returncode == 0
    assert json.loads(output)["done"] > 0
    assert tables(guarded) == []


def test_a_stopped_node_shows_in_the_percentiles():
    """The node stands still for a second of four: a quarter of what was due waited for it."""
    with Cluster(nodes=1) as cluster:
        node = cluster.nodes[0]
        assert tool(node, "bench", "load", "--keys", "100").returncode == 0

        def pause():
            node.process.send_signal(signal.SIGSTOP)
            time.sleep(1)
            node.process.send_signal(signal.SIGCONT)

        timer = threading.Timer(1.5, pause)
        timer.start()
        try:
            done, result = bench(cluster, "get", "--keys", "100", "--rate", "200", "--connections",
                                 "4", "--seconds", "4", "--warmup", "0")
        finally:
            timer.join()
        assert done.returncode == 0, done.stderr
        latencies = result["operations"]["get"]
        # None was left out: those that were due meanwhile could not even be sent.
        assert result["done"] == 800
        assert latencies["max_us"] > 900_000
        assert latencies["p99_us"] > 800_000
        assert latencies["p90_us"] > 400_000
        assert latencies["p50_us"] < 100_000


def test_a_dead_node_is_a_failure():
    with Cluster(nodes=1) as cluster:
        node = cluster.nodes[0]
        assert tool(node, "bench", "load", "--keys", "100").returncode == 0
        timer = threading.Timer(1, node.kill)
        timer.start()
        try:
            done, result = bench(cluster, "get", "--keys", "100", "--rate", "100", "--seconds", "3",
                                 "--warmup", "0", "--timeout", "1")
        finally:
            timer.join()
        assert done.returncode == 1
        assert result["failures"]["never sent"] > 100
        assert result["done"] > 50


def test_nobody_listens():
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    for words in (["get"], ["http"]):
        done = tool(None, "--endpoint", url, "bench", *words)
        assert done.returncode == 3
        assert "cannot connect" in done.stderr
    done = tool(None, "--endpoint", "http://no-such-host.invalid:1", "bench", "get")
    assert done.returncode == 3
    assert "cannot resolve" in done.stderr


@pytest.mark.parametrize("words", [
    [], ["nonsense"], ["get", "--rate", "fast"], ["get", "--seconds"], ["get", "--colour", "red"],
    ["batch-write", "--batch", "26"],
])
def test_wrong_usage(words):
    done = tool(None, "bench", *words)
    assert done.returncode == 2
    assert "bench" in done.stderr
