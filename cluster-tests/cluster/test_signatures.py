"""With keys configured, every request must be signed with them."""
import http.client
import json

import pytest
from botocore.exceptions import ClientError

from cluster import Cluster, tool

KEY = "AKIACARTWHEEL"
SECRET = "the/secret+key"


@pytest.fixture(scope="module")
def guarded():
    """One node that knows one key."""
    with Cluster(nodes=1, access_key_id=KEY, secret_access_key=SECRET) as cluster:
        yield cluster.nodes[0]


def refusal(client):
    with pytest.raises(ClientError) as error:
        client.list_tables()
    return error.value.response["Error"]["Code"]


def test_right_key(guarded):
    assert guarded.boto(key=KEY, secret=SECRET).list_tables()["TableNames"] == []


def test_wrong_secret(guarded):
    assert refusal(guarded.boto(key=KEY, secret="wrong")) == "InvalidSignatureException"


def test_unknown_key(guarded):
    assert refusal(guarded.boto(key="AKIAOTHER", secret=SECRET)) == "UnrecognizedClientException"


def test_no_signature(guarded):
    connection = http.client.HTTPConnection(guarded.host, guarded.port, timeout=10)
    connection.request("POST", "/", "{}", {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
    })
    reply = connection.getresponse()
    assert reply.status == 400
    kind = json.loads(reply.read())["__type"]
    assert kind.endswith("#MissingAuthenticationTokenException")


def test_the_tool_signs(guarded):
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    result = tool(guarded, "table", "list", **keys)
    assert result.returncode == 0, result.stderr
    assert tool(guarded, "status", **keys).returncode == 0
    result = tool(guarded, "table", "list", **{**keys, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert result.returncode == 1
    assert "InvalidSignatureException" in result.stderr


def test_admin_pages_are_signed_too(guarded):
    status, body = guarded.get("/-/status")
    assert status == 400
    assert json.loads(body)["__type"].endswith("#MissingAuthenticationTokenException")
    assert guarded.admin("status")["members"][0]["name"] == guarded.name
    assert guarded.get("/localnodes")[0] == 200
