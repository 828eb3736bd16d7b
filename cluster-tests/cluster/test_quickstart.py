"""deploy/quickstart.sh from start to clean."""
import os
import signal
import socket
import subprocess

import pytest

from cluster import ROOT, clean_environment


def free_port_range(count):
    """The first of `count` ports that are free, and of those 1000 above."""
    for first in range(20000, 30000, 7):
        try:
            for port in [*range(first, first + count), *range(first + 1000, first + 1000 + count)]:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise AssertionError("no free ports")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("nodes", [3, 1])
def test_quickstart(tmp_path, nodes):
    data = tmp_path / "quick start"
    port = free_port_range(nodes)

    def quickstart(*arguments, code=0):
        result = subprocess.run(
            ["bash", str(ROOT / "deploy" / "quickstart.sh"), "--data", str(data), *arguments],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, env=clean_environment(),
        )
        assert result.returncode == code, result.stdout + result.stderr
        return result.stdout

    def pids():
        return [int((data / f"node{k}" / "cartwheeld.pid").read_text())
                for k in range(1, nodes + 1)]

    sized = ["--nodes", str(nodes), "--port", str(port)]
    try:
        output = quickstart(*sized)
        assert "all 8 carts are as they should be" in output
        assert (data / "secret").stat().st_mode & 0o777 == 0o600
        assert "nothing was changed" in quickstart(*sized, "start")
        assert f"{nodes} of {nodes} members healthy" in quickstart("status")
        os.kill(pids()[0], signal.SIGKILL)
        assert "all 8 carts are as they should be" in quickstart("start")
        running = pids()
        quickstart("--nodes", "5", code=1)
        quickstart("stop")
        assert not any(os.path.exists(f"/proc/{pid}") for pid in running)
        quickstart("status", code=1)
        assert (data / "node1" / "data").is_dir()
    finally:
        quickstart("clean")
    assert not data.exists()
    quickstart("clean")
