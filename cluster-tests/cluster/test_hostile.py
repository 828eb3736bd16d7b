"""What clients without manners must not bring about: a node that has no memory left for others."""
import re
import socket

import pytest

from cluster import Cluster
from conftest import create_table
from flood import message

ITEM_SIZE = 390 * 1024
ITEMS = 25
READERS = 60


def reader_of(node, text):
    """Sends a request, and reads nothing."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect((node.host, node.port))
    reader.sendall(text)
    return reader


def comes_whole(reader):
    """Whether all of a good reply is there after all."""
    reply = b""
    wanted = None
    try:
        while wanted is None or len(reply) < wanted:
            received = reader.recv(1 << 20)
            if not received:
                return False
            reply += received
            end = reply.find(b"\r\n\r\n")
            if wanted is None and end >= 0:
                wanted = end + 4 + int(re.search(rb"Content-Length: (\d+)", reply)[1])
    except ConnectionError:
        return False
    return reply.startswith(b"HTTP/1.1 200")


def test_replies_that_nobody_reads_are_bounded():
    with Cluster(nodes=1, request_memory_mb=64) as cluster:
        node = cluster.nodes[0]
        client = node.boto()
        table = create_table(client)
        for item in range(ITEMS):
            client.put_item(TableName=table, Item={
                "pk": {"S": str(item)}, "value": {"S": "x" * ITEM_SIZE}
            })
        keys = {table: {"Keys": [{"pk": {"S": str(item)}} for item in range(ITEMS)]}}
        text = message("BatchGetItem", RequestItems=keys)
        readers = [reader_of(node, text) for _ in range(READERS)]
        # Answered after all of them: what is kept is kept now.
        assert table in client.list_tables()["TableNames"]
        whole = [comes_whole(reader) for reader in readers]
        assert 0 < sum(whole) < READERS / 2
        for reader in readers:
            reader.close()
        # What was kept has been given back.
        reply = client.batch_get_item(RequestItems=keys)
        assert len(reply["Responses"][table]) == ITEMS


@pytest.mark.parametrize("size, message", [
    (15_000_000, "ExpressionAttributeValues exceeds max size"),
    (2_000_000, "size limit of 1024 bytes"),
])
def test_sort_key_condition_of_a_request_s_size(client, size, message):
    table = create_table(client, sort_key=True)
    try:
        client.query(
            TableName=table, KeyConditionExpression="pk = :p AND begins_with(sk, :s)",
            ExpressionAttributeValues={":p": {"S": "p"}, ":s": {"S": "s" * size}},
        )
    except client.exceptions.ClientError as error:
        assert message in error.response["Error"]["Message"]
    else:
        raise AssertionError("taken")
