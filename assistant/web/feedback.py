"""A thumb for an answer -> a row in the operator's database; nothing exists until FOOTNOTE_FEEDBACK names one.

A row holds the answer's name, its verdict and reason code, the thumb and why. Words, the asker's remark and
the question, are stored only with FOOTNOTE_FEEDBACK_TEXT=1.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, get_args

from sqlalchemy import DateTime, String, Text, create_engine, make_url, select
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from assistant.errors import FootnoteError

Vote = Literal["up", "down"]
Why = Literal["wrong_sentence", "should_have_answered", "should_have_refused", "hard_to_understand", "other"]
WHYS: tuple[Why, ...] = get_args(Why)


class Base(DeclarativeBase):
    """Our tables."""


class Row(Base):
    """One thumb."""

    __tablename__ = "footnote_feedback"

    answer: Mapped[str] = mapped_column(String(64), primary_key=True)
    given: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64))
    vote: Mapped[str] = mapped_column(String(8))
    why: Mapped[str] = mapped_column(String(32), default="")
    text: Mapped[str | None] = mapped_column(Text)
    question: Mapped[str | None] = mapped_column(Text)


class Feedback:
    """The database; safe to share between threads. Raises FootnoteError where it cannot be opened."""

    def __init__(self, url: str, keep_text: bool = False) -> None:
        self.keep_text = keep_text
        try:
            self.engine = create_engine(make_url(url), pool_pre_ping=True)
            Base.metadata.create_all(self.engine)
        except (ArgumentError, SQLAlchemyError, ImportError) as error:
            raise FootnoteError(
                f"FOOTNOTE_FEEDBACK names a database that cannot be used ({type(error).__name__}). Give a path for "
                "SQLite, or a URL such as postgresql+psycopg://USER:PASSWORD@HOST/NAME, and see that it is reachable."
            ) from error

    def keep(
        self,
        answer: str,
        verdict: str,
        reason: str,
        vote: Vote,
        why: Why | None = None,
        text: str | None = None,
        question: str | None = None,
    ) -> bool:
        """Whether it was stored: a second thumb for the same answer is not."""
        row = Row(answer=answer, given=datetime.now(UTC), verdict=verdict, reason=reason, vote=vote, why=why or "")
        if self.keep_text:
            row.text, row.question = _storable(text), _storable(question)
        try:
            with Session(self.engine) as session, session.begin():
                if session.get(Row, answer) is not None:
                    return False
                session.add(row)
        except IntegrityError:  # the same thumb, at the same moment
            return False
        return True

    def rows(self) -> list[Row]:
        """Everything kept, oldest first."""
        with Session(self.engine) as session:
            return list(session.scalars(select(Row).order_by(Row.given)))

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()


def _storable(text: str | None) -> str | None:
    """PostgreSQL takes no NUL."""
    return text.replace("\0", "") if text else None
