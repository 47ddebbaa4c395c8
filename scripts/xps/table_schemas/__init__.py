"""The declaration of every table: which columns, of what kind, in which unit, meaning what.

This is the manual of the results folder; ``tables`` turns it into Arrow schemas and enforces it.
Kinds: ``text``, ``texts`` (a list), ``integer``, ``number``, ``flag``. A nullable column is empty where the thing is
unknown or does not apply, never zero. ``_stderr`` is one standard error.
"""

from xps.table_schemas import derived, fitted, measured
from xps.table_schemas.columns import Column, Schemas

SCHEMAS: Schemas = measured.SCHEMAS | fitted.SCHEMAS | derived.SCHEMAS

__all__ = ["SCHEMAS", "Column", "Schemas"]
