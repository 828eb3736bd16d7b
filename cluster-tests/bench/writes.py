#!/usr/bin/python3
"""Rates of kinds of request against three nodes on this machine, as ratios measured side by side.

Usage: writes.py [--seconds S] [--rounds R] [--connections C] [--keys K]

One load program (wrk, from the distribution) asks one node; its requests go on to the items'
primaries. Every round runs each kind of request for S seconds, so that what else the machine does
falls on all of them alike; the ratios are of the sums over all rounds. Needs a release build in
build/ (or in the directory that CARTWHEEL_BUILD names).
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))
from cluster import Cluster  # noqa: E402  (the path is set above)

KINDS = ["put", "put_if", "get", "get_consistent", "add", "add_hot"]
# A ratio's name, its parts, and what docs/testing.md asks of it.
RATIOS = [
    ("a conditional PutItem costs, in plain ones", "put", "put_if", "at most 2.2"),
    ("one hot counter's rate, to distinct ones'", "add_hot", "add", "at least 0.25"),
    ("consistent reads' rate, to eventual ones'", "get_consistent", "get", "at least 0.6"),
]


def fill(client, keys):
    client.create_table(
        TableName="Bench", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    fields = {f"f{field}": {"S": "x" * 100} for field in range(1, 10)}
    for first in range(0, keys, 25):
        puts = [
            {"PutRequest": {"Item": {"pk": {"S": f"k{key}"}, **fields}}}
            for key in range(first, min(first + 25, keys))
        ]
        client.batch_write_item(RequestItems={"Bench": puts})


def load(url, kind, options):
    """Requests a second, and how many failed."""
    output = subprocess.run(
        ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s",
         "-s", str(HERE / "load.lua"), url, "--", kind, str(options.keys)],
        check=True, capture_output=True, text=True).stdout
    rate, failed = re.search(r"RATE ([\d.]+) FAILED (\d+)", output).groups()
    return float(rate), int(failed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--keys", type=int, default=2000)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("writes.py: wrk is not installed (apt-get install wrk)")
    rates = dict.fromkeys(KINDS, 0.0)
    failures = dict.fromkeys(KINDS, 0)
    with Cluster() as cluster:
        fill(cluster.nodes[0].boto(), options.keys)
        for _ in range(options.rounds):
            for kind in KINDS:
                rate, failed = load(cluster.nodes[0].url, kind, options)
                rates[kind] += rate / options.rounds
                failures[kind] += failed
    for kind in KINDS:
        print(f"{kind:>16}: {rates[kind] / rates['put']:5.2f} of put, {failures[kind]} failed")
    for name, over, under, wanted in RATIOS:
        print(f"{name}: {rates[over] / rates[under]:.2f} ({wanted})")
    print(f"(put: {rates['put']:.0f} requests a second)", file=sys.stderr)


if __name__ == "__main__":
    main()
