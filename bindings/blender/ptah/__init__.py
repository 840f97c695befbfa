"""Ptah in Blender: words become objects of the scene, with their materials. A server does the work: ptah serve."""
import os
import random
import tempfile
import time

import bpy

from .client import Client, ServerError

bl_info = {
    "name": "Ptah",
    "author": "The Ptah project",
    "version": (0, 2, 0),
    "blender": (4, 2, 0),
    "location": "3D View > Sidebar > Ptah",
    "description": "Objects, rooms and materials from words, by your own Ptah server",
    "category": "Add Mesh",
}

KINDS = [
    ("create", "Object", "An object: by a shape program where there is one for the words, else from a picture that is drawn of them"),
    ("scene", "Room", "A furnished room"),
]


class PtahPreferences(bpy.types.AddonPreferences):
    bl_idname = __package__

    address: bpy.props.StringProperty(name="Server", description="Where ptah serve listens", default="http://127.0.0.1:7878")
    key: bpy.props.StringProperty(name="Key", description="If the server asks for one (ptah serve key add)", subtype="PASSWORD")

    def draw(self, _context):
        self.layout.prop(self, "address")
        self.layout.prop(self, "key")


class PtahSettings(bpy.types.PropertyGroup):
    prompt: bpy.props.StringProperty(name="Words", description="What to make", default="a wooden chair with a red cushion")
    kind: bpy.props.EnumProperty(name="Make", items=KINDS, default="create")
    seed: bpy.props.IntProperty(name="Seed", description="The same words and seed make the same object; -1: a random one", default=0, min=-1)
    height: bpy.props.FloatProperty(name="Height", description="How high it is to be; 0: as high as the thing usually is", default=0, min=0, max=10, subtype="DISTANCE")
    status: bpy.props.StringProperty()
    fraction: bpy.props.FloatProperty()
    running: bpy.props.BoolProperty()


def preferences(context):
    addon = context.preferences.addons.get(__package__)
    return addon.preferences if addon else None


def client_of(context):
    p = preferences(context)
    return Client(p.address, p.key) if p else Client(os.environ.get("PTAH_SERVER", "http://127.0.0.1:7878"))


def request_of(settings):
    seed = settings.seed if settings.seed >= 0 else random.randrange(1 << 32)
    request = {"prompt": settings.prompt, "seed": seed}
    if settings.kind == "create":
        request["pivot"] = "base"
        if settings.height > 0:
            request["height_mm"] = settings.height * 1000
    return request


def add_to_scene(context, glb, name):
    """Puts the parts of a GLB file into the scene, at the 3D cursor, below one empty with the given name if they are several; the topmost object."""
    with tempfile.TemporaryDirectory(prefix="ptah-") as folder:
        place = os.path.join(folder, "object.glb")
        with open(place, "wb") as file:
            file.write(glb)
        before = set(context.scene.objects)
        bpy.ops.import_scene.gltf(filepath=place)
    new = [one for one in context.scene.objects if one not in before]
    if not new:
        raise ServerError("the work's GLB file is empty")
    tops = [one for one in new if one.parent is None]
    top = tops[0]
    if len(tops) > 1:
        top = bpy.data.objects.new(name, None)
        context.collection.objects.link(top)
        for one in tops:
            one.parent = top
    top.name = name
    top.location = context.scene.cursor.location
    for one in context.selected_objects:
        one.select_set(False)
    for one in new:
        one.select_set(True)
    context.view_layer.objects.active = top
    top["ptah_prompt"] = name
    return top


class PTAH_OT_make(bpy.types.Operator):
    bl_idname = "ptah.make"
    bl_label = "Make"
    bl_description = "Make what the words say, and put it at the 3D cursor"
    bl_options = {"REGISTER", "UNDO"}

    _timer = None

    @classmethod
    def poll(cls, context):
        return not context.scene.ptah.running and bool(context.scene.ptah.prompt.strip())

    def execute(self, context):
        """Without a window: waits."""
        try:
            self._start(context)
            while not self._look(context):
                time.sleep(0.1)
        except ServerError as problem:
            return self._failed(context, problem)
        return self._finished

    def invoke(self, context, _event):
        try:
            self._start(context)
        except ServerError as problem:
            return self._failed(context, problem)
        self._timer = context.window_manager.event_timer_add(0.25, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type == "ESC":
            self.cancel(context)
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        try:
            if not self._look(context):
                return {"PASS_THROUGH"}
        except ServerError as problem:
            return self._failed(context, problem)
        self._end(context, "")
        return self._finished

    def cancel(self, context):
        try:
            self._client.cancel(self._job)
        except ServerError:
            pass
        self._end(context, "cancelled")

    def _start(self, context):
        settings = context.scene.ptah
        self._client = client_of(context)
        self._name = settings.prompt.strip()
        self._job = self._client.start(settings.kind, request_of(settings))
        settings.running, settings.fraction, settings.status = True, 0, "queued"

    def _look(self, context):
        """Whether it has ended."""
        settings = context.scene.ptah
        view = self._client.view(self._job)
        settings.fraction = view.get("progress", 0) / 100
        settings.status = view.get("stage", view["status"])
        for area in context.screen.areas if context.screen else ():
            area.tag_redraw()
        if view["status"] in ("queued", "in_progress"):
            return False
        if view["status"] != "completed":
            raise ServerError((view.get("error") or {}).get("message") or view["status"])
        names = [one["name"] for one in view["outputs"] if one["name"].endswith(".glb")]
        if not names:
            raise ServerError("the work has no object")
        add_to_scene(context, self._client.content(self._job, names[0]), self._name)
        self._finished = {"FINISHED"}
        self._end(context, "")
        return True

    def _failed(self, context, problem):
        self._end(context, str(problem))
        self.report({"ERROR"}, str(problem))
        return {"CANCELLED"}

    def _end(self, context, status):
        settings = context.scene.ptah
        settings.running, settings.status = False, status
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


class PTAH_PT_panel(bpy.types.Panel):
    bl_label = "Ptah"
    bl_idname = "PTAH_PT_panel"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Ptah"

    def draw(self, context):
        settings = context.scene.ptah
        layout = self.layout
        layout.prop(settings, "prompt", text="")
        layout.prop(settings, "kind", expand=True)
        layout.prop(settings, "seed")
        row = layout.row()
        row.enabled = settings.kind == "create"
        row.prop(settings, "height")
        layout.operator(PTAH_OT_make.bl_idname, icon="MESH_MONKEY")
        if settings.running:
            layout.progress(factor=settings.fraction, text=f"{settings.status} (Esc cancels)")
        elif settings.status:
            layout.label(text=settings.status, icon="ERROR")


CLASSES = (PtahPreferences, PtahSettings, PTAH_OT_make, PTAH_PT_panel)


def register():
    for one in CLASSES:
        bpy.utils.register_class(one)
    bpy.types.Scene.ptah = bpy.props.PointerProperty(type=PtahSettings)


def unregister():
    del bpy.types.Scene.ptah
    for one in reversed(CLASSES):
        bpy.utils.unregister_class(one)
