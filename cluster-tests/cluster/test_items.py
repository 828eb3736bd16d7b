"""Operations on items, by boto3's client and resource."""
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError

EVERY_TYPE = {
    "pk": "all", "string": "é✓", "number": Decimal("-12345678901234567890123456789.012345678"),
    "binary": b"\x00\xff", "true": True, "none": None, "list": [Decimal(1), "two", [b"3"]],
    "map": {"a": {"b": {"c": Decimal("0.1")}}}, "strings": {"x", "y"},
    "numbers": {Decimal(1), Decimal("2.5")}, "binaries": {b"a", b"b"}, "empty": "",
}


def plain(value):
    """boto3 wraps binary values on the way back."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, set)):
        return type(value)(plain(entry) for entry in value)
    return value.value if hasattr(value, "value") else value


def code_of(error):
    return error.value.response["Error"]["Code"]


def test_every_type_comes_back(cluster, table):
    cluster.nodes[0].boto("resource").Table(table).put_item(Item=EVERY_TYPE)
    for node in cluster.nodes:
        resource = node.boto("resource").Table(table)
        item = resource.get_item(Key={"pk": "all"}, ConsistentRead=True)["Item"]
        assert plain(item) == EVERY_TYPE


def test_put_through_each_get_through_each(cluster, table):
    for writer in cluster.nodes:
        for round_number in range(10):
            key = {"pk": {"S": f"{writer.name}-{round_number}"}}
            writer.boto().put_item(TableName=table, Item={**key, "by": {"S": writer.name}})
            for reader in cluster.nodes:
                reply = reader.boto().get_item(TableName=table, Key=key, ConsistentRead=True)
                assert reply["Item"]["by"] == {"S": writer.name}


def test_delete(cluster, table):
    key = {"pk": {"S": "gone"}}
    cluster.nodes[0].boto().put_item(TableName=table, Item=key)
    cluster.nodes[1].boto().delete_item(TableName=table, Key=key)
    for node in cluster.nodes:
        reply = node.boto().get_item(TableName=table, Key=key, ConsistentRead=True)
        assert "Item" not in reply
    cluster.nodes[2].boto().delete_item(TableName=table, Key=key)


def test_projection_and_consumed_capacity(client, table):
    client.put_item(TableName=table, Item={
        "pk": {"S": "a"}, "keep": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, "drop": {"S": "z"}
    })
    reply = client.get_item(
        TableName=table, Key={"pk": {"S": "a"}}, ProjectionExpression="#k.x",
        ExpressionAttributeNames={"#k": "keep"}, ConsistentRead=True,
        ReturnConsumedCapacity="TOTAL",
    )
    assert reply["Item"] == {"keep": {"M": {"x": {"N": "1"}}}}
    assert reply["ConsumedCapacity"]["CapacityUnits"] == 1.0


def test_batches(cluster, table):
    with cluster.nodes[0].boto("resource").Table(table).batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"pk": f"b{number}", "value": number})
    keys = [{"pk": {"S": f"b{number}"}} for number in range(60)]
    reply = cluster.nodes[1].boto().batch_get_item(
        RequestItems={table: {"Keys": keys, "ConsistentRead": True}}
    )
    assert reply["UnprocessedKeys"] == {}
    found = {item["pk"]["S"]: item["value"]["N"] for item in reply["Responses"][table]}
    assert found == {f"b{number}": str(number) for number in range(60)}


def test_query(cluster, sorted_table):
    with cluster.nodes[0].boto("resource").Table(sorted_table).batch_writer() as batch:
        for number in range(40):
            batch.put_item(Item={"pk": "cart", "sk": f"{number:03}", "pad": "x" * 50})
    client = cluster.nodes[1].boto()
    pages = client.get_paginator("query").paginate(
        TableName=sorted_table, KeyConditionExpression="pk = :p AND sk BETWEEN :a AND :b",
        ExpressionAttributeValues={
            ":p": {"S": "cart"}, ":a": {"S": "005"}, ":b": {"S": "030"}
        }, ConsistentRead=True, ScanIndexForward=False, PaginationConfig={"PageSize": 7},
    )
    keys = [item["sk"]["S"] for page in pages for item in page["Items"]]
    assert keys == [f"{number:03}" for number in range(30, 4, -1)]
    reply = client.query(
        TableName=sorted_table, KeyConditionExpression="pk = :p AND begins_with(sk, :s)",
        ExpressionAttributeValues={":p": {"S": "cart"}, ":s": {"S": "01"}}, Select="COUNT",
    )
    assert reply["Count"] == 10


def test_filters(cluster, sorted_table):
    with cluster.nodes[0].boto("resource").Table(sorted_table).batch_writer() as batch:
        for number in range(30):
            batch.put_item(Item={"pk": "cart", "sk": f"{number:03}", "size": number % 3})
    client = cluster.nodes[1].boto()
    reply = client.query(
        TableName=sorted_table, KeyConditionExpression="pk = :p", FilterExpression="#s = :one",
        ExpressionAttributeNames={"#s": "size"},
        ExpressionAttributeValues={":p": {"S": "cart"}, ":one": {"N": "1"}}, ConsistentRead=True,
    )
    assert (reply["Count"], reply["ScannedCount"]) == (10, 30)
    assert [item["sk"]["S"] for item in reply["Items"]] == [f"{n:03}" for n in range(1, 30, 3)]
    pages = list(client.get_paginator("scan").paginate(
        TableName=sorted_table, FilterExpression="sk < :k", Select="COUNT", ConsistentRead=True,
        ExpressionAttributeValues={":k": {"S": "007"}}, PaginationConfig={"PageSize": 4},
    ))
    assert sum(page["Count"] for page in pages) == 7
    assert sum(page["ScannedCount"] for page in pages) == 30


def test_query_of_a_megabyte_is_paged(cluster, sorted_table):
    client = cluster.nodes[0].boto()
    for number in range(12):
        client.put_item(TableName=sorted_table, Item={
            "pk": {"S": "big"}, "sk": {"S": f"{number:02}"}, "pad": {"B": b"x" * 200_000}
        })
    request = {
        "TableName": sorted_table, "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "big"}}, "ConsistentRead": True,
    }
    first = client.query(**request)
    assert "LastEvaluatedKey" in first
    assert first["Count"] < 12
    pages = client.get_paginator("query").paginate(**request)
    assert sum(page["Count"] for page in pages) == 12


def test_scan(cluster, table):
    with cluster.nodes[0].boto("resource").Table(table).batch_writer() as batch:
        for number in range(100):
            batch.put_item(Item={"pk": f"s{number}"})
    client = cluster.nodes[2].boto()
    expected = {f"s{number}" for number in range(100)}
    pages = client.get_paginator("scan").paginate(
        TableName=table, ConsistentRead=True, PaginationConfig={"PageSize": 13}
    )
    keys = [item["pk"]["S"] for page in pages for item in page["Items"]]
    assert sorted(keys) == sorted(expected)
    segments = [
        item["pk"]["S"] for segment in range(4) for item in client.scan(
            TableName=table, ConsistentRead=True, Segment=segment, TotalSegments=4)["Items"]
    ]
    assert sorted(segments) == sorted(expected)


@pytest.mark.parametrize("request_item", [
    {"pk": {"N": "1"}}, {"other": {"S": "a"}}, {"pk": {"S": ""}}, {"pk": {"S": "k" * 2049}},
    {"pk": {"S": "a"}, "n": {"N": "1e200"}}, {"pk": {"S": "a"}, "s": {"SS": ["x", "x"]}},
])
def test_invalid_items_are_refused(client, table, request_item):
    with pytest.raises(ClientError) as error:
        client.put_item(TableName=table, Item=request_item)
    assert code_of(error) == "ValidationException"


def test_item_size_limit(cluster, table):
    client = cluster.nodes[0].boto()
    item = {"pk": {"S": "big"}, "data": {"B": b"\x01" * (399 * 1024)}}
    client.put_item(TableName=table, Item=item)
    for node in cluster.nodes:
        reply = node.boto().get_item(
            TableName=table, Key={"pk": {"S": "big"}}, ConsistentRead=True)
        assert reply["Item"] == item
    with pytest.raises(ClientError) as error:
        item["data"] = {"B": b"\x01" * (400 * 1024)}
        client.put_item(TableName=table, Item=item)
    assert code_of(error) == "ValidationException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
