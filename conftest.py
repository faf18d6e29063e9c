"""What pytest does not collect: collecting imports, and these are not to be imported here."""

from importlib.util import find_spec

# Started by torchrun, from its own folder.
collect_ignore = ["tests/train/steps_of_both.py"]
if not find_spec("verl"):
    collect_ignore.append("src/rerec/verl/plugin.py")
