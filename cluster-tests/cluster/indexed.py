"""A table with local secondary indexes, and what queries through them must give."""
import uuid
from contextlib import contextmanager
from decimal import Decimal

from boto3.dynamodb.conditions import Key

TYPES = {"pk": "S", "sk": "S", "word": "S", "score": "N", "tag": "B"}
INDEXES = {  # name -> its sort key, what else of an item stands in it (None: everything)
    "by-word": ("word", None),
    "by-score": ("score", []),
    "by-tag": ("tag", ["score", "title"]),
}
# In the order of the index, where bytes that escape others and signs of numbers go wrong first.
VALUES = {
    "word": ["A", "a", "a\0", "a\0b", "ab", "abc", "b", "é", "語", "\U0001f600"],
    "score": [Decimal(text) for text in (
        "-1E+20", "-12.5", "-12", "-1E-20", "0", "1E-20", "1", "1.5", "10",
        "12345678901234567890123456789012345678")],
    "tag": [b"\0", b"\0\0", b"\0\xff", b"\1", b"a", b"a\0", b"ab", b"b", b"\xff", b"\xff\xff"],
}


def key_schema(sort_key):
    return [{"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": sort_key, "KeyType": "RANGE"}]


def projection(attributes):
    if attributes is None:
        return {"ProjectionType": "ALL"}
    if not attributes:
        return {"ProjectionType": "KEYS_ONLY"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": attributes}


def create(client, name=None):
    """Creates the table. Returns its name."""
    name = name or f"t-{uuid.uuid4().hex[:12]}"
    client.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=key_schema("sk"),
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": kind} for key, kind in TYPES.items()
        ],
        LocalSecondaryIndexes=[
            {"IndexName": index, "KeySchema": key_schema(key), "Projection": projection(attributes)}
            for index, (key, attributes) in INDEXES.items()
        ],
    )
    return name


@contextmanager
def created(client):
    """A table for the time of a `with`; its name."""
    name = create(client)
    try:
        yield name
    finally:
        client.delete_table(TableName=name)


def draw_item(random, pk, sk):
    """An item that stands in some of the indexes."""
    item = {"pk": pk, "sk": sk, "title": f"title of {sk}", "text": random.choice("xyz") * 20}
    for key, values in VALUES.items():
        if random.random() < 0.75:
            item[key] = random.choice(values)
    return item


def projected(item, index):
    key, attributes = INDEXES[index]
    if attributes is None:
        return item
    names = {"pk", "sk", key, *attributes}
    return {name: value for name, value in item.items() if name in names}


def in_order(items, key, backward=False):
    """Those that have the key, as an index on it has them."""
    # boto3's Binary equals bytes, but has no order.
    def place(item):
        value = item[key]
        return (getattr(value, "value", value), item["sk"])

    return sorted((item for item in items if key in item), key=place, reverse=backward)


def expected(items, index, matches=lambda value: True, backward=False):
    """What a query through the index gives of a collection that has these items."""
    key = INDEXES[index][0]
    return [projected(item, index) for item in in_order(items, key, backward)
            if matches(item[key])]


def pages(call, **options):
    """All pages of a Query or Scan; `call` is asked for a way to make it each time."""
    while True:
        page = call()(**options)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        options["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def query(tables, pk, condition=None, **options):
    """All items of a query, each page from the next of `tables`."""
    options["KeyConditionExpression"] = (
        Key("pk").eq(pk) if condition is None else Key("pk").eq(pk) & condition)
    found = pages(lambda: next(tables).query, **{"ConsistentRead": True, **options})
    return [item for page in found for item in page["Items"]]
