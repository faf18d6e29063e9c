"""What pytest does not collect where an optional library is missing: it would import it."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("verl") else ["src/rerec/verl/plugin.py"]
