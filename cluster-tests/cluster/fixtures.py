"""Fixtures shared by the cluster tests and those of clients."""
import os
import uuid

import pytest

from cluster import Cluster


def pytest_collection_modifyitems(items):
    """No test may hang; pytest-timeout enforces it where it is installed."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(180))


def pytest_configure(config):
    config.addinivalue_line("markers", "timeout(seconds): the most a test may take")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """What failed is shown with the ends of the nodes' logs."""
    report = (yield).get_result()
    logs, Cluster.logs_left = Cluster.logs_left, {}
    if report.failed:
        for cluster in Cluster.running:
            logs.update(cluster.log_tails())
        report.sections.extend(logs.items())


def not_tested(what, why):
    """Skips the test, and says so where run.sh looks."""
    line = f"{what} NOT tested: {why}\n"
    if "CARTWHEEL_UNTESTED" in os.environ:
        with open(os.environ["CARTWHEEL_UNTESTED"], "a+", encoding="utf-8") as file:
            file.seek(0)
            if line not in file.readlines():
                file.write(line)
    pytest.skip(line.strip())


@pytest.fixture(scope="session")
def shared_cluster():
    """Three healthy nodes, for the tests that break nothing."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(shared_cluster):
    before = len(shared_cluster.errors())
    yield shared_cluster
    assert shared_cluster.errors()[before:] == []


@pytest.fixture
def client(cluster):
    return cluster.nodes[0].boto()


def create_table(client, name=None, sort_key=False, **options):
    """A table with the keys pk and, if wanted, sk, both strings. Returns its name."""
    name = name or f"t-{uuid.uuid4().hex[:12]}"
    keys = ["pk", "sk"] if sort_key else ["pk"]
    client.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[
            {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"))
        ], **options,
    )
    return name


@pytest.fixture
def table(client):
    """A table with a partition key alone; its name."""
    name = create_table(client)
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def sorted_table(client):
    """A table with a sort key; its name."""
    name = create_table(client, sort_key=True)
    yield name
    client.delete_table(TableName=name)
