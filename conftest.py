"""What pytest does not collect, and on what the tests run.

Collecting imports, and some files are not to be imported here. The tests hold a processor's figures
against each other, many to the last bit; on an accelerator, which rounds otherwise, some would
fail: it is hidden unless somebody names one (`CUDA_VISIBLE_DEVICES=0`). Where tests run side by
side, each process has one thread: more of them than cores would wait for each other.
"""

import os
from importlib.util import find_spec

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Started by torchrun, from its own folder.
collect_ignore = ["tests/train/steps_of_both.py"]
if not find_spec("verl"):
    collect_ignore.append("src/rerec/verl/plugin.py")
