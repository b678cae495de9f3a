"""Docstrings are numpydoc: its own validation runs on all that a public module says is public."""

import importlib
import inspect
import pkgutil

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc
from numpydoc.validate import Validator, validate

import w2s

#: What numpydoc asks for and this package does otherwise, with the reason.
IGNORED = {
    "GL01": "the summary stands on the line of the opening quotes (PEP 257)",
    "ES01": "a summary that says all needs no second paragraph",
    "SA01": "the module's docstring says what belongs together, not each function's See Also",
    "SS05": "a summary may name the value it returns: the check takes 'degrees' for a verb",
    "PR08": "a description may begin with its range, 0 <= zeta <= 1",
    "RT04": "and what is returned with its symbol, m(λ; γ)",
    "EX01": "asked of functions only, below: a class is made by one or travels inside one",
}
MODULES = [
    "w2s",
    *sorted(
        found.name
        for found in pkgutil.walk_packages(w2s.__path__, "w2s.")
        if not any(part.startswith("_") for part in found.name.split("."))
    ),
]


def public():
    """The functions and classes of every `__all__` by the name where they are defined, once."""
    found = {}
    for module in [importlib.import_module(name) for name in MODULES]:
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return dict(sorted(found.items()))


def methods(of):
    """The public methods and properties that a class itself defines and documents."""
    kinds = (property, classmethod, staticmethod)
    return [
        name
        for name, value in vars(of).items()
        if not name.startswith("_") and (isinstance(value, kinds) or inspect.isfunction(value))
    ]


def complaints(name, value):
    """What numpydoc says against a docstring, but for `IGNORED`."""
    said = [f"{code} {text}" for code, text in validate(name)["errors"] if code not in IGNORED]
    return [text for text in said if not (text.startswith("PR01") and is_result(value))]


def is_result(value):
    """A class whose fields are documented as attributes: they are read, nobody gives them."""
    if not inspect.isclass(value):
        return False
    listed = {name for part in ClassDoc(value)["Attributes"] for name in part.name.split(", ")}
    own = set(Validator(ClassDoc(value)).signature_parameters)
    return bool(own) and own <= listed


@pytest.mark.parametrize("name", MODULES)
def test_a_public_module_says_what_is_public(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    assert getattr(module, "__all__", None), f"{name} has no __all__"
    missing = [entry for entry in module.__all__ if not hasattr(module, entry)]
    assert not missing, f"{name}.__all__ names what is not there: {missing}"


@pytest.mark.parametrize("name", public())
def test_a_docstring_is_numpydoc(name):
    value = public()[name]
    assert complaints(name, value) == []
    if inspect.isfunction(value):
        assert FunctionDoc(value)["Examples"], f"{name} shows no example"


@pytest.mark.parametrize("name", [n for n, v in public().items() if inspect.isclass(v)])
def test_methods_are_documented(name):
    of = public()[name]
    said = {entry: complaints(f"{name}.{entry}", getattr(of, entry)) for entry in methods(of)}
    assert {entry: what for entry, what in said.items() if what} == {}


def test_the_validation_sees_what_is_wrong():
    """Negative control: a parameter left out, one too many, no `Returns`."""

    def wrong(one, two):
        """Say something."""
        return one

    wrong.__doc__ = "Say it.\n\nParameters\n----------\none : float\n    Its value\nthree : int\n"
    codes = {code for code, _ in validate(FunctionDoc(wrong))["errors"]}
    assert {"PR01", "PR02", "PR07", "PR09", "RT01"} <= codes
    assert Validator(FunctionDoc(wrong)).parameter_mismatches
