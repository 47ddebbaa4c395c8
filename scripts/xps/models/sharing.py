"""Does what a model file says about its series make sense: is what acquisitions shall share there to be shared?"""

from collections.abc import Iterator

from xps.models.records import Component, FitModel, Series, SharedParameter, Span


def faults(model: FitModel) -> Iterator[str]:
    """Yield every fault of the series section; a component's number must be fitted to be shared."""
    if model.series.share == Series().share:
        return
    if model.series.fit == "independent":
        yield "series: share is given, but nothing is shared where every acquisition is fitted independently"
    names = [part.name for part in model.components]
    for shared in model.series.share:
        place = f"series: share {shared.parameter}"
        if shared.component is None:
            if not any(is_fitted(model, part, shared.parameter) for part in model.components):
                yield f"{place}: the model fits no such number"
        elif shared.component not in names:
            yield f"{place}: there is no component {shared.component!r}; components are {', '.join(sorted(names))}"
        elif not is_fitted(model, model.component(shared.component), shared.parameter):
            yield f"{place}: that of {shared.component!r} is given or tied, there is nothing to share"


def is_fitted(model: FitModel, part: Component, parameter: SharedParameter) -> bool:
    """Return whether a fit varies the parameter of a component (a Shirley factor: of any window)."""
    if parameter == "shirley_factor_per_ev":
        return any(window.background.type == "shirley" for window in model.windows)
    if parameter == "area_ratio":
        tie = model.tie(part.name, "area")
        return tie is not None and tie.soft
    spans: dict[str, tuple[Span | None, ...]] = {"position_ev": (part.position_ev,), "fwhm_ev": (part.fwhm_ev,)}
    return any(span is not None and not span.fixed for span in spans.get(parameter, part.shape.spans))
