#!/usr/bin/env python3
"""The long form of tabs_damage.py: many more kills, before every change on disk among them."""

import os
import sys

os.environ.setdefault("FIRN_TABS_SAMPLES", "200")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tabs_damage import Damage, run_tests  # noqa: E402, F401 its tests are run from here

if __name__ == "__main__":
    run_tests()
