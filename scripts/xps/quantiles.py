"""The numbers behind "95 %": one place for what intervals, limits and tests are drawn with.

Of a normal distribution, in standard deviations; and of its square (χ² with one degree of freedom), by which -2 ln L of
one parameter rises at the ends of an interval (S. S. Wilks, Ann. Math. Stat. 9 (1938) 60).
"""

TWO_SIDED_95 = 1.959963984540054
"""Half the width of an interval: exceeded to either side in 5 % of cases."""
ONE_SIDED_95 = 1.6448536269514722
"""A limit: exceeded in 5 % of cases."""
RISE_TWO_SIDED_95 = 3.841458820694124
RISE_ONE_SIDED_95 = 2.705543454095404
