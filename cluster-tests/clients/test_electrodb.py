"""ElectroDB: entities and collections in a single table."""


def test_single_table(run_flow):
    run_flow("electrodb")
