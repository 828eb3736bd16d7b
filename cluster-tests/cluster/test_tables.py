"""Operations on tables, by boto3."""
import uuid

import pytest
from botocore.exceptions import ClientError

from conftest import create_table


def code_of(error):
    return error.value.response["Error"]["Code"]


def test_life_of_a_table(client):
    name = create_table(client, sort_key=True)
    description = client.describe_table(TableName=name)["Table"]
    assert description["TableStatus"] == "ACTIVE"
    assert description["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}
    ]
    assert description["TableArn"].endswith(f":table/{name}")
    client.get_waiter("table_exists").wait(TableName=name)
    with pytest.raises(ClientError) as error:
        create_table(client, name)
    assert code_of(error) == "ResourceInUseException"
    assert client.delete_table(TableName=name)["TableDescription"]["TableName"] == name
    client.get_waiter("table_not_exists").wait(TableName=name)
    with pytest.raises(ClientError) as error:
        client.describe_table(TableName=name)
    assert code_of(error) == "ResourceNotFoundException"


def test_a_table_is_known_to_every_node_at_once(cluster):
    for maker in cluster.nodes:
        name = create_table(maker.boto())
        for node in cluster.nodes:
            node.boto().put_item(TableName=name, Item={"pk": {"S": node.name}})
        maker.boto().delete_table(TableName=name)
        for node in cluster.nodes:
            with pytest.raises(ClientError) as error:
                node.boto().get_item(TableName=name, Key={"pk": {"S": "x"}})
            assert code_of(error) == "ResourceNotFoundException"


def test_a_table_made_again_is_empty(client):
    name = create_table(client)
    client.put_item(TableName=name, Item={"pk": {"S": "old"}})
    client.delete_table(TableName=name)
    create_table(client, name)
    assert client.scan(TableName=name, ConsistentRead=True)["Items"] == []
    client.delete_table(TableName=name)


def test_list_tables_by_pages(client):
    prefix = f"list-{uuid.uuid4().hex[:8]}"
    names = [create_table(client, f"{prefix}-{number}") for number in range(5)]
    pages = client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2})
    listed = [name for page in pages for name in page["TableNames"]]
    assert [name for name in listed if name.startswith(prefix)] == names
    assert listed == sorted(listed)
    for name in names:
        client.delete_table(TableName=name)


def test_update_table(client, table):
    client.update_table(
        TableName=table, BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 5},
    )
    description = client.describe_table(TableName=table)["Table"]
    assert description["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    assert description["ProvisionedThroughput"]["WriteCapacityUnits"] == 5


def test_tags(client, table):
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[
        {"Key": "team", "Value": "carts"}, {"Key": "cartwheel:r", "Value": "2"}
    ])
    tags = client.list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "carts", "cartwheel:r": "2"}
    client.untag_resource(ResourceArn=arn, TagKeys=["team", "cartwheel:r"])
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == []


@pytest.mark.parametrize("key, value", [
    ("cartwheel:n", "0"), ("cartwheel:n", "99"), ("cartwheel:r", "4"), ("cartwheel:w", "0"),
    ("cartwheel:w", "x"), ("cartwheel:sloppy", "perhaps"),
])
def test_impossible_consistency_is_refused(client, table, key, value):
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    with pytest.raises(ClientError) as error:
        client.tag_resource(ResourceArn=arn, Tags=[{"Key": key, "Value": value}])
    assert code_of(error) == "ValidationException"


def test_consistency_at_creation(cluster):
    client = cluster.nodes[0].boto()
    name = create_table(client, Tags=[
        {"Key": "cartwheel:n", "Value": "2"}, {"Key": "cartwheel:r", "Value": "2"},
        {"Key": "cartwheel:w", "Value": "2"}, {"Key": "cartwheel:sloppy", "Value": "false"},
    ])
    client.put_item(TableName=name, Item={"pk": {"S": "a"}, "value": {"N": "1"}})
    for node in cluster.nodes:
        item = node.boto().get_item(TableName=name, Key={"pk": {"S": "a"}})["Item"]
        assert item["value"] == {"N": "1"}
    client.delete_table(TableName=name)


def test_describe_limits(client):
    limits = client.describe_limits()
    assert limits["TableMaxReadCapacityUnits"] > 0


def test_describe_endpoints(client):
    assert client.describe_endpoints()["Endpoints"][0]["Address"]


def test_what_is_not_there_yet_is_refused(client, table):
    with pytest.raises(ClientError) as error:
        client.list_backups()
    assert error.value.response["Error"] == {
        "Code": "UnknownOperationException",
        "Message": "The operation ListBackups is not supported yet",
    }
    with pytest.raises(ClientError) as error:
        client.put_item(TableName=table, Item={"pk": {"S": "a"}},
                        Expected={"pk": {"Exists": False}})
    assert code_of(error) == "ValidationException"
