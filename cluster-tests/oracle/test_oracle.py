"""Cartwheel and DynamoDB Local answer drawn requests alike, but for known_differences.py."""
import pytest

from fixtures import not_tested
import servers
from shrink import shrink
from tester import Run
from world import World

SEEDS = (1, 2, 3, 4, 5)
REQUESTS = 1000  # of each seed


@pytest.fixture(scope="module")
def world():
    reason = servers.missing()
    if reason is not None:
        not_tested("Likeness to DynamoDB Local", reason)
    with servers.both() as wires:
        world = World(wires)
        world.create()
        yield world


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_are_alike(world, seed):
    run = Run(world, seed)
    run.run(REQUESTS)
    report = "\n".join(run.report())
    print(report)
    assert not run.found, report
    assert run.refused < run.sent * 0.8, "most requests must not be broken"


def test_a_difference_is_found_and_made_small(world, monkeypatch):
    """One that is planted: an answer of Cartwheel's is changed whenever a request has a Limit."""
    run = Run(world, 1)
    send = run.ours.send

    def lie(operation, request):
        answer = send(operation, request)
        if operation == "Scan" and request.get("Limit") == 3 and answer.ok:
            answer.body["ScannedCount"] += 1
        return answer

    monkeypatch.setattr(run.ours, "send", lie)
    for limit in (2, 3):
        run.step("Scan", {
            "TableName": "oracle-s", "Limit": limit, "ConsistentRead": True,
            "FilterExpression": "attribute_exists(n)"})
    [(case, count, before)] = run.found.values()
    assert case.request == {"TableName": "oracle-s", "Limit": 3}
    assert (count, before) == (1, [])
    monkeypatch.undo()
    run.restore()


def test_shrinking_keeps_what_is_needed():
    request = {"a": [{"S": "x" * 100}, {"N": "1"}], "b": "one AND two AND three", "c": None}
    small = shrink(request, lambda it: "two" in it.get("b", "") and len(it.get("a", [])) > 0)
    assert small == {"a": [{}], "b": "two"} or small == {"a": [{"S": "a"}], "b": "two"}
