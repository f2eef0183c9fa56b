"""Makes the modules of the Autobahn suite, which are Python 2, importable by Python 3. Nothing of what is installed is changed.

The suite's texts are texts of bytes. Here they are `str` of which each character is one byte (Latin-1). `suite.py` makes them `bytes` where
they leave for the wire, and the other way round.
"""

import ast
import binascii
import builtins
import sys
import types
import warnings
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.metadata import version

from autobahn.websocket.utf8validator import Utf8Validator
from fissix.refactor import RefactoringTool

SUITE = "autobahntestsuite"
FIXERS = RefactoringTool([f"fissix.fixes.fix_{name}" for name in ("has_key", "import", "print")])
STAND_INS = {
    # The package itself, without the command line and the other tools that it would import.
    SUITE: {"__path__": PathFinder.find_spec(SUITE).submodule_search_locations, "version": version(SUITE)},
    f"{SUITE}.report": dict.fromkeys(
        ["CSS_COMMON", "CSS_DETAIL_REPORT", "CSS_MASTER_REPORT", "JS_MASTER_REPORT"]
    ),
    # The case that is on no list of cases, and those of compression, which is not offered.
    f"{SUITE}.case.case9_9_1": {},
    f"{SUITE}.case.case12_x_x": {
        "Case12_X_X": [],
        "Case12_X_X_CaseSubCategories": {},
        "Case13_X_X": [],
        "Case13_X_X_CaseSubCategories": {},
    },
    # What is imported for TLS and for pages, of which there are none.
    "pkg_resources": {},
    "twisted.internet.ssl": {"ClientContextFactory": lambda: None},
    "binascii_of_texts": {"b2a_hex": lambda data: binascii.b2a_hex(to_bytes(data)).decode()},
}


def install():
    """From here on the suite can be imported."""
    for name, members in STAND_INS.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(members)
    vars(builtins).update(unichr=chr, whole_division=whole_division, xrange=range)
    validate = Utf8Validator.validate
    Utf8Validator.validate = lambda self, text: validate(self, to_bytes(text))
    # Escapes that were none then, either.
    warnings.simplefilter("ignore", SyntaxWarning)
    sys.meta_path.insert(0, Finder)


def to_bytes(text):
    return text.encode("latin-1") if isinstance(text, str) else text


def to_text(data):
    return data.decode("latin-1")


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target) if name.startswith(f"{SUITE}.") else None
        if spec is not None:
            spec.loader = Loader(name, spec.origin)
        return spec


class Loader(SourceFileLoader):
    def get_code(self, fullname):
        # What comes out is kept nowhere: it would be taken for what Python 3 makes of the file.
        return self.source_to_code(self.get_data(self.path), self.path)

    def source_to_code(self, data, path, *, _optimization=-1):
        # By the `coding` that a file names, its literals would not be the bytes that are in it.
        text = data.decode("latin-1").replace("\r\n", "\n").replace("coding=utf-8", "")
        text = str(FIXERS.refactor_string(f"{text}\n", path))
        tree = ast.fix_missing_locations(Meaning().visit(ast.parse(text)))
        return compile(tree, path, "exec")


class Meaning(ast.NodeTransformer):
    """What is written the same way in both languages, and means something else."""

    def visit_Import(self, node):
        for alias in node.names:
            if alias.name == "binascii":
                alias.name, alias.asname = "binascii_of_texts", "binascii"
        return node

    def visit_Tuple(self, node):
        """`(object, Case)` as the bases of a class: `Case` is an object by itself now."""
        self.generic_visit(node)
        node.elts = [part for part in node.elts if not (isinstance(part, ast.Name) and part.id == "object")]
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        name = ast.Name(id="whole_division", ctx=ast.Load())
        return ast.Call(func=name, args=[node.left, node.right], keywords=[])


def whole_division(left, right):
    return left // right if isinstance(left, int) and isinstance(right, int) else left / right
