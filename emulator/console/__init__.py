"""The console: a web page about the emulator. `pages` answers its addresses."""

PATH = "/console"
