"""Writers that keep a cluster busy while nodes are killed, and remember what was acknowledged."""
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

SLOTS = 20


class Writer(threading.Thread):
    """Puts unique values through one node, new items and overwritten ones in turn."""

    def __init__(self, node, table, number):
        super().__init__(daemon=True)
        # Standard mode waits up to 20 s between attempts: this outlasts a restart.
        self.client = node.boto(retries={"mode": "standard", "max_attempts": 10})
        self.table = table
        self.number = number
        self.acknowledged = {}  # key -> the last value that was acknowledged
        self.unknown = {}       # key -> values whose put failed: they may stand or not
        self.failures = []
        self.longest_s = 0.0
        self.stopping = threading.Event()

    def run(self):
        count = 0
        while not self.stopping.is_set():
            name = f"slot{count % SLOTS}" if count % 2 else f"item{count}"
            self.put(f"{self.number}-{name}", count)
            count += 1

    def put(self, key, value):
        began = time.monotonic()
        try:
            self.client.put_item(
                TableName=self.table, Item={"pk": {"S": key}, "value": {"N": str(value)}}
            )
            self.acknowledged[key] = value
            self.unknown.pop(key, None)
        except (BotoCoreError, ClientError) as error:
            self.failures.append(f"{key}={value}: {error}")
            self.unknown.setdefault(key, set()).add(value)
        self.longest_s = max(self.longest_s, time.monotonic() - began)


class Load:
    """One writer per node, in a `with`."""

    def __init__(self, nodes, table):
        self.writers = [Writer(node, table, node.number) for node in nodes]

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *_):
        for writer in self.writers:
            writer.stopping.set()
        for writer in self.writers:
            writer.join(120)

    def failures(self):
        return [failure for writer in self.writers for failure in writer.failures]

    def longest_s(self):
        """The longest that any put took, retries included."""
        return max(writer.longest_s for writer in self.writers)

    def expected(self):
        """key -> the values it may have."""
        return {
            key: {value} | writer.unknown.get(key, set())
            for writer in self.writers for key, value in writer.acknowledged.items()
        }


def read_all(client, table, consistent):
    """key -> value of everything in the table."""
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=consistent)
    return {
        item["pk"]["S"]: int(item["value"]["N"]) for page in pages for item in page["Items"]
    }


def get_each(client, table, keys, consistent):
    """key -> value of those of `keys` that are found."""
    found = {}
    keys = list(keys)
    for start in range(0, len(keys), 100):
        wanted = {"Keys": [{"pk": {"S": key}} for key in keys[start:start + 100]],
                  "ConsistentRead": consistent}
        while wanted:
            reply = client.batch_get_item(RequestItems={table: wanted})
            for item in reply["Responses"][table]:
                found[item["pk"]["S"]] = int(item["value"]["N"])
            wanted = reply["UnprocessedKeys"].get(table)
    return found


def differences(expected, found):
    """Those of `expected` that are missing or wrong in `found`, shortened for a message."""
    wrong = [
        f"{key} is {found.get(key)}, not of {sorted(values)}"
        for key, values in expected.items() if found.get(key) not in values
    ]
    return wrong[:10] + ([f"... {len(wrong)} in all"] if len(wrong) > 10 else [])
