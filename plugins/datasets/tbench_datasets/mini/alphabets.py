"""Which characters of which fonts the suite shows: what glyphs.npz holds, and what is shown to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tbench_datasets.mini.dataset import Part

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = "abcdefghijklmnopqrstuvwxyz"

# The sources show the lower-case letters that do not look like their capitals, and Greek ones unlike Latin.
SOURCE_LATIN = UPPER + "abdefghnqrtyjm"
SOURCE_GREEK = "αβγδεζηθικλμξπρστφχψ"
DEJAVU = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSansMono-Oblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "DejaVuSerif-BoldItalic",
)
STIX = ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta")
SOURCE_FONTS = DEJAVU + STIX

# Armenian, a script that no source shows; test letters come in fonts that training does not show.
ARMENIAN = "աբգդեզէըթժ"
_LETTER_FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono-Bold")
LETTER_FONTS: Mapping[Part, tuple[str, ...]] = {
    "train": _LETTER_FONTS,
    "val": _LETTER_FONTS,
    "test": ("DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSansMono"),
}

# DejaVu draws these pictographs twice only: the bold and oblique faces repeat the outlines of Sans (or of Sans Mono).
SYMBOLS = "☀☂★☎☘☠☢☮☯☸☺♔"
SYMBOL_FONTS: Mapping[Part, tuple[str, ...]] = {
    "train": ("DejaVuSans",),
    "val": ("DejaVuSans",),
    "test": ("DejaVuSansMono",),
}

TYPEFACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSerif",
    "DejaVuSerif-BoldItalic",
    "DejaVuSansMono-Oblique",
    "STIXGeneral",
    "STIXGeneralBolIta",
    "STIXGeneralItalic",
)
_LATIN = UPPER + LOWER
TYPEFACE_LETTERS: Mapping[Part, str] = {
    "train": _LATIN[0::3],
    "val": _LATIN[0::3],
    "test": _LATIN[1::3] + _LATIN[2::3],
}

ORIENT_FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "STIXGeneral",
    "STIXGeneralBol",
)
_UPRIGHT = "FGJLPQRKEBCDTUVAYhegryjmt7452"  # characters that look like themselves in one orientation only
ORIENT_LETTERS: Mapping[Part, str] = {"train": _UPRIGHT[0::2], "val": _UPRIGHT[0::2], "test": _UPRIGHT[1::2]}


def needed_glyphs() -> list[tuple[str, str]]:
    """Every (font, character) that a source or a target shows, sorted: the contents of glyphs.npz."""
    return sorted(set(_shown()))


def _shown() -> Iterator[tuple[str, str]]:
    for fonts, characters in (
        (SOURCE_FONTS, SOURCE_LATIN + SOURCE_GREEK),
        *((fonts, ARMENIAN) for fonts in LETTER_FONTS.values()),
        *((fonts, SYMBOLS) for fonts in SYMBOL_FONTS.values()),
        *((TYPEFACES, letters) for letters in TYPEFACE_LETTERS.values()),
        *((ORIENT_FONTS, letters) for letters in ORIENT_LETTERS.values()),
    ):
        yield from ((font, character) for font in fonts for character in characters)
