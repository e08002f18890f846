"""Send a file through WHIP in real time, like a camera, with FFmpeg's muxer."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from http.client import HTTPException
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.container import OutputContainer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from take5.client.stored import Outgoing, Stored, StoredPacket, StoredPicture, encoded, first_picture, outgoing, streams
from take5.scoring.errors import ServerError
from take5.stream.ffmpeg.container import AnyPacket
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.sources.file import MediaFile
from take5.stream.sources.replayed import Pace
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, to_seconds
from take5.stream.timeline.media import AudioBlock, VideoFrame

OPUS_RATE, OPUS_FRAME, OPUS_BITRATE = 48_000, 960, 128_000
PICTURE_CLOCK = 90_000
TRACKS = 2
PICTURE_OPTIONS = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "profile": "baseline",
    "crf": "18",
    "maxrate": "8M",
    "bufsize": "4M",
    "bf": "0",
    "g": "25",
}
"""About 41 dB at 720p; one keyframe per second, since FFmpeg ignores keyframe requests."""

ASK_S = 40.0
"""Maximum time to wait for an answer: a server may wait half a minute for a process that captures."""

BAD_SDP = 400
"""Status of the answer to an empty offer if only the offer is wrong."""

OFFER_REFUSED = "the server does not take an offer of H.264 and Opus; it must receive both"


class HungUp(ServerError):
    """The server ended the connection while something was being sent."""


class Sender:
    """A connection to a WHIP server, made on entering; it blocks all other Python threads until it is made.

    Parameters
    ----------
    url : str
        WHIP address.
    size : tuple of int
        Width and height of the pictures, even.
    token : str, optional
        Bearer token.
    stored : Stored, optional
        Which tracks of a file are sent as stored; by default none.

    Raises
    ------
    ServerError
        If the server cannot be reached, or refuses.
    """

    def __init__(
        self,
        url: str,
        size: tuple[int, int],
        token: str | None = None,
        stored: Stored | None = None,
    ) -> None:
        if "whip" not in av.formats_available:
            raise ServerError(f"this PyAV ({av.__version__}) has no WHIP muxer; install av 18 or newer")
        self._url, self._size, self._token = url, size, token
        self._stored = stored
        self._resampler = av.AudioResampler("s16", "stereo", OPUS_RATE, OPUS_FRAME)

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect, and hang up at the end; it is not an error if the server has hung up before.

        Both may wait without end, with Python's lock held, for a server that has stopped answering: a program that has
        to end does it in a process of its own, as ``take5 push`` does.
        """
        with _certificate() as options:
            if self._token:
                options["authorization"] = self._token
            try:
                container = av.open(self._url, "w", format="whip", options=options)
                self._begin(container)
            except (av.error.HTTPClientError, av.error.HTTPServerError) as error:
                raise ServerError(f"{self._url}: {why_refused(self._url, self._token)}") from error
            except (av.FFmpegError, OSError, ValueError) as error:
                raise ServerError(
                    f"{self._url}: no connection ({_reason(error)}); is the server running, and does UDP pass between?"
                ) from error
            try:
                yield
            finally:
                with suppress(av.FFmpegError, OSError):
                    container.close()

    def send(self, media: Outgoing, pts: int) -> None:
        """Send a picture or a stretch of sound; ``pts`` is in flicks from the start of sending."""
        if isinstance(media, StoredPacket):
            self._container.mux(self._packet(media, pts))
            return
        packets = self._picture(media, pts) if isinstance(media, VideoFrame) else self._sound(media, pts)
        for packet in packets:
            self._container.mux(packet)

    def _begin(self, container: OutputContainer) -> None:
        video, audio = self._as_stored(container)
        self._video = video or self._encoded_pictures(container)
        self._audio = audio or self._encoded_sound(container)
        container.start_encoding()
        self._container = container

    def _as_stored(self, container: OutputContainer) -> tuple[av.VideoStream | None, av.AudioStream | None]:
        video, audio = None, None
        if self._stored is not None:
            with self._stored.file.opened() as source:
                pictures, sound = streams(self._stored.file, source)
                if self._stored.pictures is None:
                    video = container.add_stream_from_template(pictures, opaque=True)
                if self._stored.sound is None:
                    audio = container.add_stream_from_template(sound, opaque=True)
                    audio.codec_context.layout = "stereo"  # RFC 7587 states stereo for mono packets, too
        return video, audio

    def _encoded_pictures(self, container: OutputContainer) -> av.VideoStream:
        video = container.add_stream("libx264", rate=25, options=PICTURE_OPTIONS)
        video.width, video.height = self._size
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = Fraction(1, PICTURE_CLOCK)
        return video

    def _encoded_sound(self, container: OutputContainer) -> av.AudioStream:
        audio = container.add_stream("libopus", rate=OPUS_RATE)
        audio.codec_context.layout = "stereo"
        audio.codec_context.bit_rate = OPUS_BITRATE
        return audio

    def _packet(self, media: StoredPacket, pts: int) -> AnyPacket:
        packet, rate = media.packet, PICTURE_CLOCK if isinstance(media, StoredPicture) else OPUS_RATE
        packet.stream = self._video if isinstance(media, StoredPicture) else self._audio
        packet.time_base = Fraction(1, rate)
        packet.pts = packet.dts = round(pts * rate / FLICKS)
        return packet

    def _picture(self, media: VideoFrame, pts: int) -> "list[av.Packet[av.VideoStream]]":
        assert isinstance(media.picture, DecodedPicture)  # noqa: S101 - files deliver no other
        frame = media.picture.encodable()
        if (frame.width, frame.height) != self._size:
            frame = frame.reformat(*self._size)
        frame.pts, frame.time_base = round(pts * PICTURE_CLOCK / FLICKS), Fraction(1, PICTURE_CLOCK)
        frame.pict_type = av.video.frame.PictureType.NONE
        return self._video.encode(frame)

    def _sound(self, block: AudioBlock, pts: int) -> "list[av.Packet[av.AudioStream]]":
        sound = block.audible
        pcm = np.ascontiguousarray(np.clip(sound, -1, 1), dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(pcm, format="fltp", layout="stereo" if len(sound) == 2 else "mono")
        frame.sample_rate, frame.time_base = block.rate, Fraction(1, block.rate)
        frame.pts = round(Fraction(pts * block.rate, FLICKS))
        return [packet for part in self._resampler.resample(frame) for packet in self._audio.encode(part)]


def push(
    file: MediaFile,
    sender: Sender,
    pace: Pace,
    *,
    stored: Stored | None = None,
    seconds: float = inf,
    loop: bool = False,
    stopped: Callable[[], bool] = lambda: False,
    sent: Callable[[float], None] = lambda _: None,
) -> None:
    """Send a file over a connection, in real time, until its end or until ``stopped`` returns true.

    Parameters
    ----------
    file : MediaFile
        The file to send.
    sender : Sender
        A connection.
    pace : Pace
        Waits until the media sent so far would have played.
    stored : Stored, optional
        Which tracks the connection sends as stored; by default none.
    seconds : float
        Largest duration to send.
    loop : bool
        Start over at the end of the file; time continues.
    stopped : callable
        Called before each picture and block.
    sent : callable
        Called with the seconds sent.

    Raises
    ------
    HungUp
        If the server hangs up before ``stopped`` returns true.
    """
    complete = set[type]()
    for media, pts in _played(file, stored or encoded(file), loop=loop):
        if stopped() or len(complete) == TRACKS:
            return
        if to_seconds(pts) >= seconds:
            complete.add(type(media))
            continue
        pace(to_seconds(pts))
        try:
            sender.send(media, pts)
        except (av.FFmpegError, OSError) as error:
            if stopped():
                return
            raise HungUp(f"the server hung up after {to_seconds(pts):.1f} s ({_reason(error)})") from error
        sent(to_seconds(pts))


def _played(file: MediaFile, stored: Stored, *, loop: bool) -> Iterator[tuple[Outgoing, int]]:
    """Pictures and sound from where both tracks begin, in the order of the file, with their times in flicks from 0."""
    begin = 0
    latest: dict[type, int] = {}
    while True:
        end = begin
        for media in outgoing(file, stored):
            pts = begin + media.pts - stored.begin
            if pts < begin or pts <= latest.get(type(media), -1):  # recordings that were joined may step back
                continue
            latest[type(media)] = pts
            yield media, pts
            end = max(end, pts + (FRAME_FLICKS if isinstance(media, VideoFrame) else media.end - media.pts))
        if not loop or end == begin:
            return
        begin = end


def even_size(file: MediaFile) -> tuple[int, int]:
    """Width and height for sending a file's pictures."""
    width, height = first_picture(file).size
    return width // 2 * 2, height // 2 * 2


def why_refused(url: str, token: str | None = None) -> str:
    """Find out why a WHIP server refuses, which FFmpeg does not report: send an empty offer and read the answer."""
    headers = {"Content-Type": "application/sdp"} | ({"Authorization": f"Bearer {token}"} if token else {})
    asked = urllib.request.Request(url, b"", headers, method="POST")  # noqa: S310 - FFmpeg has taken the address
    try:
        with urllib.request.urlopen(asked, timeout=ASK_S):  # noqa: S310
            return OFFER_REFUSED
    except urllib.error.HTTPError as error:
        return OFFER_REFUSED if error.code == BAD_SDP else f"refused: {error.code}, {_error_text(error)}"
    except (OSError, HTTPException) as error:
        return f"refused, and then not reached ({_reason(error)})"


def _error_text(error: urllib.error.HTTPError) -> str:
    """A server's error message; take5 sends it as JSON."""
    try:
        return str(json.loads(error.read(64 * 1024))["error"])
    except (ValueError, TypeError, KeyError, OSError):
        return str(error.reason)


def _reason(error: Exception) -> str:
    """Message of a system or FFmpeg error, without its number."""
    cause = getattr(error, "reason", error)
    return getattr(cause, "strerror", None) or str(cause)


@contextmanager
def _certificate() -> Iterator[dict[str, str]]:
    """A certificate for encrypting the media, as FFmpeg options."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "take5")]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=7))
    certificate = dated.sign(key, hashes.SHA256())
    with TemporaryDirectory(prefix="take5-") as folder:
        cert_file, key_file = Path(folder, "cert.pem"), Path(folder, "key.pem")
        cert_file.write_bytes(certificate.public_bytes(Encoding.PEM))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        yield {"cert_file": str(cert_file), "key_file": str(key_file)}
