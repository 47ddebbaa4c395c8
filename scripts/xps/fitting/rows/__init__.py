"""From outcomes to rows of tables.

Rooms: ``fits`` (fits, components, parameters, curves), ``covariances`` (and correlations), ``profiles`` and
``alternatives``.
"""
