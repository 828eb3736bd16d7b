"""What a node answers to plain HTTP: health, other nodes, limits, wrong requests."""
import http.client
import json
import zlib

TARGET = "DynamoDB_20120810.ListTables"


def post(node, body, **headers):
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30)
    connection.request("POST", "/", body, {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": TARGET, **headers
    })
    reply = connection.getresponse()
    return reply, reply.read()


def test_health(cluster):
    for node in cluster.nodes:
        status, body = node.get("/")
        assert status == 200
        assert body == f"healthy: {node.host}:{node.port} "


def test_localnodes(cluster):
    for node in cluster.nodes:
        status, body = node.get("/localnodes")
        assert status == 200
        assert sorted(json.loads(body)) == [other.host for other in cluster.nodes]


def test_admin_endpoints(cluster):
    status = cluster.nodes[1].admin("status")
    assert status["node"]["name"] == "node2"
    assert [member["status"] for member in status["members"]] == ["alive"] * 3
    ring = cluster.nodes[0].admin("ring")
    assert len(ring["preference_lists"]) == ring["partitions"] == 256
    assert all(sorted(homes) == ["node1", "node2", "node3"] for homes in ring["preference_lists"])
    assert ring["imbalance"] == 1.0
    assert cluster.nodes[2].admin("hints")["hints_refused"] == 0
    assert cluster.nodes[0].get("/-/nothing")[0] == 404
    assert cluster.nodes[0].get("/-/ring?n=9")[0] == 400


def test_reply_headers(cluster):
    reply, body = post(cluster.nodes[0], "{}")
    assert reply.status == 200
    assert int(reply.headers["x-amz-crc32"]) == zlib.crc32(body)
    assert len(reply.headers["x-amzn-RequestId"]) == 52


def test_unknown_operation(cluster):
    reply, body = post(cluster.nodes[0], "{}", **{"X-Amz-Target": "DynamoDB_20120810.Nothing"})
    assert reply.status == 400
    assert json.loads(body)["__type"].endswith("#UnknownOperationException")


def test_body_that_is_not_json(cluster):
    reply, body = post(cluster.nodes[0], "{")
    assert reply.status == 400
    assert json.loads(body)["__type"].endswith("#SerializationException")


def test_body_too_large(cluster):
    node = cluster.nodes[0]
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Type", "application/x-amz-json-1.0")
    connection.putheader("X-Amz-Target", TARGET)
    connection.putheader("Content-Length", str(16 * 1024 * 1024 + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
