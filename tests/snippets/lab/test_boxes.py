"""Why `boxes` can be believed: nothing is lost, and nothing runs over the edge."""

from hypothesis import given
from hypothesis import strategies as st

from snippets.lab import boxes

TOKENS = st.lists(
    st.fixed_dictionaries(
        {"text": st.text("abc·", min_size=1, max_size=12), "id": st.integers(0, 99_999)}
    ),
    max_size=30,
)


@given(TOKENS)
def test_lines_keep_every_token_in_order_and_fit(tokens):
    lines = boxes.lines(tokens, 20)
    assert " ".join(lines[::2]).split() == [token["text"] for token in tokens]
    assert " ".join(lines[1::2]).split() == [str(token["id"]) for token in tokens]
    assert all(len(line) <= 20 for line in lines)


def test_ids_stand_below_their_tokens():
    tokens = [{"text": "a", "id": 100}, {"text": "glass", "id": 7}]
    assert boxes.lines(tokens, 20) == ["a   glass", "100 7"]


@given(TOKENS.filter(bool))
def test_the_drawing_holds_every_token_inside_its_width(tokens):
    figure = boxes.draw({"a title": tokens}, thick=lambda token: token["id"] > 255)
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.texts]
    expected = [str(token[key]) for token in tokens for key in ("text", "id")]
    assert texts == ["a title", *expected]
    frames = axes.patches
    assert max(frame.get_x() + frame.get_width() for frame in frames) <= 400
    thick = [frame.get_linewidth() > 1 for frame in frames]
    assert thick == [token["id"] > 255 for token in tokens]
