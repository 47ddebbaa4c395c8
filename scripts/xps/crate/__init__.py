"""The run record for everyone: a Workflow Run RO-Crate of the Provenance Run Crate profile, version 0.5.

Use ``after_run`` when a run has ended: what its jobs left under ``results``/runs/<run> becomes a crate there, with
copies of the code and settings that ran; tables, figures and raw files stay where they are and are named by their
hashes. Use ``pack`` for an archive that holds them too, ready for Zenodo or WorkflowHub: the results as they stand,
whichever runs made them, and only if ``verify`` finds them whole.

Rooms: ``facts`` (what the jobs' entries and the artefacts' records say), ``graph`` (JSON-LD), ``description`` (facts as
entities of the profile), ``sources`` (the files of the workflow itself), ``packing`` (folders and archives).
"""

from xps.crate.packing import after_run, pack

__all__ = ["after_run", "pack"]
