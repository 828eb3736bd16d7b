"""Draws requests: an operation's name and its body."""
import random

from draw import Draw
from expressions import Expressions
from legacy import LEGACY
from mutate import mutate
from world import schema

CAPACITY = ("INDEXES", "TOTAL", "NONE")
RETURN_VALUES = ("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
SELECTS = ("ALL_ATTRIBUTES", "COUNT", "SPECIFIC_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
TABLE_NAMES = ("oracle-new1", "oracle-new2")


class Requests:
    """A sequence of requests that one seed makes."""

    def __init__(self, seed, world):
        self.random = random.Random(seed)
        self.world = world
        self.draw = Draw(self.random, 0.0)

    def next(self):
        """(operation, body)"""
        draw = self.draw
        draw.daring = self.random.choice((0.0, 0.0, 0.03, 0.03, 0.1))
        operation, body = self.random.choices(OPERATIONS, WEIGHTS)[0](self)
        if draw.daring > 0 and draw.chance(0.2):
            body = mutate(draw, body)
        return operation, body

    # What many requests have.

    def table(self):
        return self.draw.one(self.world.tables)

    def request(self, table):
        draw = self.draw
        if draw.dares(0.3):
            return {"TableName": draw.one(("nosuchtable", "ab", "", "x" * 256, "bad name",
                                           "oracle.s", "ORACLE-S"))}
        return {"TableName": table.name}

    def may(self, body, name, choices, probability=0.2):
        """Gives the member one of the values, sometimes."""
        draw = self.draw
        if draw.chance(probability):
            body[name] = draw.one(choices)
        if draw.dares(0.2):
            body[name] = draw.one(("BOGUS", "", "none", 1, None, [], True))

    def legacy(self, body, *kinds):
        """Adds legacy parameters; False if it did not."""
        if "legacy" not in self.world.features or not self.draw.chance(0.25):
            return False
        for kind in kinds:
            LEGACY[kind](self.draw, body)
        return True

    # Single items.

    def get_item(self):
        draw, table = self.draw, self.table()
        body = {**self.request(table), "Key": draw.key(table)}
        old = self.legacy(body, "AttributesToGet")
        if draw.chance(0.4) and (not old or draw.dares()):
            self.projection(body)
        self.may(body, "ConsistentRead", (True, False))
        self.may(body, "ReturnConsumedCapacity", CAPACITY)
        return "GetItem", body

    def projection(self, body, expressions=None):
        own = expressions or Expressions(self.draw)
        body["ProjectionExpression"] = own.maybe_damage(own.projection())
        if expressions is None:
            own.give(body, values=self.draw.dares(0.2))

    def write(self, body, expressions, old):
        """What the writes of one item share."""
        draw = self.draw
        if draw.chance(0.5) and (not old or draw.dares()):
            body["ConditionExpression"] = expressions.maybe_damage(expressions.condition())
            self.may(body, "ReturnValuesOnConditionCheckFailure", ("ALL_OLD", "NONE"), 0.4)
        expressions.give(body)
        self.may(body, "ReturnConsumedCapacity", CAPACITY)
        self.may(body, "ReturnItemCollectionMetrics", ("SIZE", "NONE"), 0.1)

    def put_item(self):
        table = self.table()
        body = {**self.request(table), "Item": self.draw.item(table)}
        old = self.legacy(body, "Expected")
        self.may(body, "ReturnValues", RETURN_VALUES[:2 if self.draw.chance(0.9) else 5])
        self.write(body, Expressions(self.draw), old)
        return "PutItem", body

    def delete_item(self):
        table = self.table()
        body = {**self.request(table), "Key": self.draw.key(table)}
        old = self.legacy(body, "Expected")
        self.may(body, "ReturnValues", RETURN_VALUES[:2 if self.draw.chance(0.9) else 5])
        self.write(body, Expressions(self.draw), old)
        return "DeleteItem", body

    def update_item(self):
        draw, table = self.draw, self.table()
        body = {**self.request(table), "Key": draw.key(table)}
        old = self.legacy(body, *draw.one((("AttributeUpdates",),
                                           ("AttributeUpdates", "Expected"))))
        expressions = Expressions(draw)
        if draw.chance(0.95) and (not old or draw.dares()):
            text = expressions.update()
            if draw.dares(0.3):
                text += f" SET {draw.one(list(table.keys))} = {expressions.value('S')}"
            body["UpdateExpression"] = expressions.maybe_damage(text)
        self.may(body, "ReturnValues", RETURN_VALUES, 0.5)
        self.write(body, expressions, old)
        return "UpdateItem", body

    # Query and Scan.

    def page(self, body, expressions, old, keys):
        draw = self.draw
        if draw.chance(0.4) and (not old or draw.dares()):
            text = expressions.condition()
            if draw.dares(0.3):
                text += f" AND {draw.one(list(keys))} = {expressions.value('S')}"
            body["FilterExpression"] = expressions.maybe_damage(text)
        if draw.chance(0.2) and (not old or draw.dares()):
            self.projection(body, expressions)
        expressions.give(body)
        self.may(body, "Select", ("COUNT", "COUNT", *SELECTS), 0.2)
        self.may(body, "Limit", (1, 2, 3, 100, 0 if draw.dares() else 1))
        self.may(body, "ConsistentRead", (True, False))
        self.may(body, "ReturnConsumedCapacity", CAPACITY)

    def choose_index(self, body, table):
        """The keys that the request goes by."""
        draw = self.draw
        if table.indexes and draw.chance(0.5):
            index = draw.one(table.indexes)
            body["IndexName"] = index.name
            return {"pk": table.keys["pk"], index.sort_key: "N"}
        if draw.dares(0.2):
            body["IndexName"] = draw.one(("noindex", "x", "all"))
        return table.keys

    def query(self):
        draw, table = self.draw, self.table()
        body = self.request(table)
        keys = self.choose_index(body, table)
        expressions = Expressions(draw)
        old = self.legacy(body, *draw.one((("KeyConditions",), ("KeyConditions", "QueryFilter"))))
        if draw.chance(0.97) and (not old or draw.dares()):
            text = expressions.key_condition(keys)
            body["KeyConditionExpression"] = expressions.maybe_damage(text)
        self.page(body, expressions, old, keys)
        self.may(body, "ScanIndexForward", (True, False))
        if draw.chance(0.15):
            body["ExclusiveStartKey"] = self.start_key(table, keys)
        return "Query", body

    def start_key(self, table, keys):
        key = self.draw.key(table)
        if keys is not table.keys:
            missing = {name: kind for name, kind in keys.items() if name not in key}
            key.update({name: self.draw.key_value(kind) for name, kind in missing.items()})
        return key

    def scan(self):
        draw, table = self.draw, self.table()
        body = self.request(table)
        keys = self.choose_index(body, table)
        old = self.legacy(body, "ScanFilter")
        self.page(body, Expressions(draw), old, keys)
        if draw.chance(0.1):
            body["TotalSegments"] = draw.one((1, 2, 4, 0, 1000001))
            body["Segment"] = draw.one((0, 1, 3, 4, -1))
            if draw.dares():
                body.pop(draw.one(("TotalSegments", "Segment")))
        if draw.chance(0.1):
            body["ExclusiveStartKey"] = self.start_key(table, keys)
        return "Scan", body

    # Batches.

    def batch_get_item(self):
        draw, items = self.draw, {}
        for table in draw.some(self.world.tables, 2):
            keys = unlike(draw.key(table) for _ in range(self.few()))
            if draw.dares(0.3):
                keys.append(keys[0])
            entry = {"Keys": keys}
            self.legacy(entry, "AttributesToGet")
            if draw.chance(0.3) and "AttributesToGet" not in entry:
                self.projection(entry)
            self.may(entry, "ConsistentRead", (True, False))
            items[self.request(table)["TableName"]] = entry
        body = {"RequestItems": items}
        self.may(body, "ReturnConsumedCapacity", CAPACITY)
        return "BatchGetItem", body

    def few(self):
        draw = self.draw
        return draw.one((26, 101, 0)) if draw.dares(0.1) else draw.random.randint(1, 3)

    def batch_write_item(self):
        draw, items = self.draw, {}
        for table in draw.some(self.world.tables, 2):
            seen = unlike(draw.key(table) for _ in range(self.few()))
            if draw.dares(0.3):
                seen.append(seen[0])
            items[self.request(table)["TableName"]] = [self.batch_entry(key) for key in seen]
        body = {"RequestItems": items}
        self.may(body, "ReturnConsumedCapacity", CAPACITY)
        self.may(body, "ReturnItemCollectionMetrics", ("SIZE", "NONE"), 0.1)
        return "BatchWriteItem", body

    def batch_entry(self, key):
        draw = self.draw
        put = {"PutRequest": {"Item": {**key, **draw.attributes()}}}
        delete = {"DeleteRequest": {"Key": key}}
        if draw.dares(0.2):
            return draw.one(({}, {**put, **delete}, {"PutRequest": {}}, {"DeleteRequest": None},
                             {"PutRequest": None}))
        return put if draw.chance(0.6) else delete

    # Tables.

    def create_table(self):
        draw = self.draw
        keys = draw.one((("pk",), ("pk", "sk")))
        body = {
            "TableName": draw.one(TABLE_NAMES),
            "AttributeDefinitions": [
                {"AttributeName": key, "AttributeType": draw.one("SNB")} for key in keys],
            "KeySchema": schema(*keys),
        }
        if draw.dares():
            body["AttributeDefinitions"].append({"AttributeName": "a",
                                                 "AttributeType": draw.one("SNBX")})
        if draw.dares():
            body["KeySchema"].append({"AttributeName": draw.one(("a", "pk")),
                                      "KeyType": draw.one(("HASH", "RANGE"))})
        if draw.dares():
            body["KeySchema"].reverse()
        self.throughput(body)
        if "indexes" in self.world.features and draw.chance(0.3):
            self.indexes(body)
        self.may(body, "DeletionProtectionEnabled", (False,), 0.1)
        self.may(body, "TableClass", ("STANDARD",), 0.1)
        return "CreateTable", body

    def throughput(self, body):
        draw = self.draw
        if draw.chance(0.6):
            body["BillingMode"] = draw.one(("PAY_PER_REQUEST", "PROVISIONED"))
        if body.get("BillingMode") != "PAY_PER_REQUEST" or draw.dares():
            body["ProvisionedThroughput"] = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
            if draw.dares():
                unit = draw.one(list(body["ProvisionedThroughput"]))
                body["ProvisionedThroughput"][unit] = draw.one((0, -1, 1 << 60, "5", 1.5, None))

    def indexes(self, body):
        draw = self.draw
        index = {
            "IndexName": draw.one(("byn", "other")), "KeySchema": schema("pk", "n"),
            "Projection": {"ProjectionType": draw.one(("ALL", "KEYS_ONLY", "INCLUDE"))},
        }
        if index["Projection"]["ProjectionType"] == "INCLUDE" or draw.dares():
            names = draw.one((["a"], ["a", "b"], [], ["a", "a"], ["pk"]))
            index["Projection"]["NonKeyAttributes"] = names
        body["LocalSecondaryIndexes"] = [index] * (2 if draw.dares() else 1)
        if not draw.dares():
            body["AttributeDefinitions"].append({"AttributeName": "n", "AttributeType": "N"})

    def delete_table(self):
        return "DeleteTable", {"TableName": self.draw.one(TABLE_NAMES)}

    def describe_table(self):
        return "DescribeTable", self.request(self.table())

    def list_tables(self):
        body = {}
        self.may(body, "Limit", (1, 2, 100, 0, 101, -1), 0.5)
        self.may(body, "ExclusiveStartTableName", ("oracle-n", "oracle-", "zzz", "a", ""), 0.4)
        return "ListTables", body

    def update_table(self):
        draw = self.draw
        body = {"TableName": draw.one(TABLE_NAMES)}
        if draw.chance(0.7):
            self.throughput(body)
            if draw.chance(0.5) and "ProvisionedThroughput" in body:
                body["ProvisionedThroughput"] = {"ReadCapacityUnits": 6, "WriteCapacityUnits": 7}
        self.may(body, "DeletionProtectionEnabled", (False,), 0.1)
        return "UpdateTable", body

    def time_to_live(self):
        draw = self.draw
        if draw.chance(0.5):
            return "DescribeTimeToLive", self.request(self.table())
        body = {"TableName": draw.one(TABLE_NAMES), "TimeToLiveSpecification": {
            "Enabled": draw.chance(0.6),
            "AttributeName": draw.one(("expires", "pk", "", "x" * 256, "a"))}}
        return "UpdateTimeToLive", body


def unlike(keys):
    """Without those that occurred before."""
    kept = []
    for key in keys:
        if key not in kept:
            kept.append(key)
    return kept


MIX = (
    (Requests.get_item, 12), (Requests.put_item, 16), (Requests.delete_item, 10),
    (Requests.update_item, 26), (Requests.query, 26), (Requests.scan, 14),
    (Requests.batch_get_item, 8), (Requests.batch_write_item, 8),
    (Requests.create_table, 1.2), (Requests.delete_table, 0.6), (Requests.describe_table, 0.8),
    (Requests.list_tables, 1.5), (Requests.update_table, 0.8), (Requests.time_to_live, 0.8),
)
OPERATIONS = [function for function, _ in MIX]
WEIGHTS = [weight for _, weight in MIX]
