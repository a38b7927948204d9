"""`python -m juturna_core.cli`, the same as `juturna`."""

import sys

from juturna_core.cli import main

sys.exit(main())
