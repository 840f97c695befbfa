"""What goes wrong, as exceptions. Each is also the built-in exception of its kind, where there is one."""
from __future__ import annotations

from typing import Dict, Type


class Error(Exception):
    """Something that Ptah cannot do. `field` names the field of the request that is at fault, or is empty."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidArgument(Error, ValueError):
    pass


class NotFound(Error, FileNotFoundError):
    def __str__(self) -> str:
        return self.message


class Corrupt(Error, ValueError):
    pass


class Unsupported(Error, NotImplementedError):
    pass


class Mismatch(Error):
    """A work, a model or a picture is not the one that a receipt means."""


class OverBudget(Error, MemoryError):
    pass


class InputOutput(Error, OSError):
    def __str__(self) -> str:
        return self.message


class Permission(Error, PermissionError):
    def __str__(self) -> str:
        return self.message


class Cancelled(Error):
    pass


class Internal(Error, RuntimeError):
    pass


_KINDS: Dict[int, Type[Error]] = {1: InvalidArgument, 2: NotFound, 3: Corrupt, 4: Unsupported, 5: Mismatch, 6: OverBudget, 7: InputOutput, 8: InputOutput,
                                  9: Permission, 10: Cancelled, 11: Internal}


def error(status: int, message: str, field: str) -> Error:
    """The exception for a status of the C interface (ptah/c.h)."""
    return _KINDS.get(status, Internal)(message, field)
