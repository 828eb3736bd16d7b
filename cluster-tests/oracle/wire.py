"""Requests as bytes: any client made for AWS would check them first."""
import http.client
import json

SERVICE = "DynamoDB_20120810."
# Neither server knows keys, but DynamoDB Local keeps apart what comes from different ones.
SIGNED = ("AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/dynamodb/aws4_request, "
          "SignedHeaders=host, Signature=00")


class Answer:
    """What a server answered: its status, and the body, parsed if it is JSON."""

    def __init__(self, status, body):
        self.status = status
        try:
            self.body = json.loads(body)
        except ValueError:
            self.body = body.decode(errors="replace")

    @property
    def ok(self):
        return self.status == 200

    @property
    def type(self):
        """The error's type without its namespace; "" of a success."""
        if self.ok or not isinstance(self.body, dict):
            return ""
        return self.body.get("__type", "").rpartition("#")[2]

    @property
    def namespace(self):
        return "" if self.ok else self.body.get("__type", "").rpartition("#")[0]

    @property
    def message(self):
        """The error's text; None if it has none."""
        if self.ok or not isinstance(self.body, dict):
            return None
        return self.body.get("message", self.body.get("Message"))

    def __str__(self):
        if self.ok:
            return f"200 {json.dumps(self.body, sort_keys=True, ensure_ascii=False)}"
        return f"{self.status} {self.type}: {self.message}"


class Wire:
    """One connection to a server, opened again when it breaks."""

    def __init__(self, name, host, port):
        self.name = name
        self.host = host
        self.port = port
        self.connection = None

    def send(self, operation, body, target=None, headers=None):
        """The answer to a request whose body is bytes, or an object that becomes JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        sent = {
            "X-Amz-Target": target if target is not None else SERVICE + operation,
            "Content-Type": "application/x-amz-json-1.0", "Authorization": SIGNED,
            "X-Amz-Date": "20260101T000000Z", **(headers or {}),
        }
        sent = {name: value for name, value in sent.items() if value is not None}
        for attempt in (1, 2):
            try:
                return self.exchange(body, sent)
            except (http.client.HTTPException, ConnectionError):
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def exchange(self, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        self.connection.request("POST", "/", body, headers)
        reply = self.connection.getresponse()
        return Answer(reply.status, reply.read())

    def must(self, operation, body):
        """The body of the answer to what cannot be refused."""
        answer = self.send(operation, body)
        if not answer.ok:
            raise AssertionError(f"{self.name}: {operation} {body}: {answer}")
        return answer.body

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None
