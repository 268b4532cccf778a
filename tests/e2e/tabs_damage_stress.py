#!/usr/bin/env python3
"""The long form of tabs_damage.py: many more kills, before every change on disk among them."""

import os
import sys
import unittest

os.environ.setdefault("FIRN_TABS_SAMPLES", "200")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tabs_damage import Damage, have_pages  # noqa: E402, F401 its tests are run from here

if __name__ == "__main__":
    if not have_pages():
        print("firn-page was not built: JavaScriptCore is missing")
        sys.exit(0)
    unittest.main()
