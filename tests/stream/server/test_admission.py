"""Places: who gets one, and that each comes back."""

import pytest

from take5.stream.server.admission import PENDING, PENDING_AN_ADDRESS, Admission, Place, PlaceState
from take5.stream.server.descriptors import A_CAPTURE, A_PENDING, PROCESS, shares
from take5.stream.server.errors import Refused
from take5.stream.server.rooms import Room


class Clock:
    """Time and CPU time that pass as a test says."""

    def __init__(self) -> None:
        self.now = self.cpu = 0.0

    def __call__(self) -> tuple[float, float]:
        return self.now, self.cpu

    def run(self, seconds: float, cores: float) -> None:
        """Let time pass in which so many cores are used."""
        self.now += seconds
        self.cpu += seconds * cores


def captures(admission: Admission, count: int) -> list[Place]:
    """Places of captures."""
    places = [admission.knock(f"10.0.0.{number}") for number in range(count)]
    assert all(map(admission.connect, places))
    return places


def test_pending_places_are_none_of_the_captures() -> None:
    admission = Admission(2, Clock())
    pending = [admission.knock(f"10.0.{number}.1") for number in range(PENDING)]
    assert (admission.captures, admission.pending) == (0, PENDING)
    with pytest.raises(Refused, match="64 senders are connecting; try again in 10 s") as refused:
        admission.knock("10.1.0.1")
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "10"})
    assert admission.connect(pending[0])
    assert not admission.connect(pending[0]), "once"
    assert admission.connect(pending[1])
    assert not admission.connect(pending[2]), "two captures are going on"
    assert pending[2].state is PlaceState.PENDING
    assert (admission.captures, admission.pending) == (2, PENDING - 2)
    for place in (*pending, *pending):
        admission.release(place)
    assert (admission.captures, admission.pending) == (0, 0)
    admission.knock("10.0.0.1")


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("10.0.0.1", ["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1:5004"], "10.0.0.2"),
        (
            "2001:db8::1",
            ["2001:db8::1", "2001:db8::ffff:2", "2001:db8::3%eth0", "[2001:db8::4]:443"],
            "2001:db8:0:1::1",
        ),
        ("testclient", ["testclient"], None),
    ],
)
def test_senders_of_one_address_leave_room_for_others(one: str, same: list[str], other: str | None) -> None:
    admission = Admission(2, Clock())
    places = [admission.knock((one, *same)[number % (len(same) + 1)]) for number in range(PENDING_AN_ADDRESS)]
    for address in (one, *same):
        with pytest.raises(Refused, match=r"8 senders at \S+ are connecting"):
            admission.knock(address)
    admission.knock(other)
    admission.release(places[0])
    admission.knock(one)


@pytest.mark.parametrize(("places", "an_address"), [(1, 1), (2, 1), (3, 2), (8, 4), (64, 8)])
def test_one_address_does_not_take_every_place(places: int, an_address: int) -> None:
    admission = Admission(2, Clock(), pending=places)
    for _ in range(an_address):
        admission.knock("10.0.0.1")
    with pytest.raises(Refused, match="connecting"):
        admission.knock("10.0.0.1")
    for number in range(places - an_address):
        admission.knock(f"10.0.1.{number}")


def test_a_full_server_refuses_before_a_place_is_pending() -> None:
    admission = Admission(2, Clock())
    first, _ = captures(admission, 2)
    with pytest.raises(Refused, match="2 of 2 captures are going on"):
        admission.knock("10.0.0.3")
    assert admission.pending == 0
    admission.release(first)
    assert admission.connect(admission.knock("10.0.0.3"))


def test_a_capture_is_admitted_if_what_goes_on_leaves_room_by_its_measured_cost() -> None:
    clock = Clock()
    admission = Admission(10, clock, cores=2.0, cost=0.5)
    captures(admission, 3)
    clock.run(60, cores=3 * 0.6)
    with pytest.raises(Refused, match="3 captures are going on"):
        admission.knock("10.0.1.1")
    assert admission.cost == pytest.approx(0.6)
    clock.run(60, cores=3 * 0.39)
    captures(admission, 2)
    assert admission.cost == pytest.approx(0.39)
    with pytest.raises(Refused):
        admission.knock("10.0.1.1")


def test_a_short_time_measures_nothing_and_a_change_begins_anew() -> None:
    clock = Clock()
    admission = Admission(10, clock, cores=2.0, cost=0.5)
    (first,) = captures(admission, 1)
    clock.run(4.9, cores=50)
    second = admission.knock("10.0.0.2")
    assert admission.cost == 0.5
    admission.connect(second)
    clock.run(30, cores=2 * 0.6)
    admission.release(first)
    assert admission.cost == pytest.approx(0.6)
    admission.release(second)
    clock.run(6, cores=0.01)
    admission.knock("10.0.0.3")
    assert admission.cost == pytest.approx(0.58)
    clock.run(30, cores=0.01)
    admission.knock("10.0.0.3")
    assert admission.cost == pytest.approx(0.5), "nothing has gone on for long enough to forget"


def test_one_capture_is_always_admitted() -> None:
    admission = Admission(4, Clock(), cores=1.0, cost=1.5)
    captures(admission, 1)
    with pytest.raises(Refused):
        admission.knock("10.0.0.2")


def test_an_offer_goes_to_the_process_with_the_most_room() -> None:
    busy, idle = Clock(), Clock()
    admission = Admission(10, cores=4.0, cost=0.5)
    with pytest.raises(Refused, match="no process that captures is there"):
        admission.knock("10.0.0.1")
    first, second = Room(busy, 0.5), Room(idle, 0.5)
    admission.add(first)
    admission.add(second)
    rooms = [place.room for place in captures(admission, 4)]
    assert (rooms.count(first), rooms.count(second), admission.processes) == (2, 2, 2)
    busy.run(60, cores=2 * 0.9)
    idle.run(60, cores=2 * 0.3)
    assert [admission.knock(f"10.0.1.{number}").room for number in range(3)] == [second, second, second]


def test_processes_share_the_cores_of_the_machine() -> None:
    admission = Admission(10, cores=2.0, cost=0.6)
    for _ in range(3):
        admission.add(Room(Clock(), 0.6))
    captures(admission, 3)
    with pytest.raises(Refused, match="3 captures are going on"):
        admission.knock("10.0.1.1")


def test_a_process_takes_no_more_than_it_has_ports_for() -> None:
    admission = Admission(10)
    small, large = Room(Clock(), 0.5, 1), Room(Clock(), 0.6)
    admission.add(small)
    admission.add(large)
    assert [place.room for place in captures(admission, 4)] == [small, large, large, large]


def test_a_process_that_leaves_counts_until_its_captures_have_ended() -> None:
    admission = Admission(2)
    old, new = Room(Clock()), Room(Clock())
    admission.add(old)
    (going_on,) = captures(admission, 1)
    admission.add(new)
    admission.close(old)
    assert (admission.captures, admission.processes) == (1, 1)
    second = admission.knock("10.0.1.1")
    assert second.room is new
    assert admission.connect(second)
    with pytest.raises(Refused, match="2 of 2"):
        admission.knock("10.0.1.2")
    admission.release(going_on)
    assert admission.knock("10.0.1.2").room is new


@pytest.mark.parametrize("limit", [256, 1024, 4096, 65_536])
def test_descriptors_are_shared_out(limit: int) -> None:
    connections, pending = shares(limit, 3)
    assert PROCESS + 3 * A_CAPTURE + pending * A_PENDING + connections <= limit
    assert connections >= 32
    assert pending == PENDING or limit < 1024


def test_few_descriptors_still_let_somebody_in() -> None:
    assert min(shares(64, 100)) >= 1
