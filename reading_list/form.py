"""The form that a new record starts from: five things to fill in."""

PLACEHOLDER = "Why it beats what is there, in a sentence or two."

FORM = f"""\
---
title:
url:
kind:
concepts: []
---

{PLACEHOLDER}
"""

#: One entry that is accepted, as the page for contributors shows it.
ACCEPTED = """\
---
title: "Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets"
url: https://arxiv.org/abs/2201.02177
kind: paper
concepts: [training]
authors:
  - Alethea Power
  - Yuri Burda
  - Harri Edwards
  - Igor Babuschkin
  - Vedant Misra
year: 2022
---

A small network learns its examples by heart, and long afterwards the
rule behind them: why to watch more than the training loss.
"""

#: And one that is refused, for five reasons.
REFUSED = """\
---
title: Attention Is All You Need
url: https://arxiv.org/pdf/1706.03762v5.pdf
kind: papr
concepts: [atention]
---

Great paper!
"""
