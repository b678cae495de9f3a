"""The package from outside: where things are, what they are called, and what they need."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import w2s
from tests.package.test_docstrings import MODULES, public

ROOMS = ["theory", "experiments", "prediction", "proof", "statements", "page"]
#: Dotted imports of version 1 that live on, in chapters and in notebooks downloaded long ago.
OLD = [
    *("chains", "covariance", "hermite", "marchenko_pastur", "onestep", "plotting", "prediction"),
    *("printed", "proof", "ridge", "samplers", "simulate", "symbolic", "traces", "verdicts"),
]
NUMERICS = [name for name in w2s.__all__ if name not in ("proof", "symbolic")]


def run(code):
    """What a new interpreter prints; the code's own failure is the test's."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_docstring_maps_the_rooms():
    """`help(w2s)` says where to begin, in the order in which rooms may import one another."""
    rows = re.findall(r"^`(\w+)`  +\S", w2s.__doc__, re.MULTILINE)
    assert rows == ROOMS
    found = {path.stem for path in Path(w2s.__file__).parent.iterdir() if path.name[0] not in "_."}
    assert found - {"py"} == set(ROOMS), "a room that is not on the map, or a map without its room"
    for name in w2s.__all__:
        assert f"`{name}`" in w2s.__doc__, f"help(w2s) does not say what {name} is"


def test_short_names_are_imported_and_listed():
    code = f"from w2s import {', '.join(w2s.__all__)}; import w2s; print(*dir(w2s))"
    assert set(w2s.__all__) <= set(run(code).split())
    with pytest.raises(AttributeError, match=r"no attribute 'rigde'; it has .*ridge"):
        w2s.rigde  # noqa: B018
    with pytest.raises(ImportError):
        importlib.import_module("w2s.rigde")


@pytest.mark.parametrize("name", OLD)
def test_old_dotted_imports_are_the_same_module(name):
    module = importlib.import_module(f"w2s.{name}")
    home = module.__name__
    assert module is sys.modules[home] is importlib.import_module(home)
    assert module.__spec__.name == home
    if name in w2s.__all__:
        assert getattr(w2s, name) is module
    again = f"import w2s, w2s.{name} as one, {home} as two; assert one is two is w2s.{name}"
    exec(again, {})


def test_all_short_names_have_a_test():
    assert set(w2s.__all__) | set(w2s._HOMES) <= set(OLD)


def test_what_is_private_has_an_underscore():
    """A public module's names come from public modules; what has an underscore exports nothing."""
    for name in public():
        assert not any(part.startswith("_") for part in name.split(".")), name
    folder = Path(w2s.__file__).parent
    for path in folder.rglob("_[a-z]*.py"):
        assert "__all__" not in path.read_text("utf-8"), path.relative_to(folder)


def by_keyword_only(value):
    """Whether some argument must be named."""
    given = inspect.signature(value).parameters.values() if value is not None else ()
    return any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in given)


def signatures():
    for name, value in public().items():
        try:
            yield name, value, list(inspect.signature(value).parameters)
        except ValueError:  # an exception class has none
            continue


@pytest.mark.parametrize(
    ("name", "value", "parameters"),
    [row for row in signatures() if by_keyword_only(row[1])],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_positional_call_is_shown_the_keyword_call(name, value, parameters):
    with pytest.raises(TypeError) as caught:
        value(*range(1, 1 + len(parameters)))
    said = str(caught.value)
    short = name.rpartition(".")[2]
    assert said.startswith(f"{short} takes its arguments by name: write {short}(")
    required = inspect.signature(value).parameters.values()
    for parameter in required:
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
            assert f"{parameter.name}=…" in said


def test_the_teacher_stands_before_the_student():
    seen = 0
    for name, _, parameters in signatures():
        for teacher in (p for p in parameters if p.endswith("_t")):
            student = f"{teacher[:-2]}_s"
            if student in parameters:
                seen += 1
                assert parameters.index(teacher) < parameters.index(student), name
    assert seen > 20


def test_numbers_need_no_sympy_and_no_matplotlib():
    heavy = "'sympy', 'matplotlib', 'IPython', 'pandas', 'sklearn'"
    imports = "; ".join(f"import w2s.{name}" for name in NUMERICS)
    code = f"import sys; {imports}; print(*{{{heavy}}} & {{*sys.modules}})"
    assert run(code) == ""


#: statement, the room that says what is missing, and what it says
WITHOUT_EXTRA = [
    ("from w2s import proof", "w2s.proof", "sympy"),
    ("import w2s.proof", "w2s.proof", "sympy"),
    ("from w2s.proof import identity", "w2s.proof", "sympy"),
    ("w2s.symbolic", "w2s.statements", "sympy"),
    ("from w2s.symbolic import theorem_4", "w2s.statements", "sympy"),
    ("from w2s.statements import traces", "w2s.statements", "sympy"),
    ("from w2s.page import use_style", "w2s.page", "matplotlib"),
    ("from w2s.plotting import use_style", "w2s.page", "matplotlib"),
]


def test_where_an_extra_is_missing_the_error_names_it():
    said = run(f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("sympy", "matplotlib"):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import w2s, w2s.ridge, w2s.simulate, w2s.prediction
for statement in {[statement for statement, _, _ in WITHOUT_EXTRA]}:
    try:
        exec(statement)
    except (ModuleNotFoundError, AttributeError) as missing:
        print(missing)
    else:
        print(statement, "went through")
import pydoc
print("help", "statements" in pydoc.render_doc(w2s), hasattr(w2s, "proof"))
""").splitlines()
    for (statement, room, needed), line in zip(WITHOUT_EXTRA, said[:-1], strict=True):
        hint = f"{room} needs {needed}, which the extra `book` brings: pip install"
        assert line.startswith(hint), statement
    assert said[-1] == "help True False"


def test_every_public_module_is_in_a_room():
    for name in MODULES[1:]:
        assert name.split(".")[1] in ROOMS
