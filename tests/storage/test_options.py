from __future__ import annotations

from typing import Any

import pytest

from storage import Invalid, open_storage
from storage.options import Options


def test_the_defaults_are_sane() -> None:
    options = Options()
    assert options.pool_size >= 2
    assert options.connect_timeout <= options.timeout


@pytest.mark.parametrize("name", ["pool_size", "connect_timeout", "timeout", "lock_timeout"])
@pytest.mark.parametrize("value", [0, -1, 0.0, -0.5, float("nan"), True, "5", None, [5]])
def test_what_is_no_number_above_zero_is_invalid(name: str, value: Any) -> None:
    """1.13 For each option."""
    with pytest.raises(Invalid) as raised:
        Options(**{name: value})
    assert set(raised.value.problems) == {name}


def test_a_pool_has_a_whole_number_of_connections() -> None:
    """1.13 And no fraction of one."""
    with pytest.raises(Invalid) as raised:
        Options(pool_size=2.5)  # type: ignore[arg-type]
    assert set(raised.value.problems) == {"pool_size"}


def test_one_error_names_every_bad_option() -> None:
    """1.13 2.7 All at once."""
    with pytest.raises(Invalid) as raised:
        open_storage("sqlite://", pool_size=0, timeout="soon")
    assert set(raised.value.problems) == {"pool_size", "timeout"}


@pytest.mark.parametrize("value", [0.001, 1, 60, 3600.5])
def test_a_time_is_any_number_above_zero(value: float) -> None:
    assert Options(timeout=value).timeout == value
