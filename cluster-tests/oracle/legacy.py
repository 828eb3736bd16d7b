"""Draws the parameters that expressions replaced."""
OPERATORS = ("EQ", "NE", "LE", "LT", "GE", "GT", "NOT_NULL", "NULL", "CONTAINS", "NOT_CONTAINS",
             "BEGINS_WITH", "IN",
             "BETWEEN")
ARGUMENTS = {"NOT_NULL": 0, "NULL": 0, "BETWEEN": 2}
ATTRIBUTES = ("a", "n", "b", "ss", "ns", "l", "m", "yes", "none", "absent")


def condition(draw, operators=OPERATORS):
    """{"ComparisonOperator": ..., "AttributeValueList": [...]}"""
    operator = draw.one(operators) if not draw.dares(0.3) else draw.one(("", "eq", "BOGUS", None))
    count = ARGUMENTS.get(operator, draw.random.randint(1, 3) if operator == "IN" else 1)
    if draw.dares():
        count = draw.random.randint(0, 3)
    body = {"ComparisonOperator": operator}
    kinds = ("S", "N", "B") if draw.chance(0.8) else ("S", "N", "B", "SS", "BOOL", "L", "M", "NULL")
    kind = draw.one(kinds)
    if count > 0 or draw.dares():
        body["AttributeValueList"] = [draw.typed(kind) for _ in range(count)]
    if draw.dares(0.3):
        body.pop("ComparisonOperator")
    return body


def conditions(draw):
    return {name: condition(draw) for name in draw.some(ATTRIBUTES, 2)}


def may_join(draw, body):
    if draw.chance(0.3):
        body["ConditionalOperator"] = draw.one(("AND", "OR") if not draw.dares()
                                               else ("and", "", "XOR"))


def expected(draw, body):
    body["Expected"] = {}
    for name, entry in conditions(draw).items():
        if draw.chance(0.3):
            entry = {"Exists": False} if draw.chance(0.5) else {"Value": draw.value()}
        if draw.chance(0.1):
            entry = {"Exists": True, "Value": draw.value()}
        if draw.dares():
            entry.update(draw.one(({"Exists": True}, {"Exists": False}, {"Value": draw.value()})))
        body["Expected"][name] = entry
    may_join(draw, body)


def query_filter(draw, body):
    body["QueryFilter"] = conditions(draw)
    may_join(draw, body)


def scan_filter(draw, body):
    body["ScanFilter"] = conditions(draw)
    may_join(draw, body)


def attributes_to_get(draw, body):
    body["AttributesToGet"] = draw.some(ATTRIBUTES, 3)
    if draw.dares():
        body["AttributesToGet"] += draw.one((["a"], [""], ["a", "a"], ["a.b"]))


def attribute_updates(draw, body):
    body["AttributeUpdates"] = {}
    for name in draw.some(ATTRIBUTES + ("new",), 3):
        action = draw.one(("PUT", "ADD", "DELETE"))
        value = draw.typed("N", "NS", "SS") if action == "ADD" else draw.value()
        update = {"Action": action, "Value": value}
        if action == "DELETE":
            update["Value"] = draw.typed("SS", "NS", "BS")
            if draw.chance(0.5):
                update.pop("Value")
        if draw.dares():
            update.pop(draw.one(list(update)))
        body["AttributeUpdates"][name if not draw.dares(0.3) else "pk"] = update


def key_conditions(draw, body):
    hash_value = draw.one(({"S": "a"}, {"N": "0"}, {"S": "ab"}))
    body["KeyConditions"] = {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [hash_value]}}
    if draw.chance(0.5):
        operators = ("EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN")
        body["KeyConditions"]["sk"] = condition(draw, operators)
    if draw.dares():
        body["KeyConditions"][draw.one(("pk", "a", "sk"))] = condition(draw)


LEGACY = {
    "Expected": expected, "QueryFilter": query_filter, "ScanFilter": scan_filter,
    "AttributesToGet": attributes_to_get,
    "AttributeUpdates": attribute_updates, "KeyConditions": key_conditions,
}
