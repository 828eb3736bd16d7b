"""Sends requests to both servers, and finds out what differs."""
import collections
import time

from compare import Case, text_of
from generator import TABLE_NAMES, Requests
from known_differences import HIDDEN, KNOWN
from shrink import shrink
from world import describe, wait_active, wait_gone

READS = {"GetItem", "BatchGetItem", "Query", "Scan"}
WRITES = {"PutItem", "DeleteItem", "UpdateItem", "BatchWriteItem"}
TABLE_OPERATIONS = {"CreateTable", "DeleteTable", "UpdateTable", "UpdateTimeToLive"}
PATIENCE = 5  # times that a read is repeated before what it shows counts
ROUND = 100  # requests between two resets of the tables


class Run:
    """One run over a world whose tables are there."""

    def __init__(self, world, seed):
        self.world = world
        _, self.ours = world.wires
        self.requests = Requests(seed, world)
        self.history = []  # (operation, request) of what wrote since the last reset
        self.sent = 0
        self.refused = 0
        self.known = collections.Counter()
        self.found = {}  # signature: [the smallest case, how often, the writes before it]

    def run(self, count):
        for _ in range(count):
            if self.sent % ROUND == 0:
                self.start_round()
            self.step(*self.requests.next())
        self.check_contents()

    def start_round(self):
        self.check_contents()
        self.restore()

    def restore(self):
        """The world as it was at first."""
        self.world.reset()
        self.drop_tables()
        self.history.clear()

    def drop_tables(self):
        for wire in self.world.wires:
            for name in TABLE_NAMES:
                wait_gone(wire, name)

    def step(self, operation, request):
        self.sent += 1
        case = self.send_patiently(operation, request)
        self.refused += not case.local.ok
        if case.differs or known(case) is not None:
            self.judge(case)
        elif case.ours.ok and operation in WRITES | TABLE_OPERATIONS:
            self.history.append((operation, request))

    def send(self, operation, request):
        try:
            answers = [wire.send(operation, request) for wire in self.world.wires]
        except OSError as error:
            raise AssertionError(f"no answer to {operation} {text_of(request)}") from error
        if operation in TABLE_OPERATIONS:
            self.settle(request)
        return Case(operation, request, *answers)

    def send_patiently(self, operation, request):
        """Reads that ask for no consistency may come a moment too early."""
        case = self.send(operation, request)
        for _ in range(PATIENCE):
            if operation not in READS or not case.members_that_differ() or known(case) is not None:
                break
            time.sleep(0.02)
            case = self.send(operation, request)
        return case

    def settle(self, request):
        """Both servers have made or dropped the table."""
        name = request.get("TableName")
        if name not in TABLE_NAMES:
            return
        for wire in self.world.wires:
            status = describe(wire, name)
            if status == "DELETING":
                wait_gone(wire, name)
            elif status not in (None, "ACTIVE"):
                wait_active(wire, name)

    def judge(self, case):
        """Counts what is known; makes small, and keeps, what is not."""
        reason = known(case)
        if reason is not None:
            self.known[reason] += 1
        else:
            self.keep(case)
        # A server that refuses may have written all the same.
        if case.members_that_differ() != ["ConsumedCapacity"]:
            self.restore_after(case)

    def restore_after(self, case):
        if case.operation in WRITES:
            self.world.reset()
            self.history.clear()
        elif case.operation in TABLE_OPERATIONS:
            self.drop_tables()

    def keep(self, case):
        """Notes it, once for all that look alike."""
        signature = case.signature()
        if signature not in self.found:
            case, before = self.smallest(case)
            signature = case.signature()
            self.found.setdefault(signature, [case, 0, before])
        self.found[signature][1] += 1

    def smallest(self, case):
        """The smallest request that shows the same, and the writes that it needs before it."""
        signature, history = case.signature(), list(self.history)
        before = self.needed(case, signature)
        if before is None:
            return case, history

        def shows(request):
            return self.replay(before, case.operation, request, signature) is not None

        request = shrink(case.request, shows)
        smallest = self.replay(before, case.operation, request, signature) or case
        self.restore()
        return smallest, before

    def needed(self, case, signature):
        """Some of the writes since the last reset; None if not even all of them show it again."""
        before = list(self.history)
        if self.replay([], case.operation, case.request, signature):
            return []
        if not self.replay(before, case.operation, case.request, signature):
            return None
        for entry in list(before):
            fewer = [other for other in before if other is not entry]
            if self.replay(fewer, case.operation, case.request, signature):
                before = fewer
        return before

    def replay(self, before, operation, request, signature):
        """The case that shows the difference again, or None."""
        if before or self.history or operation in WRITES:
            self.world.reset()
        if operation in TABLE_OPERATIONS or any(entry[0] in TABLE_OPERATIONS for entry in before):
            self.drop_tables()
        self.history = []
        for entry in before:
            self.send(*entry)
        case = self.send_patiently(operation, request)
        if before or case.ours.ok != case.local.ok:
            self.history = [(operation, request)]  # to be undone
        alike = case.differs and case.signature()[1:] == signature[1:] and known(case) is None
        return case if alike else None

    def check_contents(self):
        """What was written alike must have become alike."""
        for table in self.world.tables:
            request = {"TableName": table.name, "ConsistentRead": True}
            case = self.send("Scan", request)
            if case.differs and known(case) is None:
                self.found.setdefault(case.signature(), [case, 0, list(self.history)])[1] += 1

    def report(self):
        """Lines for whoever reads."""
        yield f"{self.sent} requests, {self.refused} refused by DynamoDB Local"
        for reason, count in sorted(self.known.items()):
            yield f"known: {count:6} {reason}"
        for case, count, before in sorted(self.found.values(), key=lambda entry: -entry[1]):
            yield f"\n{count} times, {case.what_differs()} differs:"
            for operation, request in before:
                yield f"  after {operation} {text_of(request)}"
            yield f"  {case}"


def known(case):
    """The name of the known difference that this is, or None."""
    for difference in KNOWN if case.differs else HIDDEN:
        if difference.matches(case):
            return difference.name
    return None
