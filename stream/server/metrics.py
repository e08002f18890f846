"""What a server counts, for Prometheus: from the events of its captures, and what it knows of itself when it is asked.

There are no session ids and nothing of people in it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from take5.scoring.errors import DatabaseError, ServerError
from take5.stream.events import Bundled, BundlePrepared, ClipReady, Event, Failed, Progress, Scored, Stopped, Warned
from take5.stream.live.watchdog import TRACKS
from take5.stream.server.counts import QUEUES, CaptureCounts
from take5.stream.server.patient_space import PatientSpace
from take5.stream.server.sessions import Sessions
from take5.stream.server.thread_times import ThreadTimes

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Family = CounterMetricFamily | GaugeMetricFamily
PATH = "/metrics"
SCORE_S = (0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
CLIP_S = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0)
"""Limits of the histograms' buckets, in seconds."""


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
        self.registry = registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"take5_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, limits: Sequence[float]) -> Histogram:
            return Histogram(f"take5_{name}_seconds", text, buckets=limits, registry=registry)

        late = "Time from the arrival of the last sample and picture that a score needs to the score."
        self._latency = histogram("score_latency", late, SCORE_S)
        self._windows = counter("windows", "Windows by how they were analysed.", "analysed")
        self._stops = counter("captures_stopped", "Recordings that stopped, by rule.", "rule")
        self._clips = counter("clips", "Clips on disk.")
        self._clip_s = histogram("clip", "Time from the stop to the clip on disk.", CLIP_S)
        self._bundles = counter("bundles", "Bundles by outcome.", "outcome")
        self._bundle_s = histogram("bundle", "Time from the stop to a bundle on disk.", CLIP_S)
        self._prepared = counter("preparations", "Bundles prepared in the background, by outcome.", "outcome")
        self._failed = counter("captures_failed", "Captures without a clip, by reason.", "reason")
        self._warned = counter("warnings", "Warnings to followers, by code.", "code")
        self._refused = counter("offers_refused", "Senders that were refused, by code.", "code")
        delivered = "Attempts to post to sessions' hooks, by what became of the delivery."
        self._deliveries = counter("hook_attempts", delivered, "outcome")
        self._packets = counter("rtp_packets", "RTP packets that came, by track.", "track")
        self._lost = counter("rtp_packets_lost", "RTP packets that did not come, by track.", "track")
        self._dropped = counter("dropped", "What full queues have dropped, by queue.", "queue")
        for counted, names in ((self._packets, TRACKS), (self._lost, TRACKS), (self._dropped, QUEUES)):
            for name in names:
                counted.labels(name)  # from the beginning, so that rates know of their first second
        registry.register(_Present(sessions, states))
        ProcessCollector(registry=registry)
        sessions.listen(self)

    def heard(self, event: Event) -> None:
        """Count an event of a capture."""
        if isinstance(event, Progress) and event.window is not None:
            self._windows.labels(_analysed(event)).inc()
            _observe(self._latency, event.late_s)
        elif isinstance(event, Scored):
            self._windows.labels("later").inc()
        elif isinstance(event, Stopped):
            self._stops.labels(event.stop.rule.value).inc()
        elif isinstance(event, ClipReady):
            self._clips.inc()
            _observe(self._clip_s, event.after_stop_s)
        elif isinstance(event, Bundled):
            self._bundles.labels("failed" if event.error else "made").inc()
            _observe(self._bundle_s, None if event.error else event.after_stop_s)
        elif isinstance(event, BundlePrepared):
            self._prepared.labels("failed" if event.error else "made").inc()
        elif isinstance(event, Failed):
            self._failed.labels(event.failure.value).inc()
        elif isinstance(event, Warned):
            self._warned.labels(event.trouble.value).inc()

    def counted(self, counts: CaptureCounts) -> None:
        """Count what is new of a capture's media."""
        for counter, found in ((self._packets, counts.received), (self._lost, counts.lost)):
            for track, count in found.items():
                counter.labels(track).inc(count)
        for queue, count in counts.dropped.items():
            self._dropped.labels(queue).inc(count)

    def skipped(self, messages: int) -> None:
        """Count messages that followers have missed."""
        self._dropped.labels("followers").inc(messages)

    def refused(self, code: str) -> None:
        """Count a sender that was refused."""
        self._refused.labels(code).inc()

    def delivered(self, outcome: str) -> None:
        """Count an attempt to post to a session's hook."""
        self._deliveries.labels(outcome).inc()

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Answer ``/metrics`` at a port of its own; return what ends that.

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
        server.set_app(_only_at_its_path(server.get_app()))

        def end() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return end


def _only_at_its_path(metrics: "WSGIApplication | None") -> "WSGIApplication":
    """The application of ``prometheus_client``, which answers any path, at one."""
    assert metrics is not None  # noqa: S101 - the server has been started with it

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH:
            return metrics(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"metrics are at {PATH}\n".encode()]

    return answer


def _observe(histogram: Histogram, seconds: float | None) -> None:
    if seconds is not None:
        histogram.observe(seconds)


def _analysed(progress: Progress) -> str:
    assert progress.window is not None  # noqa: S101 - or nothing is counted
    if progress.window.seen:
        return "live"
    return "by_sound" if progress.window.eligible is False else "not_yet"


class _Present(Collector):
    """What is so now."""

    def __init__(self, sessions: Sessions, states: Callable[[], Mapping[str, int]] | None) -> None:
        self._sessions, self._states, self._threads = sessions, states, ThreadTimes()
        self._space = PatientSpace(sessions.output)

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
        if (free := self._space.free()) is not None:  # or the disk does not answer: there is no such series then
            yield _gauge("take5_free_bytes", "Free space for clips.", free)
        cpu = CounterMetricFamily("take5_thread_cpu_seconds", "CPU seconds by kind of thread.", labels=["thread"])
        for name, seconds in self._threads.read().items():
            cpu.add_metric([name], seconds)
        yield cpu
        yield from self._of_hosts()
        if self._states is not None:
            found = GaugeMetricFamily("take5_sessions", "Sessions of the platform by state.", labels=["state"])
            with suppress(DatabaseError):  # it does not answer: as above
                for state, count in self._states().items():
                    found.add_metric([state], count)
            yield found

    def _of_hosts(self) -> Iterable[Family]:
        usage = self._sessions.usage
        cpu = CounterMetricFamily("take5_worker_cpu_seconds", "CPU seconds of each worker.", labels=["worker"])
        for worker, seconds in usage.cpu_s.items():
            cpu.add_metric([worker], seconds)
        yield cpu
        notices = CounterMetricFamily(
            "take5_notices", "Notices to --on-ready and --webhook, by what became of them.", labels=["outcome"]
        )
        for outcome, count in usage.notices.items():
            notices.add_metric([outcome], count)
        yield notices


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
