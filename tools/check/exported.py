#!/usr/bin/env python3
"""What trimesh (5.2.0), plyfile (1.1) and lib3mf (2.5.0) find in files that the options of `ptah shape` and `ptah convert` make: python3 exported.py FOLDER...

A folder is a work. Every mesh has to be watertight once vertices at one place are joined, every object of a 3MF manifold and oriented for lib3mf, which must have
no warning. A PLY is one mesh of parts that may touch, so there only its faces are counted. What the folder's name says is checked too: triangles-N, colours-N, levels, parts, pieces.
"""
import pathlib
import re
import sys

import lib3mf
import plyfile
import trimesh
from lib3mf import get_wrapper


def asked(name, word):
    found = re.search(rf"{word}-(\d+)", name)
    return int(found.group(1)) if found else None


def check_scene(path, name):
    scene = trimesh.load(path, force="scene", **({"split_objects": True, "group_material": False} if path.suffix == ".obj" else {}))
    faults = []
    triangles = {}
    for node in scene.graph.nodes_geometry:
        mesh = scene.geometry[scene.graph[node][1]].copy()
        triangles[node] = len(mesh.faces)
        mesh.merge_vertices(merge_tex=True, merge_norm=True)
        if not (mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0):
            faults.append(f"{node}: not a closed solid")
    limit = asked(name, "triangles")
    if limit and sum(triangles.values()) > limit:
        faults.append(f"{sum(triangles.values())} triangles, {limit} asked for")
    if "levels" in name and path.suffix == ".glb":
        levels = {re.sub(r".*(_LOD\d).*", r"\1", n) for n in scene.graph.nodes if "_LOD" in n}
        if levels != {f"_LOD{k}" for k in range(4)} or not any(n.endswith("_collider") for n in scene.graph.nodes):
            faults.append(f"nodes {sorted(scene.graph.nodes)}")
    return faults, f"{len(triangles)} meshes, {sum(triangles.values())} triangles"


def check_ply(path, name):
    faces = plyfile.PlyData.read(str(path))["face"]["vertex_indices"]
    triangles, quads = sum(len(face) - 2 for face in faces), sum(len(face) == 4 for face in faces)
    limit = asked(name, "triangles")
    faults = []
    if limit and triangles > limit:
        faults.append(f"{triangles} triangles, {limit} asked for")
    if "quads" in name and quads == 0:
        faults.append("no quads")
    return faults, f"{len(faces)} faces, {quads} of four corners"


def check_3mf(path, name):
    model = get_wrapper().CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(str(path))
    faults = [f"lib3mf: {reader.GetWarning(i)}" for i in range(reader.GetWarningCount())]
    meshes, triangles, colours = 0, 0, set()
    objects = model.GetMeshObjects()
    while objects.MoveNext():
        mesh = objects.GetCurrentMeshObject()
        meshes += 1
        triangles += mesh.GetTriangleCount()
        if not mesh.IsManifoldAndOriented():
            faults.append(f"{mesh.GetName()}: not manifold and oriented")
        used = {(p.ResourceID, p.PropertyIDs[0]) for p in mesh.GetAllTriangleProperties()}
        for resource, index in used:
            c = model.GetColorGroupByID(resource).GetColor(index)
            colours.add((c.Red, c.Green, c.Blue))
    limit = asked(name, "triangles")
    if limit and triangles > limit:
        faults.append(f"{triangles} triangles, {limit} asked for")
    limit = asked(name, "colours")
    if limit and len(colours) > limit:
        faults.append(f"{len(colours)} colours, {limit} asked for")
    components = model.GetComponentsObjects().Count()
    if "parts" in name and components != 1:
        faults.append(f"{components} objects of components")
    if "pieces" in name and meshes < 2:
        faults.append("one piece")
    return faults, f"{meshes} objects, {triangles} triangles, {len(colours)} colours"


def main():
    bad = seen = 0
    for folder in map(pathlib.Path, sys.argv[1:]):
        for path in sorted(folder.iterdir()):
            if path.suffix not in (".glb", ".obj", ".ply", ".stl", ".3mf"):
                continue
            seen += 1
            check = {".3mf": check_3mf, ".ply": check_ply}.get(path.suffix, check_scene)
            faults, text = check(path, folder.name)
            bad += bool(faults)
            print(f"{folder.name}/{path.name}: {text}", *faults, sep="\n  ")
    print(f"{seen} files, {bad} with faults")
    return 1 if bad or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
