"""The figures of the stop rule that ships, against the windows of 26 people that they come from."""

import pytest

from bench.stopping.people import read, slope
from take5.scoring.own_range import REACH, WITHIN_S
from take5.scoring.parameters import Parameters
from take5.stream.offline.calibration import Aim
from take5.stream.offline.reaches import SLOPE, eligible, mean_reach, reach_interval, talker_reach


def test_the_reach_and_its_growth_are_those_of_the_people_measured() -> None:
    people, aim = read(), Aim(within_s=WITHIN_S, parameters=Parameters())
    assert (len(people), sum(len(eligible(windows)) for windows in people.values())) == (26, 656)
    reaches = [talker_reach(windows, aim.windows, aim.parameters.pool) for windows in people.values()]
    assert mean_reach(reaches) == pytest.approx(REACH, abs=0.005)
    interval = reach_interval(reaches)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((1.227, 1.274), abs=0.001)
    assert slope(people) == pytest.approx(SLOPE, abs=0.005)
