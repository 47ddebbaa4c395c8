"""The declaration of every table: which columns, of what kind, in which unit, meaning what.

This is the manual of the results folder; ``tables`` turns it into Arrow schemas and enforces it.
Kinds: ``text``, ``texts`` (a list), ``integer``, ``number``, ``flag``. A nullable column is empty where the thing is
unknown or does not apply, never zero. ``_stderr`` is one standard error.
"""

from typing import NamedTuple


class Column(NamedTuple):
    """One column of a table; ``unit`` is ``1`` for pure numbers and empty for texts and flags."""

    name: str
    kind: str
    unit: str
    meaning: str
    nullable: bool = False


def _optional(name: str, kind: str, unit: str, meaning: str) -> Column:
    return Column(name, kind, unit, meaning, nullable=True)


_EXPERIMENT = Column("experiment", "text", "", "name of the experiment file")
_MODEL = Column("model", "text", "", "name of the fit model")
_ACQUISITION = Column("acquisition", "integer", "1", "cycle of the series, chronological, from 0")
_REGION = Column(
    "region", "text", "", "measured window, named as in the raw file; a second one of that name ends in #2"
)
_CHANNEL = Column("channel", "integer", "1", "index of the point in its region, from 0, in the order of the file")
_BINDING_ENERGY = Column("binding_energy_ev", "number", "eV", "calibrated binding energy = recorded + shift")
_RECORDED = (_EXPERIMENT, _ACQUISITION, _REGION)
_FITTED = (_EXPERIMENT, _MODEL, _ACQUISITION, _REGION)

SCHEMAS: dict[str, tuple[Column, ...]] = {
    "acquisitions": (
        *_RECORDED,
        Column("core_levels", "texts", "", "core levels inside the window, from the experiment file"),
        Column("source_file", "text", "", "raw:<path under the raw root>"),
        Column("source_sha256", "text", "", "SHA-256 of the raw file's bytes"),
        Column("source_cycle", "integer", "1", "cycle inside the raw file, from 0 (0 in a .spe)"),
        _optional("started_at", "text", "", "start of the acquisition by the operator's log, ISO 8601"),
        _optional("ended_at", "text", "", "end of the acquisition by the operator's log, ISO 8601"),
        Column("start_time_s", "number", "s", "start of this region, counted from the start of the series"),
        Column("end_time_s", "number", "s", "end of this region, counted from the start of the series"),
        Column("time_origin", "text", "", "log: from the operator's log; computed: a lower bound from live times"),
        _optional("plating_time_s", "number", "s", "plating time before this acquisition, cumulated"),
        _optional("rest_time_s", "number", "s", "resting time before this acquisition, cumulated"),
        _optional("sputter_time_s", "number", "s", "sputtering time before this acquisition, cumulated"),
        _optional("plating_current_ua", "number", "µA", "plating current by the operator's log"),
        _optional("pressure_pa", "number", "Pa", "pressure by the operator's log"),
        _optional("photon_energy_ev", "number", "eV", "X-ray photon energy of the header"),
        _optional("pass_energy_ev", "number", "eV", "analyser pass energy"),
        _optional("step_ev", "number", "eV", "step of the recorded axis, signed as in the file"),
        _optional("time_per_channel_s", "number", "s", "total counting time of a channel over all sweeps"),
        _optional("sweeps", "integer", "1", "sweeps over the window"),
        Column("channels", "integer", "1", "points in the window"),
        _optional("transmission_a", "number", "1", "first IntensityCalCoeff; empty where the header has none"),
        _optional("transmission_b", "number", "1", "second IntensityCalCoeff; empty where the header has none"),
        _optional("work_function_ev", "number", "eV", "analyser work function of the header"),
        _optional("emission_angle_deg", "number", "deg", "emission angle from the surface normal"),
        _optional("source_analyser_angle_deg", "number", "deg", "angle between X-rays and analyser"),
        _optional("neutraliser_current_ua", "number", "µA", "neutraliser setting of the header during acquisition"),
        _optional("instrument", "text", "", "instrument model of the header"),
        _optional("software", "text", "", "acquisition software of the header"),
        Column("data_origin", "text", "", "measured or simulated"),
        Column("excluded", "flag", "", "left out of every later stage by the operator's log"),
        _optional("exclusion_reason", "text", "", "why it was excluded"),
        Column("warnings", "texts", "", "what the reader and the log check noticed"),
    ),
    "spectra": (
        *_RECORDED,
        _CHANNEL,
        Column("recorded_binding_energy_ev", "number", "eV", "binding energy as recorded, before calibration"),
        Column("intensity_cps", "number", "counts/s", "intensity as stored in the raw file"),
        Column("counts", "number", "1", "intensity × time per channel"),
    ),
    "calibration": (
        *_RECORDED,
        Column("reference", "text", "", "core level and component of the reference, or none"),
        _optional("reference_binding_energy_ev", "number", "eV", "energy assigned to the reference"),
        _optional("found_binding_energy_ev", "number", "eV", "recorded energy of the reference in this cycle"),
        _optional("found_stderr_ev", "number", "eV", "standard error of the recorded energy"),
        Column("shift_ev", "number", "eV", "reference − found; added to the recorded binding energy"),
        Column(
            "shift_stderr_ev",
            "number",
            "eV",
            "standard error of the shift, common to the cycle's regions; 0 = not estimated",
        ),
        Column("drift_stderr_ev", "number", "eV", "prior for drift between this region and the reference's"),
        Column("method", "text", "", "fitted, interpolated, fixed or none; the last two estimate no error"),
    ),
    "background": (
        *_FITTED,
        _CHANNEL,
        _BINDING_ENERGY,
        Column("counts", "number", "1", "counts of the channel, never background-subtracted"),
        Column("time_per_channel_s", "number", "s", "total counting time of a channel over all sweeps"),
        _optional("static_background_cps", "number", "counts/s", "background estimated from the data alone"),
    ),
    "components": (
        *_FITTED,
        Column("component", "text", "", "name of the component in its model"),
        Column("core_level", "text", "", "core level it belongs to"),
        Column("species", "text", "", "chemical species, or loss"),
        Column("line", "text", "", "line whose energy the position is"),
        _optional("detected", "flag", "", "area above its critical level and above 1.645 of its standard errors"),
        _optional("position_ev", "number", "eV", "position parameter; of a doublet its j = l + 1/2 line"),
        _optional("position_stderr_ev", "number", "eV", "standard error of the position, without the shift's"),
        _optional("maximum_ev", "number", "eV", "energy of the profile's maximum"),
        _optional("fwhm_ev", "number", "eV", "full width at half maximum of one line"),
        _optional("fwhm_stderr_ev", "number", "eV", "standard error of the width"),
        _optional("area_cps_ev", "number", "counts/s·eV", "area of the component, both lines of a doublet"),
        _optional("area_stderr_cps_ev", "number", "counts/s·eV", "statistical standard error of the area"),
        _optional("area_low_cps_ev", "number", "counts/s·eV", "lower end of the 95 % interval"),
        _optional("area_high_cps_ev", "number", "counts/s·eV", "upper end of the 95 % interval"),
        _optional("area_systematic_stderr_cps_ev", "number", "counts/s·eV", "spread over declared alternatives"),
        _optional("area_fraction", "number", "1", "share among the species of the same core level"),
        _optional("area_fraction_stderr", "number", "1", "standard error of the share, correlations included"),
        _optional("critical_level_cps_ev", "number", "counts/s·eV", "area above which it counts as detected"),
        _optional("detection_limit_cps_ev", "number", "counts/s·eV", "true area that would be detected"),
        _optional(
            "upper_limit_95_cps_ev",
            "number",
            "counts/s·eV",
            "95 % upper limit of the area; if not detected at least the critical level",
        ),
        _optional("verdict", "text", "", "identified, conditional or not_identified"),
        _optional("condition", "text", "", "the tie or prior that carries the result"),
    ),
    "parameters": (
        *_FITTED,
        _optional("component", "text", "", "component, empty for the region's own parameters"),
        Column("parameter", "text", "", "name of the parameter with its unit"),
        _optional("value", "number", "", "fitted or fixed value, in the unit its name says"),
        _optional("stderr", "number", "", "standard error; empty where fixed or at a bound"),
        _optional("low", "number", "", "lower end of the 95 % interval"),
        _optional("high", "number", "", "upper end of the 95 % interval"),
        _optional("lower_bound", "number", "", "lower bound of the search"),
        _optional("upper_bound", "number", "", "upper bound of the search"),
        Column("status", "text", "", "free, fixed, shared, exact_tie, soft_tie or nuisance"),
        _optional("tied_to", "text", "", "component whose parameter it follows"),
        _optional("pull", "number", "1", "(value − tie) / stderr of a soft tie or prior"),
        Column("at_bound", "flag", "", "the value lies at a bound of the search"),
    ),
    "fits": (
        *_FITTED,
        Column("success", "flag", "", "the fit converged and its numbers may be used"),
        Column("message", "text", "", "what the minimiser said, bounds hit, poor fit; or why there is no result"),
        Column("engine", "text", "", "which engine minimised"),
        Column("likelihood", "text", "", "what was minimised"),
        _optional("evaluations", "integer", "1", "evaluations of the model over all starts"),
        _optional("starts", "integer", "1", "starting points tried"),
        _optional("distinct_minima", "integer", "1", "different minima found from them"),
        _optional("points", "integer", "1", "channels in the fit, all its regions"),
        _optional("varied", "integer", "1", "parameters varied in the fit"),
        _optional("deviance", "number", "1", "Poisson deviance of the fit, all its regions"),
        _optional("chi_square", "number", "1", "sum of (counts − model)² / model, all regions, soft ties not included"),
        _optional("reduced_chi_square", "number", "1", "(chi square + pulls²) / (points + soft ties − varied)"),
        _optional("p_value", "number", "1", "chance of a larger chi square + pulls² if the model is right"),
        _optional("durbin_watson", "number", "1", "of this region's residuals; 2 means uncorrelated"),
        _optional("largest_residual_sigma", "number", "1", "largest |residual| of this region in standard deviations"),
        _optional("aicc", "number", "1", "corrected Akaike criterion: deviance + pulls², points + soft ties"),
        _optional("bic", "number", "1", "Bayesian criterion: deviance + pulls², points + soft ties"),
        _optional("condition_number", "number", "1", "of the scaled information matrix"),
        Column("bounds_hit", "texts", "", "parameters that ended at a bound"),
        Column("background", "text", "", "type of the background fitted with the peaks"),
        _optional("background_low_ev", "number", "eV", "lower end of the background's range"),
        _optional("background_high_ev", "number", "eV", "upper end of the background's range"),
        _optional("background_low_cps", "number", "counts/s", "fitted background at the lower end"),
        _optional("background_high_cps", "number", "counts/s", "fitted background at the upper end"),
    ),
    "correlations": (
        *_FITTED,
        Column("pair", "text", "", "two parameters of the fit, component.parameter ~ component.parameter"),
        Column("correlation", "number", "1", "their correlation coefficient; listed above 0.95 in magnitude"),
    ),
    "curves": (
        *_FITTED,
        _CHANNEL,
        _BINDING_ENERGY,
        Column("data_cps", "number", "counts/s", "measured intensity"),
        _optional("envelope_cps", "number", "counts/s", "fitted model; empty where the fit failed"),
        _optional("background_cps", "number", "counts/s", "fitted background"),
        _optional("residual_sigma", "number", "1", "(counts − model) / √model"),
    ),
    "kinetics": (
        _EXPERIMENT,
        _optional("model", "text", "", "fit model the quantity comes from"),
        _optional("core_level", "text", "", "core level of the component"),
        _optional("component", "text", "", "component the quantity belongs to"),
        Column("quantity", "text", "", "column that is followed, such as area_cps_ev"),
        Column("law", "text", "", "rate law"),
        Column("parameter", "text", "", "parameter of the law; empty in a row that only gives a verdict"),
        _optional("value", "number", "", "fitted value, in the row's unit"),
        _optional("stderr", "number", "", "standard error"),
        _optional("low", "number", "", "lower end of the 95 % interval"),
        _optional("high", "number", "", "upper end of the 95 % interval"),
        Column("unit", "text", "", "unit of value, stderr, low and high"),
        Column("window", "text", "", "axis and range of the points used"),
        _optional("aicc", "number", "1", "corrected Akaike criterion of the law"),
        _optional("bic", "number", "1", "Bayesian criterion of the law"),
        Column("chosen", "text", "", "yes, no or undecided (gap in BIC below 6)"),
        Column("verdict", "text", "", "tested, or why not"),
        _optional("condition", "text", "", "assumption that carries the result"),
    ),
}
