"""The store of one node against its in-memory twin: killed, cut from power, on a disk that fails."""
import concurrent.futures
import errno
import os
import random
import signal
import time

import pytest

from cluster import wait_until
from store_runs import DONE, FATAL, FOR_EVER, KILLED, UNOPENED, StoreRuns

ENDLESS = 1000000
WORKERS = 2


def in_parallel(function, cases):
    """Calls it with each of the cases, whose errors it raises; their results."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(function, cases))


def killed_again_and_again(seed, kills, faults, power_cuts):
    with StoreRuns(seed, faults) as runs:
        for _ in range(kills):
            assert runs.run(ENDLESS, runs.prng.uniform(0, 0.15)) == KILLED, runs.lines
            if power_cuts:
                runs.cut_power()
        assert runs.run(1) == DONE, runs.lines
        return runs.acked


@pytest.mark.parametrize("faults, power_cuts, kills", [(False, False, 60), (True, True, 25)])
def test_what_was_acknowledged_survives(faults, power_cuts, kills):
    seeds = [random.getrandbits(32) for _ in range(WORKERS)]
    acked = in_parallel(lambda seed: killed_again_and_again(seed, kills, faults, power_cuts), seeds)
    assert min(acked) > 5 * kills, (seeds, acked)


def loses_acknowledged(seed):
    """A driver that acknowledges too early is caught. A database whose log it left torn may not open
    again either, and tells no more."""
    with StoreRuns(seed) as runs:
        runs.environment["STORE_DRIVER_UNSYNCED"] = "1"
        try:
            for _ in range(5):
                if runs.run(ENDLESS, 0.1) == UNOPENED:
                    return False
                runs.cut_power()
        except AssertionError as error:
            assert "acknowledged batches are lost" in str(error)
            return True
    return False


def test_acknowledging_before_the_sync_is_noticed():
    assert any(loses_acknowledged(seed) for seed in range(30))


ROUNDS = 6


def sites(kinds):
    """Each call of these kinds that a short run makes: (kind, class, number)."""
    with StoreRuns(1) as runs:
        assert runs.run(ROUNDS) == DONE
        return [
            (kind, file_class, number + 1)
            for (kind, file_class), count in runs.page.calls().items() if kind in kinds
            for number in range(count)
        ]


def run_with_failure(site, error):
    """Fails one call, then cuts the power, and compares; how the run with the failure ended."""
    with StoreRuns(1) as runs:
        runs.page.fail(*site, error=error)
        status = runs.run(ROUNDS)
        assert status in (DONE, FATAL, UNOPENED), (site, status)
        failed = sum(runs.page.failed().values())
        runs.page.heal()
        lost = runs.cut_power()
        assert runs.run(1) == DONE, (site, lost, runs.lines)
        return site, status, failed, len(runs.said("refused"))


@pytest.mark.timeout(400)
def test_an_io_error_at_any_call_loses_nothing():
    kinds = ("sync", "write", "create", "open", "rename", "truncate", "unlink", "read")
    results = in_parallel(lambda site: run_with_failure(site, errno.EIO), sites(kinds))
    for (kind, file_class, number), status, failed, refused in results:
        assert refused == 0
        if kind in ("sync", "write") and file_class == "wal" and failed:
            assert status == FATAL, (kind, file_class, number)
    assert sum(failed for _, _, failed, _ in results) > 0.9 * len(results)


@pytest.mark.timeout(400)
def test_no_space_at_any_call_loses_nothing_and_brings_nothing_back():
    results = in_parallel(
        lambda site: run_with_failure(site, errno.ENOSPC),
        [site for site in sites(("sync", "write", "create", "allocate")) if site[1] != "other"],
    )
    assert any(status == DONE and failed for _, status, failed, _ in results)


def test_a_full_disk_refuses_and_serves_reads_until_there_is_space():
    with StoreRuns(3) as runs:
        process = runs.start(ENDLESS)
        wait_until(lambda: "acked" in runs.printed(), 20, "it writes")
        runs.page.free_bytes_less = FOR_EVER
        wait_until(lambda: runs.printed().count("refused") > 20, 20, "it refuses")
        runs.page.disk_full(True)
        refused = runs.printed().count("refused")
        wait_until(lambda: runs.printed().count("refused") > refused + 100, 20, "it goes on so")
        told = len(runs.printed())
        runs.page.disk_full(False)
        wait_until(lambda: runs.printed().find("acked", told) > 0, 20, "it writes again")
        process.kill()
        assert runs.finish(process) == KILLED
        assert "event=store_full" in runs.logged() and "event=store_has_space" in runs.logged()
        assert runs.said("unread") == []
        assert runs.run(1) == DONE


def test_a_disk_that_hangs_is_waited_for():
    with StoreRuns(4) as runs:
        process = runs.start(ENDLESS)
        wait_until(lambda: "acked" in runs.printed(), 20, "it writes")
        runs.page.hang = 1
        time.sleep(0.2)
        acked = runs.printed().count("acked")
        time.sleep(1)
        assert runs.printed().count("acked") <= acked + 16
        runs.page.hang = 0
        wait_until(lambda: runs.printed().count("acked") > acked + 50, 20, "it goes on")
        process.send_signal(signal.SIGKILL)
        assert runs.finish(process) == KILLED
        assert runs.run(1) == DONE


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


def damage(path, change, prng):
    """Not in the last tenth: that may be the end of a log, which may be torn."""
    place = prng.randrange(path.stat().st_size * 9 // 10)
    if change == "flip":
        flip(path, place)
    else:
        os.truncate(path, place)


def run_damaged(case):
    """Damages a file of a database; how the next run of it ends, and what it tells."""
    pattern, change, seed = case
    with StoreRuns(seed) as runs:
        assert runs.run(60) == DONE
        found = sorted(path for path in runs.database.glob(pattern) if path.stat().st_size > 0)
        path = runs.prng.choice((found[0], found[-1]))
        damage(path, change, runs.prng)
        before = runs.acked
        if pattern == "*.log":
            runs.acked = 0  # the end of the newest may pass for torn: peers notice what is missing
        status = runs.run(30)
        told = " ".join(runs.said("unopened") + runs.said("fatal")) + runs.logged()
        opened = [int(number) for number in runs.said("opened")]
        return case, path.name, before, status, opened, told


DAMAGES = [
    (pattern, change, seed)
    for pattern in ("*.log", "*.sst", "MANIFEST-*", "CURRENT", "OPTIONS-*")
    for change in ("flip", "truncate") for seed in range(3)
]


def test_damage_is_named_and_never_served():
    """That nothing wrong is read is for the driver to say."""
    refused = 0
    for case, name, before, status, opened, told in in_parallel(run_damaged, DAMAGES):
        shown = (case, name, before, status, opened, told)
        if case[0] == "OPTIONS-*":  # nobody reads them
            assert status == DONE and opened == [before], shown
        elif case[0] == "*.sst":
            assert status in (DONE, FATAL, UNOPENED), shown
            assert status == DONE or name in told, shown
        elif status == DONE:
            assert case[0] == "*.log" and "event=store_end_torn" in told and name in told, shown
        else:
            assert status == UNOPENED and (name in told or case[0] == "CURRENT"), shown
        refused += status == UNOPENED
    assert refused > len(DAMAGES) // 3
