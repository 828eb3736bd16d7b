"""Draws attribute values: right, on the borderline, wrong."""
import base64

from world import KEYS

TYPES = ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
NAMES = ("a", "n", "b", "l", "m", "ss", "ns", "bs", "yes", "none", "absent", "k")
# Numbers that are right, in more than one way of writing.
NUMBERS = (
    "0", "1", "-1", "2.5", "7", "100", "1e3", "1E-3", "00012", "1.50", "-0", "+4", ".5", "5.",
    "9.9999999999999999999999999999999999999E+125", "1E-130", "-1E-130", "1e125", "12E+1",
    "99999999999999999999999999999999999999", "0.00000000000000000000000000000000000001",
    "0e500", "100000000000000000000000000000000000000000",
)
BAD_NUMBERS = (
    "", " ", "abc", "1e126", "1e-131", "-1e126", "1e200", "1e99999999999", " 1", "1 ", "0x1", "1_0",
    "NaN", "Infinity",
    "-Infinity", "--1", "1e", "e1", ".", "1.2.3", "1,5", "1f", "1d",
    "123456789012345678901234567890123456789",
    "1.00000000000000000000000000000000000001", "1" + "0" * 125 + "1", "\u0661",
)
STRINGS = ("", "a", "hello", "hell", "7", "S", "x", "\u00e9", "\U0001f600", "a b", "NULL", "SS")
BINARIES = ("", "AQ==", "AQID", "AAE=", "////")
BAD_BINARIES = ("a", "AQ", "AQ=", "=", "====", "AQI_", "A\u00e9==", "AB==", "AQID ", "A===")
# Whole values that are wrong, or nearly.
BAD_VALUES = (
    {}, {"S": "a", "N": "1"}, {"X": "a"}, None, "a", 1, True, [], {"s": "a"}, {"S": None},
    {"S": 1}, {"S": True}, {"S": ["a"]}, {"S": {"S": "a"}}, {"N": 1}, {"N": None}, {"N": ["1"]},
    {"B": 1}, {"B": ["AQ=="]}, {"SS": []}, {"SS": ["a", "a"]}, {"SS": [""]}, {"SS": ["a", 1]},
    {"SS": "a"},
    {"SS": [None]}, {"SS": {}}, {"NS": ["1", "1.0"]}, {"NS": []}, {"NS": ["x"]}, {"NS": ["1", ""]},
    {"NS": [1]},
    {"BS": []}, {"BS": ["AQ==", "AQ=="]}, {"BS": [""]}, {"BS": ["A"]}, {"NULL": False},
    {"NULL": "true"},
    {"NULL": None}, {"NULL": 1}, {"BOOL": "true"}, {"BOOL": None}, {"BOOL": 0}, {"BOOL": []},
    {"L": {}}, {"L": "a"},
    {"L": [None]}, {"L": ["a"]}, {"L": [{}]}, {"L": None}, {"L": [{"N": "x"}]}, {"M": []},
    {"M": "a"},
    {"M": {"a": None}}, {"M": {"a": {}}}, {"M": {"a": "b"}}, {"M": {"": {"S": "a"}}}, {"M": None},
    {"M": {"a": {"SS": []}}}, {"S": "a", "X": 1}, {"S": "a", "N": None},
    {"L": [{"S": "a", "N": "1"}]},
    {"M": {"a": {"NULL": False}}}, {"L": [{"NS": ["1", "1"]}]},
)


def nested(depth):
    """A value of so many levels."""
    value = {"S": "bottom"}
    for level in range(depth):
        value = {"L": [value]} if level % 2 else {"M": {"d": value}}
    return value


class Draw:
    """Draws from a random.Random; `daring` is how often it goes beyond what is right."""

    def __init__(self, random, daring):
        self.random = random
        self.daring = daring

    def dares(self, times=1.0):
        return self.random.random() < self.daring * times

    def chance(self, probability):
        return self.random.random() < probability

    def one(self, choices):
        return self.random.choice(choices)

    def some(self, choices, most):
        return self.random.sample(list(choices), self.random.randint(1, min(most, len(choices))))

    def value(self, depth=0):
        """An attribute value."""
        if self.dares():
            return self.wrong_value()
        kind = self.one(TYPES if depth < 2 else TYPES[:5])
        return {kind: self.payload(kind, depth)}

    def typed(self, *kinds):
        """A value of one of the types, most of the time."""
        if self.dares():
            return self.wrong_value()
        if self.chance(0.08):
            kinds = TYPES
        kind = self.one(kinds)
        return {kind: self.payload(kind, 1)}

    def payload(self, kind, depth=1):
        if kind == "S":
            return self.one(STRINGS)
        if kind == "N":
            return self.one(BAD_NUMBERS if self.dares() else NUMBERS)
        if kind == "B":
            return self.one(BAD_BINARIES if self.dares() else BINARIES)
        if kind == "BOOL":
            return self.chance(0.5)
        if kind == "NULL":
            return True
        if kind == "SS":
            return self.some(("x", "y", "z", "\u00e9"), 3)
        if kind == "NS":
            return self.some(("1", "2.5", "-3", "1e3"), 3)
        if kind == "BS":
            return self.some(("AQ==", "Ag==", "AQID"), 3)
        inner = [self.value(depth + 1) for _ in range(self.random.randint(0, 3))]
        if kind == "L":
            return inner
        return dict(zip(self.random.sample(NAMES, len(inner)), inner))

    def wrong_value(self):
        choice = self.random.random()
        if choice < 0.7:
            return self.one(BAD_VALUES)
        if choice < 0.8:
            return {"N": self.one(BAD_NUMBERS)}
        if choice < 0.87:
            return {"B": self.one(BAD_BINARIES)}
        return nested(self.one((30, 31, 32, 33, 40)))

    def key_value(self, kind, is_sort_key=False):
        """A value for a key attribute: mostly one that items have."""
        if self.dares():
            return self.wrong_key_value(kind, is_sort_key)
        if self.chance(0.85):
            return self.one(KEYS[kind])
        return {kind: self.one({"S": ("c", "zz", "a\u0000"), "N": ("2", "1.50", "3e1"),
                                "B": ("Ag==", "AAEC")}[kind])}

    def wrong_key_value(self, kind, is_sort_key):
        choice = self.random.random()
        if choice < 0.3 and kind != "N":
            size = (1024 if is_sort_key else 2048) + self.one((0, 1, 500))
            text = "k" * size
            return {kind: text if kind == "S" else base64.b64encode(text.encode()).decode()}
        if choice < 0.5:
            return {kind: "" if kind != "N" else self.one(BAD_NUMBERS)}
        return self.value()

    def key(self, table):
        """A key of the table, with what may be wrong about it."""
        key = {name: self.key_value(kind, name == "sk") for name, kind in table.keys.items()}
        if self.dares():
            key.pop(self.one(list(key)))
        if self.dares():
            key[self.one(("extra", "a", ""))] = self.value()
        return key

    def attributes(self, most=4):
        """Attributes beside the keys."""
        return {name: self.value() for name in self.some(NAMES, most)}

    def item(self, table):
        item = {**self.key(table), **self.attributes()}
        if self.dares(0.3):
            item["big"] = {"S": "x" * (409600 - self.random.randint(0, 300))}
        if table.indexes:
            for index in table.indexes:
                if self.chance(0.6):
                    item[index.sort_key] = self.typed("N")
        return item
