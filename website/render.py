"""From the Markdown file to the HTML of the page: every page goes through here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any

from markupsafe import escape
from mkdocs.utils.meta import get_data

from reading_list import form
from reading_list.exports import to_bib, to_csv, to_json
from reading_list.frontmatter import InvalidError
from reading_list.records import ReadingList, Resource
from reading_list.records import load as load_records
from reading_list.syllabus import load_syllabus
from syllabus import Concept, Syllabus
from website import adding, claims, concepts, resources
from website.catalogue import catalogue
from website.claims import Claim
from website.concept_map import concept_map
from website.errors import RenderError, named
from website.expressions import fill
from website.figures import drawn, inline_figures, picture
from website.licences import notices
from website.results import Result, load_results
from website.trace import trace

#: Pages that nobody searches for who wants something explained.
SELDOM_SOUGHT = ("add.md", "catalogue.md", "licences.md", "what-we-mended.md")


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


@dataclass(frozen=True)
class Renderer:
    """All that pages are made from, read once a build."""

    docs: Path
    repo_url: str
    syllabus: Syllabus
    reading_list: ReadingList
    results: Mapping[str, Result]

    @classmethod
    def load(cls, docs: Path, repo_url: str) -> Renderer:
        """Read the syllabus, the records and the results.

        Raises:
            RenderError: a record, the syllabus or a result has errors, or a written
                concept has no page or no result.
        """
        try:
            syllabus = load_syllabus(docs / "concepts" / "concepts.yml")
            reading_list = load_records(docs / "resources", syllabus)
        except InvalidError as invalid:
            raise RenderError(
                f"the records or concepts.yml have errors\n{invalid}"
            ) from None
        results = load_results(docs)
        loaded = cls(docs, repo_url.rstrip("/"), syllabus, reading_list, results)
        for concept in syllabus.written:
            loaded._has_rooms(concept)
        return loaded

    def _has_rooms(self, concept: Concept) -> None:
        result = self.results.get(concept.name)
        if not (self.docs / "concepts" / f"{concept.name}.md").is_file():
            missing = f"concepts/{concept.name}.md"
            mend = "write it, or set its status to planned"
        elif concept.code and not (result and result.text):
            missing = f"results/{concept.name}.{'txt' if result else 'json'}"
            mend = f"`make record NAME={concept.name}` writes it"
        else:
            return
        raise RenderError(
            f"concepts.yml says that {concept.name} is written, but docs/{missing} is"
            f" missing. To mend it: {mend}."
        )

    # --- The site

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

    def address(self, name: str) -> str:
        """Where a concept leads: to its page, or to what the catalogue has on it."""
        if self.syllabus.by_name[name].written:
            return f"concepts/{name}/"
        return f"catalogue/?concept={name}"

    @property
    def planned(self) -> tuple[Concept, ...]:
        return tuple(c for c in self.syllabus.concepts if not c.written)

    # --- A page

    def _about(self, path: str) -> Concept | Resource | None:
        """The concept or the resource that a page is of; most others are of neither.

        Raises:
            RenderError: the page lies among them and is of none.
        """
        folder, name = PurePosixPath(path).parent.name, PurePosixPath(path).stem
        if folder == "concepts":
            return named("concept", name, self.syllabus.by_name)
        if folder == "resources":
            return named("resource", name, self.reading_list.by_id, "docs/resources/")
        return None

    def meta(self, path: str) -> dict[str, Any]:
        """What MkDocs should know of a page beyond its front matter.

        Raises:
            RenderError: the page is of no concept, or of no resource.
        """
        match self._about(path):
            case Resource() as resource:
                about = [self.syllabus.by_name[name] for name in resource.concepts]
                pages = [f"concepts/{c.name}.md" for c in about if c.written]
                return resources.resource_meta(resource) | {"next": (*pages, None)[0]}
            case Concept() as concept:
                # Who searches for a word wants it explained, on the main line first.
                on_main_line = self.syllabus.on_main_line(concept)
                result = self.results.get(concept.name)
                return {
                    "search": {"boost": 4 if on_main_line else 3},
                    "tags": ["Concept"],
                    "card": concept.name
                    if result and "svg" in result.figures
                    else None,
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
        if path.endswith(".ipynb"):
            return markdown  # JSON, whose braces are its own
        match self._about(path):
            case Resource():
                return ""  # `content` makes all of it
            case Concept() as concept:
                prose = self._prose(concept, markdown, meta)
                return concepts.concept_page(
                    concept,
                    prose,
                    concepts.minutes(prose),
                    meta.get("go_on", {}),
                    self.syllabus,
                    self.reading_list,
                )
        return fill(markdown, self.context)

    def content(self, path: str, content: str) -> str:
        """The HTML of one page with its drawings, and what the records say, in it.

        Both come in after Markdown, which would read them as more than text.

        Raises:
            RenderError: a drawing or a resource does not exist.
        """
        if isinstance(resource := self._about(path), Resource):
            return resources.resource_page(
                resource,
                self.reading_list,
                self.syllabus,
                self.claims.values(),
                self.repo_url,
                partial(drawn, self.docs),
                mended=resource.id in self.mended,
            )
        root = _root(path)
        parts = self._parts(root)
        content = re.sub(
            r'<div data-part="([\w-]+)"></div>',
            lambda found: named("part", found[1], parts)(),
            content,
        )
        content = concepts.cited(content, self.reading_list, root)
        return inline_figures(content, self.docs)

    def _parts(self, root: str) -> dict[str, Callable[[], str]]:
        """What is made from the records, by name; `root` is the way up to the site."""

        def href(name: str) -> str:
            # Raw HTML is not rewritten: addresses count from the page's own folder.
            return root + self.address(name)

        return {
            "catalogue": partial(catalogue, self.reading_list, self.syllabus, root),
            "concept_map": partial(concept_map, self.syllabus, href),
            "trace": partial(trace, self.results, self.syllabus, href),
        }

    # --- What a page may name

    @cached_property
    def context(self) -> dict[str, Any]:
        """What every page may name."""
        return {
            "results": {name: result.data for name, result in self.results.items()},
            "benchmarks": {
                name: result.record
                for name, result in load_results(self.docs, "benchmarks").items()
            },
            "picture": picture,
            "code": partial(concepts.code, (), self.docs, self.repo_url),
            "repo_url": self.repo_url,
            "clone": f"git clone {self.repo_url}\ncd {self.repo_url.split('/')[-1]}",
            "source": lambda file: f"{self.repo_url}/blob/main/{file}",
            # The home page and those of the reading list
            "syllabus": self.syllabus,
            "reading_list": self.reading_list,
            "counts": self.counts,
            "minutes": self.minutes,
            "on_list": self.reading_list.on_list,
            "recorded": max(
                (result.recipe["date"] for result in self.results.values()), default=""
            ),
            "concept_map": partial(_part, "concept_map"),
            "trace": partial(_part, "trace"),
            "catalogue": partial(_part, "catalogue"),
            "does_it_hold": lambda: claims.does_it_hold(self.claims, self.reading_list),
            "notices": notices,
            "form": form,
            "add_url": lambda: adding.add_url(self.repo_url),
            "refused": adding.refused,
        }

    def _prose(self, concept: Concept, markdown: str, meta: Mapping[str, Any]) -> str:
        """What a concept's page says, with its expressions filled in."""
        return fill(markdown, self._concept_context(concept, meta))

    def _concept_context(
        self, concept: Concept, meta: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the page of a concept may name besides: its code and its result."""
        context = {
            **self.context,
            "term": partial(concepts.term, self.syllabus),
            "code": partial(concepts.code, concept.sources, self.docs, self.repo_url),
        }
        if result := self.results.get(concept.name):

            def change(number: int) -> str:
                edits = meta.get("edits", ())
                if not 1 <= number <= len(edits):
                    raise RenderError(f"no edit {number}: `edits` has {len(edits)}")
                edit = edits[number - 1]
                why = fill(edit["why"], context)
                return concepts.change(result, number, why, edit.get("show", ()))

            context |= {
                "result": result.data,
                "figure": partial(concepts.figure, self.results, name=concept.name),
                "frame": partial(concepts.frame, result),
                "printed": partial(concepts.printed, result),
                "change": change,
            }
        return context

    @cached_property
    def claims(self) -> dict[str, Claim]:
        return claims.load_claims(self.docs)

    @cached_property
    def mended(self) -> frozenset[str]:
        """The resources that the page "What we mended" tells of, each under its id."""
        page = (self.docs / "what-we-mended.md").read_text(encoding="utf-8")
        return frozenset(re.findall(r"\{ #([\w-]+) \}", page))

    def minutes(self) -> int:
        """How long all concept pages take."""
        pages = {
            concept: self.docs / "concepts" / f"{concept.name}.md"
            for concept in self.syllabus.written
        }
        return sum(
            concepts.minutes(self._prose(c, *get_data(page.read_text("utf-8"))))
            for c, page in pages.items()
        )

    @cached_property
    def counts(self) -> dict[str, int]:
        """What the home page counts."""
        return {
            "resources": len(self.reading_list.resources),
            "beyond_the_lists": len(self.reading_list.beyond_the_lists),
            "concepts": len(self.syllabus.concepts),
            "concepts_written": len(self.syllabus.written),
            "concepts_planned": len(self.planned),
        }
