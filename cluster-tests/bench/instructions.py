#!/usr/bin/python3
"""What one GetItem, one PutItem and one UpdateItem cost one node, in instructions, by stage.

Usage: instructions.py [--requests N] [--flames DIRECTORY]

Runs the daemon under callgrind (package valgrind) with a release build that has debugging
information, made in build-profile/. Instructions do not depend on what else the machine does, so two
commits can be compared by them. The kernel's are not counted. With --flames, each kind of request
also gets a picture of its calls.
"""
import argparse
import collections
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-profile"
DAEMON = BUILD / "node" / "cartwheeld"
TOOL = BUILD / "node" / "cartwheel"
sys.path.insert(0, str(ROOT / "cluster-tests" / "cluster"))
os.environ["CARTWHEEL_BUILD"] = str(BUILD)
from callgrind import Frame, Function, Profile  # noqa: E402
from cluster import clean_environment, free_port, wait_until  # noqa: E402  (the path is set above)
from flame import draw  # noqa: E402

KINDS = {"get": "GetItem", "put": "PutItem", "update": "UpdateItem"}
# Where a function's file or library is of none of these, it works for whoever called it.
STAGES = [
    ("node/http/", "HTTP"), ("libllhttp", "HTTP"),
    ("node/runtime/", "sockets, loop, threads"), ("libevent", "sockets, loop, threads"),
    ("node/api/", "JSON, API, expressions"), ("libyyjson", "JSON, API, expressions"),
    ("yyjson.h", "JSON, API, expressions"),
    ("proto/", "frames"), ("libprotobuf", "frames"),
    ("node/coordinator/", "coordinator, core"), ("node/core/", "coordinator, core"),
    ("node/membership/", "coordinator, core"), ("node/repair/", "coordinator, core"),
    ("node/replica/", "replica"),
    ("node/store/", "store: RocksDB"), ("librocksdb", "store: RocksDB"),
]


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", "--werror", "-Dbuildtype=release", "-Ddebug=true",
                        str(BUILD), str(ROOT)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(BUILD), "node/cartwheeld", "node/cartwheel"], check=True,
                   stdout=subprocess.DEVNULL)


def bench(url, workload, *options):
    subprocess.run([str(TOOL), "--endpoint", url, "bench", workload, "--quiet", "--keep",
                    "--keys", "1000", "--connections", "16", *options],
                   check=True, stdout=subprocess.DEVNULL, env=clean_environment())


def control(process, how):
    subprocess.run(["callgrind_control", "-i", how, str(process.pid)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def profile(kind, requests, directory):
    """The calls of so many requests, as a Frame for each of the threads that did something."""
    output = pathlib.Path(directory) / f"{kind}.callgrind"
    port = free_port("127.0.0.1")
    url = f"http://127.0.0.1:{port}"
    log = pathlib.Path(directory) / f"{kind}.log"
    with open(log, "wb") as to:
        process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no",
             f"--callgrind-out-file={output}", str(DAEMON), "--dev", "--port", str(port)],
            stdin=subprocess.DEVNULL, stdout=to, stderr=to, env=clean_environment())
    try:
        wait_until(lambda: "event=ready" in log.read_text(errors="replace"), 120, "a ready node")
        bench(url, "load")
        bench(url, kind, "--requests", "500", "--warmup", "0")
        control(process, "on")
        bench(url, kind, "--requests", str(requests), "--warmup", "0")
        control(process, "off")
    finally:
        process.terminate()
        process.wait(120)
    read = Profile(output)
    return [read.tree(read.find(name)) for name in ("run", "committer_run")]


def stage_of(function, caller):
    for mark, stage in STAGES:
        if mark in function.file or mark in pathlib.Path(function.library).name:
            return stage
    return caller


def add_up(frame, stage, sums):
    stage = stage_of(frame.function, stage)
    sums[stage] += frame.own
    for below in frame.below:
        add_up(below, stage, sums)


def print_stages(kind, threads, requests):
    sums = collections.Counter()
    for thread in threads:
        add_up(thread, "", sums)
    whole = sum(sums.values())
    print(f"| {KINDS[kind]} | instructions | share |\n| --- | ---: | ---: |")
    for stage, cost in sums.most_common():
        print(f"| {stage} | {cost / requests:,.0f} | {cost / whole:.0%} |")
    print(f"| all | {whole / requests:,.0f} | |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--flames", type=pathlib.Path)
    arguments = parser.parse_args()
    build()
    with tempfile.TemporaryDirectory(prefix="cartwheel-profile-") as directory:
        for kind, name in KINDS.items():
            threads = profile(kind, arguments.requests, directory)
            print_stages(kind, threads, arguments.requests)
            if arguments.flames:
                whole = Frame(Function(f"one {name}"), 0.0, threads)
                picture = draw(whole, arguments.requests, lambda f, s: stage_of(f, s))
                (arguments.flames / f"{name.lower()}.svg").write_text(picture)


if __name__ == "__main__":
    main()
