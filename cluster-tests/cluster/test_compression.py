"""Compressed requests and replies, and the clients that send and read them."""
import gzip
import http.client
import json
import shutil
import subprocess
import zlib

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cluster import REGION, Cluster, clean_environment
from conftest import create_table
from test_clients import JAVASCRIPT

KEY = "AKIACARTWHEEL"
SECRET = "secret"
MEGABYTE = 1 << 20


def post(node, operation, body, **headers):
    """Status, headers and body of a reply, as they came."""
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30)
    connection.request("POST", "/", body, {
        "Content-Type": "application/x-amz-json-1.0", "Accept-Encoding": "identity",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}", **headers,
    })
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, reply.headers, body


def kind(body):
    return json.loads(body)["__type"].partition("#")[2]


@pytest.fixture(scope="module")
def guarded():
    """One node that knows one key."""
    with Cluster(nodes=1, access_key_id=KEY, secret_access_key=SECRET) as cluster:
        yield cluster.nodes[0]


def put_compressed(client, coding, pack):
    """Lets boto3 compress its next requests, before it signs them."""
    def compress(request, **_):
        request.data = pack(request.data)
        request.headers["Content-Encoding"] = coding
    client.meta.events.register("before-sign.dynamodb.PutItem", compress)


@pytest.mark.parametrize("coding, pack", [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_requests_are_signed_as_sent(guarded, coding, pack):
    client = guarded.boto(key=KEY, secret=SECRET)
    table = create_table(client)
    put_compressed(client, coding, pack)
    value = {"S": "tea " * 90000}
    client.put_item(TableName=table, Item={"pk": {"S": "1"}, "value": value})
    item = client.get_item(TableName=table, Key={"pk": {"S": "1"}}, ConsistentRead=True)["Item"]
    assert item["value"] == value
    client.delete_table(TableName=table)


def test_a_changed_body_is_not_what_was_signed(guarded):
    def signed(body):
        request = AWSRequest("POST", guarded.url + "/", data=body, headers={
            "Content-Type": "application/x-amz-json-1.0", "Content-Encoding": "gzip",
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
        })
        SigV4Auth(Credentials(KEY, SECRET), "dynamodb", REGION).add_auth(request)
        return dict(request.headers)
    first, second = gzip.compress(b"{}", mtime=1), gzip.compress(b"{}", mtime=2)
    assert post(guarded, "ListTables", first, **signed(first))[0] == 200
    status, _, body = post(guarded, "ListTables", second, **signed(first))
    assert (status, kind(body)) == (400, "InvalidSignatureException")


@pytest.mark.parametrize("body", [
    b"", b"{}", gzip.compress(b"{}")[:-1], gzip.compress(b"{}")[:12], gzip.compress(b"{}") + b"x",
    gzip.compress(b"{") + gzip.compress(b"}"), zlib.compress(b"{}"),
    gzip.compress(b"{}")[:-8] + bytes(8),
])
def test_broken_streams(cluster, body):
    status, headers, reply = post(cluster.nodes[0], "ListTables", body,
                                  **{"Content-Encoding": "gzip"})
    assert (status, kind(reply)) == (400, "MalformedHttpRequestException")
    assert "Connection" not in headers


def test_unknown_codings(cluster):
    for coding in ("br", "gzip, gzip", "zstd"):
        status, _, body = post(cluster.nodes[0], "ListTables", b"{}",
                               **{"Content-Encoding": coding})
        assert (status, kind(body)) == (415, "MalformedHttpRequestException")


def padded(size):
    return b"{}" + b" " * (size - 2)


def test_sixteen_megabytes_count_inflated(cluster):
    node = cluster.nodes[0]
    gzipped = {"Content-Encoding": "gzip"}
    assert post(node, "ListTables", gzip.compress(padded(16 * MEGABYTE)), **gzipped)[0] == 200
    bomb = gzip.compress(padded(16 * MEGABYTE + 1))
    status, _, body = post(node, "ListTables", bomb, **gzipped)
    assert (status, kind(body)) == (413, "RequestEntityTooLargeException")


def memory_mb(node):
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def test_bombs_take_no_more_than_the_limit():
    """Each byte of them stands for a thousand."""
    with Cluster(nodes=1) as cluster:
        node = cluster.nodes[0]
        bomb = gzip.compress(bytes(1024 * MEGABYTE))
        before = memory_mb(node)
        for _ in range(20):
            status, _, _ = post(node, "ListTables", bomb, **{"Content-Encoding": "gzip"})
            assert status == 413
        assert memory_mb(node) < before + 80


def test_inflated_bytes_are_charged():
    """What is inflated counts against the memory for requests, and is given back."""
    with Cluster(nodes=1, request_memory_mb=16) as cluster:
        node = cluster.nodes[0]
        large = gzip.compress(padded(16 * MEGABYTE))
        small = gzip.compress(padded(4 * MEGABYTE))
        for _ in range(5):
            status, _, body = post(node, "ListTables", large, **{"Content-Encoding": "gzip"})
            assert (status, kind(body)) == (503, "ThrottlingException")
            assert post(node, "ListTables", small, **{"Content-Encoding": "gzip"})[0] == 200


def test_unsigned_bodies_are_not_inflated(guarded):
    status, _, body = post(guarded, "ListTables", b"no gzip at all", **{"Content-Encoding": "gzip"})
    assert (status, kind(body)) == (400, "MissingAuthenticationTokenException")


@pytest.fixture
def large_table(client):
    name = create_table(client)
    client.put_item(TableName=name, Item={"pk": {"S": "1"}, "value": {"S": "tea " * 5000}})
    yield name
    client.delete_table(TableName=name)


def get_large(node, table, **headers):
    body = json.dumps({"TableName": table, "Key": {"pk": {"S": "1"}}, "ConsistentRead": True})
    return post(node, "GetItem", body, **headers)


def test_large_replies_are_compressed_for_who_asks(cluster, large_table):
    node = cluster.nodes[1]
    _, plain_headers, plain = get_large(node, large_table)
    assert "Content-Encoding" not in plain_headers
    assert plain_headers["Vary"] == "Accept-Encoding"
    for accepted in ("gzip", "gzip, deflate, br", "*", "identity;q=0.1, gzip;q=0.2"):
        status, headers, body = get_large(node, large_table, **{"Accept-Encoding": accepted})
        assert status == 200
        assert headers["Content-Encoding"] == "gzip"
        assert int(headers["Content-Length"]) == len(body) < len(plain) / 10
        assert int(headers["x-amz-crc32"]) == zlib.crc32(body)
        assert gzip.decompress(body) == plain
    for refused in ("gzip;q=0", "identity", "gzip;q=0, *", ""):
        _, headers, body = get_large(node, large_table, **{"Accept-Encoding": refused})
        assert "Content-Encoding" not in headers
        assert body == plain


def test_small_replies_are_not(cluster):
    _, headers, body = post(cluster.nodes[0], "ListTables", "{}", **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in headers
    assert "Vary" not in headers
    assert int(headers["x-amz-crc32"]) == zlib.crc32(body)


def test_boto3_checks_the_sum(cluster, large_table):
    """It asks for no compression, and repeats what has the wrong checksum."""
    client = cluster.nodes[0].boto(retries={"mode": "legacy", "max_attempts": 1})
    reply = client.get_item(TableName=large_table, Key={"pk": {"S": "1"}}, ConsistentRead=True)
    assert len(reply["Item"]["value"]["S"]) == 20000
    assert reply["ResponseMetadata"]["RetryAttempts"] == 0
    assert "content-encoding" not in reply["ResponseMetadata"]["HTTPHeaders"]


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")
def test_javascript_sdk_over_fetch(cluster):
    """As in a browser: fetch asks for compression, and undoes it behind the SDK's back."""
    assert (JAVASCRIPT / "node_modules").is_dir(), "run.sh installs the modules"
    result = subprocess.run(
        ["node", "compression.mjs", cluster.nodes[0].url], cwd=JAVASCRIPT,
        capture_output=True, text=True, timeout=60, env=clean_environment(),
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "done"
