"""`priceradar brief`: what competitors did in a week, what we did, and what it brought."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import Config
from contracts.errors import BadInputError

if TYPE_CHECKING:
    from alerts.mail import Letter
    from reports.brief import Brief
    from reports.periods import Period
    from reports.words import Language


def brief(
    week: Annotated[str, typer.Option(help="ISO week, 2026-W47; the last whole one by default.")] = "",
    month: Annotated[str, typer.Option(help="A month instead, 2026-11: the monthly report.")] = "",
    lang: Annotated[Literal["zh", "en"], typer.Option(help="Language.")] = "en",
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("briefs"),
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Write a PDF as well.")] = True,
    mail: Annotated[str, typer.Option(help="Send it to this channel of the settings, an smtp:// one.")] = "",
    recordings: Annotated[Path | None, typer.Option(help="Folder of recordings; that of the data by default.")] = None,
    config: Config = None,
) -> None:
    """Write the weekly competitor brief as HTML and PDF with plots, and its moves as CSV; or mail it, too.

    Example: priceradar brief --week 2026-W47 --lang zh
    """
    from alerts.channels import mail_of
    from cli.policies import in_force
    from ledger.store import Ledger
    from reports.brief import brief_of
    from reports.sources import gather
    from runtime.settings import load_settings

    if week and month:
        raise BadInputError("a brief is about --week or about --month, was given both")
    if recordings is not None and not recordings.is_dir():
        raise BadInputError(f"--recordings {recordings} is not a folder; name one that the recorder or an import wrote")
    settings = load_settings(config)
    channel = mail_of(settings, mail) if mail else None
    period = _period(week, month, in_force(settings).alerting.timezone)
    folder = recordings or settings.recordings
    ledger = Ledger.open(settings.ledger_url)
    try:
        made = brief_of(gather(period, ledger, folder))
    finally:
        ledger.close()
    files = _write(made, lang, folder, out, pdf)
    if channel is not None:
        channel.post(_letter(made, lang, folder, files))
        print(f"sent to {mail}")


def _period(week: str, month: str, zone: str) -> Period:
    import time

    from contracts.times import DAY_MS
    from reports.periods import month as month_named
    from reports.periods import week as week_named
    from reports.periods import week_of

    if month:
        return month_named(month, zone)
    return week_named(week or week_of(time.time_ns() // 1_000_000 - 7 * DAY_MS, zone), zone)


def _write(made: Brief, lang: Language, recordings: Path, out: Path, pdf: bool) -> list[Path]:
    """The page, its moves as a table and, where wanted, the page as PDF; those that go with a letter."""
    from reports import pdf as printer
    from reports.page import render
    from reports.table import moves_csv

    out.mkdir(parents=True, exist_ok=True)
    page, table = out / f"brief-{made.period.name}-{lang}.html", out / f"moves-{made.period.name}.csv"
    page.write_text(render(made, lang, str(recordings)), encoding="utf-8")
    table.write_text(moves_csv(made), encoding="utf-8-sig")
    print(f"{page}\n{table}")
    if not pdf:
        return [table]
    target = page.with_suffix(".pdf")
    chromium = printer.browser()
    if chromium:
        printer.print_page(page, target, chromium)
    else:
        printer.draw(made, lang, target)
    print(target)
    return [table, target]


def _letter(made: Brief, lang: Language, recordings: Path, files: list[Path]) -> Letter:
    from alerts.mail import Letter
    from reports.page import in_short, title_of
    from reports.page import mail as page_for_mail

    html, pictures = page_for_mail(made, lang, str(recordings))
    return Letter(
        key=f"brief-{made.period.name}-{lang}",
        subject=title_of(made, lang),
        text="\n".join(in_short(made, lang)),
        html=html,
        pictures=pictures,
        files={file.name: file.read_bytes() for file in files},
    )
