"""What the server serves to other sites: the file, its pages, their headers, and the source as a page."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient

from assistant.source import parse
from assistant.web.settings import WebSettings
from assistant.web.widget import FILES, STATIC, viewed
from tests.widget_host import LEAF, citation, documents, made

MOST = 20_000
"""Bytes of the widget, gzipped."""
SITE = "https://site.example"


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(made(WebSettings(origins=(SITE,))))


def test_the_widget_is_one_small_file_without_dependencies(client: TestClient) -> None:
    sent = client.get("/widget.js", headers={"Accept-Encoding": "gzip"})
    assert sent.headers["content-encoding"] == "gzip"
    assert int(sent.headers["content-length"]) <= MOST
    assert sent.content == (STATIC / "widget.js").read_bytes()
    plain = client.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == sent.content
    assert len(gzip.compress(plain.content)) <= MOST


def test_the_widget_never_makes_html_or_keeps_anything() -> None:
    source = (STATIC / "widget.js").read_text(encoding="utf-8")
    for forbidden in (
        *(
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "srcdoc",
            'setAttribute("style"',
        ),
        *("localStorage", "sessionStorage", "indexedDB", "cookie", "postMessage", "import(", "eval(", "new Function"),
    ):
        assert forbidden not in source
    assert re.findall(r"https?://[\w.]+", source) == ["http://www.w3.org"] * 2


def test_every_language_has_every_string() -> None:
    source = (STATIC / "widget.js").read_text(encoding="utf-8")
    table = re.sub('"[^"]*"', '""', source[source.index("const STRINGS") : source.index("const ICONS")])
    bodies = re.findall(r"(\w\w): \{(.*?)\n    \},", table, re.S)
    found = {language: sorted(re.findall(r'(\w+): ""', body)) for language, body in bodies}
    assert sorted(found) == ["de", "en", "es"]
    assert found["es"] == found["de"] == found["en"]
    used = set(re.findall(r"#(?:text|word)\(\"(\w+)\"", source)) | set(re.findall(r"new Trouble\(\"(\w+)\"", source))
    assert used <= set(found["en"])


def test_other_sites_may_load_the_widget_and_browsers_ask_whether_it_changed(client: TestClient) -> None:
    sent = client.get("/widget.js", headers={"Origin": SITE})
    assert sent.headers["cross-origin-resource-policy"] == "cross-origin"
    assert sent.headers["access-control-allow-origin"] == SITE
    assert sent.headers["cache-control"] == "no-cache"
    assert sent.headers["x-content-type-options"] == "nosniff"
    again = client.get("/widget.js", headers={"If-None-Match": sent.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    evil = client.get("/widget.js", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in evil.headers
    assert client.head("/widget.js").status_code == 200


@pytest.mark.parametrize("path", ["/embed", "/widget", "/source/tea.md"])
def test_pages_run_nothing_of_their_own_and_only_listed_sites_frame_them(client: TestClient, path: str) -> None:
    sent = client.get(path)
    assert sent.status_code == 200
    policy = sent.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert policy.endswith(f"frame-ancestors 'self' {SITE}")
    assert "unsafe" not in policy
    assert sent.headers["cache-control"] == "no-store"
    assert not re.search(r"<style|<script(?! src)| style=| on\w+=", sent.text)
    for address in re.findall(r'(?:src|href)="([^"#]+)"', sent.text):
        assert client.get(urljoin(path, address)).status_code == 200


def test_the_integrity_is_that_of_the_file_as_it_is_served(client: TestClient) -> None:
    digest = hashlib.sha384(client.get("/widget.js").content).digest()
    assert f'data-integrity="sha384-{base64.b64encode(digest).decode()}"' in client.get("/widget").text


@pytest.mark.parametrize("path", ["/widget/chat.js", "/widget/..%2Fchat.js", "/widget/widget.html", "/source/no.md"])
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_every_file_of_the_pages_has_its_type(client: TestClient) -> None:
    for name, kind in FILES.items():
        assert client.get(f"/widget/{name}").headers["content-type"].partition(";")[0] == kind


def test_the_source_page_shows_every_sentence_at_its_address() -> None:
    for document in documents():
        page = viewed(document)
        spans = re.findall(r'<span id="(\d+)-(\d+)">(.*?)</span>', page)
        assert [(int(a), int(b)) for a, b, _ in spans] == [(s.start, s.end) for s in document.sentences]
        for start, end, shown in spans:
            assert html.unescape(shown) == document.text[int(start) : int(end)]


def test_the_source_page_has_one_first_heading_and_its_contents_lead_to_the_others() -> None:
    page = viewed(parse("# Tea\n\nA drink.\n\n## Brewing\n\nHot.\n\n### Long\n\nLonger.\n", "tea.md"))
    assert re.findall(r"<h(\d)[^>]*>(.*?)</h\1>", page) == [("1", "Tea"), ("2", "Brewing"), ("3", "Long")]
    linked = re.findall(r'href="#(section-\d+)"', page)
    assert len(linked) == 2
    assert all(f'id="{place}"' in page for place in linked)


def test_markup_in_a_source_is_text_on_its_page(client: TestClient) -> None:
    sent = client.get("/source/more/leaf%20let%231.md")
    assert html.escape(LEAF) in sent.text.replace("&#x27;", "'")
    assert "<img" not in sent.text
    assert "<b " not in sent.text
    assert 'href="../../widget/pages.css"' in sent.text
    assert citation("Steep").document == "more/leaf let#1.md"
