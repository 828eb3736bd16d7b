"""ConditionExpression of PutItem, DeleteItem and UpdateItem, by boto3's client."""
import http.client
import json
import threading

import pytest
from botocore.exceptions import ClientError

KEY = {"pk": {"S": "item"}}
ITEM = {
    **KEY, "a": {"N": "5"}, "b": {"B": b"bin"}, "e": {"S": ""}, "five": {"N": "5"},
    "l": {"L": [{"N": "1"}, {"N": "2"}, {"N": "3"}]},
    "m": {"M": {"x": {"N": "1"}, "z": {"L": [{"M": {"w": {"N": "2"}}}]}}}, "ns": {"NS": ["1", "2"]},
    "s": {"S": "str"}, "ss": {"SS": ["x", "y"]}, "t": {"BOOL": True}, "z": {"NULL": True},
}
VALUES = {
    ":n": {"N": "1"}, ":n2": {"N": "2"}, ":n9": {"N": "9"}, ":s": {"S": "s"}, ":x": {"S": "x"},
    ":t": {"BOOL": True}, ":z": {"NULL": True}, ":ss": {"SS": ["y", "x"]}, ":b": {"B": b"bi"},
    ":N": {"S": "N"}, ":l": ITEM["l"], ":m": ITEM["m"],
}
FAILED = ("ConditionalCheckFailedException", "The conditional request failed")


def values_in(expression):
    for sign in "(),":
        expression = expression.replace(sign, " ")
    found = {name: VALUES[name] for name in expression.split() if name in VALUES}
    return {"ExpressionAttributeValues": found} if found else {}


def refusal(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    response = error.value.response
    return response["Error"]["Code"], response["Error"]["Message"]


TRUE = [
    "a = five", "a <> :n", "a > :n AND a < :n9", "a >= five AND a <= five", "a <> s", "q <> :n",
    "s > :s", "b > :b", "t = :t", "z = :z", "l = :l", "m = :m", "ss = :ss", "m.z[0].w = :n2",
    "a BETWEEN :n AND :n9", ":n2 BETWEEN :n AND a", "a IN (:n, five)", "l IN (:l)",
    "attribute_exists(z)", "attribute_exists(l[2])", "attribute_not_exists(l[3])",
    "attribute_not_exists(s.x)", "attribute_type(a, :N)", "begins_with(s, :s)",
    "begins_with(s, e)", "begins_with(b, :b)", "contains(s, :s)", "contains(ss, :x)",
    "contains(ns, :n)", "contains(l, :n)", "size(s) > :n2", "size(l) > size(ss)",
    "size(m) = :n2", "size(e) < :n", "NOT a = :n", "NOT q = :n", "a = :n OR NOT s = :x",
    "a = five OR a = :n AND q = :n",
]
FALSE = [
    "a = :n", "a = s", "a < s", "q = :n", "q < :n", "q = r", "l[9] = :n", "a BETWEEN :n AND :n2",
    "a BETWEEN :n AND s", "q IN (:n)", "attribute_exists(q)", "attribute_exists(s[0])",
    "attribute_type(s, :N)", "begins_with(a, :s)", "begins_with(q, :s)", "contains(a, :n)",
    "contains(ss, :s)", "contains(ns, :x)", "size(a) = :n", "size(q) = :n", "NOT a = five",
    "(a = five OR a = :n) AND q = :n", "pk = :s",
]


@pytest.mark.parametrize("expression, holds", [(text, True) for text in TRUE] + [
    (text, False) for text in FALSE])
def test_conditions(client, table, expression, holds):
    client.put_item(TableName=table, Item=ITEM)
    request = {
        "TableName": table, "Key": KEY, "ConditionExpression": expression, **values_in(expression)}
    if holds:
        client.delete_item(**request)
    else:
        assert refusal(client.delete_item, **request) == FAILED
    left = client.get_item(TableName=table, Key=KEY, ConsistentRead=True)
    assert left.get("Item") == (None if holds else ITEM)


def test_what_is_not_there(client, table):
    absent = {"TableName": table, "Key": KEY}
    for expression in ("attribute_exists(pk)", "a = :n", "size(a) = :n"):
        request = {**absent, "ConditionExpression": expression, **values_in(expression)}
        assert refusal(client.delete_item, **request) == FAILED
        assert refusal(client.update_item, **request) == FAILED
    assert "Item" not in client.get_item(**absent, ConsistentRead=True)
    for expression in ("attribute_not_exists(pk)", "a <> :n", "NOT a = :n"):
        client.delete_item(**absent, ConditionExpression=expression, **values_in(expression))


@pytest.mark.parametrize("operation, rest", [
    ("PutItem", {"Item": KEY}), ("DeleteItem", {"Key": KEY}),
    ("UpdateItem", {"Key": KEY, "UpdateExpression": "REMOVE a"}),
])
def test_returns_the_item_of_a_failure(cluster, client, table, operation, rest):
    """By plain HTTP: not every boto3 knows ReturnValuesOnConditionCheckFailure."""
    client.put_item(TableName=table, Item=KEY)
    body = json.dumps({
        "TableName": table, "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD", **rest,
    })
    node = cluster.nodes[1]
    connection = http.client.HTTPConnection(node.host, node.port, timeout=30)
    connection.request("POST", "/", body, {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    })
    reply = connection.getresponse()
    assert reply.status == 400
    assert json.loads(reply.read()) == {
        "__type": f"com.amazonaws.dynamodb.v20120810#{FAILED[0]}", "message": FAILED[1],
        "Item": KEY,
    }


def test_returns_the_item_before(client, table):
    old = {"TableName": table, "ReturnValues": "ALL_OLD"}
    assert "Attributes" not in client.put_item(**old, Item=ITEM)
    assert client.put_item(**old, Item=KEY)["Attributes"] == ITEM
    assert client.delete_item(**old, Key=KEY)["Attributes"] == KEY
    assert "Attributes" not in client.delete_item(**old, Key=KEY)
    assert refusal(client.put_item, TableName=table, Item=KEY, ReturnValues="UPDATED_NEW") == (
        "ValidationException", "ReturnValues can only be ALL_OLD or NONE")


REFUSED = [
    ("a = :q", "An expression attribute value used in expression is not defined; attribute value: "
               ":q"),
    ("a = ", 'Syntax error; token: "<EOF>", near: "= "'),
    ("a < :t", "Incorrect operand type for operator or function; operator or function: <, operand "
               "type: BOOL"),
    ("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
    ("date = :n", "Attribute name is a reserved keyword; reserved keyword: date"),
]


@pytest.mark.parametrize("expression, message", REFUSED, ids=[case[0] for case in REFUSED])
def test_refuses(client, table, expression, message):
    request = {"Item": KEY, "ConditionExpression": expression, **values_in(expression)}
    assert refusal(client.put_item, TableName=table, **request) == (
        "ValidationException", f"Invalid ConditionExpression: {message}")


def test_one_of_many_wins(cluster, table):
    """Of concurrent creations of one item exactly one succeeds."""
    for round_number in range(5):
        key = {"pk": {"S": f"race {round_number}"}}
        outcomes = []

        def create(number):
            try:
                cluster.nodes[number % len(cluster.nodes)].boto().put_item(
                    TableName=table, Item={**key, "by": {"N": str(number)}},
                    ConditionExpression="attribute_not_exists(pk)")
                outcomes.append(number)
            except ClientError as error:
                assert error.response["Error"]["Code"] == FAILED[0]

        threads = [threading.Thread(target=create, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 1
        for node in cluster.nodes:
            reply = node.boto().get_item(TableName=table, Key=key, ConsistentRead=True)
            assert reply["Item"]["by"] == {"N": str(outcomes[0])}
