"""``python -m infosem``."""

from infosem._cli import main

raise SystemExit(main())
