"""players.py: the page that stands for an embedded player."""

from __future__ import annotations

import pytest

from feeds.parser.players import page_of


@pytest.mark.parametrize(
    ("player", "page"),
    [
        (
            "https://www.youtube-nocookie.com/embed/AAAAAAAAAAA?rel=0&start=90",
            "https://www.youtube.com/watch?v=AAAAAAAAAAA&t=90s",
        ),
        ("http://www.youtube.com/v/AAAAAAAAAAA&fs=1", "https://www.youtube.com/watch?v=AAAAAAAAAAA"),
        ("https://www.youtube.com/embed/videoseries?list=PL1_a", "https://www.youtube.com/playlist?list=PL1_a"),
        ("https://player.vimeo.com/video/76979871?h=8272103f6e", "https://vimeo.com/76979871/8272103f6e"),
        ("https://www.dailymotion.com/embed/video/x7tgad0", "https://www.dailymotion.com/video/x7tgad0"),
        ("https://geo.dailymotion.com/player.html?video=x7tgad0", "https://www.dailymotion.com/video/x7tgad0"),
        ("https://open.spotify.com/embed/episode/4rOoJ6?utm_source=x", "https://open.spotify.com/episode/4rOoJ6"),
        ("https://w.soundcloud.com/player/?url=https%3A//soundcloud.com/a/b&color=0", "https://soundcloud.com/a/b"),
        ("https://platform.twitter.com/embed/Tweet.html?id=123", "https://x.com/i/status/123"),
        ("https://mastodon.example/@ann/115/embed", "https://mastodon.example/@ann/115"),
        (
            "https://www.facebook.com/plugins/video.php?href=https%3A%2F%2Fwww.facebook.com%2Fa%2Fvideos%2F1",
            "https://www.facebook.com/a/videos/1",
        ),
        ("https://www.instagram.com/p/Cabc/embed/captioned/", "https://www.instagram.com/p/Cabc/"),
        ("https://www.tiktok.com/embed/v2/7123456789", "https://www.tiktok.com/@/video/7123456789"),
        ("https://player.twitch.tv/?video=v12&parent=a", "https://www.twitch.tv/videos/12"),
        ("https://embed.podcasts.apple.com/us/podcast/a/id1", "https://podcasts.apple.com/us/podcast/a/id1"),
        ("https://embed.ted.com/talks/a", "https://www.ted.com/talks/a"),
        ("https://player.example/1?a=b", "https://player.example/1?a=b"),
        (
            "https://w.soundcloud.com/player/?url=javascript%3Aalert(1)",
            "https://w.soundcloud.com/player/?url=javascript%3Aalert(1)",
        ),
        ("https://www.youtube.com/embed/", "https://www.youtube.com/embed/"),
        ("https://youtube.com.evil.example/embed/AAAAAAAAAAA", "https://youtube.com.evil.example/embed/AAAAAAAAAAA"),
    ],
)
def test_a_player_leads_to_its_page(player: str, page: str) -> None:
    found = page_of(player)
    assert found
    assert found.url == page


@pytest.mark.parametrize(
    ("player", "picture"),
    [
        ("https://www.youtube.com/embed/AAAAAAAAAAA", "https://i.ytimg.com/vi/AAAAAAAAAAA/hqdefault.jpg"),
        ("https://www.dailymotion.com/embed/video/x7tgad0", "https://www.dailymotion.com/thumbnail/video/x7tgad0"),
        ("https://player.vimeo.com/video/1", None),
        ("https://player.example/1", None),
    ],
)
def test_a_film_has_the_picture_that_its_site_has_at_a_known_address(player: str, picture: str | None) -> None:
    found = page_of(player)
    assert found
    assert found.picture == picture


def test_a_player_without_a_host_has_no_page() -> None:
    assert page_of("https:///x") is None
    assert page_of("https://[x/") is None
