"""The expressions of a page: Jinja that runs nothing of Python's but what is given."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
import jinja2.sandbox

from website.errors import RenderError
from website.wording import unbroken


def fixed(number: float, digits: int = 2) -> str:
    """A number with so many decimals."""
    return _minus(f"{number:.{digits}f}")


def _minus(number: str) -> str:
    """The number with a real minus sign, and none before a zero."""
    return number.replace("-", "−") if number.strip("-0., %") else number.lstrip("-")


def scientific(number: float) -> str:
    """2.4e-07 as 2.4 × 10⁻⁷, which no line break takes apart."""
    if number == 0:
        return "0"
    mantissa, exponent = f"{number:.1e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{_minus(mantissa)}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10{raised}"


def thousands(number: float) -> str:
    """30522 as 30,522."""
    return _minus(f"{number:,.0f}")


def percent(share: float, digits: int = 0) -> str:
    """0.73 as 73 %, which no line break takes apart."""
    return unbroken(_minus(f"{100 * share:.{digits}f} %"))


FILTERS: dict[str, Callable[..., str]] = {
    "fixed": fixed,
    "scientific": scientific,
    "thousands": thousands,
    "percent": percent,
    "unbroken": unbroken,
}


class _Undefined(jinja2.StrictUndefined):
    """What does not exist is named by filters as well."""

    __slots__ = ()
    __format__ = jinja2.Undefined._fail_with_undefined_error


class _Sandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Jinja that calls what a page is given by name, and no method but of plain data.

    The methods of a record are pydantic's as well, and one of those unpickles.
    """

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if callable(value) and not isinstance(obj, (str, dict, list, tuple)):
            return False
        return super().is_safe_attribute(obj, attr, value)


def environment() -> jinja2.Environment:
    """What reads pages. Its only common sign is {{ }}: `{#id}` belongs to Markdown."""
    env = _Sandbox(
        undefined=_Undefined,
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<%#",
        comment_end_string="#%>",
        autoescape=False,
        keep_trailing_newline=True,
    )
    env.filters.update(FILTERS)
    return env


_JINJA = environment()


def fill(text: str, context: Mapping[str, Any]) -> str:
    """The text with its expressions filled in.

    Raises:
        RenderError: an expression fails; the message says where and which.
    """
    try:
        return _JINJA.from_string(text).render(context)
    except (
        *(jinja2.TemplateError, LookupError),
        # A filter was given what it cannot take, or a sum cannot be done.
        *(TypeError, ValueError, ArithmeticError),
    ) as error:
        number = _line(error)
        row = next(iter(text.splitlines()[number - 1 : number]), "").strip()
        inside = ", ".join(re.findall(r"\{\{.*?\}\}|<%.*?%>", row)) or row
        where = f"{type(error).__name__}: line {number} below the front matter"
        raise RenderError(f"{where}: {error} ({inside})") from error


def _line(error: BaseException) -> int:
    """The line of the text in which an error arose."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return lines[-1] or 1 if lines else 1
