"""Starting, watching and stopping all parts of the product on one machine.

`run` is the supervisor behind `demo` and `up`; `part` is the code that each part's process runs;
`status` asks from outside how everything is.
"""
