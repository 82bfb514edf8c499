"""The texts under a model's fields, as the descriptions in its JSON Schema.

pydantic's own `use_attribute_docstrings` reads the source while the class is made: a sixteenth of a start, which
needs no schema. Here it is read when a schema is asked for.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from textwrap import dedent

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Described(BaseModel):
    """A model whose JSON Schema tells of each field what stands under it."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in texts_of(cls).items():
            shown = properties.get(cls.model_fields[name].alias or name)
            if shown is not None:
                shown["description"] = text
        return schema


def texts_of(model: type[BaseModel]) -> dict[str, str]:
    """Field -> the text under it, of the model and of those it is made from; fields without one are left out."""
    found: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if issubclass(part, BaseModel) and part.__module__.partition(".")[0] != "pydantic":
            found.update(_texts(part))
    return {name: text for name, text in found.items() if name in model.model_fields}


def _texts(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    (made,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(made, ast.ClassDef)
    for field, below in zip(made.body, made.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
