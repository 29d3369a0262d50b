"""What a simulated camera sees: a street at night, plainly synthetic, with the clock burnt in.

Painted straight into the planes of YUV 4:2:0 (limited range, BT.601). The street is drawn once and
shared by all cameras; each frame is a moving window on it, with a few sprites and the text.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from sightline.ingest.camera import time_strip

WIDTH, HEIGHT = 1280, 720
STREET_WIDTH = 3200  # walked round and round: its ends meet
SWAY_PX = 24  # how far a walking wearer moves the picture up and down, at most

_TEXT_PX = 30
_INK = 235
_PAPER_SHARE = 0.35
_MARGIN = 20
_GROUND = 470  # row at which the houses stand

Plane = npt.NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]


@dataclass(frozen=True)
class Sprite:
    """Something that moves: luma, chroma and how much it covers (0–255), at even sizes."""

    planes: Planes
    mask: Plane
    chroma_mask: Plane


class Scene:
    """One camera's picture. `call_sign` and `camera` are burnt in; where the walk begins is theirs."""

    def __init__(self, call_sign: str, camera: str) -> None:
        self._street, self._car = street(), car()
        seed = zlib.crc32(camera.encode())
        self._begin = seed % STREET_WIDTH
        self._pace = 2.0 + seed % 7 / 5  # pixels a frame
        self._phase = seed % 100 / 100 * math.tau
        self._labels = _text(f"{call_sign}  {camera}"), _text("SIMULATED")
        self._second: tuple[int, Plane] | None = None
        self._frame = 0

    @property
    def is_fresh(self) -> bool:
        """It always is."""
        return True

    def paint(self, time_ms: float, width: int = WIDTH, height: int = HEIGHT) -> Planes:
        """The next frame, as it is at `time_ms` (milliseconds since 1970 UTC): Y, U and V.

        A smaller frame shows the same, all of it smaller but for the time strip: machines read that,
        and find it in the same pixels at any size. Sizes must be even, and the strip fit in.
        """
        n = self._frame
        self._frame += 1
        x = int(self._begin + n * self._pace) % STREET_WIDTH & ~1
        y = int(SWAY_PX / 2 + SWAY_PX / 2.2 * math.sin(n / 4.4 + self._phase)) & ~1
        planes = self._window(x, y)
        self._drive_past(planes, n, y)
        self._burn_in(planes[0], time_ms)
        if (width, height) != (WIDTH, HEIGHT):
            planes = _scaled(planes, width, height)
        time_strip.paint(planes[0], time_ms)
        return planes

    def _window(self, x: int, y: int) -> Planes:
        luma, u, v = self._street
        half_x, half_y = x // 2, y // 2
        return (
            luma[y : y + HEIGHT, x : x + WIDTH].copy(),
            u[half_y : half_y + HEIGHT // 2, half_x : half_x + WIDTH // 2].copy(),
            v[half_y : half_y + HEIGHT // 2, half_x : half_x + WIDTH // 2].copy(),
        )

    def _drive_past(self, planes: Planes, n: int, y: int) -> None:
        car_height, car_width = self._car.mask.shape
        way = WIDTH + 4 * car_width
        left = (way - int(n * 9 + self._begin) % way - 2 * car_width) & ~1
        _blend(planes, self._car, left, _GROUND + 70 - y - car_height // 2)

    def _burn_in(self, luma: Plane, time_ms: float) -> None:
        second, millisecond = divmod(int(time_ms), 1000)
        if self._second is None or self._second[0] != second:
            moment = dt.datetime.fromtimestamp(second, dt.UTC)
            self._second = second, _text(f"{moment:%Y-%m-%d %H:%M:%S}")
        clock = np.hstack([self._second[1], _text(f".{millisecond:03d} UTC")])
        identity, synthetic = self._labels
        bottom = HEIGHT - _MARGIN
        _print(luma, clock, bottom - 2 * clock.shape[0], _MARGIN)
        _print(luma, identity, bottom - identity.shape[0], _MARGIN)
        right = WIDTH - _MARGIN - synthetic.shape[1]
        _print(luma, synthetic, bottom - synthetic.shape[0], right)


def _blend(planes: Planes, sprite: Sprite, left: int, top: int) -> None:
    top &= ~1
    for plane, image, mask, scale in zip(
        planes,
        sprite.planes,
        (sprite.mask, sprite.chroma_mask, sprite.chroma_mask),
        (1, 2, 2),
        strict=True,
    ):
        height, width = mask.shape
        x0, y0 = left // scale, top // scale
        from_x, to_x = max(0, x0), min(plane.shape[1], x0 + width)
        from_y, to_y = max(0, y0), min(plane.shape[0], y0 + height)
        if from_x >= to_x or from_y >= to_y:
            continue
        part = np.s_[from_y - y0 : to_y - y0, from_x - x0 : to_x - x0]
        under = plane[from_y:to_y, from_x:to_x]
        difference = image[part].astype(np.int32) - under
        under[:] = under + (difference * mask[part] >> 8)


def _scaled(planes: Planes, width: int, height: int) -> Planes:
    luma, u, v = (
        np.array(Image.fromarray(plane).resize(size, Image.Resampling.BOX))
        for plane, size in zip(
            planes, ((width, height), *[(width // 2, height // 2)] * 2), strict=True
        )
    )
    return luma, u, v


def _print(luma: Plane, text: Plane, top: int, left: int) -> None:
    height, width = text.shape
    under = luma[top : top + height, left : left + width]
    np.maximum((under * np.float32(_PAPER_SHARE)).astype(np.uint8), text, out=under)


# --- drawn once ---------------------------------------------------------------------------------


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)  # comes with Pillow: no font of the system is needed
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType; the clock cannot be burnt in")
    return font


@functools.cache
def _glyph(character: str) -> Plane:
    """One character in a cell of its own; digits all equally wide, so that a clock stands still."""
    font = _font(_TEXT_PX)
    alike = "0123456789" if character.isdigit() else character
    width = max(math.ceil(font.getlength(c)) for c in alike)
    image = Image.new("L", (width, _TEXT_PX + 10), 0)
    at = (width - font.getlength(character)) / 2
    ImageDraw.Draw(image).text((at, 0), character, fill=_INK, font=font)
    return np.asarray(image)


def _text(text: str) -> Plane:
    return np.hstack([_glyph(character) for character in text])


def _planes(image: Image.Image) -> Planes:
    """RGB to YUV 4:2:0 in limited range; sizes must be even."""
    y, u, v = image.convert("YCbCr").split()
    half = (image.width // 2, image.height // 2)

    def chroma(plane: Image.Image) -> Plane:
        small = np.asarray(plane.resize(half, Image.Resampling.BOX), np.float32)
        return (128 + (small - 128) * 224 / 255).astype(np.uint8)

    luma = (16 + np.asarray(y, np.float32) * 219 / 255).astype(np.uint8)
    return luma, chroma(u), chroma(v)


@functools.cache
def street() -> Planes:
    """The street, one window wider than its length, so that every window is in one piece."""
    random = np.random.default_rng(4417)
    height = HEIGHT + SWAY_PX
    sky = np.linspace((8, 12, 26), (34, 36, 52), _GROUND)[:, None, :]
    road = np.linspace((30, 30, 34), (14, 14, 16), height - _GROUND)[:, None, :]
    base = np.vstack([sky, road]).repeat(STREET_WIDTH, axis=1)
    base += random.normal(0, 2.5, (height, STREET_WIDTH, 1))  # sensor noise and asphalt
    image = Image.fromarray(base.clip(0, 255).astype(np.uint8), "RGB")
    draw = ImageDraw.Draw(image)
    _draw_houses(draw, random)
    _draw_road(draw, height)
    image = _lit_by_lamps(image)
    image = _wet(image)
    whole = Image.new("RGB", (STREET_WIDTH + WIDTH, height))
    whole.paste(image, (0, 0))
    whole.paste(image.crop((0, 0, WIDTH, height)), (STREET_WIDTH, 0))
    return _planes(whole)


def _draw_houses(draw: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    left = 0
    while left < STREET_WIDTH:
        width = int(random.integers(90, 200))
        roof = int(random.integers(140, 300))
        shade = int(random.integers(26, 52))
        wall = (shade + 8, shade, shade - 6)
        right = min(left + width, STREET_WIDTH)
        draw.rectangle((left, roof, right, _GROUND), fill=wall)
        draw.polygon(
            [(left, roof), ((left + right) // 2, roof - 36), (right, roof)], fill=(20, 18, 20)
        )
        for top in range(roof + 22, _GROUND - 90, 62):
            for window in range(left + 16, right - 30, 46):
                lit = random.random() < 0.3
                glass = (214, 168, 84) if lit else (18, 22, 32)
                draw.rectangle((window, top, window + 24, top + 36), fill=glass)
                draw.line((window + 12, top, window + 12, top + 36), fill=(30, 26, 24), width=2)
        door = left + 14 + int(random.integers(0, max(1, right - left - 56)))
        colour = ((70, 24, 22), (22, 44, 66), (26, 52, 34))[int(random.integers(3))]
        draw.rectangle((door, _GROUND - 74, door + 34, _GROUND), fill=colour)
        left += width


def _draw_road(draw: ImageDraw.ImageDraw, height: int) -> None:
    draw.rectangle((0, _GROUND, STREET_WIDTH, _GROUND + 26), fill=(52, 50, 50))
    draw.line((0, _GROUND + 27, STREET_WIDTH, _GROUND + 27), fill=(78, 76, 74), width=3)
    for left in range(0, STREET_WIDTH, 200):
        draw.polygon(
            [(left, 606), (left + 96, 606), (left + 84, 618), (left - 14, 618)],
            fill=(150, 150, 142),
        )
    draw.line((0, height - 34, STREET_WIDTH, height - 34), fill=(120, 110, 40), width=6)


def _lit_by_lamps(image: Image.Image) -> Image.Image:
    light = Image.new("RGB", image.size)
    draw = ImageDraw.Draw(light)
    posts = ImageDraw.Draw(image)
    for x in range(200, STREET_WIDTH, 400):
        posts.rectangle((x - 4, 220, x + 4, _GROUND + 20), fill=(16, 16, 18))
        posts.rectangle((x - 4, 212, x + 46, 220), fill=(16, 16, 18))
        draw.ellipse((x - 20, 170, x + 110, 280), fill=(190, 120, 50))
        draw.polygon([(x + 45, 220), (x - 130, 640), (x + 220, 640)], fill=(46, 30, 12))
    glow = np.asarray(light.filter(ImageFilter.GaussianBlur(26)), np.uint16)
    lit = np.minimum(np.asarray(image, np.uint16) + glow, 255).astype(np.uint8)
    result = Image.fromarray(lit, "RGB")
    lamps = ImageDraw.Draw(result)
    for x in range(200, STREET_WIDTH, 400):
        lamps.ellipse((x + 28, 214, x + 62, 230), fill=(255, 226, 170))
    return result


def _wet(image: Image.Image) -> Image.Image:
    """Reflections of the houses and lamps on the road."""
    top, bottom = _GROUND + 30, image.height
    mirrored = image.crop((0, _GROUND - (bottom - top), image.width, _GROUND)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    mirrored = mirrored.filter(ImageFilter.GaussianBlur(7))
    road = image.crop((0, top, image.width, bottom))
    image.paste(Image.blend(road, mirrored, 0.28), (0, top))
    return image


@functools.cache
def car() -> Sprite:
    """A car that comes the other way, seen from its side, with its lights on."""
    width, height = 460, 190
    image = Image.new("RGB", (width, height))
    mask = Image.new("L", (width, height))
    body, cover = ImageDraw.Draw(image), ImageDraw.Draw(mask)
    outline = [
        (70, 104),
        (126, 96),
        (176, 52),
        (300, 52),
        (356, 98),
        (410, 108),
        (414, 152),
        (66, 152),
    ]
    body.polygon(outline, fill=(44, 48, 58))
    cover.polygon(outline, fill=255)
    body.polygon([(142, 96), (182, 60), (234, 60), (234, 96)], fill=(24, 28, 36))
    body.polygon([(244, 60), (294, 60), (336, 96), (244, 96)], fill=(24, 28, 36))
    for x in (136, 342):
        body.ellipse((x - 28, 128, x + 28, 182), fill=(12, 12, 12))
        cover.ellipse((x - 28, 128, x + 28, 182), fill=255)
        body.ellipse((x - 12, 143, x + 12, 167), fill=(86, 86, 90))
    beam, beam_cover = Image.new("RGB", image.size), Image.new("L", image.size)
    ImageDraw.Draw(beam).polygon([(74, 116), (0, 90), (0, 180), (74, 132)], fill=(255, 244, 210))
    ImageDraw.Draw(beam_cover).polygon([(74, 116), (34, 106), (34, 150), (74, 132)], fill=150)
    soft = beam_cover.filter(ImageFilter.GaussianBlur(11))
    image = Image.composite(image, beam, mask)
    lights = ImageDraw.Draw(image)
    lights.ellipse((62, 112, 82, 132), fill=(255, 250, 232))
    lights.rectangle((404, 114, 416, 128), fill=(190, 24, 18))
    whole = np.maximum(np.asarray(mask), np.asarray(soft))
    small = Image.fromarray(whole, "L").resize((width // 2, height // 2), Image.Resampling.BOX)
    return Sprite(_planes(image), whole, np.asarray(small))
