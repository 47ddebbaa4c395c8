"""Tables as figures need them: rows of the figure's experiments, values of the series' axis, redrawn components."""
