"""UpdateItem, by boto3's client: what it makes of items, what it returns, what it refuses."""
import threading

import pytest
from botocore.exceptions import ClientError

KEY = {"pk": {"S": "item"}}
LIST = {"L": [{"N": "1"}, {"N": "2"}, {"M": {"j": {"N": "4"}, "k": {"N": "3"}}}]}
START = {
    "a": {"N": "5"}, "l": LIST, "m": {"M": {"x": {"N": "1"}, "z": {"L": [{"N": "1"}, {"S": "w"}]}}},
    "s": {"S": "str"}, "t": {"SS": ["x", "y"]},
}
VALUES = {
    ":n": {"N": "1"}, ":s": {"S": "s"}, ":l": {"L": [{"N": "7"}]}, ":ss": {"SS": ["x"]},
    ":xy": {"SS": ["x", "y"]}, ":big": {"N": "9e125"}, ":tiny": {"N": "1e-130"},
}


def values_in(*expressions):
    """Those of VALUES that the expressions use."""
    used = "".join(f"{expression} " for expression in expressions)
    for sign in "()+-=,":
        used = used.replace(sign, " ")
    found = {name: VALUES[name] for name in used.split() if name in VALUES}
    return {"ExpressionAttributeValues": found} if found else {}


def refusal(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.fixture
def item(client, table):
    client.put_item(TableName=table, Item={**KEY, **START})
    return {"TableName": table, "Key": KEY}


def update(client, item, expression, **options):
    return client.update_item(
        **item, UpdateExpression=expression, **values_in(expression), **options)


CHANGES = [
    ("SET a = a + :n, b = a - :n", {"a": {"N": "6"}, "b": {"N": "4"}}),
    ("SET a = s, s = a", {"a": {"S": "str"}, "s": {"N": "5"}}),
    ("SET q = if_not_exists(q, :n) + :n, a = if_not_exists(a, :n)", {"q": {"N": "2"}}),
    ("SET l = list_append(:l, l)", {"l": {"L": [{"N": "7"}, *LIST["L"]]}}),
    ("SET l[9] = :s, l[0] = :n REMOVE l[1]", {"l": {"L": [{"N": "1"}, LIST["L"][2], {"S": "s"}]}}),
    ("REMOVE l[0], l[2]", {"l": {"L": [{"N": "2"}]}}),
    ("SET m.x = m.z[1] REMOVE m.z", {"m": {"M": {"x": {"S": "w"}}}}),
    ("ADD a :n, q :n, t :ss, u :ss", {
        "a": {"N": "6"}, "q": {"N": "1"}, "u": {"SS": ["x"]}}),
    ("DELETE t :ss", {"t": {"SS": ["y"]}}),
    ("DELETE t :xy", {"t": None}),
    ("REMOVE a, q SET b = a", {"a": None, "b": {"N": "5"}}),
    ("SET b = :tiny + :tiny", {"b": {"N": "0." + "0" * 129 + "2"}}),
]


@pytest.mark.parametrize("expression, changed", CHANGES, ids=[change[0] for change in CHANGES])
def test_changes(cluster, client, item, expression, changed):
    reply = update(client, item, expression, ReturnValues="ALL_NEW")
    expected = {name: value for name, value in {**KEY, **START, **changed}.items() if value}
    assert reply["Attributes"] == expected
    for node in cluster.nodes:
        assert node.boto().get_item(**item, ConsistentRead=True)["Item"] == expected


def test_makes_an_item(client, table):
    item = {"TableName": table, "Key": KEY}
    assert "Attributes" not in update(client, item, "SET a = :n, b = pk", ReturnValues="ALL_OLD")
    made = {**KEY, "a": {"N": "1"}, "b": {"S": "item"}}
    assert client.get_item(**item, ConsistentRead=True)["Item"] == made
    other = {"TableName": table, "Key": {"pk": {"S": "bare"}}}
    assert client.update_item(**other, ReturnValues="ALL_NEW")["Attributes"] == other["Key"]


RETURNED = [
    ("SET a = :n", {"a": {"N": "5"}}, {"a": {"N": "1"}}),
    ("SET q = :n", None, {"q": {"N": "1"}}),
    ("REMOVE a", {"a": {"N": "5"}}, None),
    ("SET m.x = :s", {"m": {"M": {"x": {"N": "1"}}}}, {"m": {"M": {"x": {"S": "s"}}}}),
    ("SET l[2].k = :n REMOVE t", {
        "l": {"L": [{"M": {"k": {"N": "3"}}}]}, "t": START["t"],
    }, {"l": {"L": [{"M": {"k": {"N": "1"}}}]}}),
    ("SET l[1] = :s", {"l": {"L": [{"N": "2"}]}}, {"l": {"L": [{"S": "s"}]}}),
    ("REMOVE l[0]", {"l": {"L": [{"N": "1"}]}}, {"l": {"L": [{"N": "2"}]}}),
    ("ADD a :n", {"a": {"N": "5"}}, {"a": {"N": "6"}}),
    ("DELETE t :xy", {"t": START["t"]}, None),
]


@pytest.mark.parametrize("expression, old, new", RETURNED, ids=[case[0] for case in RETURNED])
def test_returns(client, item, expression, old, new):
    reply = update(client, item, expression, ReturnValues="UPDATED_OLD")
    assert reply.get("Attributes") == old
    client.put_item(TableName=item["TableName"], Item={**KEY, **START})
    reply = update(client, item, expression, ReturnValues="UPDATED_NEW")
    assert reply.get("Attributes") == new
    client.put_item(TableName=item["TableName"], Item={**KEY, **START})
    reply = update(client, item, expression, ReturnValues="ALL_OLD")
    assert reply["Attributes"] == {**KEY, **START}
    assert "Attributes" not in update(client, item, "SET a = :n")


PATH = "The document path provided in the update expression is invalid for update"
TYPE = "An operand in the update expression has an incorrect data type"
ABSENT = "The provided expression refers to an attribute that does not exist in the item"
REFUSED = [
    ("SET a = q", ABSENT), ("SET a = q + :n", ABSENT), ("SET a = list_append(q, :l)", ABSENT),
    ("SET a = s + :n", TYPE), ("SET l = list_append(l, a)", TYPE), ("ADD s :n", TYPE),
    ("DELETE a :ss", TYPE), ("SET q.x = :n", PATH), ("SET l.x = :n", PATH), ("REMOVE m[0]", PATH),
    ("SET l[9].x = :n", PATH),
    ("SET a = :big + :big", "Number overflow. Attempting to store a number with magnitude larger "
                            "than supported range"),
    ("SET a = :tiny + :n", "DynamoDB only supports precision up to 38 digits"),
    ("SET pk = :s", "One or more parameter values were invalid: Cannot update attribute pk. This "
                    "attribute is part of the key"),
    ("INVALID SYNTAX", 'Invalid UpdateExpression: Syntax error; token: "INVALID", near: '
                       '"INVALID SYNTAX"'),
    ("SET a = :n REMOVE a", "Invalid UpdateExpression: Two document paths overlap with each other; "
                            "must remove or rewrite one of these paths; path one: [a], path two: "
                            "[a]"),
    ("ADD a :s", "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                 "operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"),
]


@pytest.mark.parametrize("expression, message", REFUSED, ids=[case[0] for case in REFUSED])
def test_refuses(client, item, expression, message):
    request = {**item, "UpdateExpression": expression, **values_in(expression)}
    assert refusal(client.update_item, **request) == ("ValidationException", message)
    assert client.get_item(**item, ConsistentRead=True)["Item"] == {**KEY, **START}


def test_size_limit(client, item):
    client.put_item(TableName=item["TableName"], Item={**KEY, "f": {"B": b"\x01" * 409_000}})
    update(client, item, "SET a = :n")
    request = {
        **item, "UpdateExpression": "SET b = :b", "ExpressionAttributeValues": {
            ":b": {"S": "x" * 1000}}}
    assert refusal(client.update_item, **request) == (
        "ValidationException", "Item size to update has exceeded the maximum allowed size")


def test_consumed_capacity(client, item):
    def consumed(expression, **values):
        extra = {"ExpressionAttributeValues": values} if values else {}
        reply = client.update_item(
            **item, UpdateExpression=expression, ReturnConsumedCapacity="TOTAL", **extra)
        return reply["ConsumedCapacity"]["CapacityUnits"]

    assert consumed("REMOVE q") == 1.0
    assert consumed("SET f = :f", **{":f": {"S": "x" * 3000}}) == 3.0
    assert consumed("REMOVE f") == 3.0


def test_counts_from_everywhere(cluster, table):
    """No increment is lost or made twice, whichever nodes take them."""
    failures = []

    def count(node):
        for _ in range(20):
            try:
                node.boto().update_item(
                    TableName=table, Key=KEY, UpdateExpression="ADD n :one",
                    ExpressionAttributeValues={":one": {"N": "1"}})
            except ClientError as error:
                failures.append(error)

    threads = [threading.Thread(target=count, args=(node,)) for node in cluster.nodes * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for node in cluster.nodes:
        reply = node.boto().get_item(TableName=table, Key=KEY, ConsistentRead=True)
        assert reply["Item"]["n"] == {"N": str(20 * len(threads))}
