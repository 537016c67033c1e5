"""What the site has from outside docs/, leaderboards, changelog and architecture, and links to all of that."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PAGES = ("ARCHITECTURE.md", "CHANGELOG.md")
BOARDS = "leaderboards"
ANCHOR = re.compile(r'<a href="(?![a-z]+:|#)([^"]+)">([^<]*)</a>')
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The site's files are called as in the repository, but for those in docs/, which are called without it.

    A leaderboard is its HTML page where there is one, with the Markdown as text beside it; else the Markdown in the
    site's own clothes.
    """
    for path in PAGES:
        files.append(_file(path, config))
    files.append(_file(f"{BOARDS}/README.md", config, dest_uri=f"{BOARDS}.html"))
    files.append(File.generated(config, f"{BOARDS}/index.html", content=_page(ROOT / BOARDS / "index.html")))
    for found in sorted((ROOT / BOARDS).glob("*/*")):
        path = found.relative_to(ROOT).as_posix()
        if found.suffix == ".html":
            files.append(File.generated(config, path, content=_page(found)))
        elif found.name == "README.md" and found.with_name("index.html").exists():
            files.append(File.generated(config, path.replace(".md", ".txt"), abs_src_path=str(found)))
        else:
            files.append(_file(path, config))
    return files


def _page(path: Path) -> str:
    """A page in HTML; what it calls Markdown is text here, and what the site does not have is only named."""

    def linked(link: re.Match[str]) -> str:
        address, text = link[1], link[2]
        if BOARDS not in Path(os.path.normpath(path.parent / address)).relative_to(ROOT).parts:
            return text
        return link[0].replace("README.md", "README.txt")

    return ANCHOR.sub(linked, path.read_text(encoding="utf-8"))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as they work on GitHub become links as they work here; what the site does not have is only named."""
    assert page.file.abs_src_path is not None
    path = Path(page.file.abs_src_path).relative_to(ROOT)
    if path.parts[0] == BOARDS:
        page.meta.setdefault("search", {})["exclude"] = path.name != "README.md" or len(path.parts) > 2
    here = PurePosixPath(page.file.src_uri).parent

    def linked(link: re.Match[str]) -> str:
        picture, text, target, anchor = link[1], link[2], link[3], link[4] or ""
        place = _place(Path(os.path.normpath(path.parent / target)))
        if files.get_file_from_path(place) is None:
            return text if (ROOT / path.parent / target).exists() else link[0]
        return f"{picture}[{text}]({os.path.relpath(place, here)}{anchor})"

    return LINK.sub(linked, markdown)


def _file(path: str, config: MkDocsConfig, dest_uri: str | None = None) -> File:
    return File(path, str(ROOT), config.site_dir, config.use_directory_urls, dest_uri=dest_uri)


def _place(path: Path) -> str:
    """What the site calls a file of the repository."""
    html = path.with_name("index.html")
    if path.name == "README.md" and len(path.parts) > 2 and (ROOT / html).exists():
        return html.as_posix()
    return path.as_posix().removeprefix("docs/")
