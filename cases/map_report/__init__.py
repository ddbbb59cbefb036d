"""The map report (地图报告): a map of Folium's and tables in one file that asks nobody, to keep, to hand on and to print.

It counts nothing itself: the figures are those of :mod:`cases.review` and of the map's layers.
"""

from cases.map_report.contents import PARAMETERS, gathered, read
from cases.map_report.page import written
from cases.map_report.spots import kept_only, worked_out

__all__ = ["PARAMETERS", "gathered", "kept_only", "read", "worked_out", "written"]
