"""The tables that requests are about, and what is in them: the same in both servers."""
import base64
import time

FEATURES = ("legacy", "indexes")  # what may be switched off


def binary(*numbers):
    return base64.b64encode(bytes(numbers)).decode()


# Key values that items have, by type, in the order of DynamoDB.
KEYS = {
    "S": [{"S": "a"}, {"S": "ab"}, {"S": "b"}, {"S": "\u00e9"}],
    "N": [{"N": "-5"}, {"N": "0"}, {"N": "1.5"}, {"N": "30"}],
    "B": [{"B": binary(0)}, {"B": binary(0, 1)}, {"B": binary(1)}, {"B": binary(255, 0)}],
}


class Table:
    """A table of the world: its name and the types of its keys."""

    def __init__(self, name, hash_type, sort_type=None, indexes=()):
        self.name = name
        self.keys = {"pk": hash_type}
        if sort_type is not None:
            self.keys["sk"] = sort_type
        self.indexes = indexes

    @property
    def sort_type(self):
        return self.keys.get("sk")

    def key_of(self, item):
        return {name: item[name] for name in self.keys}

    def definition(self):
        types = {**self.keys, **{index.sort_key: "N" for index in self.indexes}}
        body = {
            "TableName": self.name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": kind} for name, kind in types.items()],
            "KeySchema": schema(*self.keys),
        }
        if self.indexes:
            body["LocalSecondaryIndexes"] = [index.definition() for index in self.indexes]
        return body

    def items(self):
        """What is in it at first."""
        hashes = KEYS[self.keys["pk"]]
        if self.sort_type is None:
            keys = [{"pk": value} for value in hashes[:3]]
        else:
            keys = [{"pk": hashes[0], "sk": value} for value in KEYS[self.sort_type]]
            keys += [{"pk": hashes[1], "sk": value} for value in KEYS[self.sort_type][:2]]
        items = [{**key, **CONTENTS[number % len(CONTENTS)]} for number, key in enumerate(keys)]
        for number, item in enumerate(items):
            # Each index lacks some items, and has some under one key.
            for place, index in enumerate(self.indexes):
                if (number + place) % 3:
                    item[index.sort_key] = {"N": str(number // 2)}
        return items


class Index:
    """A local secondary index by a number."""

    def __init__(self, name, sort_key, projection):
        self.name = name
        self.sort_key = sort_key
        self.projection = projection

    def definition(self):
        return {"IndexName": self.name, "KeySchema": schema("pk", self.sort_key),
                "Projection": self.projection}


def schema(*names):
    kinds = zip(names, ("HASH", "RANGE"))
    return [{"AttributeName": name, "KeyType": kind} for name, kind in kinds]


# Attributes beside the keys.
CONTENTS = [
    {
        "a": {"S": "hello"}, "n": {"N": "7"}, "b": {"B": binary(1, 2, 3)}, "yes": {"BOOL": True},
        "none": {"NULL": True}, "ss": {"SS": ["x", "y"]}, "ns": {"NS": ["1", "2.5"]},
        "bs": {"BS": [binary(1), binary(2)]},
        "l": {"L": [{"S": "first"}, {"N": "2"}, {"L": [{"S": "inner"}]}, {"M": {"k": {"N": "3"}}}]},
        "m": {"M": {"k": {"S": "deep"}, "n": {"N": "1"}, "m": {"M": {"k": {"L": [{"N": "9"}]}}}}},
    },
    {"a": {"S": ""}, "n": {"N": "-0.5"}, "l": {"L": []}, "m": {"M": {}}, "b": {"B": ""}},
    {"a": {"N": "12"}, "n": {"S": "7"}, "ss": {"NS": ["3"]}, "m": {"L": [{"S": "not a map"}]}},
    {"n": {"N": "99999999999999999999999999999999999999"}, "a": {"S": "hello world"}},
]

TABLES = [
    Table("oracle-s", "S"), Table("oracle-n", "N"), Table("oracle-b", "B"),
    Table("oracle-ss", "S", "S"), Table("oracle-sn", "S", "N"), Table("oracle-nb", "N", "B"),
]
INDEXED = Table("oracle-indexed", "S", "S", indexes=(
    Index("all", "i1", {"ProjectionType": "ALL"}),
    Index("keys", "i2", {"ProjectionType": "KEYS_ONLY"}),
    Index("some", "i3", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "m"]}),
))


class World:
    """The tables in both servers, kept equal."""

    def __init__(self, wires, features=FEATURES):
        self.wires = wires
        self.features = features
        self.tables = TABLES + ([INDEXED] if "indexes" in features else [])

    def create(self):
        for wire in self.wires:
            for table in self.tables:
                wire.must("CreateTable", table.definition())
            for table in self.tables:
                wait_active(wire, table.name)
        self.reset()

    def drop(self):
        for wire in self.wires:
            for name in wire.must("ListTables", {})["TableNames"]:
                wait_gone(wire, name)

    def reset(self):
        """Gives the tables the items they had at first."""
        for wire in self.wires:
            for table in self.tables:
                refill(wire, table)


def refill(wire, table):
    """As few writes as it takes."""
    wanted = {repr(table.key_of(item)): item for item in table.items()}
    found = wire.must("Scan", {"TableName": table.name, "ConsistentRead": True})["Items"]
    writes = []
    for item in found:
        if repr(table.key_of(item)) not in wanted:
            writes.append({"DeleteRequest": {"Key": table.key_of(item)}})
    held = {repr(table.key_of(item)): item for item in found}
    for key, item in wanted.items():
        if held.get(key) != item:
            writes.append({"PutRequest": {"Item": item}})
    for start in range(0, len(writes), 25):
        wire.must("BatchWriteItem", {"RequestItems": {table.name: writes[start:start + 25]}})


def wait_active(wire, name):
    poll(lambda: describe(wire, name) == "ACTIVE", f"{wire.name}: {name} active")


def wait_gone(wire, name):
    if wire.send("DeleteTable", {"TableName": name}).type == "ValidationException":
        wire.send("UpdateTable", {"TableName": name, "DeletionProtectionEnabled": False})
        wait_active(wire, name)
        wire.must("DeleteTable", {"TableName": name})
    poll(lambda: describe(wire, name) is None, f"{wire.name}: {name} gone")


def describe(wire, name):
    """The status of a table; None if there is none."""
    answer = wire.send("DescribeTable", {"TableName": name})
    return answer.body["Table"]["TableStatus"] if answer.ok else None


def poll(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
