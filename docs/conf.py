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
# A page that the index names may not be written yet; links of pages may lead out of docs/ to the repository.
suppress_warnings = ["toc.not_readable", "myst.xref_missing"]


def _without_docstring_of_the_type(app, what, name, value, options, lines):  # type: ignore[no-untyped-def]
    """A constant says on its page what it is for; what `dict` or `str` says of itself does not belong there."""
    if what == "data" and (getattr(value, "__doc__", None) or "").lstrip().startswith(lines[0] if lines else "\0"):
        lines.clear()


def setup(app):  # type: ignore[no-untyped-def]
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", _without_docstring_of_the_type)
