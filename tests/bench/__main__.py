"""Every bench in one run: `make bench`."""

import sys

from tests.bench import blend, reference

if __name__ == "__main__":
    sys.exit(blend.main() or reference.main())
