"""The simulator's runner (sim/campaign.py), on a stand-in for the simulator."""
import pathlib
import subprocess
import sys
import textwrap

import pytest

CAMPAIGN = pathlib.Path(__file__).parent.parent / "sim" / "campaign.py"

# Seed 7 fails as long as there are both a crash and loss, and at least 100 operations.
STAND_IN = """\
    #!/usr/bin/env python3
    import sys
    arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    without = arguments.get("--without", "").split(",")
    faults = [name for name in ("loss", "stall", "crash") if name not in without]
    operations = int(arguments.get("--operations", 1600))

    def fails(seed):
        return seed == 7 and {"loss", "crash"} <= set(faults) and operations >= 100

    if "--seed" in arguments:
        print(f"seed 7: 3 nodes, 10 clients, {operations} operations in 5 bursts")
        print("faults:", *(name + "=1" for name in faults))
        sys.exit(fails(int(arguments["--seed"])))
    first, count = int(sys.argv[2]), int(sys.argv[3])
    failed = [seed for seed in range(first, first + count) if fails(seed)]
    for seed in failed:
        print(f"seed {seed} FAILED: a reason")
    print(f"{count / 4:.2f} simulated hours, 9 events, {10 * count} operations, {count} checked")
    print(f"{count} crashes, 0 partitions, 0 pauses, 0 disk faults, 0 clock faults, 0 link faults")
    print(f"{count - len(failed)} passed, {len(failed)} failed")
    with open(sys.argv[5], "w") as probes:
        probes.write(f"{count}\\tseen\\n{max(0, first - 25)}\\tseen late\\n")
    sys.exit(len(failed) > 0)
"""


@pytest.fixture
def campaign(tmp_path):
    simulator = tmp_path / "simulator"
    simulator.write_text(textwrap.dedent(STAND_IN))
    simulator.chmod(0o755)

    def run(*words):
        return subprocess.run([sys.executable, CAMPAIGN, simulator, *words],
                              stdout=subprocess.PIPE, text=True, check=False)
    return run


def test_what_chunks_print_is_added_up(campaign):
    done = campaign("seeds", "10", "40", "--probes")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "10.00 simulated hours, 400 operations, 40 checked, 40 crashes, 0 partitions, 0 pauses, "
        "0 disk faults, 0 clock faults, 0 link faults",
        "40 passed, 0 failed",
        "2 probes, 0 never hit",
    ]


def test_a_probe_that_was_never_hit_fails(campaign):
    done = campaign("seeds", "10", "5", "--probes")
    assert done.returncode == 1
    assert "never reached: seen late" in done.stdout
    assert campaign("seeds", "10", "5").returncode == 0


def test_a_failing_seed_is_named_and_made_small(campaign):
    done = campaign("seeds", "1", "30")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "seed 7 FAILED: a reason" in lines
    assert "29 passed, 1 failed" in lines
    assert lines[-2] == "seed 7 needs 100 operations and loss, crash:"
    assert lines[-1].endswith("--seed 7 --without stall --operations 100")


def test_a_seed_that_passes_cannot_be_made_small(campaign):
    assert campaign("minimise", "8").returncode == 1
