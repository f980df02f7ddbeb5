"""Records what the oracles answer, or prints where engines differ.

`python -m tests.questionnaires.oracle record --modules FOLDER` plays every form anew; it needs Java and Node.
`python -m tests.questionnaires.oracle table` reads the recordings; it needs neither.
"""

import argparse
import sys
from pathlib import Path

from tests.questionnaires.oracle import generate, record, table, written


def main() -> int:
    """Does what was asked; exit code 1 when something is missing or unexplained."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.questionnaires.oracle",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    recording = verbs.add_parser("record", help="play every form through both engines")
    recording.add_argument("--modules", type=Path, default=Path.cwd(), metavar="FOLDER")
    tables = verbs.add_parser("table", help="print where engines differ")
    tables.add_argument("--every", action="store_true", help="one line per difference")
    wanted = parser.parse_args()
    if wanted.verb == "table":
        return table.show(every=wanted.every)
    if lacks := record.missing(wanted.modules):
        print("\n".join(lacks), file=sys.stderr)
        return 1
    forms = [*written.forms(), *generate.forms()]
    record.write(record.record(forms, wanted.modules.resolve()))
    return table.show(every=False)


if __name__ == "__main__":
    sys.exit(main())
