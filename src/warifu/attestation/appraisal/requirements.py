"""All that an appraisal can require, by id."""

from __future__ import annotations

from warifu.attestation.appraisal.requirement import Requirement
from warifu.attestation.appraisal.tables import app, device, evidence, key

REQUIREMENTS: dict[str, Requirement] = {
    requirement.id: requirement
    for table in (device, app, key, evidence)
    for requirement in table.REQUIREMENTS
}
