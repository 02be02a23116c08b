"""What every API of the emulator shares: store, clock, log, faults, operations. Knows no API and no HTTP."""
