"""The model and its verdicts for other programs: as JSON, and as input of ProVerif."""

from __future__ import annotations

from warifu.lab.threat.export.json_model import DOCUMENT, model_document, model_json
from warifu.lab.threat.export.proverif import file_name, proverif_input

__all__ = ["DOCUMENT", "file_name", "model_document", "model_json", "proverif_input"]
