"""Where items live: the home nodes of a key, from what `/-/ring` says."""
import itertools
import json

MASK = (1 << 64) - 1
# Bytes 8 to 23 of XXH3's secret, as two integers.
SECRET = (0x1CAD21F72C81017C, 0xDB979083E96DD4DE)


def position_of(key):
    """XXH3-64 of a partition key of 4 to 8 bytes, which is all that is done here."""
    data = key.encode()
    assert 4 <= len(data) <= 8, key
    first = int.from_bytes(data[:4], "little")
    last = int.from_bytes(data[-4:], "little")
    mixed = ((first << 32) + last) ^ SECRET[0] ^ SECRET[1]
    mixed ^= rotated(mixed, 49) ^ rotated(mixed, 24)
    mixed = mixed * 0x9FB21C651E98DF25 & MASK
    mixed ^= (mixed >> 35) + len(data)
    mixed = mixed * 0x9FB21C651E98DF25 & MASK
    return mixed ^ mixed >> 28


def rotated(number, bits):
    return (number << bits | number >> (64 - bits)) & MASK


class Ring:
    """The preference lists of a cluster."""

    def __init__(self, cluster):
        status, body = cluster.nodes[0].get("/-/ring?n=7")
        assert status == 200, body
        by_name = {node.name: node for node in cluster.nodes}
        lists = json.loads(body)["preference_lists"]
        self.lists = [[by_name[name] for name in names] for names in lists]

    def preference_list(self, key):
        """All nodes, in the order in which they come for an item: its first N are its homes."""
        return self.lists[position_of(key) * len(self.lists) >> 64]

    def keys(self, wanted):
        """Endless keys whose preference list begins with the nodes `wanted`."""
        for number in itertools.count():
            key = f"k{number:06d}"
            if self.preference_list(key)[:len(wanted)] == wanted:
                yield key
