"""The parameters that expressions replaced, by boto3, as applications from before expressions use
them: a shop with stock, orders and carts, its clients at all nodes."""
import threading

import pytest
from botocore.exceptions import ClientError

CLIENTS = 6
FAILED = "ConditionalCheckFailedException"


def code_of(call, **request):
    """None, or the error."""
    try:
        call(**request)
        return None
    except ClientError as error:
        return error.response["Error"]["Code"]


def comparison(operator, *values):
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


@pytest.fixture
def clients(cluster):
    return [node.boto() for node in cluster.nodes]


def order_of(number):
    return {
        "pk": {"S": "customer"}, "sk": {"S": f"2026-0{number}"}, "total": {"N": str(number * 10)},
        "state": {"S": "paid" if number % 2 else "open"}, "tags": {"SS": ["all", f"t{number}"]},
        **({"note": {"S": "gift"}} if number > 3 else {}),
    }


@pytest.fixture
def orders(client, sorted_table):
    for number in range(1, 6):
        client.put_item(TableName=sorted_table, Item=order_of(number))
    return sorted_table


def found(answer):
    return [item["sk"]["S"][-1] for item in answer["Items"]]


def customer_is(name="customer"):
    return {"pk": comparison("EQ", {"S": name})}


QUERIES = [
    ({}, "12345"),
    ({"sk": comparison("BEGINS_WITH", {"S": "2026-0"})}, "12345"),
    ({"sk": comparison("BETWEEN", {"S": "2026-02"}, {"S": "2026-04"})}, "234"),
    ({"sk": comparison("LT", {"S": "2026-03"})}, "12"),
    ({"sk": comparison("GE", {"S": "2026-04"})}, "45"),
    ({"sk": comparison("EQ", {"S": "2026-04"})}, "4"),
]


@pytest.mark.parametrize("on_sort_key, numbers", QUERIES)
def test_queries_by_key_conditions(clients, orders, on_sort_key, numbers):
    for client in clients:
        answer = client.query(
            TableName=orders, KeyConditions={**customer_is(), **on_sort_key}, ConsistentRead=True)
        assert found(answer) == list(numbers)


FILTERS = [
    ({"state": comparison("EQ", {"S": "open"})}, {}, "24"),
    ({"state": comparison("NE", {"S": "open"})}, {}, "135"),
    ({"total": comparison("IN", {"N": "10"}, {"N": "30.0"}, {"N": "7"})}, {}, "13"),
    ({"note": comparison("NULL")}, {}, "123"),
    ({"note": comparison("NOT_NULL")}, {}, "45"),
    ({"note": comparison("NE", {"S": "gift"})}, {}, "123"),
    ({"note": comparison("NOT_CONTAINS", {"S": "x"})}, {}, "45"),
    ({"tags": comparison("CONTAINS", {"S": "t3"})}, {}, "3"),
    ({"tags": comparison("NOT_CONTAINS", {"S": "t3"})}, {}, "1245"),
    ({"total": comparison("GT", {"N": "25"}), "state": comparison("EQ", {"S": "paid"})}, {}, "35"),
    ({"total": comparison("GT", {"N": "35"}), "state": comparison("EQ", {"S": "paid"})},
     {"ConditionalOperator": "OR"}, "1345"),
]


@pytest.mark.parametrize("conditions, more, numbers", FILTERS)
def test_filters(clients, orders, conditions, more, numbers):
    for client in clients:
        queried = client.query(
            TableName=orders, KeyConditions=customer_is(), QueryFilter=conditions,
            ConsistentRead=True, **more)
        assert found(queried) == list(numbers)
        assert (queried["Count"], queried["ScannedCount"]) == (len(numbers), 5)
        scanned = client.scan(TableName=orders, ScanFilter=conditions, ConsistentRead=True, **more)
        assert sorted(found(scanned)) == list(numbers)


def test_pages_of_a_filtered_query(client, orders):
    """The filter comes after the limit; the starting key goes on where the page ended."""
    request = {
        "TableName": orders, "KeyConditions": customer_is(), "Limit": 2, "ConsistentRead": True,
        "QueryFilter": {"state": comparison("EQ", {"S": "open"})}, "ScanIndexForward": False,
        "AttributesToGet": ["sk", "total"],
    }
    pages, start = [], {}
    while start is not None:
        answer = client.query(**request, **start)
        pages.append([item["total"]["N"] for item in answer["Items"]])
        start = answer.get("LastEvaluatedKey")
        start = start and {"ExclusiveStartKey": start}
    assert pages == [["40"], ["20"], []]


def test_attributes_to_get(client, orders):
    key = {"pk": {"S": "customer"}, "sk": {"S": "2026-04"}}
    wanted = ["total", "note", "missing"]
    shown = {"total": {"N": "40"}, "note": {"S": "gift"}}
    answer = client.get_item(
        TableName=orders, Key=key, AttributesToGet=wanted, ConsistentRead=True)
    assert answer["Item"] == shown
    batch = {orders: {"Keys": [key], "AttributesToGet": wanted, "ConsistentRead": True}}
    assert client.batch_get_item(RequestItems=batch)["Responses"] == {orders: [shown]}


def test_stock_is_never_oversold(clients, table):
    """Everybody takes one at a time, as long as Expected says that it is still what was read."""
    key = {"pk": {"S": "stock"}}
    stock = 12
    clients[0].put_item(TableName=table, Item={**key, "left": {"N": str(stock)}})
    taken = [0] * CLIENTS

    def buy(number):
        client = clients[number % len(clients)]
        for _ in range(200):
            item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
            if item["left"] == {"N": "0"}:
                return
            error = code_of(
                client.update_item, TableName=table, Key=key,
                AttributeUpdates={
                    "left": {"Action": "ADD", "Value": {"N": "-1"}},
                    "buyers": {"Action": "ADD", "Value": {"SS": [f"b{number}"]}},
                    "log": {"Action": "ADD", "Value": {"L": [{"N": str(number)}]}},
                }, Expected={"left": {"Value": item["left"]}})
            assert error in (None, FAILED)
            taken[number] += error is None

    threads = [threading.Thread(target=buy, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    item = clients[1].get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    assert item["left"] == {"N": "0"} and sum(taken) == stock
    log = [int(entry["N"]) for entry in item["log"]["L"]]
    assert [log.count(number) for number in range(CLIENTS)] == taken
    assert set(item["buyers"]["SS"]) == {f"b{number}" for number in set(log)}


def test_a_session_with_a_version(clients, table):
    """Made once, changed by whoever has the newest version, deleted by its owner alone."""
    one, two, three = clients
    key = {"pk": {"S": "session"}}
    item = {**key, "owner": {"S": "ann"}, "version": {"N": "1"}, "roles": {"SS": ["a", "b"]}}
    fresh = {"TableName": table, "Item": item, "Expected": {"pk": {"Exists": False}}}
    assert code_of(one.put_item, **fresh) is None
    assert code_of(two.put_item, **fresh) == FAILED

    def change(client, version, **updates):
        return client.update_item(
            TableName=table, Key=key, ReturnValues="UPDATED_NEW",
            AttributeUpdates={"version": {"Action": "ADD", "Value": {"N": "1"}}, **updates},
            Expected={"version": {"Value": {"N": str(version)}, "Exists": True}})

    answer = change(two, 1, roles={"Action": "DELETE", "Value": {"SS": ["a"]}},
                    place={"Value": {"M": {"city": {"S": "Bonn"}}}})
    assert answer["Attributes"] == {
        "version": {"N": "2"}, "roles": {"SS": ["b"]}, "place": {"M": {"city": {"S": "Bonn"}}}}
    with pytest.raises(ClientError, match="The conditional request failed"):
        change(three, 1, roles={"Action": "DELETE"})
    answer = change(three, 2, roles={"Action": "DELETE", "Value": {"SS": ["b"]}},
                    place={"Action": "DELETE"})
    assert answer["Attributes"] == {"version": {"N": "3"}}

    def leave(client, owner):
        return code_of(
            client.delete_item, TableName=table, Key=key, ConditionalOperator="OR", Expected={
                "owner": comparison("EQ", {"S": owner}), "version": comparison("GT", {"N": "9"})})

    assert leave(one, "bob") == FAILED
    assert leave(two, "ann") is None
    assert "Item" not in three.get_item(TableName=table, Key=key, ConsistentRead=True)
    assert leave(two, "ann") == FAILED


def test_deleting_attributes_makes_no_item(clients, table):
    key = {"pk": {"S": "nobody"}}
    for client in clients:
        answer = client.update_item(
            TableName=table, Key=key, AttributeUpdates={"a": {"Action": "DELETE"}},
            Expected={"a": {"Exists": False}}, ReturnValues="ALL_NEW")
        assert "Attributes" not in answer
        assert "Item" not in client.get_item(TableName=table, Key=key, ConsistentRead=True)


def test_refusals(client, table):
    key = {"pk": {"S": "x"}}
    mixed = (
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributeUpdates, Expected} Expression parameters: "
        "{ConditionExpression}")
    for request, message in [
        ({"AttributeUpdates": {"a": {"Action": "DELETE"}}, "Expected": {"a": {"Exists": False}},
          "ConditionExpression": "a = b"}, mixed),
        ({"ConditionalOperator": "OR"},
         "ConditionalOperator cannot be used without Filter or Expected"),
        ({"Expected": {"a": {"ComparisonOperator": "SAME"}}},
         "1 validation error detected: Value 'SAME' at 'expected.a.member.comparisonOperator' "
         "failed to satisfy constraint: Member must satisfy enum value set: [IN, NULL, BETWEEN, LT,"
         " NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]"),
        ({"AttributeUpdates": {"pk": {"Value": {"S": "y"}}}},
         "One or more parameter values were invalid: Cannot update attribute pk. This attribute is "
         "part of the key"),
    ]:
        with pytest.raises(ClientError) as error:
            client.update_item(TableName=table, Key=key, **request)
        assert error.value.response["Error"] == {"Code": "ValidationException", "Message": message}
    assert "Item" not in client.get_item(TableName=table, Key=key, ConsistentRead=True)
