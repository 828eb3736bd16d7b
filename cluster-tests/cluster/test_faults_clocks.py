"""Clocks that are wrong (S14 to S16 of the list in docs/testing.md). Peers may be 500 ms ahead."""
import random
import time

import pytest

from cluster import wait_until
from scenario import SECONDS, TEST_MAX_S, Scenario, repeatedly
from shims import shims_of

pytestmark = pytest.mark.timeout(TEST_MAX_S)

ALLOWED_US = 240_000  # two clocks, each wrong by so much, differ by less than what is allowed


def skewed(node):
    return node.admin("status")["stats"]["frames_skewed"]


def test_S14_clocks_bumped_within_what_is_allowed(tmp_path):
    """Nobody notices, and nothing that was acknowledged is lost, in tables with sloppy answers
    either."""
    scenario = Scenario(tmp_path)
    shims = shims_of(scenario)
    with scenario as cluster, cluster.under_load(unharmed=cluster.nodes):
        for _ in repeatedly(0.1):
            bump_us = 11_000 * 2 ** random.uniform(0, 4.4)
            shims[random.choice(cluster.nodes)].page.clock_us = int(
                random.choice((-1, 1)) * min(bump_us, ALLOWED_US))


def test_S15_clock_that_jumps_to_and_fro(tmp_path):
    scenario = Scenario(tmp_path)
    shims = shims_of(scenario)
    with scenario as cluster, cluster.under_load(unharmed=cluster.nodes):
        page = shims[cluster.nodes[2]].page
        for _ in repeatedly(0.001):
            page.clock_us = random.choice((-ALLOWED_US, 0, ALLOWED_US))
            time.sleep(random.uniform(0, 0.05))


@pytest.mark.parametrize("ahead_s", [3, -3600])
def test_S16_one_clock_far_off(tmp_path, ahead_s):
    """Who is ahead is not listened to; who is behind listens to nobody. The others go on, and once
    the clock is right, and has caught up, so does the offender."""
    scenario = Scenario(tmp_path)
    shims = shims_of(scenario)
    with scenario as cluster:
        *others, offender = cluster.nodes
        with cluster.under_load(unharmed=others):
            shims[offender].page.clock_us = ahead_s * 1_000_000
            time.sleep(SECONDS)
            refusing = others if ahead_s > 0 else [offender]
            assert all(skewed(node) > 0 for node in refusing)
            shims[offender].page.clock_us = 0
            wait_until(lambda: not cluster.dead_or_suspect(offender), 30, "it is alive to all")
        assert not any(skewed(node) for node in cluster.nodes if node not in refusing)


def test_S16_a_clock_an_hour_ahead_pollutes_nobody(tmp_path):
    """The node itself would have to wait for an hour: it is given up."""
    scenario = Scenario(tmp_path)
    shims = shims_of(scenario)
    with scenario as cluster:
        *others, offender = cluster.nodes
        with cluster.under_load(unharmed=others):
            shims[offender].page.clock_us = 3_600_000_000
            time.sleep(SECONDS)
            offender.kill()
            cluster.lost = [offender]


def test_S16_all_clocks_jump_and_come_back_over_a_restart(tmp_path):
    """Stamps of before the restart are in the future for two seconds: refused, and then as good as
    any."""
    scenario = Scenario(tmp_path)
    shims = shims_of(scenario)
    with scenario as cluster, cluster.under_load(done_min=100):
        for node in cluster.nodes:
            shims[node].page.clock_us = 2_000_000
        time.sleep(SECONDS / 2)
        for node in cluster.nodes:
            node.kill()
        for node in cluster.nodes:
            shims[node].page.clock_us = 0
            node.start()
        cluster.wait_ready()
        time.sleep(SECONDS / 2)
