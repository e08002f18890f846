"""WHIP (RFC 9725): a sender's offer in, the answer out, and its end."""

from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import Response

from take5.scoring.stopping import StopRule
from take5.stream.server.auth import authorise, sessions_of
from take5.stream.server.bodies import whole_body
from take5.stream.server.errors import Refused
from take5.stream.server.grant import Act
from take5.stream.server.sessions import Sessions

SDP = "application/sdp"
MAX_OFFER = 64 * 1024
SILENCE_S = (1.0, 60.0)
"""How long a sender may let its capture wait while nothing arrives: at least, and at most."""


class Offers(HTTPEndpoint):
    """Where senders begin: ``/whip`` and ``/whip/NAME``."""

    async def post(self, request: Request) -> Response:
        """Accept a sender."""
        session = (await authorise(request, Act.SEND)).session
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != SDP:
            text = f"the body is {kind or 'of no type'}; it must be {SDP}"
            raise Refused(415, "wrong_type", text, {"Accept-Post": SDP})
        offer = await _body(request)
        await authorise(request, Act.SEND)  # the secret may have been revoked while the offer arrived
        sessions = sessions_of(request)
        address = request.client.host if request.client else None
        seconds = request.query_params.getlist("seconds")
        silence = _silence(request.query_params.get("silence_s"))
        name, capture, answer = await sessions.begin(session, offer, address, seconds, silence)
        root = request.scope.get("root_path", "").rstrip("/")
        headers = {"Location": f"{root}/whip/{name}/{capture}", "ETag": f'"{capture}"', "Accept-Post": SDP}
        return _with_links(Response(answer, 201, headers, media_type=SDP), sessions)

    async def options(self, request: Request) -> Response:
        """Say what may be sent, and to whom may send, which ICE servers there are."""
        response = Response(status_code=200, headers={"Accept-Post": SDP, "Allow": "POST, OPTIONS"})
        return _with_links(response, sessions_of(request)) if await _may_send(request) else response


class Resource(HTTPEndpoint):
    """A sender's capture: ``/whip/NAME/CAPTURE``."""

    async def delete(self, request: Request) -> Response:
        """End it; ``?lost`` says that the sender's network did."""
        await authorise(request, Act.SEND)
        rule = StopRule.LOST if "lost" in request.query_params else StopRule.ENDED
        sessions_of(request).end(request.path_params["name"], request.path_params["capture"], rule)
        return Response(status_code=200)

    async def options(self, _: Request) -> Response:
        """Say what may be sent."""
        return Response(status_code=200, headers={"Accept-Post": SDP, "Allow": "DELETE, OPTIONS"})


def _silence(text: str | None) -> float | None:
    """How long the capture waits while nothing arrives, as its sender wishes; None if it wishes nothing."""
    if text is None:
        return None
    try:
        wished = float(text)
    except ValueError:
        wished = 0.0
    least, most = SILENCE_S
    if not least <= wished <= most:
        raise Refused(400, "bad_request", f"silence_s={text[:20]}: it must be between {least:g} and {most:g} seconds")
    return wished


async def _may_send(request: Request) -> bool:
    try:
        await authorise(request, Act.SEND)
    except Refused:
        return False
    return True


def _with_links(response: Response, sessions: Sessions) -> Response:
    """Add the ICE servers, a header line each."""
    for access in sessions.ice.access():
        response.headers.append("Link", access.link)
    return response


async def _body(request: Request) -> str:
    try:
        return (await whole_body(request, MAX_OFFER)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(400, "bad_sdp", f"the offer is not UTF-8 ({error.reason} at byte {error.start})") from error
