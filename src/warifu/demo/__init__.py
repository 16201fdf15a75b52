"""``warifu demo``: honest and hostile devices, made on the spot, judged before your eyes."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from warifu.attestation import verdict as verdicts
from warifu.attestation.claims import Realm
from warifu.cli import output
from warifu.cli.words import Language, language_of_environment
from warifu.demo.scenes import SCENES, Scene
from warifu.demo.stage import Stage
from warifu.demo.world import World


def demo(
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    lang: Language | None = None,
) -> int:
    """Show the main job: evidence of simulated devices, each verdict with its reasons.

    Everything is made now: keys, roots of a test world, evidence, attacks. Exit status 0 when every
    verdict is what the scene is meant to show, 1 otherwise.

    Args:
        json: Print one JSON object per scene instead.
        lang: Language of the output; from the locale unless given.
    """
    world = World()
    stage = None if json else Stage(lang or language_of_environment(), total=len(SCENES))
    surprises = 0
    for number, scene in enumerate(SCENES, 1):
        verdict = play(scene, world)
        code = verdict.reasons[0].code if verdict.reasons else None
        as_meant = (verdict.verdict, code) == (scene.outcome, scene.code)
        surprises += not as_meant
        if stage is None:
            document = {"scene": scene.title.en, "as_meant": as_meant, "verdict": verdict}
            output.write_json(document)
        else:
            stage.show(number, scene, verdict, as_meant=as_meant)
    if stage is not None:
        stage.close(surprises)
    return int(surprises > 0)


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
