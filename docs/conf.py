"""The documentation site: `sphinx-build -W -b html docs site`. Pages are Markdown; the reference is the docstrings.

Sphinx, because it is maintained (MkDocs has had no release since 2024); MyST reads the pages, Furo needs no network.
"""

import tomllib
from importlib.util import find_spec
from pathlib import Path

from lomo_hf import __version__

project = "lomo_hf"
author = "The lomo_hf authors"
copyright = "The lomo_hf authors, Apache-2.0"
version = release = __version__
urls = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = "lomo_hf"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "source_repository": urls["Repository"],
    "source_branch": "main",
    "source_directory": "docs/",
}
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]

# Docstrings are written with single backticks, as Markdown is.
default_role = "code"
autodoc_default_options = {"members": True, "show-inheritance": True}
# Their steps are documented where they are not installed.
autodoc_mock_imports = [name for name in ("datatrove", "data_juicer", "nemo_curator") if find_spec(name) is None]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100
napoleon_google_docstring = True
napoleon_numpy_docstring = False
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
# Links of pages may lead out of docs/ to the repository.
suppress_warnings = ["myst.xref_missing"]


def _without_docstring_of_the_type(app, what, name, value, options, lines):  # type: ignore[no-untyped-def]
    """A constant is described on its page; the docstring of `dict` or `str` does not belong there."""
    if what == "data" and (getattr(value, "__doc__", None) or "").lstrip().startswith(lines[0] if lines else "\0"):
        lines.clear()


def _indented_is_verbatim(app, what, name, value, options, lines):  # type: ignore[no-untyped-def]
    """Docstrings indent formulas and small tables; reStructuredText would run their lines together."""
    written, last, verbatim = list(lines), "", False
    lines.clear()
    for line in written:
        begins = line.startswith("    ") and lines and not lines[-1]
        if begins and last and not last.startswith((" ", "..", "*", "-")) and not last.endswith("::"):
            lines.extend([".. code-block:: text", ""])
            verbatim = True
        elif line and not line.startswith("    "):
            verbatim = False
        lines.append(line.replace("`", "") if verbatim else line)
        last = line or last


def setup(app):  # type: ignore[no-untyped-def]
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", _without_docstring_of_the_type)
    app.connect("autodoc-process-docstring", _indented_is_verbatim, priority=400)  # before sections are made of Args
