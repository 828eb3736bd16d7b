"""Where Cartwheel and DynamoDB Local differ, and why Cartwheel does as it does.

"AWS" is what the developer guide says, what clients' tests expect of the service, and what
dynalite, which was written from the service's answers, answers.
"""
import re

from matchers import (
    BAD_EXPRESSION, INVALID, LEGACY_FAULT, LOCAL_KEY, LOCAL_NUMBER, LOCAL_PRECISION, LOCAL_START,
    LOCAL_VALUE, OUR_KEY, OUR_NUMBER, OUR_START, OUR_VALUE, SEGMENT, SELECT, UPDATE_FAULT, Known,
    either, ends_at_limit, ends_at_zero, has_value_behind_dot, is_a_level_deeper, is_legacy,
    is_violation, less_capacity_of_deletes, lists_strangers, local_says, messages, more_capacity,
    of_many_tables, on, only_deletes, other_path_two, ours_says, refused, same_but,
    shown_otherwise, shows_whole_attributes, starts_elsewhere, ties_otherwise, unasked_capacity,
)

# What comes before the request is understood.
FRAMEWORK = [
    Known(
        "types", "AWS refuses members of a wrong JSON type before all else; DynamoDB Local "
        "converts them, takes them for absent, or breaks",
        lambda case: case.ours.type == "SerializationException"
        and case.local.type != "SerializationException"),
    Known(
        "constraints", "AWS tells all members that are missing, too long or not of their "
        "enumeration in one message; DynamoDB Local checks some of them, later, in other words",
        lambda case: is_violation(case.ours)),
    Known(
        "breaks", "DynamoDB Local fails",
        lambda case: case.local.type == "InternalFailure" and case.local.status == 500),
    Known(
        "table last", "AWS looks for the table after it has checked the request alone",
        lambda case: (case.local.type, case.ours.type)
        == ("ResourceNotFoundException", "ValidationException")),
]

# Texts of one and the same fault.
TEXTS = [
    Known(
        "text of no table", "AWS's text, which names the table in calls on tables",
        messages("Cannot do operations on a non-existent table",
                 "Requested resource not found(: Table: .* not found)?|Table not found: .*")),
    Known(
        "text of a table that exists", "AWS's text names it",
        messages("Cannot create preexisting table", "Table already exists: .*")),
    Known(
        "text of a table's name", "AWS's texts",
        messages("Invalid table/index name.*",
                 "The parameter 'TableName' is required.*|TableName must be at least.*")),
    Known("text of a wrong key", "AWS's texts", messages(LOCAL_KEY, OUR_KEY)),
    Known(
        "text of a wrong index key", "AWS's texts",
        messages(either(LOCAL_KEY, "Updates on index keys must be of the same data type.*"),
                 f"{INVALID}(Type mismatch for Index Key|Size of|Aggregated|The Attr).*"
                 "|One or more parameter values are not valid.*")),
    Known(
        "text of a wrong number", "AWS's texts, which tell what is wrong with it",
        messages(f"(ExpressionAttributeValues contains invalid value: )?"
                 f"({LOCAL_NUMBER}|{LOCAL_PRECISION})( for key .*)?",
                 f"(ExpressionAttributeValues contains invalid value: )?({OUR_NUMBER})")),
    Known(
        "text of ReturnValues", "AWS's text",
        messages("Return values set to invalid value", "ReturnValues can only be ALL_OLD or NONE")),
    Known(
        "text of a null value", "AWS's text",
        messages("(ExpressionAttributeValues contains invalid value: )?"
                 "The supplied Item contains a null AttributeValue.*",
                 "(ExpressionAttributeValues contains invalid value: )?"
                 "Supplied AttributeValue is empty.*")),
    Known(
        "text of a null key", "AWS's text",
        on("BatchGetItem", messages("The list of keys in RequestItems .* may not contain null.*",
                                    OUR_KEY))),
    Known(
        "text of a null name", "DynamoDB Local shows its exception",
        messages("ExpressionAttributeNames contains invalid value: (Cannot invoke|null) .*",
                 "ExpressionAttributeNames contains invalid value: Empty attribute name .*")),
    Known(
        "text of an empty substitute", "AWS's text",
        messages(r"(\w+) contains invalid key: The expression attribute map contains an empty key;",
                 r'(\w+) contains invalid key: Syntax error; key: ""')),
    Known(
        "text of duplicates in a set", "AWS's ends with a full stop, and shows binary sets",
        same_but(r"\[[^\]]*\](?=of type BS)", r"(?<=contains duplicates)\.",
                 r"(?<=Input collection )(?=of)| (?=of type BS)")),
    Known(
        "text of a name twice", "AWS's text",
        messages("Cannot have two attributes with the same name|Empty attribute name",
                 f"{INVALID}Duplicate value in attribute name: .*")),
    Known("text of a start key", "AWS's texts", messages(LOCAL_START, OUR_START)),
    Known(
        "text of a start key's type", "AWS's text",
        messages(LOCAL_KEY, OUR_START)),
    Known(
        "text of a segment", "AWS's texts",
        messages(either("1 validation error detected: Value '-?[0-9]+' at 'segment' failed.*",
                        "If segment is specified.*", "If total segment.*"), SEGMENT)),
    Known(
        "text of a segment's start key", "AWS's text",
        starts_elsewhere),
    Known(
        "text of a missing key condition", "AWS's text names the key",
        same_but(r"(?<=Query condition missed key schema element): .*")),
    Known(
        "text of nothing to update", "AWS's text",
        messages("Nothing to update", "At least one of ProvisionedThroughput, .*")),
    Known(
        "text of the same throughput", "AWS's text has the numbers",
        messages("The requested throughput value equals the current value",
                 "The provisioned throughput for the table will not change.*")),
    Known(
        "text of a key schema", "AWS's texts, in AWS's order",
        on("CreateTable", lambda case: refused(case)
           and case.local.type == case.ours.type)),
    Known(
        "text of a type", "AWS's text has the short name of the type",
        same_but(r"(?<=for the type )[A-Z_ ]+")),
]

# Texts in which a part differs.
PARTS = [
    Known(
        "path two", "DynamoDB Local names the last path instead of the one that overlaps",
        other_path_two),
    Known(
        "names of types", "DynamoDB Local takes them from a set without order; ours is AWS's",
        same_but(r"(valid types|operand type): \{[A-Z,]+\}")),
    Known(
        "unused names", "DynamoDB Local takes them from a map without order; ours are sorted",
        same_but(r"keys: \{.*\}")),
    Known(
        "operands of BETWEEN", "Cartwheel shows numbers normalised, and binary values in base 64, "
        "where DynamoDB Local shows numbers as given, and Java's buffers", shown_otherwise),
    Known(
        "zero bytes", "Cartwheel's messages end where a value that they show has one",
        ends_at_zero),
]

# Requests with several faults: which of them is told.
ORDER = [
    Known(
        "keys after expressions", "AWS compares keys with the schema of the table, which it has "
        "when it has read the expressions",
        messages(either(LOCAL_KEY, LOCAL_VALUE),
                 either(BAD_EXPRESSION, "ReturnValues can only be ALL_OLD or NONE"))),
    Known(
        "values before expressions", "AWS reads the values of keys first",
        on("GetItem Query Scan BatchGetItem",
           messages(BAD_EXPRESSION, either(OUR_VALUE, OUR_START, OUR_KEY)))),
    Known(
        "names after values", "DynamoDB Local looks at the names of attributes in another order",
        messages(either(BAD_EXPRESSION, LEGACY_FAULT, LOCAL_KEY), "Empty attribute name")),
    Known(
        "ReturnValues after values", "DynamoDB Local looks at ReturnValues first of all",
        on("PutItem DeleteItem", messages(
            "Return values set to invalid value",
            either(OUR_VALUE, "ExpressionAttribute(Names|Values) can only be specified.*")))),
    Known(
        "values before keys", "AWS compares keys with the schema last",
        messages(LOCAL_VALUE, OUR_KEY)),
    Known(
        "values in start keys", "AWS says of which parameter it is",
        messages(LOCAL_VALUE, "The provided starting key is invalid: .*")),
    Known(
        "segments first", "AWS compares the segment with their number first",
        on("Scan", messages(either(BAD_EXPRESSION, LOCAL_VALUE, LOCAL_START, SELECT), SEGMENT))),
    Known(
        "indexes after values", "AWS looks for the index when it has the table",
        messages("The table does not have the specified index: .*",
                 "(?!The table does not have).*")),
    Known(
        "faults of a batch", "DynamoDB Local looks for duplicates before expressions and values",
        on("BatchGetItem BatchWriteItem", messages(
            "Provided list of item keys contains duplicates",
            either(BAD_EXPRESSION, OUR_VALUE, OUR_KEY, LEGACY_FAULT)))),
    Known(
        "tables of a batch", "DynamoDB Local looks at the tables in no order, and folds their case",
        on("BatchGetItem BatchWriteItem", of_many_tables)),
    Known(
        "null in a batch", "DynamoDB Local takes a list of nothing for an empty one",
        on("BatchWriteItem", local_says(
            "The batch write request list for a table cannot be null or empty"))),
    Known(
        "names twice and other faults", "DynamoDB Local looks for them before, or after, keys",
        on("GetItem BatchGetItem", lambda case: refused(case) and (
            local_says("Cannot have two attributes with the same name")(case)
            or ours_says(f"{INVALID}Duplicate value in attribute name: .*")(case)))),
    Known(
        "starting keys first", "AWS reads the starting key before the condition's values",
        on("Query", lambda case: refused(case) and ours_says(either(OUR_START, OUR_NUMBER))(case))),
    Known(
        "sizes", "AWS reads the expressions before it measures the item; and DynamoDB Local counts "
        "some bytes of numbers otherwise",
        on("PutItem", lambda case: refused(case) and local_says(
            "Item size has exceeded the maximum allowed size")(case))),
    Known(
        "values behind dots", "DynamoDB Local reads them apart, or breaks", has_value_behind_dot),
    Known(
        "updates of keys", "AWS has the key schema before it has the item",
        on("UpdateItem", messages("The conditional request failed",
                                  f"{INVALID}Cannot update attribute .* part of the key"))),
    Known(
        "faults of an update", "DynamoDB Local takes them from a map without order",
        on("UpdateItem", messages(UPDATE_FAULT, UPDATE_FAULT))),
    Known(
        "old conditions", "AWS reads filters before key conditions, updates before what is "
        "expected, and all of them before it has the item",
        lambda case: is_legacy(case) and messages(
            either(LOCAL_KEY, LOCAL_VALUE, LEGACY_FAULT, LOCAL_START,
                   "The conditional request failed"),
            either(LEGACY_FAULT, OUR_VALUE, OUR_KEY, OUR_START, BAD_EXPRESSION,
                   "ReturnValues can only be ALL_OLD or NONE"))(case)),
    Known(
        "updates before the item",
        "AWS judges the types of AttributeUpdates before it has the item",
        messages("Type mismatch for attribute to update",
                 f"{INVALID}(ADD|DELETE) action .*|{INVALID}Only DELETE action.*")),
    Known(
        "reserved word size", "DynamoDB Local takes it for a name, or for the function, in places",
        ours_says("Invalid .*; reserved keyword: [sS][iI][zZ][eE]")),
    Known(
        "too many operators", "DynamoDB Local counts them after it has looked up values",
        ours_says("Invalid .*: The expression contains too many operators; .*")),
]

# What one of them does and the other does not.
DEEDS = [
    Known(
        "strangers", "DynamoDB Local makes a table whose name was sent as a number",
        on("ListTables", lists_strangers)),
    Known(
        "parts that were updated", "AWS returns the parts that the expression names",
        on("UpdateItem", shows_whole_attributes)),
    Known(
        "duplicates of numbers", "AWS finds equal numbers in keys, however they are written",
        on("BatchGetItem BatchWriteItem",
           lambda case: case.ours.message == "Provided list of item keys contains duplicates"
           and '"N"' in str(case.request).replace("'", '"'))),
    Known(
        "units of tables on demand", "AWS refuses units where the mode is PAY_PER_REQUEST",
        ours_says(f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be .*")),
    Known(
        "foreign digits", "AWS knows the digits 0 to 9 alone",
        ours_says(".*cannot be converted to a numeric value: .*\u0661.*")),
    Known(
        "mixed tables", "in AWS each table of a BatchGetItem is judged alone",
        on("BatchGetItem", lambda case: (case.local.message or "").startswith("Can not use both")
           and not (case.ours.message or "").startswith("Can not use both"))),
    Known(
        "long keys in queries", "AWS refuses them in queries as in writes",
        on("Query Scan", ours_says(f".*{INVALID}(Size of hashkey|Aggregated size).*"))),
    Known(
        "start at the bound", "a starting key may be that of the last item before the end",
        on("Query", lambda case: case.ours.ok and re.fullmatch(
            LOCAL_START, case.local.message or "") is not None)),
    Known(
        "names projected twice", "NonKeyAttributes are a set to AWS",
        on("CreateTable", lambda case: case.local.message
           == "Cannot have two attributes with the same name")),
    Known(
        "nesting", "AWS documents 32 levels; DynamoDB Local lets 31 pass", is_a_level_deeper),
    Known(
        "ties", "items with the same key in an index come in any order", ties_otherwise),
    Known(
        "deletes from nothing", "AWS documents that AttributeUpdates that only DELETE make no item",
        on("UpdateItem", only_deletes)),
    Known("unasked capacity", "AWS tells who asks", on("DeleteItem", unasked_capacity)),
    Known(
        "capacity of nothing", "AWS charges each key, or page, that finds nothing",
        on("BatchGetItem Query Scan", more_capacity)),
    Known(
        "capacity of deletes", "AWS charges the size of the item that was",
        on("BatchWriteItem", less_capacity_of_deletes)),
    Known(
        "end of a query", "AWS gives a LastEvaluatedKey whenever the Limit was reached",
        on("Query", ends_at_limit)),
]

# What shows later, in what was written.
HIDDEN = [difference for difference in DEEDS if difference.name == "deletes from nothing"]
KNOWN = FRAMEWORK + TEXTS + PARTS + ORDER + DEEDS
