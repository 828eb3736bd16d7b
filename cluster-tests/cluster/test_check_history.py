"""The tool that judges recorded histories, and what is recorded for which answer."""
import subprocess

import pytest
from botocore.exceptions import (
    ClientError, ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError,
    ReadTimeoutError)

from histories import CHECKER, Operation, fate, judge

GOOD = {
    "linear": "1 1 0 1 write 5\n1 2 2 3 read = 5\n1 1 4 - cas 5 6\n1 2 5 6 cas-failed 5 = 6\n"
              "2 1 0 1 add 3 = 3\n2 1 2 3 swap 9 = 3\n2 2 4 5 write 0\n2 2 6 7 read = 0\n",
    "counter": "# sums\n1 1 0 1 add 5 = 5\n1 2 2 - add 7\n1 1 3 4 add -1 = 11\n1 1 5 6 read = 11\n",
    "append": "1 1 0 1 append 5 = 5\n1 2 2 - append 6\n1 2 2 3 refused 7\n1 1 4 5 read = 5 6\n",
    "sets": "1 1 0 1 add 5\n1 1 2 - add 6\n1 1 2 3 refused 7\n1 2 4 5 read = 6 5\n",
}
BAD = {
    "linear": "1 1 0 1 write 5\n1 1 2 3 write 6\n1 2 4 5 read = 5\n",
    "counter": "1 1 0 1 add 5 = 5\n1 2 2 3 add 5 = 5\n",
    "append": "1 1 0 1 append 5 = 5\n1 2 2 3 append 6 = 6\n",
    "sets": "1 1 0 1 add 5\n1 2 2 3 read =\n",
}
MALFORMED = [
    ("linear", "1 1 0 1 write 5\n1 1 3 2 write 6\n", "line 2: it ends before it begins"),
    ("linear", "1 1 0 1 append 5\n", "line 1: unknown kind"),
    ("linear", "1 1 0 1 read\n", "line 1: a result is missing"),
    ("counter", "1 1 0 1 add 9223372036854775807\n1 1 2 3 add 1\n", "2^63"),
    ("append", "1 1 0 1 append 5\n1 1 2 3 append 5\n", "twice"),
    ("nonsense", "", "usage"),
]


@pytest.mark.parametrize("model", GOOD)
def test_a_good_history(model):
    assert judge(model, GOOD[model].splitlines()) == (
        0, f"{model}: {GOOD[model].count(chr(10)) - GOOD[model].count('#')} operations: good\n")
    assert judge(model, [])[0] == 0


@pytest.mark.parametrize("model", BAD)
def test_a_bad_history(model):
    status, text = judge(model, BAD[model].splitlines())
    verdict, explanation = text.split("\n", 1)
    assert (status, verdict) == (1, f"{model}: {BAD[model].count(chr(10))} operations: VIOLATION")
    assert explanation.strip()


@pytest.mark.parametrize("model, text, message", MALFORMED)
def test_no_history(model, text, message):
    status, said = judge(model, text.splitlines())
    assert status == 2
    assert message in said


def test_a_history_that_is_given_up():
    """Far more under way at once than can be searched."""
    lines = [f"1 {process} 0 1000 add 1" for process in range(300)]
    status, text = judge("linear", [*lines, "1 300 0 1000 read = 7"])
    assert (status, text.split("\n")[0]) == (2, "linear: 301 operations: given up")


def test_from_a_file(tmp_path):
    path = tmp_path / "history"
    path.write_text(BAD["linear"])
    assert subprocess.run([CHECKER, "linear", path], check=False).returncode == 1
    assert subprocess.run([CHECKER, "linear", tmp_path / "none"], check=False).returncode == 2


def test_a_line():
    assert str(Operation(1, 2, 3, 4, "read", (), [])) == "1 2 3 4 read ="
    assert str(Operation(1, 2, 3, None, "cas", (5, 6))) == "1 2 3 - cas 5 6"


def answered(code, status, message=""):
    return ClientError({"Error": {"Code": code, "Message": message},
                        "ResponseMetadata": {"HTTPStatusCode": status}}, "PutItem")


@pytest.mark.parametrize("error, became", [
    (EndpointConnectionError(endpoint_url="u"), "never"),
    (ConnectTimeoutError(endpoint_url="u"), "never"),
    (ConnectionClosedError(endpoint_url="u"), "unknown"),
    (ReadTimeoutError(endpoint_url="u"), "unknown"),
    (answered("ThrottlingException", 400), "refused"),
    (answered("InternalServerError", 503), "refused"),
    (answered("InternalServerError", 500, "The request had no effect."), "refused"),
    (answered("InternalServerError", 500, "It may have taken effect."), "unknown"),
])
def test_fates(error, became):
    assert fate(error) == became
