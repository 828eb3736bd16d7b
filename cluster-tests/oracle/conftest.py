"""The fixtures of the cluster tests, which the differential test shares."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cluster")]
pytest.register_assert_rewrite("fixtures")
from fixtures import *  # noqa: E402, F401, F403
