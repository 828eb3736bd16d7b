"""The AWS SDK for JavaScript, version 3: client-dynamodb and lib-dynamodb."""


def test_shop(run_flow):
    run_flow("aws_sdk")
