"""Every command the documentation shows is a real one: it parses, its make target and its script exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import typer

from cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
IMAGE_OR_LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def shell_lines() -> Iterator[tuple[str, str]]:
    """Page and line of every shell block, continuation lines joined, comments left out."""
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            for line in block.replace("\\\n", " ").splitlines():
                if command := line.split("  #")[0].strip():
                    yield page.name, command


def mentions() -> Iterator[tuple[str, str]]:
    """Page and text of every `priceradar ...` and `make ...` in a sentence."""
    for page in PAGES:
        for text in re.findall(r"`((?:priceradar|make) [^`]+)`", page.read_text(encoding="utf-8")):
            yield page.name, text


@pytest.mark.parametrize(("page", "line"), list(shell_lines()))
def test_a_command_in_the_documentation_is_real(page: str, line: str, parses: Callable[[Sequence[str]], None]) -> None:
    program, *arguments = [word for word in shlex.split(line) if not re.fullmatch(r"[A-Z_]+=.*", word)]
    if Path(program).name == "priceradar":
        parses(arguments)
    elif program == "make":
        assert set(arguments) <= _targets()
    elif "/" in program:
        assert (ROOT / program).exists()
    else:
        assert program in {"git", "cd", "cp", "docker", "python"}


@pytest.mark.parametrize(("page", "text"), list(mentions()))
def test_a_command_in_a_sentence_exists(page: str, text: str) -> None:
    program, first = text.split()[:2]

    assert first in (_targets() if program == "make" else _commands())


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_page_shows_or_links_to_in_here_exists(page: Path) -> None:
    if "docs/img/console.png" in page.read_text(encoding="utf-8") and not (ROOT / "docs/img/console.png").exists():
        pytest.xfail("the picture of the console is made by the console's tests")
    targets = [target for target in IMAGE_OR_LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]

    assert [target for target in targets if not (page.parent / target).exists()] == []


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def _commands() -> set[str]:
    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
