"""Engine ``lmfit``: several starts, lmfit's Levenberg-Marquardt, and a last stretch by Fisher scoring.

lmfit's ``leastsq`` minimises the signed deviance residuals together with the pulls of the soft ties, so it reaches the
Poisson maximum likelihood. Its bounds are a change of variables whose derivative vanishes at the bound: a parameter
that belongs there is approached, never reached, and errors computed there are meaningless. Therefore the last stretch
is done by Fisher scoring with an active set: parameters whose gradient points out of bounds are put ON the bound and
held, the others converge until the Newton decrement is at rounding. The end point does not depend on the start.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving import likelihood
from xps.fitting.solving.problem import Evaluation, Problem, information

Array = NDArray[np.float64]

# lmfit only has to come near: the last stretch is not its own.
_TOLERANCE = 1e-6
_EVALUATIONS_PER_START = 40
_SCORING_STEPS = 60
# The Newton decrement is the squared distance to the optimum in units of the statistical error.
# Below the first value the objective's rounding hides progress: one last full step is taken on trust.
_DECREMENT_AIMED = 1e-9
_DECREMENT_ACCEPTED = 1e-6
# Objectives further apart than this are different minima (statistically the same, numerically not).
_SAME_MINIMUM = 1e-3
# Those further above the best than this (two standard errors) are no rivals of it.
_RIVAL = 4.0
_INSIDE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The best point: its evaluation, which θ are held at a bound, and how the search went."""

    at: Evaluation
    objective: float
    at_lower: NDArray[np.bool_]
    at_upper: NDArray[np.bool_]
    converged: bool
    evaluations: int
    starts: int
    distinct_minima: int
    message: str

    @property
    def at_bound(self) -> NDArray[np.bool_]:
        """Parameters at either bound."""
        return np.asarray(self.at_lower | self.at_upper)


def minimise(problem: Problem, start: Array, generator: np.random.Generator, starts: int) -> Optimum:
    """Return the best of ``starts`` minima: from ``start`` (θ), and from others drawn between it and the bounds."""
    found = [_from_start(problem, theta) for theta in _starting_points(problem, start, generator, starts)]
    evaluations = sum(count for _, count in found)
    ends = sorted((end for end, _ in found), key=lambda end: (not end.converged, end.objective))
    best = ends[0]
    minima = distinct_minima(np.array([end.objective for end in ends if end.converged]))
    return replace(
        best,
        evaluations=evaluations,
        starts=starts,
        distinct_minima=minima,
        message="converged" if best.converged else f"not converged: {best.message}",
    )


def distinct_minima(objectives: Array) -> int:
    """Return how many different minima lie within 4 of the lowest of these objectives; 0 where there is none."""
    rivals = np.sort(objectives[objectives < np.min(objectives, initial=np.inf) + _RIVAL])
    return int(np.sum(np.diff(rivals) > _SAME_MINIMUM)) + min(rivals.size, 1)


def _starting_points(problem: Problem, start: Array, generator: np.random.Generator, starts: int) -> list[Array]:
    """Return ``start`` and others with positions, widths and factors moved at random toward their bounds."""
    plan = problem.layout
    points = [start]
    for _ in range(starts - 1):
        share = generator.uniform(0.0, 0.6, start.size)
        up = generator.random(start.size) < 0.5
        far = np.where(up, plan.upper, plan.lower)
        far = np.where(np.isfinite(far), far, start)
        points.append(np.where(plan.linear, start, start + share * (far - start)))
    return [with_linear_start(problem, _inside(problem, point)) for point in points]


def _inside(problem: Problem, theta: Array) -> Array:
    """Return θ moved off its bounds, where lmfit's change of variables has no slope."""
    lower, upper = problem.layout.lower, problem.layout.upper
    room = np.where(np.isfinite(upper - lower), upper - lower, 1.0) * _INSIDE
    return np.clip(theta, lower + room, upper - room)


def with_linear_start(problem: Problem, theta: Array) -> Array:
    """Return θ with areas and baselines from non-negative least squares, weighted with √counts, at these profiles."""
    from scipy.optimize import nnls  # 0.3 s of import that only this engine needs

    linear = problem.layout.linear
    trial = np.where(linear, 1.0, theta)
    columns = problem.evaluate(trial).jacobian[:, linear]
    weights = 1.0 / np.sqrt(np.maximum(problem.counts, 1.0))
    design = columns * weights[:, None]
    scale = np.linalg.norm(design, axis=0)
    scale[scale == 0.0] = 1.0
    solution, _ = nnls(design / scale, problem.counts * weights)
    # An area of exactly 0 would stay there: start it at a tenth of the smallest visible one instead.
    trial[linear] = np.maximum(solution, 0.1) / scale
    return trial


def _from_start(problem: Problem, theta: Array) -> tuple[Optimum, int]:
    reached, calls, message = _with_lmfit(problem, theta)
    end = _score(problem, reached, message)
    return end, calls + end.evaluations


def _with_lmfit(problem: Problem, theta: Array) -> tuple[Array, int, str]:
    """Return where lmfit's ``leastsq`` ends, how often it evaluated the model, and what it said."""
    import lmfit  # takes 1.5 s, which no job of the other engine should pay

    plan = problem.layout
    names = [f"p{i}" for i in range(theta.size)]
    parameters = lmfit.Parameters()
    for name, value, low, high in zip(names, theta, plan.lower, plan.upper, strict=True):
        parameters.add(name, value=float(value), min=float(low), max=float(high))

    def at(current: lmfit.Parameters) -> Evaluation:
        return problem.evaluate(np.array([current[name].value for name in names]))

    def residuals(current: lmfit.Parameters) -> Array:
        here = at(current)
        return np.concatenate([likelihood.residuals(problem.likelihood, problem.counts, here.expected)[0], here.pulls])

    def slopes(current: lmfit.Parameters) -> Array:
        here = at(current)
        by_expected = likelihood.residuals(problem.likelihood, problem.counts, here.expected)[1]
        return np.vstack([by_expected[:, None] * here.jacobian, here.pull_slopes])

    fit = lmfit.Minimizer(residuals, parameters, scale_covar=False, calc_covar=False)
    result = fit.leastsq(Dfun=slopes, ftol=_TOLERANCE, xtol=_TOLERANCE, max_nfev=_EVALUATIONS_PER_START)
    reached = np.array([result.params[name].value for name in names])
    return np.clip(reached, plan.lower, plan.upper), int(result.nfev), " ".join(str(result.message).split())


def _score(problem: Problem, theta: Array, message: str) -> Optimum:
    """Return the optimum that Fisher scoring reaches from ``theta``, by way of L-BFGS-B where it does not settle.

    It does not where a component is nearly absent: there the expected information says little about the curvature.
    """
    end = _scored(problem, theta, message)
    if end.converged:
        return end
    theta, calls = _along_gradient(problem, end.at)
    again = _scored(problem, theta, message)
    return replace(again, evaluations=end.evaluations + calls + again.evaluations)


def _along_gradient(problem: Problem, at: Evaluation) -> tuple[Array, int]:
    """Return where L-BFGS-B ends from ``at`` and its evaluations; parameters in units of their conditional errors."""
    from scipy.optimize import Bounds, minimize

    diagonal = np.diag(information(at))
    unit = np.where(diagonal > 0.0, 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0)), 1.0)

    def function(scaled: Array) -> tuple[float, Array]:
        here = problem.evaluate(scaled * unit)
        return problem.objective(here), 2.0 * problem.gradient(here) * unit

    lower, upper = problem.layout.lower, problem.layout.upper
    bounds = Bounds(lower / unit, upper / unit)
    found = minimize(function, at.theta / unit, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15})
    return np.clip(np.asarray(found.x, dtype=np.float64) * unit, lower, upper), int(found.nfev)


def _scored(problem: Problem, theta: Array, message: str) -> Optimum:
    """Return where Fisher scoring with an active set ends."""
    lower, upper = problem.layout.lower, problem.layout.upper
    here = problem.evaluate(theta)
    objective = problem.objective(here)
    evaluations, decrement = 1, np.inf
    at_lower = at_upper = np.zeros(theta.size, dtype=bool)
    for _ in range(_SCORING_STEPS):
        slope, matrix = problem.gradient(here), information(here)
        # A parameter of an absent component is not at a bound, wherever it stands: nothing pushes it there.
        seen = np.diag(matrix) > 0.0
        at_lower = (here.theta <= lower) & (slope >= 0.0) & seen
        at_upper = (here.theta >= upper) & (slope <= 0.0) & seen
        step = _step_inside(problem, here, matrix, slope, ~(at_lower | at_upper))
        decrement = float(-slope @ step)
        if decrement < _DECREMENT_AIMED:
            here = problem.evaluate(np.clip(here.theta + step, lower, upper))
            break
        moved, tried = _line_search(problem, here, objective, step)
        evaluations += tried
        if moved is None:
            break
        here, objective = moved, problem.objective(moved)
    converged = bool(decrement < _DECREMENT_ACCEPTED and np.isfinite(objective))
    return Optimum(here, problem.objective(here), at_lower, at_upper, converged, evaluations, 1, 1, message)


def _step_inside(problem: Problem, here: Evaluation, matrix: Array, slope: Array, free: NDArray[np.bool_]) -> Array:
    """Return the Newton step of the free parameters that leaves no bound on which one of them stands.

    Where correlations push such a parameter outwards it waits while the others move; when these have arrived, it goes
    inwards alone, down its own slope.
    """
    step = _newton_step(matrix, slope, free)
    outwards = ((here.theta <= problem.layout.lower) & (step < 0)) | ((here.theta >= problem.layout.upper) & (step > 0))
    if not np.any(outwards):
        return step
    step = _newton_step(matrix, slope, free & ~outwards)
    if float(-slope @ step) < _DECREMENT_AIMED:
        return _newton_step(np.diag(np.diag(matrix)), slope, outwards)
    return step


def _newton_step(matrix: Array, slope: Array, free: NDArray[np.bool_]) -> Array:
    """Return −F⁻¹ g over the free parameters; one that the data do not see (no information) stays where it is."""
    seen = free & (np.diag(matrix) > 0.0)
    step = np.zeros_like(slope)
    if not np.any(seen):
        return step
    root = np.sqrt(np.diag(matrix)[seen])
    scaled = matrix[np.ix_(seen, seen)] / np.outer(root, root)
    step[seen] = -np.linalg.lstsq(scaled, slope[seen] / root, rcond=1e-13)[0] / root
    return step


def _line_search(problem: Problem, here: Evaluation, objective: float, step: Array) -> tuple[Evaluation | None, int]:
    """Return the first point along ``step``, halved until the objective falls, that stays within bounds."""
    lower, upper = problem.layout.lower, problem.layout.upper
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(step > 0, (upper - here.theta) / step, np.where(step < 0, (lower - here.theta) / step, np.inf))
    length = min(1.0, float(np.min(room)))
    stops = room <= length
    for tried in range(1, 40):
        theta = here.theta + length * step
        if tried == 1:
            theta = np.where(stops, np.where(step > 0, upper, lower), theta)
        there = problem.evaluate(np.clip(theta, lower, upper))
        if problem.objective(there) < objective:
            return there, tried
        length *= 0.5
    return None, tried
