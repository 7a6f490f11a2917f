"""Each package's ``__init__`` is its table of contents: what it lists is what is there."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

import storage

PACKAGES = ["storage", *(f"storage.{module.name}" for module in pkgutil.iter_modules(storage.__path__) if module.ispkg)]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_the_names_that_it_has(package: str) -> None:
    module = import_module(package)
    submodules = {found.name for found in pkgutil.iter_modules(module.__path__)}
    visible = {name for name in vars(module) if name.isidentifier() and name[0] != "_"} - submodules - {"annotations"}
    assert set(module.__all__) == visible


def place(name: str) -> tuple[int, str]:
    """Where the linter puts a name: constants, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_its_names_in_order(package: str) -> None:
    names = import_module(package).__all__
    assert names == sorted(set(names), key=place)
