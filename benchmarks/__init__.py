"""Benchmarks: ratios against a baseline in the same run on the same machine, never bare times.

`./sightline bench [NAME] [--json]` runs them. Each measure is printed with its goal and whether it holds.
"""
