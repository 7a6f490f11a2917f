"""Properties: what holds for any value, shown on random ones."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from storage import Filter, Invalid, Repository
from storage.testing import strategies
from storage.testing.fixtures import Fixtures, empty
from storage.testing.machine import Machine, outcome
from storage.testing.model import folded, kept, ordered
from storage.testing.samples import AWKWARD_TEXTS
from storage.testing.strategies import ANYTHING, chosen_settings


class Properties(Fixtures):
    """Properties of any entity's repository."""

    def test_a_repository_does_what_the_plain_model_does(self, repository: Repository[Any]) -> None:
        """2.2 3.1 4.1 5.1 6.1 8.1 9.2 10.1 11.1 Random calls, one after another, each with the model's answer."""
        run_state_machine_as_test(
            lambda: Machine(repository, self.entity),  # type: ignore[arg-type]
            settings=chosen_settings(12, stateful_step_count=25),
        )

    def test_any_entity_comes_back_as_it_was_written(self, repository: Repository[Any]) -> None:
        """2.2 2.5 2.10 To the code point, the unit and the millisecond."""

        @chosen_settings(40)
        @given(strategies.new_entities(self.samples.description))
        def holds(entity: Any) -> None:
            added = repository.add(entity)
            assert added == self.samples.description.entity(vars_of(kept(entity)) | {"id": added.id, "version": 1})
            assert repository.get(added.id) == added
            repository.delete(added.id)

        holds()

    def test_any_entities_are_in_order(self, repository: Repository[Any]) -> None:
        """8.1 8.2 8.3 As Python sorts them, in every order."""

        @chosen_settings(8)
        @given(st.lists(strategies.new_entities(self.samples.description), min_size=2, max_size=12))
        def holds(entities: list[Any]) -> None:
            empty(repository)
            unlike = {tuple(getattr(one, name) for name in self.samples.unique) or id(one): one for one in entities}
            added = repository.add_many(unlike.values())
            for order_by in self.samples.orders:
                assert repository.find(order_by=order_by).items == ordered(added, order_by)

        holds()

    def test_any_wrong_value_is_invalid_and_nothing_else(self, repository: Repository[Any]) -> None:
        """6.7 9.1 9.6 15.1 Whatever stands in a filter, an order, a limit or a cursor."""
        repository.add_many(self.samples.several(3))
        names = st.sampled_from([*self.samples.description.by_name, "nothing"])
        operators = st.sampled_from(["eq", "lt", "in", "is_null", "contains", "starts_with"])

        @chosen_settings(60)
        @given(st.builds(Filter, names | ANYTHING, operators | ANYTHING, ANYTHING), ANYTHING, ANYTHING, ANYTHING)
        def holds(filter: Filter, order_by: Any, limit: Any, cursor: Any) -> None:
            for call in (
                lambda: repository.find(filter),
                lambda: repository.count(filter),
                lambda: repository.find(order_by=order_by),
                lambda: repository.find(limit=limit),
                lambda: repository.find(cursor=cursor),
            ):
                result = outcome(call)
                assert not isinstance(result, type) or result is Invalid

        holds()


class SearchProperties(Fixtures):
    """Properties of search, shown on the titles of engines."""

    def test_any_piece_is_found_in_whatever_case(self, repository: Repository[Any]) -> None:
        """7.1 7.2 Exactly where the folded text holds the folded piece."""
        letters = st.text(strategies.LETTERS, min_size=1, max_size=4) | st.sampled_from(AWKWARD_TEXTS)
        titles = st.lists(letters.map(str.strip).filter(bool), min_size=1, max_size=4)

        @chosen_settings(40)
        @given(titles, st.data())
        def holds(titles: list[str], data: st.DataObject) -> None:
            empty(repository)
            repository.add_many(self.samples.one(0, title=title) for title in titles)
            source = data.draw(st.sampled_from(titles))
            piece = source[data.draw(st.integers(0, len(source))) :]
            for text in (piece, piece.upper(), piece.lower(), piece.swapcase()):
                for operator, meets in (("contains", str.__contains__), ("starts_with", str.startswith)):
                    found = [entity.title for entity in repository.find(Filter("title", operator, text)).items]
                    assert found == [title for title in titles if meets(folded(title), folded(text))]

        holds()


def vars_of(entity: Any) -> dict[str, Any]:
    """Return the values of an entity by name."""
    return {name: getattr(entity, name) for name in type(entity).__dataclass_fields__}
