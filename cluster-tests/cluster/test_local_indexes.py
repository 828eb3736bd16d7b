"""Local secondary indexes: every kind of Query and Scan through them, and what they hold while
items change and nodes are killed."""
import itertools
import operator
import random
import threading
import time
from functools import partial

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from cluster import ONCE, Cluster, wait_until
from indexed import (INDEXES, TYPES, VALUES, create, created, draw_item, expected, in_order,
                     key_schema, pages, projected, projection, query)

QUICK = {"probe_interval_ms": 300, "probe_timeout_ms": 150}
WRITERS = 4
WRITES = 500  # of each writer
ITEMS = 12    # of a collection that they write
RELATIONS = {"eq": operator.eq, "lt": operator.lt, "lte": operator.le, "gt": operator.gt,
             "gte": operator.ge}


def spread(nodes, name, **options):
    """The table as each node has it, in turn."""
    return itertools.cycle([node.boto("resource", **options).Table(name) for node in nodes])


@pytest.fixture
def tables(cluster, client):
    """A table with indexes; each request is for the next node."""
    with created(client) as name:
        yield spread(cluster.nodes, name)


def fill(tables, pk, count):
    """Puts items into a collection; returns them."""
    chance = random.Random(pk)
    items = [draw_item(chance, pk, f"s{number:02}") for number in range(count)]
    with next(tables).batch_writer() as batch:
        for item in items:
            batch.put_item(Item=item)
    return items


def refused(call, **options):
    with pytest.raises(ClientError) as error:
        call(**options)
    return error.value.response["Error"]["Code"]


def test_every_node_describes_the_indexes(cluster, client):
    name = create(client)
    for node in cluster.nodes:
        description = node.boto().describe_table(TableName=name)["Table"]
        assert {definition["AttributeName"]: definition["AttributeType"]
                for definition in description["AttributeDefinitions"]} == TYPES
        for found in description["LocalSecondaryIndexes"]:
            key, attributes = INDEXES[found["IndexName"]]
            assert found["KeySchema"] == key_schema(key)
            assert found["Projection"] == projection(attributes)
            assert found["IndexArn"] == f"{description['TableArn']}/index/{found['IndexName']}"
        assert [found["IndexName"] for found in description["LocalSecondaryIndexes"]] == [*INDEXES]
    client.delete_table(TableName=name)


def test_a_table_made_again_has_empty_indexes(cluster, client):
    name = create(client)
    tables = spread(cluster.nodes, name)
    items = fill(tables, "p", 10)
    assert query(tables, "p", IndexName="by-word") == expected(items, "by-word")
    next(tables).delete()
    assert refused(next(tables).query, IndexName="by-word",
                   KeyConditionExpression=Key("pk").eq("p")) == "ResourceNotFoundException"
    create(client, name)
    for index in INDEXES:
        assert query(tables, "p", IndexName=index) == []
        assert next(tables).scan(IndexName=index, ConsistentRead=True)["Items"] == []
    next(tables).put_item(Item=items[0])
    for index in INDEXES:
        assert query(tables, "p", IndexName=index) == expected(items[:1], index)
    next(tables).delete()


def conditions(key):
    """Conditions on an index key: as boto3 has them, and as a function of a value."""
    values = VALUES[key]
    for relation, function in RELATIONS.items():
        for value in values[::3]:
            yield getattr(Key(key), relation)(value), partial(
                lambda bound, function, found: function(found, bound), value, function)
    for low, high in [(0, 9), (1, 1), (2, 7), (5, 6)]:
        low, high = values[low], values[high]
        yield Key(key).between(low, high), partial(
            lambda low, high, found: low <= found <= high, low, high)
    if TYPES[key] != "N":
        for value in values:
            yield Key(key).begins_with(value), partial(
                lambda prefix, found: found.startswith(prefix), value)


def test_key_conditions(tables):
    items = fill(tables, "p", 40)
    fill(tables, "o", 10)
    fill(tables, "q", 10)
    for index, (key, _) in INDEXES.items():
        for condition, matches in conditions(key):
            for backward in (False, True):
                found = query(tables, "p", condition, IndexName=index,
                              ScanIndexForward=not backward)
                assert found == expected(items, index, matches, backward)


@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_pages(tables, limit):
    items = fill(tables, "p", 30)
    for index, backward in itertools.product(INDEXES, (False, True)):
        found = [page["Items"] for page in pages(
            lambda: next(tables).query, IndexName=index, ConsistentRead=True, Limit=limit,
            KeyConditionExpression=Key("pk").eq("p"), ScanIndexForward=not backward)]
        assert max(len(page) for page in found) <= limit
        assert sum(found, []) == expected(items, index, backward=backward)


def test_what_is_selected(tables):
    items = fill(tables, "p", 20)
    for index, (key, _) in INDEXES.items():
        whole = in_order(items, key)
        options = {"IndexName": index}
        assert query(tables, "p", Select="ALL_ATTRIBUTES", **options) == whole
        assert query(tables, "p", Select="ALL_PROJECTED_ATTRIBUTES", **options) == [
            projected(item, index) for item in whole]
        for wanted in ("sk", "title", "sk, title, #t, word"):
            names = {"#t": "text"}
            paths = {names.get(path, path) for path in wanted.split(", ")}
            if "#t" in wanted:
                options["ExpressionAttributeNames"] = names
            assert query(tables, "p", ProjectionExpression=wanted, **options) == [
                {name: value for name, value in item.items() if name in paths} for item in whole]
        count = next(tables).query(
            IndexName=index, Select="COUNT", KeyConditionExpression=Key("pk").eq("p"),
            ConsistentRead=True)
        assert "Items" not in count
        assert count["Count"] == count["ScannedCount"] == len(whole)
    assert refused(next(tables).query, IndexName="by-nothing",
                   KeyConditionExpression=Key("pk").eq("p")) == "ValidationException"


def test_filters(tables):
    items = fill(tables, "p", 20)
    page = next(tables).query(
        IndexName="by-tag", KeyConditionExpression=Key("pk").eq("p"), ConsistentRead=True,
        FilterExpression=Attr("score").gt(0))
    assert page["Items"] == [
        item for item in expected(items, "by-tag") if item.get("score", 0) > 0]
    assert page["ScannedCount"] == len(in_order(items, "tag"))
    assert refused(next(tables).query, IndexName="by-tag", FilterExpression=Attr("text").eq("x"),
                   KeyConditionExpression=Key("pk").eq("p")) == "ValidationException"
    counted = next(tables).query(
        IndexName="by-word", KeyConditionExpression=Key("pk").eq("p"), ConsistentRead=True,
        FilterExpression=Attr("text").begins_with("x"), Select="COUNT")
    with_word = in_order(items, "word")
    assert counted["ScannedCount"] == len(with_word)
    assert counted["Count"] == sum(item["text"].startswith("x") for item in with_word)


def test_entries_follow_their_items(tables):
    items = {}

    def check():
        for index in INDEXES:
            wanted = expected(items.values(), index)
            assert [query(tables, "p", IndexName=index) for _ in range(3)] == [wanted] * 3

    def put(sk, **attributes):
        items[sk] = {"pk": "p", "sk": sk, **attributes}
        next(tables).put_item(Item=items[sk])
        check()

    def update(sk, expression, **values):
        next(tables).update_item(
            Key={"pk": "p", "sk": sk}, UpdateExpression=expression,
            ExpressionAttributeValues={f":{key}": value for key, value in values.items()})
        items.setdefault(sk, {"pk": "p", "sk": sk}).update(values)
        check()

    put("a", word="m", score=5, tag=b"m")
    put("b", word="m", score=5)
    put("c", title="in none")
    put("d", score=1)
    update("a", "SET word = :word, score = :score", word="z", score=-1)  # moves
    del items["b"]["word"]
    update("b", "REMOVE word SET score = :score", score=6)  # leaves
    update("b", "SET word = :word", word="y")  # comes back
    update("c", "SET tag = :tag, title = :title", tag=b"\0", title="now in one")
    update("e", "ADD score :score", score=7)  # is made
    update("a", "SET title = :title", title="seen through indexes that project it")
    put("a", word="z")  # leaves two
    for sk in [*items]:
        next(tables).delete_item(Key={"pk": "p", "sk": sk})
        del items[sk]
        check()
    put("a", word="m", score=5, tag=b"m")  # is there again


def scan(tables, **options):
    found = pages(lambda: next(tables).scan, ConsistentRead=True, **options)
    return [item for page in found for item in page["Items"]]


def place(item):
    return item["pk"], item["sk"]


def test_scan(tables):
    collections = {f"p{number}": fill(tables, f"p{number}", 3) for number in range(12)}
    items = [item for collection in collections.values() for item in collection]
    for index in INDEXES:
        wanted = sorted((projected(item, index) for item in in_order(items, INDEXES[index][0])),
                        key=place)
        found = scan(tables, IndexName=index)
        assert sorted(found, key=place) == wanted
        for pk, group in itertools.groupby(found, key=operator.itemgetter("pk")):
            assert [*group] == expected(collections[pk], index)
        assert scan(tables, IndexName=index, Limit=5) == found
        segments = [scan(tables, IndexName=index, TotalSegments=3, Segment=segment)
                    for segment in range(3)]
        assert sorted(sum(segments, []), key=place) == wanted
        filtered = scan(tables, IndexName=index, FilterExpression=Attr("sk").eq("s01"))
        assert sorted(filtered, key=place) == [item for item in wanted if item["sk"] == "s01"]
        everything = scan(tables, IndexName=index, Select="ALL_ATTRIBUTES")
        assert sorted(everything, key=place) == sorted(
            in_order(items, INDEXES[index][0]), key=place)


def arms(reply):
    """Units by what they were consumed of; they add up to the whole."""
    used = reply["ConsumedCapacity"]
    found = {"table": used["Table"]["CapacityUnits"]}
    for index, units in used.get("LocalSecondaryIndexes", {}).items():
        found[index] = units["CapacityUnits"]
    assert used["CapacityUnits"] == sum(found.values())
    return {name: units for name, units in found.items() if units > 0}


def test_capacity(tables):
    key = {"pk": "p", "sk": "s"}
    item = {**key, "word": "w", "score": 1, "title": "t"}

    def put(**attributes):
        return arms(next(tables).put_item(
            Item={**item, **attributes}, ReturnConsumedCapacity="INDEXES"))

    assert put() == {"table": 1, "by-word": 1, "by-score": 1}
    assert put() == {"table": 1}
    assert put(text="changed") == {"table": 1, "by-word": 1}
    assert put(text="changed", score=2) == {"table": 1, "by-word": 1, "by-score": 2}
    assert put(tag=b"t", text="x" * 1500) == {
        "table": 2, "by-word": 2, "by-score": 2, "by-tag": 1}
    wanted = {"KeyConditionExpression": Key("pk").eq("p"), "ReturnConsumedCapacity": "INDEXES"}
    for index in INDEXES:
        reply = next(tables).query(IndexName=index, **wanted)
        assert arms(reply) == {index: 0.5}
        reply = next(tables).query(IndexName=index, ConsistentRead=True, **wanted)
        assert arms(reply) == {index: 1}
        assert len(reply["Items"]) == 1
    for options in ({"Select": "ALL_ATTRIBUTES"}, {"ProjectionExpression": "title"}):
        reply = next(tables).query(IndexName="by-score", ConsistentRead=True, **options, **wanted)
        assert arms(reply) == {"by-score": 1, "table": 1}
    reply = next(tables).delete_item(Key=key, ReturnConsumedCapacity="INDEXES")
    assert arms(reply) == {"table": 2, "by-word": 2, "by-score": 1, "by-tag": 1}


def test_sizes_of_collections(tables):
    item = {"pk": "p", "sk": "s", "word": "w"}
    wanted = {"ItemCollectionKey": {"pk": "p"}, "SizeEstimateRangeGB": [0, 1]}
    options = {"ReturnItemCollectionMetrics": "SIZE"}
    for reply in (next(tables).put_item(Item=item, **options),
                  next(tables).update_item(Key={"pk": "p", "sk": "s"}, **options),
                  next(tables).delete_item(Key={"pk": "p", "sk": "s"}, **options)):
        assert reply["ItemCollectionMetrics"] == wanted
    assert "ItemCollectionMetrics" not in next(tables).put_item(Item=item)


def test_values_that_no_index_can_have_are_refused(tables):
    item = {"pk": "p", "sk": "s", "word": "w", "score": 1, "tag": b"t"}
    next(tables).put_item(Item=item)
    for wrong in ({"word": 1}, {"word": ""}, {"word": None}, {"score": "1"}, {"score": {1, 2}},
                  {"tag": "t"}, {"tag": b""}, {"word": "w" * 1025}):
        assert refused(next(tables).put_item, Item={**item, **wrong}) == "ValidationException"
        (name, value), = wrong.items()
        assert refused(next(tables).update_item, Key={"pk": "p", "sk": "s"},
                       UpdateExpression="SET #n = :v", ExpressionAttributeNames={"#n": name},
                       ExpressionAttributeValues={":v": value}) == "ValidationException"
    for index in INDEXES:
        assert query(tables, "p", IndexName=index) == expected([item], index)
    put = next(tables).put_item
    put(Item={**item, "word": "w" * 1024})
    assert len(query(tables, "p", IndexName="by-word")[0]["word"]) == 1024


def may_have_effect(error):
    """Whether a write that failed may still be done."""
    if isinstance(error, ClientError):
        return error.response["ResponseMetadata"]["HTTPStatusCode"] != 503
    return not isinstance(error, EndpointConnectionError)


class Writer(threading.Thread):
    """Changes items of a collection that is its own, which it compares with what it should find,
    and of one that all write. Writes that fail are made again, at another node."""

    def __init__(self, nodes, name, number):
        super().__init__(daemon=True)
        shifted = nodes[number % len(nodes):] + nodes[:number % len(nodes)]
        self.tables = spread(shifted, name, retries=ONCE)
        self.random = random.Random(number)
        self.own = f"own{number}"
        self.items = {}
        self.doubtful = set()  # keys of writes that may come late
        self.done = 0
        self.wrong = []

    def run(self):
        while self.done < WRITES:
            self.write()
            self.done += 1
            if self.done % 10 == 0:
                self.compare(self.random.choice([*INDEXES]))

    def attempt(self, call, key=None):
        """What `call` makes of a table, once a node has done it."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return call(next(self.tables))
            except (BotoCoreError, ClientError) as error:
                if may_have_effect(error):
                    self.doubtful.add(key)
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def write(self):
        pk = self.random.choice([self.own, self.own, "shared"])
        sk = f"s{self.random.randrange(ITEMS):02}"
        item = draw_item(self.random, pk, sk)
        if self.random.random() < 0.25:
            self.attempt(lambda table: table.delete_item(Key={"pk": pk, "sk": sk}), (pk, sk))
            item = None
        else:
            self.attempt(lambda table: table.put_item(Item=item), (pk, sk))
        if pk == self.own:
            self.items.pop(sk, None)
            if item is not None:
                self.items[sk] = item

    def compare(self, index):
        condition = Key("pk").eq(self.own)
        reply = self.attempt(lambda table: table.query(
            IndexName=index, KeyConditionExpression=condition, ConsistentRead=True))
        found, wanted = ([item for item in items if place(item) not in self.doubtful]
                         for items in (reply["Items"], expected(self.items.values(), index)))
        if found != wanted:
            self.wrong.append(f"write {self.done} of {self.own}, {index}: {found}, not {wanted}")


def differences(table, consistent):
    """Where indexes do not say what the table, read consistently, says."""
    tables = itertools.repeat(table)
    wrong = []
    for pk in [f"own{number}" for number in range(WRITERS)] + ["shared"]:
        items = query(tables, pk)
        for index in INDEXES:
            found = query(tables, pk, IndexName=index, ConsistentRead=consistent)
            if found != expected(items, index):
                wrong.append(f"{pk}, {index}: {found}, not {expected(items, index)}")
    return wrong


def test_indexes_agree_with_tables_when_a_node_was_killed():
    with Cluster(**QUICK) as cluster:
        name = create(cluster.nodes[0].boto())
        writers = [Writer(cluster.nodes, name, number) for number in range(WRITERS)]
        for writer in writers:
            writer.start()

        def wait_for_writes(part):
            wait_until(lambda: sum(writer.done for writer in writers) >= part * WRITERS * WRITES,
                       60, f"{part} of the writes")

        victim = cluster.nodes[1]
        wait_for_writes(0.3)
        victim.kill()
        late = create(cluster.nodes[0].boto())
        items = fill(spread([cluster.nodes[0], cluster.nodes[2]], late), "late", 20)
        wait_for_writes(0.6)
        victim.start()
        for writer in writers:
            writer.join(60)
        assert [writer.done for writer in writers] == [WRITES] * WRITERS
        assert [wrong for writer in writers for wrong in writer.wrong] == []
        cluster.wait_ready()
        by_node = [node.boto("resource").Table(name) for node in cluster.nodes]
        assert [wrong for table in by_node for wrong in differences(table, True)] == []
        for table in by_node:
            wait_until(lambda table=table: not differences(table, False), 20,
                       "eventually consistent queries agree")
        for node in cluster.nodes:
            tables = spread([node], late)
            wait_until(lambda tables=tables: all(
                query(tables, "late", IndexName=index, ConsistentRead=False) ==
                expected(items, index) for index in INDEXES
            ), 30, f"{node.name} has the table that was made meanwhile")
        assert cluster.errors() == []
