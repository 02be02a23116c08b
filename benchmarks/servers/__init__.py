"""The measured servers: the emulator, and servers of other projects."""
