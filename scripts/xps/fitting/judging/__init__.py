"""What an optimum means: errors, shares, verdicts, detection, intervals.

Rooms, from the ground up: ``uncertainty`` (errors, shares), ``verdicts`` (is an area a finding), ``lone_channels``
(dead, spiked), ``outcome`` (one result, success or not), ``absence`` and ``detection`` (is a component there),
``bootstrap`` and ``intervals`` (where the covariance is not to be trusted).
"""
