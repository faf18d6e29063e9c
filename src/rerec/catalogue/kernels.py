"""pyarrow's functions on columns, made at import from a registry: no type checker sees them."""

from typing import Any

import pyarrow.compute

pc: Any = pyarrow.compute
