"""Daemons of a test build that kill themselves at named places (node/runtime/failpoint.h)."""
import collections
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

from cluster import ROOT

BUILD = pathlib.Path(os.environ.get("CARTWHEEL_TESTING_BUILD", ROOT / "build-sim"))
TESTING_DAEMON = BUILD / "node" / "cartwheeld"
VARIABLE = "CARTWHEEL_KILL_AT"
HITS_MAX = 20
PATIENCE_S = 1.5
SECONDS_MAX = 100  # whatever the places: a hang is a failure


def names():
    """All places there are, or the test is skipped."""
    if not TESTING_DAEMON.exists():
        pytest.skip(f"no daemon of a test build in {BUILD}")
    listed = subprocess.run([str(TESTING_DAEMON)], env={VARIABLE: "list"}, capture_output=True,
                            text=True, check=True)
    return sorted(place for place in set(listed.stdout.splitlines())
                  if not place.startswith("buggify"))


class Failpoints:
    """Arms each place in turn, on whatever node is free for it."""

    def __init__(self, cluster, places):
        self.cluster = cluster
        for node in cluster.nodes:
            node.program = TESTING_DAEMON
        self.reached = set()
        # Some places are passed all the time: there, not always the first time counts.
        first = [(place, 1) for place in places]
        later = [(place, random.randint(2, HITS_MAX)) for place in places]
        self.queue = collections.deque(random.sample(first, len(first)) + later)
        self.armed = {}  # node -> (place, when)
        self.wanted = 0  # places; fewer, and those that were not reached are armed again

    def run(self, seconds, wanted):
        """All places have their chance, until time is up and `wanted` were reached; then all nodes run
        unarmed."""
        began = time.monotonic()
        self.wanted = wanted
        while self.queue or self.armed:
            elapsed = time.monotonic() - began
            if elapsed > SECONDS_MAX or elapsed > seconds and len(self.reached) >= wanted:
                break
            for node in self.cluster.nodes:
                self.look_after(node)
            time.sleep(0.05)
        for node in self.cluster.nodes:
            self.restart(node, None)

    def look_after(self, node):
        place, since = self.armed.get(node, (None, 0))
        died = node.process.poll() is not None
        if died:
            assert node.process.returncode == -signal.SIGKILL, f"{node.name} stopped by itself"
            self.reached.add(place)
        late = time.monotonic() - since > PATIENCE_S
        if late and not died and place is not None and len(self.reached) < self.wanted:
            self.queue.append((place, 1))  # a slow machine gets there later
        if died or late and (place is not None or self.queue):
            self.restart(node, self.next_place())

    def next_place(self):
        """(place, hits) or None."""
        while self.queue:
            place, hits = self.queue.popleft()
            if hits == 1 or place in self.reached:
                return place, hits
        return None

    def restart(self, node, armed):
        if node.process.poll() is None:
            node.process.kill()
        node.process.wait()
        node.process = None
        node.environment.pop(VARIABLE, None)
        self.armed.pop(node, None)
        if armed is not None:
            place, hits = armed
            node.environment[VARIABLE] = f"{hits}:{place}"
            self.armed[node] = (place, time.monotonic())
        node.start()
