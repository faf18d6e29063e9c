"""Floor 13: the `rerec` command.

Each command reads its options, calls one library function and prints what that returned; no logic
lives here. Heavy libraries are imported inside the commands that need them, so that `rerec --help`
answers at once (importing TRL takes seconds); nowhere else is that done.
"""

from rerec.cli.app import main

__all__ = ["main"]
