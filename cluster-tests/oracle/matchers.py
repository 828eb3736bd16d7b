"""What known differences are made of: families of messages, and functions that match cases."""
import re

from compare import normal, text_of


class Known:
    """`matches(case)` is as narrow as can be; `reason` says who is right and why."""

    def __init__(self, name, reason, matches):
        self.name = name
        self.reason = reason
        self.matches = matches


def either(*texts):
    return "|".join(f"(?:{text})" for text in texts)


def refused(case):
    return not case.local.ok and not case.ours.ok


def messages(local, ours):
    """Matches two refusals by regular expressions on the whole messages."""
    def matches(case):
        if not refused(case):
            return False
        pairs = ((local, case.local.message), (ours, case.ours.message))
        return all(re.fullmatch(pattern, text or "", re.S) is not None for pattern, text in pairs)

    return matches


def same_but(*patterns):
    """Matches messages that are equal once what the patterns match is left out."""
    def matches(case):
        if not refused(case) or case.local.type != case.ours.type:
            return False
        local, ours = (answer.message or "" for answer in (case.local, case.ours))
        for pattern in patterns:
            local = re.sub(pattern, "", local, flags=re.S)
            ours = re.sub(pattern, "", ours, flags=re.S)
        return local == ours

    return matches


def differs_in(*members):
    """Matches successes whose bodies differ in these members, and in no others."""
    def matches(case):
        return case.local.ok and case.ours.ok and set(case.members_that_differ()) == set(members)

    return matches


def differs_in_some(*members):
    """Matches successes whose bodies differ in no other members."""
    return lambda case: case.local.ok and case.ours.ok and set(
        case.members_that_differ()) <= set(members)


def on(operations, matches):
    """Only of these operations, with spaces between them."""
    return lambda case: case.operation in operations.split() and matches(case)


# Families of messages: of DynamoDB Local, ours, or both.
INVALID = "One or more parameter values were invalid: "
BAD_EXPRESSION = either(
    r"Invalid (Condition|Update|Filter|Projection|KeyCondition)Expression: .*",
    r"ExpressionAttribute(Names|Values) .*", r"Value provided in ExpressionAttribute.*",
    r"Filter Expression can only contain.*", r"Key attributes must be scalars.*",
    "Query key condition not supported", "Query condition missed key schema element.*",
    "Conditions can be of length.*", r"Invalid operator used in KeyConditionExpression.*",
    r"KeyConditionExpressions .*", "Either the KeyConditions.*",
    f"{INVALID}Condition parameter type does not match schema type")
LOCAL_KEY = either(
    "The number of conditions on the keys is invalid",
    "One of the required keys was not given a value", "Invalid attribute value type",
    "Empty attribute name", "Hash primary key values must be under 2048 bytes.*",
    "Type mismatch for attribute to update", f"{INVALID}Type mismatch for (key|Index Key).*",
    r"One or more parameter values are not valid\. .*The AttributeValue for a key.*")
OUR_KEY = either(
    "The provided key element does not match the schema",
    f"{INVALID}Missing the key .* in the item",
    f"{INVALID}Type mismatch for key .* expected: .* actual: .*",
    f"{INVALID}Size of hashkey has exceeded.*",
    f"{INVALID}Aggregated size of all range keys has exceeded.*",
    r"One or more parameter values are not valid\. The AttributeValue for a key.*")
LOCAL_NUMBER = "A value provided cannot be converted into a number"
LOCAL_PRECISION = "DynamoDB only supports precision up to 38 digits"
OUR_NUMBER = either(
    "The parameter cannot be converted to a numeric value.*", "Number overflow.*",
    "Number underflow.*", "Attempting to store more than 38.*")
BAD_VALUE = either(
    "Supplied AttributeValue .*", "Nesting Levels have exceeded.*", "Input collection.*",
    f"{INVALID}(An|Binary|Null|Input|Attribute) .*", "Empty attribute name")
LOCAL_VALUE = either(
    BAD_VALUE, LOCAL_NUMBER, LOCAL_PRECISION, "Number (over|under)flow.*",
    "The supplied Item contains a null.*")
OUR_VALUE = either(BAD_VALUE, OUR_NUMBER)
LOCAL_START = either(
    "The provided starting key does not match the range key predicate",
    "Exclusive Start Key must have same size as table's key schema")
OUR_START = either(
    "The provided starting key is outside query boundaries based on provided conditions",
    "The query can return at most one row and cannot be restarted.*",
    "The provided starting key is invalid.*")
UPDATE_FAULT = either(
    "The document path provided in the update expression is invalid for update",
    "An operand in the update expression has an incorrect data type",
    "The provided expression refers to an attribute that does not exist in the item",
    LOCAL_PRECISION, "Number (over|under)flow.*")
LEGACY_FAULT = either(
    f"{INVALID}.*", "ConditionalOperator .*", "The BETWEEN condition was provided a range.*",
    "Can not use both.*", "Query key condition not supported",
    "Query condition missed key.*", "Attempted conditional constraint is not.*",
    "Item size has exceeded.*", "Conditions can be of length.*", "Either the KeyConditions.*",
    "Only scalar types can be used.*")
LEGACY = {"Expected", "AttributeUpdates", "KeyConditions", "QueryFilter", "ScanFilter",
          "AttributesToGet", "ConditionalOperator"}
SELECT = either("ALL_PROJECTED_ATTRIBUTES can be.*", "Must specify the AttributesToGet.*",
                "Cannot specify the .*")
SEGMENT = either("The Segment parameter is zero-based.*",
                 "The (Segment|TotalSegments) parameter is required.*")


def is_violation(answer):
    return re.match(r"\d+ validation errors? detected: ", answer.message or "") is not None


def is_legacy(case):
    return bool(LEGACY & set(case.request))


def ours_says(text):
    """Matches whatever DynamoDB Local answers; for what it does not check at all."""
    return lambda case: re.fullmatch(text, case.ours.message or "", re.S) is not None


def units(value):
    """All numbers of capacity units in a body."""
    if isinstance(value, list):
        return [found for member in value for found in units(member)]
    if not isinstance(value, dict):
        return []
    own = [value["CapacityUnits"]] if "CapacityUnits" in value else []
    return own + [found for member in value.values() for found in units(member)]


def unasked_capacity(case):
    return differs_in("ConsumedCapacity")(case) and "ConsumedCapacity" not in case.ours.body


def more_capacity(case):
    return (differs_in("ConsumedCapacity")(case)
            and sum(units(case.local.body)) < sum(units(case.ours.body)))


def less_capacity_of_deletes(case):
    return (differs_in("ConsumedCapacity")(case) and "DeleteRequest" in text_of(case.request)
            and sum(units(case.local.body)) > sum(units(case.ours.body)))


def ends_at_limit(case):
    return (differs_in("LastEvaluatedKey")(case) and "LastEvaluatedKey" not in case.local.body
            and case.ours.body["ScannedCount"] == case.request.get("Limit"))


def ties_otherwise(case):
    """The same items, or as many where that is not all, in the order of the index's key."""
    if case.operation != "Query" or "IndexName" not in case.request:
        return False
    if not differs_in_some("Items", "LastEvaluatedKey", "Count", "ScannedCount",
                           "ConsumedCapacity")(case):
        return False
    local, ours = case.local.body, case.ours.body
    if "ExclusiveStartKey" in case.request:
        return True
    if {"Limit", "Select"} & set(case.request):
        return local["ScannedCount"] == ours["ScannedCount"]
    found, other = (sorted(map(text_of, normal(body["Items"]))) for body in (local, ours))
    return found == other


def starts_elsewhere(case):
    """Each server has its own notion of which keys a segment has."""
    return "Segment" in case.request and "ExclusiveStartKey" in case.request and any(
        re.search("start key must lie within|Please use ExclusiveStartKey with correct Segment",
                  answer.message or "") for answer in (case.local, case.ours))


def is_a_level_deeper(case):
    return (case.local.message or "").startswith("Nesting Levels") and not (
        case.ours.message or "").startswith("Nesting Levels") and '"d"' in text_of(case.request)


def shown_otherwise(case):
    """The operands of a BETWEEN."""
    return (" BETWEEN operator " in (case.ours.message or "")
            and same_but(r"AttributeValue: \{[NB]:[^}]*\}")(case))


def other_path_two(case):
    return (" document paths " in (case.ours.message or "")
            and same_but(r", path two: .*")(case))


def ends_at_zero(case):
    """Ours is what comes before a zero byte in the other."""
    before, zero, _ = (case.local.message or "").partition("\0")
    return zero != "" and not case.ours.ok and (case.ours.message or "").startswith(before)


def only_deletes(case):
    updates = case.request.get("AttributeUpdates")
    return isinstance(updates, dict) and len(updates) > 0 and all(
        isinstance(action, dict) and action.get("Action") == "DELETE"
        for action in updates.values())


def local_says(text):
    return lambda case: re.fullmatch(text, case.local.message or "", re.S) is not None


def of_many_tables(case):
    """Refused for one of them or for another."""
    tables = case.request.get("RequestItems")
    return refused(case) and isinstance(tables, dict) and len(tables) > 1


def lists_strangers(case):
    """DynamoDB Local has made a table of what Cartwheel refused for its type."""
    if not (case.local.ok and case.ours.ok):
        return False
    theirs, ours = case.local.body["TableNames"], case.ours.body["TableNames"]
    return any(name not in ours and not name.startswith("oracle-") for name in theirs)


def has_value_behind_dot(case):
    """Text like `a.:v`, which DynamoDB Local reads as `a` and `.:v`, or breaks on."""
    return refused(case) and "Syntax error" in (case.ours.message or "") and any(
        isinstance(value, str) and re.search(r"\.\s*:", value) for value in case.request.values())


def shows_whole_attributes(case):
    """Where parts of an attribute were updated, DynamoDB Local returns all of it."""
    return differs_in("Attributes")(case) and case.request.get("ReturnValues", "").startswith(
        "UPDATED_") and any(mark in case.request.get("UpdateExpression", "") for mark in ".[")
