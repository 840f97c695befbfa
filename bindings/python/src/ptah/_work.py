"""Jobs, and the works that they make."""
from __future__ import annotations

import io
import json
import os
import struct
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._errors import InvalidArgument
from ._mesh import Mesh, read_glb

if TYPE_CHECKING:
    import PIL.Image

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")


@dataclass(frozen=True)
class Progress:
    fraction: float  #: 0 to 1
    stage: str  #: what is being done, e.g. "draw"
    text: str = ""  #: what was written since the last time
    preview: Optional["PIL.Image.Image"] = None  #: about what the picture will be, if previews were asked for and there is a new one


class Files(Mapping[str, npt.NDArray[np.uint8]]):
    """The files of a work by name: arrays that see the engine's own bytes and cannot be written. They keep the work alive."""

    def __init__(self, job: _core.Job) -> None:
        self._job = job
        self._names = {name: i for i, name in enumerate(job.names())}

    def __getitem__(self, name: str) -> npt.NDArray[np.uint8]:
        return self._job.file(self._names[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"<files {', '.join(f'{name} ({self[name].nbytes} bytes)' for name in self)}>"


class Work:
    """What a job made: files and a receipt, with the usual kinds as Python has them."""

    def __init__(self, job: _core.Job) -> None:
        self._job = job
        self.files = Files(job)
        self.receipt: Dict[str, Any] = json.loads(job.receipt())
        #: What making it told besides, e.g. tokens and seconds.
        self.facts: Optional[Dict[str, Any]] = json.loads(job.facts())

    def _first(self, what: str, *endings: str) -> str:
        names = [name for name in self.files if name.lower().endswith(endings) and name != "receipt.json"]
        names.sort(key=lambda name: name.startswith("from"))  # what it was made from comes last
        if names:
            return names[0]
        raise AttributeError(f"this work has no {what}; its files are {', '.join(self.files)}")

    @property
    def image(self) -> "PIL.Image.Image":
        """The picture, of PIL."""
        import PIL.Image
        return PIL.Image.open(io.BytesIO(self.files[self._first("picture", *_PICTURES)].tobytes()))

    @property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """The picture as rows, columns and RGBA."""
        return np.asarray(self.image.convert("RGBA"))

    @property
    def meshes(self) -> List[Mesh]:
        """The parts of the object. Arrays see the bytes of its GLB file where its layout allows."""
        return read_glb(self.files[self._first("object as GLB", ".glb")])

    @property
    def mesh(self) -> Mesh:
        """The object as one mesh; of several parts the triangles are joined, and each corner has its part's colour."""
        parts = [part for part in self.meshes if not part.name.endswith(("_collider", "_LOD1", "_LOD2", "_LOD3"))]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            raise AttributeError("this work's GLB file has no triangles")
        firsts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]], dtype=np.uint32)
        colours = np.concatenate([np.broadcast_to(np.array(part.colour, np.float32), (len(part.vertices), 4)) for part in parts])
        whole = all(part.normals is not None for part in parts)
        return Mesh(parts[0].name, np.concatenate([part.vertices for part in parts]),
                    np.concatenate([part.faces + first for part, first in zip(parts, firsts)]),
                    np.concatenate([part.normals for part in parts if part.normals is not None]) if whole else None, None, colours)

    @property
    def sound(self) -> Tuple[npt.NDArray[np.float32], int]:
        """Samples from -1 to 1 (mono), and how many a second has."""
        with wave.open(io.BytesIO(self.files[self._first("sound", ".wav")].tobytes())) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            sound: npt.NDArray[np.float32] = samples.astype(np.float32) / np.float32(32768)
            return sound, file.getframerate()

    @property
    def text(self) -> str:
        """The text that was written."""
        return bytes(self.files[self._first("text", ".txt")]).decode()

    def save(self, folder: Union[str, "os.PathLike[str]"]) -> None:
        """Writes the work into a folder that is not there yet, all or nothing."""
        self._job.save(os.fspath(folder))

    def __repr__(self) -> str:
        return f"<ptah.Work {self.receipt.get('kind', '')}: {', '.join(self.files)}>"

    def _repr_png_(self) -> Optional[bytes]:
        return next((bytes(self.files[name]) for name in self.files if name.endswith(".png")), None)


class Job:
    """A work on its way. It runs by itself; leave a `with` block, or let go of it, and it is cancelled."""

    def __init__(self, job: _core.Job) -> None:
        self._job = job
        self._read = 0
        self._step = -1

    def _now(self) -> Progress:
        fraction, stage = self._job.progress()
        news = self._job.text(self._read)
        self._read += len(news)
        preview = self._job.preview()
        picture: Any = None
        if preview is not None and preview[0] != self._step:
            import PIL.Image
            self._step = preview[0]
            picture = PIL.Image.frombytes("RGBA", (preview[1], preview[2]), preview[3])
        return Progress(fraction, stage, news.decode(), picture)

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._job.wait(0) != _core.State.RUNNING

    @property
    def progress(self) -> float:
        return self._job.progress()[0]

    def __iter__(self) -> Iterator[Progress]:
        """How far it is, about ten times a second until it has ended."""
        while self._job.wait(0.1) == _core.State.RUNNING:
            yield self._now()
        yield self._now()

    def result(self, timeout: Optional[float] = None, progress: Optional[Callable[[Progress], Any]] = None) -> Work:
        """Waits for the work. Raises what it failed with, Cancelled, or TimeoutError after `timeout` seconds (the job goes on). A KeyboardInterrupt cancels it.
        """
        waited = 0.0
        try:
            while self._job.wait(0.1) == _core.State.RUNNING:
                waited += 0.1
                if progress is not None:
                    progress(self._now())
                if timeout is not None and waited >= timeout:
                    raise TimeoutError(f"not done after {timeout} seconds")
        except KeyboardInterrupt:
            self.cancel()
            raise
        self._job.check_error()
        if progress is not None:
            progress(self._now())
        return Work(self._job)

    def cancel(self) -> None:
        """Ends it within one step or token."""
        self._job.cancel()

    def __enter__(self) -> "Job":
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


@dataclass(frozen=True)
class File:
    """Bytes for a field that names a file: `name` says the format."""

    data: Any  #: bytes, or anything with the buffer protocol
    name: str


_MAGIC = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpg"), (b"RIFF", "webp"), (b"glTF", "glb"), (b"ply", "ply"), (b"PK", "3mf"))


_FIELDS_OF_MESHES = ("mesh", "file")


def given_file(value: Any, number: int, field: str = "") -> Optional[Tuple[str, Any, int, int]]:
    """The name, bytes, width and height of a value of a field that stands for a file; None if it is none, or a path."""
    if isinstance(value, File):
        return value.name, np.frombuffer(value.data, np.uint8), 0, 0
    if isinstance(value, Work):
        name = value._first("object as GLB", ".glb") if field in _FIELDS_OF_MESHES else value._first("picture", *_PICTURES)
        return name, value.files[name], 0, 0
    if hasattr(value, "convert") and hasattr(value, "tobytes") and hasattr(value, "mode"):  # of PIL
        value = np.asarray(value.convert("RGBA"))
    if isinstance(value, np.ndarray) and value.ndim >= 2:
        return (f"picture{number}.png", *_pixels(value))
    if isinstance(value, (bytes, bytearray, memoryview, np.ndarray)):
        data = np.frombuffer(value, np.uint8)
        start = bytes(data[:4])
        ending = next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)
        if ending is None:
            raise InvalidArgument("bytes of an unknown format: use ptah.File(data, name=\"chair.obj\"), whose name says it")
        return f"file{number}.{ending}", data, 0, 0
    return None


def _pixels(array: npt.NDArray[Any]) -> Tuple[npt.NDArray[np.uint8], int, int]:
    """RGBA as the engine reads it; an array that has this form is not copied."""
    if array.dtype != np.uint8:
        raise InvalidArgument(f"an array of {array.dtype}; pictures are uint8")
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4):
        raise InvalidArgument(f"an array of shape {array.shape}; pictures have rows, columns and 3 or 4 channels")
    if array.shape[2] == 3:
        array = np.concatenate((array, np.full((*array.shape[:2], 1), 255, np.uint8)), axis=2)
    return np.ascontiguousarray(array), array.shape[1], array.shape[0]
