#!/usr/bin/python3
"""The carts that quickstart.sh shows: real DynamoDB calls by boto3.

Usage: quickstart-demo.py fill ENDPOINT             create Carts, put each customer's cart
       quickstart-demo.py shop ENDPOINT...          read and fill the carts, through each in turn
       quickstart-demo.py check ENDPOINT ROUND      the carts as they must be after that round
"""
import sys

import boto3
from botocore.config import Config

CUSTOMERS = ["ada", "alan", "barbara", "edsger", "frances", "grace", "ken", "niklaus"]
WARES = {1: ["tea"], 2: ["tea", "cake"]}


def carts(endpoint):
    config = Config(connect_timeout=2, read_timeout=12, retries={"max_attempts": 8})
    return boto3.resource("dynamodb", endpoint_url=endpoint, config=config).Table("Carts")


def create(table):
    client = table.meta.client
    try:
        client.create_table(
            TableName="Carts",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "customer", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "customer", "KeyType": "HASH"}],
        )
    except client.exceptions.ResourceInUseException:
        return
    client.get_waiter("table_exists").wait(TableName="Carts", WaiterConfig={"Delay": 1})


def put(table, customer, number):
    table.put_item(Item={"customer": customer, "round": number, "wares": WARES[number]})


def must_hold(table, customer, number, consistent):
    item = table.get_item(Key={"customer": customer}, ConsistentRead=consistent).get("Item")
    if item is None or item["round"] != number or item["wares"] != WARES[number]:
        sys.exit(f"the cart of {customer} should hold {WARES[number]}, but it is {item}")


def fill(endpoint):
    table = carts(endpoint)
    create(table)
    for customer in CUSTOMERS:
        put(table, customer, 1)
    print(f"      put {len(CUSTOMERS)} carts through {endpoint}")


def shop(*endpoints):
    tables = [carts(endpoint) for endpoint in endpoints]
    for turn, customer in enumerate(CUSTOMERS):
        must_hold(tables[turn % len(tables)], customer, 1, True)
        put(tables[(turn + 1) % len(tables)], customer, 2)
        must_hold(tables[turn % len(tables)], customer, 2, True)
    print(f"      read and changed all {len(CUSTOMERS)} carts through {', '.join(endpoints)}")


def check(endpoint, number):
    table = carts(endpoint)
    for customer in CUSTOMERS:
        must_hold(table, customer, int(number), False)
    print(f"      all {len(CUSTOMERS)} carts are as they should be, read through {endpoint}")


if __name__ == "__main__":
    {"fill": fill, "shop": shop, "check": check}[sys.argv[1]](*sys.argv[2:])
