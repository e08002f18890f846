"""The error hierarchy, by whose fault it is.

::

    Take5Error                    base; its text is for people: the file or value, the rule, what to do
    ├── ParameterError            a setting breaks a rule (also a ValueError)
    ├── MediaError                the recording's fault
    │   ├── UnreadableMedia       not a media file, empty, or broken before anything could be read
    │   ├── MissingTrack          no sound or no picture in it
    │   ├── CaptureError          a camera or microphone is missing or delivers nothing
    │   ├── OfferMalformed        a sender's offer is not valid
    │   ├── OfferUnusable         it is valid, but not for one picture and one sound that can be received
    │   ├── NoFace                a frame without a face where every frame needs one
    │   ├── NoIdle                no idle clip where a bundle shows it
    │   ├── SpoolDamaged          what a killed capture has left on disk cannot be used
    │   └── TooShort              shorter than one window
    ├── ModelError                a model file's fault
    │   ├── ModelMissing          not on this machine; the text names the command that fetches it
    │   ├── ModelDamaged          its bytes are not the expected ones
    │   └── WeightsMismatch       a checkpoint of another network; the text names the first difference
    ├── LibraryMissing            this system lacks a library; the text names the command that installs it
    ├── OutputError               the result cannot be written
    │   └── OutputExists          it exists already, and replacing it was not requested
    ├── ClusterError              a cluster of machines cannot be joined, or not be used as it is set up
    └── ServerError               a server cannot be started, or does not behave as it should
        ├── NoPortFree            every UDP port that it may use is taken
        ├── ServerUnreachable     no answer: the network, or the server is not running
        ├── RequestRefused        it refuses a request; has status, code and retry_after
        └── DatabaseError         its database cannot be used
            ├── DatabaseBusy      locked or busy for too long; trying again may help
            ├── DatabaseUnreachable  it does not answer, or cannot be opened
            ├── DatabaseNewer     a later version of take5 has written it
            └── NotADatabase      a file of another kind, or another program's tables
"""


class Take5Error(Exception):
    """Base of every error that take5 raises on purpose."""


class ParameterError(Take5Error, ValueError):
    """A setting breaks a rule."""


class MediaError(Take5Error):
    """The recording cannot be used."""


class UnreadableMedia(MediaError):
    """Not a media file, empty, or broken before anything could be read."""


class MissingTrack(MediaError):
    """The recording has no sound or no picture."""


class CaptureError(MediaError):
    """A camera or a microphone is missing or delivers nothing."""


class OfferMalformed(MediaError):
    """A sender's offer is not valid."""


class OfferUnusable(MediaError):
    """An offer for anything but one picture and one sound that can be received."""


class NoFace(MediaError):
    """A frame shows no face where every frame needs one."""


class NoIdle(MediaError):
    """The recording has no idle clip, which a bundle would show."""


class SpoolDamaged(MediaError):
    """What a killed capture has left on disk cannot be used."""


class TooShort(MediaError):
    """The recording is shorter than one window."""


class ModelError(Take5Error):
    """A model file cannot be used."""


class ModelMissing(ModelError):
    """A model file is not on this machine."""


class ModelDamaged(ModelError):
    """The bytes of a model file are not the expected ones."""


class WeightsMismatch(ModelError):
    """A checkpoint belongs to a different network."""


class LibraryMissing(Take5Error):
    """A system library is missing."""


class OutputError(Take5Error):
    """A result cannot be written."""


class OutputExists(OutputError):
    """A result of this name exists already."""


class ClusterError(Take5Error):
    """A cluster of machines cannot be joined, or not be used as it is set up."""


class ServerError(Take5Error):
    """A server cannot be started, or does not behave as it should."""


class NoPortFree(ServerError):
    """Every UDP port that a server may use is taken."""


class ServerUnreachable(ServerError):
    """A server does not answer."""


class RequestRefused(ServerError):
    """A server refuses a request.

    Parameters
    ----------
    status : int
        Of HTTP.
    code : str
        What programs tell refusals apart by; ``docs/platform.md`` lists them.
    text : str
        Why, for people.
    retry_after : float, optional
        Seconds after which the server wants to be asked again.
    """

    def __init__(self, status: int, code: str, text: str, retry_after: float | None = None) -> None:
        super().__init__(status, code, text, retry_after)
        self.status, self.code, self.text, self.retry_after = status, code, text, retry_after

    def __str__(self) -> str:
        return self.text


class DatabaseError(ServerError):
    """A server's database cannot be used."""


class DatabaseBusy(DatabaseError):
    """The database has been locked or busy for too long."""


class DatabaseUnreachable(DatabaseError):
    """The database does not answer, or cannot be opened."""


class DatabaseNewer(DatabaseError):
    """A later version of take5 has written the database."""


class NotADatabase(DatabaseError):
    """A file of another kind, or tables of another program."""
