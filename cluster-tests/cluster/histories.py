"""Clients that work on few items all at once, and record what they asked for and were told.

Histories are recorded as cluster-tests/check/transcript.h describes, and judged by check-history.
"""
import collections
import contextlib
import dataclasses
import itertools
import json
import random
import subprocess
import threading
import time

from botocore.exceptions import (
    ClientError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError, IncompleteReadError)

from cluster import BUILD

CHECKER = BUILD / "cluster-tests" / "check" / "check-history"
THREADS = 12
# What is done to an item: see Worker.
KINDS = ("register", "mixed", "counter", "list")
ITEMS_AT_ONCE = 8
# An item is retired after so many operations: what a history costs to check grows with its length,
# and far more with what is unknown.
OPERATIONS_MAX = 150
UNKNOWN_MAX = 6
SCANS = 0.01  # of all requests
MODELS = {
    "linear": ("register", "mixed", "counter"),
    "counter": ("counter",),
    "append": ("list",),
}
ONCE = {"total_max_attempts": 1}
NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError)
# Anything else that is raised is a mistake of the test.
FAILURES = (ClientError, *NEVER_SENT, HTTPClientError, IncompleteReadError)


@dataclasses.dataclass
class Operation:
    """One line of a transcript."""

    item: int
    process: int
    invoked: int
    completed: int | None  # None: unknown
    kind: str
    arguments: tuple
    results: list | None = None

    def __str__(self):
        completed = "-" if self.completed is None else self.completed
        told = [] if self.results is None else ["=", *self.results]
        words = (self.item, self.process, self.invoked, completed, self.kind, *self.arguments)
        return " ".join(str(word) for word in (*words, *told))


def fate(error):
    """Whether a request that failed was "refused" (by its condition, or for want of replicas),
    "never" reached a node, or is "unknown"."""
    if isinstance(error, NEVER_SENT):
        return "never"
    if not isinstance(error, ClientError):
        return "unknown"
    message = error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status < 500 or status == 503 or "had no effect" in message:
        return "refused"
    return "unknown"


def is_failed_condition(error):
    return (isinstance(error, ClientError)
            and error.response["Error"]["Code"] == "ConditionalCheckFailedException")


def ask_what_failed(params, **_):
    """Has failed conditions show the item. Older versions of boto3 know neither the parameter nor
    what it brings."""
    request = json.loads(params["body"])
    if "ConditionExpression" in request:
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        params["body"] = json.dumps(request).encode()


def keep_what_failed(response_dict, parsed_response, **_):
    if response_dict is not None and response_dict["status_code"] == 400:
        parsed_response["Item"] = json.loads(response_dict["body"]).get("Item")


def connect(node):
    client = node.boto(retries=ONCE, max_pool_connections=2 * THREADS)
    client.meta.events.register("before-call.dynamodb", ask_what_failed)
    client.meta.events.register("response-received.dynamodb", keep_what_failed)
    return client


def value_of(attributes):
    """The register in an item; 0 if there is none."""
    return int(attributes["v"]["N"]) if attributes else 0


def list_of(attributes):
    return [int(element["N"]) for element in attributes["l"]["L"]] if attributes else []


def number(value):
    return {"N": str(value)}


class Item:
    """An item, and how far it is from being retired."""

    def __init__(self, identity, kind):
        self.identity = identity
        self.kind = kind
        self.key = {"pk": {"S": f"{kind}-{identity}"}}
        self.last = 0  # what it lately held: conditions on it may well be true
        self.started = 0
        self.unknown = 0


class Items:
    """The items worked on, ITEMS_AT_ONCE at any time, and all there ever were."""

    def __init__(self):
        self.lock = threading.Lock()
        self.all = []
        self.current = [self.fresh(KINDS[slot % len(KINDS)]) for slot in range(ITEMS_AT_ONCE)]

    def fresh(self, kind):
        item = Item(len(self.all), kind)
        self.all.append(item)
        return item

    def choose(self):
        with self.lock:
            slot = random.randrange(len(self.current))
            item = self.current[slot]
            if item.started >= OPERATIONS_MAX or item.unknown >= UNKNOWN_MAX:
                item = self.current[slot] = self.fresh(item.kind)
            item.started += 1
            return item


class Worker(threading.Thread):
    """One client: does something to a random item through a random node, again and again."""

    def __init__(self, load, process):
        super().__init__(daemon=True)
        self.load = load
        self.process = process
        self.operations = []
        self.fates = collections.Counter()
        self.longest_s = 0.0
        self.failure = None

    def run(self):
        try:
            while not self.load.stopping.is_set():
                item = self.load.items.choose()
                began = time.monotonic()
                if random.random() < SCANS:
                    self.scan()
                else:
                    random.choice(getattr(self, f"{item.kind}_operations"))(self, item)
                self.longest_s = max(self.longest_s, time.monotonic() - began)
        except Exception as error:
            self.failure = error

    def attempt(self, item, operation, call, kind, arguments, told=None, failed=None):
        """Makes a request and records it as `kind`. `told`: what the reply says. `failed`: for a
        conditional write, what it is if the condition was false."""
        client = random.choice(self.load.clients)
        invoked = time.monotonic_ns()
        try:
            reply = getattr(client, operation)(TableName=self.load.table, **call)
            completed = time.monotonic_ns()
            self.fates["done"] += 1
            results = told(reply) if told is not None else None
            self.record(item, invoked, completed, kind, arguments, results)
        except FAILURES as error:
            completed = time.monotonic_ns()
            if failed is not None and is_failed_condition(error):
                self.fates["done"] += 1
                seen = [value_of(error.response.get("Item"))]
                self.record(item, invoked, completed, "cas-failed", failed, seen)
            else:
                self.note_failure(item, invoked, completed, error, kind, arguments)

    def note_failure(self, item, invoked, completed, error, kind, arguments):
        became = fate(error)
        is_client_mistake = (isinstance(error, ClientError) and "Throttling" not in str(error)
                             and error.response["ResponseMetadata"]["HTTPStatusCode"] < 500)
        assert not is_client_mistake, f"{kind} {arguments}: {error}"
        self.fates[became] += 1
        if became == "unknown" and kind != "read":
            item.unknown += 1
            self.record(item, invoked, None, kind, arguments)
        elif kind == "append":
            self.record(item, invoked, completed, "refused", arguments)
        if became == "never":
            time.sleep(0.02)

    def record(self, item, invoked, completed, kind, arguments, results=None):
        self.operations.append(Operation(
            item.identity, self.process, invoked, completed, kind, arguments, results))
        if item.kind in ("register", "mixed") and completed is not None:
            item.last = results[0] if results and kind != "swap" else (arguments or (0,))[-1]

    def get(self, item):
        read = list_of if item.kind == "list" else lambda found: [value_of(found)]
        self.attempt(item, "get_item", {"Key": item.key, "ConsistentRead": True}, "read", (),
                     lambda reply: read(reply.get("Item")))

    def scan(self):
        """A consistent scan reads every item there is, and those that are not."""
        items = list(self.load.items.current)
        invoked = time.monotonic_ns()
        try:
            pages = random.choice(self.load.clients).get_paginator("scan").paginate(
                TableName=self.load.table, ConsistentRead=True)
            found = {item["pk"]["S"]: item for page in pages for item in page["Items"]}
        except FAILURES as error:
            self.fates[fate(error)] += 1
            return
        completed = time.monotonic_ns()
        self.fates["done"] += 1
        for item in items:
            held = found.get(item.key["pk"]["S"])
            results = list_of(held) if item.kind == "list" else [value_of(held)]
            self.record(item, invoked, completed, "read", (), results)

    # A register holds numbers that are put but once.

    def put(self, item):
        value = self.load.unique()
        self.attempt(item, "put_item", {"Item": {**item.key, "v": number(value)}},
                     "write", (value,))

    def exchange(self, item):
        value = self.load.unique()
        self.attempt(item, "put_item",
                     {"Item": {**item.key, "v": number(value)}, "ReturnValues": "ALL_OLD"},
                     "swap", (value,), lambda reply: [value_of(reply.get("Attributes"))])

    def set(self, item):
        value = self.load.unique()
        call = {"Key": item.key, "UpdateExpression": "SET v = :v", "ReturnValues": "ALL_OLD",
                "ExpressionAttributeValues": {":v": number(value)}}
        self.attempt(item, "update_item", call, "swap", (value,),
                     lambda reply: [value_of(reply.get("Attributes"))])

    def delete(self, item):
        self.attempt(item, "delete_item", {"Key": item.key}, "write", (0,))

    @staticmethod
    def condition(expected):
        """That the item holds a number, or, if that is 0, is not there."""
        if expected == 0:
            return {"ConditionExpression": "attribute_not_exists(pk)"}
        return {"ConditionExpression": "v = :old",
                "ExpressionAttributeValues": {":old": number(expected)}}

    def put_if(self, item):
        expected, value = item.last, self.load.unique()
        call = {"Item": {**item.key, "v": number(value)}, **self.condition(expected)}
        self.attempt(item, "put_item", call, "cas", (expected, value), failed=(expected,))

    def create(self, item):
        value = self.load.unique()
        call = {"Item": {**item.key, "v": number(value)}, **self.condition(0)}
        self.attempt(item, "put_item", call, "cas", (0, value), failed=(0,))

    def delete_if(self, item):
        expected = item.last
        if expected != 0:
            call = {"Key": item.key, **self.condition(expected)}
            self.attempt(item, "delete_item", call, "cas", (expected, 0), failed=(expected,))

    def add(self, item, told="UPDATED_NEW"):
        amount = random.randint(1, 9)
        call = {"Key": item.key, "UpdateExpression": "ADD v :n", "ReturnValues": told,
                "ExpressionAttributeValues": {":n": number(amount)}}
        sum_told = (lambda reply: [value_of(reply["Attributes"])]) if told != "NONE" else None
        self.attempt(item, "update_item", call, "add", (amount,), sum_told)

    def add_blind(self, item):
        self.add(item, "NONE")

    def append(self, item, told="UPDATED_NEW"):
        value = self.load.unique()
        call = {"Key": item.key, "ReturnValues": told,
                "UpdateExpression": "SET l = list_append(if_not_exists(l, :none), :new)",
                "ExpressionAttributeValues": {":none": {"L": []}, ":new": {"L": [number(value)]}}}
        list_told = (lambda reply: list_of(reply["Attributes"])) if told != "NONE" else None
        self.attempt(item, "update_item", call, "append", (value,), list_told)

    def append_blind(self, item):
        self.append(item, "NONE")

    register_operations = (put, put, exchange, put_if, put_if, create, delete, delete_if, get, get)
    mixed_operations = (put, set, put_if, create, delete, add, add, get, get)
    counter_operations = (add, add, add_blind, get)
    list_operations = (append, append, append_blind, get)


class Load:
    """THREADS workers, in a `with`; ends with a read of every item through every node."""

    def __init__(self, cluster, table):
        self.cluster = cluster
        self.table = table
        self.clients = [connect(node) for node in cluster.nodes]
        self.items = Items()
        self.counted = itertools.count(1)
        self.stopping = threading.Event()
        self.workers = [Worker(self, process) for process in range(THREADS)]
        self.final = []

    def unique(self):
        """A number that a few additions do not turn into another such."""
        return next(self.counted) * 1_000_000

    def __enter__(self):
        for worker in self.workers:
            worker.start()
        return self

    def __exit__(self, error, *_):
        self.stopping.set()
        for worker in self.workers:
            worker.join(60)
        if error is None:
            assert [worker.failure for worker in self.workers if worker.failure] == []
            assert not any(worker.is_alive() for worker in self.workers)
            self.read_all()

    def read_all(self):
        reader = Worker(self, THREADS)
        for node in self.cluster.nodes:
            if node.process is None:
                continue
            self.clients = [connect(node)]
            for item in self.items.all:
                reader.get(item)
        assert set(reader.fates) == {"done"}, reader.fates
        self.final = reader.operations

    def history(self, kinds):
        """The operations on items of these kinds, by time."""
        wanted = {item.identity for item in self.items.all if item.kind in kinds}
        recorded = [worker.operations for worker in self.workers] + [self.final]
        return sorted((operation for operation in itertools.chain(*recorded)
                       if operation.item in wanted), key=lambda operation: operation.invoked)

    def longest_s(self):
        """The longest that a request took."""
        return max(worker.longest_s for worker in self.workers)

    def fates(self):
        return sum((worker.fates for worker in self.workers), collections.Counter())


def judge(model, operations):
    """Hands a history to check-history: exit status, and what it says."""
    text = "".join(f"{operation}\n" for operation in operations)
    done = subprocess.run([str(CHECKER), model], input=text, capture_output=True, text=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def verdicts(load, folder):
    """What check-history says of each model's history, unless that it is good. Leaves the
    histories, and the nodes' logs, in `folder`."""
    for model, kinds in MODELS.items():
        lines = "".join(f"{operation}\n" for operation in load.history(kinds))
        (folder / f"{model}.history").write_text(lines)
    for node in load.cluster.nodes:
        with contextlib.suppress(OSError):
            (folder / f"{node.name}.log").write_bytes(node.log.read_bytes())
    judged = {model: judge(model, load.history(kinds)) for model, kinds in MODELS.items()}
    return [f"{text}(histories and logs: {folder})"
            for status, text in judged.values() if status != 0]
