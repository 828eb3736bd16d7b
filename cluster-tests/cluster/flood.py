"""More requests than a node can serve, from one process: an open loop over many raw connections."""
import asyncio
import collections
import json
import time

TICK_S = 0.005


def message(operation, **parameters):
    """An unsigned request, ready to be sent."""
    body = json.dumps(parameters).encode()
    return (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\n"
            b"X-Amz-Target: DynamoDB_20120810.%b\r\nContent-Length: %d\r\n\r\n%b"
            % (operation.encode(), len(body), body))


class Call:
    """A request, sent again at once as often as its client has patience."""

    def __init__(self, text, attempts):
        self.text = text
        self.attempts = attempts


class Connection(asyncio.Protocol):
    """Sends one request at a time."""

    def __init__(self, flood):
        self.flood = flood
        self.call = None
        self.began = 0.0
        self.received = b""
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.flood.idle.append(self)

    def send(self, call):
        self.call = call
        self.began = time.monotonic()
        self.transport.write(call.text)

    def data_received(self, data):
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length: ")[2].split()[0]):
            return
        call, self.call, self.received = self.call, None, b""
        self.flood.idle.append(self)
        self.flood.answered(call, int(head[9:12]), body, time.monotonic() - self.began)

    def connection_lost(self, _):
        self.transport = None
        self.flood.lost(self)


class Flood:
    """Connections to a node and what came of the requests sent over them."""

    def __init__(self, node):
        self.node = node
        self.idle = collections.deque()
        self.outcomes = collections.Counter()
        self.longest_s = 0.0  # that an answer took
        self.open = 0

    async def connect(self, count):
        loop = asyncio.get_running_loop()
        for _ in range(count):
            await loop.create_connection(lambda: Connection(self), self.node.host, self.node.port)

    def begin(self, call):
        while self.idle:
            connection = self.idle.popleft()
            if connection.transport is not None:
                self.open += 1
                connection.send(call)
                return
        self.outcomes["no connection left"] += 1

    def answered(self, call, status, body, took_s):
        self.open -= 1
        self.longest_s = max(self.longest_s, took_s)
        if status == 200:
            self.outcomes["ok"] += 1
            return
        kind = json.loads(body)["__type"].partition("#")[2]
        self.outcomes[f"{status} {kind}"] += 1
        call.attempts -= 1
        if call.attempts > 0:
            self.begin(call)

    def lost(self, connection):
        if connection.call is not None:
            self.open -= 1
            self.outcomes["connection lost"] += 1

    def take_outcomes(self):
        """What was counted since the last time."""
        outcomes, self.outcomes = self.outcomes, collections.Counter()
        return outcomes

    async def offer(self, texts, rate, seconds, attempts=1):
        """Sends `rate` new requests a second, whatever becomes of them; their outcomes."""
        began = time.monotonic()
        sent = 0
        while (passed_s := time.monotonic() - began) < seconds:
            while sent < rate * passed_s:
                self.begin(Call(texts[sent % len(texts)], attempts))
                sent += 1
            await asyncio.sleep(TICK_S)
        return self.take_outcomes()

    async def saturate(self, texts, clients, seconds):
        """What `clients` get done a second, each waiting for its answer before it asks again."""
        done = 0
        began = time.monotonic()
        while (passed_s := time.monotonic() - began) < seconds:
            while self.open < clients:
                self.begin(Call(texts[done % len(texts)], 1))
                done += 1
            await asyncio.sleep(0)
        return self.take_outcomes()["ok"] / passed_s

    async def settle(self, seconds):
        """Waits until every request has been answered; how many were not."""
        deadline = time.monotonic() + seconds
        while self.open > 0 and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        return self.open

    def close(self):
        for connection in self.idle:
            if connection.transport is not None:
                connection.transport.abort()
