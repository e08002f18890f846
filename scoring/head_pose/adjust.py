"""Head poses, the head's shape and the focal length together, from landmarks: a bundle adjustment.

Minimised are the residuals of all landmarks, each divided by its own uncertainty and weighted down where it is far off
(Cauchy's loss), and how far shape and focal length are from what is expected of them. Steps are Levenberg and
Marquardt's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from take5.scoring.head_pose.camera import Cameras, Floats, turned_by
from take5.scoring.head_pose.normal_equations import NormalEquations, Step, normal_equations

CAUCHY = 2.5
"""Residual at which a landmark's weight is halved, in its uncertainties."""

STAGES = ((10.0, 1e-2), (3.0, 1e-3), (1.0, 1e-6))
"""How much larger uncertainties are taken to be than they are estimated, at first so that an unusual face is not
mistaken for outliers; and the relative gain of a step that ends each stage."""

MOST_STEPS = 30
"""In a stage."""

RAYLEIGH = np.sqrt(2 * np.log(2))
"""Median length of a residual, in its uncertainties."""

SEVERAL = 10
"""Pictures from which each landmark has its own uncertainty."""

LEAST_UNCERTAINTY, LEAST_SHARE = 1e-3, 0.3
"""Of a landmark, in pixels, and as a share of the median landmark's."""


@dataclass(frozen=True, eq=False)
class Expected:
    """What is expected of shape and focal length, and how little the landmarks count against it.

    Attributes
    ----------
    shape : ndarray float64 [J, 3]
        Points in metres.
    shape_sd : float
        By how much a coordinate of a point differs from it, in metres.
    focal : float
        Pixels.
    focal_log_sd : float
        Standard deviation of log f.
    alike : float
        How many landmarks count as one, since neighbouring ones, and those of neighbouring pictures, err alike.
    """

    shape: Floats
    shape_sd: float
    focal: float
    focal_log_sd: float
    alike: float

    @property
    def information(self) -> Floats:
        """1 / variance of each coordinate, and of log f, [3 J + 1]."""
        own = np.full(self.shape.size + 1, self.shape_sd**-2)
        own[-1] = self.focal_log_sd**-2
        return own

    def off(self, estimate: "Estimate") -> Floats:
        """By how much an estimate differs [3 J + 1]."""
        return np.append((estimate.shape - self.shape).ravel(), np.log(estimate.cameras.focal / self.focal))


@dataclass(frozen=True, eq=False)
class Estimate:
    """Cameras of all pictures, and the shape [J, 3] in metres."""

    cameras: Cameras
    shape: Floats

    def moved(self, step: Step) -> "Estimate":
        """After a step."""
        old = self.cameras
        cameras = replace(
            old,
            rotations=turned_by(step.poses[:, :3]) @ old.rotations,
            translations=old.translations + step.poses[:, 3:],
            focal=old.focal * float(np.exp(np.clip(step.shared[-1], -1, 1))),
        )
        return Estimate(cameras, self.shape + step.shared[:-1].reshape(-1, 3))

    def residuals(self, seen: Floats) -> Floats:
        """Projections minus landmarks [N, J, 2] in pixels."""
        return self.cameras.project(self.shape) - seen


@dataclass(frozen=True, eq=False)
class Adjusted:
    """The estimate, the uncertainty of each landmark [J] in pixels, and the equations there."""

    estimate: Estimate
    uncertainties: Floats
    equations: NormalEquations

    @property
    def focal_log_sd(self) -> float:
        """Standard deviation of log f, from the derivatives at the estimate."""
        last = np.eye(len(self.equations.shared))[-1]
        return float(np.sqrt(np.linalg.solve(self.equations.left(), last)[-1]))


def adjusted(
    first: Estimate, seen: Floats, expected: Expected, stages: Sequence[tuple[float, float]] = STAGES
) -> Adjusted:
    """The best estimate for landmarks [N, J, 2] in pixels."""
    estimate = first
    for wider, gain in stages:
        uncertainties = wider * landmark_uncertainties(estimate.residuals(seen))
        estimate = _settled(estimate, seen, uncertainties, expected, gain)
    uncertainties = landmark_uncertainties(estimate.residuals(seen))
    return Adjusted(estimate, uncertainties, _equations(estimate, seen, uncertainties, expected))


def landmark_uncertainties(residuals: Floats) -> Floats:
    """Standard deviation of a coordinate of each landmark [J], in pixels, whatever a few residuals are.

    What is the same in all pictures is a matter of the shape, and not of the landmark's uncertainty.
    """
    if len(residuals) < SEVERAL:
        own = np.full(residuals.shape[1], np.median(np.linalg.norm(residuals, axis=2)) / RAYLEIGH)
    else:
        own = np.median(np.linalg.norm(residuals - np.median(residuals, axis=0), axis=2), axis=0) / RAYLEIGH
    return np.asarray(np.maximum(own, max(LEAST_UNCERTAINTY, LEAST_SHARE * float(np.median(own)))))


def _settled(estimate: Estimate, seen: Floats, uncertainties: Floats, expected: Expected, gain: float) -> Estimate:
    """After steps that gain more than this share."""
    cost, damping = _cost(estimate, seen, uncertainties, expected), 1e-8
    for _ in range(MOST_STEPS):
        equations = _equations(estimate, seen, uncertainties, expected)
        while damping < 1e8:
            tried = _tried(estimate, equations, damping)
            costs = np.inf if tried is None else _cost(tried, seen, uncertainties, expected)
            if tried is not None and costs <= cost:
                break
            damping *= 10
        else:
            return estimate
        gained, estimate, cost, damping = cost - costs, tried, costs, max(damping / 10, 1e-12)
        if gained <= gain * cost:
            break
    return estimate


def _tried(estimate: Estimate, equations: NormalEquations, damping: float) -> Estimate | None:
    """After a step; None where there is none that leaves the head before the camera."""
    try:
        moved = estimate.moved(equations.step(damping))
    except np.linalg.LinAlgError:
        return None
    return moved if bool((moved.cameras.before(moved.shape)[..., 2] < 0).all()) else None


def _lengths(residuals: Floats, uncertainties: Floats) -> Floats:
    """Squared residuals [N, J], in uncertainties and in those at which weights are halved."""
    return np.asarray((residuals**2).sum(axis=2) / (CAUCHY * uncertainties) ** 2)


def _cost(estimate: Estimate, seen: Floats, uncertainties: Floats, expected: Expected) -> float:
    lost = CAUCHY**2 * np.log1p(_lengths(estimate.residuals(seen), uncertainties)).sum() / expected.alike
    return float(lost + (expected.information * expected.off(estimate) ** 2).sum())


def _equations(estimate: Estimate, seen: Floats, uncertainties: Floats, expected: Expected) -> NormalEquations:
    slopes = estimate.cameras.slopes(estimate.shape)
    residuals = slopes.seen - seen
    weights = 1 / (uncertainties**2 * (1 + _lengths(residuals, uncertainties)) * expected.alike)
    return normal_equations(slopes, residuals, weights, expected.information, expected.off(estimate))
