"""DynamoDB-Toolbox: entities in a single table."""


def test_single_table(run_flow):
    run_flow("dynamodb_toolbox")
