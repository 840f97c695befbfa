"""Asking for works of any kind."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from . import _core
from ._work import Job, Progress, Work, given_file

Path = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Plan:
    """What a request takes, before anything runs."""

    peak_bytes: int  #: of the whole process
    flops: int
    seconds: float  #: an estimate


def _request(fields: Dict[str, Any]) -> Tuple[str, List[Tuple[str, Any, int, int]]]:
    """The request as JSON, and the files in it that are given as bytes."""
    files: List[Tuple[str, Any, int, int]] = []

    def plain(value: Any, field: str) -> Any:
        given = given_file(value, len(files) + 1, field)
        if given is not None:
            name, data, width, height = given
            if any(name == other[0] for other in files):
                name = f"{len(files) + 1}-{name}"
            files.append((name, data, width, height))
            return name
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if isinstance(value, dict):
            return {key: plain(member, key) for key, member in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(member, field) for member in value]
        return value

    # `from` is a word of Python's own: from_ means it.
    asked = {name[:-1] if name.endswith("_") else name: plain(value, name) for name, value in fields.items() if value is not None}
    return json.dumps(asked), files


class Engine:
    """Keeps the models that were used last. `models` is the folder of the default models (None: those of the package)."""

    def __init__(self, models: Optional[Path] = None) -> None:
        self._engine = _core.Engine(None if models is None else os.fspath(models))

    def submit(self, recipe: str, *, budget_bytes: int = 0, previews: bool = False, **fields: Any) -> Job:
        """Begins a job. Fields are those of the recipe (docs/requests.md). One that names a file takes a path, bytes, a picture of PIL, an array of numpy
        (rows, columns, RGBA), a Work, or a ptah.File. Raises InvalidArgument, with the field."""
        request, files = _request(fields)
        return Job(self._engine.start(recipe, request, files, budget_bytes, previews))

    def make(self, recipe: str, *, progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0, **fields: Any) -> Work:
        """Makes a work, and waits for it."""
        return self.submit(recipe, budget_bytes=budget_bytes, **fields).result(progress=progress)

    def plan(self, recipe: str, *, budget_bytes: int = 0, **fields: Any) -> Plan:
        """Memory and time of a request. Raises OverBudget, with what would fit."""
        request, files = _request(fields)
        return Plan(*self._engine.plan(recipe, request, files, budget_bytes))

    def replay(self, path: Path, checkpoints: Optional[Path] = None) -> Job:
        """Makes the work of a receipt again: of a work's folder, its receipt.json, or a PNG or GLB that holds it."""
        return Job(self._engine.replay(os.fspath(path), None if checkpoints is None else os.fspath(checkpoints)))


_shared: Optional[Engine] = None


def shared_engine() -> Engine:
    """The engine that the functions of the package use."""
    global _shared
    if _shared is None:
        _shared = Engine()
    return _shared
