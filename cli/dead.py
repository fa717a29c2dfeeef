"""`priceradar dead`: messages that could not be used: why, where from, and put back when the reason is mended."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import Config
from contracts.errors import BadInputError

dead = typer.Typer(help="Messages that could not be used: list them, look at one, put them back.", no_args_is_help=True)

OfTopic = Annotated[str, typer.Option("--topic", help="Only of this topic, such as price.observations.v1.")]


@dead.command("list")
def list_(
    topic: OfTopic = "",
    error: Annotated[str, typer.Option(help="Only with this error, such as bad_price.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Show the newest so many.")] = 20,
    config: Config = None,
) -> None:
    """How many there are by topic and error, and the newest of them.

    Example: priceradar dead list --topic price.observations.v1 --error bad_price
    """
    from collections import Counter

    from contracts.times import to_iso
    from runtime import dead_letters
    from runtime.run_files import kafka_settings

    bootstrap = kafka_settings(config).kafka
    topics = [dead_letters.topic_named(topic)] if topic else []
    found = [
        letter for letter in dead_letters.read(bootstrap, topics) if not error or letter.header("error.type") == error
    ]
    for (name, code), count in Counter((one.topic, one.header("error.type")) for one in found).most_common():
        print(f"{count:>8} {code:<20} {name}")
    for letter in sorted(found, key=lambda one: one.died_at)[-limit:]:
        print(f"{to_iso(letter.died_at)} {letter.id} {printable(letter.header('error.message'), 160)}")
    print(f"{len(found)} dead letters")


@dead.command()
def show(
    identity: Annotated[str, typer.Argument(metavar="ID", help="topic/partition/offset, as `list` prints it.")],
    config: Config = None,
) -> None:
    """One dead letter: its reason, where it came from, its bytes.

    Example: priceradar dead show price.observations.v1.dead/3/17
    """
    from contracts.times import to_iso
    from runtime import dead_letters
    from runtime.run_files import kafka_settings

    letter = dead_letters.find(kafka_settings(config).kafka, identity)
    print(f"id        {letter.id}")
    print(f"died at   {to_iso(letter.died_at)} in {letter.header('error.stage') or 'an unknown stage'}")
    print(f"error     {letter.header('error.type')}: {printable(letter.header('error.message'))}")
    print(f"source    {letter.source or 'was never a message'}")
    print(f"key       {printable((letter.key or b'').decode('utf-8', 'backslashreplace'))}")
    print(f"value     {printable((letter.value or b'').decode('utf-8', 'backslashreplace'))}")


@dead.command()
def replay(
    identities: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these.")] = None,
    topic: OfTopic = "",
    everything: Annotated[bool, typer.Option("--all", help="Those of every topic, not put back before.")] = False,
    config: Config = None,
) -> None:
    """Put dead letters back where they came from; ids are deterministic, so repeating does no harm.

    With --topic or --all each is put back once: a second replay goes on behind the first.

    Example: priceradar dead replay --topic price.observations.v1
    """
    from runtime import dead_letters
    from runtime.publish import Publisher
    from runtime.run_files import kafka_settings

    if sum((bool(identities), bool(topic), everything)) != 1:
        raise BadInputError("say what to put back: some IDs, or --topic NAME, or --all")
    bootstrap = kafka_settings(config).kafka
    if identities:
        letters = [dead_letters.find(bootstrap, identity) for identity in identities]
        with Publisher(bootstrap) as publisher:
            sent = sum(dead_letters.put_back(publisher, letter) for letter in letters)
        left = len(letters) - sent
    else:
        sent, left = dead_letters.replay(bootstrap, [dead_letters.topic_named(topic)] if topic else [])
    print(f"{sent} put back" + (f", {left} left: they never were messages, the crawl fetches again" if left else ""))


def printable(text: str, most: int = 4000) -> str:
    """Text of a stranger on one line of a terminal: control characters are escaped, long ones cut."""
    clean = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[: most + 1])
    return clean if len(clean) <= most else f"{clean[:most]}..."
