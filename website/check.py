"""`make check`: are the records right, and is nothing of a written concept missing?"""

from reading_list.guard import guarded


def main() -> int:
    """Print every fault; the exit status says whether there is one."""
    # Imported here, where the guard holds Ctrl-C.
    from reading_list.command import tell
    from reading_list.frontmatter import InvalidError
    from reading_list.records import check
    from website.edges import CHECKS, FILES, faults
    from website.edges.tree import Tree

    try:
        report = check()
    except InvalidError as error:
        print(error)
        return 1
    if status := tell(report):
        return status
    tree = Tree.read({resource.id: resource for resource in report.resources})
    found = [
        fault for faults_of_one in faults(tree).values() for fault in faults_of_one
    ]
    print("\n".join([*found, _total(len(tree.syllabus.written), len(found))]))
    if CHECKS == FILES:
        print("The text of their pages is judged once `make site` has set that up.")
    return 1 if found else 0


def _total(written: int, faults: int) -> str:
    if not faults:
        return f"{written} written concepts, nothing missing."
    return f"{faults} thing{'s' * (faults > 1)} to mend on the written concepts."


if __name__ == "__main__":
    raise SystemExit(guarded("website.check"))
