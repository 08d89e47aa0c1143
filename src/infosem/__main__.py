"""``python -m infosem``."""

from infosem.cli import main

raise SystemExit(main())
