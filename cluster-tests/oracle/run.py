#!/usr/bin/env python3
"""Sends drawn requests to Cartwheel and to DynamoDB Local, and prints where they differ.

    run.py --requests 100000 --seed 7                   # starts both servers itself
    run.py --cartwheel 127.0.0.1:8000 --local 127.0.0.1:8001   # uses, and empties, servers that run
"""
import argparse
import sys

import servers
from tester import Run
from world import FEATURES, World


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", default="", help="of " + ",".join(FEATURES))
    parser.add_argument("--cartwheel", help="HOST:PORT of one that runs")
    parser.add_argument("--local", help="HOST:PORT of one that runs")
    options = parser.parse_args()
    features = [name for name in FEATURES if name not in options.without.split(",")]
    with servers.both(options.local, options.cartwheel) as wires:
        world = World(wires, features)
        world.drop()
        world.create()
        run = Run(world, options.seed)
        run.run(options.requests)
    print("\n".join(run.report()))
    return 1 if run.found else 0


if __name__ == "__main__":
    sys.exit(main())
