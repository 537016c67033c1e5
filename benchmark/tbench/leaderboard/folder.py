"""The folder that pages lie in: files are written whole, and an index leads to all pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tbench.errors import TbenchError
from tbench.files import abandoned
from tbench.leaderboard.html.entry import Entry
from tbench.leaderboard.html.index import index_page
from tbench.leaderboard.html.page import INDEX
from tbench.leaderboard.markdown import write


def publish_files(files: Mapping[str, str], folder: str, out: Path) -> Path:
    """One page's into its folder of out, and index.html of out anew; the folder. TbenchError where that cannot be."""
    place = out / folder
    _put(files, place)
    _put({INDEX: index_page(pages(out))}, out)
    return place


def pages(out: Path) -> dict[str, Entry]:
    """What lies in that folder, whoever wrote it, by its folder there."""
    found = {}
    for page in sorted([*out.glob(f"*/{INDEX}"), *out.glob(f"*/*/{INDEX}")]):
        try:
            entry = Entry.read(page.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise TbenchError(f"leaderboard {page} cannot be read: {error.strerror or error}") from error
        if entry:
            found[page.parent.relative_to(out).as_posix()] = entry
    return found


def _put(files: Mapping[str, str], folder: Path) -> None:
    """Each whole, and no drafts of others beside them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write(folder / name, content)
        for draft in abandoned(folder):
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise TbenchError(f"leaderboard {folder} cannot be written: {error.strerror or error}") from error
