"""Reanalysis of in-situ XPS series: PHI raw files to calibrated, fitted, traceable tables and figures."""
