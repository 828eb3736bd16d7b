"""Damages the structure of a request, whatever it means."""
import copy

OTHERS = (None, "", "a", 0, 1, -1, 1.5, 10 ** 20, True, False, [], {}, [{}], ["a"], {"a": "b"},
          {"S": "a"}, [None], [[]])


def mutate(draw, body):
    """A copy of the body with one to three members changed, dropped, or added."""
    body = copy.deepcopy(body)
    for _ in range(draw.one((1, 1, 2, 3))):
        parents = containers(body)
        # Outer members are where most checks are.
        parent = draw.one(parents) if draw.chance(0.5) else body
        change(draw, parent)
    return body


def containers(node):
    """All objects and lists in it, itself included."""
    found = [node]
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, (dict, list)):
            found += containers(child)
    return found


def change(draw, parent):
    if isinstance(parent, list):
        change_list(draw, parent)
        return
    names = list(parent)
    choice = draw.random.random()
    if not names or choice < 0.1:
        parent[draw.one(("Unknown", "a", "S", "TableName", ""))] = copy.deepcopy(draw.one(OTHERS))
    elif choice < 0.4:
        parent.pop(draw.one(names))
    elif choice < 0.9:
        parent[draw.one(names)] = copy.deepcopy(draw.one(OTHERS))
    else:
        name = draw.one(names)
        parent[draw.one((name.lower(), name + "x", ""))] = parent.pop(name)


def change_list(draw, parent):
    choice = draw.random.random()
    if not parent or choice < 0.2:
        parent.append(copy.deepcopy(draw.one(OTHERS)))
    elif choice < 0.5:
        parent.pop()
    elif choice < 0.7:
        parent.append(copy.deepcopy(parent[0]))
    else:
        parent[draw.random.randrange(len(parent))] = copy.deepcopy(draw.one(OTHERS))
