"""The add-on in Blender without a window: words become objects of the scene, with materials. Run by tools/check/blender."""
import pathlib
import sys

import bpy

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bindings" / "blender"))
address, picture = sys.argv[-2:]

bpy.ops.wm.read_factory_settings(use_empty=True)
import addon_utils  # noqa: E402

addon_utils.enable("io_scene_gltf2")
addon_utils.enable("cycles")
import os  # noqa: E402

os.environ["PTAH_SERVER"] = address
import ptah  # noqa: E402  (the add-on, not the package for Python)

ptah.register()
scene = bpy.context.scene


def made(prompt, **settings):
    scene.ptah.prompt = prompt
    for name, value in settings.items():
        setattr(scene.ptah, name, value)
    before = set(scene.objects)
    assert bpy.ops.ptah.make() == {"FINISHED"}, scene.ptah.status
    assert not scene.ptah.running and scene.ptah.status == ""
    return [one for one in scene.objects if one not in before]


def extent(objects, axis):
    bpy.context.view_layer.update()
    places = [(one.matrix_world @ vertex.co)[axis] for one in objects if one.type == "MESH" for vertex in one.data.vertices]
    return min(places), max(places)


scene.cursor.location = (1.5, 0, 0)
chair = made("a wooden chair with a red cushion", seed=1)
meshes = [one for one in chair if one.type == "MESH"]
assert meshes and sum(len(one.data.polygons) for one in meshes) > 50, chair
assert all(one.data.materials and one.data.materials[0] for one in meshes), "every part has a material"
colours = set()
for one in meshes:
    for material in one.data.materials:
        shader = material.node_tree.nodes.get("Principled BSDF")
        assert shader is not None, material.name
        colours.add(tuple(round(value, 3) for value in shader.inputs["Base Color"].default_value))
textured = any(node.type == "TEX_IMAGE" for one in meshes for material in one.data.materials for node in material.node_tree.nodes)
assert textured or len(colours) > 1, f"wood and a red cushion in one colour: {colours}"
low, high = extent(meshes, 2)
assert abs(low) < 0.02 and 0.5 < high < 1.6, f"a chair from {low} to {high} m"
assert 1.0 < sum(extent(meshes, 0)) / 2 < 2.0, "it stands at the cursor"

scene.cursor.location = (0, 0, 0)
low_table = made("a small table", height=0.4)
low, high = extent(low_table, 2)
assert abs(high - low - 0.4) < 0.03, f"a table of 0.4 m is {high - low} m high"

scene.ptah.prompt = "x" * 100000
try:
    assert bpy.ops.ptah.make() == {"CANCELLED"}
except RuntimeError as problem:  # Blender raises what an operator reports as an error
    assert "prompt" in str(problem), problem
assert not scene.ptah.running
os.environ["PTAH_SERVER"] = "http://127.0.0.1:9"
try:
    scene.ptah.prompt = "a chair"
    assert bpy.ops.ptah.make() == {"CANCELLED"}
except RuntimeError as problem:
    assert "ptah serve" in str(problem), problem

if picture != "-":
    light = bpy.data.objects.new("light", bpy.data.lights.new("light", "SUN"))
    light.data.energy = 3
    light.rotation_euler = (0.7, 0.2, 0.5)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.rotation_euler = (3.4, -3.6, 2.1), (1.22, 0, 0.62)
    scene.collection.objects.link(light)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.world = bpy.data.worlds.new("world")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs[0].default_value = (0.8, 0.85, 0.9, 1)
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 8, "CPU"
    scene.render.resolution_x, scene.render.resolution_y = 320, 240
    scene.render.filepath = picture
    bpy.ops.render.render(write_still=True)
ptah.unregister()
print(f"the add-on holds: a chair of {len(meshes)} parts and {len(colours)} colours")
