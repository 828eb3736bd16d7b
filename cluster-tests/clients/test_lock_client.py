"""dynamodb-lock-client: two contenders, leases that expire, heartbeats."""


def test_locks(run_flow):
    run_flow("lock_client")
