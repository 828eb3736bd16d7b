"""The fixtures of fixtures.py, which the tests in ../clients use too."""
import pytest

pytest.register_assert_rewrite("fixtures")
from fixtures import *  # noqa: E402, F401, F403
