"""The paper's variants: other diversities and other strategies."""

from collections.abc import Callable

import numpy as np
import pytest
from features import Floats, embeddings

from take5.scoring import algorithm1
from take5.scoring.diversity import DIVERSITIES, DiversityName, clusters, pc1, pc_cumulative, window_diversities
from take5.scoring.motion import Motion
from take5.scoring.parameters import Parameters
from take5.scoring.score import WindowScore
from take5.scoring.strategy import STRATEGIES, Strategy, StrategyName


def shares(e: np.ndarray) -> np.ndarray:
    eigenvalues = np.linalg.eigvalsh(np.cov(e.T))[::-1]
    return np.asarray(eigenvalues / eigenvalues.sum())


def test_pc1_and_pc_cumulative_are_what_principal_components_leave() -> None:
    e = np.random.default_rng(0).normal(size=(125, 6)) * [5, 3, 1, 1, 1, 1]
    assert pc1(e) == pytest.approx(1 - shares(e)[0])
    assert pc_cumulative(e) == pytest.approx(1 - np.cumsum(shares(e)).mean())


@pytest.mark.parametrize("measure", [pc1, pc_cumulative])
def test_equal_embeddings_have_no_diversity(measure: Callable[[Floats], float]) -> None:
    assert measure(np.ones((10, 4))) == 0.0


def test_entropy_is_that_of_the_recordings_clusters() -> None:
    """Two windows: the first in one cluster, the second spread evenly over four."""
    rng = np.random.default_rng(0)
    centres = np.eye(25)[:24] * 100
    labels = np.concatenate([np.zeros(124, int), np.repeat([1, 2, 3, 4], 31)])
    e = centres[labels] + rng.normal(size=(248, 25)) * 1e-3
    spans = Parameters(seconds=4.96, hop=4.96)
    low, high = window_diversities(e, spans, "entropy", seed=0)
    assert low < high
    assert high >= np.log(4) - 1e-9


def test_entropy_is_seeded_and_survives_fewer_points_than_clusters() -> None:
    e = embeddings(np.random.default_rng(2), 300)
    assert (clusters(e, 5) == clusters(e, 5)).all()
    assert clusters(np.ones((50, 3)), 0).tolist() == [0] * 50


@pytest.mark.parametrize("name", DIVERSITIES)
def test_every_diversity_gives_a_number_a_window(name: DiversityName) -> None:
    e = embeddings(np.random.default_rng(1), 200)
    values = window_diversities(e, Parameters(), name, seed=3)
    assert len(values) == 4
    assert np.isfinite(values).all()
    if name == "euclidean":
        assert values == [algorithm1.diversity(e[s : s + 125]) for s in (0, 25, 50, 75)]


def window(start: int, D: float, mouth: float, head: float, views: int) -> WindowScore:
    return WindowScore(start, D, Motion((mouth + head) / 2, mouth, head, mouth_moves=True), views)


WINDOWS = [
    window(0, D=5.0, mouth=0.5, head=0.5, views=4),
    window(25, D=4.0, mouth=0.1, head=0.9, views=3),
    window(50, D=3.0, mouth=0.2, head=0.2, views=3),
    window(75, D=2.9, mouth=0.1, head=0.9, views=5),
]


@pytest.mark.parametrize(("name", "start"), [("full", 50), ("audio", 0), ("views", 50), ("lip", 25), ("lip+views", 50)])
def test_each_strategy_has_its_winner_and_ties_go_to_the_earlier(name: StrategyName, start: int) -> None:
    strategy = Strategy(name)
    judged = strategy.order(WINDOWS)[: strategy.wanted(pool=3, windows=len(WINDOWS))]
    winner = strategy.winner(judged)
    assert winner is not None
    assert winner.start == start


def test_random_is_seeded_and_reaches_every_window() -> None:
    def drawn(seed: int) -> int:
        strategy = Strategy("random", seed)
        winner = strategy.winner(strategy.order(WINDOWS)[: strategy.wanted(5, 4)])
        assert winner is not None
        return winner.start

    assert [drawn(seed) for seed in range(9)] == [drawn(seed) for seed in range(9)]
    assert {drawn(seed) for seed in range(60)} == {0, 25, 50, 75}


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_window_no_winner(name: StrategyName) -> None:
    assert Strategy(name).winner([]) is None
