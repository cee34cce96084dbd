"""The newsroom's pictures, drawn at start: a dusk and a tide, as small PNG files without any imaging library."""

import functools
import math
import random
import struct
import zlib
from collections.abc import Sequence

Colour = tuple[int, int, int]
Point = tuple[float, float]

_HORIZON = 330
_SKY: tuple[Colour, ...] = ((24, 32, 66), (62, 58, 104), (142, 88, 118), (226, 138, 108), (248, 190, 132))
_SEA: tuple[Colour, ...] = ((214, 150, 124), (120, 88, 116), (50, 52, 90), (22, 28, 56))
_SILHOUETTE: Colour = (26, 26, 46)
_LAMP: Colour = (255, 238, 176)


class Canvas:
    """A picture of `width` × `height` pixels in RGB, painted from back to front. Coordinates are in pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._rows = [bytearray(3 * width) for _ in range(height)]

    def gradient(self, top: int, bottom: int, stops: Sequence[Colour]) -> None:
        """Fill the rows from `top` to before `bottom` with colours that run evenly through `stops`."""
        for y in range(top, bottom):
            place = (y - top) / max(1, bottom - top - 1) * (len(stops) - 1)
            first = min(int(place), len(stops) - 2)
            self._rows[y][:] = bytes(_mix(stops[first], stops[first + 1], place - first)) * self.width

    def polygon(self, corners: Sequence[Point], colour: Colour, strength: float = 1.0) -> None:
        """Fill a polygon, scan line by scan line, even-odd."""
        top = max(0, math.floor(min(y for _, y in corners)))
        bottom = min(self.height, math.ceil(max(y for _, y in corners)))
        for row in range(top, bottom):
            crossings = sorted(_crossings(corners, row + 0.5))
            for left, right in zip(crossings[::2], crossings[1::2], strict=False):
                self.span(row, left, right, colour, strength)

    def disc(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Fill a circle."""
        for row in range(max(0, math.floor(y - radius)), min(self.height, math.ceil(y + radius))):
            reach = radius**2 - (row + 0.5 - y) ** 2
            if reach > 0:
                self.span(row, x - math.sqrt(reach), x + math.sqrt(reach), colour, strength)

    def span(self, row: int, left: float, right: float, colour: Colour, strength: float = 1.0) -> None:
        """Paint part of a row. Its ends cover their pixels in part; `strength` below 1 lets the ground shine."""
        left, right = max(0.0, left), min(float(self.width), right)
        if right <= left:
            return
        first, last = math.ceil(left), math.floor(right)
        if first > last:
            self._blend(row, last, colour, strength * (right - left))
            return
        self._blend(row, first - 1, colour, strength * (first - left))
        self._blend(row, last, colour, strength * (right - last))
        if strength >= 1:
            self._rows[row][3 * first : 3 * last] = bytes(colour) * (last - first)
            return
        for channel in range(3):
            pixels = slice(3 * first + channel, 3 * last + channel, 3)
            self._rows[row][pixels] = self._rows[row][pixels].translate(_glaze(colour[channel], strength))

    def png(self) -> bytes:
        """The picture as a PNG file."""
        header = struct.pack(">2I5B", self.width, self.height, 8, 2, 0, 0, 0)
        rows = b"".join(b"\0" + row for row in self._rows)  # each row starts with its filter: 0, none
        chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + chunks

    def _blend(self, row: int, x: int, colour: Colour, strength: float) -> None:
        if strength > 0 and 0 <= x < self.width:
            pixels = self._rows[row]
            for channel in range(3):
                under = pixels[3 * x + channel]
                pixels[3 * x + channel] = round(under + (colour[channel] - under) * min(strength, 1.0))


def harbour_at_dusk() -> bytes:
    """The harbour at dusk, 960 × 540: hills, a lighthouse on its breakwater, a barque on the horizon. A PNG."""
    canvas = Canvas(960, 540)
    canvas.gradient(0, _HORIZON, _SKY)
    _stars(canvas)
    for step in range(6):
        canvas.disc(560, 306, 150 - 22 * step, (255, 214, 160), 0.09)
    canvas.disc(560, 306, 30, (255, 236, 200))
    _hills(canvas)
    canvas.gradient(_HORIZON, 540, _SEA)
    _glitter(canvas)
    _barque(canvas, 770, _HORIZON + 8)
    _breakwater(canvas)
    _lighthouse(canvas, 214, 372)
    return canvas.png()


def tide_tonight() -> bytes:
    """A curve of the tide over twelve hours, 960 × 400, with a bright dot for the present. A PNG."""
    canvas = Canvas(960, 400)
    canvas.gradient(0, 400, [(245, 247, 250), (228, 236, 244)])
    for y in range(80, 400, 80):
        canvas.polygon([(0, y), (960, y), (960, y + 1.5), (0, y + 1.5)], (206, 216, 228))
    water = [(float(x), _tide(x)) for x in range(0, 961, 4)]
    canvas.polygon([(0.0, 400.0), *water, (960.0, 400.0)], (74, 134, 178))
    canvas.polygon([(0.0, 400.0), *((x, y + 6) for x, y in water), (960.0, 400.0)], (44, 98, 144))
    canvas.polygon([(599, _tide(600)), (601, _tide(600)), (601, 400), (599, 400)], (150, 190, 216))
    canvas.disc(600, _tide(600), 15, (255, 255, 255))
    canvas.disc(600, _tide(600), 10, (240, 148, 62))
    return canvas.png()


def _tide(x: float) -> float:
    return 210 - 120 * math.sin((x - 480) / 960 * 2 * math.pi)


def _stars(canvas: Canvas) -> None:
    rng = random.Random(5)  # the same sky every night
    for _ in range(60):
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, 150)
        canvas.disc(x, y, rng.uniform(0.8, 1.5), (226, 222, 240), round(0.85 - y / 220, 2))


def _hills(canvas: Canvas) -> None:
    for base, height, shade in ((16, 74, (134, 92, 124)), (0, 52, (92, 70, 106)), (-12, 34, (62, 54, 88))):
        ridge = [(float(x), _HORIZON - base - height * _ridge(x / 960 * 9 + height)) for x in range(0, 961, 6)]
        canvas.polygon([(0.0, _HORIZON), *ridge, (960.0, _HORIZON)], shade)


def _ridge(t: float) -> float:
    """The outline of a range of hills, 0 to 1."""
    return 0.5 + 0.28 * math.sin(t) + 0.14 * math.sin(2.3 * t + 1) + 0.08 * math.sin(5.1 * t)


def _glitter(canvas: Canvas) -> None:
    """The low sun on the water: strokes that grow wider, further apart and fainter towards the viewer."""
    for number in range(40):
        y = _HORIZON + 4 + int(number**1.32 * 1.5)
        if y + 2 >= canvas.height:
            break
        width = 10 + number * 2.1 + 9 * math.sin(number * 2.7)
        centre = 560 + 11 * math.sin(number * 1.9)
        for row in (y, y + 1):
            canvas.span(row, centre - width, centre + width, (255, 220, 170), round(0.6 - number * 0.0125, 3))


def _barque(canvas: Canvas, x: float, y: float) -> None:
    """A three-masted ship with her sails furled, afloat at (x, y)."""
    hull = [(-66, -13), (-58, -11), (52, -11), (66, -19), (56, 3), (-54, 3)]
    canvas.polygon([(x + dx, y + dy) for dx, dy in hull], _SILHOUETTE)
    canvas.polygon([(x + 62, y - 18), (x + 96, y - 32), (x + 96, y - 31), (x + 62, y - 14)], _SILHOUETTE)
    for mast, height in ((-38, 84), (-2, 104), (34, 92)):
        foot = x + mast
        canvas.polygon(
            [(foot - 1.6, y - 8), (foot - 0.5, y - height), (foot + 0.5, y - height), (foot + 1.6, y - 8)],
            _SILHOUETTE,
        )
        for part, reach in ((0.42, 21), (0.62, 17), (0.8, 12)):
            yard = y - height * part
            canvas.polygon(
                [
                    (foot - reach, yard),
                    (foot + reach, yard),
                    (foot + reach - 3, yard + 3),
                    (foot - reach + 3, yard + 3),
                ],
                _SILHOUETTE,
            )
    _stay(canvas, (x + 95, y - 32), (x + 34, y - 90))
    _stay(canvas, (x + 34, y - 90), (x - 2, y - 102))
    _stay(canvas, (x - 2, y - 102), (x - 38, y - 82))
    _stay(canvas, (x - 38, y - 82), (x - 64, y - 12))
    for lamp in (-50, 58):
        canvas.disc(x + lamp, y - 18, 5, _LAMP, 0.35)
        canvas.disc(x + lamp, y - 18, 2, _LAMP)
    for row in range(4, 34, 3):
        canvas.span(int(y) + row, x - 54 + row, x + 52 - row, _SILHOUETTE, 0.5 - row / 80)


def _stay(canvas: Canvas, start: Point, end: Point) -> None:
    canvas.polygon([start, end, (end[0] + 1.1, end[1] + 0.6), (start[0] + 1.1, start[1] + 0.6)], _SILHOUETTE, 0.8)


def _breakwater(canvas: Canvas) -> None:
    canvas.polygon([(0, 384), (200, 370), (268, 374), (316, 392), (340, 414), (0, 452)], (30, 30, 52))
    canvas.polygon([(0, 384), (200, 370), (268, 374), (300, 384), (196, 380), (0, 398)], (72, 62, 88))
    for row in range(416, 470, 4):
        canvas.span(row, 0, 330 - (row - 416) * 3, _SILHOUETTE, 0.4 - (row - 416) / 170)


def _lighthouse(canvas: Canvas, x: float, foot: float) -> None:
    """A lighthouse with four bands, its lamp lit and its beam over the sea."""
    lamp = foot - 186
    canvas.polygon([(x, lamp - 4), (960, lamp - 96), (960, lamp - 34), (x, lamp + 3)], _LAMP, 0.15)
    canvas.polygon([(x, lamp - 3), (0, lamp + 10), (0, lamp + 32), (x, lamp + 3)], _LAMP, 0.1)
    for band in range(4):
        low, high = band / 4, (band + 1) / 4
        shade = (188, 84, 84) if band % 2 else (224, 206, 206)
        _tower(canvas, x, foot, low, high, shade)
    canvas.polygon([(x - 17, lamp + 18), (x + 17, lamp + 18), (x + 15, lamp + 13), (x - 15, lamp + 13)], _SILHOUETTE)
    canvas.polygon([(x - 9, lamp + 13), (x + 9, lamp + 13), (x + 9, lamp - 9), (x - 9, lamp - 9)], (70, 60, 80))
    canvas.polygon([(x - 12, lamp - 9), (x + 12, lamp - 9), (x, lamp - 24)], _SILHOUETTE)
    for radius in (30, 20, 12):
        canvas.disc(x, lamp + 1, radius, _LAMP, 0.22)
    canvas.disc(x, lamp + 1, 6, (255, 250, 226))


def _tower(canvas: Canvas, x: float, foot: float, low: float, high: float, shade: Colour) -> None:
    """One band of the tower, from `low` to `high` of its height; its left side is in the dark."""
    bottom, top = foot - 168 * low, foot - 168 * high
    wide, narrow = 23 - 10 * low, 23 - 10 * high
    canvas.polygon([(x - wide, bottom), (x - narrow, top), (x + narrow, top), (x + wide, bottom)], shade)
    dusk = _mix(shade, _SILHOUETTE, 0.55)
    canvas.polygon([(x - wide, bottom), (x - narrow, top), (x - narrow * 0.1, top), (x - wide * 0.1, bottom)], dusk)


@functools.cache
def _glaze(level: int, strength: float) -> bytes:
    """What every level of a channel becomes under a translucent `level`: a table for `bytes.translate`."""
    return bytes(round(under + (level - under) * strength) for under in range(256))


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two: `share` of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _crossings(corners: Sequence[Point], y: float) -> list[float]:
    """Where the edges of a polygon cross the line at height `y`."""
    found = []
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 <= y) != (y2 <= y):
            found.append(x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return found


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
