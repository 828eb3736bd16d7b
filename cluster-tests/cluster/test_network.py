"""The proxy between nodes does to bytes what it is told, and nothing else (network.py)."""
import contextlib
import socket
import time
import types

import pytest

from cluster import free_port, wait_until
from network import Network, namespace


@pytest.fixture(name="wire")
def wire_between_two(tmp_path):
    """The network, a socket of node 1 that dialled node 2, and what node 2 accepted."""
    nodes = [types.SimpleNamespace(host=host, peer_port=free_port(host), port=free_port(host),
                                   settings={}) for host in ("127.0.0.1", "127.0.0.2")]
    with contextlib.ExitStack() as stack:
        network = Network(types.SimpleNamespace(nodes=nodes, spares=[], home=tmp_path))
        behind = nodes[1].settings["peer_listen"].rsplit(":")
        listener = stack.enter_context(socket.create_server((behind[0], int(behind[1]))))
        stack.enter_context(network)
        dialled = stack.enter_context(socket.create_connection(
            (nodes[1].host, nodes[1].peer_port), source_address=(nodes[0].host, 0)))
        accepted, address = listener.accept()
        stack.enter_context(accepted)
        assert address[0] == nodes[0].host, "it comes from the dialler's address"
        for end in (dialled, accepted):
            end.settimeout(5)
        yield network, nodes, dialled, accepted


def seconds_until(end, size):
    began = time.monotonic()
    received = b""
    while len(received) < size:
        received += end.recv(size - len(received))
    return time.monotonic() - began, received


def test_bytes_pass_both_ways(wire):
    network, nodes, dialled, accepted = wire
    sent = bytes(range(256)) * 4096
    dialled.sendall(sent[:100000])
    accepted.sendall(b"reply")
    assert seconds_until(accepted, 100000)[1] == sent[:100000]
    assert seconds_until(dialled, 5)[1] == b"reply"
    wait_until(lambda: network.count("bytes") == 100005, 5, "all bytes are counted")
    assert (network.count("open"), network.count("corrupted")) == (1, 0)


def test_one_direction_is_delayed(wire):
    network, (one, two), dialled, accepted = wire
    network.set([(one, two)], delay_us=300_000)
    dialled.sendall(b"late")
    accepted.sendall(b"soon")
    assert seconds_until(dialled, 4)[0] < 0.2
    took_s, received = seconds_until(accepted, 4)
    assert (took_s > 0.1, received) == (True, b"late")


def test_what_is_stalled_arrives_when_it_heals(wire):
    network, (one, two), dialled, accepted = wire
    network.stall([(one, two)])
    dialled.sendall(b"held")
    accepted.settimeout(0.3)
    with pytest.raises(TimeoutError):
        accepted.recv(1)
    accepted.sendall(b"free")
    assert dialled.recv(4) == b"free"
    network.heal()
    accepted.settimeout(5)
    assert seconds_until(accepted, 4)[1] == b"held"


def test_the_end_of_a_connection_is_stalled_too(wire):
    network, (one, two), dialled, accepted = wire
    network.stall([(one, two)])
    time.sleep(0.05)
    dialled.close()
    accepted.settimeout(0.3)
    with pytest.raises(TimeoutError):
        accepted.recv(1)
    network.heal()
    accepted.settimeout(5)
    assert accepted.recv(1) == b""


def test_connections_are_reset(wire):
    network, (one, two), dialled, accepted = wire
    network.reset([(two, one)])
    time.sleep(0.1)
    assert network.count("open") == 1, "it is the other that dialled"
    network.reset([(one, two)])
    for end in (dialled, accepted):
        with pytest.raises(ConnectionResetError):
            end.recv(1)
    wait_until(lambda: network.count("open") == 0, 5, "both ends are counted")


def test_one_bit_is_turned_over_and_counted(wire):
    network, (one, two), dialled, accepted = wire
    network.set([(one, two)], corrupt_per_million=1_000_000)
    dialled.sendall(bytes(100))
    received = seconds_until(accepted, 100)[1]
    assert sum(byte.bit_count() for byte in received) == 1
    # The proxy counts after it has sent.
    wait_until(lambda: (network.count("corrupted"), network.count("tainted")) == (1, 1), 5, "counts")
    dialled.close()
    assert accepted.recv(1) == b""
    wait_until(lambda: network.count("tainted") == 0, 5, "the connection's end is counted")


def test_a_narrow_link(wire):
    network, (one, two), dialled, accepted = wire
    network.set([(one, two)], bytes_per_second=10_000)
    dialled.sendall(bytes(5000))
    assert 0.3 < seconds_until(accepted, 5000)[0] < 2


def test_packets_are_dropped_inside_the_namespace_alone():
    with namespace() as packets:
        one, two = (types.SimpleNamespace(host=host, port=1) for host in ("127.0.0.1", "127.0.0.2"))
        with socket.create_server((two.host, 0)) as listener:
            address = listener.getsockname()
            packets.drop([(one, two)])
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.3)
            packets.heal()
            packets.refuse([(one, two)])
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(address, timeout=1)
            packets.heal()
            socket.create_connection(address, timeout=1).close()
    with socket.create_server((two.host, 0)) as listener:
        socket.create_connection(listener.getsockname(), timeout=1).close()
