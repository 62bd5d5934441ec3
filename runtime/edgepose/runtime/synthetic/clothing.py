"""What a person wears, and the colours of cloth, skin, hair and shoes."""

import colorsys
from dataclasses import dataclass

import numpy as np

from edgepose.runtime.arrays import Array

_SKIN_RGB = (
    np.array(
        [[255, 224, 200], [241, 194, 166], [224, 172, 136], [198, 134, 98], [150, 100, 70], [108, 68, 48], [70, 45, 35]]
    )
    / 255.0
)
_HAIR_RGB = (
    np.array(
        [
            [25, 20, 18],
            [45, 32, 25],
            [75, 50, 32],
            [115, 80, 45],
            [190, 150, 90],
            [215, 190, 140],
            [150, 70, 35],
            [165, 165, 165],
        ]
    )
    / 255.0
)
HAIR_STYLES = ("bald", "short", "short", "short", "bob", "long", "long", "bun", "ponytail", "cap", "beanie", "helmet")
PATTERNS = ("plain", "plain", "plain", "hoops", "stripes", "checks", "blobs", "fade", "logo", "halves")


@dataclass(frozen=True)
class Pattern:
    """A colour for every point of a garment: one of `PATTERNS` in two colours (2, 3), `scale` waves a metre."""

    kind: str
    rgb: Array
    scale: float = 12.0
    phase: Array | tuple[float, ...] = (0.0, 0.0, 0.0)

    def at(self, points: Array) -> Array:
        """Return the colours (..., 3) at points (..., 3) of the rest pose."""
        if self.kind == "plain":
            return np.broadcast_to(self.rgb[0], points.shape)
        return self.rgb[0] + self._share(points)[..., None] * (self.rgb[1] - self.rgb[0])  # type: ignore[no-any-return]

    def _share(self, points: Array) -> Array:
        x, y, z = np.moveaxis(points * self.scale + np.asarray(self.phase), -1, 0)
        match self.kind:
            case "hoops":
                share = np.sin(2 * np.pi * y) > 0.2
            case "stripes":
                share = np.sin(2 * np.pi * x) > 0.2
            case "checks":
                share = 0.5 * (np.sin(2 * np.pi * x) > 0) + 0.5 * (np.sin(2 * np.pi * y) > 0)
            case "blobs":
                share = np.sin(3 * x + 2 * np.sin(2 * y)) + np.sin(3 * y + 2 * np.sin(2.5 * z + x)) > 0.4
            case "fade":
                share = 0.5 + 0.5 * np.sin(0.25 * y)
            case "logo":
                middle = points - np.asarray(self.phase) * 0.05
                share = (np.abs(middle[..., 0]) < 0.09) & (points[..., 2] > 0.02) & (np.sin(0.45 * y) > 0.72)
            case "halves":
                share = points[..., 0] > 0
            case _:
                share = np.zeros(points.shape[:-1])
        return np.asarray(share, np.float64)


@dataclass(frozen=True)
class Outfit:
    """Clothes and looks of one person.

    `sleeve` and `trouser` say how far cloth reaches: 0 none, 1 to the elbow or knee, 2 to the wrist or ankle.
    `skirt` is the share of the leg that one covers. Looseness is the cloth's girth over the body's.
    """

    skin_rgb: Array
    hair_rgb: Array
    shoe_rgb: Array
    hat_rgb: Array
    top: Pattern
    bottom: Pattern
    hair: str
    sleeve: float
    trouser: float
    skirt: float
    top_loose: float
    bottom_loose: float
    bare_torso: bool
    barefoot: bool
    gloves: bool
    open_jacket: bool
    inner_rgb: Array
    waist: float
    folds: float
    beard: bool
    fold_phase: float


def random_rgb(rng: np.random.Generator) -> Array:
    """Draw the colour of a cloth or a thing: often grey, dark or white, else any hue."""
    if rng.random() < 0.35:
        grey: Array = rng.choice([0.06, 0.15, 0.4, 0.75, 0.93]) + rng.normal(0.0, 0.04, 3)
        return np.clip(grey, 0.02, 1.0)
    hue, saturation, value = rng.random(), rng.beta(2.5, 2.0), rng.uniform(0.2, 1.0)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value))


def random_skin_rgb(rng: np.random.Generator) -> Array:
    """Draw a skin colour from fair to dark."""
    return _between(_SKIN_RGB, rng, float(rng.beta(1.0, 1.25)))


def sample_pattern(rng: np.random.Generator) -> Pattern:
    """Draw a cloth."""
    rgb = np.stack([random_rgb(rng), random_rgb(rng)])
    return Pattern(str(rng.choice(PATTERNS)), rgb, float(rng.uniform(5.0, 14.0)), rng.uniform(-3.0, 3.0, 3))


def sample_outfit(rng: np.random.Generator, masculine: float) -> Outfit:
    """Draw clothes: shirts, jackets, dresses, skirts, shorts, trousers, sportswear, swimwear."""
    skin = random_skin_rgb(rng)
    top, bottom = sample_pattern(rng), sample_pattern(rng)
    if rng.random() < 0.18:  # a suit, a dress, an overall
        bottom = top
    elif rng.random() < 0.5:
        bottom = Pattern("plain", bottom.rgb)
    skirt = float(rng.uniform(0.2, 0.85)) if rng.random() < 0.32 * (1.2 - masculine) else 0.0
    trouser = float(rng.choice([0.15, 0.45, 0.8, 1.2, 1.95, 1.95, 1.95, 1.95])) if not skirt else 0.15
    sleeve = float(rng.choice([0.0, 0.15, 0.5, 0.75, 1.0, 1.4, 1.95, 1.95, 1.95]))
    return Outfit(
        skin_rgb=skin,
        hair_rgb=_between(_HAIR_RGB, rng, float(rng.random())),
        shoe_rgb=random_rgb(rng),
        hat_rgb=random_rgb(rng),
        top=top,
        bottom=bottom,
        hair=str(rng.choice(HAIR_STYLES)),
        sleeve=sleeve,
        trouser=trouser,
        skirt=skirt,
        top_loose=float(rng.uniform(1.02, 1.28)),
        bottom_loose=float(rng.uniform(1.03, 1.35)),
        bare_torso=bool(rng.random() < 0.1 * masculine),
        barefoot=bool(rng.random() < 0.1),
        gloves=bool(rng.random() < 0.06),
        open_jacket=bool(sleeve > 1.5 and rng.random() < 0.4),
        inner_rgb=random_rgb(rng),
        waist=float(rng.uniform(-0.35, 0.45)),
        folds=float(rng.uniform(0.01, 0.05)),
        beard=bool(masculine > 0.5 and rng.random() < 0.35),
        fold_phase=float(rng.uniform(0.0, 6.3)),
    )


def _between(colours: Array, rng: np.random.Generator, share: float) -> Array:
    place = share * (len(colours) - 1.0)
    low = int(place)
    mixed = colours[low] + (place - low) * (colours[min(low + 1, len(colours) - 1)] - colours[low])
    return np.clip(mixed * rng.uniform(0.92, 1.06) + rng.normal(0.0, 0.012, 3), 0.02, 1.0)  # type: ignore[no-any-return]
