"""How many processor cores this process may use: on a shared machine, in a container, in a Slurm job."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

SLURM = "SLURM_CPUS_PER_TASK"
"""Environment variable of a Slurm job that asked for cores, also where Slurm does not bind it to them."""

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")


def cores(groups: Path = CGROUPS, own: Path = OWN_CGROUPS) -> int:
    """Cores to start threads for: the least of the machine's, those the process is bound to, the quota of its cgroups
    (a container's `--cpus`), and what its Slurm job asked for; at least 1.

    Args:
        groups: where the system's cgroups are mounted.
        own: the file that names the cgroups of this process.
    """
    limits = [_bound(), *map(math.ceil, _quotas(groups, own))]
    with suppress(KeyError, ValueError):
        limits.append(int(os.environ[SLURM]))
    return max(1, min(limits))


def _bound() -> int:
    with suppress(AttributeError, OSError):  # not every system binds processes
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(groups: Path, own: Path) -> Iterator[float]:
    """Cores that each cgroup above this process may use, where it has a quota. In a container the names are often those
    of the machine and not there, so that only the group at the top is found, which is the container's then.
    """
    try:
        lines = own.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        _, kinds, name = [*line.split(":", 2), "", ""][:3]
        if not kinds:  # version 2 has one tree for all kinds
            tops, read = [groups], _quota_2
        elif "cpu" in kinds.split(","):
            tops, read = [groups / kinds, groups / "cpu"], _quota_1
        else:
            continue
        for top in tops:
            here = top / name.lstrip("/")
            for folder in (here, *here.parents):
                if folder.is_relative_to(top) and (quota := read(folder)):
                    yield quota


def _quota_2(folder: Path) -> float | None:
    quota, _, period = _read(folder / "cpu.max").partition(" ")
    return _share(quota, period)


def _quota_1(folder: Path) -> float | None:
    return _share(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _share(quota: str, period: str) -> float | None:
    """Microseconds of processor time in so many microseconds, as cores; None where there is no limit."""
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # `max`, or no such file
        return None
    return share if share > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
