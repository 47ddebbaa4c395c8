"""What an optimum is worth beyond the covariance of its fit.

When to use what
- ``covariance``: inverse information of many fits at once; undetermined numbers are NaN.
- ``profiles`` where counts are low or an area is at or near its bound 0: asymmetric intervals that cover there too.
- ``detection`` to ask whether a line is there: in one spectrum, searched or not, or anywhere in a series.
- ``identifiability`` before saying that an area is a finding: it may hang on a tie, or on nothing at all.
"""
