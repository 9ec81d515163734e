"""A scene, ray-cast once: depth, normals, albedo, masks and shadow, of which every style is a function.

Knows nothing about styles.
"""

from __future__ import annotations

import numpy as np

from tools.studio.geometry import MATTE, PLACES, RGB, Buffers, Place, Scene, ridge, smooth_noise
from tools.studio.objects import PARTS
from tools.studio.rays import Ray, blocked, cast


def build_buffers(scene: Scene, size: int) -> Buffers:
    """Cast the scene's rays.

    Args:
        scene: What to show.
        size: Side of the buffers in pixels.
    """
    rng = np.random.default_rng((scene.seed, 202))
    place = PLACES[scene.setting]
    height, pitch = rng.uniform(0.75, 1.25), rng.uniform(0.10, 0.17)
    scale = rng.uniform(0.92, 1.18)
    at_x, at_z = rng.uniform(-0.34, 0.34), rng.uniform(-0.15, 0.15)
    yaw = rng.uniform(-0.35, 0.35)
    side = rng.choice((-1.0, 1.0))
    light = np.array([side * rng.uniform(0.45, 0.8), rng.uniform(0.75, 1.0), -rng.uniform(0.35, 0.6)])
    light = (light / np.linalg.norm(light)).astype(np.float32)

    half = np.float32(0.30)  # tangent of half the field of view
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    u, v = np.meshgrid(axis * half, -axis * half)
    c, s = np.cos(pitch), np.sin(pitch)
    direction = np.stack([u, v * c - s, v * s + c], -1).astype(np.float32)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    origin = np.array([0.0, height + 0.28, -4.3], np.float32)

    down = direction[..., 1] < -1e-4
    t_ground = np.where(down, -origin[1] / np.minimum(direction[..., 1], -1e-4), np.inf).astype(np.float32)

    # Into the object's own frame: move, turn by yaw, scale.
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]], np.float32)
    shift = np.array([at_x, 0.0, at_z], np.float32)

    def local(points: np.ndarray) -> np.ndarray:
        return (points - shift) @ turn.T / scale

    parts = PARTS[scene.object](np.array(RGB[scene.colour], np.float32))
    ray = Ray(np.broadcast_to(local(origin), (size * size, 3)), (direction @ turn.T).reshape(-1, 3))
    hit = cast(ray, parts)
    on = hit.part >= 0
    normal = np.zeros((size * size, 3), np.float32)
    normal[:, 1] = 1.0
    normal[on] = hit.normal[on] @ turn
    mask = on.reshape(size, size)
    normal.shape = (size, size, 3)
    lambert = np.clip(normal @ light, 0, 1)
    mirrored = direction - 2 * (direction * normal).sum(-1, keepdims=True) * normal
    specular = np.clip(mirrored @ light, 0, 1) * mask * (scene.object not in MATTE)

    # Cast shadow and contact shade, on ground points near the object only.
    ground_xz = origin + direction * np.where(down, t_ground, 0)[..., None]
    near = down & ~mask & (np.abs(ground_xz[..., 0] - at_x) < 3.2) & (np.abs(ground_xz[..., 2] - at_z) < 2.6)
    shadow = np.zeros((size, size), np.float32)
    points = local(ground_xz[near] + np.array([0, 1e-3, 0], np.float32)).astype(np.float32)
    if len(points):
        rays = Ray(points, np.broadcast_to(turn @ light, points.shape))
        shadow[near] = blocked(rays, parts)
    foot = np.hypot(ground_xz[..., 0] - at_x, (ground_xz[..., 2] - at_z))
    contact = 1.0 - 0.45 * np.exp(-((foot / (0.62 * scale)) ** 2)) * down
    rise = (hit.height * scale).reshape(size, size)
    occlusion = np.where(mask, 0.72 + 0.28 * np.clip(rise / 0.45, 0, 1), contact).astype(np.float32)

    from_sky = _background(scene, place, rng, size, direction, t_ground, down, ground_xz, -side)
    albedo, layer, haze, clouds, glow, texture = from_sky
    albedo = np.where(mask[..., None], hit.albedo.reshape(size, size, 3), albedo)
    return Buffers(
        albedo=albedo.astype(np.float32),
        object=mask,
        part=hit.part.reshape(size, size).astype(np.int16),
        layer=layer,
        normal=normal,
        lambert=lambert.astype(np.float32),
        specular=specular.astype(np.float32),
        shadow=shadow,
        occlusion=occlusion,
        haze=np.where(mask, 0, haze).astype(np.float32),
        clouds=np.where(mask, 0, clouds).astype(np.float32),
        glow=np.where(mask, 0, glow).astype(np.float32),
        texture=texture.astype(np.float32),
        light_colour=np.array(place.light, np.float32),
        haze_colour=np.array(place.sky_low, np.float32),
    )


def _background(
    scene: Scene,
    place: Place,
    rng: np.random.Generator,
    size: int,
    direction: np.ndarray,
    t_ground: np.ndarray,
    down: np.ndarray,
    ground: np.ndarray,
    empty_side: float,
) -> tuple[np.ndarray, ...]:
    """Paint sky, skyline and ground: albedo, layer, haze, clouds, glow, texture. `empty_side` is where props go."""
    row = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    column = np.linspace(0, 1, size, dtype=np.float32)[None, :]
    horizon = float(np.argmax(down[:, 0])) / size
    top, low = np.array(place.sky_top), np.array(place.sky_low)
    t = np.clip(row / max(horizon, 1e-3), 0, 1)[..., None] ** 1.3
    albedo = np.broadcast_to(top + (low - top) * t, (size, size, 3)).astype(np.float32).copy()
    layer = np.zeros((size, size), np.int16)
    glow = np.zeros((size, size), np.float32)

    noise = 0.65 * smooth_noise(rng, 6, size) + 0.35 * smooth_noise(rng, 13, size)
    cover = np.clip((noise - (0.78 - 0.33 * place.cloud * rng.uniform(0.7, 1.1))) * 7.0, 0, 1)
    clouds = np.where(row < horizon * 0.9, cover, 0) * (place.cloud > 0)

    if scene.setting in ("sunset", "night"):
        sun_x = 0.5 + empty_side * rng.uniform(0.26, 0.36)
        sun_y = horizon - 0.02 if scene.setting == "sunset" else rng.uniform(0.10, 0.14)
        radius = rng.uniform(0.11, 0.14) if scene.setting == "sunset" else rng.uniform(0.075, 0.095)
        distance = np.hypot(column - sun_x, row - sun_y)
        disc = distance < radius
        albedo[disc] = (1.0, 0.88, 0.42) if scene.setting == "sunset" else (0.98, 0.96, 0.80)
        layer[disc] = 1
        glow = 0.34 * np.exp(-((distance / (radius * 2.1)) ** 2)) * (row < horizon)
        clouds = np.where(disc, 0, clouds)
    if scene.setting == "night":
        for x, y, r in zip(rng.uniform(0, 1, 16), rng.uniform(0, 0.9 * horizon, 16), rng.uniform(0.006, 0.011, 16),
                           strict=True):  # fmt: skip
            star = (np.abs(column - x) + np.abs(row - y)) < r * 1.4
            albedo[star] = (1.0, 1.0, 0.88)
            layer[star] = np.where(layer[star] == 0, 4, layer[star])

    if scene.setting == "beach":
        shore = horizon + 0.085 + 0.02 * np.sin(column * 7 + rng.uniform(0, 6))
        sea = down & (row < shore)
    else:
        sea = np.zeros((size, size), bool)
        tall = {"snow": 0.30, "desert": 0.11, "meadow": 0.12, "sunset": 0.09, "night": 0.08}[scene.setting]
        skyline = horizon - tall * ridge(rng, column[0], place.jagged)
        hills = (row > skyline[None, :]) & ~down
        shade = np.clip((row - skyline[None, :]) / max(tall, 1e-3), 0, 1)[..., None]
        colour = np.array(place.hills) * (1 - 0.18 * shade) + 0.18 * shade * low
        albedo[hills] = np.broadcast_to(colour, albedo.shape)[hills]
        layer[hills] = 1
        clouds = np.where(hills, 0, clouds)
        if scene.setting == "snow":
            cap = hills & (row + 0.02 * np.sin(column * 40) < horizon - 0.62 * tall)
            albedo[cap] = (0.93, 0.96, 1.0)

    far = np.clip(t_ground / 22.0, 0, 1) ** 0.8
    near_colour, far_colour = np.array(place.ground), np.array(place.ground_far)
    ground_colour = near_colour + (far_colour - near_colour) * np.clip(far * 1.6, 0, 1)[..., None]
    albedo[down] = ground_colour[down]
    layer[down] = 3
    patches = smooth_noise(rng, 9, 128)
    gx = (ground[..., 0] * 9 + 64).astype(int) % 128
    gz = (ground[..., 2] * 9 + 64).astype(int) % 128
    texture = np.where(down, (patches[gx, gz] - 0.5) * 2 * np.clip(1.4 - far * 2, 0, 1), 0)
    if scene.setting in ("meadow", "snow", "desert", "sunset"):
        wave = 0.5 * np.sin(ground[..., 0] * 0.9 + rng.uniform(0, 6)) + np.sin(ground[..., 2] * 1.3 + rng.uniform(0, 6))
        roll = down & (wave > 0.55)
        factor = {"meadow": 0.90, "snow": 0.92, "desert": 0.92, "sunset": 0.88}[scene.setting]
        albedo[roll] *= factor
    if sea.any():
        deep, shallow = np.array((0.06, 0.42, 0.72)), np.array((0.30, 0.80, 0.86))
        t = np.clip((row - horizon) / 0.10, 0, 1)[..., None]
        albedo[sea] = np.broadcast_to(deep + (shallow - deep) * t, albedo.shape)[sea]
        layer[sea] = 2
        foam = down & ~sea & (row < shore + 0.014)
        albedo[foam] = (0.96, 0.99, 1.0)
        layer[foam] = 4
        texture = np.where(sea, 0, texture)
    haze = np.where(down, far, np.where(layer == 1, 0.6, 0.0)) * (scene.setting != "night")
    haze = np.where(sea, haze * 0.4, haze)
    albedo, layer = _props(scene.setting, rng, albedo, layer, column, row, horizon, empty_side)
    return albedo, layer, haze, clouds, glow, texture


def _props(
    setting: str,
    rng: np.random.Generator,
    albedo: np.ndarray,
    layer: np.ndarray,
    column: np.ndarray,
    row: np.ndarray,
    horizon: float,
    side: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Add the small things by which a place is known even without colour: flowers, snowflakes, a cactus."""
    if setting == "meadow":
        for _ in range(12):
            x, y = rng.uniform(0.02, 0.98), rng.uniform(horizon + 0.16, 0.98)
            r = 0.010 + 0.016 * (y - horizon)
            petal = np.hypot(column - x, (row - y) * 1.15) < r
            albedo[petal] = ((1.0, 1.0, 0.98), (1.0, 0.86, 0.25), (0.98, 0.62, 0.74))[int(rng.integers(3))]
            layer[petal] = 4
    elif setting == "snow":
        for _ in range(14):
            x, y, r = rng.uniform(0, 1), rng.uniform(0, 0.9), rng.uniform(0.012, 0.018)
            flake = np.hypot(column - x, row - y) < r
            albedo[flake] = (1.0, 1.0, 1.0)
            layer[flake] = 4
    elif setting == "desert":
        x, y, h = (
            0.5 + side * rng.uniform(0.30, 0.40),
            horizon + rng.uniform(0.02, 0.05),
            rng.uniform(0.20, 0.27),
        )
        w = h * 0.085

        def stalk(cx: float, y0: float, y1: float, width: float) -> np.ndarray:
            along = np.clip(row, y0 + width, y1)
            return np.hypot(column - cx, row - along) < width

        arm = h * 0.27
        cactus = stalk(x, y - h, y, w) | stalk(x - arm, y - h * 0.72, y - h * 0.42, w * 0.8)
        cactus |= stalk(x + arm, y - h * 0.85, y - h * 0.52, w * 0.8)
        bar = (np.abs(row - (y - h * 0.42)) < w * 0.8) & (column > x - arm) & (column < x)
        bar |= (np.abs(row - (y - h * 0.52)) < w * 0.8) & (column < x + arm) & (column > x)
        cactus = (cactus | bar) & (row < y)
        albedo[cactus] = (0.20, 0.50, 0.30)
        layer[cactus] = 4
    return albedo, layer
