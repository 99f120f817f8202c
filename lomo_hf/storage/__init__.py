"""Files below a folder that is held open, so that no link leads a command out of it."""

from lomo_hf.storage.folder import Folder, Place, named_file

__all__ = ["Folder", "Place", "named_file"]
