"""Paint what lies behind the object: sky, skyline, ground and water, each as a place's entry has it."""

from __future__ import annotations

import numpy as np

from tools.studio.canvas import FAR, GROUND, SMALL, WATER, Canvas
from tools.studio.geometry import ridge, smooth_noise
from tools.studio.places import Place


def background(
    place: Place,
    rng: np.random.Generator,
    direction: np.ndarray,
    origin: np.ndarray,
    empty_side: float,
) -> tuple[Canvas, np.ndarray, np.ndarray]:
    """Paint a place.

    Args:
        place: Which.
        rng: The scene's chance.
        direction: (S, S, 3) of the camera's rays.
        origin: (3,) the camera.
        empty_side: -1 or 1, where small things go.

    Returns:
        The canvas, and the buffers `haze` and `texture`, (S, S).
    """
    size = len(direction)
    down, t_ground, ground = ground_of(direction, origin)
    row = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    column = np.linspace(0, 1, size, dtype=np.float32)[None, :]
    horizon = float(np.argmax(down[:, 0])) / size
    top, low = np.array(place.sky_top), np.array(place.sky_low)
    t = np.clip(row / max(horizon, 1e-3), 0, 1)[..., None] ** 1.3
    albedo = np.broadcast_to(top + (low - top) * t, (size, size, 3)).astype(np.float32).copy()
    noise = 0.65 * smooth_noise(rng, 6, size) + 0.35 * smooth_noise(rng, 13, size)
    cover = np.clip((noise - (0.78 - 0.33 * place.cloud * rng.uniform(0.7, 1.1))) * 7.0, 0, 1)
    clouds = np.where(row < horizon * 0.9, cover, 0) * (place.cloud > 0)
    layer, nowhere = np.zeros((size, size), np.int16), np.zeros((size, size), bool)
    glow = np.zeros((size, size), np.float32)
    canvas = Canvas(rng, empty_side, row, column, horizon, down, ground, albedo, layer, clouds, glow, nowhere)

    for paint in place.sky:
        paint(canvas)
    if place.tall:
        _hills(canvas, place)
    for paint in place.behind:
        paint(canvas)
    shore = place.water.shore(canvas) if place.water else None

    far = np.clip(t_ground / 22.0, 0, 1) ** 0.8
    near_colour, far_colour = np.array(place.ground), np.array(place.ground_far)
    ground_colour = near_colour + (far_colour - near_colour) * np.clip(far * 1.6, 0, 1)[..., None]
    albedo[down] = ground_colour[down]
    layer[down] = GROUND
    patches = smooth_noise(rng, 9, 128)
    gx = (ground[..., 0] * 9 + 64).astype(int) % 128
    gz = (ground[..., 2] * 9 + 64).astype(int) % 128
    texture = np.where(down, (patches[gx, gz] - 0.5) * 2 * np.clip(1.4 - far * 2, 0, 1), 0)
    if place.roll is not None:
        wave = 0.5 * np.sin(ground[..., 0] * 0.9 + rng.uniform(0, 6)) + np.sin(ground[..., 2] * 1.3 + rng.uniform(0, 6))
        albedo[down & (wave > 0.55)] *= place.roll
    sea = nowhere
    if place.water and shore is not None:
        sea = down & (row < shore)
        t = np.clip((row - horizon) / 0.10, 0, 1)[..., None]
        deep, shallow = np.array(place.water.deep), np.array(place.water.shallow)
        albedo[sea] = np.broadcast_to(deep + (shallow - deep) * t, albedo.shape)[sea]
        layer[sea] = WATER
        foam = down & ~sea & (row < shore + 0.014)
        albedo[foam] = place.water.foam
        layer[foam] = SMALL
        texture = np.where(sea, 0, texture)
    haze = np.where(down, far, np.where(layer == FAR, 0.6, 0.0)) * place.haze
    haze = np.where(sea, haze * 0.4, haze)
    for paint in place.near:
        paint(canvas)
    return canvas, haze, texture


def ground_of(direction: np.ndarray, origin: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which rays meet the ground, (S, S) bool, after what way, and where, (S, S, 3)."""
    down = direction[..., 1] < -1e-4
    t = np.where(down, -origin[1] / np.minimum(direction[..., 1], -1e-4), np.inf).astype(np.float32)
    return down, t, origin + direction * np.where(down, t, 0)[..., None]


def _hills(canvas: Canvas, place: Place) -> None:
    row, low = canvas.row, np.array(place.sky_low)
    skyline = canvas.horizon - place.tall * ridge(canvas.rng, canvas.column[0], place.jagged)
    hills = (row > skyline[None, :]) & ~canvas.down
    shade = np.clip((row - skyline[None, :]) / max(place.tall, 1e-3), 0, 1)[..., None]
    colour = np.array(place.hills) * (1 - 0.18 * shade) + 0.18 * shade * low
    canvas.albedo[hills] = np.broadcast_to(colour, canvas.albedo.shape)[hills]
    canvas.layer[hills] = FAR
    canvas.clouds = np.where(hills, 0, canvas.clouds)
    canvas.hills = hills
