"""Reads what callgrind writes, as a tree of calls from one function down.

callgrind knows who called whom and what that cost, but not along which path; where a function has
several callers, what it costs itself and below is shared out among them by what each call cost.
"""
import collections
import dataclasses
import re

DEPTH_MAX = 80
# Shares below this are left with their caller.
SHARE_MIN = 1e-5


@dataclasses.dataclass
class Function:
    """One function: where it is from, and its cost in instructions."""

    name: str = "?"
    file: str = ""
    library: str = ""
    own: int = 0
    calls: dict = dataclasses.field(default_factory=lambda: collections.defaultdict(int))

    def total(self):
        return self.own + sum(self.calls.values())


@dataclasses.dataclass
class Frame:
    """A function on one path, and what it cost there."""

    function: Function
    own: float
    below: list

    def total(self):
        return self.own + sum(frame.total() for frame in self.below)


class Profile:
    """All functions of one file that callgrind wrote."""

    NAME = re.compile(r"^(fn|cfn|fl|fi|fe|cfi|cfl|ob|cob)=\((\d+)\)(?: (.*))?$")

    def __init__(self, path):
        self.functions = collections.defaultdict(Function)
        self.names = {"fn": {}, "fl": {}, "ob": {}}
        with open(path, encoding="utf-8", errors="replace") as lines:
            self.read(lines)

    def text(self, kind, number, name):
        """The name of a number; it is written out where it comes first."""
        if name is not None:
            self.names[kind][number] = name
        return self.names[kind].get(number, "?")

    def read(self, lines):
        file = library = called_file = called_library = ""
        function = called = None
        is_call = False
        for line in lines:
            match = self.NAME.match(line.rstrip("\n"))
            if match:
                key, number, name = match.groups()
                if key in ("fl", "fi", "fe"):
                    text = self.text("fl", number, name)
                    file = text if key == "fl" else file
                elif key in ("cfi", "cfl"):
                    called_file = self.text("fl", number, name)
                elif key == "ob":
                    library = self.text("ob", number, name)
                elif key == "cob":
                    called_library = self.text("ob", number, name)
                elif key == "fn":
                    function = self.note(number, name, file, library)
                    called_file, called_library = file, library
                else:
                    called = self.note(number, name, called_file, called_library)
            elif line.startswith("calls="):
                is_call = True
            elif line[:1] in "0123456789+-*" and line.strip() and function is not None:
                cost = int(line.split()[-1])
                if is_call:
                    function.calls[id(called)] += cost
                    called_file, called_library = file, library
                else:
                    function.own += cost
                is_call = False
        self.by_id = {id(each): each for each in self.functions.values()}

    def note(self, number, name, file, library):
        function = self.functions[number]
        text = self.text("fn", number, name)
        if function.name == "?":
            function.name, function.file, function.library = text, file, library
        return function

    def find(self, name):
        return max((each for each in self.functions.values() if each.name == name),
                   key=Function.total)

    def tree(self, root):
        """The calls from a Function down, as a Frame."""
        whole = root.total()

        def frame_of(function, share, path):
            frame = Frame(function, function.own * share, [])
            for number, cost in function.calls.items():
                called = self.by_id[number]
                spent = cost * share
                if called in path or len(path) > DEPTH_MAX or spent < SHARE_MIN * whole:
                    frame.own += spent
                else:
                    below = frame_of(called, spent / called.total(), path + [called])
                    frame.below.append(below)
            return frame

        return frame_of(root, 1.0, [root])
