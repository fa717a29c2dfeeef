"""`priceradar brief`: what competitors did in a week, what we did, and what it brought."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def brief(
    week: Annotated[str, typer.Option(help="ISO week, 2026-W47; the last whole one by default.")] = "",
    month: Annotated[str, typer.Option(help="A month instead, 2026-11: the monthly report.")] = "",
    lang: Annotated[Literal["zh", "en"], typer.Option(help="Language.")] = "en",
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("briefs"),
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Write a PDF as well.")] = True,
    mail: Annotated[str, typer.Option(help="Send it to this channel of the settings, an smtp:// one.")] = "",
    recordings: Annotated[Path | None, typer.Option(help="Folder of recordings; that of the data by default.")] = None,
) -> None:
    """Write the weekly competitor brief as HTML and PDF with plots, and its moves as CSV; or mail it, too.

    Example: priceradar brief --week 2026-W47 --lang zh
    """
    import time

    from alerts.channels import mail_of
    from alerts.mail import Letter
    from cli.policies import in_force
    from contracts.errors import BadInputError
    from contracts.times import DAY_MS
    from ledger.store import Ledger
    from reports import pdf as printer
    from reports.brief import brief_of
    from reports.page import in_short, render, title_of
    from reports.page import mail as page_for_mail
    from reports.periods import month as month_named
    from reports.periods import week as week_named
    from reports.periods import week_of
    from reports.sources import gather
    from reports.table import moves_csv
    from runtime.settings import load_settings

    if week and month:
        raise BadInputError("a brief is about --week or about --month, was given both")
    settings = load_settings()
    channel = mail_of(settings, mail) if mail else None
    zone = in_force(settings).alerting.timezone
    last_week = week_of(time.time_ns() // 1_000_000 - 7 * DAY_MS, zone)
    period = month_named(month, zone) if month else week_named(week or last_week, zone)
    folder = recordings or settings.recordings
    ledger = Ledger.open(settings.ledger_url)
    try:
        made = brief_of(gather(period, ledger, folder))
    finally:
        ledger.close()
    out.mkdir(parents=True, exist_ok=True)
    page, table = out / f"brief-{period.name}-{lang}.html", out / f"moves-{period.name}.csv"
    page.write_text(render(made, lang, str(folder)), encoding="utf-8")
    table.write_text(moves_csv(made), encoding="utf-8-sig")
    print(f"{page}\n{table}")
    if pdf:
        target = page.with_suffix(".pdf")
        chromium = printer.browser()
        if chromium:
            printer.print_page(page, target, chromium)
        else:
            printer.draw(made, lang, target)
        print(target)
    if channel is not None:
        html, pictures = page_for_mail(made, lang, str(folder))
        files = {file.name: file.read_bytes() for file in (table, page.with_suffix(".pdf")) if file.exists()}
        channel.post(
            Letter(
                key=f"brief-{period.name}-{lang}",
                subject=title_of(made, lang),
                text="\n".join(in_short(made, lang)),
                html=html,
                pictures=pictures,
                files=files,
            )
        )
        print(f"sent to {mail}")
