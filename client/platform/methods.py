"""Methods that build a request and have a transport send it, so that every request is written once for both clients."""

from collections.abc import Callable
from functools import wraps
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
Built = TypeVar("Built")
Result_co = TypeVar("Result_co", covariant=True)
Transport_ = TypeVar("Transport_")


class Resource(Generic[Transport_]):
    """Methods about one kind of thing.

    Parameters
    ----------
    transport : Transport or AsyncTransport
        What sends their requests.
    """

    def __init__(self, transport: Transport_) -> None:
        self._transport = transport


class Method(Generic[P, Built, Result_co, Transport_]):
    """A method with the parameters and the documentation of the function that builds its request.

    Parameters
    ----------
    build : callable
        Returns the request.
    send : callable
        Method of the transport that takes it; what it returns is the method's result.
    """

    def __init__(self, build: Callable[P, Built], send: Callable[[Transport_, Built], Result_co]) -> None:
        self._build, self._send, self.__doc__ = build, send, build.__doc__

    def __get__(self, resource: Resource[Transport_], owner: object = None) -> Callable[P, Result_co]:
        """Return the method of a resource."""
        if resource is None:  # the class itself is asked, by help()
            return self

        @wraps(self._build)
        def method(*args: P.args, **kwargs: P.kwargs) -> Result_co:
            return self._send(resource._transport, self._build(*args, **kwargs))  # noqa: SLF001

        return method
