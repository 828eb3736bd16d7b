"""Batches part of whose items cannot be had: the others are not refused for them."""
import uuid

import pytest

from cluster import ONCE, Cluster, wait_until
from conftest import create_table

KEYS = [{"pk": {"S": f"b{number}"}} for number in range(75)]


@pytest.fixture(scope="module")
def one_of_three():
    """Three nodes, and the name of a table whose items are on one of them each."""
    with Cluster() as cluster:
        client = cluster.nodes[0].boto()
        tags = {"cartwheel:n": "1", "cartwheel:r": "1", "cartwheel:w": "1",
                "cartwheel:sloppy": "false"}
        table = create_table(
            client, f"t-{uuid.uuid4().hex[:12]}",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
        for start in range(0, len(KEYS), 25):
            reply = client.batch_write_item(RequestItems={table: [
                {"PutRequest": {"Item": {**key, "v": {"N": "1"}}}}
                for key in KEYS[start:start + 25]]})
            assert reply["UnprocessedItems"] == {}
        cluster.nodes[2].kill()
        wait_until(lambda: not cluster.nodes[0].admin("status")["members"][2]["linked"], 30,
                   "the first node without the third")
        yield cluster.nodes[0].boto(retries=ONCE), table


def names(items):
    return {item["pk"]["S"] for item in items}


def test_keys_that_cannot_be_read_come_back(one_of_three):
    client, table = one_of_three
    reply = client.batch_get_item(RequestItems={
        table: {"Keys": KEYS, "ConsistentRead": True, "ProjectionExpression": "pk"}})
    left = reply["UnprocessedKeys"][table]
    assert left["ConsistentRead"] is True and left["ProjectionExpression"] == "pk"
    found, missed = names(reply["Responses"][table]), names(left["Keys"])
    assert found and missed
    assert found | missed == names(KEYS) and not found & missed


def test_items_that_cannot_be_written_come_back(one_of_three):
    client, table = one_of_three
    written = set()
    for start in range(0, len(KEYS), 25):
        requests = [{"PutRequest": {"Item": {**key, "v": {"N": "2"}}}}
                    for key in KEYS[start:start + 25]]
        reply = client.batch_write_item(RequestItems={table: requests})
        left = reply["UnprocessedItems"].get(table, [])
        assert 0 < len(left) < len(requests)
        assert all(entry in requests for entry in left)
        written |= names(entry["PutRequest"]["Item"] for entry in requests if entry not in left)
    reply = client.batch_get_item(RequestItems={table: {"Keys": KEYS, "ConsistentRead": True}})
    seen = {item["pk"]["S"]: item["v"]["N"] for item in reply["Responses"][table]}
    assert written and all(seen[name] == "2" for name in written)
