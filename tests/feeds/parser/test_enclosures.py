"""enclosures.py: the picture and the files of an entry."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest

from entries import Attachment, Entry
from tests.feeds.documents import atom, json_feed, only, rss

ITUNES = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
AT = "https://example.org"
AUDIO = Attachment(f"{AT}/a.mp3", "audio/mpeg")
VIDEO = Attachment(f"{AT}/v.mp4", "video/mp4")
PICTURE = Attachment(f"{AT}/p.jpg", "image/jpeg")


def item(media: str) -> Entry:
    """An item of RSS with these elements."""
    return only(rss(f"<title>t</title>{media}"))


def episode(media: str) -> Entry:
    """An item of a podcast with these elements."""
    return only(rss(f"<title>t</title>{media}").replace(b"<rss ", f"<rss {ITUNES} ".encode()))


def json_item(**fields: Any) -> Entry:
    """An item of a JSON Feed."""
    return only(json_feed({"id": "1", "title": "t", **fields}))


@pytest.mark.parametrize(
    ("media", "image"),
    [
        ('<media:thumbnail url="/a.png"/>', "/a.png"),
        ("<media:thumbnail>/a.png</media:thumbnail>", "/a.png"),
        ('<media:content url="/v.mp4" type="video/mp4"/><media:content url="/a" medium="image"/>', "/a"),
        ('<media:content url="/a" type="image/png"/>', "/a"),
        ('<media:content url="/a.webp"/>', "/a.webp"),
        ('<media:content url="/a.svg" width="460"/>', "/a.svg"),
        ('<media:content url="/a" medium="image"/><media:thumbnail url="/t.png"/>', "/t.png"),
        ('<media:group><media:content url="/v.mp4"/><media:thumbnail url="/t.png"/></media:group>', "/t.png"),
        ('<media:content url="/v.mp4"><media:thumbnail url="/t.png"/></media:content>', "/t.png"),
        (f'<itunes:image {ITUNES} href="/i.png"/>', "/i.png"),
        (f'<itunes:image {ITUNES} href="/i.png"/><media:thumbnail url="/t.png"/>', "/t.png"),
        ('<enclosure url="/e" type="image/png" length="1"/>', "/e"),
        ('<enclosure url="/e.mp3" type="audio/mpeg" length="1"/><enclosure url="/e.png"/>', "/e.png"),
        (f'<enclosure url="/e.png"/><itunes:image {ITUNES} href="/i.png"/>', "/i.png"),
        ('<media:content url="/v.mp4" type="video/mp4"/>', None),
        ('<media:thumbnail url="javascript:alert(1)"/>', None),
        ("<media:thumbnail/><media:content/><enclosure/>", None),
        (f"<itunes:image {ITUNES}/>", None),
        ("<image><url>/x.png</url><title>x</title><link>/x</link></image>", "/x.png"),
        ("<image>/x.png</image>", "/x.png"),
        ('<image url="/x.png"/>', "/x.png"),
        ("<image><title>x</title><link>/x</link></image>", None),
        ('<enclosure url="/e.png"/><image><url>/x.png</url></image>', "/x.png"),
        ('<image><url>/x.png</url></image><media:thumbnail url="/t.png"/>', "/t.png"),
        ("", None),
    ],
)
def test_the_image_of_an_entry(media: str, image: str | None) -> None:
    assert item(media).image == (image and AT + image)


@pytest.mark.parametrize(
    ("widths", "chosen"),
    [
        (["140", "460", "300"], 1),
        (["460", "460"], 0),
        ([None, "140"], 1),
        ([None, None], 0),
        (["-9", "9" * 5_000, "wide", "100"], 3),
        (["30", None], 1),
    ],
    ids=lambda value: str(value)[:40],
)
def test_of_several_pictures_the_widest_is_shown(widths: list[str | None], chosen: int) -> None:
    sizes = [f'width="{width}"' if width else "" for width in widths]
    pictures = [f'<media:content url="/{n}.jpg" medium="image" {size}/>' for n, size in enumerate(sizes)]
    assert item("".join(pictures)).image == f"{AT}/{chosen}.jpg"


@pytest.mark.parametrize(("width", "image"), [(30, None), (63, None), (64, f"{AT}/a.png"), (0, f"{AT}/a.png")])
def test_an_icon_or_avatar_is_no_picture_of_the_entry(width: int, image: str | None) -> None:
    assert item(f'<media:thumbnail url="/a.png" width="{width}" height="{width}"/>').image == image


@pytest.mark.parametrize(
    ("media", "files"),
    [
        ('<enclosure url="/a.mp3" type="audio/mpeg" length="1"/>', [AUDIO]),
        ('<enclosure url="/a.mp3" length="x"/>', [AUDIO]),
        ('<enclosure url="/file"/>', [Attachment(f"{AT}/file", "")]),
        ('<enclosure url="/p.jpg" type="image/jpeg"/>', [PICTURE]),
        ('<enclosure url="javascript:alert(1)" type="audio/mpeg"/><enclosure type="audio/mpeg"/>', []),
        ('<enclosure url="file:///etc/passwd"/><enclosure url="data:,x"/><enclosure url="http://["/>', []),
        ('<media:content url="/v.mp4" type="video/mp4"/>', [VIDEO]),
        ('<media:content url="/v.mp4"/>', [VIDEO]),
        ('<media:content url="/x" medium="video"/>', [Attachment(f"{AT}/x", "video/mp4")]),
        ('<media:content url="/x" medium="audio"/>', [Attachment(f"{AT}/x", "audio/mpeg")]),
        ('<media:content url="/v.MP4?x=y#z" medium="audio"/>', [Attachment(f"{AT}/v.MP4?x=y#z", "video/mp4")]),
        ('<media:content url="/x.pdf"/>', [Attachment(f"{AT}/x.pdf", "application/pdf")]),
        ('<media:content url="/x"/><media:content url="/y" medium="document"/>', []),
        ('<media:content url="/p.jpg" medium="image"/><media:thumbnail url="/t.jpg"/>', []),
        ('<media:content url="/v" type="application/x-shockwave-flash"/>', []),
        ('<media:content url="/watch" type="text/html" medium="video"/>', []),
        ('<media:group><media:content url="/v.mp4"/><media:content url="/a.mp3"/></media:group>', [VIDEO, AUDIO]),
        ('<enclosure url="/a.mp3" type="audio/mpeg"/><media:content url="/a.mp3" type="audio/mp3"/>', [AUDIO]),
        (
            '<media:content url="/v.mp4"/><enclosure url="/a.mp3"/><enclosure url="/a.mp3" type="x/y"/>',
            [AUDIO, VIDEO],
        ),
        ('<enclosure url="/a.mp3"/><enclosure url="https://example.org/a.mp3"/>', [AUDIO]),
    ],
)
def test_files_of_an_entry_are_enclosures_and_media_that_are_no_pictures(media: str, files: list[Attachment]) -> None:
    assert item(media).attachments == tuple(files)


@pytest.mark.parametrize(
    ("length", "size"),
    [
        ("48123456", 48_123_456),
        (" 1000 ", 1_000),
        ("0", None),
        ("1", None),
        ("-48123456", None),
        ("48 MB", None),
        ("٤٨١٢٣٤٥٦", None),
        ("9" * 5_000, None),
        ("", None),
    ],
)
def test_a_file_has_the_size_that_is_said_if_it_can_be_one(length: str, size: int | None) -> None:
    files = [
        item(f'<enclosure url="/a.mp3" length="{length}"/>'),
        item(f'<media:content url="/a.mp3" fileSize="{length}"/>'),
        only(atom(f'<id>1</id><title>t</title><link rel="enclosure" href="/a.mp3" length="{length}"/>')),
        json_item(attachments=[{"url": "/a.mp3", "size_in_bytes": int(length) if length.isdigit() else length}])
        if len(length) < 1_000 and length.isascii()
        else item(f'<enclosure url="/a.mp3" length="{length}"/>'),
    ]
    assert [entry.attachments[0].size_in_bytes for entry in files] == [size] * 4


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("2467", 2_467),
        ("41:07", 2_467),
        ("1:05:09", 3_909),
        ("00:41:07", 2_467),
        ("2467.6", 2_467),
        ("0", None),
        ("41:99", None),
        ("1:2:3:4", None),
        ("-41:07", None),
        ("about an hour", None),
        ("9" * 5_000, None),
    ],
)
def test_a_file_has_the_length_that_is_said_if_it_can_be_one(said: str, seconds: int | None) -> None:
    podcast = episode(f'<enclosure url="/a.mp3"/><itunes:duration>{said}</itunes:duration>')
    media = item(f'<media:content url="/a.mp3" duration="{said}"/>')
    assert [entry.attachments[0].duration_in_seconds for entry in (podcast, media)] == [seconds] * 2


def test_the_length_of_a_json_item_s_file_is_a_number_of_seconds() -> None:
    files = [
        {"url": f"/{n}.mp3", "duration_in_seconds": said} for n, said in enumerate([2467, 2467.9, True, -1, "x"])
    ]
    found = json_item(attachments=files).attachments
    assert [file.duration_in_seconds for file in found] == [2_467, 2_467, None, None, None]


def test_the_length_of_an_episode_is_that_of_its_only_player() -> None:
    duration = "<itunes:duration>41:07</itunes:duration>"
    both = episode(f'<enclosure url="/a.mp3"/><enclosure url="/notes.pdf"/>{duration}')
    assert [file.duration_in_seconds for file in both.attachments] == [2_467, None]
    two = episode(f'<enclosure url="/a.mp3"/><enclosure url="/b.mp3"/>{duration}')
    assert [file.duration_in_seconds for file in two.attachments] == [None, None], "of which, nobody says"


def test_links_of_atom_to_enclosures_are_files() -> None:
    links = (
        '<link rel="enclosure" href="/a.mp3" type="audio/mpeg"/><link rel="alternate" href="/1"/>'
        '<link rel="related" href="/r"/><link rel="enclosure" href="/p.jpg"/>'
    )
    entry = only(atom(f"<id>1</id><title>t</title>{links}"))
    assert entry.attachments == (AUDIO, PICTURE)
    assert (entry.image, entry.url) == (PICTURE.url, f"{AT}/1")


def test_chapters_and_transcripts_of_a_podcast_are_no_files() -> None:
    chapters = 'xmlns:psc="http://podlove.org/simple-chapters"'
    podcast = 'xmlns:p="https://podcastindex.org/namespace/1.0"'
    more = (
        f'<psc:chapters {chapters}><psc:chapter start="0" href="/c"/><psc:chapter title="no start"/></psc:chapters>'
        f'<p:chapters {podcast} url="/c.json" type="application/json+chapters"/>'
        f'<p:transcript {podcast} url="/t.srt" type="application/srt"/>'
    )
    assert item(f'<enclosure url="/a.mp3"/>{more}').attachments == (AUDIO,)


def test_of_very_many_files_an_entry_keeps_fifty() -> None:
    assert len(item("".join(f'<enclosure url="/{n}.mp3"/>' for n in range(1_000))).attachments) == 50


def test_an_entry_of_only_a_file_is_one() -> None:
    assert only(rss('<enclosure url="/a.mp3"/>')).attachments == (AUDIO,)


# JSON


@pytest.mark.parametrize(
    ("fields", "image"),
    [
        ({"image": "/i.png", "banner_image": "/b.png"}, "/i.png"),
        ({"banner_image": "/b.png"}, "/b.png"),
        ({"attachments": [{"url": "/a.mp3"}, {"url": "/p", "mime_type": "image/png"}]}, "/p"),
        ({"image": "/i.png", "attachments": [{"url": "/p.png", "mime_type": "image/png"}]}, "/i.png"),
        ({"image": "javascript:x", "banner_image": "/b.png"}, None),
        ({"attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg"}]}, None),
    ],
)
def test_the_image_of_a_json_item(fields: dict[str, Any], image: str | None) -> None:
    assert json_item(**fields).image == (image and AT + image)


def test_the_files_of_a_json_item_are_there_once_and_have_a_type() -> None:
    files = [
        {"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 1},
        {"url": "/a.mp3", "mime_type": "audio/mp3"},
        {"url": "/v.mp4"},
        {"url": "/p.jpg", "mime_type": 7},
        {"url": "/unknown"},
        {"url": "ftp://example.org/x"},
        {"mime_type": "audio/mpeg"},
    ]
    assert json_item(attachments=files).attachments == (AUDIO, VIDEO, PICTURE, Attachment(f"{AT}/unknown", ""))


def test_an_enclosure_of_rss_in_json_is_a_file_and_may_be_the_image() -> None:
    channel = {"title": "News", "item": {"title": "t", "enclosure": {"url": "/p.jpg", "length": 1}}}
    entry = only(json_feed(rss={"channel": channel}, version="2.0"))
    assert (entry.attachments, entry.image) == ((PICTURE,), PICTURE.url)


ICONS = {
    "avatar": "https://secure.gravatar.com/avatar/aaaa?s=96&d=mm",
    "avatar of a forge": "https://avatars.example.org/u/1?v=4",
    "avatar in a folder": "https://example.org/uploads/avatars/7.png",
    "emoji": "https://example.org/images/core/emoji/72x72/1f600.png",
    "smiley": "https://example.org/wp-includes/images/smilies/icon_smile.gif",
    "icon of a site": "https://example.org/favicon-32x32.png",
    "icon file": "https://example.org/static/site.ico",
    "size in the address": "https://example.org/i/7.png?size=30",
}


@pytest.mark.parametrize("url", ICONS.values(), ids=ICONS)
def test_an_icon_does_not_stand_for_a_post(url: str) -> None:
    shown = escape(url)
    thumbnail = f"<title>A</title><media:thumbnail url='{shown}'/>"
    assert only(rss(thumbnail)).image is None
    assert only(rss(f"{thumbnail}<media:content url='https://e.example/a.jpg' medium='image'/>")).image == (
        "https://e.example/a.jpg"
    )
    assert only(json_feed({"id": "1", "title": "A", "image": url})).image is None
    many = "".join(f"<p>Text {n}</p>" for n in range(20))
    entry = only(rss(f"<description>{escape(many)}&lt;img src='{escape(shown)}'&gt;</description>"))
    assert entry.preview is not None
    assert entry.preview.image is None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/2026/11/harbour.jpg",
        "https://example.org/i.php?w=640&h=30",
        "https://example.org/avatar-film-review.jpg",
        "https://emoji.example.org/a.png?size=600",
    ],
)
def test_other_pictures_stand_for_their_posts(url: str) -> None:
    assert only(rss(f"<title>A</title><media:thumbnail url='{escape(url)}'/>")).image == url


@pytest.mark.parametrize("size", ["width='30' height='30'", "height='48'", "width='1' height='1'"])
def test_a_picture_that_states_a_small_size_does_not_lead(size: str) -> None:
    small = f"<title>A</title><media:thumbnail url='https://e.example/a.png' {size}/>"
    assert only(rss(small)).image is None
    assert only(rss(small.replace("thumbnail", "content").replace("url", "medium='image' url"))).image is None


LOGO = "https://example.org/logo.png"
OF_FEEDS = {
    "RSS": rss(
        f"<title>A</title><media:thumbnail url='{LOGO}'/>",
        channel=f"<title>N</title><image><url>{LOGO}</url></image>",
    ),
    "Atom logo": atom(
        f"<id>1</id><title>A</title><link rel='enclosure' type='image/png' href='{LOGO}'/>",
        feed=f"<logo>{LOGO}</logo>",
    ),
    "Atom icon": atom(
        f"<id>1</id><title>A</title><link rel='enclosure' type='image/png' href='{LOGO}'/>",
        feed=f"<icon>{LOGO}</icon>",
    ),
    "JSON": json_feed({"id": "1", "title": "A", "image": LOGO}, icon=LOGO),
}


@pytest.mark.parametrize("document", OF_FEEDS.values(), ids=OF_FEEDS)
def test_the_logo_of_a_feed_is_no_picture_of_its_posts(document: bytes) -> None:
    assert only(document).image is None


def test_the_logo_of_a_podcast_is_the_cover_of_its_episodes() -> None:
    item = {"id": "1", "image": LOGO, "attachments": [{"url": "https://e.example/1.mp3", "mime_type": "audio/mpeg"}]}
    assert only(json_feed(item, icon=LOGO)).image == LOGO


def test_a_picture_in_the_document_itself_is_none() -> None:
    thumbnail = "<title>A</title><media:thumbnail url='data:image/gif;base64,R0lGOD' width='900'/>"
    assert only(rss(thumbnail)).image is None
    assert only(rss(f"{thumbnail}<media:thumbnail url='{LOGO}' width='90'/>")).image == LOGO


# Titles


def titles(inside: str) -> list[str | None]:
    return [file.title for file in item(inside).attachments]


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("Minutes &amp; votes", "Minutes & votes"),
        ("  A\n title ", "A title"),
        ("", None),
        ("\u200b", None),
        ("a\u202eb", "ab"),
        ("x" * 1_000, "x" * 200),
    ],
)
def test_a_file_of_json_feed_has_a_title(title: str, read: str | None) -> None:
    (file,) = json_item(attachments=[{"url": "/a.pdf", "mime_type": "application/pdf", "title": title}]).attachments
    assert file.title == read


@pytest.mark.parametrize("title", [7, None, ["a"], {"a": "b"}])
def test_a_title_of_a_wrong_type_is_none(title: object) -> None:
    (file,) = json_item(attachments=[{"url": "/a.pdf", "title": title}]).attachments
    assert file.title is None


def test_a_file_of_media_rss_has_its_own_title() -> None:
    one, two = (
        f'<media:content url="/{n}.mp4" type="video/mp4"><media:title>Part {n}</media:title></media:content>'
        for n in (1, 2)
    )
    assert titles(one + two) == ["Part 1", "Part 2"]


def test_a_title_beside_the_files_of_media_rss_is_of_none() -> None:
    file = '<media:content url="/1.mp4" type="video/mp4"/>'
    assert titles(f"{file}<media:title>All</media:title>") == [None]
    assert titles(f"<media:group>{file}<media:title>All</media:title></media:group>") == [None]


def test_a_title_of_a_file_is_not_the_title_of_its_post() -> None:
    file = '<media:content url="/1.mp4" type="video/mp4"><media:title>Part</media:title></media:content>'
    assert item(file).title == "t"


def test_a_link_of_atom_to_a_file_has_its_title() -> None:
    link = '<link rel="enclosure" type="application/pdf" href="/a.pdf" title="Minutes"/>'
    (file,) = only(atom(f"<id>1</id><title>t</title>{link}")).attachments
    assert file.title == "Minutes"


def test_a_title_is_no_part_of_the_digest() -> None:
    files = ({"url": "/a.pdf", "mime_type": "application/pdf", "title": title} for title in ("a", "b"))
    assert len({json_item(attachments=[file]).digest for file in files}) == 1
