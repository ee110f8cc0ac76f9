"""`python -m detractor` is the command `detractor`."""

import sys

from detractor.cli import main

sys.exit(main())
