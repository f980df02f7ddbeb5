"""Where engines differ, as tables."""

from tests.questionnaires.oracle import recordings


def show(every: bool) -> int:
    """Prints the tables."""
    for form in recordings.forms():
        for played in form.scripts:
            for row in played.disputed():
                if every:
                    print(form.name, played.name, *row)
            if every and played.errors:
                print(form.name, played.name, played.errors)
    return 0
