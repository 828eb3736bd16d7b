"""Processes that die or stop in the middle of things (S1 to S5 of the list in docs/testing.md)."""
import random
import signal
import time

import pytest

import failpoints
from cluster import wait_until
from scenario import REQUEST_MAX_S, SECONDS, TEST_MAX_S, Scenario, kill, repeatedly

pytestmark = pytest.mark.timeout(TEST_MAX_S)

REACHED_MIN = 40  # places in the code where a node dies
READY_MAX_S = 10  # from SIGKILL to serving again


def start(cluster, nodes):
    for node in nodes:
        node.start()
    cluster.wait_ready(READY_MAX_S)


def test_S01_one_killed_again_and_again(tmp_path):
    with Scenario(tmp_path, nodes=5) as cluster:
        with cluster.under_load():
            for _ in repeatedly(0.5):
                node = random.choice(cluster.nodes)
                kill([node])
                time.sleep(random.uniform(0, 1))
                start(cluster, [node])


def test_S02_two_of_five_killed_then_three(tmp_path):
    with Scenario(tmp_path, nodes=5) as cluster:
        with cluster.under_load():
            for count in (2, 3):
                victims = random.sample(cluster.nodes, count)
                kill(victims)
                time.sleep(SECONDS)
                start(cluster, victims)


def test_S03_all_killed_at_once(tmp_path):
    with Scenario(tmp_path) as cluster:
        with cluster.under_load():
            for _ in repeatedly(1):
                kill(cluster.nodes)
                start(cluster, cluster.nodes)


def test_S04_killed_at_named_places(tmp_path):
    names = failpoints.names()
    scenario = Scenario(tmp_path, nodes=5)
    failing = failpoints.Failpoints(scenario, names)
    with scenario as cluster, cluster.under_load():
        failing.run(10 * SECONDS, REACHED_MIN)
    print(f"died at {len(failing.reached)} of {len(names)} places; not at "
          f"{sorted(set(names) - failing.reached)}")
    assert len(failing.reached) >= REACHED_MIN


def pause(nodes, seconds):
    for node in nodes:
        node.process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        for node in nodes:
            node.process.send_signal(signal.SIGCONT)


def test_S05_paused(tmp_path):
    """One node, which coordinates what its clients asked for when it stops, then two of five. Who was
    thought dead meanwhile must not show what is old."""
    with Scenario(tmp_path, nodes=5) as cluster:
        cluster.longest_s = REQUEST_MAX_S + max(SECONDS, 4)
        with cluster.under_load():
            pause(random.sample(cluster.nodes, 1), 1)
            time.sleep(0.5)
            victims = random.sample(cluster.nodes, 2)
            pause(victims, max(SECONDS, 4))
            wait_until(lambda: not any(map(cluster.dead_or_suspect, victims)), 10,
                       "they are alive to all")
