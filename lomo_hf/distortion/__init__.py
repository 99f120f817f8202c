"""A(I): what happens to a page before it is seen. Rotation, blur, shadow or stain, wave - or nothing.

A distortion is drawn (`draw_distortion`) without sight of the page, applied (`distort`) without chance, and kept as a
record that gives the same pixels again. `operations` lists what there is.
"""

from lomo_hf.distortion.applying import distort, distort_pages
from lomo_hf.distortion.drawing import Distortion, DistortionDrawer, check_settings, draw_distortion
from lomo_hf.distortion.parameters import RISING, STRENGTHS
from lomo_hf.distortion.registry import GROUPS, OPERATIONS, WEIGHED, Operation, operations

__all__ = [
    "GROUPS",
    "OPERATIONS",
    "RISING",
    "STRENGTHS",
    "WEIGHED",
    "Distortion",
    "DistortionDrawer",
    "Operation",
    "check_settings",
    "distort",
    "distort_pages",
    "draw_distortion",
    "operations",
]
