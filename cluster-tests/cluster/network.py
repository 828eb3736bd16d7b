"""The network between the nodes of a test, and what can go wrong with it.

Two tools. The Network is the project's own proxy (cluster-tests/fault/proxy.c), through which every
connection between nodes passes: it delays, stalls, resets, corrupts and throttles single directions,
and needs no rights. Packets are dropped by the kernel, inside a network namespace that the test
entered: what TCP itself makes of a cut wire shows only there.
"""
import contextlib
import ctypes
import itertools
import mmap
import os
import subprocess

from cluster import BUILD, free_port
from fixtures import not_tested

PROXY = BUILD / "cluster-tests" / "fault" / "cartwheel-proxy"
NODES_MAX = 16
# As struct proxy_direction (cluster-tests/fault/proxy_page.h) has them; 64 bits each.
FIELDS = ("delay_us", "jitter_us", "bytes_per_second", "late_per_million", "corrupt_per_million",
          "stalled", "resets", "connections", "open", "bytes", "corrupted", "tainted")
FIELDS_ROOM = 16
SETTINGS = FIELDS[:FIELDS.index("resets")]
CLONE_NEWNET = 0x40000000


# Directions are pairs of nodes, (from, to).

def directions(nodes):
    """All there are among these."""
    return list(itertools.permutations(nodes, 2))


def both_ways(pairs):
    return [*pairs, *((to, source) for source, to in pairs)]


def around(node, nodes):
    """What connects a node with the others."""
    return hearing(node, nodes) + telling(node, nodes)


def hearing(node, nodes):
    return [(other, node) for other in nodes if other is not node]


def telling(node, nodes):
    return [(node, other) for other in nodes if other is not node]


def between(*groups):
    """What connects these groups with each other."""
    return [(source, to) for one, other in itertools.permutations(groups, 2)
            for source in one for to in other]


class Network:
    """The proxy; in a `with`. It must run before the nodes do."""

    def __init__(self, cluster):
        self.nodes = [*cluster.nodes, *cluster.spares]  # those that leave later included
        self.path = cluster.home / "network"
        for node in self.nodes:
            node.settings["peer_listen"] = f"{node.host}:{free_port(node.host)}"

    def __enter__(self):
        size = NODES_MAX * NODES_MAX * FIELDS_ROOM * 8
        self.path.write_bytes(bytes(size))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), size)
        self.page = memoryview(self.map).cast("Q")
        behind = [node.settings["peer_listen"].rsplit(":")[1] for node in self.nodes]
        places = [f"{node.host}:{node.peer_port}:{port}"
                  for node, port in zip(self.nodes, behind)]
        self.process = subprocess.Popen([str(PROXY), str(self.path), *places],
                                        stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.page.release()
        self.map.close()

    def place(self, direction, field):
        source, to = (self.nodes.index(node) for node in direction)
        return (source * NODES_MAX + to) * FIELDS_ROOM + FIELDS.index(field)

    def set(self, pairs, **settings):
        for direction, (field, value) in itertools.product(pairs, settings.items()):
            self.page[self.place(direction, field)] = value

    def stall(self, pairs):
        """Bytes on their way stay there, and arrive after heal()."""
        self.set(pairs, stalled=1)

    def reset(self, pairs):
        """The connections that the one dialled to the other end, for both at once."""
        for direction in pairs:
            self.page[self.place(direction, "resets")] += 1

    def heal(self, pairs=None):
        self.set(pairs or directions(self.nodes), **dict.fromkeys(SETTINGS, 0))

    def count(self, field):
        """Sum over all directions."""
        return sum(self.page[self.place(direction, field)] for direction in directions(self.nodes))


class Packets:
    """The kernel's packet filter; only inside a namespace()."""

    def add(self, pairs, *rule):
        """Clients, who share the first node's address, are spared."""
        for source, to in pairs:
            subprocess.run(
                ["iptables", "-w", "-A", "INPUT", "-p", "tcp", "-s", source.host, "-d", to.host,
                 "-m", "multiport", "!", "--ports", f"{source.port},{to.port}", *rule], check=True)

    def drop(self, pairs, *how):
        self.add(pairs, *how, "-j", "DROP")

    def refuse(self, pairs):
        """Every segment is answered by a reset."""
        self.add(pairs, "-j", "REJECT", "--reject-with", "tcp-reset")

    def heal(self):
        subprocess.run(["iptables", "-w", "-F", "INPUT"], check=True)


def refused(why):
    not_tested("packets dropped between nodes", why)


@contextlib.contextmanager
def namespace():
    """This thread, and what it starts, in a network of its own that is gone with the last of them."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as before:
        if libc.unshare(CLONE_NEWNET) != 0:
            refused(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            if subprocess.run(["iptables", "-w", "-L"], capture_output=True, check=False).returncode:
                refused("iptables does not work here")
            yield Packets()
        finally:
            assert libc.setns(before.fileno(), CLONE_NEWNET) == 0
