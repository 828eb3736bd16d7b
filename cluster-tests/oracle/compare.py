"""Compares two answers to one request, leaving out what may differ between any two servers."""
import json
import re
from decimal import Decimal, InvalidOperation

# Times, names of a server's own, and states that pass.
VOLATILE = {
    "CreationDateTime", "LastIncreaseDateTime", "LastDecreaseDateTime",
    "LastUpdateToPayPerRequestDateTime",
    "TableArn", "TableId", "IndexArn", "TableStatus", "IndexStatus", "ItemCount", "TableSizeBytes",
    "IndexSizeBytes",
}
# What DynamoDB Local is too old for, or never tells.
UNTOLD = {"WarmThroughput", "OnDemandThroughput", "TableClassSummary", "ItemCollectionMetrics"}
SETS = {"SS", "NS", "BS"}


def text_of(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def plain_number(text):
    """As AWS writes it; DynamoDB Local has exponents where numbers stand inside others."""
    try:
        number = format(Decimal(text), "f")
    except (InvalidOperation, TypeError):
        return text
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return "0" if number == "-0" else number


def plain_numbers(value):
    """A copy with numbers as AWS writes them."""
    if isinstance(value, list):
        return [plain_numbers(member) for member in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"N"}:
        return {"N": plain_number(value["N"])}
    if set(value) == {"NS"} and isinstance(value["NS"], list):
        return {"NS": [plain_number(member) for member in value["NS"]]}
    return {name: plain_numbers(member) for name, member in value.items()}


def normal(value):
    """Without what is volatile; sets in order."""
    if isinstance(value, list):
        return [normal(member) for member in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, member in value.items():
        if name in UNTOLD or name in VOLATILE and not isinstance(member, dict):
            continue
        is_set = name in SETS and len(value) == 1 and isinstance(member, list)
        kept[name] = sorted(member, key=text_of) if is_set else normal(member)
    return kept


def normal_body(operation, request, body):
    """What two servers must agree on in the body of a success."""
    body = normal(body)
    if not isinstance(body, dict):
        return body
    if operation == "Scan":
        return normal_scan(request, body)
    if operation == "BatchGetItem":
        for items in body.get("Responses", {}).values():
            items.sort(key=text_of)
    if operation in ("BatchGetItem", "BatchWriteItem") and "ConsumedCapacity" in body:
        body["ConsumedCapacity"].sort(key=text_of)
    if operation in ("CreateTable", "DescribeTable", "DeleteTable", "UpdateTable"):
        for table in body.values():
            for name in ("AttributeDefinitions", "LocalSecondaryIndexes"):
                if name in table:
                    table[name].sort(key=text_of)
    return body


def normal_scan(request, body):
    """Items come in any order; which are on a page that is not the only one, nobody knows."""
    partial = any(request.get(name) is not None for name
                  in ("ExclusiveStartKey", "Limit", "Segment"))
    if not partial:
        body.get("Items", []).sort(key=text_of)
        return body
    alone = set(request) & {"ExclusiveStartKey", "Segment"} == set()
    kept = {"keys": sorted(set(body) - {"LastEvaluatedKey"} if not alone else set(body))}
    if alone:
        kept["ScannedCount"] = body["ScannedCount"]
    return kept


class Case:
    """A request and both answers."""

    def __init__(self, operation, request, local, ours):
        self.operation = operation
        self.request = request
        self.local = local
        self.ours = ours

    @property
    def differs(self):
        return self.what_differs() is not None

    def what_differs(self):
        """None, or in a word."""
        local, ours = self.local, self.ours
        if local.status != ours.status:
            return "status"
        if local.type != ours.type:
            return "type"
        if local.namespace != ours.namespace:
            return "namespace"
        if not ours.ok:
            return "message" if local.message != ours.message else None
        members = self.members_that_differ()
        return f"body: {', '.join(members)}" if members else None

    def members_that_differ(self):
        """Of the bodies of two successes; none otherwise."""
        if not self.local.ok or not self.ours.ok:
            return []
        bodies = (plain_numbers(self.local.body), self.ours.body)
        local, ours = (normal_body(self.operation, self.request, body) for body in bodies)
        if not isinstance(local, dict) or not isinstance(ours, dict):
            return [] if local == ours else ["all"]
        names = sorted(set(local) | set(ours))
        return [name for name in names if text_of(local.get(name)) != text_of(ours.get(name))]

    def signature(self):
        """Equal for differences that are probably one."""
        return (self.operation, self.what_differs(), template(self.local), template(self.ours))

    def __str__(self):
        return (f"{self.operation} {json.dumps(self.request, ensure_ascii=False)}\n"
                f"    DynamoDB Local: {show(self.local)}\n    Cartwheel:      {show(self.ours)}")


def show(answer, most=1500):
    text = str(answer)
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def template(answer):
    """The error without what it tells of the request."""
    if answer.ok:
        return "ok"
    text = re.sub(r"\d+", "9", answer.message or "")
    text = re.sub(r"(: |token: |near: )[^;:,]{1,400}(?=[;,]|$)", r"\1_", text)
    return f"{answer.type}: {re.sub(r'[{[].*[]}]', '_', text)}"
