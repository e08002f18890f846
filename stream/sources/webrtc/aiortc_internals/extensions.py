"""RTP header extensions that aiortc does not know: capture times, orientation, layers."""

from aiortc import RTCPeerConnection
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import (
    HeaderExtensions,
    HeaderExtensionsMap,
    unpack_header_extensions,
)
from aiortc.sdp import SessionDescription

from take5.stream.sources.webrtc.aiortc_internals.attributes import replace
from take5.stream.sources.webrtc.layers import LAYER_ID, offered_layers

CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"


CAPTURE_TIME_BYTES = 8
"""An NTP time; a second one, of relays, may follow."""


VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
"""How a camera is held (3GPP TS 26.114): the last two bits count the clockwise quarter turns that are missing."""


class ExtraExtensions(HeaderExtensionsMap):
    """aiortc's header extensions of a transport, and the two that it does not know: capture times and orientation."""

    def __init__(self) -> None:
        super().__init__()
        self._id: int | None = None
        self._orientation_id: int | None = None

    def configure(self, parameters: RTCRtpParameters) -> None:
        """Learn which extension has which number."""
        super().configure(parameters)
        for extension in parameters.headerExtensions:
            if extension.uri == CAPTURE_TIME:
                self._id = extension.id
            elif extension.uri == VIDEO_ORIENTATION:
                self._orientation_id = extension.id

    def get(self, extension_profile: int, extension_value: bytes) -> HeaderExtensions:
        """Return what the extensions of a packet say.

        A capture time is ``capture_time``, an orientation ``quarter_turns``, counterclockwise.
        """
        values = super().get(extension_profile, extension_value)
        if self._id is None and self._orientation_id is None:
            return values
        for number, value in unpack_header_extensions(extension_profile, extension_value):
            if number == self._id and len(value) >= CAPTURE_TIME_BYTES:
                values.capture_time = int.from_bytes(value[:CAPTURE_TIME_BYTES], "big")  # type: ignore[attr-defined] # open
            elif number == self._orientation_id and value:
                values.quarter_turns = -value[0] & 3  # type: ignore[attr-defined]
        return values


def accept_extensions(connection: RTCPeerConnection, offer: str) -> None:
    """Accept the capture times and the orientation that an offer proposes, if it does; before the answer is made.

    So is what says to which layer of a picture a packet belongs, where layers are offered.
    """
    accepted = [
        (media.kind, extension)
        for media in SessionDescription.parse(offer).media
        for extension in media.rtp.headerExtensions
        if extension.uri in (CAPTURE_TIME, VIDEO_ORIENTATION)
        or (extension.uri == LAYER_ID and media.kind == "video" and offered_layers(offer))
    ]
    for transceiver in connection.getTransceivers():
        known: list[RTCRtpHeaderExtensionParameters] = transceiver._headerExtensions  # noqa: SLF001
        known += [extension for kind, extension in accepted if kind == transceiver.kind]
        transport = transceiver.receiver.transport
        if not isinstance(transport._rtp_header_extensions_map, ExtraExtensions):  # noqa: SLF001 - it may be shared
            replace(transport, "_rtp_header_extensions_map", ExtraExtensions())
