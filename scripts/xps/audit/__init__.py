"""The auditor's five answers, from the records that artefacts carry.

    trace      what made this?                       the file alone is enough
    verify     is anything changed since?            the file, the project, the run records
    reproduce  does it come out again?               the project; makes it anew from raw in an empty folder
    diff       why do these two differ?              two figures or two results folders
    impact     what hangs on this?                   a raw file, a setting or a module

What each answer proves and what it cannot stands in docs/provenance.md. Records are data from anywhere: their shape is
checked, their paths may not leave their roots, nothing in them is ever executed.
"""
