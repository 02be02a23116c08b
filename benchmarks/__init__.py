"""Measures every figure of docs/figures.md on this machine: `python -m benchmarks`.

Other programs run on a machine too, so no figure is a plain duration. Each is a ratio or a difference of two things
measured alternately in one run (A B B A A B ...), as the median of the pairs, printed with the spread of the pairs.
Memory and calls are counts, and CPU time is that of the measured processes, so other programs do not disturb them.

The docstring of each module in `measures` says how it measures. All of them run what a user runs: the `pulumi`
command, `python -m emulator serve`, HTTP.
"""
