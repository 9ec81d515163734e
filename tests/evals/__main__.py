"""Every eval in one run: `make eval`, or `python -m tests.evals [--quick]`."""

from __future__ import annotations

import argparse

from tests.evals import claims, hostile, search, studio
from tests.evals.results import write_results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer renders")
    args = parser.parse_args()
    search.main([])
    claims.main([])
    hostile.main([])
    write_results("studio", studio.run(quick=args.quick))


if __name__ == "__main__":
    main()
