"""The publisher contract on Confluence and Notion, against stand-ins made to their documentation, over HTTP."""

from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from bot.providers.publishers.dialects import to_notion, to_storage
from bot.providers.publishers.notion import CELLS, PART
from bot.providers.publishers.rewriting import BY_PEOPLE, cut_tables, without_fences
from bot.providers.publishing import PublisherShelf
from playbooks.plugin import ConfigError, Kind, Page, ProviderError
from tests.contracts.publisher_suite import FIRST, SECOND, PublisherBench, PublisherContract
from tests.contracts.spoiler import Spoiler
from tests.contracts.stand_in import standing_in
from tests.contracts.wikis import BASIC, EMAIL, NOTION_TOKEN, PARENT, TOKEN, Confluence, Notion

SPACE = {"space": "SRE"}


@pytest.fixture
def confluence() -> Confluence:
    return Confluence()


@pytest.fixture
def notion() -> Notion:
    return Notion()


class TestConfluence(PublisherContract):
    @pytest.fixture
    def bench(self, confluence: Confluence, patience: float) -> Iterator[PublisherBench]:
        with standing_in(confluence) as server:
            spoiler = Spoiler(server.url, lambda method, _path: method != "GET")
            settings = {"url": spoiler.url, "email": EMAIL, "token": TOKEN, "timeout": patience}
            shelf = PublisherShelf({"confluence": settings})
            at = confluence
            bench = PublisherBench(
                shelf.get("confluence"), SPACE, at.texts, at.write, at.remove, spoiler.trouble, (TOKEN, BASIC)
            )
            bench.shown, bench.named = lambda text: to_storage(without_fences(text)), ("space SRE",)
            yield bench
            shelf.close()
            spoiler.close()

    def test_the_link_leads_to_the_page(self, bench: PublisherBench) -> None:
        assert bench.publish(FIRST).link == "https://acme.atlassian.net/wiki/spaces/SRE/pages/1000"

    def test_an_edit_over_there_is_seen_by_its_version(self, bench: PublisherBench, confluence: Confluence) -> None:
        bench.publish(FIRST)
        confluence.pages["1000"]["version"] += 1  # somebody edited it, and took the edit back
        there = bench.find(FIRST)
        assert there is not None
        assert there.digest == ""
        bench.publish(FIRST)

    def test_a_page_that_somebody_makes_meanwhile_is_kept(self, bench: PublisherBench, confluence: Confluence) -> None:
        theirs = {"title": "INC-42 postmortem", "body": "<p>Theirs</p>", "version": 1}
        confluence.meanwhile = lambda: confluence.pages.update({"7": theirs})
        with pytest.raises(ProviderError, match="same time") as told:
            bench.publisher.put(SPACE, FIRST, None)
        assert told.value.kind is Kind.TRANSIENT
        assert confluence.texts() == {"inc-42": "<p>Theirs</p>"}

    def test_a_page_without_its_property_is_written_anew(self, bench: PublisherBench, confluence: Confluence) -> None:
        """As after a crash between the two."""
        bench.publish(FIRST)
        confluence.properties.clear()
        there = bench.find(FIRST)
        assert there is not None
        assert there.digest == ""
        bench.publish(FIRST)
        assert list(confluence.pages) == ["1000"]

    def test_a_missing_space_is_told(self, bench: PublisherBench) -> None:
        with pytest.raises(ConfigError, match="no space HR"):
            bench.publisher.describe({"space": "HR"})


class TestNotion(PublisherContract):
    @pytest.fixture
    def bench(self, notion: Notion, patience: float) -> Iterator[PublisherBench]:
        with standing_in(notion) as server:
            spoiler = Spoiler(server.url, lambda method, _path: method != "GET")
            shelf = PublisherShelf({"notion": {"url": spoiler.url, "token": NOTION_TOKEN, "timeout": patience}})
            bench = PublisherBench(
                shelf.get("notion"), {"parent": PARENT}, notion.texts, notion.write, notion.remove, spoiler.trouble
            )
            bench.secrets, bench.named = (NOTION_TOKEN,), ("notion.so",)
            bench.shown = lambda text: to_notion(cut_tables(without_fences(text), CELLS))
            yield bench
            shelf.close()
            spoiler.close()

    def test_a_long_document_is_sent_in_parts_and_is_whole_at_the_end(
        self, bench: PublisherBench, notion: Notion
    ) -> None:
        rows = "\n".join(f"| {n} | what happened then | {'x' * 300} |" for n in range(2_000))
        page = Page("inc-42", "INC-42", f"# INC-42\n\n| N | What | More |\n|---|---|---|\n{rows}\n")
        bench.publish(page)
        assert len(notion.parts) > 3
        assert max(notion.parts) < 2 * PART
        text = notion.texts()["inc-42"]
        assert all(f"<td>{n}</td>" in text for n in range(2_000))
        assert text.count("<table") == text.count("</table>")

    def test_one_that_was_cut_off_is_not_taken_for_whole(self, bench: PublisherBench, notion: Notion) -> None:
        bench.publish(FIRST)
        notion.write("inc-42", notion.texts()["inc-42"][:40])
        there = bench.find(SECOND)
        assert there is not None
        assert there.digest == ""


# ---------------------------------------------------------------- what Markdown becomes

TEXT = """# Title

> **Why.** What made *this* sensible?

Line one
line two \\| `a | b` <b>no</b> &lt;i&gt; [link](https://x.example/?a=1&b=2)

- one
- two
  - deeper

3. three
4. four

| A | B |
|---|---|
| 1 \\| 2 | **x** [E12] |

---

```sh
rm -rf {x}
```
"""


def test_storage_format_is_well_formed_and_holds_no_html_of_ours() -> None:
    made = to_storage(TEXT)
    page = ElementTree.fromstring(f"<page>{made}</page>")
    assert [cell.text for cell in page.iter("th")] == ["A", "B"]
    assert "1 | 2" in {cell.text for cell in page.iter("td")}
    assert "<b>no</b>" not in made
    assert "&lt;b&gt;no&lt;/b&gt; &lt;i&gt;" in made


def test_notions_own_markdown() -> None:
    assert to_notion(TEXT).splitlines() == [
        "# Title",
        "> **Why.** What made *this* sensible?",
        "Line one<br>line two \\| `a | b` \\<b\\>no\\</b\\> \\<i\\> [link](https://x.example/?a=1&b=2)",
        "- one",
        "- two",
        "\t- deeper",
        "3. three",
        "4. four",
        '<table header-row="true">',
        "<tr>",
        "<td>A</td>",
        "<td>B</td>",
        "</tr>",
        "<tr>",
        "<td>1 \\| 2</td>",
        "<td>**x** \\[E12\\]</td>",
        "</tr>",
        "</table>",
        "---",
        "```sh",
        "rm -rf {x}",
        "```",
    ]


def test_people_and_machine_stay_apart_in_both() -> None:
    plain = without_fences(FIRST.text)
    assert to_storage(plain).index("Written by people") < to_storage(plain).index("Émile")
    assert BY_PEOPLE in to_notion(plain)
