"""Triangles of a GLB file as arrays, which are views of the file's bytes where its layout allows."""
from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import PIL.Image

_KINDS = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True)
class Mesh:
    """One part of an object: metres, Y up, counter-clockwise triangles, as glTF has them."""

    name: str
    vertices: npt.NDArray[np.float32]  #: (n, 3)
    faces: npt.NDArray[np.uint32]  #: (m, 3)
    normals: Optional[npt.NDArray[np.float32]] = None  #: (n, 3)
    uv: Optional[npt.NDArray[np.float32]] = None  #: (n, 2), origin at the top left
    colours: Optional[npt.NDArray[np.generic]] = None  #: (n, 3 or 4)
    texture: Optional["PIL.Image.Image"] = None  #: base colour
    colour: Tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)  #: of the material, linear
    metallic: float = 1.0
    roughness: float = 1.0

    def trimesh(self) -> Any:
        """The same for the package trimesh."""
        trimesh: Any = import_module("trimesh")
        visual = None
        if self.uv is not None:
            material = trimesh.visual.material.PBRMaterial(baseColorTexture=self.texture, baseColorFactor=self.colour, metallicFactor=self.metallic,
                                                           roughnessFactor=self.roughness)
            flipped = np.column_stack((self.uv[:, 0], 1 - self.uv[:, 1]))  # trimesh counts from the bottom
            visual = trimesh.visual.TextureVisuals(uv=flipped, material=material)
        return trimesh.Trimesh(vertices=self.vertices, faces=self.faces, vertex_normals=self.normals, visual=visual, process=False)


def _accessor(document: Dict[str, Any], binary: npt.NDArray[np.uint8], index: int) -> npt.NDArray[np.generic]:
    accessor = document["accessors"][index]
    kind, width, count = np.dtype(_KINDS[accessor["componentType"]]).newbyteorder("<"), _WIDTHS[accessor["type"]], accessor["count"]
    if "sparse" in accessor or "bufferView" not in accessor:
        raise ValueError("a GLB with sparse accessors")
    view = document["bufferViews"][accessor["bufferView"]]
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    stride = view.get("byteStride", width * kind.itemsize)
    if count and start + (count - 1) * stride + width * kind.itemsize > binary.nbytes:
        raise ValueError("a GLB whose accessor leaves its buffer")
    out: npt.NDArray[np.generic] = np.ndarray((count, width), kind, binary, start, (stride, kind.itemsize))
    return out[:, 0] if width == 1 else out


def _matrix(node: Dict[str, Any]) -> npt.NDArray[np.float64]:
    if "matrix" in node:
        given: npt.NDArray[np.float64] = np.array(node["matrix"], np.float64).reshape(4, 4).T
        return given
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    turn = np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
    out: npt.NDArray[np.float64] = np.eye(4)
    out[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)))
    out[:3, 3] = node.get("translation", (0, 0, 0))
    return out


def _texture(document: Dict[str, Any], binary: npt.NDArray[np.uint8], reference: Optional[Dict[str, Any]]) -> Optional[Any]:
    if reference is None:
        return None
    import PIL.Image
    image = document["images"][document["textures"][reference["index"]]["source"]]
    view = document["bufferViews"][image["bufferView"]]
    start = view.get("byteOffset", 0)
    return PIL.Image.open(io.BytesIO(binary[start:start + view["byteLength"]].tobytes()))


def read_glb(data: npt.NDArray[np.uint8]) -> List[Mesh]:
    """The parts of a GLB file, placed as its scene says. Raises ValueError for what is no GLB file, or one with extensions of its own."""
    if data.nbytes < 20 or bytes(data[:4]) != b"glTF":
        raise ValueError("this is no GLB file")
    length, kind = struct.unpack("<II", data[12:20].tobytes())
    if kind != 0x4E4F534A or 20 + length > data.nbytes:
        raise ValueError("a GLB file without its JSON")
    document = json.loads(bytes(data[20:20 + length]))
    binary = data[20 + length + 8:]
    if any("KHR_draco" in name for name in document.get("extensionsRequired", [])):
        raise ValueError("a GLB file with compressed meshes")
    out: List[Mesh] = []

    def visit(index: int, above: npt.NDArray[np.float64], depth: int) -> None:
        if depth > 64:
            raise ValueError("a GLB file whose nodes go too deep")
        node = document["nodes"][index]
        place = above @ _matrix(node)
        if "mesh" in node:
            for primitive in document["meshes"][node["mesh"]]["primitives"]:
                if primitive.get("mode", 4) == 4:
                    out.append(_part(document, binary, node.get("name", ""), primitive, place))
        for child in node.get("children", []):
            visit(child, place, depth + 1)

    for root in document["scenes"][document.get("scene", 0)]["nodes"]:
        visit(root, np.eye(4), 0)
    return out


def _part(document: Dict[str, Any], binary: npt.NDArray[np.uint8], name: str, primitive: Dict[str, Any], place: npt.NDArray[np.float64]) -> Mesh:
    at = primitive["attributes"]
    vertices: Any = _accessor(document, binary, at["POSITION"])
    normals: Any = _accessor(document, binary, at["NORMAL"]) if "NORMAL" in at else None
    if not np.array_equal(place, np.eye(4)):
        vertices = (vertices @ place[:3, :3].T + place[:3, 3]).astype(np.float32)
        if normals is not None:
            turned = normals @ np.linalg.inv(place[:3, :3])
            normals = (turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-20)).astype(np.float32)
    if "indices" in primitive:
        faces: Any = _accessor(document, binary, primitive["indices"])
        faces = (faces if faces.dtype == np.uint32 else faces.astype(np.uint32)).reshape(-1, 3)
    else:
        faces = np.arange(len(vertices), dtype=np.uint32).reshape(-1, 3)
    material = document["materials"][primitive["material"]] if "material" in primitive else {}
    surface = material.get("pbrMetallicRoughness", {})
    factor = surface.get("baseColorFactor", (1, 1, 1, 1))
    return Mesh(name, vertices, faces, normals, _optional(document, binary, at, "TEXCOORD_0"), _optional(document, binary, at, "COLOR_0"),
                _texture(document, binary, surface.get("baseColorTexture")), (factor[0], factor[1], factor[2], factor[3]), surface.get("metallicFactor", 1.0),
                surface.get("roughnessFactor", 1.0))


def _optional(document: Dict[str, Any], binary: npt.NDArray[np.uint8], attributes: Dict[str, int], name: str) -> Any:
    return _accessor(document, binary, attributes[name]) if name in attributes else None
