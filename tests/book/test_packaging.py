"""What is distributed, and under which names and addresses: the package, its sources, the forks."""

import ast
import importlib.metadata
import inspect
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from flit_core import buildapi

import w2s
from tools.addresses import Addresses, declared, texts, written
from tools.pages.notebooks import commit
from tools.run import HOME

PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ADDRESSES = declared()
WORKFLOWS = sorted((HOME / ".github" / "workflows").glob("*.yml"))
README = (HOME / "README.md").read_text("utf-8")
CHANGELOG = (HOME / "CHANGELOG.md").read_text("utf-8")


def names(requirements):
    found = (re.match(r"[A-Za-z0-9_.-]+", line.strip()) for line in requirements)
    return {name.group().lower().replace("_", "-") for name in found if name}


def with_what_they_need(requirements):
    """The installed distributions, as a registry would bring them."""
    found, due = {}, names(requirements)
    while due:
        name = due.pop()
        found[name] = importlib.metadata.distribution(name)
        needed = [r for r in found[name].requires or [] if ";" not in r]
        due |= names(needed) - set(found)
    return found.values()


def lines(path):
    kept = (line.split(" #")[0].strip() for line in (HOME / path).read_text("utf-8").splitlines())
    return [line for line in kept if line and not line.startswith("#")]


# --- one version, one address ---------------------------------------------------------------------


def test_the_version_is_one():
    said = {
        "CHANGELOG.md": re.search(r"^## (\S+)", CHANGELOG, re.MULTILINE).group(1),
        "CITATION.cff": yaml.safe_load((HOME / "CITATION.cff").read_text("utf-8"))["version"],
        "cite.md": re.search(
            r"version = \{(.+?)\}", (HOME / "book" / "cite.md").read_text("utf-8")
        ).group(1),
    }
    assert said == dict.fromkeys(said, w2s.__version__)
    assert PROJECT["dynamic"] == ["version"]


def places(text):
    """What a text takes for the repository, the site and Binder's copy."""
    yield from re.findall(r"github\.com/([\w.-]+/[\w-]+)", text)
    yield from (f"{a}/{b}" for a, b in re.findall(r"https://([\w-]+)\.github\.io/([\w-]+)", text))
    yield from re.findall(r"mybinder\.org/v2/gh/([\w.-]+/[\w-]+)", text)


def test_every_address_is_that_of_the_one_line():
    assert written() == ADDRESSES, "run: make addresses"
    found = {
        (str(path.relative_to(HOME)), place)
        for path, text in texts().items()
        if path != Path(__file__)
        for place in places(text)
    }
    assert {file for file, _ in found} >= {"README.md", "CITATION.cff", "_config.yml"}
    assert {(file, place) for file, place in found if place != ADDRESSES.slug} == set()


def test_a_fork_changes_one_line():
    fork = Addresses("https://github.com/Some-One/another.book")
    assert fork.site == "https://some-one.github.io/another.book/"
    old = {ADDRESSES.slug, ADDRESSES.site.removeprefix("https://").rstrip("/")}
    for path, text in texts().items():
        if path == Path(__file__):
            continue
        moved = ADDRESSES.replaced(fork, text)
        assert [name for name in old if name in moved] == [], path
        assert fork.replaced(ADDRESSES, moved) == text


@pytest.mark.parametrize("address", ["http://github.com/a/b", "https://github.com/a", "a/b", ""])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ValueError, match="Repository in pyproject"):
        Addresses(address)


def test_the_readme_works_where_it_is_shown_alone():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert [link for link in links if not link.startswith("https://")] == []
    kept = [re.fullmatch(rf"{ADDRESSES.repository}/(?:blob|raw)/main/(.+)", k) for k in links]
    files = [match.group(1) for match in kept if match]
    assert {"assets/readme.png", "CONTRIBUTING.md", "LICENSE"} <= set(files)
    assert [file for file in files if not (HOME / file).exists()] == []


def test_the_map_of_the_house_names_what_is_there():
    map_ = (HOME / "CONTRIBUTING.md").read_text("utf-8")
    paths = re.findall(r"`((?:book|w2s|tools|tests|benchmarks)/[\w./*-]*)`", map_)
    paths = [path.replace("NAME", "*").replace("name.", "*.") for path in paths]
    assert len(paths) > 15
    assert [path for path in paths if not any(HOME.glob(path.rstrip("/")))] == []


def test_a_download_names_the_commit_it_was_made_from():
    assert re.fullmatch(r"@[0-9a-f]{40}", commit())


# --- what version 2 calls differently -------------------------------------------------------------

CALLS = re.findall(r"^\| `(\w+\.\w+\(.+?\))` \| `(.+?)` \|$", CHANGELOG, re.MULTILINE)


def parts(call):
    node = ast.parse(call, mode="eval").body
    function = w2s
    for name in ast.unparse(node.func).split("."):
        function = getattr(function, name)
    arguments = [ast.unparse(argument) for argument in node.args]
    return function, arguments, {k.arg: ast.unparse(k.value) for k in node.keywords}


def test_the_table_of_calls_is_read():
    assert len(CALLS) > 20


@pytest.mark.parametrize(("old", "new"), CALLS, ids=[old.partition("(")[0] for old, _ in CALLS])
def test_an_old_call_is_refused_and_the_new_one_taken(old, new):
    function, arguments, by_name = parts(new)
    inspect.signature(function).bind(*arguments, **by_name)
    assert all(name == value for name, value in by_name.items())
    if old.startswith("onestep.estimate"):
        return
    before, arguments, by_name = parts(old)
    with pytest.raises(TypeError, match=f"by name: write {before.__name__}"):
        before(*arguments, **by_name)


# --- what is installed ----------------------------------------------------------------------------


def test_the_lock_allows_what_the_package_asks_for():
    asked = lines("requirements.in")
    wanted = [*PROJECT["dependencies"], *EXTRAS["book"]]
    assert [line for line in wanted if line not in asked] == []


def test_binder_installs_what_the_chapters_need_at_the_versions_of_the_lock():
    first, *listed = lines("binder/requirements.txt")
    assert first == "-c ../requirements.txt"
    assert names([*PROJECT["dependencies"], *EXTRAS["book"]]) <= names(listed)
    free = [line for line in listed if "==" not in line]
    assert names(free) <= names(lines("requirements.txt"))
    assert len(free) < 20


@pytest.fixture(scope="module")
def distributed(tmp_path_factory):
    """The sdist, unpacked, and the wheel that is built from it."""
    place = tmp_path_factory.mktemp("distributed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(HOME)
        sdist = buildapi.build_sdist(place)
        with tarfile.open(place / sdist) as archive:
            archive.extractall(place, filter="data")
        sources = place / sdist.removesuffix(".tar.gz")
        patch.chdir(sources)
        return sources, place / buildapi.build_wheel(place)


def test_the_wheel_holds_the_package_alone(distributed):
    _, wheel = distributed
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        metadata = archive.read(f"w2s-{w2s.__version__}.dist-info/METADATA").decode()
    assert {"w2s/__init__.py", "w2s/py.typed", "w2s/theory/ridge.py"} <= held
    assert {name.split("/")[0] for name in held} == {"w2s", f"w2s-{w2s.__version__}.dist-info"}
    assert not any("explorer" in name or name.endswith(".js") for name in held)
    assert "License-Expression: BSD-3-Clause" in metadata
    base = re.findall(r"^Requires-Dist: ([\w-]+)(?!.*extra)", metadata, re.MULTILINE)
    assert names(base).isdisjoint({"sympy", "matplotlib", "scikit-learn"})


@pytest.mark.slow
def test_the_tests_of_the_sdist_run_there(distributed):
    script = (
        "import sys; sys.modules['tools'] = None; import pytest; "
        "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', *sys.argv[1:]]))"
    )
    quick = ["-k", "test_marchenko_pastur or test_input"]  # all are collected
    command = [sys.executable, "-c", script, *quick, "tests/package"]
    run = subprocess.run(command, cwd=distributed[0], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
def test_a_clean_environment_can_do_with_the_base_installation(distributed, tmp_path):
    sources, _ = distributed
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / "bin" / "python"
    shelf = next((tmp_path / "clean" / "lib").glob("python*/site-packages"))
    for distribution in with_what_they_need(PROJECT["dependencies"] + ["flit-core"]):
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            (shelf / top).symlink_to(distribution.locate_file(top))
    install = ["-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([python, *install, sources], cwd=tmp_path, check=True)
    script = """if True:
        import sys
        import w2s, w2s.ridge
        from w2s import chains, covariance, hermite, marchenko_pastur, onestep, prediction, simulate
        assert "clean" in w2s.__file__
        assert not {"sympy", "matplotlib", "sklearn"} & set(sys.modules)
        window = w2s.ridge.winning_window(lam_t=0.05, gamma_t=0.25, gamma_s=1.2, sigma2=4.0)
        problem = simulate.Problem(d=20, n_t=30, n_s=25, sigma2=1.0)
        simulate.experiment(problem, lam_t=0.1, lam_s=0.2, trials=2, rng=0)
        try:
            from w2s import symbolic
        except ImportError as missing:
            print(window, missing)
    """
    run = subprocess.run([python, "-I", "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout.startswith("WinningWindow(low=0.0, high=inf)")
    assert "w2s[book]" in run.stdout


# --- the workflows --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_ends_and_runs_nobody_elses_newest(path):
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow["jobs"].items() if "timeout-minutes" not in job] == []
    setup = HOME / ".github" / "actions" / "setup" / "action.yml"
    uses = re.findall(r"uses: ([^.\n].*)", path.read_text("utf-8") + setup.read_text("utf-8"))
    loose = [use for use in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v[\d.]+", use)]
    assert uses
    assert loose == []


def test_the_workflow_tries_every_python_that_is_promised():
    book = yaml.safe_load((HOME / ".github" / "workflows" / "book.yml").read_text("utf-8"))
    promised = [
        line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)
    ]
    assert book["jobs"]["test"]["strategy"]["matrix"]["python"] == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"
    publish = book["jobs"]["publish"]
    assert set(publish["needs"]) == set(book["jobs"]) - {"publish"}
    assert publish["concurrency"]["cancel-in-progress"] is False
    commands = [step.get("run") for job in book["jobs"].values() for step in job["steps"]]
    assert commands.count("make lint") == 1
