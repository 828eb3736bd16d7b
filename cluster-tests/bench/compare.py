#!/usr/bin/python3
"""Rates of Cartwheel, as ratios to those of others, measured side by side in one run.

Start it by compare.sh, which installs and builds what is missing. One load program, `cartwheel
bench`, asks all of them, nginx and etcd too, over the same number of connections, one of them per
request. In every round each contender is measured once, in turn, so that what else the machine does
falls on all alike; a ratio is that of the sums over all rounds, with the lowest and highest of the
rounds beside it. Items are of 1 KB in ten fields; Cartwheel fsyncs before it answers. Requests
carry made-up signatures: none of the contenders is told to look at them.
"""
import argparse
import contextlib
import json
import pathlib
import sys
import time

import contenders as c

# What is asked of a contender: kind of contender, words for `cartwheel bench`.
READ = ["get", "--table", c.TABLE]
WRITE = ["put", "--table", c.TABLE]
QUERY = ["query", "--table", c.TABLE_SORTED, "--limit", 10]
TASKS = {
    "one get": (c.Cartwheel, READ),
    "one query": (c.Cartwheel, QUERY),
    "one put": (c.Cartwheel, WRITE),
    "three get": (c.CartwheelThree, READ),
    "three get r2": (c.CartwheelThree, ["get", "--table", c.TABLE_R2]),
    "three get consistent": (c.CartwheelThree, ["get-consistent", "--table", c.TABLE]),
    "three put": (c.CartwheelThree, WRITE),
    "local get": (c.LocalMemory, READ),
    "local query": (c.LocalMemory, QUERY),
    "local put": (c.LocalDisk, WRITE),
    "dynalite put": (c.Dynalite, WRITE),
    "nginx": (c.Nginx, ["http", "--path", "/static"]),
    "etcd get": (c.Etcd, ["http", *c.ETCD_RANGE]),
    "etcd put": (c.Etcd, ["http", *c.ETCD_PUT]),
}

# name, what it says, Cartwheel's task, the other's task, the least ratio wanted
RATES = [
    ("get-local", "GetItem, 1 node / DynamoDB Local in memory", "one get", "local get", 4),
    ("get-nginx", "GetItem, 1 node / nginx, 200 static bytes", "one get", "nginx", 0.6),
    ("query-local", "Query of 10, 1 node / DynamoDB Local in memory", "one query", "local query",
     5),
    ("put-dynalite", "PutItem, 1 node / dynalite on disk", "one put", "dynalite put", 3),
    ("put-local", "PutItem, 1 node / DynamoDB Local on disk", "one put", "local put", 20),
    ("get3-local", "GetItem, 3 nodes / DynamoDB Local in memory", "three get", "local get", 3),
    ("get3-r2-local", "GetItem R=2, 3 nodes / DynamoDB Local in memory", "three get r2",
     "local get", 2),
    ("consistent3-etcd", "ConsistentRead, 3 nodes / etcd, linearizable", "three get consistent",
     "etcd get", 3),
    ("put3-etcd", "PutItem W=2, 3 nodes / etcd", "three put", "etcd put", 2.5),
    ("put3-dynalite", "PutItem W=2, 3 nodes / dynalite on disk", "three put", "dynalite put", 2),
]
# name, what it says, the index of the measurement, the greatest ratio wanted
STARTS = [
    ("start", "cartwheeld --dev, start to first answer / DynamoDB Local", 0, 1 / 15),
    ("memory", "cartwheeld --dev, resident memory idle / DynamoDB Local", 1, 1 / 5),
]
IDLE_SECONDS = 2
IDLE_BYTES_MAX = 40 << 20
NAMES = [row[0] for row in RATES + STARTS]


def measure_rate(contender, words, options):
    """Requests a second that were answered well. None may fail."""
    result = c.run_bench(contender.endpoint, [
        *words, "--keys", options.keys, "--connections", options.connections, "--seconds",
        options.seconds, "--warmup", options.warmup, "--no-sign", "--seed", options.seed])
    if result["failed"] or not result["done"]:
        raise c.Failed(f"{words}: {result['failures'] or 'nothing done'}")
    if result["absent"] > result["done"] // 100:
        raise c.Failed(f"{words}: {result['absent']} of {result['done']} gets found nothing")
    return result["rate"]


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise c.Failed(f"no resident memory of {pid}")


def measure_start(kind, options):
    """Seconds from start to the first answer, and bytes resident a while later."""
    begin = time.monotonic()
    with kind(options) as contender:
        took = time.monotonic() - begin
        time.sleep(IDLE_SECONDS)
        return took, resident_bytes(contender.processes[-1].pid)


def measure_rates(rows, options):
    """The rates of each task, one per round."""
    tasks = list(dict.fromkeys(task for row in rows for task in row[2:4]))
    rates = {task: [] for task in tasks}
    with contextlib.ExitStack() as running:
        started = {}
        for kind in dict.fromkeys(TASKS[task][0] for task in tasks):
            note(f"starting {kind.__name__}")
            started[kind] = running.enter_context(kind(options))
        for number in range(options.rounds):
            for task in tasks:
                kind, words = TASKS[task]
                rates[task].append(measure_rate(started[kind], words, options))
                note(f"round {number + 1} of {options.rounds}: {task}"
                     + (f" {rates[task][-1]:.0f}/s" if options.rates else ""))
    return rates


def note(text):
    print(text, file=sys.stderr, flush=True)


def row_of(name, text, ours, theirs, wanted, at_least, alarm=None):
    """A row of the report, from what was measured round by round."""
    ratios = [one / other for one, other in zip(ours, theirs)]
    ratio = sum(ours) / sum(theirs)
    reached = ratio >= wanted if at_least else ratio <= wanted
    return {
        "name": name, "what": text, "wanted": wanted, "at_least": at_least, "ratio": ratio,
        "lowest": min(ratios), "highest": max(ratios), "ok": reached and alarm is None,
        "alarm": alarm,
    }


def rows_of_rates(rows, options):
    if not rows:
        return []
    rates = measure_rates(rows, options)
    return [row_of(name, text, rates[ours], rates[theirs], wanted, True)
            for name, text, ours, theirs, wanted in rows]


def rows_of_starts(rows, options):
    if not rows:
        return []
    ours, theirs = [], []
    for number in range(options.rounds):
        ours.append(measure_start(c.CartwheelDev, options))
        theirs.append(measure_start(c.LocalMemoryIdle, options))
        note(f"round {number + 1} of {options.rounds}: starts")
    found = []
    for name, text, index, wanted in rows:
        mine = [one[index] for one in ours]
        alarm = None
        if name == "memory" and max(mine) > IDLE_BYTES_MAX:
            alarm = f"{max(mine) >> 20} MB, more than {IDLE_BYTES_MAX >> 20}"
        found.append(row_of(name, text, mine, [one[index] for one in theirs], wanted, False, alarm))
    return found


def print_table(rows):
    width = max(len(row["what"]) for row in rows)
    print(f"{'':{width}}  {'wanted':>9}  {'measured':>8}  {'lowest to highest':>19}")
    for row in rows:
        sign = ">=" if row["at_least"] else "<="
        between = f"{row['lowest']:.3g} to {row['highest']:.3g}"
        verdict = "OK" if row["ok"] else "MISSED"
        print(f"{row['what']:{width}}  {sign} {row['wanted']:>6.3g}  {row['ratio']:>8.3g}  "
              f"{between:>19}  {verdict}" + (f" ({row['alarm']})" if row["alarm"] else ""))


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5, help="of one measurement")
    parser.add_argument("--warmup", type=int, default=2, help="seconds before each, not counted")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--keys", type=int, default=5000, help="items")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=NAMES, default=NAMES,
                        help="of " + ", ".join(NAMES))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rates", action="store_true",
                        help="rates too, on standard error: good for this machine and minute only")
    return parser.parse_args()


def main():
    options = parse()
    try:
        rows = rows_of_rates([row for row in RATES if row[0] in options.only], options)
        rows += rows_of_starts([row for row in STARTS if row[0] in options.only], options)
    except c.Failed as problem:
        sys.exit(f"compare: {problem}")
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        print_table(rows)
    sys.exit(0 if all(row["ok"] for row in rows) else 1)


if __name__ == "__main__":
    main()
