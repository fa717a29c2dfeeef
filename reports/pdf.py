"""A page as PDF: printed by Chromium where there is one, else its plots and sentences by matplotlib."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from contracts.errors import UnavailableError
from reports.brief import Brief
from reports.page import in_short
from reports.plots import drawn, plots, style
from reports.words import Language, word

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TIMEOUT_SECONDS = 120
WIDTH = {"en": 92, "zh": 46}  # letters of a line


def browser() -> str | None:
    """Path of a Chromium, that of PRICERADAR_CHROMIUM first; None where there is none."""
    named = os.environ.get("PRICERADAR_CHROMIUM")
    return named or next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_page(html: Path, pdf: Path, chromium: str) -> None:
    """Print a page to A4; UnavailableError where the browser does not do it."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium,
            "--headless=new",
            "--disable-gpu",
            "--disable-extensions",
            "--no-pdf-header-footer",
            "--host-resolver-rules=MAP * ~NOTFOUND",  # the page needs nothing from anywhere
            f"--user-data-dir={profile}",
            f"--print-to-pdf={pdf.absolute()}",
            html.absolute().as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses its sandbox to root
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(f"{chromium} did not print the page: {error}") from error
    if done.returncode or not pdf.is_file():
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no word why"]
        raise UnavailableError(f"{chromium} did not print the page: {last[0][:200]}")


def draw(brief: Brief, language: Language, pdf: Path) -> None:
    """The sentences and plots alone, without a browser."""
    with mpl.rc_context(style()), drawn(), PdfPages(pdf, metadata={"CreationDate": None}) as pages:
        pages.savefig(_front(brief, language))
        for figure in plots(brief, language).values():
            pages.savefig(figure)


def _front(brief: Brief, language: Language) -> Figure:
    figure = Figure(figsize=(8.27, 11.69))
    title = word("title_month" if brief.period.monthly else "title_week", language)
    figure.text(0.08, 0.93, f"{title} {brief.period.name}", fontsize=20, weight="bold")
    lines = [
        part
        for sentence in in_short(brief, language)
        for part in [*textwrap.wrap(f"• {sentence}", WIDTH[language], subsequent_indent="   "), ""]
    ]
    figure.text(0.08, 0.89, "\n".join(lines), fontsize=11, va="top", linespacing=1.6)
    return figure
