"""What a node answers to plain HTTP: health, other nodes, limits, wrong requests."""
import http.client
import json
import socket
import time
import zlib

import pytest

from cluster import Cluster

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
    assert ring["imbalance_percent"] == 0
    assert cluster.nodes[2].admin("hints")["hints_refused"] == 0
    assert cluster.nodes[0].get("/-/nothing")[0] == 404
    assert cluster.nodes[0].get("/-/ring?n=9")[0] == 400


def test_reply_headers(cluster):
    reply, body = post(cluster.nodes[0], "{}")
    assert reply.status == 200
    assert int(reply.headers["x-amz-crc32"]) == zlib.crc32(body)
    assert len(reply.headers["x-amzn-RequestId"]) == 52


UNKNOWN = b'{"__type":"com.amazon.coral.service#UnknownOperationException"}'
MALFORMED = b'{"__type":"com.amazon.coral.service#SerializationException"}'


@pytest.mark.parametrize("target, body, answer", [
    # JSON is looked at first, then the target, and only then what the JSON is.
    (TARGET, "", MALFORMED), (TARGET, "{", MALFORMED), (TARGET, "{}x", MALFORMED),
    (TARGET, "[]", MALFORMED), (TARGET, "null", MALFORMED), (TARGET, b"\xff", MALFORMED),
    ("DynamoDB_20120810.Nothing", "{", MALFORMED), ("DynamoDB_20120810.Nothing", "", UNKNOWN),
    ("DynamoDB_20120810.Nothing", "{}", UNKNOWN), ("DynamoDB_20120810.listtables", "{}", UNKNOWN),
    ("DynamoDB_20111205.ListTables", "{}", UNKNOWN), ("ListTables", "{}", UNKNOWN),
    ("", "{}", UNKNOWN),
])
def test_what_is_no_request(cluster, target, body, answer):
    reply, found = post(cluster.nodes[0], body, **{"X-Amz-Target": target})
    assert (reply.status, found) == (400, answer)
    assert reply.headers["Content-Type"] == "application/x-amz-json-1.0"


@pytest.mark.parametrize("content_type, status", [
    ("application/x-amz-json-1.0", 200), ("application/json", 200),
    ("application/x-amz-json-1.0; charset=utf-8", 200), ("text/plain", 404), ("", 404),
    ("application/json5", 404),
])
def test_content_types(cluster, content_type, status):
    reply, body = post(cluster.nodes[0], "{}", **{"Content-Type": content_type})
    assert reply.status == status
    assert status == 200 or body == b"<UnknownOperationException/>\n"


def test_body_too_large(cluster):
    node = cluster.nodes[0]
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Type", "application/x-amz-json-1.0")
    connection.putheader("X-Amz-Target", TARGET)
    connection.putheader("Content-Length", str(16 * 1024 * 1024 + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413


def exchange(node, *parts):
    """Sends the parts, and returns all that comes until the node closes the connection."""
    with socket.create_connection((node.host, node.port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while True:
            more = connection.recv(1 << 16)
            if not more:
                return received
            received += more


def request(operation, body, *headers):
    lines = [
        "POST / HTTP/1.1", "Host: h", "Content-Type: application/x-amz-json-1.0",
        f"X-Amz-Target: DynamoDB_20120810.{operation}", *headers,
    ]
    if not any(line.startswith("Transfer-Encoding") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


LAST = b"GET / HTTP/1.1\r\nHost: last\r\nConnection: close\r\n\r\n"


def test_pipelined_replies_keep_their_order(cluster, table):
    """Writes that wait for the disk and a quorum, and between them what is answered at once."""
    writes, wanted = b"", []
    for number in range(20):
        body = json.dumps({
            "TableName": table, "Item": {"pk": {"S": "key"}, "n": {"N": str(number)}},
            "ReturnValues": "ALL_OLD",
        }).encode()
        writes += request("PutItem", body) + b"GET / HTTP/1.1\r\nHost: h%d\r\n\r\n" % number
        if number > 0:
            wanted.append(b'"n":{"N":"%d"}' % (number - 1))
        wanted.append(b"healthy: h%d " % number)
    received = exchange(cluster.nodes[0], writes + LAST)
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 41
    places = [received.find(text) for text in [*wanted, b"healthy: last "]]
    assert -1 not in places
    assert places == sorted(places)


def test_chunks_and_expectations(cluster):
    chunked = "Transfer-Encoding: chunked"
    expect = "Expect: 100-continue"
    node = cluster.nodes[0]
    received = exchange(node, request("ListTables", b"1\r\n{\r\n1;a=b\r\n}\r\n0\r\nT: x\r\n\r\n", chunked),
                        LAST)
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert b'"TableNames"' in received
    with socket.create_connection((node.host, node.port), timeout=10) as connection:
        connection.sendall(request("ListTables", b"", expect, chunked))
        assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"2\r\n{}\r\n0\r\n\r\n")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 OK\r\n")
    received = exchange(node, request("ListTables", b"{}", expect, "Connection: close"))
    assert received.endswith(b"}")


ORIGIN = "Origin: http://shop.example"
READABLE = [
    b"\r\nAccess-Control-Allow-Origin: *\r\n",
    b"\r\nAccess-Control-Expose-Headers: "
    b"x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date\r\n",
]


def test_browsers_are_told_that_they_may_read(cluster):
    node, close = cluster.nodes[0], "Connection: close"
    for status, message in (
        (200, request("ListTables", b"{}", ORIGIN, close)),
        (200, request("ListTables", b"{}", "Origin: null", close)),
        (400, request("Nothing", b"{}", ORIGIN, close)),
        (400, request("ListTables", b"{", ORIGIN, close)),
        (404, b"PUT / HTTP/1.1\r\nHost: h\r\nOrigin: o\r\nConnection: close\r\n\r\n"),
        (400, request("ListTables", b"{}", ORIGIN, "Content-Length: 3")),
        (413, b"POST / HTTP/1.1\r\nHost: h\r\nOrigin: o\r\nContent-Length: 16777217\r\n\r\n"),
        (415, request("ListTables", b"{}", ORIGIN, "Content-Encoding: br")),
    ):
        received = exchange(node, message)
        assert received.startswith(b"HTTP/1.1 %d " % status)
        assert all(line in received for line in READABLE)
    received = exchange(node, request("ListTables", b"{}", close))
    assert b"Access-Control" not in received


def preflight(node, *headers):
    lines = ["OPTIONS / HTTP/1.1", "Host: h", *headers, "Connection: close"]
    received = exchange(node, "\r\n".join(lines).encode() + b"\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    return received


def test_preflight(cluster):
    node = cluster.nodes[0]
    asked = "authorization,content-type,x-amz-date,x-amz-target,x-amz-user-agent"
    received = preflight(node, ORIGIN, "Access-Control-Request-Method: POST",
                         f"Access-Control-Request-Headers: {asked}")
    assert READABLE[0] in received
    assert b"\r\nAccess-Control-Allow-Methods: GET, HEAD, POST\r\n" in received
    assert b"\r\nAccess-Control-Allow-Headers: %b\r\n" % asked.encode() in received
    assert b"\r\nAccess-Control-Max-Age: 172800\r\n" in received
    assert b"\r\nContent-Length: 0\r\n" in received
    received = preflight(node, ORIGIN, "Access-Control-Request-Headers: <script>")
    assert b"Access-Control-Allow-Headers" not in received
    received = preflight(node)
    assert b"\r\nAllow: GET, HEAD, POST, OPTIONS\r\n" in received
    assert b"Access-Control" not in received


def test_who_is_turned_away_may_read_why():
    """The body does not fit in the memory that there is for requests."""
    with Cluster(nodes=1, request_memory_mb=16) as small:
        node = small.nodes[0]
        head = request("ListTables", b"", ORIGIN, "Transfer-Encoding: chunked")
        with socket.create_connection((node.host, node.port), timeout=10) as first:
            first.sendall(head + b"c00000\r\n" + b" " * 0xbffff0)
            time.sleep(1)
            received = exchange(node, head + b"c00000\r\n", b" " * 0xc00000)
        assert received.startswith(b"HTTP/1.1 503 ")
        assert all(line in received for line in READABLE)
        assert b"ThrottlingException" in received
