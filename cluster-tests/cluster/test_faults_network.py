"""Faults of the network, while clients record what they are told (S7 to S13 of the list in
docs/testing.md)."""
import random
import time

import pytest

from cluster import wait_until
from network import around, between, both_ways, directions, hearing, namespace, telling
from scenario import SECONDS, TEST_MAX_S, Scenario, repeatedly

pytestmark = pytest.mark.timeout(TEST_MAX_S)


def test_S07_isolated_node(tmp_path):
    with Scenario(tmp_path, nodes=5) as cluster:
        *others, isolated = cluster.nodes
        with cluster.under_load(unharmed=others):
            cluster.network.stall(around(isolated, cluster.nodes))
            time.sleep(max(SECONDS, 6))
            assert cluster.dead_or_suspect(isolated) == ["dead"] * 4


def test_S08_split_in_two_then_three(tmp_path):
    with Scenario(tmp_path, nodes=5) as cluster:
        one, two, three, four, five = cluster.nodes
        with cluster.under_load():
            cluster.network.stall(between([one, two], [three, four, five]))
            time.sleep(SECONDS)
            cluster.network.stall(between([one, two], [three, four], [five]))
            time.sleep(SECONDS)


def test_S09_one_direction_of_one_link(tmp_path):
    with Scenario(tmp_path) as cluster:
        one, two, _ = cluster.nodes
        with cluster.under_load(unharmed=cluster.nodes):
            cluster.network.stall([(one, two)])
            time.sleep(SECONDS)


@pytest.mark.parametrize("way", [hearing, telling])
def test_S10_a_node_hears_nobody_or_is_not_heard(tmp_path, way):
    with Scenario(tmp_path, nodes=5) as cluster:
        *others, node = cluster.nodes
        with cluster.under_load(unharmed=others):
            cluster.network.stall(way(node, cluster.nodes))
            time.sleep(max(SECONDS, 5))


def test_S11_bridge_and_ring(tmp_path):
    with Scenario(tmp_path, nodes=5) as cluster:
        one, two, bridge, four, five = cluster.nodes
        with cluster.under_load():
            cluster.network.stall(between([one, two], [four, five]))
            time.sleep(SECONDS)
            cluster.network.heal()
            # Each sees two others and itself: a majority of its own.
            cluster.network.stall(both_ways([(one, bridge), (bridge, five), (five, two), (two, four),
                                             (four, one)]))
            time.sleep(SECONDS)


def test_S12_late_lost_and_slow(tmp_path):
    """Delays of 10 to 500 ms, one chunk in ten sent again, and links that clog one by one."""
    with Scenario(tmp_path, nodes=5) as cluster:
        links = directions(cluster.nodes)
        with cluster.under_load(done_min=100):
            for link in links:
                delay_us = random.choice((10_000, 10_000, 50_000, 500_000))
                cluster.network.set([link], delay_us=delay_us, jitter_us=delay_us // 5,
                                    late_per_million=random.choice((0, 100_000, 300_000)))
            time.sleep(SECONDS)
            random.shuffle(links)
            for clogged in (links[:len(links) // 2], []):
                cluster.network.set(links, stalled=0)
                for link in clogged:
                    cluster.network.stall([link])
                    time.sleep(SECONDS / len(links))


def test_S12_corrupted(tmp_path):
    """Every connection that carried a wrong bit is given up, and nobody believes it."""
    with Scenario(tmp_path) as cluster:
        cluster.allowed = ["event=peer_link_failed .*(wrong_|unknown_)"]
        with cluster.under_load(done_min=20):
            cluster.network.set(directions(cluster.nodes), corrupt_per_million=20_000)
            time.sleep(SECONDS)
            wait_until(lambda: cluster.network.count("corrupted") > 20, 30, "20 corruptions")
            cluster.network.heal()
        print(f"{cluster.network.count('corrupted')} chunks corrupted, "
              f"{cluster.pending('frames_malformed')} noticed in frames")
        assert cluster.pending("frames_malformed") > 0


def test_S13_all_connections_reset_each_second(tmp_path):
    with Scenario(tmp_path) as cluster:
        with cluster.under_load():
            for _ in repeatedly(1):
                cluster.network.reset(directions(cluster.nodes))
        made = cluster.network.count("connections")
        kept = cluster.network.count("open")
        assert (made > 12 * SECONDS, kept) == (True, 12), "two by each node to each other"


def test_S13_narrow_links(tmp_path):
    """64 kbit/s between any two."""
    with Scenario(tmp_path) as cluster:
        with cluster.under_load(done_min=50):
            cluster.network.set(directions(cluster.nodes), bytes_per_second=8000)
            time.sleep(SECONDS)


def test_S13_nobody_answers_the_handshake(tmp_path):
    """Connections are taken, and nothing comes: the dialler must not wait for ever."""
    with Scenario(tmp_path) as cluster:
        one, two, _ = cluster.nodes
        with cluster.under_load(unharmed=cluster.nodes):
            cluster.network.stall([(two, one)])
            cluster.network.reset([(one, two)])
            time.sleep(max(SECONDS, 6))  # longer than a handshake may take
        assert "no answer" in one.log.read_text()


def test_S07_packets_dropped(tmp_path):
    """The wire itself is cut, so that TCP is what notices."""
    with namespace() as packets, Scenario(tmp_path) as cluster:
        *others, isolated = cluster.nodes
        with cluster.under_load(unharmed=others):
            packets.drop(around(isolated, cluster.nodes))
            time.sleep(SECONDS)
            packets.heal()


def test_S12_packets_lost(tmp_path):
    with namespace() as packets, Scenario(tmp_path) as cluster:
        with cluster.under_load(done_min=50):
            packets.drop(directions(cluster.nodes), "-m", "statistic", "--mode", "random",
                         "--probability", "0.1")
            time.sleep(SECONDS)
            packets.heal()


def test_S13_half_open(tmp_path):
    """A node dies and comes back behind a cut wire: the sockets of its former life are still open,
    and the others must take it back all the same."""
    with namespace() as packets, Scenario(tmp_path) as cluster:
        *others, node = cluster.nodes
        with cluster.under_load(unharmed=others):
            packets.drop(around(node, cluster.nodes))
            time.sleep(1)
            node.kill()
            node.start()
            time.sleep(SECONDS)
            packets.heal()


def test_S13_every_segment_refused(tmp_path):
    with namespace() as packets, Scenario(tmp_path) as cluster:
        one, two, _ = cluster.nodes
        with cluster.under_load():
            for _ in repeatedly(0.5):
                packets.refuse([(one, two)])
                time.sleep(0.3)
                packets.heal()
