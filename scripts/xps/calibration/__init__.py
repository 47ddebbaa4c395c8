"""Stage calibrate_energy: from recorded to calibrated binding energies, with the uncertainty of the step.

Modes of the experiment's ``energy_reference``
- ``fitted``: one line of each acquisition (usually adventitious C 1s; any other level and component will do) is fitted
  on the RECORDED axis with its own background and put at its assigned energy. Charging may move it by electronvolts,
  so the whole model is first shifted over ± 4 eV in steps, areas and baseline solved at each step; the likeliest place
  is then refined by the fit of the model, on the axis which that fit itself calibrates.
- ``fixed``: one given shift for everything. ``none``: recorded energies are kept. Nothing is measured in either, so
  their ``shift_stderr_ev`` and ``drift_stderr_ev`` are 0, which there means "not estimated", never "exact"; the fits
  then take constant positions as they are given.

A cycle without a usable reference (fresh lithium carries no carbon) gets a shift interpolated between its neighbours
and an uncertainty that grows with the distance to them. Adventitious carbon aligns with the vacuum level of the sample
(IUPAC Gold Book 09305: it "does not determine the true charging potential"): a common error of all energies of a cycle
remains, which no statistics shows.

When to use what: ``calibrate`` for tables in memory, ``calibrate_series`` for those of a series in files; of a long
series ``calibrate_block`` looks for the line in some acquisitions, and ``calibrate_series`` puts blocks together.
However a series is cut, the table is the same to the bit.

Rooms: ``reference`` (which line, in which region), ``search`` (where it lies), ``drift`` (cycles without it) and
``stage``.
"""

from xps.calibration.stage import calibrate, calibrate_block, calibrate_series

__all__ = ["calibrate", "calibrate_block", "calibrate_series"]
