"""folder of texts -> documents: golden rows of the shipped corpus, and every shape that a text comes in."""

from __future__ import annotations

import hashlib
import os
import random
import re
import textwrap
from pathlib import Path

import pytest

from assistant import source
from assistant.errors import SourceError
from assistant.records import Document, Section, Sentence
from assistant.settings import ROOT
from assistant.source import parse, read_source

ARTICLE_SHA256 = "ee704d7c81d292a3bed8c42e491c99471756cf45b54d41153804510f747defe3"
"""Of the article as it came, before its headings were marked up."""


def write(folder: Path, **files: str | bytes) -> Path:
    """Writes files; `a__b_md` is a/b.md."""
    for name, content in files.items():
        path = folder / re.sub(r"_(\w+)$", r".\1", name.replace("__", "/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def rows(document: Document) -> list[tuple[str, str, str]]:
    """(kind, section, text) of every sentence, each checked against its span."""
    assert all(document.text[s.start : s.end] == s.text for s in document.sentences)
    assert all(s.id == f"{document.id}#{s.start}-{s.end}" for s in document.sentences)
    return [(s.kind, s.section, s.text) for s in document.sentences]


def quotes(text: str, name: str = "x.md") -> list[str]:
    return [text for _, _, text in rows(parse(text, name))]


def test_the_shipped_corpus() -> None:
    (article,) = read_source(ROOT / "corpus")
    assert (article.id, article.title) == ("muscle-relaxers.md", "Muscle relaxers")
    assert article.sha256 == "2429426c8fec2f0f0b7490d517064b1d3358136029202b1abd3f9c33784756e4"
    assert (len(article.text), len(article.sections), len(article.sentences)) == (5_551, 6, 40)
    assert sum(s.kind == "item" for s in article.sentences) == 4
    assert [article.sentences[n] for n in (0, 9, -1)] == [
        Sentence(
            id="muscle-relaxers.md#0-105",
            document="muscle-relaxers.md",
            section="Muscle relaxers",
            text="Muscle spasms are involuntary, painful contractions of a muscle that can significantly restrict "
            "movement.",
            start=0,
            end=105,
        ),
        Sentence(
            id="muscle-relaxers.md#1300-1433",
            document="muscle-relaxers.md",
            section="Common Reasons for Treatment Failure",
            text="A patient’s neurochemistry may respond well to one type but show no response to another, making "
            "the initial prescription ineffective.",
            start=1_300,
            end=1_433,
        ),
        Sentence(
            id="muscle-relaxers.md#5453-5550",
            document="muscle-relaxers.md",
            section="Physical and Manual Therapies",
            text="This includes ensuring proper hydration and maintaining good ergonomics while sitting or working.",
            start=5_453,
            end=5_550,
        ),
    ]
    assert article.sections == (
        Section("muscle-relaxers.md#0", "Muscle relaxers", 1, 0, 535),
        Section("muscle-relaxers.md#1", "Common Reasons for Treatment Failure", 2, 535, 1_723),
        Section("muscle-relaxers.md#2", "Identifying the Underlying Issue", 2, 1_723, 3_081),
        Section("muscle-relaxers.md#3", "Alternative Medical Interventions", 2, 3_081, 4_363),
        Section("muscle-relaxers.md#4", "Non-Drug Approaches to Muscle Relief", 2, 4_363, 4_817),
        Section("muscle-relaxers.md#5", "Physical and Manual Therapies", 3, 4_817, 5_551),
    )


def article_lines() -> list[str]:
    """The shipped article without its markup."""
    lines = (ROOT / "corpus" / "muscle-relaxers.md").read_text(encoding="utf-8").split("\n")
    return [re.sub(r"^#+ ", "", line) for line in lines if line.strip()]


def test_the_words_of_the_article_are_unchanged() -> None:
    assert hashlib.sha256("\n".join(article_lines()).encode()).hexdigest() == ARTICLE_SHA256


@pytest.mark.parametrize("between", ["\n", "\n\n", "\r\n"])
@pytest.mark.parametrize("width", [100_000, 100, 72])
def test_the_article_as_plain_text_gives_the_same_sentences(between: str, width: int) -> None:
    (article,) = read_source(ROOT / "corpus")
    wrapped = between.join(textwrap.fill(line, width, break_on_hyphens=False) for line in article_lines())
    plain = parse(wrapped, "muscle-relaxers.txt")
    assert [(section, " ".join(text.split())) for _, section, text in rows(plain)] == [row[1:] for row in rows(article)]


MARKDOWN = """# Title *one*

Intro **text**. Second.

## [Link](http://x.org) ##

> You must not
> take more than two tablets. Ask first.
> Then wait.

- item one. More.
  - nested one
    continued here
      1. deep
- [x] done task

| Drug | Dose |
|------|------|
| Baclofen | 5 mg. Max 80 mg. |
| | none |

```python
print(1)
```

    indented code

<div class="x">Shown, <b>never</b> hidden.</div>

<!-- secret: take 500 mg -->

<script>alert("Run. Now.")</script>

See ![a. picture](a.png) here. ![alone](b.png)

[ref]: http://example.org

***

Set
next heading
===

Last paragraph
is wrapped. End.
"""


def test_markdown() -> None:
    document = parse(MARKDOWN, "guide.md")
    assert document.title == "Title one"
    assert [(s.heading, s.level) for s in document.sections] == [("Title one", 1), ("Link", 2), ("Set next heading", 1)]
    assert rows(document) == [
        ("sentence", "Title one", "Intro **text**."),
        ("sentence", "Title one", "Second."),
        ("sentence", "Link", "You must not\n> take more than two tablets."),
        ("sentence", "Link", "Ask first."),
        ("sentence", "Link", "Then wait."),
        ("item", "Link", "item one."),
        ("item", "Link", "More."),
        ("item", "Link", "nested one\n    continued here"),
        ("item", "Link", "deep"),
        ("item", "Link", "done task"),
        ("item", "Link", "Drug | Dose"),
        ("item", "Link", "Baclofen | 5 mg. Max 80 mg."),
        ("item", "Link", "none"),
        ("item", "Link", "print(1)"),
        ("item", "Link", "indented code"),
        ("sentence", "Link", "Shown, <b>never</b> hidden."),
        ("sentence", "Link", "See ![a. picture](a.png) here."),
        ("sentence", "Set next heading", "Last paragraph\nis wrapped."),
        ("sentence", "Set next heading", "End."),
    ]


PLAIN = """PATIENT LEAFLET

Storage
Keep the tablets in the original package, away from light and
moisture. It was first sold in the north by Doctor
Smith in 1950. Keep away from children.

Dosage
- two tablets
  twice a day
• one tablet
1. first
(a) alpha

> 5 mg is too much. A | B is a choice.

The end is near and this is the last line
"""


def test_plain_text() -> None:
    document = parse(PLAIN, "the-leaflet_1.txt")
    assert document.title == "The leaflet 1"
    assert [s.heading for s in document.sections] == ["PATIENT LEAFLET", "Storage", "Dosage"]
    assert rows(document) == [
        ("sentence", "Storage", "Keep the tablets in the original package, away from light and\nmoisture."),
        ("sentence", "Storage", "It was first sold in the north by Doctor\nSmith in 1950."),
        ("sentence", "Storage", "Keep away from children."),
        ("item", "Dosage", "two tablets\n  twice a day"),
        ("item", "Dosage", "one tablet"),
        ("item", "Dosage", "first"),
        ("item", "Dosage", "(a) alpha"),
        ("sentence", "Dosage", "> 5 mg is too much."),
        ("sentence", "Dosage", "A | B is a choice."),
        ("sentence", "Dosage", "The end is near and this is the last line"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # byte order mark, line ends
        ("\ufeff# Tea\n\nIt cools.", ["It cools."]),
        ("\ufeffIt cools.", ["It cools."]),
        ("# Tea\r\n\r\nIt\r\ncools. Then\r\nrest.\r\n", ["It\r\ncools.", "Then\r\nrest."]),
        ("# Tea\r\rIt cools.\r\r- item\r", ["It cools.", "item"]),
        # lists
        ("".join("  " * n + f"- level {n}\n" for n in range(30)), [f"level {n}" for n in range(30)]),
        ("10) ten\n11) eleven", ["ten", "eleven"]),
        ("* a\n\n  b. C.\n* d", ["a", "b. C.", "d"]),
        # quotations
        ("> > Do not\n> > run. Walk.", ["Do not\n> > run.", "Walk."]),
        ("> - item\n>   goes on", ["item\n>   goes on"]),
        ("> lazy > quote\nnext", ["lazy > quote\nnext"]),
        ("> | a | b |\n> |---|---|\n> | c | d |", ["a | b", "c | d"]),
        # code
        ("```\nunclosed\nlast", ["unclosed", "last"]),
        ("~~~ text\none\n\ntwo\n~~~\nafter.", ["one", "two", "after."]),
        # html
        ("<p>One. Two.</p>\n<ul><li>Three</li><li>Four</li></ul>", ["One.", "Two.", "Three", "Four"]),
        ("<!-- take\n\n500 mg --> \n\nSafe.", ["Safe."]),
        ("<style>p {}</style>\n<br/>\n\nSafe.", ["Safe."]),
        # front matter
        ("---\ntitle: Guide\ntags:\n  - a\n---\n\nSafe.", ["Safe."]),
        ("---\n\nNot front matter.\n\n---\n\nSafe.", ["Not front matter.", "Safe."]),
        # nothing that is not a word
        ("Safe.\n\n...\n\n![x](y.png)\n\n***\n\n!", ["Safe."]),
        # hidden characters stay where they are, and do no harm
        ("A\u200bb cools. D\x00e rests.", ["A\u200bb cools.", "D\x00e rests."]),
        ("a " * 600 + ".", ["a " * 499 + "a", "a " * 100 + "."]),
    ],
)
def test_odd_markdown(text: str, expected: list[str]) -> None:
    assert quotes(text) == expected


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("# One\n\na.\n\n# Two\n\nb.", ["One", "Two"]),
        ("Before.\n\n## Two\n\nb.", ["X", "Two"]),
        ("## **Bold** `code` [l](u) ##\n\na.", ["Bold code l"]),
        ("#\n\na.", ["X"]),
        ("# " + "long " * 300 + "\n\na.", [("long " * 40).strip()]),
    ],
)
def test_headings(text: str, headings: list[str]) -> None:
    sections = parse(text, "x.md").sections
    assert [s.heading for s in sections][-len(headings) :] == headings
    assert [s.end for s in sections[:-1]] == [s.start for s in sections[1:]]
    assert (sections[-1].end, [s.id for s in sections]) == (len(text), [f"x.md#{n}" for n in range(len(sections))])


def test_several_documents(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        tea_md="# Tea\n\nIt cools.\n",
        b__pots_TXT="An iron pot.\n",
        a__urns_markdown="An urn.\n",
        SOURCE_md="Where it is from.\n",
        README_md="What it is.\n",
        b__notes_pdf=b"%PDF",
        tea_questions_jsonl="{}",
        hidden_md="",
    )
    (folder / "hidden.md").rename(folder / ".hidden.md")
    documents = read_source(folder)
    assert [(d.id, d.title, quotes(d.text, d.id)) for d in documents] == [
        ("a/urns.markdown", "Urns", ["An urn."]),
        ("b/pots.TXT", "Pots", ["An iron pot."]),
        ("tea.md", "Tea", ["It cools."]),
    ]
    for document in documents:
        on_disk = (folder / document.id).read_text(encoding="utf-8")
        assert (document.text, document.sha256) == (on_disk, hashlib.sha256(on_disk.encode()).hexdigest())


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfIt cools.\r\nThen rest.\r\n", b"It cools.\rThen rest."])
def test_offsets_are_those_of_the_text_that_python_reads(tmp_path: Path, content: bytes) -> None:
    (document,) = read_source(write(tmp_path, x_md=content))
    on_disk = (tmp_path / "x.md").read_text(encoding="utf-8")
    assert [on_disk[s.start : s.end] for s in document.sentences] == ["It cools.", "Then rest."]


def test_one_line_of_a_megabyte(tmp_path: Path) -> None:
    (document,) = read_source(write(tmp_path, x_md="Tea cools down. " * 65_000))
    assert {q for _, _, q in rows(document)} == {"Tea cools down."}
    assert len(document.sentences) == 65_000
    (unbroken,) = read_source(write(tmp_path, x_md="x" * 1_000_000))
    assert [len(s.text) for s in unbroken.sentences] == [1_000] * 1_000


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "The source folder {folder!r} holds no text. Put .md or .txt files into it."),
        ({"x_pdf": b"%PDF"}, "The source folder {folder!r} holds no text. Put .md or .txt files into it."),
        ({"README_md": "Hello."}, "The source folder {folder!r} holds no text. Put .md or .txt files into it."),
        ({"x_md": ""}, "x.md: holds no sentence. Remove the file or fill it."),
        ({"x_md": "\ufeff \n\n"}, "x.md: holds no sentence. Remove the file or fill it."),
        ({"x_md": "# Heading\n"}, "x.md: holds no sentence. Remove the file or fill it."),
        ({"x_txt": "...\n***"}, "x.txt: holds no sentence. Remove the file or fill it."),
        (
            {"x_md": "naïve".encode("latin-1")},
            "x.md: not UTF-8 (byte 0xef at 2). Convert it, for example with `iconv -f latin1 -t utf-8`.",
        ),
        (
            {"x_md": "Tea.".encode("utf-16")},
            "x.md: not UTF-8 (byte 0xff at 0). Convert it, for example with `iconv -f latin1 -t utf-8`.",
        ),
        ({"x_md__inner_txt": "Tea."}, "x.md: is not a file. Rename it so that it does not end in .md."),
        (
            {"a_md": "Good.", "b_md": b"\xff", "c_md": ""},
            "b.md: not UTF-8 (byte 0xff at 0). Convert it, for example with `iconv -f latin1 -t utf-8`.\n"
            "c.md: holds no sentence. Remove the file or fill it.",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_the_cure(
    tmp_path: Path, files: dict[str, str | bytes], message: str
) -> None:
    if "x_md__inner_txt" in files:
        write(tmp_path / "x.md", inner_txt=files["x_md__inner_txt"])
    else:
        write(tmp_path, **files)
    with pytest.raises(SourceError) as error:
        read_source(tmp_path)
    assert str(error.value) == message.format(folder=str(tmp_path))


def test_no_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", write(tmp_path, x_md="Tea.") / "x.md"):
        with pytest.raises(SourceError) as error:
            read_source(path)
        assert str(error.value) == f"The source folder {str(path)!r} is not a folder. Name one with --corpus DIR."


def test_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a_md="Tea.")
    (tmp_path / "b.md").symlink_to(tmp_path / "gone.md")
    os.mkfifo(tmp_path / "c.md")

    def refused(path: Path, encoding: str) -> str:
        raise PermissionError(13, "Permission denied", f"{path} as {encoding}")

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(SourceError) as error:
        read_source(tmp_path)
    assert str(error.value) == (
        "a.md: cannot be read (Permission denied). Check its permissions.\n"
        "b.md: cannot be read (No such file or directory). Check its permissions.\n"
        "c.md: is not a file. Rename it so that it does not end in .md."
    )


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LARGEST", 1_000_000)
    with pytest.raises(SourceError, match=r"^x\.md: larger than 1 MB\. Split it into several files\.$"):
        read_source(write(tmp_path, x_md="x" * 1_000_001))


BITS = [
    *("\n", "\n\n", "\n", "\n\n", "\r\n", "\r", "\x85", "\u2028", "\x0c", "\x00", "\t", "  ", "    ", "\ufeff"),
    *("- ", "* ", "1. ", "1) ", "• ", "[ ] ", "# ", "## ", "> ", "> ", "---\n", "===\n", "```\n", "~~~\n"),
    *("| a | b |\n|---|---|\n", "| ", " | ", "`", "**", "\\", "<b>", "</b>"),
    *(". ", "? ", "e.g. ", "“", "” ", "😀 ", "e\u0301 "),
]


@pytest.mark.parametrize("name", ["x.md", "x.txt"])
@pytest.mark.parametrize("seed", range(10))
def test_every_word_is_in_one_sentence_or_in_a_heading(name: str, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(100):
        words = [f"Word{n} " for n in range(draw.randint(1, 12))]
        text = "".join(bit for word in words for bit in (word, *draw.choices(BITS, k=draw.randint(0, 4))))
        try:
            document = parse(text, name)
        except SourceError:
            continue
        found = " ".join([*quotes(text, name), document.title, *(s.heading for s in document.sections)]).split()
        said = " ".join(quotes(text, name))
        for word in (w.strip() for w in words):
            times = len(re.findall(rf"{word}\b", said))
            assert times == 1 or (times == 0 and any(word in f for f in found)), (word, text)
        spans = [(s.start, s.end) for s in document.sentences]
        assert spans == sorted(set(spans))
        assert all(s.text == s.text.strip() for s in document.sentences)
