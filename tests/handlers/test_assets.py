"""What pages load: whole, compressed, and for good."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import brotli
import pytest

from pages.assets import Assets
from pages.bundle import BundleError, bundle, compact, entries, without_comments
from tests.site import Site

ADDRESSES = re.compile(r'(?:href|src)="(/assets/[^"]+)"')


async def addresses(site: Site) -> list[str]:
    """What the page of a blog loads."""
    return ADDRESSES.findall((await site.get("/blog/")).body.decode())


def write(folder: Path, **modules: str) -> Path:
    """Puts modules into a folder."""
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


async def test_a_page_has_one_icon_one_style_and_two_scripts(site: Site) -> None:
    names = [path.rpartition("/")[2] for path in await addresses(site)]
    assert names == ["favicon.svg", "livelog.css", "connect.js", "page.js", "page.js"]


async def test_an_asset_is_kept_for_good(site: Site) -> None:
    for path in await addresses(site):
        answer = await site.get(path)
        assert (answer.code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_what_an_older_page_asks_for_is_not_kept(site: Site) -> None:
    answer = await site.get("/assets/0123456789abcdef/page.js")
    assert (answer.code, answer.headers["Cache-Control"]) == (200, "no-cache")


async def test_what_there_is_not_is_a_404(site: Site) -> None:
    assert (await site.get("/assets/0123456789abcdef/passwd.css")).code == 404
    assert (await site.get("/assets/0123456789abcdef/scroll.js")).code == 404, "a part of another"


async def test_an_asset_comes_compressed_to_who_can_read_it(site: Site) -> None:
    path = (await addresses(site))[-1]
    plain = await site.get(path)
    assert "Content-Encoding" not in plain.headers
    small = await site.get(path, Accept_Encoding="gzip")
    assert small.headers["X-Consumed-Content-Encoding"] == "gzip"
    assert small.body == plain.body
    assert int(small.headers["Content-Length"]) == len(gzip.compress(plain.body, 9, mtime=0))
    smallest = await site.get(path, Accept_Encoding="br")
    assert smallest.headers["Content-Encoding"] == "br"
    assert brotli.decompress(smallest.body) == plain.body
    assert len(smallest.body) < int(small.headers["Content-Length"])


async def test_a_head_request_has_no_body(site: Site) -> None:
    path = (await addresses(site))[-1]
    answer = await site.get(path, method="HEAD")
    assert (answer.code, answer.body) == (200, b"")


def test_another_content_has_another_address(tmp_path: Path) -> None:
    first = Assets(write(tmp_path, app="one();\n")).address("app.js")
    assert Assets(tmp_path).address("app.js") == first
    assert Assets(write(tmp_path, app="two();\n")).address("app.js") != first


def test_what_others_import_is_no_entry(tmp_path: Path) -> None:
    write(tmp_path, app="import { a } from './part.js';\na();\n", times="b();\n", part="export const a = 1;\n")
    assert entries(tmp_path) == ["app.js", "times.js"]


def test_imports_are_followed_across_folders(tmp_path: Path) -> None:
    for folder in ("post", "reading"):
        (tmp_path / folder).mkdir()
    write(tmp_path, page="import { a } from './post/a-a.js';\na();\n")
    write(tmp_path / "post", **{"a-a": "import { b } from '../reading/b.js';\nexport const a = b;\n"})
    write(tmp_path / "reading", b="export const b = 1;\n", unused="a();\n")
    assert entries(tmp_path) == ["page.js"]
    assert bundle(tmp_path, "page.js") == (
        "const $reading_b = (() => {\nconst b = 1;\nreturn { b };\n})();\n"
        "const $post_a_a = (() => {\nconst { b } = $reading_b;\nconst a = b;\nreturn { a };\n})();\n"
        "const $page = (() => {\nconst { a } = $post_a_a;\na();\nreturn {  };\n})();\n"
    )


def test_an_import_from_outside_the_folder_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "static"
    folder.mkdir()
    write(folder, page="import { a } from '../a.js';\na();\n")
    with pytest.raises(BundleError, match=r"page\.js imports \.\./a\.js, which is outside the folder"):
        bundle(folder, "page.js")


def test_modules_come_once_and_in_the_order_of_their_need(tmp_path: Path) -> None:
    write(
        tmp_path,
        app="import { b } from './b.js';\nimport {\n  c,\n  d as e,\n} from './c-c.js';\nb(c, e);\n",
        b="import { c } from './c-c.js';\nexport async function b() { return c; }\n",
    )
    (tmp_path / "c-c.js").write_text("export const c = 1;\nexport class d {}\n", encoding="utf-8")
    assert bundle(tmp_path, "app.js") == (
        "const $c_c = (() => {\nconst c = 1;\nclass d {}\nreturn { c, d };\n})();\n"
        "const $b = (() => {\nconst { c } = $c_c;\nasync function b() { return c; }\nreturn { b };\n})();\n"
        "const $app = (() => {\nconst { b } = $b;\nconst {\n  c,\n  d: e,\n} = $c_c;\nb(c, e);\nreturn {  };\n})();\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "export default 1;\n",
        "export let a = 1;\n",
        "export { a };\n",
        "export * from './part.js';\n",
        "import * as part from './part.js';\n",
        "import part from './part.js';\n",
        "import { a } from 'https://elsewhere.example/a.js';\n",
        "await a();\n",
        "const a = import('./part.js');\n",
        "const a = import.meta.url;\n",
    ],
)
def test_what_is_not_plain_is_an_error_that_says_where(tmp_path: Path, text: str) -> None:
    write(tmp_path, app=text, part="")
    with pytest.raises(BundleError, match=r"^app\.js cannot be put together with others: "):
        bundle(tmp_path, "app.js")


def test_a_circle_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, app="import './a.js';\n", a="import './b.js';\n", b="import './a.js';\n")
    with pytest.raises(BundleError, match=r"a\.js is imported in a circle"):
        bundle(tmp_path, "app.js")


def test_comments_are_left_out_and_nothing_else() -> None:
    kept = "const a = /** @type {X} */ (b) / 2; // half\nc('http://x/*');\n/* d */ e();\n"
    first, rest = kept.split("\n", 1)
    assert without_comments(f"/**\n * A module.\n */\n{first}\n  // why\n{rest}") == kept


def test_assets_have_no_indentation_and_no_text_that_it_would_change() -> None:
    assert compact("if (a) {\n\n  // why\n  b();\n}\n") == "if (a) {\nb();\n}\n"
    with pytest.raises(BundleError, match="backquotes"):
        compact("const a = `one\n  two`;\n")
