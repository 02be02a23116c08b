"""Every figure of docs/figures.md, measured on this machine: `python -m benchmarks`.

Other programs run on a machine too, so no figure is a bare duration. Each is a ratio or a difference of two things that
were measured by turns within one run (A B A B ...), as the median of the pairs; the spread of the pairs is printed with
it. Memory and calls are counts, and time of a core is that of the measured processes alone: others do not disturb them.

Each module that holds figures says in its docstring how it measures. All of them run what a user runs: the `pulumi`
command, `python -m emulator serve`, HTTP.
"""
