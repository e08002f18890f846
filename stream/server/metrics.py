"""What a server counts, for Prometheus: from the events of its captures, and what it knows of itself when it is asked.

There are no session ids and nothing of people in it.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from take5.scoring.errors import DatabaseError, ServerError
from take5.stream.events import Bundled, BundlePrepared, ClipReady, Event, Failed, Progress, Scored, Stopped, Warned
from take5.stream.output.free_space import free_space
from take5.stream.server.sessions import Sessions
from take5.stream.server.thread_times import ThreadTimes

Family = CounterMetricFamily | GaugeMetricFamily
BUCKETS_S = (0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The metrics of a server.

    Parameters
    ----------
    sessions : Sessions
        Of the server, whose events it hears from then on.
    states : callable, optional
        Returns how many sessions of the platform are in each state.

    Attributes
    ----------
    registry : CollectorRegistry
        Holds them; an application that the server is mounted in can show it among its own.
    """

    def __init__(self, sessions: Sessions, states: Callable[[], Mapping[str, int]] | None = None) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._latency = Histogram(
            "take5_score_latency_seconds",
            "Time from the arrival of the last sample and picture that a score needs to the score.",
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._windows = Counter("take5_windows", "Windows by how they were analysed.", ["analysed"], registry=registry)
        self._stops = Counter(
            "take5_captures_stopped", "Recordings that stopped, by rule.", ["rule"], registry=registry
        )
        self._clips = Counter("take5_clips", "Clips on disk.", registry=registry)
        self._bundles = Counter("take5_bundles", "Bundles by outcome.", ["outcome"], registry=registry)
        self._prepared = Counter(
            "take5_preparations", "Bundles prepared in the background, by outcome.", ["outcome"], registry=registry
        )
        self._failed = Counter(
            "take5_captures_failed", "Captures without a clip, by reason.", ["reason"], registry=registry
        )
        self._warned = Counter("take5_warnings", "Warnings to followers, by code.", ["code"], registry=registry)
        self._refused = Counter(
            "take5_offers_refused", "Senders that were refused, by code.", ["code"], registry=registry
        )
        self._deliveries = Counter(
            "take5_hook_attempts",
            "Attempts to post to sessions' hooks, by what became of the delivery.",
            ["outcome"],
            registry=registry,
        )
        registry.register(_Present(sessions, states))
        ProcessCollector(registry=registry)
        sessions.listen(self.hear, self.refused)

    def hear(self, event: Event) -> None:
        """Count an event of a capture."""
        if isinstance(event, Progress) and event.window is not None:
            self._windows.labels(_analysed(event)).inc()
            if event.late_s is not None:
                self._latency.observe(event.late_s)
        elif isinstance(event, Scored):
            self._windows.labels("later").inc()
        elif isinstance(event, Stopped):
            self._stops.labels(event.stop.rule.value).inc()
        elif isinstance(event, ClipReady):
            self._clips.inc()
        elif isinstance(event, Bundled):
            self._bundles.labels("failed" if event.error else "made").inc()
        elif isinstance(event, BundlePrepared):
            self._prepared.labels("failed" if event.error else "made").inc()
        elif isinstance(event, Failed):
            self._failed.labels(event.failure.value).inc()
        elif isinstance(event, Warned):
            self._warned.labels(event.trouble.value).inc()

    def refused(self, code: str) -> None:
        """Count a sender that was refused."""
        self._refused.labels(code).inc()

    def delivered(self, outcome: str) -> None:
        """Count an attempt to post to a session's hook."""
        self._deliveries.labels(outcome).inc()

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Answer at a port of its own; return what ends that.

        Raises
        ------
        ServerError
            If it cannot listen there.
        """
        try:
            server, thread = start_http_server(port, host, self.registry)
        except OSError as error:
            where = f"{host}:{port}"
            raise ServerError(f"{where}: metrics cannot be served there ({error.strerror or error})") from error

        def end() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return end


def _analysed(progress: Progress) -> str:
    assert progress.window is not None  # noqa: S101 - or nothing is counted
    if progress.window.seen:
        return "live"
    return "by_sound" if progress.window.eligible is False else "not_yet"


class _Present(Collector):
    """What is so now."""

    def __init__(self, sessions: Sessions, states: Callable[[], Mapping[str, int]] | None) -> None:
        self._sessions, self._states, self._threads = sessions, states, ThreadTimes()

    def describe(self) -> Iterable[Family]:
        """Return nothing: names are known when it is asked."""
        return ()

    def collect(self) -> Iterable[Family]:
        """Yield what is so now."""
        places, unread = self._sessions.admission, self._sessions.unread
        yield _gauge("take5_captures", "Captures that are going on.", places.captures)
        yield _gauge("take5_captures_capacity", "Captures at a time, at most.", places.capacity)
        yield _gauge("take5_senders_pending", "Senders that are connecting.", places.pending)
        yield _gauge("take5_capture_cores", "Cores that a capture uses, as measured.", places.cost)
        yield _gauge("take5_followers", "Followers of sessions.", len(unread))
        yield _gauge("take5_unread_events", "Events that followers have not read.", sum(unread))
        yield _gauge("take5_draining", "Whether the server is ending.", float(self._sessions.draining))
        with suppress(OSError):  # the disk does not answer: there is no such series then
            yield _gauge("take5_free_bytes", "Free space for clips.", free_space(self._sessions.output))
        cpu = CounterMetricFamily("take5_thread_cpu_seconds", "CPU seconds by kind of thread.", labels=["thread"])
        for name, seconds in self._threads.read().items():
            cpu.add_metric([name], seconds)
        yield cpu
        if self._states is not None:
            found = GaugeMetricFamily("take5_sessions", "Sessions of the platform by state.", labels=["state"])
            with suppress(DatabaseError):  # it does not answer: as above
                for state, count in self._states().items():
                    found.add_metric([state], count)
            yield found


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
