"""Ptah: pictures, 3D objects, speech and texts from words, made on this computer.

    import ptah
    fox = ptah.create("a red fox")
    fox.image           # a picture of PIL
    fox.mesh.vertices   # an array of numpy

There is a function for each kind of work; `ptah.submit` begins one as a job.
"""
from __future__ import annotations

import json
from typing import Any, Dict, List

from . import _core
from ._engine import Engine, Path, Plan, shared_engine
from ._errors import (Cancelled, Corrupt, Error, InputOutput, Internal, InvalidArgument, Mismatch, NotFound, OverBudget, Permission, Unsupported)
from ._mesh import Mesh, read_glb
from ._recipes import *  # noqa: F401,F403
from ._recipes import __all__ as _recipe_names
from ._work import File, Files, Job, Progress, Work

if _core.interface_version() < _core.COMPILED_VERSION:
    raise ImportError("libptah.so is older than this package")

__version__ = _core.version()
__all__ = ["Cancelled", "Corrupt", "Engine", "Error", "File", "Files", "InputOutput", "Internal", "InvalidArgument", "Job", "Mesh", "Mismatch", "NotFound",
           "OverBudget", "Permission", "Plan", "Progress", "Unsupported", "Work", "plan", "read_glb", "recipes", "replay", "submit", "use_threads", "verify",
           *_recipe_names]


def submit(recipe: str, *, budget_bytes: int = 0, previews: bool = False, **fields: Any) -> Job:
    """Begins a job: see Engine.submit."""
    return shared_engine().submit(recipe, budget_bytes=budget_bytes, previews=previews, **fields)


def plan(recipe: str, *, budget_bytes: int = 0, **fields: Any) -> Plan:
    """Memory and time of a request: see Engine.plan."""
    return shared_engine().plan(recipe, budget_bytes=budget_bytes, **fields)


def replay(path: Path, checkpoints: "Path | None" = None) -> Work:
    """Makes the work of a receipt again, and waits for it: see Engine.replay."""
    return shared_engine().replay(path, checkpoints).result()


def verify(path: Path) -> None:
    """Raises Mismatch if the files of a work are not those of its receipt."""
    import os
    _core.verify(os.fspath(path))


def use_threads(count: int) -> None:
    """Threads that everything uses; 0: the default."""
    _core.use_threads(count)


def recipes() -> List[Dict[str, Any]]:
    """What can be made: name, purpose, fields that name files, and the JSON Schema of the request."""
    out: List[Dict[str, Any]] = json.loads(_core.recipes())
    return out
