"""Separable fits of many spectra at once: methods in ``projection`` and ``marquardt``, XPS spectra in ``lines``."""
