"""Ask every outside link of the book whether it is still there: `make links`. Needs a network.

    python -m tools.checks.links            # exit code 1 if one is dead; no build depends on it
    python -m tools.checks.links --root DIR # a book kept somewhere else (the tests do this)

Sphinx's own `linkcheck` does the asking. No chapter is executed: links stand in the prose.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tools.run import jupyter_book

#: Sphinx's words for a link that could not be followed.
DEAD = ("broken", "timeout")


def check(root: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        configuration = (root / "_config.yml").read_text("utf-8")
        unexecuted = configuration.replace("execute_notebooks: cache", 'execute_notebooks: "off"')
        (Path(folder) / "_config.yml").write_text(unexecuted, "utf-8")
        options = ("--config", f"{folder}/_config.yml", "--path-output", folder)
        jupyter_book(root, "linkcheck", *options, strict=False)
        found = list(Path(folder).rglob("output.json"))
        lines = [line for path in found for line in path.read_text("utf-8").splitlines()]
    links = [json.loads(line) for line in lines]
    outside = [link for link in links if link["uri"].startswith(("http://", "https://"))]
    if not outside:
        print("no link was asked: the book could not be read", file=sys.stderr)
        return 1
    dead = [link for link in outside if link["status"] in DEAD]
    for link in dead:
        place = f"{link['filename']}:{link['lineno']}"
        print(f"{place}: {link['status']}: {link['uri']} ({link['info']})", file=sys.stderr)
    counts = Counter(link["status"] for link in outside)
    print(
        f"{len(outside)} outside links:", ", ".join(f"{n} {s}" for s, n in sorted(counts.items()))
    )
    return int(bool(dead))


def main() -> int:
    parser = argparse.ArgumentParser(description="Check links.")
    parser.add_argument("--root", type=Path, default=Path.cwd())
    return check(parser.parse_args().root.resolve())


if __name__ == "__main__":
    sys.exit(main())
