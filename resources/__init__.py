"""What a stack declares: `from resources import ml, storage`."""

import sys
import warnings

__all__ = ["ml", "platforms", "stack", "storage"]

# Google's clients warn of an old Python on each import: in the program, in each provider, and in programs that import
# `prediction`. This package is imported before them everywhere.
if not sys.warnoptions:
    warnings.filterwarnings("ignore", r"You are using a (non-supported )?Python version", FutureWarning)
