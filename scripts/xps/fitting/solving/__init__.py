"""The best fit: a model's numbers, the function of them, the two engines that minimise it.

Rooms, from the ground up: ``layout`` (parameters and ties), ``likelihood`` (of counts), ``problem`` (the model as a
function), ``minimiser`` (engine lmfit), ``batch`` (engine separable), ``search`` (its starts), ``joint`` (what a series
shares), ``trial_shifts`` (a model at many places). Nothing here knows what a fit means.
"""
