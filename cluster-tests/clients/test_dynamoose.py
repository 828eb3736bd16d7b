"""Dynamoose: models that make their own tables."""


def test_models(run_flow):
    run_flow("dynamoose")
