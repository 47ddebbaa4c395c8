"""What made an artefact: code fingerprints, artefact records and atomic writes (standard library only).

A *fingerprint* answers "is this still the same code?": SHA-256 over a rule's script, every module of ours that it
imports (directly or not) and the runtime lock. Snakemake sees neither a changed import nor an upgraded package, so
every rule passes its fingerprint as a parameter and reruns when it changes.

A *record* answers "what made this?": rule, inputs with their hashes, parameter leaves, fingerprint, module hashes,
installed versions, data origin, and the records of all ancestors once each. It holds nothing that differs between two
honest runs (no clock, host, user, core count, absolute path), so equal inputs give equal bytes. A record that is read
is checked before anything in it is believed: it may come by mail.
"""

from xps.provenance.files import bytes_sha256, file_sha256, replacing, write_atomically
from xps.provenance.fingerprints import (
    LOCK_NAME,
    PROJECT_ROOT,
    closure,
    fingerprint,
    fingerprint_of,
    installed_versions,
)
from xps.provenance.records import RECORD_SUFFIX, Record, Source, leaves, record, write_with_record

__all__ = [
    "LOCK_NAME",
    "PROJECT_ROOT",
    "RECORD_SUFFIX",
    "Record",
    "Source",
    "bytes_sha256",
    "closure",
    "file_sha256",
    "fingerprint",
    "fingerprint_of",
    "installed_versions",
    "leaves",
    "record",
    "replacing",
    "write_atomically",
    "write_with_record",
]
