"""Makes a request small while it still shows what it showed."""
import copy
import re

TRIES_MAX = 250


def shrink(request, still_shows):
    """`still_shows(request)` sends it; the smallest request found."""
    tries = 0
    smaller = True
    while smaller and tries < TRIES_MAX:
        smaller = False
        for candidate in candidates(request):
            tries += 1
            if tries > TRIES_MAX:
                break
            if still_shows(candidate):
                request, smaller = candidate, True
                break
    return request


def candidates(request):
    """Requests a step smaller: what drops most comes first."""
    places = list(paths(request))
    for path in places:
        yield without(request, path)
    for path in places:
        for value in simpler(at(request, path)):
            yield replaced(request, path, value)


def paths(node, before=()):
    """Of all members within, outer ones first."""
    if isinstance(node, dict):
        inner = node.items()
    elif isinstance(node, list):
        inner = enumerate(node)
    else:
        return
    inner = list(inner)
    for name, _ in inner:
        yield before + (name,)
    for name, child in inner:
        yield from paths(child, before + (name,))


def at(node, path):
    for name in path:
        node = node[name]
    return node


def without(request, path):
    copied = copy.deepcopy(request)
    parent = at(copied, path[:-1])
    del parent[path[-1]]
    return copied


def replaced(request, path, value):
    copied = copy.deepcopy(request)
    at(copied, path[:-1])[path[-1]] = value
    return copied


def simpler(value):
    if isinstance(value, str) and len(value) > 1:
        half = len(value) // 2
        if len(value) > 40:
            yield value[:half]
            yield value[half:]
        # Expressions: word by word, and one side of an AND, OR or comma.
        words = re.findall(r"\s*[^\s]+", value)
        if 1 < len(words) <= 40:
            for number in range(len(words)):
                yield "".join(words[:number] + words[number + 1:]).strip()
            for left, right in ((2, 0), (0, 2), (4, 0), (0, 4), (3, 0), (0, 3)):
                if len(words) > left + right:
                    yield "".join(words[left:len(words) - right]).strip()
    elif isinstance(value, dict) and value not in ({"S": "a"}, {}) and len(value) == 1:
        yield {"S": "a"}
