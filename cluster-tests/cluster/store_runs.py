"""Runs of store-driver (cluster-tests/fault/store_driver.c) on one database, one after another."""
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

from cluster import BUILD, ROOT, clean_environment

sys.path.insert(0, str(ROOT / "cluster-tests" / "fault"))
from fault_page import FOR_EVER, FaultPage  # noqa: E402, F401
from powercut import power_cut  # noqa: E402

DRIVER = BUILD / "cluster-tests" / "fault" / "store-driver"
LIBRARY = BUILD / "cluster-tests" / "fault" / "libfault.so"
DONE, FATAL, UNOPENED, KILLED = 0, 42, 43, -9
RUN_S_MAX = 60


class StoreRuns:
    """A database, what was asked of it, and what it has acknowledged. Use it in a `with`."""

    def __init__(self, seed, faults=True):
        self.seed = seed
        self.prng = random.Random(seed)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="cartwheel-store-"))
        self.data = self.home / "data"
        self.data.mkdir()
        self.database = self.data / "store"
        self.journal = self.home / "journal"
        self.page = FaultPage(self.home / "page")
        self.faults = faults
        self.environment = {}
        self.acked = self.asked = 0
        self.refused = set()
        self.lines = []  # what the last run printed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self, rounds):
        """Starts the driver; its process, for finish()."""
        words = [DRIVER, self.database, self.seed, rounds, self.acked, self.asked]
        preload = self.page.environment(LIBRARY, self.data, self.journal) if self.faults else {}
        with open(self.home / "out", "w") as out, open(self.home / "log", "w") as log:
            return subprocess.Popen(
                [str(word) for word in [*words, *sorted(self.refused)]], stdout=out, stderr=log,
                stdin=subprocess.DEVNULL, env={**clean_environment(), **preload, **self.environment},
            )

    def finish(self, process):
        """Waits for its end; the exit code. What it found wrong is an error."""
        try:
            status = process.wait(RUN_S_MAX)
        finally:
            process.kill()
        self.lines = self.printed().splitlines()
        for line in self.lines:
            self.note(*line.split(" ", 1))
        assert not self.said("wrong"), (self.seed, process.args, self.lines, self.logged())
        return status

    def run(self, rounds, kill_after_s=None):
        """Runs the driver and kills it if wanted."""
        process = self.start(rounds)
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            process.kill()
        return self.finish(process)

    def printed(self):
        return (self.home / "out").read_text()

    def logged(self):
        return (self.home / "log").read_text()

    def note(self, what, text):
        if what == "opened":
            self.acked = self.asked = int(text)
            self.refused = {number for number in self.refused if number <= self.acked}
        elif what == "asked":
            self.asked = int(text)
        elif what == "acked":
            self.acked = max(self.acked, int(text))
        elif what == "refused":
            self.refused.add(int(text))

    def said(self, what):
        """The texts of the last run's lines of this kind."""
        return [line.split(" ", 1)[1] for line in self.lines if line.startswith(what + " ")]

    def cut_power(self):
        return power_cut(self.data, self.journal, self.prng.getrandbits(32))
