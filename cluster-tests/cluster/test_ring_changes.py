"""The ring changes while clients record what they are told (S24, S26 to S29 and S36 of the list in
docs/testing.md): nodes join, leave, die for good and are replaced."""
import shutil
import signal
import subprocess
import time

import pytest

from conftest import create_table
from cluster import DAEMON, TOOL, clean_environment, free_port, tool, wait_until
from network import between
from scenario import TEST_MAX_S, Scenario, everything, kill

pytestmark = pytest.mark.timeout(TEST_MAX_S + 240)

CHANGE_MAX_S = 90
STUCK_MAX_S = 60  # from the last death on
IMBALANCE_MAX = 5  # percent


def join(cluster, **settings):
    node = cluster.add(**settings)
    cluster.wait_ready()
    cluster.wait_changed(CHANGE_MAX_S)
    return node


def decommission(cluster, node, by):
    answer = tool(by, "decommission", node.name)
    assert answer.returncode == 0, answer.stderr
    wait_until(lambda: node.process.poll() == 0, 10, f"{node.name} stops by itself")
    node.process = None
    cluster.nodes.remove(node)
    cluster.wait_changed(CHANGE_MAX_S)


def restart(cluster, node):
    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(30) == 0
    node.process = None
    node.start()
    cluster.wait_ready()


def ask(node, *arguments):
    """The tool, in the background."""
    return subprocess.Popen([str(TOOL), "--endpoint", node.url, *arguments],
                            stdout=subprocess.DEVNULL, env=clean_environment())


def reach(cluster, watcher, stage):
    """Waits until the change is that far."""
    def there():
        change = watcher.admin("ring")["change"]
        moved = change["partitions"] - change["partitions_left"]
        return {
            "asked": change["under_way"],
            "moving": change["under_way"] and change["partitions_joint"] > 0,
            "half": change["planned"] and 2 * moved >= change["partitions"] > 0,
        }[stage]
    wait_until(there, 30, f"the change is {stage}")


def one_sees(node, other):
    return next(member["status"] for member in node.admin("status")["members"]
                if member["name"] == other.name)


def names(cluster):
    return [member["name"] for member in cluster.nodes[-1].admin("status")["members"]]


def imbalance(cluster):
    return cluster.nodes[0].admin("ring")["imbalance_percent"]


def test_all_changes_in_a_row(tmp_path):
    """Two join, one is let go, one dies and is replaced, all restart; clients notice nothing."""
    with Scenario(tmp_path, nodes=5, spares=3, partitions=64) as cluster:
        one, two, three, four, five = cluster.nodes
        with cluster.under_load(unharmed=[one, four, five]):
            join(cluster)
            join(cluster)
            assert imbalance(cluster) <= IMBALANCE_MAX
            decommission(cluster, two, by=one)
            kill([three])
            cluster.nodes.remove(three)
            join(cluster, replace=three.name)
            assert imbalance(cluster) <= IMBALANCE_MAX
            for node in cluster.nodes:
                restart(cluster, node)
        assert sorted(member["name"] for member in one.admin("status")["members"]) == \
            sorted(node.name for node in cluster.nodes)


def test_one_node_grows_to_three(tmp_path):
    """Tables get the copies that they want as nodes come."""
    with Scenario(tmp_path, nodes=1, spares=2, partitions=16) as cluster:
        first = cluster.nodes[0]
        with cluster.under_load(unharmed=[first]):
            for _ in range(2):
                join(cluster)
        ring = first.admin("ring")
        assert ring["replicas"] == 3
        assert [member["partitions_held"] for member in ring["members"]] == [16] * 3
        client = cluster.nodes[1].boto()
        table = client.list_tables()["TableNames"][0]
        before = everything(client, table, True)
        kill([first])
        assert everything(client, table, True) == before


def test_S24_removed_node_comes_back(tmp_path):
    with Scenario(tmp_path, nodes=4, partitions=16) as cluster:
        *others, removed = cluster.nodes
        with cluster.under_load(unharmed=others):
            time.sleep(1)
            kill([removed])
            shutil.copytree(removed.home / "data", removed.home / "copy")
            cluster.nodes.remove(removed)
            answer = tool(others[0], "decommission", removed.name)
            assert answer.returncode == 0, answer.stderr
            # It knows nothing of that, and asks to be let in.
            removed.start()
            assert removed.process.wait(20) == 0
            assert "event=removed" in removed.log.read_text()
            removed.process = None
            assert [member["name"] for member in others[0].admin("status")["members"]] == \
                [node.name for node in others]


@pytest.mark.parametrize("victim,stage", [
    ("joiner", "asked"), ("joiner", "half"), ("driver", "moving"), ("source", "half")])
def test_S26_join_with_a_death(tmp_path, victim, stage):
    with Scenario(tmp_path, nodes=4, spares=1, partitions=32) as cluster:
        driver, source, *others = cluster.nodes
        with cluster.under_load(unharmed=others):
            joiner = cluster.add()
            reach(cluster, others[0], stage)
            dead = {"joiner": joiner, "driver": driver, "source": source}[victim]
            kill([dead])
            time.sleep(2)
            dead.start()
            cluster.wait_ready()
            cluster.wait_changed(STUCK_MAX_S)
            assert names(cluster) == [node.name for node in cluster.nodes]


def test_S26_joiner_that_never_comes_back(tmp_path):
    with Scenario(tmp_path, nodes=3, spares=1, partitions=32) as cluster:
        others = list(cluster.nodes)
        with cluster.under_load(unharmed=others):
            joiner = cluster.add()
            reach(cluster, others[0], "moving")
            joiner.process.send_signal(signal.SIGTERM)
            joiner.process.wait(20)
            joiner.process = None
            cluster.nodes.remove(joiner)
            cluster.wait_changed(STUCK_MAX_S)
            assert names(cluster) == [node.name for node in others]


@pytest.mark.parametrize("victim", ["leaver", "driver", "source"])
def test_S27_decommission_with_a_death(tmp_path, victim):
    with Scenario(tmp_path, nodes=5, partitions=32) as cluster:
        driver, source, leaver, *others = cluster.nodes
        with cluster.under_load(unharmed=others):
            watcher = ask(others[0], "decommission", leaver.name)
            reach(cluster, others[0], "moving")
            dead = {"leaver": leaver, "driver": driver, "source": source}[victim]
            kill([dead])
            time.sleep(2)
            dead.start()
            cluster.nodes.remove(leaver)
            cluster.wait_ready()
            cluster.wait_changed(STUCK_MAX_S)
            assert watcher.wait(10) == 0
            assert names(cluster) == [node.name for node in cluster.nodes]
            wait_until(lambda: leaver.process.poll() == 0, 20, "the leaver stops by itself")
            leaver.process = None


def test_S28_replaced_while_a_source_dies(tmp_path):
    with Scenario(tmp_path, nodes=5, spares=1, partitions=32) as cluster:
        lost, source, *others = cluster.nodes
        with cluster.under_load(unharmed=others):
            kill([lost])
            cluster.nodes.remove(lost)
            repair = ask(others[0], "repair")
            joiner = cluster.add(replace=lost.name)
            reach(cluster, others[0], "asked")
            kill([source])
            time.sleep(2)
            source.start()
            cluster.wait_ready()
            cluster.wait_changed(STUCK_MAX_S)
            assert joiner.name in names(cluster) and lost.name not in names(cluster)
            assert repair.wait(60) == 0


def test_S29_changes_from_both_sides_of_a_cut(tmp_path):
    """One of them reaches a majority of those that decide; the other says that it does not know."""
    with Scenario(tmp_path, nodes=5, partitions=32) as cluster:
        one, two, *others = cluster.nodes
        with cluster.under_load():
            cluster.network.stall(between([one, two], others))
            cut_off = ask(one, "weight", others[0].name, "300")
            heard = ask(others[0], "weight", two.name, "50")
            assert cut_off.wait(60) != 0
            cluster.network.heal()
            assert heard.wait(120) == 0
            cluster.wait_ready()
            cluster.wait_changed(STUCK_MAX_S)
            weights = {member["name"]: member["weight"]
                       for member in one.admin("status")["members"]}
            assert weights[two.name] == 50
            assert imbalance(cluster) <= IMBALANCE_MAX


def test_zones_weights_and_a_change_of_mind(tmp_path):
    with Scenario(tmp_path, nodes=4, partitions=64) as cluster:
        one, two, three, four = cluster.nodes
        with cluster.under_load(unharmed=cluster.nodes):
            for node, zone in zip(cluster.nodes, ("a", "a", "b", "c")):
                assert tool(two, "zone", node.name, zone).returncode == 0
            zones = {node.name: zone for node, zone in zip(cluster.nodes, "aabc")}
            for homes in one.admin("ring")["preference_lists"]:
                assert {zones[name] for name in homes} == {"a", "b", "c"}
            assert tool(one, "weight", four.name, "50").returncode == 0
            leaving = ask(three, "decommission", two.name)
            reach(cluster, one, "moving")
            assert tool(four, "cancel").returncode == 0
            assert leaving.wait(60) == 0
            cluster.wait_changed(STUCK_MAX_S)
            assert {member["state"] for member in one.admin("status")["members"]} == {"normal"}


@pytest.mark.parametrize("settings,reason", [
    ({"secret_file": "", "secret": "another secret, long enough"}, "wrong_secret"),
    ({"cluster": "other"}, "another cluster"),
    ({"name": "node1"}, "a member of that name is there already"),
    ({"replace": "node9"}, "who is to be replaced is no member"),
])
def test_refused_joiners(cluster, tmp_path, settings, reason):
    seed = cluster.nodes[1]
    arguments = {
        "name": "stranger", "data": tmp_path / "data", "listen": f"127.0.0.9:{free_port('127.0.0.9')}",
        "advertise": "127.0.0.9:7000", "secret_file": cluster.home / "secret", "cluster": "test",
        "join": seed.peer_address, **settings}
    answer = subprocess.run(
        [str(DAEMON), *(word for key, value in arguments.items() if value
                        for word in (f"--{key}", str(value)))],
        capture_output=True, text=True, timeout=20, env=clean_environment())
    assert answer.returncode == 1
    assert reason in answer.stderr


@pytest.mark.parametrize("arguments,message", [
    (["decommission", "nobody"], "there is no member of that name"),
    (["weight", "node1", "10001"], "a member's weight must be 1 to 10000"),
    (["weight", "node1", "x"], "is no number"),
    (["zone", "nobody", "z"], "there is no member of that name"),
    (["cancel"], "nothing is under way that could be cancelled"),
])
def test_refused_changes(cluster, arguments, message):
    answer = tool(cluster.nodes[1], *arguments)
    assert answer.returncode != 0
    assert message in answer.stderr


def test_node_waits_for_its_seed(tmp_path):
    with Scenario(tmp_path, nodes=1, spares=1) as cluster:
        first = cluster.nodes[0]
        kill([first])
        late = cluster.add()
        wait_until(lambda: "event=join_delayed" in late.log.read_text(), 10, "it says that it waits")
        first.start()
        cluster.wait_ready()
        cluster.wait_changed(CHANGE_MAX_S)


def test_S36_hint_keeper_is_let_go(tmp_path):
    """What it keeps for a node that is down gets there, or to those that come in its place."""
    with Scenario(tmp_path, nodes=5, partitions=32) as cluster:
        one, keeper, down, *others = cluster.nodes
        table = create_table(one.boto())
        kill([down])
        wait_until(lambda: one_sees(one, down) == "dead", 30, "it is taken for dead")
        written = {f"k{number}": str(number) for number in range(200)}
        for key, value in written.items():
            one.boto().put_item(TableName=table, Item={"pk": {"S": key}, "value": {"N": value}})
        cluster.nodes.remove(down)
        wait_until(lambda: keeper.admin("hints")["hints_pending"] > 0, 5, "it keeps hints")
        decommission(cluster, keeper, by=one)
        assert everything(one.boto(), table, True) == written
        down.start()
        cluster.nodes.append(down)
        cluster.wait_ready()
        wait_until(lambda: cluster.hints_pending() == 0, 30, "all hints are delivered")
        cluster.wait_changed()
        assert everything(one.boto(), table, True) == written
        assert not cluster.unexpected_errors()
