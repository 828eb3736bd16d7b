"""docs/api.md against the service model of the AWS SDK that is installed."""
import re

import botocore.session
import pytest

from cluster import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text()
SERVICES = ("dynamodb", "dynamodbstreams")


def models():
    session = botocore.session.get_session()
    for service in SERVICES:
        model = session.get_service_model(service)
        for name in model.operation_names:
            yield pytest.param(model.operation_model(name), id=name)


def listed(name):
    """What the page says of an operation, and the parameters that it lists for it."""
    here = re.search(rf"^\| \[?{name}(?:\]\([^)]*\))? \| (yes|differs|no) \|", PAGE, re.M).group(1)
    if here == "no":
        names = re.search(rf"^\| {name} \| ((?!no \|).*) \|$", PAGE, re.M).group(1)
        return here, re.findall(r"`(\w+)`", names)
    section = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S).group(1)
    return here, re.findall(r"^\| `(\w+)` \| (?:yes|differs|no) \|", section, re.M)


@pytest.mark.parametrize("operation", models())
def test_every_operation_and_parameter_is_listed(operation):
    _, parameters = listed(operation.name)
    shape = operation.input_shape
    assert set(shape.members if shape else ()) <= set(parameters)


def test_there_are_66_operations():
    rows = re.findall(r"^\| \[?(\w+).* \| (?:yes|differs|no) \|", PAGE.split("\n## What")[0], re.M)
    assert len(rows) == len(set(rows)) == 66
