"""connect-dynamodb, a store for the sessions of Express."""
import os
import subprocess

import pytest

from cluster import Cluster
from conftest import ELSEWHERE, flow_command


def test_sessions(run_flow):
    run_flow("connect_dynamodb")


@pytest.mark.skipif(ELSEWHERE in os.environ, reason="there are no nodes to kill")
@pytest.mark.usefixtures("node_modules")
def test_node_killed_while_customers_shop():
    with Cluster() as cluster:
        endpoints = [node.url for node in cluster.nodes]
        with subprocess.Popen(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              **flow_command("connect_dynamodb_killed", endpoints)) as flow:
            said = []
            for line in flow.stdout:
                said.append(line.strip())
                if said[-1] == "kill now":
                    cluster.nodes[2].kill()
            assert flow.wait(60) == 0, "\n".join(said)
        assert "kill now" in said and said[-1] == "done"
        cluster.nodes[2].start()
        cluster.wait_ready()
        assert cluster.errors() == []
