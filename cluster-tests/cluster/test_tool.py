"""The tool `cartwheel`: its commands, their JSON, their exit codes."""
import json
import re

import pytest

from cluster import Cluster, tool, wait_until


def run_json(node, *arguments):
    result = tool(node, "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_status(cluster):
    result = tool(cluster.nodes[0], "status")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 of 3 members healthy" in result.stdout
    assert "256 partitions, imbalance 0.00%" in result.stdout
    names = [line.split()[:2] for line in result.stdout.splitlines()[2:5]]
    assert names[0] == ["*", "node1"]
    assert [name[0] for name in names[1:]] == ["node2", "node3"]
    status = run_json(cluster.nodes[0], "status")
    assert status["cluster"]["name"] == "test"
    assert len(status["members"]) == 3


def test_health():
    """It needs no keys, and only the node itself."""
    with Cluster(access_key_id="ada", secret_access_key="a secret") as cluster:
        node, *others = cluster.nodes
        for other in others:
            other.kill()
        assert tool(node, "health").stdout == "healthy\n"
        assert run_json(node, "health") == {"healthy": True}
        assert tool(node, "status").returncode == 1
        node.kill()
        result = tool(node, "health")
        assert result.returncode == 3
        assert "cannot connect" in result.stderr


def test_ring(cluster):
    result = tool(cluster.nodes[0], "ring")
    assert "256 partitions, 3 replicas, imbalance 0.00%" in result.stdout
    for line in result.stdout.splitlines()[2:]:
        member, zone, weight, _, share, held, copies, due = line.split()
        assert (zone, weight, held, copies, due) == ("-", "100", "256", "33.33%", "33.33%"), member
        assert 33 <= float(share.rstrip("%")) <= 34
    assert len(result.stdout.splitlines()) == 5
    assert len(tool(cluster.nodes[0], "ring", "--partitions").stdout.splitlines()) == 5 + 1 + 256
    assert len(run_json(cluster.nodes[0], "ring")["preference_lists"]) == 256


def test_hints(cluster):
    assert "keeps 0 hints" in tool(cluster.nodes[0], "hints").stdout
    assert run_json(cluster.nodes[0], "hints")["node"] == "node1"


def test_repair():
    """All that is shared is compared at once; where nothing differs, nothing is copied."""
    with Cluster(partitions=16) as cluster:
        node = cluster.nodes[1]
        *_, last = tool(node, "repair").stdout.splitlines()
        assert re.fullmatch(r"compared (\d+) of \1 partitions, copied 0 rows, \d+ bytes", last)
        before = node.admin("status")["stats"]
        *_, last = map(json.loads, tool(node, "--json", "repair").stdout.splitlines())
        assert last["compared"] == last["partitions"] >= 2 * 16
        assert last["bytes"] <= 300 * last["partitions"]
        after = node.admin("status")["stats"]
        assert after["repair_left"] == 0
        assert after["repair_sessions"] - before["repair_sessions"] >= 2 * 16
        assert after["repair_rows"] == before["repair_rows"]


def test_tables(cluster, table):
    node = cluster.nodes[1]
    assert table in tool(node, "table", "list").stdout.split()
    assert table in run_json(node, "table", "list")["TableNames"]
    assert "partition   pk (S)" in tool(node, "table", "show", table).stdout
    result = tool(node, "table", "set", table, "--r", "2", "--w", "3", "--sloppy", "off")
    assert result.returncode == 0, result.stderr
    assert "r=2 w=3 sloppy=false" in result.stdout
    shown = run_json(cluster.nodes[2], "table", "show", table)
    assert shown["Table"]["TableName"] == table
    assert {"Key": "cartwheel:w", "Value": "3"} in shown["Tags"]


def test_refusals(cluster, table):
    node = cluster.nodes[0]
    result = tool(node, "table", "show", "no-such-table")
    assert result.returncode == 1
    assert "ResourceNotFoundException" in result.stderr
    result = tool(node, "table", "set", table, "--w", "9")
    assert result.returncode == 1
    assert "ValidationException" in result.stderr


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["table"], ["table", "show"], ["table", "set", "t"],
    ["table", "set", "t", "--n"], ["table", "set", "t", "--n", "x"],
    ["table", "set", "t", "--sloppy", "maybe"], ["table", "set", "t", "--colour", "red"],
    ["ring", "--colour"], ["status", "now"], ["--endpoint", "ftp://x", "status"], ["--endpoint"],
])
def test_wrong_usage(arguments):
    assert tool(None, *arguments).returncode == 2


@pytest.mark.parametrize("command", [
    "status", "health", "ring", "table list", "table show", "table set", "hints", "bench",
    "version", "help",
])
def test_help(command):
    assert command in tool(None, "help").stdout
    result = tool(None, *command.split(), "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: cartwheel [OPTION]... {command}")
    assert tool(None, "help", *command.split()).stdout == result.stdout


def test_version_needs_no_node():
    assert tool(None, "version").stdout.startswith("cartwheel ")
    assert json.loads(tool(None, "--json", "version").stdout)["version"]


def test_endpoint_from_the_environment(cluster):
    result = tool(None, "status", CARTWHEEL_ENDPOINT=cluster.nodes[2].url)
    assert result.returncode == 0
    assert "* node3" in " ".join(result.stdout.split())


def test_nobody_listens():
    result = tool(None, "--endpoint", "http://127.0.0.1:1", "status")
    assert result.returncode == 3
    assert "cannot connect" in result.stderr


def test_a_dead_member_is_not_healthy():
    with Cluster() as cluster:
        cluster.nodes[2].kill()
        wait_until(lambda: tool(cluster.nodes[0], "status").returncode == 1, 30,
                   "status notices the dead member")
        assert "2 of 3 members healthy" in tool(cluster.nodes[0], "status").stdout
