"""PHI .spe and .pro files: ``read`` turns their bytes into a Measurement, ``write`` does the reverse.

Use ``read(data, name)`` for whatever SmartSoft (VersaProbe II, III, 4, Quantera), Compass (Quantum 2000), XPS V1.4.4
(PHI 5000), PHI Auger and AugerScan wrote; the family is never asked for, the block table says where everything lies.
A file that contradicts itself is refused whole (RawFileError); what is readable but odd is told in
``Measurement.warnings``. ``check_size`` refuses what is too large to be one before it is loaded. The format, as found
in 38 real files of seven instrument families, 28 of them compared point by point with exports of the vendors' software
(VersaProbe III: none found; II and 4 share the layout read here):

Frame
    ``SOFH``, header lines ``Key: value``, ``EOFH``, each ended by CRLF or LF (both are legitimate); then the body.
    ``EOFH`` counts only as a whole line; blanks or empty lines around either are an editor's, and read with a warning.
    Header bytes are not ASCII (micro and Angstrom signs in Latin-1, comments in Shift-JIS): decoded as Latin-1,
    from which ``value.encode("latin-1")`` gives the bytes back. Keys repeat.

Body (little-endian; offsets count from its first byte)
    16 bytes: uint32 1, number of blocks n, 96 n, 16. Then n descriptors of 24 uint32:
    [0] block number (0 in AugerScan)     [3] region number, 0 for derived blocks
    [4] kind: 1 spectra, 8 sputter time, 2 net peak area of MultiPak (never read as data)
    [5] [6] [7] lengths of the axes, fastest first: (points, cycles, 1), for kinds 8 and 2 (cycles, regions, 1);
    [7] is 0 in AugerScan and means 1
    [8..13] labels of the axes, [14..17] unit, [18] type ``f4`` or ``f8`` (AugerScan writes ``u8`` for float64), all
    ended by NUL with rubbish behind it
    [19] bytes [20] offset of the data [21] partner block [23] Compass: offset of a float32 behind the data, the time
    per channel; else 0.     Unknown: [1], [2] (0 or 1), [22] (0).
    Blocks lie back to back and the last one ends with the file, which makes a truncation visible.

Header lines that are read
    ``SpectralRegDef: number f name Z points step start end a_start a_end time pass_energy label``, one line per region
    ACQUIRED; the name may hold blanks. ``SpectralRegDefFull`` lists the whole recipe and is never used. Energy is
    start + i step, NOT linspace(start, end): end is only within one step. MultiPak names the lower energy first when it
    saves an XPS spectrum, and keeps the falling step: channel 0 is then at the second. XPS axes are binding energies
    without work function or charge shift, AES axes kinetic energies. ``time`` is the total per channel and values are
    counts/time.
    ``SpectralRegDef2: number width sweeps 0 k p``; sweeps x ``SurvNumCycles`` = sweeps over the window.
    ``NoDPDataCyc``: cycles stored; ``DepthCalDef``: the plan, one line per layer (a quoted recipe name).
    ``XraySource: Al 1486.6 mono``; ``IntensityCalCoeff: a b`` (see Measurement.transmission); ``StagePosition: x y z
    tilt rotation``; ``FileDate: 2024 1 22``, ``24 01 25`` or ``117 5 15`` (= 2017). No line holds a time of day.

Not known: files with several spatial areas, line scans and maps (all refused); the names of SpectralRegDef2's last two
fields; why XPS V1.4.4 stores rates that are no whole numbers of counts (a warning says so).
"""

from xps.versaprobe.extents import Extent, extent
from xps.versaprobe.reader import check_size, read
from xps.versaprobe.writer import write

__all__ = ["Extent", "check_size", "extent", "read", "write"]
