"""`python -m rerec` is the `rerec` command."""

import sys

from rerec.cli import main

if __name__ == "__main__":
    sys.exit(main())
