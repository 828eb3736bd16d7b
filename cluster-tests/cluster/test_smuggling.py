"""The table of raw requests, on real sockets: what is answered, whether the connection is closed, and
that what stands behind a refused request is never executed."""
import json
import random
import re
import socket

import pytest

from cluster import ROOT
from conftest import create_table

TABLE = ROOT / "node" / "http" / "tests" / "raw_requests.txt"
ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", "{": b"{"}
# A request that is written is answered within this, or its row ends with "...".
SILENCE_SECONDS = 0.3
LARGE = 1 << 20


def expand(text, names):
    """The bytes that a text of the table stands for."""
    made, at = b"", 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "\\" and text[at] == "x":
            made += bytes([int(text[at + 1:at + 3], 16)])
            at += 3
        elif character == "\\":
            made += ESCAPES[text[at]]
            at += 1
        elif character == "{":
            end = text.index("}", at)
            count, star, once = text[at:end].partition("*")
            made += int(count) * expand(once, names) if star else names[count]
            at = end + 1
        else:
            made += character.encode()
    return made


def load():
    names, rows = {}, []
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        replies, tab, text = line.partition("\t")
        if tab:
            rows.append((number, replies.split(), expand(text, names)))
        elif line and not line.startswith("#"):
            name, _, text = line.partition(" = ")
            names[name] = expand(text, names)
    return rows


ROWS = load()


def canary(table, number):
    """A request that leaves a trace if it is executed."""
    body = json.dumps({"TableName": table, "Item": {"pk": {"S": str(number)}}}).encode()
    return (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-amz-json-1.0\r\n"
            b"X-Amz-Target: DynamoDB_20120810.PutItem\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body))


class Conversation:
    """A connection whose replies are read one by one."""

    def __init__(self, node):
        self.socket = socket.create_connection((node.host, node.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except ConnectionError:
            pass  # refused, answered and closed while it was sent

    def fill(self):
        """Whether there was more."""
        received = self.socket.recv(1 << 16)
        self.received += received
        return bool(received)

    def status(self, bodiless=False):
        """Of the next reply; None if the connection is closed instead."""
        while b"\r\n\r\n" not in self.received:
            if not self.fill():
                assert self.received == b""
                return None
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        wanted = int(length[1]) if length and not bodiless else 0
        while len(self.received) < wanted:
            assert self.fill()
        self.received = self.received[wanted:]
        return int(head.split()[1])

    def silent(self):
        self.socket.settimeout(SILENCE_SECONDS)
        try:
            return not self.received and not self.socket.recv(1)
        except TimeoutError:
            return True


def send_in_pieces(conversation, data, chance):
    at = 0
    while at < len(data):
        size = chance.randint(1, max(20, len(data) // 20))
        conversation.send(data[at:at + size])
        at += size


def converse(node, replies, data, behind, chance=None):
    """Sends a row and what stands behind it; asserts what is answered."""
    waits = replies[-1] == "..."
    with Conversation(node) as conversation:
        data = data if waits else data + behind
        if chance is None:
            conversation.send(data)
        else:
            send_in_pieces(conversation, data, chance)
        status = None
        for expected in replies[:-1] if waits else replies:
            number = int(expected.strip("()!-"))
            if status is None:
                status = conversation.status(bodiless="-" in expected)
            if status == number:
                status = None
            else:
                assert expected.startswith("("), f"{status} instead of {expected}"
        assert status is None, f"{status} as well"
        if waits:
            assert conversation.silent()
        elif replies[-1].endswith("!"):
            assert conversation.status() is None
        else:
            assert conversation.status() == 200


def executed(client, table):
    keys = client.scan(TableName=table, ConsistentRead=True)["Items"]
    return {int(key["pk"]["S"]) for key in keys}


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_raw_requests(cluster, client, seed):
    """Sent whole, or cut at random."""
    assert len(ROWS) >= 60
    table = create_table(client)
    node = cluster.nodes[0]
    chance = seed and random.Random(seed)
    taken = set()
    for number, replies, data in ROWS:
        if chance and len(data) > LARGE:
            continue
        try:
            converse(node, replies, data, canary(table, number), chance)
        except Exception as error:
            raise AssertionError(f"line {number} of {TABLE}: {' '.join(replies)}") from error
        if replies[-1] != "..." and not replies[-1].endswith("!"):
            taken.add(number)
    assert executed(client, table) == taken
    client.delete_table(TableName=table)


def test_half_a_request_is_never_executed(cluster, client):
    """The connection ends amid the body, or before it."""
    table = create_table(client)
    whole = canary(table, 1)
    chunked = whole.split(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
    body = whole.split(b"\r\n\r\n", 1)[1]
    parts = [whole[:size] for size in range(len(whole) - 3, len(whole))]
    parts += [
        chunked + b"%x\r\n%b" % (len(body), body),
        chunked + b"%x\r\n%b\r\n0\r\n" % (len(body), body),
    ]
    for part in parts:
        with Conversation(cluster.nodes[0]) as conversation:
            conversation.send(part)
            conversation.socket.shutdown(socket.SHUT_WR)
            assert conversation.status() is None
    assert executed(client, table) == set()
    with Conversation(cluster.nodes[0]) as conversation:
        conversation.send(whole)
        assert conversation.status() == 200
    assert executed(client, table) == {1}
    client.delete_table(TableName=table)
