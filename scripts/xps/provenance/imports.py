"""Which modules a Python source imports, read fast: each job asks this of some seventy files, each run of two hundred.

A syntax tree of the whole source costs a millisecond per file, most of it for expressions, which import nothing. So the
import statements are picked out by their form and only they are parsed. Whatever could hide one from that (two on a
line, a broken line) sends the source the long way. An import that only a text shows counts too: once too often is safe.
"""

import ast
import re
from functools import cache

Import = tuple[int, str, str]
"""How many packages up, from which module, which name (empty: the module itself)."""

# A statement begins a line, after its indentation; only names in parentheses may go over several lines.
_STATEMENT = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*((?:from|import)\b(?:[^\n(#]*\([^()]*\)|[^\n]*))", re.MULTILINE)
# Where else one may begin: after another statement or the head of a block; or a line goes on where it seems to end.
_HIDING = re.compile(rb"[;:][ \t]*(?:from\b[\w. \t]+import|import[ \t]+\w)|\\\r?\n|\r(?!\n)|\f")


@cache
def imports(source: bytes, place: str) -> list[Import]:
    """Return what the module ``source`` imports, in functions and classes too; SyntaxError naming ``place``."""
    if not _HIDING.search(source):
        statements = b"\n".join(_STATEMENT.findall(source))
        try:
            return _of_tree(ast.parse(statements))
        except SyntaxError:
            pass  # a line of a text that begins like an import
    return _of_tree(ast.parse(source, filename=place))


def _of_tree(tree: ast.Module) -> list[Import]:
    """Return the imports of a syntax tree. They are statements: expressions are not looked into."""
    found: list[Import] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found += [(0, alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.level, node.module or "", name) for name in ("", *(alias.name for alias in node.names))]
        for holds_statements in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, holds_statements, ())
    return found
