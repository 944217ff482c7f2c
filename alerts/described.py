"""How a format's body is described to senders, in JSON Schema: by the models that validate it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import GetJsonSchemaHandler, TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

Schema = dict[str, Any]
REF = "#/components/schemas/{model}"


@dataclass(frozen=True, eq=False)
class As:
    """Annotates a value that is validated elsewhere: describe it as this type."""

    type_: Any

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What pydantic asks for."""
        return handler(TypeAdapter(self.type_).core_schema)


@dataclass(frozen=True, eq=False)  # annotations are hashed, by who they are
class With:
    """Annotates a value with what its validator checks and its type does not say."""

    schema: Schema

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What pydantic asks for."""
        return {**handler(core), **self.schema}


class Body(NamedTuple):
    """What a sender may send in one of the content types of a format."""

    type_: object
    """What pydantic describes: a model, an annotated type."""
    examples: Mapping[str, object]
    """Valid bodies by a word each, as JSON values."""


def schemas(types: Sequence[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """The schema of each type, in their order, and what they refer to, by name."""
    adapters: list[tuple[int, Literal["validation"], TypeAdapter[Any]]] = [
        (number, "validation", TypeAdapter(type_)) for number, type_ in enumerate(types)
    ]
    found, shared = TypeAdapter.json_schemas(adapters, ref_template=REF)
    return [found[number, "validation"] for number in range(len(types))], shared.get("$defs", {})
