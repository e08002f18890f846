"""Webhooks against a real HTTP server that fails, hangs, leads elsewhere, and asks to be left alone."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Timer

import pytest
from hooks_receiver import (
    SECRET,
    Answer,
    Receiver,
    break_off,
    drip,
    endless,
    hang,
    notice_in,
    receiving,
    status,
)

from take5.scoring.errors import ParameterError
from take5.stream.hooks.delivery import Attempt
from take5.stream.hooks.notice import Notice
from take5.stream.hooks.post import signature
from take5.stream.hooks.retry import AGAIN, BACKOFF, Backoff, retry_after_s
from take5.stream.hooks.webhook import Webhook

pytestmark = pytest.mark.waiting

NOW = datetime(2025, 6, 11, 9, 30, tzinfo=UTC)
HURRIED = Backoff(0.01, 0.05)


def posted(receiver: Receiver, notice: Notice, timeout_s: float = 20.0, answer_s: float = 10.0) -> list[Attempt]:
    webhook = Webhook(receiver.url, SECRET, HURRIED, answer_s)

    async def attempts() -> list[Attempt]:
        return [attempt async for attempt in webhook.attempts(notice, timeout_s, asyncio.Semaphore(4))]

    return asyncio.run(attempts())


@pytest.fixture
def notice(tmp_path: Path) -> Notice:
    return notice_in(tmp_path / "take", "synctalk")


def test_a_post_holds_the_notice_signed(notice: Notice) -> None:
    with receiving(status(204)) as receiver:
        (attempt,) = posted(receiver, notice)
    (post,) = receiver.posts
    assert (attempt.code, attempt.error) == (204, None)
    assert json.loads(post.body) == notice.json()
    assert post.path == "/take5"
    assert post.headers["Content-Type"] == "application/json"
    assert post.headers["User-Agent"] == "take5"
    assert post.headers["Idempotency-Key"] == notice.id
    timestamp = int(post.headers["Take5-Timestamp"])
    assert abs(timestamp - time.time()) < 60
    assert post.headers["Take5-Signature"] == signature(SECRET, timestamp, post.body)


def test_a_signature_by_the_book() -> None:
    """``printf '1700000000.{}' | openssl dgst -sha256 -hmac 'sixteen bytes or more'``."""
    assert signature(SECRET, 1_700_000_000, b"{}") == (
        "v1=834f8431afc144ede4a5697b3d170426f2664047ea35e41fe421e24c13612f7e"
    )


@pytest.mark.parametrize("answer", [*map(status, sorted({408, 425, 429, 500, 502, 503, 504, 599})), break_off])
def test_what_may_pass_is_tried_again_with_the_same_key(notice: Notice, answer: Answer) -> None:
    with receiving(answer, answer, status(200)) as receiver:
        attempts = posted(receiver, notice)
    assert [attempt.error is None for attempt in attempts] == [False, False, True]
    assert {post.headers["Idempotency-Key"] for post in receiver.posts} == {notice.id}
    assert len({post.body for post in receiver.posts}) == 1


@pytest.mark.parametrize("code", [300, 400, 401, 403, 404, 409, 410, 413, 422, 451])
def test_what_is_refused_for_good_is_not_tried_again(notice: Notice, code: int) -> None:
    with receiving(status(code), status(200)) as receiver:
        (attempt,) = posted(receiver, notice)
    assert attempt.code == code
    assert f"answered {code}" in str(attempt.error)
    assert len(receiver.posts) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_nobody_is_followed_elsewhere(notice: Notice, code: int) -> None:
    with receiving(status(200)) as elsewhere, receiving(status(code, Location=elsewhere.url)) as receiver:
        (attempt,) = posted(receiver, notice)
    assert attempt.code == code
    assert "not followed" in str(attempt.error)
    assert (len(receiver.posts), elsewhere.posts) == (1, [])


def test_each_try_has_its_own_time_in_the_signature(notice: Notice) -> None:
    with receiving(status(503, Retry_After="1"), status(200)) as receiver:
        posted(receiver, notice)
    first, second = (int(post.headers["Take5-Timestamp"]) for post in receiver.posts)
    assert second > first
    assert receiver.posts[1].headers["Take5-Signature"] == signature(SECRET, second, receiver.posts[1].body)


def test_a_receiver_is_left_alone_as_long_as_it_asks(notice: Notice) -> None:
    with receiving(status(503, Retry_After="1"), status(200)) as receiver:
        attempts = posted(receiver, notice)
    assert [attempt.code for attempt in attempts] == [503, 200]
    assert receiver.posts[1].at_s - receiver.posts[0].at_s >= 0.99


def test_one_that_asks_for_longer_than_there_is_time_is_given_up_at_once(notice: Notice) -> None:
    with receiving(status(429, Retry_After="3600"), status(200)) as receiver:
        (attempt,) = posted(receiver, notice)
    assert attempt.error == "it answered 429 Too Many Requests"


def test_it_is_given_up_when_its_time_is_over(notice: Notice) -> None:
    with receiving(status(500)) as receiver:
        attempts = posted(receiver, notice, timeout_s=0.5)
    assert len(attempts) == len(receiver.posts) > 1
    assert attempts[-1].begun - attempts[0].begun < timedelta(seconds=2)
    assert {attempt.error for attempt in attempts} == {"it answered 500 Internal Server Error"}


@pytest.mark.parametrize("answer", [hang, drip])
def test_one_that_does_not_answer_whole_is_tried_again(notice: Notice, answer: Answer) -> None:
    with receiving(answer, status(200)) as receiver:
        attempts = posted(receiver, notice, answer_s=0.4)
    assert [attempt.code for attempt in attempts] == [None, 200]
    assert str(attempts[0].error) == "no answer within 0.4 s"
    assert 0.4 <= attempts[0].duration_s < 5


def test_an_answer_without_an_end_is_not_read(notice: Notice) -> None:
    with receiving(endless) as receiver:
        (attempt,) = posted(receiver, notice)
    assert (attempt.code, attempt.error) == (200, None)
    assert attempt.duration_s < 5


def test_one_that_is_not_there_yet_is_tried_again(notice: Notice) -> None:
    with receiving(status(200)) as gone:
        port = int(gone.url.rpartition(":")[2].partition("/")[0])
    webhook = Webhook(f"http://127.0.0.1:{port}/take5", SECRET, Backoff(0.05, 0.05))

    async def attempts() -> list[Attempt]:
        return [attempt async for attempt in webhook.attempts(notice, 30.0, asyncio.Semaphore(1))]

    later: list[Receiver] = []

    def come() -> None:
        with receiving(status(200), port=port) as receiver:
            later.append(receiver)
            while not receiver.posts:
                receiver.released.wait(0.02)

    Timer(0.5, come).start()
    tried = asyncio.run(attempts())
    assert tried[-1].code == 200
    assert "cannot be reached" in str(tried[0].error)
    assert len(later[0].posts) == 1


@pytest.mark.parametrize("url", ["http://nobody.invalid/", "http://a b/", "https://[::1]:1/"])
def test_a_host_that_is_not_there_is_an_error_of_the_try(notice: Notice, url: str) -> None:
    webhook = Webhook(url, SECRET, HURRIED)

    async def first() -> Attempt:
        return await anext(webhook.attempts(notice, 20.0, asyncio.Semaphore(1)))

    assert "cannot be reached" in str(asyncio.run(first()).error)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/x",
        "ftp://example.org/",
        "http://",
        "https:///path",
        "http://[::1",
        "http://a:b/",
        "http://a:65536/",
        "x" * 99,
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ParameterError, match="--webhook: "):
        Webhook(url, SECRET)


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTPS_PROXY", "ftp://x"), ("ALL_PROXY", "nonsense://"), ("SSL_CERT_FILE", "/nowhere")],
)
def test_proxies_that_cannot_be_used_are_told_when_it_is_given(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ParameterError, match=r"proxies or certificates cannot be used \(.+\); see HTTPS_PROXY"):
        Webhook("https://example.org/", SECRET)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"secret has 5 bytes; it needs 16 or more"):
        Webhook("https://example.org/", b"short")


def test_secrets_are_not_shown() -> None:
    webhook = Webhook("https://user:password@example.org:8443/services/T0KEN?key=T0KEN", SECRET)
    assert webhook.receiver == "https://example.org:8443"
    for secret in ("password", "T0KEN", SECRET.decode()):
        assert secret not in repr(webhook) + webhook.receiver


def test_waits_double_up_to_a_limit_and_spread_over_half_of_it() -> None:
    longest = [BACKOFF.wait_s(failures, 1 - 1e-12) for failures in range(1, 10)]
    assert longest == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60])
    assert [BACKOFF.wait_s(failures, 0.0) for failures in (1, 2, 10_000)] == [0.5, 1.0, 30.0]


def test_nothing_is_tried_earlier_than_asked() -> None:
    assert BACKOFF.wait_s(1, 0.5, asked_s=7.0) == 7.0
    assert BACKOFF.wait_s(7, 0.0, asked_s=7.0) == 30.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), ("0", 0.0), (" 120 ", 120.0), ("9" * 400, float("inf")),
        ("1.5", None), ("-3", None), ("soon", None), ("", None), ("²", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Wed, 11 Jun 2025 09:31:00 -0000", 60.0),
        ("Wed, 99 Jun 2025 09:31:00 GMT", None), ("Wed, 11 Jun 99999 09:31:00 GMT", None),
        (f"Wed, 11 Jun {'9' * 20} 09:31:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(value: str | None, expected: float | None) -> None:
    assert retry_after_s(value, NOW) == expected


def test_statuses_that_pass_are_those_of_the_documents() -> None:
    assert {code for code in AGAIN if code < 500} == {408, 425, 429}
    assert {code for code in AGAIN if code >= 500} == set(range(500, 600))
