"""What the server counts, as Prometheus reads it: verdicts, reasons, seconds and places; never a question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from assistant.records import Reply
from assistant.web.pool import Pool

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class ModelEvents(Collector):
    """What became of a language model's requests and statements (`LanguageModel.counts`), read when it is asked for."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One counter, labelled by event."""
        family = CounterMetricFamily("footnote_model_events", "Requests and statements of the model", labels=["event"])
        for event, count in dict(self.counts).items():
            family.add_metric([event], count)
        yield family


class Metrics:
    """One registry an application. model: the counts of its language model, where it has one."""

    def __init__(self, pool: Pool, model: Mapping[str, int] | None = None) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter("footnote_answers", "Replies", ["verdict", "reason"], registry=self.registry)
        self.refusals = Counter(
            "footnote_refusals", "Replies other than answers and small talk", ["reason"], registry=self.registry
        )
        self.seconds = Histogram(
            "footnote_answer_seconds",
            "From question to reply, waiting included",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.turned_away = Counter(
            "footnote_turned_away", "Requests that were not answered", ["code"], registry=self.registry
        )
        self.feedback = Counter("footnote_feedback", "Thumbs", ["vote"], registry=self.registry)
        waiting = Gauge("footnote_queue_depth", "Questions that wait for a worker", registry=self.registry)
        waiting.set_function(lambda: pool.depth)
        busy = Gauge("footnote_busy", "Workers that are answering", registry=self.registry)
        busy.set_function(lambda: pool.busy)
        pool.answered.append(self.count)
        if model is not None:
            self.registry.register(ModelEvents(model))

    def count(self, reply: Reply, seconds: float) -> None:
        """One reply."""
        self.answers.labels(reply.verdict, reply.reason).inc()
        if reply.verdict not in ("answered", "smalltalk"):
            self.refusals.labels(reply.reason).inc()
        self.seconds.observe(seconds)

    def refuse(self, code: str) -> None:
        """One request that was not answered."""
        self.turned_away.labels(code).inc()

    def page(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)
