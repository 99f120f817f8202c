"""A folder that is held open: what is done in it is done in it, whatever links are put into its way, and when."""

import ctypes
import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from lomo_hf.errors import BuildError, IntegrityError, LinkError
from lomo_hf.storage import Folder, Place, folder, named_file
from lomo_hf.storage.atomic import PendingFile, write_whole

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need rights there")

Tree = dict[str, bytes]
USES: dict[str, Callable[[Place], object]] = {
    "read": Place.read_bytes,
    "sha256": Place.sha256,
    "create": lambda place: place.create().close(),
    "write": lambda place: write_whole(place, b"ours"),
    "unlink": Place.unlink,
    "move away": lambda place: place.replace(place.folder / "moved"),
    "move to": lambda place: (place.folder / "spare").replace(place),
    "make a folder": lambda place: (place / "new").make_folder(),
    "remove a folder": lambda place: place.parent().path and Place(place.folder, "inner").remove_tree(),
}


def tree(where: Path) -> Tree:
    return {p.relative_to(where).as_posix(): p.read_bytes() for p in sorted(where.rglob("*")) if p.is_file()}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """What must never be touched."""
    for name in ("elsewhere", "held/inner"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_bytes(b"old " + name.encode())
    (tmp_path / "held/spare").write_bytes(b"spare")
    return tmp_path / "elsewhere"


@pytest.fixture
def held(elsewhere: Path) -> Folder:
    return Folder(elsewhere.parent / "held")


@pytest.fixture(params=[True, False], ids=["relative", "by name"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """As the system is, and as on one that opens nothing relative to a folder."""
    monkeypatch.setattr(folder, "_RELATIVE", request.param)
    return bool(request.param)


@pytest.mark.parametrize("name", USES)
def test_what_is_asked_for_is_done_in_the_folder(name: str, way: bool, held: Folder, elsewhere: Path) -> None:
    if name == "make a folder":
        Place(held, "inner/deep/new").make_folder()
        assert (held.path / "inner/deep/new").is_dir()
    else:
        before = tree(held.path)
        USES[name](held / "inner/file")
        assert (tree(held.path) == before) == (name in ("read", "sha256"))
    assert tree(elsewhere) == {"file": b"old elsewhere"}


@pytest.mark.parametrize("link", ["inner", "inner/file"])
@pytest.mark.parametrize("name", USES)
def test_no_link_below_the_folder_is_followed(name: str, link: str, way: bool, held: Folder, elsewhere: Path) -> None:
    (held.path / link).rename(held.path / "aside")
    target = elsewhere / "file" if link == "inner/file" else elsewhere
    (held.path / link).symlink_to(target)
    if (name, link) == ("remove a folder", "inner/file"):
        match = "inner/file in 'held' must be a file"
    else:
        match = f"{link} in 'held' must be a {'file' if link == 'inner/file' else 'folder'} of its own; found a link"
    with pytest.raises(LinkError, match=match):
        USES[name](held / "inner/file")
    assert (held.path / link).is_symlink()
    assert tree(elsewhere) == {"file": b"old elsewhere"}


@pytest.mark.parametrize("swapped", range(1, 9))
@pytest.mark.parametrize("name", USES)
def test_a_link_put_there_after_the_check_is_not_followed(
    name: str, swapped: int, held: Folder, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of the path is swapped for a link right after it was looked at, whichever look that is."""
    look = Place._stat
    looks = [0]

    def look_and_swap(place: Place, above: Folder) -> os.stat_result | None:
        status = look(place, above)
        looks[0] += 1
        if looks[0] == swapped and status is not None:
            place.path.rename(place.path.with_name("aside"))
            place.path.symlink_to(elsewhere / "file" if stat.S_ISREG(status.st_mode) else elsewhere)
        return status

    monkeypatch.setattr(Place, "_stat", look_and_swap)
    with suppress(LinkError, OSError):
        USES[name](held / "inner/file")
    assert looks[0] > 0
    assert tree(elsewhere) == {"file": b"old elsewhere"}
    assert [path.name for path in elsewhere.iterdir()] == ["file"]


def test_a_thread_that_swaps_a_folder_for_a_link_gets_nothing_written_elsewhere(held: Folder, elsewhere: Path) -> None:
    exchange = getattr(ctypes.CDLL(None), "renameat2", None)
    if exchange is None:
        pytest.skip("no system call that exchanges two names at once")
    inner, link = held.path / "inner", held.path / "link"
    link.symlink_to(elsewhere)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            exchange(-100, os.fsencode(inner), -100, os.fsencode(link), 2)  # AT_FDCWD, RENAME_EXCHANGE

    thread = threading.Thread(target=swap)
    thread.start()
    worked = refused = 0
    try:
        for _ in range(4_000):
            try:
                with (held / "inner/file").create() as stream:
                    stream.write(b"ours")
                (held / "inner/file").replace(held / "inner/other")
                (held / "inner/other").unlink()
                (held / "inner/new/deep").make_folder()
                (held / "inner/new").remove_tree()
                worked += 1
            except LinkError:
                refused += 1
            except OSError:  # half of it was done in the one, half not in the other
                pass
            if worked > 20 and refused > 200:
                break
    finally:
        done.set()
        thread.join()
    assert (worked > 0, refused > 0) == (True, True)
    assert tree(elsewhere) == {"file": b"old elsewhere"}
    assert [path.name for path in elsewhere.iterdir()] == ["file"]


def test_a_file_begun_before_its_folder_became_a_link_ends_where_it_began(held: Folder, elsewhere: Path) -> None:
    pending = PendingFile(held / "inner/file")
    pending.write(b"ours")
    (held.path / "inner").rename(held.path / "aside")
    (held.path / "inner").symlink_to(elsewhere)
    pending.seal()
    pending.publish()
    pending.abandon()
    assert tree(elsewhere) == {"file": b"old elsewhere"}
    assert (held.path / "aside/file").read_bytes() == b"ours"


def test_a_link_in_the_place_of_a_temporary_file_is_not_written_through(held: Folder, elsewhere: Path) -> None:
    pending = PendingFile(held / "inner/file")
    name = pending.temporary.name
    pending.abandon()
    (held.path / "inner" / name).symlink_to(elsewhere / "file")
    with pytest.raises(LinkError):
        write_whole(held / "inner/file", b"ours")
    assert tree(elsewhere) == {"file": b"old elsewhere"}
    (held.path / "inner" / name).unlink()
    os.link(elsewhere / "file", held.path / "inner" / name)  # another name of the same file
    write_whole(held / "inner/file", b"ours")
    assert tree(elsewhere) == {"file": b"old elsewhere"}


def test_the_folder_itself_may_be_a_link_and_stays_the_same_when_that_is_changed(elsewhere: Path) -> None:
    link = elsewhere.parent / "link"
    link.symlink_to(elsewhere.parent / "held")
    held = Folder(link)
    link.unlink()
    link.symlink_to(elsewhere)
    write_whole(held / "inner/file", b"ours")
    assert tree(elsewhere) == {"file": b"old elsewhere"}
    assert (elsewhere.parent / "held/inner/file").read_bytes() == b"ours"


@pytest.mark.parametrize("path", ["", "..", "../held/inner", "/etc/passwd", "inner/../../elsewhere/file", "a\0b"])
def test_a_path_that_leads_out_is_no_path(path: str, held: Folder) -> None:
    with pytest.raises(IntegrityError, match="no path inside of the folder 'held'"):
        held / path


def test_pipes_and_devices_are_neither_waited_for_nor_replaced(held: Folder, way: bool) -> None:
    os.mkfifo(held.path / "pipe")
    with pytest.raises(IntegrityError, match="pipe in 'held' must be a regular file"):
        (held / "pipe").read_bytes()
    with pytest.raises(BuildError, match="pipe in 'held' must be a regular file"):
        write_whole(held / "pipe", b"")
    with pytest.raises(BuildError, match="null in 'dev' must be a regular file"):
        named_file("/dev/null").create()
    assert stat.S_ISFIFO((held.path / "pipe").stat().st_mode)


def test_folders_nested_without_end_are_refused(held: Folder) -> None:
    deep = Folder(held.path)
    for _ in range(200):
        os.mkdir("d", dir_fd=deep.descriptor)
        deep = deep.below("d", os.open("d", os.O_RDONLY, dir_fd=deep.descriptor))
    for use in (lambda: list((held / "d").walk()), (held / "d").remove_tree):
        with pytest.raises(IntegrityError, match="lies too deep"):
            use()


def test_errors_of_the_system_name_the_whole_path(held: Folder, way: bool) -> None:
    for use in ((held / "inner/none").read_bytes, (held / "none/none").unlink, (held / "spare/none").create):
        with pytest.raises(OSError, check=lambda error: str(held.path) in str(error.filename)):
            use()
