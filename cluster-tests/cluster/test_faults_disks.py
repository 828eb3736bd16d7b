"""Disks that fail, lie or dawdle (S17 to S20 of the list in docs/testing.md)."""
import random
import shutil
import signal
import time

import pytest

from cluster import wait_until
from scenario import SECONDS, TEST_MAX_S, Scenario, kill, repeatedly
from shims import shims_of

pytestmark = pytest.mark.timeout(TEST_MAX_S)


def has_stopped(node):
    return node.process.poll() is not None


def test_S17_a_write_or_sync_of_the_log_fails(tmp_path):
    """After that nothing can be trusted: the node stops, and starts from what is on the disk."""
    scenario = Scenario(tmp_path)
    shims = shims_of(scenario)
    with scenario as cluster:
        cluster.allowed = ["event=store_failed", "event=store_fatal"]
        *others, victim = cluster.nodes
        with cluster.under_load(unharmed=others):
            for kind, action in (("sync", "fails"), ("write", "fails"), ("write", "torn")):
                shims[victim].page.fail(kind, "wal", number=random.randint(1, 20), action=action)
                wait_until(lambda: has_stopped(victim), 5, "it stops")
                assert victim.process.returncode == -signal.SIGABRT
                victim.process = None
                shims[victim].page.heal()
                time.sleep(SECONDS / 3)
                victim.start()
                cluster.wait_ready()


def test_S18_power_cut(tmp_path):
    """What was not synced is lost: on one node, on two, on all three at once."""
    scenario = Scenario(tmp_path)
    shims = shims_of(scenario, journal=True)
    with scenario as cluster, cluster.under_load(done_min=100):
        for _ in repeatedly(0):
            for victims in (1, 2, 3):
                time.sleep(random.uniform(0.5, 1))
                dark = random.sample(cluster.nodes, victims)
                kill(dark)
                for node in dark:
                    shims[node].cut_power()
                for node in dark:
                    node.start()
                cluster.wait_ready()


def test_S20_slow_disk(tmp_path):
    """One node's syncs and reads take 100 ms to 1 s: others are asked instead, and it is not dead."""
    scenario = Scenario(tmp_path)
    shims = shims_of(scenario)
    with scenario as cluster:
        slow = cluster.nodes[2]
        page = shims[slow].page
        with cluster.under_load(unharmed=cluster.nodes, done_min=100):
            for _ in repeatedly(0.5):
                page.sync_delay_us = page.read_delay_us = random.randint(100_000, 1_000_000)
            assert cluster.dead_or_suspect(slow) == []
            page.heal()


def test_S20_hanging_disk(tmp_path):
    scenario = Scenario(tmp_path)
    shims = shims_of(scenario)
    with scenario as cluster:
        *others, hanging = cluster.nodes
        with cluster.under_load(unharmed=others, done_min=100):
            shims[hanging].page.hang = 1
            time.sleep(max(SECONDS, 5))
            assert cluster.dead_or_suspect(hanging) == []
            shims[hanging].page.heal()


def logs(node):
    return sorted((node.home / "data" / "store").glob("*.log"), key=lambda path: path.stat().st_size)


def flip_bits(path, low, high):
    """In the part of the file between these fractions of it."""
    data = bytearray(path.read_bytes())
    for _ in range(8):
        at = random.randrange(int(len(data) * low), int(len(data) * high))
        data[at] ^= 1 << random.randrange(8)
    path.write_bytes(data)


def append_garbage(node):
    with open(logs(node)[-1], "ab") as log:
        log.write(random.randbytes(random.randint(1, 7)))


def flip_middle_of_log(node):
    flip_bits(logs(node)[-1], 0.2, 0.6)


def cut_middle_of_log(node):
    with open(logs(node)[-1], "r+b") as log:
        log.truncate(logs(node)[-1].stat().st_size // 2)


def damage_manifest(node):
    flip_bits(next((node.home / "data" / "store").glob("MANIFEST-*")), 0.2, 0.8)


def lose_current(node):
    (node.home / "data" / "store" / "CURRENT").unlink()


def wipe(node):
    shutil.rmtree(node.home / "data")


def test_S19_a_torn_tail_is_no_damage(tmp_path):
    with Scenario(tmp_path) as cluster, cluster.under_load():
        victim = cluster.nodes[2]
        kill([victim])
        append_garbage(victim)
        victim.start()
        cluster.wait_ready()
        time.sleep(SECONDS)


def damage_and_mend(cluster, victim, damage):
    kill([victim])
    good = victim.home / "good"
    shutil.copytree(victim.home / "data", good)
    damage(victim)
    victim.start()
    wait_until(lambda: has_stopped(victim) or
               cluster.dead_or_suspect(victim) == ["dead", "dead"], 10,
               f"{damage.__name__}: it has stopped, or is not let in")
    victim.process.kill()
    victim.process.wait()
    victim.process = None
    shutil.rmtree(victim.home / "data", ignore_errors=True)
    good.rename(victim.home / "data")
    victim.start()
    cluster.wait_ready()


def test_S19_damaged_data_is_not_served(tmp_path):
    """The node refuses to start, or stops when its peers know more, or is not let in. With its data as
    they were it comes back."""
    with Scenario(tmp_path) as cluster:
        *others, victim = cluster.nodes
        cluster.allowed = [f"^{victim.name}: ", "wrong_id", "lost_its_data"]
        with cluster.under_load(unharmed=others):
            for damage in (flip_middle_of_log, cut_middle_of_log, damage_manifest, lose_current, wipe):
                damage_and_mend(cluster, victim, damage)
                time.sleep(SECONDS / 5)
