"""The AWS SDK for JavaScript, version 3: client-dynamodb and lib-dynamodb."""
import os

import pytest

from conftest import ELSEWHERE


def test_shop(run_flow):
    run_flow("aws_sdk")


@pytest.mark.skipif(ELSEWHERE in os.environ, reason="DynamoDB Local throttles nobody")
def test_throttling(run_flow):
    run_flow("throttling")
