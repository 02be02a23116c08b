"""What is measured: the emulator, and servers of other projects."""
