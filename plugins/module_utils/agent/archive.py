# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A domain and all it imports as one zip archive that Python runs: the code that a host applies at boot.

The sources are read from wherever this code runs itself, a checkout or the archive that Ansible sends. The same sources
give the same bytes, so that a second run changes nothing.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import posixpath
import zipfile

from . import boot

# Of module_utils, whatever it is called where this runs.
BASE = __name__.rsplit(".", 2)[0]
PACKAGE = "ull_metal"
# Ansible sends to a host only what is imported, and this is read there.
ENTRY = boot.__name__[len(BASE) + 1 :].replace(".", "/") + ".py"

_MAIN = """import sys
from {package}.agent.boot import main
from {package}.{module} import {name}
sys.exit(main({name}, {slice_path!r}, sys.argv[1:]))
"""


def archive(domain: type, slice_path: str) -> bytes:
    """The archive for a domain.

    Args:
        domain: its class, in a module below this package.
        slice_path: where its parameters lie on the host.
    """
    module = domain.__module__[len(BASE) + 1 :]
    sources = _closure([ENTRY, f"{module.replace('.', '/')}.py"])
    main = _MAIN.format(package=PACKAGE, module=module, name=domain.__name__, slice_path=slice_path)
    folders = {posixpath.dirname(path) for path in sources}
    files = {
        "__main__.py": main.encode(),
        **{posixpath.join(PACKAGE, folder, "__init__.py"): b"" for folder in folders | {""}},
        **{f"{PACKAGE}/{path}": source for path, source in sources.items()},
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as zipped:
        for path in sorted(files):
            zipped.writestr(zipfile.ZipInfo(path), files[path])
    return made.getvalue()


def _closure(paths: list[str]) -> dict[str, bytes]:
    """These files and all that they import from this package."""
    found: dict[str, bytes] = {}
    while paths:
        path = paths.pop()
        source = found.get(path) or _source(path)
        if source is not None and path not in found:
            found[path] = source
            paths += _imports(path, source)
    return found


def _source(path: str) -> bytes | None:
    """The text of a module; None where there is none, as for a name that an import takes out of a module."""
    name = f"{BASE}.{path[: -len('.py')].replace('/', '.')}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        return None
    return None if hasattr(module, "__path__") else inspect.getsource(module).encode()


def _imports(path: str, source: bytes) -> list[str]:
    """The files that relative imports may mean: the module itself, or a module for each name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path
            for _step in range(node.level):
                folder = posixpath.dirname(folder)
            base = posixpath.join(folder, *(node.module or "").split("."))
            found += [f"{base}.py".lstrip("/"), *(posixpath.join(base, f"{alias.name}.py") for alias in node.names)]
    return found
