"""``warifu demo``: honest and hostile devices, made on the spot, judged before your eyes."""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from warifu.attestation import verdict as verdicts
from warifu.attestation.claims import Realm
from warifu.cli import output
from warifu.cli.ending import UsageError
from warifu.cli.words import Language, language_of_environment
from warifu.demo.pace import Pace
from warifu.demo.scenes import SCENES, Scene
from warifu.demo.stage import Stage
from warifu.demo.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from warifu.demo.service_play import Play
    from warifu.demo.service_scenes import ServiceAct
    from warifu.demo.service_stage import ServiceStage


class Part(StrEnum):
    """What is shown."""

    ALL = "all"
    DEVICES = "devices"
    """Evidence of devices before the verifier."""
    SERVICE = "service"
    """The running service, before which devices come over HTTP."""
    BANK = "bank"
    """A bank to touch, in a browser."""


def demo(
    *,
    part: Part = Part.ALL,
    port: Annotated[int, Parameter(validator=Number(gte=1, lte=65535))] = 8460,
    json: Annotated[bool, Parameter(negative=())] = False,
    lang: Language | None = None,
) -> int:
    """Show the main job: devices judged, decisions that change, and a bank to touch.

    Everything is made now: keys, roots of a test world, evidence, attacks, and the service itself,
    which runs in a temporary folder until the demo ends. On a terminal it waits for a key between
    two scenes, and then serves a demo bank to your browser until you press Ctrl-C. Exit status 0
    when everything ended as it is meant to, 1 otherwise.

    Args:
        part: Devices before the verifier, devices before the service, the bank, or all.
        port: Of this machine, for the bank's pages.
        json: Print one JSON object per scene instead.
        lang: Language of the output; from the locale unless given.
    """
    pace = Pace(waits=False) if json else Pace.of_terminal()
    language = lang or language_of_environment()
    if part is Part.BANK:
        return _serve_bank(port, language)
    stage = None if json else Stage(language, waits=pace.waits)
    seen, surprises, serves = 0, 0, False
    with closing(_scenes(part, stage)) as scenes:
        for show in scenes:
            if seen and not pace.goes_on():
                break
            seen += 1
            surprises += not show()
        else:
            # Where nobody watches, the demo ends by itself.
            serves = part is Part.ALL and pace.waits
    if stage is not None:
        stage.close(seen, surprises)
    if serves:
        _serve_bank(port, language)
    return int(surprises > 0)


def _serve_bank(port: int, language: Language) -> int:
    try:
        from warifu.demo.bank.counter import open_counter  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise UsageError(f"the demo bank needs {error.name}: install warifu[demo]") from error
    return open_counter(port, language)


def play(scene: Scene, world: World) -> verdicts.Verdict:
    """Make a scene's evidence and judge it as a service would: without gaps unless it says so."""
    act = scene.make(world)
    request = verdicts.ask(
        scene.format,
        act.evidence,
        expected=act.expected,
        at=act.at,
        known_at=act.trust.known_at,
        gaps=scene.gaps,
        realm=Realm.TEST,
    )
    return verdicts.judge(request, expected=act.expected, trust=act.trust)


def _scenes(part: Part, stage: Stage | None) -> Generator[Callable[[], bool]]:
    """Each scene, to be shown; it tells whether it ended as meant."""
    world = World()
    if part is not Part.SERVICE:
        for number, scene in enumerate(SCENES, 1):
            yield partial(_show_scene, stage, number, scene, world)
    if part is not Part.DEVICES:
        yield from _service_acts(world, stage)


def _service_acts(world: World, stage: Stage | None) -> Iterator[Callable[[], bool]]:
    """Each act before the service, which is started first and ends after the last."""
    from warifu.demo.server import running  # noqa: PLC0415
    from warifu.demo.service_play import Play  # noqa: PLC0415 - the service costs start-up time
    from warifu.demo.service_scenes import ACTS  # noqa: PLC0415
    from warifu.demo.service_stage import ServiceStage  # noqa: PLC0415

    shown = ServiceStage(stage.console, stage.language, total=len(ACTS)) if stage else None
    if shown is not None:
        shown.open()
    with running(world) as server:
        if shown is not None:
            shown.started(server)
        acted = Play(world, server)
        for number, act in enumerate(ACTS, 1):
            yield partial(_show_act, shown, number, act, acted)


def _show_scene(stage: Stage | None, number: int, scene: Scene, world: World) -> bool:
    verdict = play(scene, world)
    code = verdict.reasons[0].code if verdict.reasons else None
    as_meant = (verdict.verdict, code) == (scene.outcome, scene.code)
    if stage is None:
        document = {"scene": scene.title.en, "as_meant": as_meant, "verdict": verdict}
        output.write_json(document)
    else:
        stage.show(number, scene, verdict, as_meant=as_meant)
    return as_meant


def _show_act(stage: ServiceStage | None, number: int, act: ServiceAct, acted: Play) -> bool:
    told = act.play(acted)
    as_meant = act.ended_well(told)
    if stage is None:
        output.write_json(
            {
                "act": act.title.en,
                "who": act.who,
                "asked": act.asked.en,
                "as_meant": as_meant,
                "outcome": told.outcome,
                "reasons": told.reasons,
                "notes": told.notes,
                "answer": told.answer,
            }
        )
    else:
        stage.show(number, act, told)
    return as_meant
