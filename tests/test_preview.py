"""preview.py: content that is long, its summary as text, and the minutes to read it."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import preview
from entries import Entry, Preview, Source, dump
from feeds.parser.document import NotAFeedError, Reading, parse
from feeds.parser.sanitize import sanitize_html
from preview import MAX_CHARS, completed, of, text_of
from tests.corpus import PARTS, find_corpus

WORD = "harbour "
LONG = f"<p>{WORD * 100}</p>"
OWN = "The ferries do not sail today, says the harbour master, because of the storm."
BEGINNING = "<p>The ferry is late.</p>\n<p>A gale delays it.</p> "
TO_THE_WHOLE = f'<a href="https://example.org/{"a" * 200}">Continue reading...</a>'


def made(content: str, summary: str | None = None, title: str | None = None) -> Preview:
    """The preview of content that is long."""
    found = of(content, summary, title)
    assert found is not None
    return found


def item(content: str, **fields: Any) -> str:
    """An item as an earlier version stored it."""
    source = Source("Example", None, "https://example.org/feed")
    one = Entry(keys=("a",), digest="d", source=source, content_html=content, **fields)
    return dump(one.item(id="a", position=0, seen=0, revision=1))


def test_a_formula_has_its_alternative_text() -> None:
    formula = '<math display="block" alttext="E=mc^2"><mi>E</mi><mo>=</mo><msup><mi>c</mi><mn>2</mn></msup></math>'
    assert text_of(f"<p>So {formula} holds.</p>") == "So E=mc^2 holds."


def test_a_formula_of_tex_has_no_command_of_its_size() -> None:
    formula = '<math alttext="{\\displaystyle a&lt;b}"><mi>a</mi><mo>&lt;</mo><mi>b</mi></math>'
    assert text_of(f"<p>If {formula}.</p>") == "If a<b."


@pytest.mark.parametrize("alttext", ["", ' alttext=""', ' alttext=" "', " alttext"])
def test_a_formula_without_alternative_text_has_its_own(alttext: str) -> None:
    assert text_of(f"<p>So <math{alttext}><mi>a</mi><mo>=</mo><mn>2</mn></math>.</p>") == "So a = 2 ."


@pytest.mark.parametrize(
    ("content", "is_long"),
    [
        ("", False),
        ("<p>" + "a" * 480 + "</p>", False),
        ("<p>" + "a" * 481 + "</p>", True),
        ("<p>" + "港" * 200 + "</p>", False),
        ("<p>" + "港" * 201 + "</p>", True),
        ("<p>" + "항" * 201 + "</p>", True),
        ("<p>" + "港" * 100 + "harbour " * 30 + "</p>", False),
        ("<p>" + "&amp;" * 480 + "</p>", False),
        ('<img src="https://example.org/1.png">', False),
        ('<img src="https://example.org/1.png">' * 2, True),
        ("<p>" + "a<br>" * 12 + "</p>", True),
        ("<ul>" + "<li>a</li>" * 12 + "</ul>", False),
        ("<ul>" + "<li>a</li>" * 13 + "</ul>", True),
        ("<pre>" + "a\n" * 13 + "</pre>", True),
        (f"{BEGINNING}{TO_THE_WHOLE}", True),
        (f"<div>{BEGINNING}<p>{TO_THE_WHOLE}</p></div>", True),
        (f"{BEGINNING}<p>{TO_THE_WHOLE.replace('Continue reading...', '阅读全文')}</p>", True),
        (f"{TO_THE_WHOLE}{BEGINNING}", False),
        (f"{BEGINNING}<p>Continue reading...</p>", False),
        (f"{BEGINNING}{TO_THE_WHOLE.replace('Continue', 'Discontinue')}", False),
        (TO_THE_WHOLE, False),
    ],
)
def test_content_is_long_by_its_text_pictures_and_lines(content: str, is_long: bool) -> None:
    assert (of(content) is not None) == is_long


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>One</p><p>two<br>three</p>", "One two three"),
        ("<b>H</b>arbour &amp; <i>quay</i>", "Harbour & quay"),
        (
            "<h2>News</h2><ul><li>Ferries</li><li>Bridges.</li><li>Trains</li></ul>",
            "News · Ferries · Bridges. Trains",
        ),
        ("<table><tr><th>Pier</th><td>7</td></tr><tr><td></td><td>8</td></tr></table>", "Pier · 7 · 8"),
        ("<pre><code>a = 1\n  b = 2</code></pre>", "a = 1 b = 2"),
        ("<figure><img src='x'><figcaption>By A</figcaption></figure><p>Text</p>", "Text"),
        ("<figure><figcaption>By A</figcaption></figure>", "By A"),
        ('<img alt="A &lt; B" src="https://example.org/">', "A < B"),
        ("<ruby>港<rp>(</rp><rt>みなと</rt><rp>)</rp></ruby>の船", "港の船"),
        ('<a href="https://example.org/?a>b">link</a>', "link"),
        ("1 &lt; 2 &amp;lt;", "1 < 2 &lt;"),
    ],
)
def test_text_of_html_is_one_readable_line(content: str, text: str) -> None:
    assert text_of(content) == text


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (OWN, OWN),
        (f"<p>{OWN}</p><script>track()</script>", OWN),
        (f"{OWN} [&#8230;]", f"{OWN[:-1]}…"),
        (f"{OWN} […]", f"{OWN[:-1]}…"),
        (f"{OWN} [...]", f"{OWN[:-1]}…"),
        (f"{OWN} Continue reading…", OWN),
        (f"{OWN} Read more »", OWN),
        (f"{OWN} The post Storm appeared first on Harbour News.", OWN),
        (f"Storm. {OWN}", OWN),
        ("今天渡轮停航,港务局称是因为风暴,预计明天恢复航班。", "今天渡轮停航,港务局称是因为风暴,预计明天恢复航班。"),
        (f"Read more about {OWN}", f"Read more about {OWN}"),
    ],
)
def test_the_publishers_own_summary_is_shown_as_text(summary: str, text: str) -> None:
    assert made(LONG, html.unescape(summary), "Storm").text == text


@pytest.mark.parametrize(
    "summary",
    [
        None,
        "",
        "Ad",
        "Listen now",
        "Storm",
        "harbour harbour harbour […]",
        "https://example.org/" + "a" * 90,
        WORD * 20,
    ],
    ids=str,
)
def test_the_texts_beginning_is_shown_where_the_summary_says_less(summary: str | None) -> None:
    assert made(LONG, summary, "Storm").text == f"{(WORD * 50).strip()}…"


def test_the_beginning_of_something_longer_is_shown_without_the_link_to_it() -> None:
    assert made(f"{BEGINNING}{TO_THE_WHOLE}") == Preview("The ferry is late. A gale delays it.", 0)


def test_a_text_does_not_repeat_the_title_above_it() -> None:
    assert made(f"<h1>Storm</h1>{LONG}", title="Storm").text.startswith("harbour")
    assert made(f"<p>Storms come.</p>{LONG}", title="Storm").text.startswith("Storms come.")


@pytest.mark.parametrize(
    ("words", "minutes"), [(224, 0), (225, 1), (226, 2), (2250, 10)], ids=["short", "a minute", "more", "ten"]
)
def test_minutes_are_rounded_up(words: int, minutes: int) -> None:
    assert made(f"<p>{'boat ' * words}</p>").minutes == minutes


def test_minutes_count_cjk_by_characters_and_rare_spaces_by_length() -> None:
    assert made("港" * 450).minutes == 1
    assert made("港" * 4500 + " boat" * 225).minutes == 11
    assert made("เรือ" * 2000).minutes == 4


def test_a_cut_is_between_words_or_characters() -> None:
    assert made("港" * 900).text == "港" * (MAX_CHARS - 1) + "…"
    family = "👩‍👩‍👧"
    assert made(family * 300).text == family * 79 + "…"
    assert made("e\u0301" * 600).text == "e\u0301" * 199 + "…"


def test_pictures_without_a_word_have_a_preview_without_text() -> None:
    assert made('<img src="https://example.org/1.png">' * 2) == Preview("", 0, "https://example.org/1.png")


@given(st.text(alphabet=st.sampled_from("ab港 .<>&\"'/=…[]\n\u200d\u0301\u202e") | st.characters(codec="utf-8")))
def test_any_html_gives_bounded_text_without_markup(text: str) -> None:
    content, _ = sanitize_html(f"<p>{text * 30}</p>{text * 30}", "https://example.org/")
    found = of(content, text * 10, text[:9])
    if found is None:
        assert len(text_of(content)) <= 480
        return
    assert len(found.text) <= MAX_CHARS
    assert "\n" not in found.text
    assert "  " not in found.text
    assert bool(found.text) or not text_of(content)
    assert found.minutes >= 0


def test_a_summary_of_brackets_takes_little_time() -> None:
    for part in ('<a "', "[…", "....", "the post ", " ", "continue reading "):
        made(LONG, part * 5_000)
        of(f"<p>{html.escape(part * 5_000)}</p>")


def test_stored_items_are_completed_once() -> None:
    plain = item(f"{LONG} \"preview\":{{ '_livelog':{{", title='"_livelog":{', summary=OWN)
    whole = json.loads(completed(plain))
    assert whole["_livelog"].pop("preview") == {"text": OWN, "minutes": 0}
    assert whole == json.loads(plain)
    assert completed(completed(plain)) == completed(plain)


def test_short_and_foreign_items_are_left_as_they_are() -> None:
    for text in (item("<p>Short.</p>"), item(""), "{}", '{"id":"a"}', item(f"<p>{'b' * 400}</p>")):
        assert completed(text) == text


def test_an_item_is_completed_as_it_would_have_been_made() -> None:
    content = LONG * 3
    assert completed(item(content, summary=OWN)) == item(content, summary=OWN, preview=of(content, OWN))


@PARTS
def test_real_feeds_have_readable_previews(one_in: int) -> None:
    entries = 0
    for path in sorted((find_corpus() / "open").iterdir())[::one_in]:
        reading = Reading(body=path.read_bytes(), url="https://example.org/f", base="https://example.org/f")
        try:
            found = parse(reading).entries
        except NotAFeedError:
            continue
        for entry in found[:40]:
            if entry.preview is None:
                continue
            entries += 1
            assert len(entry.preview.text) <= MAX_CHARS
            assert entry.preview.text or not text_of(entry.content_html)
            assert not preview._TAG.search(entry.preview.text) or "&lt;" in entry.content_html
    assert entries > 500 / one_in
