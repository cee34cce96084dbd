"""Host names become ASCII as browsers do it."""

from __future__ import annotations

import pytest

from hostnames import ascii_host
from outbound.host_limits import host_key
from outbound.wire import origin, wire_url


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [
        ("straße.example", "xn--strae-oqa.example"),
        ("faß.de", "xn--fa-hia.de"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("نامه\u200cای.com", "xn--mgba3gch31f060k.com"),
        ("BÜCHER.Example.", "xn--bcher-kva.example."),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("bü\u00adcher.example", "xn--bcher-kva.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("ＡＢＣ.de", "abc.de"),
        ("i❤.ws", "xn--i-7iq.ws"),
        ("stra%c3%9fe.example", "xn--strae-oqa.example"),
        ("%65xample.org", "example.org"),
        ("plain.example", "plain.example"),
        ("fe80::1%25eth0", "fe80::1%25eth0"),
    ],
)
def test_a_name_is_put_into_ascii_as_browsers_do(name: str, ascii_name: str) -> None:
    assert ascii_host(name) == ascii_name


def test_requests_pauses_and_origins_are_of_the_same_host() -> None:
    url = "http://straße.example/ä"
    assert wire_url(url) == "http://xn--strae-oqa.example/%C3%A4"
    assert origin(url) == origin(wire_url(url))
    assert wire_url("http://stra%C3%9Fe.example:81/") == "http://xn--strae-oqa.example:81/"
    assert wire_url("http://[fe80::1%25eth0]:81/") == "http://[fe80::1%25eth0]:81/"
    assert host_key(url) == host_key(wire_url(url)) != host_key("http://strasse.example/")


@pytest.mark.parametrize(
    "name",
    [
        "ä..x",
        "℀.ä",
        "a b.ä",
        "ä/.x",
        "\u0301ä.x",
        "ä" * 64 + ".x",
        "ä" * 60 + ".x",
        "xn--ä.x",
        "\ud800.x",
        "\xad.x",
        "a%2fb.x",
        "a%40b",
        "%ff.x",
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ascii_host(name)
