"""Separable fits of many spectra at once: see ``marquardt`` for the method, ``lines`` for the model of XPS spectra."""
