"""The checkers of the other tests find what is planted for them."""
import types

import pytest
from botocore.exceptions import EndpointConnectionError

from cluster import Cluster, wait_until
from load import Writer, differences


def test_differences():
    expected = {"kept": {1}, "unknown": {1, 2}, "lost": {1}, "old": {2}}
    assert differences(expected, {"kept": 1, "unknown": 2, "lost": 1, "old": 2}) == []
    wrong = differences(expected, {"kept": 1, "unknown": 1, "old": 1})
    assert [line.split()[0] for line in wrong] == ["lost", "old"]


def test_a_failed_put_is_remembered():
    def fail(**_):
        raise writer.error

    def client(**_):
        return types.SimpleNamespace(put_item=fail)

    writer = Writer(types.SimpleNamespace(boto=client), "t", 1)
    writer.error = EndpointConnectionError(endpoint_url="u")
    writer.put("k", 7)
    assert writer.unknown == {"k": {7}}
    assert len(writer.failures) == 1


def test_errors_in_logs_are_found():
    cluster = Cluster(nodes=2)
    cluster.nodes[0].log.write_text("level=info event=ready\n")
    assert cluster.errors() == []
    cluster.nodes[1].log.write_text("level=info event=ready\nlevel=error event=disk\n")
    assert cluster.errors() == ["node2: level=error event=disk"]
    assert "event=disk" in cluster.log_tails()["log of node2"]
    Cluster.running.append(cluster)
    cluster.__exit__(None)


def test_waiting_ends():
    with pytest.raises(AssertionError, match="never"):
        wait_until(lambda: False, 0.1, "never")
