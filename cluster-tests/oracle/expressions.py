"""Draws expressions by the grammar of DynamoDB, then damages some of them."""
import re

COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
RESERVED = ("size", "name", "value", "list", "date", "count", "key", "set", "and", "Table")
TOKEN = re.compile(r"[A-Za-z0-9_#:]+|<=|>=|<>|[^\sA-Za-z0-9_]")
# What a text may be disturbed with.
NOISE = ("(", ")", "[", "]", ",", ".", "=", "<", "AND", "OR", "NOT", "BETWEEN", "IN", "SET",
         "REMOVE", "ADD",
         "DELETE", "#", ":", "-", "+", "%", "\"", "a", "#a", ":a", "0", "[0]", "[-1]",
         "[99999999999]", "size",
         "attribute_exists", "\u00e9", "\t")
LONG = ("a" * 4097, "a = :a OR " * 400 + "a = :a", "NOT " * 320 + "a = :a", ".".join(["a"] * 40),
        "a" + "[0]" * 40, "a in (" + ",".join([":a"] * 101) + ")", "(" * 30 + "a = :a" + ")" * 30,
        "a" * 300 + " = :a",
        "#" + "a" * 260 + " = :a")


class Expressions:
    """The expressions of one request, which share names and values."""

    def __init__(self, draw):
        self.draw = draw
        self.names = {}
        self.values = {}

    def give(self, request, values=True):
        """Adds to the request the names and values that its expressions need; nearly."""
        draw = self.draw
        if draw.dares(0.4):
            self.names[draw.one(("#unused", "bad", "#", "#a b", "#" + "n" * 255))] = "a"
        if draw.dares(0.4):
            self.values[draw.one((":unused", "bad", ":", ":a-b", ":" + "v" * 255))] = {"S": "a"}
        for held in (self.names, self.values):
            if held and draw.dares(0.4):
                held.pop(draw.one(list(held)))
        if self.names and draw.dares(0.3):
            self.names[draw.one(list(self.names))] = draw.one(("", "a.b", "x" * 65536, None, 1))
        if self.names or draw.dares(0.2):
            request["ExpressionAttributeNames"] = self.names
        if values and (self.values or draw.dares(0.2)):
            request["ExpressionAttributeValues"] = self.values

    # Operands.

    def name(self, name):
        """An attribute's name, itself or by a substitute."""
        draw = self.draw
        if draw.dares(0.4):
            return draw.one(RESERVED + ("1a", "a-b", "_a", "\u00e9", "#"))
        if draw.chance(0.6) and re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name):
            return name
        substitute = f"#{draw.one(('n', 'x', ''))}{len(self.names)}"
        for known, meaning in self.names.items():
            if meaning == name and draw.chance(0.8):
                return known
        self.names[substitute] = name
        return substitute

    def path(self, deepest=3):
        draw = self.draw
        names = ("a", "n", "b", "l", "m", "ss", "ns", "bs", "yes", "none", "absent")
        text = self.name(draw.one(names))
        while deepest > 0 and draw.chance(0.3):
            deepest -= 1
            if draw.chance(0.5):
                text += f"[{draw.one((0, 1, 2, 3, 7))}]"
            else:
                text += "." + self.name(draw.one(("k", "n", "m", "absent")))
        return text

    def value(self, *kinds):
        """A value's substitute."""
        draw = self.draw
        if self.values and draw.chance(0.1):
            return draw.one(list(self.values))
        substitute = f":{draw.one(('v', 'w', ''))}{len(self.values)}"
        self.values[substitute] = draw.typed(*kinds) if kinds else draw.value()
        return substitute

    def operand(self):
        draw = self.draw
        choice = draw.random.random()
        if choice < 0.45:
            return self.path()
        if choice < 0.9:
            return self.value("S", "N", "B") if draw.chance(0.7) else self.value()
        return f"size({self.path()})" if draw.chance(0.9) else f"size({self.operand()})"

    # Conditions and filters.

    def condition(self, depth=2):
        draw = self.draw
        if depth > 0 and draw.chance(0.35):
            left, right = self.condition(depth - 1), self.condition(depth - 1)
            if draw.chance(0.3):
                left = f"({left})"
            if draw.dares(0.2):
                right = f"(({right}))"
            return f"{left} {draw.one(('AND', 'OR', 'and', 'Or'))} {right}"
        if depth > 0 and draw.chance(0.1):
            return f"NOT {self.condition(depth - 1)}"
        return self.atom()

    def atom(self):
        draw = self.draw
        choice = draw.random.random()
        if choice < 0.4:
            return f"{self.operand()} {draw.one(COMPARATORS)} {self.operand()}"
        if choice < 0.5:
            kind = draw.one(("S", "N"))
            return f"{self.operand()} BETWEEN {self.value(kind)} AND {self.value(kind)}"
        if choice < 0.58:
            candidates = ", ".join(self.operand() for _ in range(draw.random.randint(1, 4)))
            return f"{self.operand()} IN ({candidates})"
        return self.function()

    def function(self):
        draw = self.draw
        name = draw.one(("attribute_exists", "attribute_not_exists", "attribute_type",
                         "begins_with",
                         "contains"))
        if draw.dares(0.4):
            name = draw.one(("size", "SIZE", "Contains", "if_not_exists", "list_append", "bogus"))
            count = draw.random.randint(0, 3)
            return f"{name}({', '.join(self.operand() for _ in range(count))})"
        if draw.dares(0.4):
            return f"{name}({self.operand()}, {self.operand()})"
        if name in ("attribute_exists", "attribute_not_exists"):
            return f"{name}({self.path()})"
        if name == "attribute_type":
            substitute = self.value("S")
            if draw.chance(0.85):
                self.values[substitute] = {"S": draw.one(("S", "N", "B", "L", "M", "SS", "NULL",
                                                          "BOOL"))}
            return f"{name}({self.path()}, {substitute})"
        if name == "begins_with":
            return f"{name}({self.path()}, {self.value('S', 'B')})"
        second = self.operand() if draw.chance(0.3) else self.value("S", "N")
        return f"{name}({self.operand()}, {second})"

    # Updates.

    def update(self):
        draw = self.draw
        sections = draw.some(("SET", "REMOVE", "ADD", "DELETE"), 2)
        if draw.dares(0.3):
            sections.append(sections[0])
        return " ".join(getattr(self, f"section_{name.lower()}")() for name in sections)

    def targets(self):
        """Paths that mostly do not overlap."""
        draw = self.draw
        if draw.dares(0.5):
            return [self.path() for _ in range(draw.random.randint(1, 3))]
        return [self.name(name) for name in draw.some(("a", "n", "new", "x", "y", "other"), 2)] \
            if draw.chance(0.6) else [self.path()]

    def section_set(self):
        draw = self.draw
        settings = [f"{target} = {self.assigned()}" for target in self.targets()]
        return f"{draw.one(('SET', 'set', 'Set'))} {', '.join(settings)}"

    def assigned(self):
        draw = self.draw
        choice = draw.random.random()
        if choice < 0.45:
            return self.set_operand()
        if choice < 0.7:
            return f"{self.number_operand()} {draw.one('+-')} {self.number_operand()}"
        if choice < 0.85:
            return f"if_not_exists({self.path()}, {self.set_operand()})"
        return f"list_append({self.list_operand()}, {self.list_operand()})"

    def set_operand(self):
        return self.path() if self.draw.chance(0.3) else self.value()

    def number_operand(self):
        draw = self.draw
        if draw.chance(0.1):
            return f"if_not_exists({self.path()}, {self.value('N')})"
        return self.name("n") if draw.chance(0.4) else self.value("N")

    def list_operand(self):
        return self.name("l") if self.draw.chance(0.5) else self.value("L")

    def section_remove(self):
        return f"REMOVE {', '.join(self.targets())}"

    def section_add(self):
        added = [f"{target} {self.value('N', 'NS', 'SS')}" for target in self.targets()]
        return f"ADD {', '.join(added)}"

    def section_delete(self):
        name, kind = self.draw.one((("ss", "SS"), ("ns", "NS"), ("bs", "BS"), ("a", "SS")))
        target = self.name(name) if self.draw.chance(0.8) else self.path()
        return f"DELETE {target} {self.value(kind)}"

    # Projections and key conditions.

    def projection(self):
        count = self.draw.random.randint(1, 4)
        return ", ".join(self.path() for _ in range(count))

    def key_condition(self, keys):
        """`keys`: names and types of a table's or an index's keys, the hash key first."""
        draw = self.draw
        (hash_name, hash_type), *sort = keys.items()
        text = f"{self.name(hash_name)} = {self.key_substitute(hash_type)}"
        if draw.dares(0.3):
            text = text.replace(" = ", f" {draw.one(COMPARATORS)} ")
        if sort and draw.chance(0.6):
            second = self.sort_condition(*sort[0])
            if draw.dares(0.2):
                second = f"NOT {second}"
            parts = [text, second]
            draw.random.shuffle(parts)
            text = f" {draw.one(('AND', 'and')) if not draw.dares(0.2) else 'OR'} ".join(parts)
        if draw.dares(0.3):
            text += f" AND {self.atom()}"
        return f"({text})" if draw.chance(0.05) else text

    def key_substitute(self, kind, is_sort_key=False):
        substitute = f":k{len(self.values)}"
        self.values[substitute] = self.draw.key_value(kind, is_sort_key)
        return substitute

    def sort_condition(self, name, kind):
        draw = self.draw
        choice = draw.random.random()
        if choice < 0.6:
            operator = draw.one(("=", "<", "<=", ">", ">=") if not draw.dares(0.3) else COMPARATORS)
            return f"{self.name(name)} {operator} {self.key_substitute(kind, True)}"
        if choice < 0.8 or kind == "N" and not draw.dares():
            low, high = self.key_substitute(kind, True), self.key_substitute(kind, True)
            return f"{self.name(name)} BETWEEN {low} AND {high}"
        return f"begins_with({self.name(name)}, {self.key_substitute(kind, True)})"

    # Damage.

    def maybe_damage(self, text):
        """Sometimes another text."""
        draw = self.draw
        if not draw.dares(0.6):
            return text
        if draw.chance(0.1):
            return draw.one(("", " ", *LONG))
        tokens = TOKEN.findall(text)
        for _ in range(draw.random.randint(1, 2)):
            at = draw.random.randrange(len(tokens)) if tokens else 0
            choice = draw.random.random()
            if choice < 0.3 and tokens:
                del tokens[at]
            elif choice < 0.6:
                tokens.insert(at, draw.one(NOISE))
            elif choice < 0.8 and tokens:
                tokens[at] = draw.one(NOISE)
            elif tokens:
                other = draw.random.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
        return "".join(
            token if re.fullmatch(r"[\[\].]|\d+",
                                  token) else f" {token} " for token in tokens).strip()
