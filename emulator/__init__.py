"""The `ml` v1 and Cloud Storage APIs on this machine, really serving SavedModels. `python -m emulator --help`."""
