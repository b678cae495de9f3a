"""The book's addresses, all made of one line of pyproject.toml: `make addresses` after changing it.

`Repository` says where the sources are. The site's address (GitHub Pages) and Binder's follow from
it, and every file that names one of them is rewritten.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.run import HOME


@dataclass(frozen=True)
class Addresses:
    repository: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", self.repository):
            raise ValueError(
                "Repository in pyproject.toml must be https://github.com/<owner>/<name>, "
                f"got {self.repository}"
            )

    @property
    def slug(self) -> str:
        return self.repository.removeprefix("https://github.com/")

    @property
    def site(self) -> str:
        owner, name = self.slug.split("/")
        return f"https://{owner.lower()}.github.io/{name}/"

    def replaced(self, new: Addresses, text: str) -> str:
        """`text` with these addresses replaced by the new ones."""
        for old, now in ((self.site, new.site), (self.slug, new.slug)):
            text = re.sub(
                rf"(?<![\w.-]){re.escape(old.rstrip('/'))}(?![\w-])", now.rstrip("/"), text
            )
        return text


def declared(home: Path = HOME) -> Addresses:
    """What pyproject.toml says."""
    project = tomllib.loads((home / "pyproject.toml").read_text("utf-8"))["project"]
    return Addresses(project["urls"]["Repository"])


def written(home: Path = HOME) -> Addresses:
    """What the other files still say, the configuration of the site in the first place."""
    return Addresses(yaml.safe_load((home / "_config.yml").read_text("utf-8"))["repository"]["url"])


def texts(home: Path = HOME) -> dict[Path, str]:
    """Every file of the repository that is text, also one that is not yet committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=home, check=True, capture_output=True).stdout.decode()
    found = {}
    for path in (home / name for name in listed.split("\0") if name):
        try:
            found[path] = path.read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError):  # a picture; a file that was removed
            continue
    return found


def main() -> int:
    try:
        old, new = written(), declared()
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    for path, text in texts().items():
        changed = old.replaced(new, text)
        if changed != text:
            path.write_text(changed, encoding="utf-8")
            print(path.relative_to(HOME))
    print(f"sources {new.repository}, site {new.site}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
