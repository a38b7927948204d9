"""`python -m juturna.hub` says that there is none; exit code 2."""

import sys

print(
    "juturna.hub: downloading plugins from Juturna's hub is not part of juturna-tui; "
    "copy the plugin's folder into ./plugins/nodes/<type>/ instead",
    file=sys.stderr,
)
sys.exit(2)
