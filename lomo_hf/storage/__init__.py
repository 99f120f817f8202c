"""Files on this machine: below a folder that is held open, so that no link leads out of it; whole or not at all."""

from lomo_hf.storage.folder import Folder, Place, named_file
from lomo_hf.storage.locking import LOCK, locked, share_at_work, shares_at_work, wait_for_shares

__all__ = ["LOCK", "Folder", "Place", "locked", "named_file", "share_at_work", "shares_at_work", "wait_for_shares"]
