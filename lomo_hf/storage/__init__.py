"""Files on this machine: below a folder that is held open, so that no link leads out of it; whole or not at all."""

from lomo_hf.storage.folder import Folder, Place, named_file
from lomo_hf.storage.locking import LOCK, locked

__all__ = ["LOCK", "Folder", "Place", "locked", "named_file"]
