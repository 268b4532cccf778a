#!/usr/bin/env python3
"""The long form of tabs_hostile.py: every hostile page."""

import os
import sys

os.environ.setdefault("FIRN_TABS_HOSTILE", "1000")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tabs_hostile import Hostile, run_tests  # noqa: E402, F401 its tests are run from here

if __name__ == "__main__":
    run_tests()
