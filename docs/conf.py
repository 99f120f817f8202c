"""The documentation site: `sphinx-build -W -b html docs site`. Pages are Markdown; the reference is the docstrings.

Sphinx, because it is kept (MkDocs has had no release since 2024); MyST reads the pages, Furo needs no network.
"""

from importlib.metadata import version as version_of

project = "lomo_hf"
author = "The lomo_hf authors"
copyright = "The lomo_hf authors, Apache-2.0"
version = release = version_of("lomo-hf")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = "lomo_hf"
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]

# Docstrings are written with single backticks, as Markdown is.
default_role = "code"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
# Links of pages may lead out of docs/ to the repository.
suppress_warnings = ["myst.xref_missing"]


def _without_docstring_of_the_type(app, what, name, value, options, lines):  # type: ignore[no-untyped-def]
    """A constant says on its page what it is for; what `dict` or `str` says of itself does not belong there."""
    if what == "data" and (getattr(value, "__doc__", None) or "").lstrip().startswith(lines[0] if lines else "\0"):
        lines.clear()


def _indented_is_verbatim(app, what, name, value, options, lines):  # type: ignore[no-untyped-def]
    """Docstrings indent formulas and small tables; reStructuredText would run their lines together."""
    said, last = list(lines), ""
    lines.clear()
    for line in said:
        begins = line.startswith("    ") and lines and not lines[-1]
        if begins and last and not last.startswith((" ", "..", "*", "-")) and not last.endswith("::"):
            lines.extend([".. code-block:: text", ""])
        lines.append(line)
        last = line or last


def setup(app):  # type: ignore[no-untyped-def]
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", _without_docstring_of_the_type)
    app.connect("autodoc-process-docstring", _indented_is_verbatim, priority=400)  # before sections are made of Args
