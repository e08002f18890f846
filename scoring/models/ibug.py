"""The 68 points of iBUG 300-W on the face mesh of MediaPipe.

The lips (iBUG 48..67) follow the mesh's own lip contours and agree with a 68-point detector within 3 % of the
outer-eye distance over 44 photographs, about as closely as two such detectors agree with each other. The other 48
points are *our choice of the nearest vertices*, checked by eye: the mesh has no iBUG annotation. Scores use the lips
only; the rest is for programs that need all 68.

"Left" and "right" are the picture's, as in iBUG: point 0 is on the left of an unmirrored picture, at the subject's
right ear.

References
----------
Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV Workshops 2013 (the order of the points).
MediaPipe, ``face_model_with_iris.obj`` (the 478 vertices).
"""

JAW: tuple[int, ...] = (127, 234, 132, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 361, 454, 356)
"""iBUG 0..16, left ear to chin (8) to right ear, along the face oval."""

LEFT_BROW: tuple[int, ...] = (70, 63, 105, 66, 107)
"""iBUG 17..21, outer to inner end, along the upper edge."""

RIGHT_BROW: tuple[int, ...] = (336, 296, 334, 293, 300)
"""iBUG 22..26, inner to outer end, along the upper edge."""

NOSE_BRIDGE: tuple[int, ...] = (168, 197, 5, 1)
"""iBUG 27..30, between the eyes to the tip."""

NOSE_BASE: tuple[int, ...] = (98, 97, 2, 326, 327)
"""iBUG 31..35, left to right below the nostrils."""

LEFT_EYE: tuple[int, ...] = (33, 160, 158, 133, 153, 144)
"""iBUG 36..41, outer corner, upper lid, inner corner, lower lid."""

RIGHT_EYE: tuple[int, ...] = (362, 385, 387, 263, 373, 380)
"""iBUG 42..47, inner corner, upper lid, outer corner, lower lid."""

OUTER_LIPS: tuple[int, ...] = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)
"""iBUG 48..59, left corner, upper lip, right corner (54), lower lip."""

INNER_LIPS: tuple[int, ...] = (78, 82, 13, 312, 308, 317, 14, 87)
"""iBUG 60..67, left corner, upper lip, right corner (64), lower lip."""

LIPS: tuple[int, ...] = OUTER_LIPS + INNER_LIPS
"""iBUG 48..67: the 20 points that motion complexity is computed from."""

IBUG_68: tuple[int, ...] = JAW + LEFT_BROW + RIGHT_BROW + NOSE_BRIDGE + NOSE_BASE + LEFT_EYE + RIGHT_EYE + LIPS
"""Mesh vertex of each iBUG point, in iBUG order."""

LIP_POINTS = slice(48, 68)
"""Indices of the lips among the 68."""

MESH_VERTICES = 478
"""Vertices of the mesh: 468 of the face and 10 of the irises."""

# fmt: off
BLENDSHAPE_POINTS: tuple[int, ...] = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249,
    251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314,
    317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382,
    384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473,
    474, 475, 476, 477,
)
# fmt: on
"""What the blendshape network of ``face_landmarker.task`` is given of the mesh, in its order: x and y in pixels."""
