"""Operations on tables, by boto3."""
import uuid

import pytest
from botocore.exceptions import ClientError

from cluster import wait_until
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


def counted(client, table):
    description = client.describe_table(TableName=table)["Table"]
    return description["ItemCount"], description["TableSizeBytes"]


def test_items_are_counted_by_and_by(cluster, table):
    """By whichever node is asked; the figures are the same on all."""
    for number in range(50):
        cluster.nodes[0].boto().put_item(
            TableName=table, Item={"pk": {"S": f"{number:04}"}, "v": {"S": "x" * 93}}
        )
    for node in cluster.nodes:
        client = node.boto()
        wait_until(lambda: counted(client, table) == (50, 5000), 60, "50 items counted")


def test_a_table_by_its_arn(cluster, table):
    client = cluster.nodes[1].boto()
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    client.put_item(TableName=arn, Item={"pk": {"S": "a"}})
    assert client.get_item(TableName=table, Key={"pk": {"S": "a"}})["Item"] == {"pk": {"S": "a"}}
    assert client.scan(TableName=arn)["Count"] == 1
    for other, code in ((arn.replace("us-east-1", "eu-west-1"), "ValidationException"),
                        (arn.replace(arn.split(":")[4], "9" * 12), "AccessDeniedException")):
        with pytest.raises(ClientError) as error:
            client.scan(TableName=other)
        assert code_of(error) == code


def test_throughput_and_class(cluster, table):
    client = cluster.nodes[0].boto(retries={"total_max_attempts": 1})  # limits would be retried

    def update(**options):
        answer = client.update_table(TableName=table, **options)["TableDescription"]
        assert answer["TableStatus"] == "UPDATING"
        client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
        return client.describe_table(TableName=table)["Table"]

    units = {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}
    description = update(BillingMode="PROVISIONED", ProvisionedThroughput=units)
    assert description["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert description["ProvisionedThroughput"]["LastIncreaseDateTime"]
    for less in (8, 7, 6, 5):
        units["ReadCapacityUnits"] = less
        description = update(ProvisionedThroughput=units)
    assert description["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 4
    units["ReadCapacityUnits"] = 4
    with pytest.raises(ClientError) as error:
        update(ProvisionedThroughput=units)
    assert code_of(error) == "LimitExceededException"
    description = update(BillingMode="PAY_PER_REQUEST", TableClass="STANDARD_INFREQUENT_ACCESS")
    assert description["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert description["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"


def test_time_to_live(client, table):
    def switch(enabled):
        return client.update_time_to_live(TableName=table, TimeToLiveSpecification={
            "Enabled": enabled, "AttributeName": "until"
        })["TimeToLiveSpecification"]

    def status():
        described = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        return described["TimeToLiveStatus"]

    assert status() == "DISABLED"
    assert switch(True) == {"Enabled": True, "AttributeName": "until"}
    wait_until(lambda: status() == "ENABLED", 10, "time to live enabled")
    with pytest.raises(ClientError) as error:
        switch(True)
    assert error.value.response["Error"]["Message"] == "TimeToLive is already enabled"
    switch(False)
    wait_until(lambda: status() == "DISABLED", 10, "time to live disabled")


def test_continuous_backups_are_off(client, table):
    described = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert described["ContinuousBackupsStatus"] == "DISABLED"


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
        client.update_table(TableName=table, ReplicaUpdates=[{"Create": {"RegionName": "x"}}])
    assert error.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "The parameter ReplicaUpdates is not supported yet",
    }
