"""A medico-economic study framework for French observatories of medicines (OMEDIT).

The rooms, top to bottom: cli, runs, requests, report, risk | economics | usage, cohort,
sources, codes | referentials, tables | errors | project. A room uses what is below it.
"""

__version__ = "0.1.0"
