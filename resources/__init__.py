"""What a stack declares: `from resources import ml, storage`."""

import sys
import warnings

__all__ = ["errors", "ml", "stack", "storage"]

# Google's clients warn of an old Python each time that they are imported: by the program, by each provider, and by
# whoever imports `prediction`. This package comes before them everywhere.
if not sys.warnoptions:
    warnings.filterwarnings("ignore", r"You are using a (non-supported )?Python version", FutureWarning)
