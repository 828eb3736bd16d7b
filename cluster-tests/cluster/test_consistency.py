"""What N, R, W and sloppy quorums mean while nodes are down."""
import pytest
from botocore.exceptions import ClientError

from cluster import Cluster, wait_until
from conftest import create_table

QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150}
ONCE = {"mode": "standard", "max_attempts": 1}


def tags(**settings):
    return {"Tags": [{"Key": f"cartwheel:{k}", "Value": v} for k, v in settings.items()]}


def put(node, table, key):
    return node.boto(retries=ONCE).put_item(TableName=table, Item={"pk": {"S": key}})


def is_sloppy(reply):
    return reply["ResponseMetadata"]["HTTPHeaders"].get("x-cartwheel-sloppy") == "1"


def refuses(call):
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500


def get(node, table, key, consistent):
    return node.boto(retries=ONCE).get_item(
        TableName=table, Key={"pk": {"S": key}}, ConsistentRead=consistent)


def test_quorums_with_two_of_three_down():
    with Cluster(**QUICK) as cluster:
        first, second, third = cluster.nodes
        client = first.boto()
        strict = create_table(client, "strict", **tags(w="2", sloppy="false"))
        single = create_table(client, "single", **tags(w="1", sloppy="false"))
        for table in (strict, single):
            assert not is_sloppy(put(first, table, "before"))
        second.kill()
        put(first, strict, "one-down")
        third.kill()
        assert refuses(lambda: put(first, strict, "two-down"))
        assert refuses(lambda: get(first, strict, "before", True))
        assert "Item" in get(first, strict, "before", False)
        wait_until(lambda: not refused(lambda: put(first, single, "two-down")), 20,
                   "W=1 takes writes")
        second.start()
        third.start()
        cluster.wait_ready()
        assert "Item" in get(second, strict, "one-down", True)


def refused(call):
    try:
        call()
        return False
    except ClientError:
        return True


def test_sloppy_writes_with_stand_ins():
    with Cluster(nodes=5, **QUICK) as cluster:
        client = cluster.nodes[0].boto()
        sloppy = create_table(client, "sloppy", **tags(w="3"))
        strict = create_table(client, "strict", **tags(w="3", sloppy="false"))
        cluster.nodes[4].kill()
        wait_until(
            lambda: not any(m["status"] == "alive" and m["linked"] and m["name"] == "node5"
                            for m in cluster.nodes[0].admin("status")["members"]),
            30, "node5 is known to be down")
        keys = [f"k{number}" for number in range(40)]
        stood_in = [is_sloppy(put(cluster.nodes[0], sloppy, key)) for key in keys]
        assert any(stood_in)
        assert not all(stood_in)
        assert any(refused(lambda key=key: put(cluster.nodes[0], strict, key)) for key in keys)
        cluster.nodes[4].start()
        cluster.wait_ready()
        wait_until(lambda: cluster.hints_pending() == 0, 60, "all hints are delivered")
        for key in keys:
            assert "Item" in get(cluster.nodes[4], sloppy, key, True)
