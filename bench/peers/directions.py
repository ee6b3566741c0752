"""Our direction features in vectorised numpy: uint8 [n, 28, 28] → float32 [n, 128]. See src/kernels/directions-reference.ts."""
import numpy as np

GRID, POOL = 12, 4


def placement(pairs):
    """Centre, slant and variances of pairs [n, 14, 28], in pixels; columns counted in pairs."""
    rows, columns = np.arange(14, dtype=np.float32), (np.arange(28) >> 1).astype(np.float32)
    mass = np.maximum(pairs.sum((1, 2)), 0.5)
    by_column, by_row = pairs.sum(1), pairs.sum(2)
    mx, my = by_column @ columns / mass, by_row @ rows / mass
    vyy = np.maximum(by_row @ rows**2 / mass - my**2, 1e-3)
    vxy = (pairs @ columns * rows).sum(1) / mass - mx * my
    slant = np.clip(vxy / vyy, -8, 8)
    vxx = np.maximum(by_column @ columns**2 / mass - mx**2 - slant * vxy, 0)
    return 2 * mx + 0.5, 2 * my + 0.5, slant, 4 * vxx + 1, 4 * vyy + 1


def normalised(images):
    """[n, GRID, GRID]: deskewed, centred and scaled by moments (Casey 1970)."""
    n = len(images)
    pairs = images.reshape(n, 14, 2, 28).astype(np.float32).mean(2)
    cx, cy, slant, vx, vy = (v[:, None] for v in placement(pairs))
    prefix = np.zeros((n, 14, 29), np.float32)
    np.cumsum(pairs, 2, out=prefix[:, :, 1:])
    y = (2 * np.arange(14) + 0.5).astype(np.float32)
    width = np.maximum(np.sqrt(vx) / (0.22 * GRID), 28 / (3 * GRID))
    edges = (cx + 0.5 + slant * (y - cy))[:, :, None] + (np.arange(GRID + 1) - GRID / 2) * width[:, :, None]
    edges[:, :, 0], edges[:, :, -1] = 0, 28
    edges = np.clip(edges, 0, 28)
    whole = np.minimum(edges.astype(np.int64), 27)
    low, high = (np.take_along_axis(prefix, whole + k, 2) for k in (0, 1))
    bins = np.diff(low + (edges - whole) * (high - low), axis=2)
    place = np.clip((y - cy) * (0.22 * GRID / np.sqrt(vy)) + (GRID - 1) / 2, 0, GRID - 1)
    weights = np.maximum(0, 1 - np.abs(np.arange(GRID)[:, None] - place[:, None, :]))
    return weights.astype(np.float32) @ bins.astype(np.float32)


def features(images):
    """Gradients split into the two nearest of eight directions, pooled by tents, square root (Liu et al. 2003)."""
    grid = np.pad(normalised(images), ((0, 0), (1, 1), (1, 1)))
    gx, gy = grid[:, 1:-1, 2:] - grid[:, 1:-1, :-2], grid[:, 2:, 1:-1] - grid[:, :-2, 1:-1]
    ax, ay, right, down = np.abs(gx), np.abs(gy), gx > 0, gy > 0
    diagonal = np.minimum(ax, ay)
    maps = [(ax - diagonal) * right, (ax - diagonal) * ~right, (ay - diagonal) * down, (ay - diagonal) * ~down]
    corner = np.float32(np.sqrt(2)) * diagonal
    maps += [corner * (right == r) * (down == d) for r in (False, True) for d in (False, True)]
    centres = (np.arange(POOL) + 0.5) * GRID / POOL - 0.5
    tents = np.maximum(0, 1 - np.abs(np.arange(GRID) - centres[:, None]) / (GRID / POOL))
    tents = (tents / tents.sum(1, keepdims=True)).astype(np.float32)
    return np.sqrt(np.maximum(np.concatenate([(tents @ m @ tents.T).reshape(len(images), -1) for m in maps], 1), 0))


def transformed(train, test):
    """Minus each feature's mean over the training images, over one standard deviation."""
    a, b = features(train), features(test)
    mean = a.mean(0)
    deviation = np.sqrt(((a - mean) ** 2).mean())
    return (a - mean) / deviation, (b - mean) / deviation
