"""Every bench in one run: `make bench`. One alone, or a part of it, is run by its own module."""

import sys

from tests.bench import answers, blend, experiments, indexing, page, reference, start
from tests.browsing import CHROMIUM

if __name__ == "__main__":
    if sys.argv[1:]:
        print("give arguments to python -m tests.bench.blend or python -m tests.bench.reference", file=sys.stderr)
        sys.exit(2)
    is_read = CHROMIUM.exists()  # the page is timed where there is a browser
    has_abstracts = (indexing.DATA / indexing.ABSTRACTS).is_file()
    sys.exit(
        start.main()
        or answers.main()
        or (has_abstracts and indexing.main())
        or blend.main()
        or reference.main()
        or experiments.main()
        or (is_read and page.main())
        or 0
    )
