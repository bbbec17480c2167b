"""Breakage, each with the value that is wrong and the cure; a refusal is never one of these."""

from __future__ import annotations


class FootnoteError(Exception):
    """Anything that an operator or a caller can put right; its text says how."""


class SourceError(FootnoteError):
    """The folder of texts, or a file in it, cannot be used."""


class ModelError(FootnoteError):
    """A model file is missing, altered or of the wrong shape."""


class StoreError(FootnoteError):
    """The index cannot be opened or built."""


class DataError(FootnoteError):
    """A rule, profile or weights file is invalid; the text lists every fault at once."""


class QuestionError(FootnoteError):
    """The question cannot be taken as it is: empty, too long, not text."""
