"""Nodes whose clock and disk are at the mercy of a preloaded library (cluster-tests/fault/libfault.h)."""
import random
import sys

import pytest

from cluster import BUILD, ROOT

sys.path.insert(0, str(ROOT / "cluster-tests" / "fault"))
from fault_page import FaultPage  # noqa: E402
from powercut import power_cut  # noqa: E402

LIBRARY = BUILD / "cluster-tests" / "fault" / "libfault.so"


class Shim:
    """What is wrong with one node's clock and disk. To be made before the node starts."""

    def __init__(self, node, journal=False):
        if not LIBRARY.exists():
            pytest.skip(f"{LIBRARY} is not built")
        self.node = node
        self.page = FaultPage(node.home / "page")
        self.journal = node.home / "journal" if journal else None
        self.disk = node.home / "disk"
        self.disk.mkdir()
        node.settings["data"] = self.disk / "data"
        node.environment.update(self.page.environment(LIBRARY, self.disk, self.journal))

    def cut_power(self, seed=None):
        """What was not synced may be lost. The node is dead."""
        seed = random.randrange(2**32) if seed is None else seed
        lost = power_cut(self.disk, self.journal, seed)
        print(f"{self.node.name}, seed {seed}: lost {lost}")
        return lost


def shims_of(cluster, **options):
    """One for each node."""
    return {node: Shim(node, **options) for node in cluster.nodes}
