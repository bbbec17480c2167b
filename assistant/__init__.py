"""Footnote: answers only what a given source says, and shows where it says it."""

from __future__ import annotations

__version__ = "0.1.0"
