"""connect-dynamodb, a store for the sessions of Express."""


def test_sessions(run_flow):
    run_flow("connect_dynamodb")
