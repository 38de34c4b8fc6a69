"""One foreign system, one file."""

import sys
from typing import Any, cast

# With httpx comes its command line wherever rich and pygments are: 9 MiB that nobody types to. It does without it.
cast("dict[str, Any]", sys.modules).setdefault("httpx._main", None)
