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
title: Understanding LSTM Networks
url: https://colah.github.io/posts/2015-08-Understanding-LSTMs/
kind: blog
concepts: [recurrent-networks]
---

The well-known diagrams of the LSTM cell, gate by gate.
"""

#: And one that is refused, for four reasons.
REFUSED = """\
---
title: Attention Is All You Need
url: https://arxiv.org/pdf/1706.03762v5.pdf
kind: papr
concepts: [atention]
---

Great paper!
"""
