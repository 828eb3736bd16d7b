"""What the tests of clients share: the fixtures of the cluster tests, and flows in JavaScript."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))
pytest.register_assert_rewrite("fixtures")
from fixtures import *  # noqa: E402, F401, F403
from cluster import clean_environment  # noqa: E402

ELSEWHERE = "CARTWHEEL_CLIENTS_ENDPOINT"


@pytest.fixture(scope="session")
def endpoints(request):
    """Where requests go in turn: the nodes, or what the environment names instead."""
    if ELSEWHERE in os.environ:
        return os.environ[ELSEWHERE].split(",")
    return [node.url for node in request.getfixturevalue("shared_cluster").nodes]


@pytest.fixture(autouse=True)
def quiet_logs(request):
    """No test may leave an error in the log of a node."""
    if ELSEWHERE not in os.environ:
        request.getfixturevalue("cluster")


@pytest.fixture(scope="session")
def node_modules():
    if shutil.which("node") is None:
        not_tested("JavaScript clients", "no Node.js here")
    if not (HERE / "node_modules").is_dir():
        not_tested("JavaScript clients", "npm could not install their packages")
    return HERE / "node_modules"


def flow_command(name, endpoints):
    """How to run flows/NAME.mjs, for subprocess."""
    elsewhere = {ELSEWHERE: os.environ[ELSEWHERE]} if ELSEWHERE in os.environ else {}
    return {"args": ["node", HERE / "flows" / f"{name}.mjs", *endpoints], "cwd": HERE,
            "env": clean_environment(NODE_NO_WARNINGS="1", **elsewhere)}


@pytest.fixture
def run_flow(endpoints, node_modules):
    """Runs flows/NAME.mjs, which prints its steps, the one that failed too."""
    def run(name, seconds=120):
        result = subprocess.run(capture_output=True, text=True, timeout=seconds, check=False,
                                **flow_command(name, endpoints))
        assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
        assert result.stdout.splitlines()[-1:] == ["done"], result.stdout
    return run
