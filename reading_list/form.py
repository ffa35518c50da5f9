"""What the page "Add a resource" shows: the form, two examples, a table of fields.

All but the form stands in CONTRIBUTING.md, and is read from there.
"""

from __future__ import annotations

import re

from reading_list.prose import PLACEHOLDER
from reading_list.vocabulary import KINDS
from syllabus import ROOT

__all__ = ["ACCEPTED", "FIELD_TABLE", "FORM", "KINDS", "REFUSED"]

FORM = f"""\
---
title:
url:
kind:
concepts: []
---

{PLACEHOLDER}
"""

_CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: One entry that is accepted, and one that is refused for five reasons.
ACCEPTED, REFUSED = re.findall(r"(?ms)^```markdown\n(.*?)^```", _CONTRIBUTING)
#: What a record may say beside the fields of the form: a table in Markdown.
(FIELD_TABLE,) = re.findall(r"(?m)^\| field \|.*\n(?:\|.*\n)+", _CONTRIBUTING)
