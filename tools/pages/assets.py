"""Scripts and fonts that the pages need, copied out of installed packages: nothing vendored."""

from __future__ import annotations

import shutil
from importlib.metadata import distribution
from pathlib import Path

from bokeh.resources import Resources

from tools.explorers.explorers import theory
from tools.run import HOME

MATHJAX_PARTS = ("tex-mml-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")
#: What a page with an explorer loads, in this order; then the script of each picture on it.
EXPLORER_SCRIPTS = ("bokeh.min.js", "theory.js", "explorer.js")


def gather_assets(root: Path) -> None:
    """Fill `_build/assets`, which `_config.yml` names in `html_static_path`."""
    target = root / "_build" / "assets" / "mathjax"
    shutil.rmtree(target, ignore_errors=True)
    source = _mathjax()
    for part in MATHJAX_PARTS:
        destination = target / part
        destination.parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, destination)
        else:
            shutil.copy2(source / part, destination)
    for script in Resources(mode="absolute", components=["bokeh"]).js_files:
        shutil.copy2(script, target.parent / EXPLORER_SCRIPTS[0])
    (target.parent / EXPLORER_SCRIPTS[1]).write_text(theory(), encoding="utf-8")
    source = HOME / "tools" / "explorers"
    shutil.copy2(source / EXPLORER_SCRIPTS[2], target.parent)
    shutil.copytree(source / "pictures", target.parent / "pictures", dirs_exist_ok=True)


def _mathjax() -> Path:
    files = distribution("sphinx-mathjax-offline").files or []
    found = [file.locate() for file in files if file.name == MATHJAX_PARTS[0]]
    if not found:
        raise FileNotFoundError(f"sphinx-mathjax-offline holds no {MATHJAX_PARTS[0]}")
    return Path(found[0]).parent
