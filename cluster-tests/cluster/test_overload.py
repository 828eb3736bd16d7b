"""More work than a node can do, and clients that only take up room: it says no quickly, goes on with
what it took, and is itself again as soon as the load is."""
import asyncio
import contextlib
import re
import socket
import statistics
import time

import pytest

import cluster
from cluster import Cluster, wait_until
from conftest import create_table
from flood import Flood, message

MIB = 1 << 20
ITEM_SIZE = 390 * 1024
CONNECTIONS = 1000
REFUSALS = {"400 ThrottlingException", "503 ThrottlingException", "503 InternalServerError"}
TCP_REPAIR = 19  # linux/tcp.h


def load_of(node):
    return node.admin("status")["load"]


def memory_peak(node):
    """Bytes of memory that the node had at most."""
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) * 1024


def connect(node, source="127.0.0.1", receive_buffer=None):
    client = socket.socket()
    if receive_buffer is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.bind((source, 0))
    client.settimeout(10)
    client.connect((node.host, node.port))
    return client


def is_closed(client):
    """Whether the node has closed it; what it sent before is thrown away."""
    client.setblocking(False)
    try:
        while client.recv(MIB):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def fill_collection(client, table, count):
    for start in range(0, count, 25):
        client.batch_write_item(RequestItems={table: [
            {"PutRequest": {"Item": {"pk": {"S": "collection"}, "sk": {"S": f"{number:06}"}}}}
            for number in range(start, min(start + 25, count))
        ]})


def requests_of(table):
    """Ten that cost the node some milliseconds each and the client next to nothing: nine count a
    collection, one is a write of a hot key."""
    count = message(
        "Query", TableName=table, Select="COUNT", KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "collection"}})
    add = message(
        "UpdateItem", TableName=table, Key={"pk": {"S": "hot"}, "sk": {"S": "counter"}},
        UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}})
    return [count] * 9 + [add]


async def tenfold_load(flood, texts):
    """Good answers in a second of the usual load, before and after, and the overload's outcomes."""
    await flood.connect(CONNECTIONS)
    usual = await flood.saturate(texts, 8, 3) / 2
    before = (await flood.offer(texts, usual, 4))["ok"] / 4
    overload = await flood.offer(texts, 20 * usual, 10, attempts=4)
    assert await flood.settle(15) == 0
    overload += flood.take_outcomes()
    ended = time.monotonic()
    after = 0
    while after < 0.9 * before and time.monotonic() < ended + 30:
        after = (await flood.offer(texts, usual, 2))["ok"] / 2
    await flood.settle(15)
    flood.close()
    return before, overload, after


def test_tenfold_load_is_refused_and_leaves_no_trace():
    limits = {"queue_delay_max_ms": 100, "queue_delay_interval_ms": 100, "request_memory_mb": 64}
    with Cluster(nodes=3, **limits) as nodes:
        node = nodes.nodes[0]
        client = node.boto()
        table = create_table(client, sort_key=True)
        fill_collection(client, table, 1000)
        flood = Flood(node)
        before, overload, after = asyncio.run(tenfold_load(flood, requests_of(table)))
        # The client's own limit: all its connections wait for an answer.
        overload.pop("no connection left", None)
        assert overload["400 ThrottlingException"] > 1000, overload
        assert overload["ok"] > 1000, overload
        assert set(overload) - {"ok"} <= REFUSALS, overload
        assert after >= 0.9 * before, (before, after, overload)
        assert flood.longest_s < 10, overload
        assert load_of(node)["requests_refused_delay"] > 0
        for member in nodes.nodes:
            assert memory_peak(member) < 300 * MIB
            assert "to=dead" not in member.log.read_text()
        nodes.wait_ready()


def large_item_table(client, items):
    table = create_table(client)
    for item in range(items):
        client.put_item(TableName=table, Item={
            "pk": {"S": str(item)}, "value": {"S": "x" * ITEM_SIZE}
        })
    return table


def all_keys(items):
    return [{"pk": {"S": str(item)}} for item in range(items)]


@pytest.mark.parametrize("operation", ["GetItem", "BatchGetItem"])
def test_large_replies_to_many_slow_readers_are_bounded(operation):
    """What a thousand of them would get is 400 MB and more; the block cache is too small for it, so
    that items come from memory and from disk."""
    items, budget = 40, 32 * MIB
    with Cluster(nodes=1, request_memory_mb=32, cache_mb=8, write_buffer_mb=8) as nodes:
        node = nodes.nodes[0]
        client = node.boto()
        table = large_item_table(client, items)
        texts = {
            "GetItem": message("GetItem", TableName=table, Key=all_keys(1)[0]),
            "BatchGetItem": message("BatchGetItem", RequestItems={table: {"Keys": all_keys(items)}}),
        }
        before = memory_peak(node)
        with contextlib.ExitStack() as stack:
            count = 1000 if operation == "GetItem" else 100
            readers = [stack.enter_context(connect(node, receive_buffer=4096))
                       for _ in range(count)]
            for reader in readers:
                reader.sendall(texts[operation])
            heads = [reader.recv(4096) for reader in readers]
            load = load_of(node)
            assert load["request_memory"] <= load["request_memory_max"] == budget
        refused = [head for head in heads if b"ThrottlingException" in head]
        # Refused, or cut off for want of room: most of them, or fewer the quicker the readers are.
        assert len(refused) + load_of(node)["replies_cut_off"] > count / 4
        # 503: the disk did not get to it in time. Nothing: there was no room for the reply.
        assert {head[9:12] for head in heads if head not in refused} <= {b"200", b"503", b""}
        # Beside the budget: what is being made of a few large items, in several copies.
        assert memory_peak(node) - before < budget + 256 * MIB
        wait_until(lambda: load_of(node)["request_memory"] < MIB, 10, "memory given back")
        assert client.get_item(TableName=table, Key=all_keys(1)[0])["Item"]


def slow_sender(node, text):
    client = connect(node)
    client.sendall(text)
    return client


def slow_reader(node, text):
    """Asks for a large reply and takes none of it."""
    client = connect(node, receive_buffer=4096)
    client.sendall(text)
    return client


@pytest.fixture(scope="module")
def impatient():
    """A node that waits for nobody, and a table with a large item."""
    with Cluster(nodes=1, idle_timeout_s=2, header_timeout_s=1, write_timeout_s=2) as nodes:
        node = nodes.nodes[0]
        yield node, large_item_table(node.boto(), 2)


def test_silent_and_slow_clients_are_cut_off(impatient):
    node, table = impatient
    large = message("BatchGetItem", RequestItems={table: {"Keys": all_keys(2)}})
    slow = [
        connect(node),                                          # says nothing
        slow_sender(node, b"POST / HT"),                        # half a request line
        slow_sender(node, b"POST / HTTP/1.1\r\nHost: x\r\n"),   # half a head
        slow_sender(node, large[:-10]),                         # most of a body
    ]
    reader = slow_reader(node, large)
    cut_off = load_of(node)["clients_cut_off"]
    for client in slow:
        wait_until(lambda client=client: is_closed(client), 10, "cut off")
    wait_until(lambda: load_of(node)["clients_cut_off"] >= cut_off + 5, 10, "the reader, too")
    assert reader.recv(64).startswith(b"HTTP/1.1 200")
    for client in [*slow, reader]:
        client.close()


def drip(clients, seconds, send=b"", take=0):
    """A byte now and then, from each that is still there. Those that are not, at the end."""
    deadline = time.monotonic() + seconds
    closed = []
    while time.monotonic() < deadline and len(closed) < len(clients):
        for client in clients:
            try:
                alive = (client.send(send) if send else len(client.recv(take))) > 0
            except ConnectionError:
                alive = False
            if not alive and client not in closed:
                closed.append(client)
        time.sleep(0.3)
    return closed


def test_a_byte_now_and_then_is_too_slow(impatient):
    node, table = impatient
    senders = [slow_sender(node, b"POST / HTTP/1.1\r\nHost: x\r\nX-Long: ") for _ in range(3)]
    assert len(drip(senders, 10, send=b"x")) == 3
    cut_off = load_of(node)["clients_cut_off"]
    reader = slow_reader(
        node, message("BatchGetItem", RequestItems={table: {"Keys": all_keys(2)}}))
    deadline = time.monotonic() + 15
    while load_of(node)["clients_cut_off"] == cut_off and time.monotonic() < deadline:
        reader.recv(1)
        time.sleep(0.3)
    assert load_of(node)["clients_cut_off"] > cut_off


def vanish(client):
    """Closes without a word to the other side: a machine that lost its power."""
    client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    client.close()


def test_clients_that_vanish_leave_nothing_behind(impatient):
    node, table = impatient
    large = message("BatchGetItem", RequestItems={table: {"Keys": all_keys(2)}})
    before = load_of(node)["connections"]
    clients = [connect(node), slow_sender(node, large[:50]), slow_reader(node, large),
               slow_sender(node, message("ListTables"))]
    assert load_of(node)["connections"] == before + len(clients)
    try:
        for client in clients:
            vanish(client)
    except PermissionError:
        pytest.skip("needs CAP_NET_ADMIN")
    wait_until(lambda: load_of(node)["connections"] <= before, 15, "all noticed")
    wait_until(lambda: load_of(node)["request_memory"] < MIB, 5, "memory given back")


def percentile_99_s(client, table, count):
    times = []
    for _ in range(count):
        began = time.monotonic()
        client.get_item(TableName=table, Key={"pk": {"S": "0"}})
        times.append(time.monotonic() - began)
    return statistics.quantiles(times, n=100)[98]


def test_two_thousand_slow_clients_do_not_slow_down_others():
    with Cluster(nodes=1, max_connections_per_ip=2500) as nodes:
        node = nodes.nodes[0]
        client = node.boto()
        table = create_table(client)
        client.put_item(TableName=table, Item={"pk": {"S": "0"}})
        alone_s = percentile_99_s(client, table, 300)
        beginnings = [b"", b"P", b"POST / HTTP/1.1\r\nHost: x\r\nX: ",
                      message("GetItem", TableName=table)[:-5]]
        slow = [slow_sender(node, beginnings[number % 4]) for number in range(2000)]
        among_s = percentile_99_s(client, table, 300)
        for sender in slow:
            sender.close()
        # A machine that is busy with other things makes a p99 leap.
        assert among_s < 2 * alone_s + 0.02


def test_no_address_takes_all_connections():
    with Cluster(nodes=1, max_connections_per_ip=20) as nodes:
        node = nodes.nodes[0]
        clients = [connect(node, "127.0.0.50") for _ in range(25)]
        wait_until(lambda: sum(is_closed(client) for client in clients) == 5, 5, "five too many")
        assert load_of(node)["connections_refused"] == 5
        other = connect(node, "127.0.0.51")
        other.sendall(message("ListTables"))
        assert other.recv(64).startswith(b"HTTP/1.1 200")
        # Who leaves makes room.
        for client in clients:
            client.close()
        wait_until(lambda: load_of(node)["connections"] <= 2, 5, "all gone")
        again = [connect(node, "127.0.0.50") for _ in range(20)]
        assert not any(is_closed(client) for client in again)
        for client in [other, *again]:
            client.close()


def test_without_descriptors_new_connections_wait(monkeypatch, tmp_path):
    limited = tmp_path / "cartwheeld"
    limited.write_text(f'#!/bin/sh\nulimit -n 400\nexec {cluster.DAEMON} "$@"\n')
    limited.chmod(0o755)
    monkeypatch.setattr(cluster, "DAEMON", limited)
    with contextlib.ExitStack() as stack:
        node = stack.enter_context(Cluster(nodes=1, open_files_max=64)).nodes[0]
        clients = [stack.enter_context(connect(node)) for _ in range(240)]
        wait_until(lambda: "event=accept_failed" in node.log.read_text(), 5, "no more descriptors")
        for client in clients:
            client.close()
        wait_until(lambda: load_of(node)["connections"] < 10, 10, "served again")
        late = stack.enter_context(connect(node))
        late.sendall(message("ListTables"))
        assert late.recv(64).startswith(b"HTTP/1.1 200")
