"""From the Markdown file to the Markdown of the page: every page goes through here."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
import jinja2.sandbox
from markupsafe import escape
from mkdocs.utils.meta import get_data

from reading_list import form
from reading_list.exports import to_bib, to_csv, to_json
from reading_list.frontmatter import InvalidError
from reading_list.records import ReadingList
from reading_list.records import load as load_records
from reading_list.syllabus import load_syllabus
from reading_list.vocabulary import KINDS
from syllabus import Concept, Syllabus
from website import adding, claims, concepts, resources
from website.catalogue import catalogue
from website.claims import Claim
from website.concept_map import concept_map
from website.concepts import Result, ResultError
from website.licences import notices
from website.trace import trace
from website.wording import unbroken

#: Pages that nobody searches for who wants something explained.
SELDOM_SOUGHT = ("add.md", "catalogue.md", "licences.md", "what-we-mended.md")


class RenderError(Exception):
    """A page asks for something that does not exist."""


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
    """Jinja that runs nothing of Python's but what a page is given.

    Its only common sign is {{ }}: `{#id}` belongs to Markdown.
    """
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


def escaped(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What Material writes into the head of a page as it stands, escaped."""
    return {
        name: escape(meta[name]) for name in ("title", "description") if meta.get(name)
    }


def _root(path: str) -> str:
    """The way up from the folder of a page to the site's own."""
    parts = PurePosixPath(path).with_suffix("").parts
    return "../" * (len(parts) - (parts[-1] == "index"))


def _part(name: str) -> str:
    """The place of what is made from the records; `content` puts it in."""
    return f'<div data-part="{name}"></div>'


def _line(error: BaseException) -> int:
    """The line of the template in which an error arose."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return lines[-1] or 1 if lines else 1


@dataclass(frozen=True)
class Renderer:
    """All that pages are made from, read once a build."""

    docs: Path
    repo_url: str
    syllabus: Syllabus
    reading_list: ReadingList
    results: Mapping[str, Result]
    jinja: jinja2.Environment

    @classmethod
    def load(cls, docs: Path, repo_url: str) -> Renderer:
        """Read the syllabus, the records and the results.

        Raises:
            RenderError: a record, the syllabus or a result has errors.
        """
        try:
            loaded = cls(
                docs=docs,
                repo_url=repo_url.rstrip("/"),
                syllabus=load_syllabus(docs / "concepts" / "concepts.yml"),
                reading_list=load_records(docs / "resources"),
                results=concepts.load_results(docs / "results"),
                jinja=environment(),
            )
        except InvalidError as invalid:
            raise RenderError(
                f"the records or concepts.yml have errors\n{invalid}"
            ) from None
        except ResultError as error:
            raise RenderError(str(error)) from None
        for concept in loaded.syllabus.written:
            loaded.has_rooms(concept)
        return loaded

    def has_rooms(self, concept: Concept) -> None:
        """See that a written concept has the page and the result that are shown.

        Raises:
            RenderError: one of them is missing.
        """
        written = f"concepts.yml says that {concept.name} is written, but"
        if not (self.docs / "concepts" / f"{concept.name}.md").is_file():
            mend = "write it, or set its status to planned"
            missing = f"docs/concepts/{concept.name}.md is missing"
        elif concept.code and concept.name not in self.results:
            mend = f"`make record NAME={concept.name}` writes it"
            missing = f"docs/results/{concept.name}.json is missing"
        else:
            return
        raise RenderError(f"{written} {missing}. To mend it: {mend}.")

    def navigation(self, nav: list[Any]) -> list[Any]:
        """The navigation with the written concepts, by chapter, after "Start here"."""
        titles: dict[str | None, str] = {
            chapter.name: f"{number} {chapter.title}"
            for number, chapter in enumerate(self.syllabus.chapters, 1)
        }
        titles[None] = "Beside the chapters"
        chapters = []
        for name, title in titles.items():
            pages = [
                {concept.title: f"concepts/{concept.name}.md"}
                for concept in self.syllabus.written
                if concept.chapter == name
            ]
            if pages:
                chapters.append({title: pages})
        return [*nav[:2], *chapters, *nav[2:]]

    def generated_files(self) -> dict[str, str]:
        """Files of the site that stand nowhere under docs/, by address."""
        return {
            "resources.json": to_json(self.reading_list),
            "resources.csv": to_csv(self.reading_list),
            "resources.bib": to_bib(self.reading_list),
        }

    def meta(self, path: str) -> dict[str, Any]:
        """What MkDocs should know of a page beyond its front matter.

        Raises:
            RenderError: the page is of no concept, or of no resource.
        """
        try:
            return self._meta(path)
        except LookupError as error:
            raise RenderError(f"{type(error).__name__}: {error}") from error

    def _meta(self, path: str) -> dict[str, Any]:
        if path.startswith("resources/"):
            name = PurePosixPath(path).stem
            resource = concepts.resource_named(self.reading_list, name)
            about = [self.syllabus.by_name[name] for name in resource.concepts]
            following = [f"concepts/{c.name}.md" for c in about if c.written]
            return resources.resource_meta(resource) | {
                "next": following[0] if following else None
            }
        if path.startswith("concepts/"):
            # Who searches for a word wants it explained, on the main line first.
            concept = concepts.concept_named(self.syllabus, PurePosixPath(path).stem)
            on_main_line = self.syllabus.on_main_line(concept)
            result = self.results.get(concept.name)
            return {
                "search": {"boost": 4 if on_main_line else 3},
                "tags": ["Concept"],
                "card": concept.name if result and result.has_figure else None,
                **concepts.way(concept, self.syllabus),
            }
        if path.startswith("notebooks/"):
            return {"tags": ["Worked example"]}
        # What only contributors read, and what repeats the reading list, comes last.
        boost = {"search": {"boost": 0.05 if path in SELDOM_SOUGHT else 0.4}}
        if path == "before-you-start.md":
            return boost | {"next": f"concepts/{self.syllabus.written[0].name}.md"}
        return boost

    def page(self, path: str, markdown: str, meta: Mapping[str, Any]) -> str:
        """The Markdown of one page, ready for MkDocs.

        Raises:
            RenderError: an expression on the page fails; the message says which.
        """
        try:
            if path.startswith("concepts/"):
                concept = concepts.concept_named(
                    self.syllabus, PurePosixPath(path).stem
                )
                return self.concept_page(concept, markdown, meta)
            if path.startswith("resources/"):
                # What contributors write is read by no template and no Markdown of
                # MkDocs: `content` makes the page.
                return ""
            return self.fill(markdown, self.context(path))
        except (ResultError, LookupError) as error:
            raise RenderError(f"{type(error).__name__}: {error}") from error

    def content(self, path: str, content: str) -> str:
        """The HTML of one page with its drawings, and what the records say, in it.

        Both come in after Markdown, which would read them as more than text.

        Raises:
            RenderError: a drawing or a resource does not exist.
        """
        if path.startswith("resources/"):
            return self.resource_page(PurePosixPath(path).stem)
        root = _root(path)
        parts: dict[str, Callable[[], str]] = {
            "catalogue": lambda: catalogue(self.reading_list, self.syllabus, root)
        }
        try:
            content = re.sub(
                r'<div data-part="([\w-]+)"></div>',
                lambda found: parts[found[1]](),
                content,
            )
            content = concepts.cited(content, self.reading_list, root)
            return concepts.inline_figures(content, self.docs)
        except (ResultError, LookupError) as error:
            raise RenderError(f"{type(error).__name__}: {error}") from error

    def resource_page(self, name: str) -> str:
        """The HTML of the page of one resource.

        Raises:
            RenderError: there is no such resource, or it names what is not there.
        """
        try:
            return resources.resource_page(
                concepts.resource_named(self.reading_list, name),
                self.reading_list,
                self.syllabus,
                self.claims.values(),
                self.repo_url,
                partial(concepts.drawn, self.docs),
                mended=name in self.mended,
            )
        except (ResultError, LookupError) as error:
            raise RenderError(f"{type(error).__name__}: {error}") from error

    def address(self, name: str) -> str:
        """Where a concept leads: to its page, or to what the catalogue has on it."""
        if self.syllabus.by_name[name].written:
            return f"concepts/{name}/"
        return f"catalogue/?concept={name}"

    def fill(self, text: str, context: Mapping[str, Any]) -> str:
        """The text with its expressions filled in.

        Raises:
            RenderError: an expression fails; the message says where and which.
        """
        try:
            return self.jinja.from_string(text).render(context)
        except (
            *(jinja2.TemplateError, ResultError, LookupError),
            # A filter was given what it cannot take, or a sum cannot be done.
            *(TypeError, ValueError, ArithmeticError),
        ) as error:
            number = _line(error)
            row = next(iter(text.splitlines()[number - 1 : number]), "").strip()
            inside = ", ".join(re.findall(r"\{\{.*?\}\}|<%.*?%>", row)) or row
            where = f"{type(error).__name__}: line {number} below the front matter"
            raise RenderError(f"{where}: {error} ({inside})") from error

    def context(self, path: str) -> dict[str, Any]:
        """What every page may name."""
        data = {name: result.data for name, result in self.results.items()}
        root = _root(path)

        def href(name: str) -> str:
            # Raw HTML is not rewritten: addresses count from the page's own folder.
            return root + self.address(name)

        return {
            "root": root,
            "syllabus": self.syllabus,
            "reading_list": self.reading_list,
            "counts": self.counts,
            "concept_map": lambda: concept_map(self.syllabus, href),
            "recorded": max(
                (result.recipe["date"] for result in self.results.values()), default=""
            ),
            "catalogue": lambda: _part("catalogue"),
            "does_it_hold": lambda: claims.does_it_hold(self.claims, self.reading_list),
            "add_url": lambda: adding.add_url(self.repo_url),
            "refused": adding.refused,
            "form": form,
            "on_list": self.reading_list.on_list,
            "kinds": KINDS,
            "notices": notices,
            "trace": lambda: trace(data, self.syllabus, href),
            "results": data,
            "benchmarks": self.benchmarks,
            "repo_url": self.repo_url,
            "clone": f"git clone {self.repo_url}\ncd {self.repo_url.split('/')[-1]}",
            "picture": concepts.picture,
            "source": lambda file: f"{self.repo_url}/blob/main/{file}",
        }

    @property
    def planned(self) -> tuple[Concept, ...]:
        return tuple(c for c in self.syllabus.concepts if not c.written)

    @cached_property
    def benchmarks(self) -> dict[str, Any]:
        """What the benchmarks recorded, by name: the recipe and the data."""
        found = concepts.load_results(self.docs / "results" / "benchmarks", texts=False)
        return {name: dict(result.record) for name, result in found.items()}

    @cached_property
    def claims(self) -> dict[str, Claim]:
        return claims.load_claims(self.docs / "results" / "claims")

    @cached_property
    def mended(self) -> frozenset[str]:
        """The resources that the page "What we mended" tells of, each under its id."""
        page = (self.docs / "what-we-mended.md").read_text(encoding="utf-8")
        return frozenset(re.findall(r"\{ #([\w-]+) \}", page))

    @cached_property
    def counts(self) -> dict[str, int]:
        """What the home page counts."""
        pages = self.docs / "concepts"
        return {
            "resources": len(self.reading_list.resources),
            "from_the_lists": len(self.reading_list.from_the_lists),
            "beyond_the_lists": len(self.reading_list.beyond_the_lists),
            "concepts": len(self.syllabus.concepts),
            "concepts_written": len(self.syllabus.written),
            "concepts_planned": len(self.planned),
            "minutes": sum(
                concepts.minutes(get_data(page.read_text(encoding="utf-8"))[0])
                for page in (pages / f"{c.name}.md" for c in self.syllabus.written)
            ),
        }

    def concept_page(
        self, concept: Concept, markdown: str, meta: Mapping[str, Any]
    ) -> str:
        """The prose of a concept between its heading and where to go on."""
        context = self.context(f"concepts/{concept.name}.md")
        context["term"] = partial(concepts.term, self.syllabus)
        context["code"] = partial(concepts.code, concept)
        if concept.name in self.results:
            result = self.results[concept.name]
            context["result"] = result.data
            context["figure"] = partial(concepts.figure, result)
            context["printed"] = lambda: concepts.printed(result)

            def change(number: int) -> str:
                count = len(meta.get("edits", ()))
                if not 1 <= number <= count:
                    raise LookupError(f"no edit {number}: `edits` has {count}")
                why = self.fill(meta["edits"][number - 1]["why"], context)
                return concepts.change(result, number, why)

            context["change"] = change
        return "\n\n".join(
            [
                concepts.heading(concept, self.syllabus, concepts.minutes(markdown)),
                self.fill(markdown, context),
                concepts.go_on(concept, self.reading_list, meta.get("go_on", {})),
                concepts.branches(concept, self.syllabus),
            ]
        )
