#!/usr/bin/env python3
"""Runs many seeds of the simulator on all cores, and makes failing ones small.

    campaign.py SIMULATOR seeds FIRST COUNT [--probes]
    campaign.py SIMULATOR soak MINUTES
    campaign.py SIMULATOR minimise SEED [--mutant NAME]

`seeds` adds up what was run; with --probes each marked branch must have been taken. `soak` goes on
where ledger.txt ends, and notes there what was run. `minimise` switches off one kind of fault after
the other, and halves the load, while the seed still fails (or still catches the mutant); the others
do so with the first seed that fails. What follows `--` goes to the simulator."""
import argparse
import collections
import concurrent.futures
import datetime
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

LEDGER = pathlib.Path(__file__).parent / "ledger.txt"
LEDGER_HEADER = """\
# Soaks of the simulator (cluster-tests/soak.sh); + marks a tree with changes.
# date commit seeds hours operations checked crashes partitions pauses disk-faults clock-faults link-faults failed
"""
LEDGER_COLUMNS = [
    "operations", "checked", "crashes", "partitions", "pauses", "disk faults", "clock faults",
    "link faults",
]
FIRST_SOAKED = 10001  # below are the seeds of each change
CHUNK = 25            # seeds of one process
COUNT = re.compile(r"([\d.]+) ([a-z ]+)")
FAILED = re.compile(r"^seed (\d+) FAILED: (.*)", re.MULTILINE)
MINIMISE_ROUNDS = 3


class Sum:
    """What several runs of the simulator printed."""

    def __init__(self):
        self.counts = collections.Counter()
        self.probes = collections.Counter()
        self.failures = {}

    def add(self, output, probes=""):
        for line in output.splitlines():
            if re.match(r"[\d.]+ (simulated hours|crashes), |\d+ passed, ", line):
                for number, name in COUNT.findall(line):
                    self.counts[name] += float(number)
        self.failures.update((int(seed), what) for seed, what in FAILED.findall(output))
        for line in probes.splitlines():
            hits, name = line.split("\t")
            self.probes[name] += int(hits)

    def report(self):
        hours = self.counts["simulated hours"]
        print(f"{hours:.2f} simulated hours, " + ", ".join(
            f"{self.counts[name]:.0f} {name}" for name in LEDGER_COLUMNS))
        for seed, what in sorted(self.failures.items()):
            print(f"seed {seed} FAILED: {what}")
        print(f"{self.counts['passed']:.0f} passed, {len(self.failures)} failed")


def run_chunk(simulator, first, count, options):
    """A process of its own for seeds from `first` on. One that aborts takes its chunk along, but the
    seed that did it is named."""
    with tempfile.NamedTemporaryFile("r") as probes:
        done = subprocess.run(
            [simulator, "--seeds", str(first), str(count), "--probes-to", probes.name, *options],
            stdout=subprocess.PIPE, text=True, check=False)
        output = done.stdout
        if done.returncode < 0 and not FAILED.search(output):
            output += f"seed {first} FAILED: a run among {count} from it on ended by a signal\n"
        return output, probes.read()


def run_seeds(simulator, first, count, options, pool, total):
    chunks = [(start, min(CHUNK, first + count - start))
              for start in range(first, first + count, CHUNK)]
    for output, probes in pool.map(lambda chunk: run_chunk(simulator, *chunk, options), chunks):
        total.add(output, probes)


def check_probes(total):
    missed = sorted(name for name, hits in total.probes.items() if hits == 0)
    for name in missed:
        print(f"never reached: {name}")
    print(f"{len(total.probes)} probes, {len(missed)} never hit")
    return not missed


class Case:
    """A seed that fails, or that catches a mutant, and what can be left out of it."""

    def __init__(self, simulator, seed, mutant, options):
        self.command = [simulator, "--seed", str(seed), *options]
        if mutant:
            self.command += ["--mutant", mutant]
        self.mutant = mutant
        self.without = []
        self.operations = None

    def arguments(self, without, operations):
        command = list(self.command)
        if without:
            command += ["--without", ",".join(without)]
        if operations:
            command += ["--operations", str(operations)]
        return command

    def run(self, without, operations):
        return subprocess.run(self.arguments(without, operations), stdout=subprocess.PIPE,
                              text=True, check=False)

    def fails(self, without, operations):
        caught = self.run(without, operations).returncode == 0
        return caught if self.mutant else not caught

    def present(self):
        """What the seed draws: kinds of faults, and the number of operations."""
        output = self.run(self.without, self.operations).stdout
        faults = re.search(r"^faults:(.*)$", output, re.MULTILINE).group(1).split()
        operations = int(re.search(r" (\d+) operations in ", output).group(1))
        return [fault.split("=")[0] for fault in faults], operations

    def leave_out_faults(self):
        left_out = False
        for fault in self.present()[0]:
            if self.fails([*self.without, fault], self.operations):
                self.without.append(fault)
                left_out = True
        return left_out

    def halve_operations(self):
        halved = False
        operations = self.present()[1] // 2
        while operations > 0 and self.fails(self.without, operations):
            self.operations = operations
            operations //= 2
            halved = True
        return halved

    def minimise(self):
        """The smallest command line that was found; None if it does not fail at all."""
        if not self.fails([], None):
            return None
        for _ in range(MINIMISE_ROUNDS):
            if not self.leave_out_faults() | self.halve_operations():
                break
        return self.arguments(self.without, self.operations)


def minimise(simulator, seed, mutant, options):
    case = Case(simulator, seed, mutant, options)
    command = case.minimise()
    if command is None:
        print(f"seed {seed} does not fail")
        return False
    faults, operations = case.present()
    print(f"seed {seed} needs {operations} operations and {', '.join(faults) or 'no fault'}:")
    print(" ".join(command))
    return True


def conclude(simulator, total, options):
    total.report()
    if total.failures:
        minimise(simulator, min(total.failures), None, options)
    return not total.failures


def commit_name():
    root = LEDGER.parent

    def git(*words):
        return subprocess.run(["git", "-C", root, *words], stdout=subprocess.PIPE, text=True,
                              check=True).stdout.strip()
    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain") else "")


def next_seed(ledger):
    seeds = [line.split()[2] for line in ledger.splitlines() if line[:1].isdigit()]
    return int(seeds[-1].split("-")[1]) + 1 if seeds else FIRST_SOAKED


def soak(simulator, minutes, options, pool):
    total = Sum()
    ledger = LEDGER.read_text(encoding="utf-8") if LEDGER.exists() else LEDGER_HEADER
    first = after = next_seed(ledger)
    deadline = time.monotonic() + 60 * minutes
    while time.monotonic() < deadline:
        run_seeds(simulator, after, 4 * CHUNK * os.cpu_count(), options, pool, total)
        after += 4 * CHUNK * os.cpu_count()
    figures = [f"{total.counts['simulated hours']:.1f}"]
    figures += [f"{total.counts[name]:.0f}" for name in LEDGER_COLUMNS]
    today = datetime.datetime.now(datetime.timezone.utc).date()
    line = f"{today} {commit_name()} {first}-{after - 1} {' '.join(figures)} {len(total.failures)}\n"
    line += "".join(f"# seed {seed} FAILED: {what}\n"
                    for seed, what in sorted(total.failures.items()))
    LEDGER.write_text(ledger + line, encoding="utf-8")
    return conclude(simulator, total, options)


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simulator")
    kinds = parser.add_subparsers(dest="kind", required=True)
    seeds = kinds.add_parser("seeds")
    seeds.add_argument("first", type=int)
    seeds.add_argument("count", type=int)
    seeds.add_argument("--probes", action="store_true")
    kinds.add_parser("soak").add_argument("minutes", type=float)
    one = kinds.add_parser("minimise")
    one.add_argument("seed", type=int)
    one.add_argument("--mutant")
    words, options = sys.argv[1:], []
    if "--" in words:
        options = words[words.index("--") + 1:]
        words = words[:words.index("--")]
    return parser.parse_args(words), options


def main():
    arguments, options = parse()
    if arguments.kind == "minimise":
        return minimise(arguments.simulator, arguments.seed, arguments.mutant, options)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        if arguments.kind == "soak":
            return soak(arguments.simulator, arguments.minutes, options, pool)
        total = Sum()
        run_seeds(arguments.simulator, arguments.first, arguments.count, options, pool, total)
        good = conclude(arguments.simulator, total, options)
        return (not arguments.probes or check_probes(total)) and good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
