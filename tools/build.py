"""Build the book: validate every chapter, keep those outputs, render exactly them.

    python -m tools.build html            # what `make book` runs
    python -m tools.build draft           # what `make draft` runs
    python -m tools.build html --root DIR # a book kept somewhere else (the tests do this)

Each chapter is executed once, by the validation. A failure at any step ends the build with a
non-zero exit code and leaves no new site. A draft is a site of its own, in `_build/draft`, whose
every page says so: only chapters whose code, `w2s`, lock or interpreter has changed are executed,
only pages that have changed are read again, and a dead reference is shown, not refused.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tools.run import HOME, jupyter_book, pytest_on_chapters
from tools.validate.chapters import (
    RecordMismatch,
    certificates_path,
    chapters,
    dead_anchors,
    is_validated,
    orphan_records,
    read_notebook,
    validated_path,
    with_expected_outputs,
)


def build(root: Path, builder: str, *, reuse: bool = False) -> int:
    """With `reuse`, chapters whose validated outputs are those of the present sources are kept."""
    begin = time.perf_counter()
    draft = builder == "draft"
    reuse = reuse or draft
    sources = chapters(root)
    due = [chapter for chapter in sources if not (reuse and is_validated(chapter))]
    site = root / "_build" / ("draft/_build/html" if draft else builder)
    for folder in (root / "_build" / "cache", *(() if draft else (site,))):
        shutil.rmtree(folder, ignore_errors=True)
    kept = {
        outcome(chapter)
        for chapter in sources
        if chapter not in due
        for outcome in (validated_path, certificates_path)
    }
    for outcome in set((root / "_build" / "validated").glob("*")) - kept:
        outcome.unlink()
    if not kept:
        shutil.rmtree(root / "_build" / "validated", ignore_errors=True)
    if not sources:
        return _fail(f"there is no chapter in {root / 'book'}")
    for record in orphan_records(root):
        return _fail(
            f"tests/records/{record.name} is the record of no chapter: "
            f"book/{record.stem}.md is gone. Run: git rm tests/records/{record.name}"
        )
    mismatches = list(_mismatches(sources))
    if mismatches:  # the validation would say so, too, after it had executed all the others
        return _fail("\n\n".join(mismatches))
    if due and pytest_on_chapters(root, due) != 0:
        return _fail("a chapter was not validated (see above); nothing was published")
    dead = [
        complaint
        for chapter in sources
        for complaint in dead_anchors(chapter, read_notebook(validated_path(chapter)))
    ]
    if dead:
        return _fail("\n".join(dead))
    if not (draft and _only_text_is_new(root)):
        from tools.explorers.validation import wrong

        if explorers := wrong(root):
            return _fail("\n".join(explorers))
    validated = time.perf_counter()
    from tools.pages.assets import gather_assets  # seconds of imports, wasted on a build that fails

    fill_cache(root, sources)
    known = draft and _only_text_is_new(root)  # then Sphinx reads what is newer than its last draft
    if not known:
        gather_assets(root)
    options = () if known else ("--all",)
    if draft:
        where = ("--path-output", str(root / "_build" / "draft"))
        code, log = jupyter_book(root, "html", *options, *where, strict=False, draft=True)
    else:
        code, log = jupyter_book(root, builder, *options)
    reason = _complaint(code, log)
    if not reason and not (site / "index.html").exists():
        reason = f"Jupyter Book said nothing and left no {site.relative_to(root)}/index.html"
    if reason:
        shutil.rmtree(site, ignore_errors=True)
        return _fail(reason)
    done = time.perf_counter()
    steps = {"validation": validated - begin, "site": done - validated, "build": done - begin}
    if not reuse:
        (root / "_build" / "seconds.json").write_text(json.dumps(steps), encoding="utf-8")
    print(
        f"{len(due)} chapters validated in {validated - begin:.0f} s, "
        f"site built in {done - validated:.0f} s: {site / 'index.html'}"
    )
    return 0


def _only_text_is_new(root: Path) -> bool:
    """Whether nothing but chapters and pages is newer than the last draft."""
    last = root / "_build" / "draft" / "_build" / ".doctrees" / "environment.pickle"
    made_by = [root / "_config.yml", root / "_toc.yml", HOME / "requirements.txt"]
    for folder in ("tools", "w2s"):
        made_by += [path for path in (HOME / folder).rglob("*") if path.suffix in (".py", ".js")]
    return last.exists() and max(p.stat().st_mtime for p in made_by) < last.stat().st_mtime


def _mismatches(sources: list[Path]) -> Iterator[str]:
    for chapter in sources:
        try:
            with_expected_outputs(chapter)
        except RecordMismatch as mismatch:
            yield str(mismatch)


def _complaint(code: int, log: str) -> str:
    """What is wrong with Jupyter Book's run; an empty text if nothing is."""
    executed = [line for line in log.splitlines() if "Executing notebook" in line]
    if executed:
        return (
            "a page was executed outside the validation, so its outputs are not validated. A page "
            "with code is a chapter: it belongs into book/, with the front matter of "
            "book/teacher.md; then run: make record CHAPTER=its-name\n" + "\n".join(executed)
        )
    if code != 0:
        return (
            "Jupyter Book reported an error or a warning (see above). Mend the page at the line "
            "that it names, then run: make book"
        )
    return ""


def fill_cache(root: Path, sources: list[Path]) -> None:
    """Hand the validated outputs to Jupyter Book, which then has nothing left to execute."""
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn

    cache = get_cache(str(root / "_build" / "cache"))
    for chapter in sources:
        notebook = read_notebook(validated_path(chapter))
        data = {"execution_seconds": notebook.metadata["execution_seconds"]}
        bundle = CacheBundleIn(nb=notebook, uri=str(chapter), data=data)
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _fail(reason: str) -> int:
    print(f"build failed: {reason}", file=sys.stderr)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.build", description="Build the book.")
    parser.add_argument("builder", choices=["html", "singlehtml", "draft"])
    parser.add_argument("--root", type=Path, default=Path.cwd())
    arguments = parser.parse_args()
    return build(arguments.root.resolve(), arguments.builder)


if __name__ == "__main__":
    sys.exit(main())
