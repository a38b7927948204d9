"""`python -m juturna` is the command `juturna`."""

import sys

from juturna_core.cli import main

sys.exit(main())
