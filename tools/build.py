"""Build the book: validate every chapter, keep those outputs, render exactly them.

    python -m tools.build html            # what `make book` runs
    python -m tools.build draft           # what `make draft` runs
    python -m tools.build html --root DIR # a book kept somewhere else (the tests do this)

Each chapter is executed once, by the validation. A failure at any step ends the build with a
non-zero exit code and leaves no new site. A site is made beside its place and then renamed: one
that is there is whole, also after a build was killed. A draft is a site of its own, in
`_build/draft`, whose every page says so: only chapters whose code, `w2s`, lock or interpreter has
changed are executed, only pages that have changed are read again, and a dead reference is shown,
not refused.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sphinx_external_toc.parsing import parse_toc_yaml

from tools.run import (
    HOME,
    NOT_WRITABLE,
    ROOM,
    ROOM_LEFT,
    alone,
    jupyter_book,
    pytest_on_chapters,
    require_room,
    why_not_writable,
)
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
from tools.validate.contradictions import contradictions


def build(root: Path, builder: str, *, reuse: bool = False) -> int:
    """With `reuse`, chapters whose validated outputs are those of the present sources are kept."""
    folder = root / "_build"
    try:
        require_room(folder, ROOM)
        require_room(Path(sys.prefix) / "var", ROOM_LEFT)  # the kernels' own
        with alone(root):
            code = _build(root, builder, reuse=reuse)
        if code != 0:
            require_room(folder, ROOM_LEFT)
    except OSError as error:
        return _fail(why_not_writable(error, folder))
    return code


def _build(root: Path, builder: str, *, reuse: bool) -> int:
    begin = time.perf_counter()
    draft = builder == "draft"
    reuse = reuse or draft
    sources = chapters(root)
    due = [chapter for chapter in sources if not (reuse and is_validated(chapter))]
    site = root / "_build" / builder
    work = site.with_name(f"{builder}.part")
    for folder in (work, root / "_build" / "cache", *(() if draft else (site,))):
        _remove(folder)
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
    if unlisted := list(_unlisted(root)):
        return _fail("\n".join(unlisted))
    mismatches = list(_mismatches(sources))
    if mismatches:  # the validation would say so, too, after it had executed all the others
        return _fail("\n\n".join(mismatches))
    if due and pytest_on_chapters(root, due) != 0:
        return _fail("a chapter was not validated (see above); nothing was published")
    executed = {chapter.name: read_notebook(validated_path(chapter)) for chapter in sources}
    dead = [
        complaint
        for chapter in sources
        for complaint in dead_anchors(chapter, executed[chapter.name])
    ]
    if dead:
        return _fail("\n".join(dead))
    if contrary := list(contradictions(executed)):
        return _fail("\n".join(contrary))
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
        _remove(site)
    else:
        site.rename(work)
    kind = "html" if draft else builder
    where = ("--path-output", str(work), *(() if known else ("--all",)))
    code, log = jupyter_book(root, kind, *where, strict=not draft, draft=draft)
    made = work / "_build" / kind
    reason = _complaint(code, log)
    if not reason and not (made / "index.html").exists():
        reason = f"Jupyter Book said nothing and left no {made.relative_to(root)}/index.html"
    changed = [chapter.name for chapter in sources if not is_validated(chapter)]
    if changed and not reason:
        reason = (
            f"{', '.join(changed)}: code, w2s or packages have changed since the validation began, "
            "so its outputs are old. Run the build again"
        )
    if reason:
        _remove(work)
        return _fail(reason)
    (work if draft else made).rename(site)
    site = site / "_build" / "html" if draft else site
    if not draft:
        _remove(work)
    done = time.perf_counter()
    steps = {"validation": validated - begin, "site": done - validated, "build": done - begin}
    if not reuse:
        (root / "_build" / "seconds.json").write_text(json.dumps(steps), encoding="utf-8")
    print(
        f"{len(due)} chapters validated in {validated - begin:.0f} s, "
        f"site built in {done - validated:.0f} s: {site / 'index.html'}"
    )
    return 0


def _remove(folder: Path) -> None:
    """At once, as far as anyone sees who looks for a site there."""
    doomed = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(doomed, ignore_errors=True)
    if folder.exists():
        folder.rename(doomed)
        shutil.rmtree(doomed)


def _unlisted(root: Path) -> Iterator[str]:
    """Pages of `book/` that no reader would find, and entries that lead to no page."""
    listed = set(parse_toc_yaml(root / "_toc.yml"))
    pages = {f"book/{path.stem}" for path in (root / "book").glob("*.md")}
    for name in sorted(pages - listed):
        yield f"{name}.md stands in no table of contents. Add to _toc.yml: - file: {name}"
    for name in sorted(listed):
        if not (root / f"{name}.md").exists():
            yield f"_toc.yml names {name}, and there is no {name}.md. Write it or remove the entry"


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
    for number in NOT_WRITABLE:
        if f"[Errno {number}]" in log:
            return f"Jupyter Book could not write into _build: {os.strerror(number)} (see above)"
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
