"""The shape of the house: who may import whom, who may know which package, how small a doorway is.

Each rule is a function from sources to faults. It is held against the project itself and against small modules that
break it, so that a rule that has gone blind fails too.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SCRIPTS = PROJECT / "scripts"

# From the ground up; a module may import only what stands before it. A package is one floor.
FLOORS = [
    *(
        "errors",
        "garbage",
        "block_names",
        "pieces",
        "provenance",
        "runlog",
        "progress",
        "orphans",
        "quantiles",
        "rate_laws",
        "least_squares",
        "lineshapes",
        "backgrounds",
        "separable",
        "uncertainty",
    ),
    "figure_records",
    *("attenuation", "reference_tables", "chemistry", "sensitivity", "core_lines"),
    *(
        "table_schemas",
        "tables",
        "cycles",
        "block_tables",
        "figure_settings",
        "claim_settings",
        "configuration",
        "oddities",
        "spectra",
        "versaprobe",
        "inspection",
    ),
    *(
        "acquisitions",
        "drafting",
        "models",
        "windows",
        "fitting",
        "calibration",
        "energy_scale",
        "quantification",
        "layers",
        "balance",
        "kinetics",
        "simulation",
        "claims",
        "figures",
    ),
    *("audit", "crate"),
]

# Stages meet at tables. The reference line is fitted by the same engine as every other line: the one exception.
STAGES = {
    "acquisitions",
    "calibration",
    "windows",
    "fitting",
    "energy_scale",
    "quantification",
    "layers",
    "balance",
    "kinetics",
    "claims",
    "figures",
}
STAGE_EXCEPTIONS = {("calibration", "fitting")}

# Who alone may know a package; nobody in the library or in a doorway where the set is empty.
ROOMS: dict[str, set[str]] = {
    "lmfit": {"fitting"},
    "matplotlib": {"figures"},
    "pandas": {"claims", "figures"},
    "pikepdf": {"figure_records", "figures"},
    "pyarrow.parquet": {"tables"},
    "scipy.stats": set(),  # a second of import for what scipy.special has
    "seaborn": {"figures"},
    "snakemake": set(),
}
OPEN_TO_SCRIPTS = {"pandas"}

COMMAND_LINES = {"audit", "inspect_raw", "new_experiment", "simulate_experiment", "unlock"}
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "misc"}
DOORWAY_LINES = 40
MODULE_LINES = 400

Sources = Mapping[str, str]
Rule = Callable[[Sources], list[str]]


# --- reading sources ---------------------------------------------------------------------------------------------


def library() -> dict[str, str]:
    """Sources of the library by dotted name; a package stands under its own name and under its modules' names."""
    paths = sorted((SCRIPTS / "xps").rglob("*.py"))
    return {".".join(path.relative_to(SCRIPTS).with_suffix("").parts): path.read_text() for path in paths}


def scripts() -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted(SCRIPTS.glob("*.py"))}


def rule_files() -> dict[str, str]:
    paths = [*PROJECT.glob("Snakefile"), *sorted((PROJECT / "rules").glob("*.smk"))]
    return {path.name: path.read_text() for path in paths}


def floor_of(module: str) -> str:
    """Name of the floor of ``xps.<floor>[.<part>]``; empty for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] != "__init__" else ""


@cache
def parsed(source: str) -> ast.Module:
    """The syntax tree of a source, made once: every rule asks for that of every module."""
    return ast.parse(source)


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all that is imported in ``tree``, also inside functions; relative ones keep their dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from (f"{origin}.{alias.name}" for alias in node.names)


@cache
def uses_of(tree: ast.AST) -> frozenset[str]:
    """Imported names, and what is reached through one: ``import scipy as s; s.stats`` is scipy.stats."""
    origins = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                origins[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                origins[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    reached = {
        f"{origins[node.value.id]}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in origins
    }
    return frozenset(reached | set(imports_of(tree)))


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def own_imports(sources: Sources) -> Iterator[tuple[str, str]]:
    """Pairs (importing module, imported module) inside the library, by file."""
    known = {name.removesuffix(".__init__"): name for name in sources}
    for module, source in sources.items():
        for target in imports_of(parsed(source)):
            candidates = [known[prefix] for prefix in (target, target.rpartition(".")[0]) if prefix in known]
            if candidates and candidates[0] != module:
                yield module, candidates[0]
            elif not candidates and is_within(target, "xps"):
                yield module, target  # a module that does not exist: its floor will be missing


# --- rules of the library ----------------------------------------------------------------------------------------


def every_module_has_a_floor(sources: Sources) -> list[str]:
    floors = {floor_of(module) for module in sources} - {""}
    return [f"xps.{floor}: give it a floor in FLOORS" for floor in sorted(floors - set(FLOORS))]


def imports_point_down(sources: Sources) -> list[str]:
    faults = []
    for module, target in own_imports(sources):
        upper, lower = floor_of(module), floor_of(target)
        if upper != lower and (lower not in FLOORS or upper not in FLOORS or FLOORS.index(lower) > FLOORS.index(upper)):
            faults.append(f"{module} imports {target}, which is not below it")
    return faults


def imports_run_in_no_circle(sources: Sources) -> list[str]:
    below: dict[str, set[str]] = {module: set() for module in sources}
    for module, target in own_imports(sources):
        below[module].add(target)
    while free := {module for module, targets in below.items() if not targets & below.keys()}:
        below = {module: targets for module, targets in below.items() if module not in free}
    return [f"in or above a circle of imports: {', '.join(sorted(below))}"] if below else []


def stages_meet_at_tables(sources: Sources) -> list[str]:
    pairs = {(floor_of(module), floor_of(target)) for module, target in own_imports(sources)}
    meeting = {(one, other) for one, other in pairs if one != other and {one, other} <= STAGES} - STAGE_EXCEPTIONS
    return [f"stage {one} imports stage {other}" for one, other in sorted(meeting)]


def packages_stay_in_their_rooms(sources: Sources) -> list[str]:
    return [
        f"{module} uses {package}"
        for module, source in sources.items()
        for package, rooms in ROOMS.items()
        if floor_of(module) not in rooms and any(is_within(use, package) for use in uses_of(parsed(source)))
    ]


def imports_are_absolute(sources: Sources) -> list[str]:
    """One name per module: ``scripts.xps`` or a relative import would make two of every class, or hide a target."""
    return [
        f"{module} imports {target}"
        for module, source in sources.items()
        for target in imports_of(parsed(source))
        if target.startswith(".") or is_within(target, "scripts")
    ]


def nothing_is_imported_or_run_by_text(sources: Sources) -> list[str]:
    """A fingerprint follows import statements; what is imported by name at run time would escape it."""
    faults = []
    for module, source in sources.items():
        tree = parsed(source)
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        faults += [f"{module} calls {name}" for name in sorted(called & {"__import__", "eval", "exec", "compile"})]
        hidden = {
            use for use in uses_of(tree) if any(is_within(use, way) for way in ("importlib", "runpy", "sys.path"))
        }
        faults += [f"{module} uses {use}" for use in sorted(hidden) if not is_within(use, "importlib.metadata")]
    return faults


def nothing_is_printed(sources: Sources) -> list[str]:
    return [
        f"{module}:{node.lineno} prints"
        for module, source in sources.items()
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.Name) and node.id == "print"
    ]


def public_things_have_docstrings(sources: Sources) -> list[str]:
    faults = []
    for module, source in sources.items():
        tree = parsed(source)
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        for owner in [tree, *classes]:
            things = [node for node in owner.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
            faults += [
                f"{module}.{thing.name}"
                for thing in things
                if not thing.name.startswith("_") and ast.get_docstring(thing) is None and not is_overload(thing)
            ]
        faults += [f"{module}.{node.name}" for node in classes if ast.get_docstring(node) is None]
        faults += [module] if ast.get_docstring(tree) is None else []
    return [f"{fault} has no docstring" for fault in faults]


def is_overload(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(decorator).endswith("overload") for decorator in function.decorator_list)


def names_say_what_is_known(sources: Sources) -> list[str]:
    return [f"{module}: name the room" for module in sources if VAGUE_NAMES & set(module.split("."))]


def modules_fit_in_the_head(sources: Sources) -> list[str]:
    lengths = {module: len(source.splitlines()) for module, source in sources.items()}
    return [f"{module} has {length} lines" for module, length in lengths.items() if length > MODULE_LINES]


# --- rules of the scripts ----------------------------------------------------------------------------------------


def is_main_block(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def snakemake_is_named_in_the_last_block_only(sources: Sources) -> list[str]:
    faults = []
    for script, source in sources.items():
        body = parsed(source).body
        if body and is_main_block(body[-1]) and script not in COMMAND_LINES:
            body = body[:-1]
        rest = ast.Module(body, [])
        named = any(isinstance(node, ast.Name) and node.id == "snakemake" for node in ast.walk(rest))
        if named or any(is_within(target, "snakemake") for target in imports_of(rest)):
            faults.append(f"{script} names snakemake outside its last block")
    return faults


def doorways_are_short(sources: Sources) -> list[str]:
    lengths = {script: len(source.splitlines()) for script, source in sources.items() if script not in COMMAND_LINES}
    return [f"{script} has {length} lines" for script, length in lengths.items() if length > DOORWAY_LINES]


def scripts_leave_packages_to_the_library(sources: Sources) -> list[str]:
    closed = ROOMS.keys() - OPEN_TO_SCRIPTS - {"snakemake"}
    return [
        f"{script} uses {package}"
        for script, source in sources.items()
        for package in sorted(closed)
        if any(is_within(use, package) for use in uses_of(parsed(source)))
    ]


# --- rules of the rule files -------------------------------------------------------------------------------------


def words(source: str) -> list[str]:
    """Tokens of a rule file without comments and layout; snakemake's grammar is Python's at this level."""
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    return [t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type not in layout]


def rule_files_hold_no_code_in_hiding(sources: Sources) -> list[str]:
    faults = []
    for name, source in sources.items():
        tokens = words(source)
        faults += [f"{name}: lambda"] if "lambda" in tokens else []
        faults += [f"{name}: run block"] if ("run", ":") in pairwise(tokens) else []
    return faults


def a_rule_and_its_script_share_their_name(sources: Sources) -> list[str]:
    faults = []
    for name, source in sources.items():
        rule = ""
        tokens = words(source)
        for one, two, three in zip(tokens, tokens[1:], tokens[2:], strict=False):
            rule = two if one in ("rule", "checkpoint") and three == ":" else rule
            if (one, two) == ("script", ":") and three.strip("\"'") != f"../scripts/{rule}.py":
                faults.append(f"{name}: rule {rule} runs {three}")
    return faults


def varying_inputs_are_params_too(sources: Sources) -> list[str]:
    """The set of a rule's inputs is no trigger for a rerun (profiles/default), so where it varies it is a param."""
    faults = []
    for name, source in sources.items():
        for rule in re.split(r"^(?:rule|checkpoint) ", source, flags=re.MULTILINE)[1:]:
            sections = dict(re.findall(r"^    (\w+):\n((?:        .*\n|\n)+)", rule, flags=re.MULTILINE))
            given = set(re.findall(r"=(ANALYSIS\.\w+)", sections.get("params", "")))
            varying = re.findall(r"=(ANALYSIS\.\w+)", sections.get("input", "")) if "script" in sections else []
            faults += [f"{name}: rule {rule.split(':')[0]}: {one} is no param" for one in varying if one not in given]
    return faults


# --- the project obeys -------------------------------------------------------------------------------------------

LIBRARY_RULES: list[Rule] = [
    every_module_has_a_floor,
    imports_point_down,
    imports_run_in_no_circle,
    stages_meet_at_tables,
    packages_stay_in_their_rooms,
    imports_are_absolute,
    nothing_is_imported_or_run_by_text,
    nothing_is_printed,
    public_things_have_docstrings,
    names_say_what_is_known,
    modules_fit_in_the_head,
]
SCRIPT_RULES: list[Rule] = [
    snakemake_is_named_in_the_last_block_only,
    doorways_are_short,
    scripts_leave_packages_to_the_library,
    imports_are_absolute,
    nothing_is_imported_or_run_by_text,
    public_things_have_docstrings,
    names_say_what_is_known,
]
RULE_FILE_RULES: list[Rule] = [
    rule_files_hold_no_code_in_hiding,
    a_rule_and_its_script_share_their_name,
    varying_inputs_are_params_too,
]


def name_of(rule: object) -> str:
    return getattr(rule, "__name__", str(rule))


@pytest.mark.parametrize("rule", LIBRARY_RULES, ids=name_of)
def test_the_library_keeps_the_rule(rule: Rule) -> None:
    faults = rule(library())
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("rule", SCRIPT_RULES, ids=name_of)
def test_the_scripts_keep_the_rule(rule: Rule) -> None:
    faults = rule(scripts())
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("rule", RULE_FILE_RULES, ids=name_of)
def test_the_rule_files_keep_the_rule(rule: Rule) -> None:
    faults = rule(rule_files())
    assert not faults, "\n".join(faults)


def test_something_is_looked_at() -> None:
    assert {"xps.__init__", "xps.errors", "xps.tables.writing"} <= library().keys()
    assert rule_files().keys() >= {"Snakefile", "spectra.smk"}
    assert "parse_spectra" in scripts()


def test_the_files_that_tests_begin_with_are_there(pytestconfig: pytest.Config) -> None:
    order = pytestconfig.pluginmanager.get_plugin(str(PROJECT / "tests/conftest.py")).LONGEST_FIRST
    assert [name for name in order if not (PROJECT / "tests" / name).is_file()] == []


def test_every_floor_has_a_test_file_of_its_name() -> None:
    floors = {floor_of(module) for module in library()} - {""}
    tested = {re.sub(r"^test_", "", path.stem) for path in (PROJECT / "tests").rglob("test_*.py")}
    untested = {floor for floor in floors if not any(name == floor or name.startswith(f"{floor}_") for name in tested)}
    assert not untested, f"write tests/test_<floor>.py for {', '.join(sorted(untested))}"


def test_nothing_of_the_library_is_imported_by_the_package_itself() -> None:
    assert list(imports_of(ast.parse(library()["xps.__init__"]))) == []


# --- each rule sees what breaks it -------------------------------------------------------------------------------

READING = "rule a:\n    script:\n        ''\n    input:\n        x=ANALYSIS.f,\n"
BREACHES: list[tuple[Rule, Sources]] = [
    (every_module_has_a_floor, {"xps.attic": ""}),
    (every_module_has_a_floor, {"xps.attic.__init__": "", "xps.attic.box": ""}),
    (imports_point_down, {"xps.errors": "from xps import tables", "xps.tables": ""}),
    (imports_point_down, {"xps.errors": "import xps.tables", "xps.tables": ""}),
    (imports_point_down, {"xps.errors": "def f():\n    from xps.tables import read", "xps.tables": ""}),
    (imports_point_down, {"xps.errors": "if 0:\n    from xps.tables import read as r", "xps.tables": ""}),
    (imports_point_down, {"xps.spectra": "from xps.fitting.engine import fit", "xps.fitting.engine": ""}),
    (imports_point_down, {"xps.spectra.parts": "from xps.fitting import fit", "xps.fitting.__init__": ""}),
    (imports_point_down, {"xps.figures": "from xps import attic"}),
    (
        imports_run_in_no_circle,
        {"xps.fitting.a": "from xps.fitting.b import x", "xps.fitting.b": "import xps.fitting.a"},
    ),
    (
        imports_run_in_no_circle,
        {"xps.a": "from xps.b import x", "xps.b": "from xps.c import x", "xps.c": "from xps.a import x"},
    ),
    (stages_meet_at_tables, {"xps.kinetics": "from xps.fitting import fit", "xps.fitting": ""}),
    (stages_meet_at_tables, {"xps.calibration": "from xps import windows", "xps.windows.__init__": ""}),
    (packages_stay_in_their_rooms, {"xps.spectra": "import pyarrow.parquet as pq"}),
    (packages_stay_in_their_rooms, {"xps.spectra": "from pyarrow import parquet"}),
    (packages_stay_in_their_rooms, {"xps.calibration": "def f():\n    import lmfit"}),
    (packages_stay_in_their_rooms, {"xps.kinetics.laws": "from matplotlib import pyplot"}),
    (packages_stay_in_their_rooms, {"xps.fitting": "from scipy import stats"}),
    (packages_stay_in_their_rooms, {"xps.fitting": "import scipy as s\ns.stats.chi2"}),
    (packages_stay_in_their_rooms, {"xps.tables": "import pandas as pd"}),
    (packages_stay_in_their_rooms, {"xps.runlog": "from snakemake.script import snakemake"}),
    (imports_are_absolute, {"xps.tables": "from . import errors"}),
    (imports_are_absolute, {"xps.tables": "from scripts.xps import errors"}),
    (nothing_is_imported_or_run_by_text, {"xps.tables": "import importlib"}),
    (nothing_is_imported_or_run_by_text, {"xps.tables": "from importlib import import_module"}),
    (nothing_is_imported_or_run_by_text, {"xps.tables": "__import__('os')"}),
    (nothing_is_imported_or_run_by_text, {"xps.tables": "eval('1')"}),
    (nothing_is_imported_or_run_by_text, {"fit": "import sys\nsys.path.insert(0, 'x')"}),
    (nothing_is_printed, {"xps.tables": "def f():\n    print('x')"}),
    (public_things_have_docstrings, {"xps.tables": "x = 1"}),
    (public_things_have_docstrings, {"xps.tables": "'''D.'''\ndef f(): ..."}),
    (public_things_have_docstrings, {"xps.tables": "'''D.'''\nclass A: ..."}),
    (public_things_have_docstrings, {"xps.tables": "'''D.'''\nclass A:\n    '''D.'''\n    def f(self): ..."}),
    (names_say_what_is_known, {"xps.fitting.helpers": ""}),
    (names_say_what_is_known, {"xps.utils": ""}),
    (modules_fit_in_the_head, {"xps.tables": "\n" * (MODULE_LINES + 1)}),
    (snakemake_is_named_in_the_last_block_only, {"fit": "def main():\n    return snakemake.input"}),
    (snakemake_is_named_in_the_last_block_only, {"fit": "if __name__ == '__main__':\n    snakemake\nx = 1"}),
    (snakemake_is_named_in_the_last_block_only, {"fit": "from snakemake.script import snakemake"}),
    (snakemake_is_named_in_the_last_block_only, {"audit": "if __name__ == '__main__':\n    snakemake"}),
    (doorways_are_short, {"fit": "\n" * (DOORWAY_LINES + 1)}),
    (scripts_leave_packages_to_the_library, {"fit": "import pyarrow.parquet"}),
    (scripts_leave_packages_to_the_library, {"inspect_raw": "from matplotlib import pyplot"}),
    (rule_files_hold_no_code_in_hiding, {"a.smk": "rule a:\n    input: lambda w: w.x\n"}),
    (rule_files_hold_no_code_in_hiding, {"a.smk": "rule a:\n    run:\n        pass\n"}),
    (a_rule_and_its_script_share_their_name, {"a.smk": "rule a:\n    script:\n        '../scripts/b.py'\n"}),
    (a_rule_and_its_script_share_their_name, {"a.smk": "checkpoint a:\n    script:\n        '../scripts/b.py'\n"}),
    (varying_inputs_are_params_too, {"a.smk": READING}),
    (
        varying_inputs_are_params_too,
        {"a.smk": READING + "    params:\n        y=ANALYSIS.g,\n"},
    ),
]

ALLOWED: list[tuple[Rule, Sources]] = [
    (every_module_has_a_floor, {"xps.__init__": "", "xps.fitting.__init__": "", "xps.fitting.engine": ""}),
    (imports_point_down, {"xps.tables": "from xps.errors import TableError", "xps.errors": ""}),
    (imports_point_down, {"xps.fitting.engine": "from xps.fitting.starts import s", "xps.fitting.starts": ""}),
    (
        imports_run_in_no_circle,
        {"xps.fitting.__init__": "from xps.fitting.a import x", "xps.fitting.a": "import numpy"},
    ),
    (stages_meet_at_tables, {"xps.calibration": "from xps import fitting", "xps.fitting": "from xps import tables"}),
    (packages_stay_in_their_rooms, {"xps.tables": "import pyarrow.parquet", "xps.spectra": "import pyarrow as pa"}),
    (packages_stay_in_their_rooms, {"xps.fitting.check": "import lmfit", "xps.fitting": "import scipy.special"}),
    (packages_stay_in_their_rooms, {"xps.spectra": "statistics = 1  # not scipy.stats\nimport statsmodels"}),
    (nothing_is_imported_or_run_by_text, {"xps.provenance": "from importlib.metadata import version"}),
    (nothing_is_imported_or_run_by_text, {"xps.spectra": "import re\nre.compile('')"}),
    (nothing_is_printed, {"xps.tables": "'''print'''\n# print()\nfingerprint = 1"}),
    (public_things_have_docstrings, {"xps.tables": "'''D.'''\ndef _f(): ...\nclass _A:\n    def g(self): ..."}),
    (
        snakemake_is_named_in_the_last_block_only,
        {"fit": "'''snakemake'''\nif __name__ == '__main__':\n    snakemake.input"},
    ),
    (doorways_are_short, {"fit": "\n" * DOORWAY_LINES, "inspect_raw": "\n" * 100}),
    (rule_files_hold_no_code_in_hiding, {"a.smk": "# lambda, run:\nrule a:\n    message: 'run: a lambda'\n"}),
    (a_rule_and_its_script_share_their_name, {"a.smk": "rule b:\n    script:\n        '../scripts/b.py'\n"}),
    (
        varying_inputs_are_params_too,
        {"a.smk": READING + "    params:\n        y=ANALYSIS.f,\n"},
    ),
]


@pytest.mark.parametrize(("rule", "sources"), BREACHES, ids=name_of)
def test_a_breach_is_seen(rule: Rule, sources: Sources) -> None:
    assert rule(sources) != []


@pytest.mark.parametrize(("rule", "sources"), ALLOWED, ids=name_of)
def test_what_is_allowed_is_left_alone(rule: Rule, sources: Sources) -> None:
    assert rule(sources) == []


def test_every_rule_has_a_breach_that_it_must_see() -> None:
    tried = {rule for rule, _ in BREACHES}
    assert tried == {*LIBRARY_RULES, *SCRIPT_RULES, *RULE_FILE_RULES}
