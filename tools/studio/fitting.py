"""One optimisation loop's machinery: flat parameters, averaged gradients, EMA, checkpoints, processes.

Knows nothing about what is learned. A stage is a function `(workers: Workers, ...) -> None` that every process runs.
"""

import datetime
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

ONE_THREAD = {"OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": "0"}
# A freed block stays with the process: giving pages back and faulting them in again took 12 % of a UNet step.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(10**11), "MALLOC_TOP_PAD_": str(2**28)}


def compute_dtype(device: torch.device) -> torch.dtype:
    """Bfloat16 where the hardware multiplies it faster than float32, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32


class Log:
    """Lines with the time of day, to stdout and to a file, written at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, line: str) -> None:
        stamped = f"{datetime.datetime.now():%H:%M:%S} {line}"
        print(stamped, flush=True)
        with self.path.open("a") as file:
            file.write(stamped + "\n")


class Workers:
    """This process's place among those that train together: one on CUDA, one per core otherwise."""

    def __init__(self, rank: int, count: int) -> None:
        self.rank, self.count = rank, count
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def average(self, values: torch.Tensor) -> torch.Tensor:
        """Average `values` over the processes, in place."""
        if self.count > 1:
            dist.all_reduce(values)
            values /= self.count
        return values

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """Add up `values` over the processes, in place."""
        if self.count > 1:
            dist.all_reduce(values)
        return values


def _enter(rank: int, stage: Callable[..., None], count: int, meeting: str, args: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=count)
    try:
        stage(Workers(rank, count), *args)
    finally:
        dist.destroy_process_group()


def process_count(wanted: int) -> int:
    """How many processes train together: as many as are wanted, else one on CUDA and two at most on a CPU."""
    return wanted or (1 if torch.cuda.is_available() else min(2, os.cpu_count() or 1))


def run_together(stage: Callable[..., None], count: int, work: Path, *args: Any) -> None:
    """Run `stage(Workers, *args)` in `count` one-thread processes, or in this one where `count` is 1.

    Two processes of one thread beat one of two threads as soon as anything else runs on the machine: a thread that
    waits at OpenMP's barrier is idle, a process that waits at a gradient average waits once per step.
    """
    if count == 1:
        stage(Workers(0, 1), *args)
        return
    os.environ.update(ONE_THREAD | KEEP_MEMORY)
    meeting = work.resolve() / f"meeting-{os.getpid()}-{time.monotonic_ns()}"
    try:
        mp.spawn(_enter, args=(stage, count, str(meeting), args), nprocs=count)
    finally:
        meeting.unlink(missing_ok=True)


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """About U V^T for a matrix U S V^T: five Newton-Schulz steps bring every singular value near 1.

    The steps are taken on the Gram matrix of the shorter side: X_k = Q_k X with Q_k a polynomial in X X^T, so the long
    side is multiplied twice instead of ten times, which for convolution kernels is most of the work.

    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T).T
    x = matrix / (matrix.norm() + 1e-7)
    gram = x @ x.T
    turn = torch.eye(len(gram), device=gram.device)
    for step in range(5):
        factor = torch.addmm(gram, gram, gram, beta=-4.7750, alpha=2.0315)
        factor.diagonal().add_(3.4445)
        turn = factor @ turn if step else factor
        gram = factor @ gram @ factor
    return turn @ x


class Fit:
    """Float32 master parameters in one flat vector, a compute-dtype copy inside the module, and an EMA.

    Matrices and convolution kernels come first and are stepped by Muon, each matrix by one of the processes; vectors,
    embeddings and thin matrices are stepped by AdamW. One vector makes the gradient average one message.
    """

    def __init__(
        self,
        module: nn.Module,
        workers: Workers,
        lr: float,
        weight_decay: float,
        ema_decay: float,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.module, self.workers = module, workers
        self.weight_decay, self.ema_decay = weight_decay, ema_decay
        self.step = 0
        self.samples = 0
        device, self.dtype = workers.device, dtype or compute_dtype(workers.device)
        tables = {id(m.weight) for m in module.modules() if isinstance(m, nn.Embedding)}
        named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        named.sort(key=lambda pair: not _is_matrix(pair[1]) or id(pair[1]) in tables)
        self.matrices = [p.shape for _, p in named if _is_matrix(p) and id(p) not in tables]
        self.master = torch.cat([p.detach().float().flatten() for _, p in named]).to(device)
        module.to(device=device, dtype=self.dtype)
        self.flat = self.master.to(self.dtype, copy=True)
        self.grads = torch.zeros_like(self.flat)
        self.places: dict[str, slice] = {}
        start = 0
        for name, param in named:
            self.places[name] = place = slice(start, start + param.numel())
            param.data = self.flat[place].view(param.shape)
            param.grad = self.grads[place].view(param.shape)
            start = place.stop
        self.split = sum(shape.numel() for shape in self.matrices)
        self.momentum = torch.zeros(self.split, device=device)
        self.rest = self.master[self.split :]
        self.optimizer = torch.optim.AdamW([self.rest], lr=lr, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
        self.ema = self.master.clone()
        self.message = torch.zeros(len(self.master) + 2, device=device)

    def update(self, loss: torch.Tensor, lr: float, progress: float) -> tuple[float, float]:
        """Take one step along the averaged gradient of `loss`.

        Returns:
            The loss and the progress, averaged over the processes: all of them then decide alike.
        """
        self.grads.zero_()
        loss.backward()
        self.message[:-2] = self.grads
        self.message[-2], self.message[-1] = loss.detach().float(), progress
        self.workers.average(self.message)
        gradient = self.message[:-2]
        norm = gradient.norm()
        if torch.isfinite(norm):
            gradient *= 1.0 / norm.clamp(min=1.0)
            self.rest.grad = gradient[self.split :]
            self.optimizer.param_groups[0]["lr"] = lr
            self.optimizer.step()
            self._turn(gradient[: self.split], lr)
            self.flat.copy_(self.master)
        self.step += 1
        self.ema.lerp_(self.master, 1 - min(self.ema_decay, (1 + self.step) / (10 + self.step)))
        return float(self.message[-2]), float(self.message[-1])

    def _turn(self, gradient: torch.Tensor, lr: float) -> None:
        self.momentum.lerp_(gradient, 0.05)
        ahead = gradient.lerp(self.momentum, 0.95)
        turn = torch.zeros_like(ahead)
        start = 0
        for number, shape in enumerate(self.matrices):
            place = slice(start, start + shape.numel())
            start = place.stop
            if number % self.workers.count == self.workers.rank:
                matrix = ahead[place].view(shape[0], -1)
                # The factor gives the step the size that AdamW's has, so that one rate suits both.
                turn[place] = orthogonal(matrix).flatten() * (0.2 * max(matrix.shape) ** 0.5)
        self.workers.total(turn)
        part = self.master[: self.split]
        part.mul_(1 - lr * self.weight_decay).add_(turn, alpha=-lr)

    def load_average(self, module: nn.Module) -> nn.Module:
        """Copy the EMA weights into `module`, a twin of the one that trains."""
        with torch.no_grad():
            for name, param in module.named_parameters():
                if name in self.places:
                    param.copy_(self.ema[self.places[name]].view(param.shape))
        return module

    def save(self, path: Path, **more: Any) -> None:
        """Write a checkpoint whole or not at all."""
        state = {
            "master": self.master, "ema": self.ema, "momentum": self.momentum,
            "optimizer": self.optimizer.state_dict(), "step": self.step, "samples": self.samples, **more,
        }  # fmt: skip
        half = path.with_suffix(".part")
        torch.save(state, half)
        half.replace(path)

    def resume(self, path: Path) -> dict[str, Any]:
        """Continue from a checkpoint if there is one; returns what was kept beside the weights."""
        if not path.exists():
            return {}
        state: dict[str, Any] = torch.load(path, map_location=self.workers.device, weights_only=True)
        for name in ("master", "ema", "momentum"):
            getattr(self, name).copy_(state[name])
        self.flat.copy_(self.master)
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.samples = state["step"], state["samples"]
        return state


def _is_matrix(param: torch.Tensor) -> bool:
    return param.dim() >= 2 and min(param.shape[0], param[0].numel()) >= 16
