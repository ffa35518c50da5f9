"""`python -m reading_list`: the command, under its guard."""

from reading_list.guard import guarded

if __name__ == "__main__":
    raise SystemExit(guarded("reading_list.command"))
