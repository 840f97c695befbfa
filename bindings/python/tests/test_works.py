"""Works through the package: what is made, what it looks like in Python, and that nothing is copied without need."""
import gc
import json
import pathlib
import subprocess
import sys
import threading
import time

import numpy as np
import PIL.Image
import pytest

import ptah

SMALL = {"size": 128, "steps": 2, "best_of": 1, "seed": 7}
TOOLS = pathlib.Path(__file__).parent.parent / "tools"
LIBRARY = pathlib.Path(ptah.__file__).parent / "lib" / "libptah.so.1"


@pytest.fixture(scope="module")
def fox():
    return ptah.create("a red fox", low_poly=500, **SMALL)


def address(array):
    return array.__array_interface__["data"][0]


def test_a_picture(fox):
    assert isinstance(fox.image, PIL.Image.Image)
    assert fox.image.size == (128, 128)
    assert fox.pixels.shape == (128, 128, 4) and fox.pixels.dtype == np.uint8
    assert fox._repr_png_().startswith(b"\x89PNG")
    assert fox.receipt["request"]["prompt"] == "a red fox"
    assert {"picture.png", "object.glb", "receipt.json"} <= set(fox.files)
    assert json.loads(bytes(fox.files["receipt.json"]))["request"] == fox.receipt["request"]


def test_files_are_seen_where_they_are(fox):
    first, again = fox.files["object.glb"], fox.files["object.glb"]
    assert address(first) == address(again), "no copy was made"
    assert not first.flags.writeable and not first.flags.owndata
    with pytest.raises(ValueError):
        first[0] = 0
    with pytest.raises(KeyError):
        fox.files["nothing.png"]
    assert len(fox.files) == len(list(fox.files)) and "picture.png" in repr(fox.files)


def test_a_mesh(fox):
    parts = fox.meshes
    data = fox.files["object.glb"]
    for part in parts:
        assert part.vertices.shape[1] == 3 and part.vertices.dtype == np.float32
        assert part.faces.shape[1] == 3 and part.faces.max() < len(part.vertices)
    assert any(np.shares_memory(part.vertices, data) for part in parts) or len(parts) > 1
    mesh = fox.mesh
    assert 0 < len(mesh.faces) <= 600
    extent = mesh.vertices.max(axis=0) - mesh.vertices.min(axis=0)
    assert 0.01 < extent.max() < 3, "metres"
    if mesh.normals is not None:
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)


def test_a_mesh_of_trimesh(fox):
    trimesh = pytest.importorskip("trimesh")
    mesh = fox.mesh.trimesh()
    assert isinstance(mesh, trimesh.Trimesh) and len(mesh.faces) == len(fox.mesh.faces)
    theirs = trimesh.load(trimesh.util.wrap_as_stream(bytes(fox.files["object.glb"])), file_type="glb")
    assert np.allclose(theirs.bounds, mesh.bounds, atol=1e-5)


def test_what_comes_along_is_found():
    fund = ptah.contract("crowdfund 3 ETH in ten days")
    assert any(name.endswith(".sol") for name in fund.files)
    assert ptah.shape("chair", formats="stl").files


def test_arrays_outlive_their_work():
    work = ptah.create("a blue ball", object=False, **SMALL)
    seen = work.files["picture.png"]
    copy = bytes(seen)
    del work
    gc.collect()
    assert bytes(seen) == copy


def test_the_same_request_is_the_same_work(fox):
    again = ptah.create("a red fox", low_poly=500, **SMALL)
    assert all(np.array_equal(again.files[name], fox.files[name]) for name in fox.files)
    other = ptah.create("a red fox", low_poly=500, **{**SMALL, "seed": 8})
    assert not np.array_equal(other.files["picture.png"], fox.files["picture.png"])


def test_pictures_go_in_as_arrays_and_as_pil():
    rows, columns = np.mgrid[:96, :96] - 47.5
    pixels = np.zeros((96, 96, 4), np.uint8)
    pixels[rows**2 + columns**2 < 1500] = (200, 60, 30, 255)
    by_array = ptah.object(pixels, target_triangles=400)
    by_picture = ptah.object(PIL.Image.fromarray(pixels), target_triangles=400)
    assert np.array_equal(by_array.files["object.glb"], by_picture.files["object.glb"])
    assert by_array.meshes
    # A field of another kind: bytes of a GLB file, and a work.
    stl = ptah.convert(by_array.files["object.glb"], format="stl")
    assert any(name.endswith(".stl") for name in stl.files)
    assert any(name.endswith(".ply") for name in ptah.convert(by_array, format="ply").files)
    with pytest.raises(ptah.InvalidArgument, match="rows, columns"):
        ptah.object(np.zeros((5, 5, 2), np.uint8))
    with pytest.raises(ptah.InvalidArgument, match="float64"):
        ptah.object(np.zeros((5, 5, 4)))
    with pytest.raises(ptah.InvalidArgument, match="File"):
        ptah.convert(b"whatever")
    with pytest.raises(ptah.NotFound):
        ptah.object("nowhere.png")
    with pytest.raises(ptah.Error) as caught:
        ptah.convert(ptah.File(b"solid", "what.xyz"))
    assert "what.xyz" in str(caught.value) and "/" not in str(caught.value).split("what.xyz")[0], "nothing is said of where it was put"


def test_the_engine_reads_arrays_where_they_lie():
    """No copy of a picture is made on Python's side."""
    from ptah._work import given_file
    pixels = np.zeros((8, 8, 4), np.uint8)
    _, data, width, height = given_file(pixels, 1)
    assert np.shares_memory(data, pixels) and (width, height) == (8, 8)
    raw = b"\x89PNG and so on"
    _, data, _, _ = given_file(raw, 1)
    assert address(data) == address(np.frombuffer(raw, np.uint8))


def test_a_job_with_progress():
    job = ptah.submit("create", prompt="a green tree", object=False, size=256, steps=6, best_of=1)
    fractions = [step.fraction for step in job]
    assert job.done and fractions[-1] == 1 and fractions == sorted(fractions)
    assert job.result().image.size == (256, 256)
    seen = []
    ptah.create("a red fox", object=False, progress=seen.append, **SMALL)
    assert seen and seen[-1].fraction == 1 and seen[-1].stage


def test_other_threads_run_meanwhile():
    count, over = [0], threading.Event()

    def counting():
        while not over.is_set():
            count[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=counting)
    thread.start()
    ptah.create("a red fox", object=False, size=256, steps=6, best_of=1)
    over.set()
    thread.join()
    assert count[0] > 20


def test_cancel():
    with ptah.submit("create", prompt="a red fox", object=False, size=512, steps=200, best_of=1) as job:
        assert not job.done
        with pytest.raises(TimeoutError):
            job.result(timeout=0.2)
    with pytest.raises(ptah.Cancelled):
        job.result()
    began = time.time()
    job = ptah.submit("create", prompt="a red fox", object=False, size=512, steps=200, best_of=1)
    del job
    gc.collect()
    assert time.time() - began < 30, "a job that nobody has ends"


def test_errors_name_the_field():
    with pytest.raises(ptah.InvalidArgument) as caught:
        ptah.create("a red fox", steps=900)
    assert caught.value.field == "steps" and str(caught.value) == "steps 900; 1 to 200 are possible"
    assert isinstance(caught.value, ValueError)
    with pytest.raises(TypeError):
        ptah.create("a red fox", stepps=9)
    with pytest.raises(ptah.InvalidArgument, match="create"):
        ptah.submit("creat", prompt="a red fox")
    with pytest.raises(ptah.OverBudget):
        ptah.plan("create", prompt="a red fox", budget_bytes=1 << 20)
    with pytest.raises(AttributeError, match="no sound"):
        ptah.create("a red fox", object=False, **SMALL).sound


def test_plan():
    small, large = (ptah.plan("create", prompt="a red fox", size=size, object=False) for size in (128, 512))
    assert 0 < small.flops < large.flops and small.peak_bytes > 1 << 20 and small.seconds > 0


def test_save_verify_replay(tmp_path, fox):
    fox.save(tmp_path / "fox")
    ptah.verify(tmp_path / "fox")
    with pytest.raises(ptah.InvalidArgument):
        fox.save(tmp_path / "fox")
    again = ptah.replay(tmp_path / "fox" / "picture.png")
    assert np.array_equal(again.files["object.glb"], fox.files["object.glb"])
    (tmp_path / "fox" / "object.glb").write_bytes(b"something else")
    with pytest.raises(ptah.Mismatch, match="object.glb"):
        ptah.verify(tmp_path / "fox")


def test_recipes_are_those_of_the_schemas():
    names = [recipe["name"] for recipe in ptah.recipes()]
    assert "create" in names and all(callable(getattr(ptah, name)) for name in names)
    subprocess.run([sys.executable, str(TOOLS / "generate.py"), "--check", "--library", str(LIBRARY)], check=True)


@pytest.mark.parametrize("data", [b"", b"glTF" + b"\0" * 30, b"no glb at all, but long enough to be one", b"glTF\2\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7fJSON{}"])
def test_hostile_glb(data):
    with pytest.raises(ValueError):
        ptah.read_glb(np.frombuffer(data, np.uint8))


def test_glb_that_leaves_its_buffer(fox):
    data = fox.files["object.glb"]
    length = int.from_bytes(bytes(data[12:16]), "little")
    document = json.loads(bytes(data[20:20 + length]))
    document["accessors"][0]["count"] = 1 << 30
    text = json.dumps(document).encode()
    broken = bytes(data[:12]) + len(text).to_bytes(4, "little") + b"JSON" + text + bytes(data[20 + length:])
    with pytest.raises(ValueError):
        ptah.read_glb(np.frombuffer(broken, np.uint8))


def test_types():
    pytest.importorskip("mypy")
    program = ("import ptah\nwork = ptah.create('a fox', steps=3, from_='x.png')\nreveal_type(work)\nreveal_type(work.mesh.vertices)\n"
               "ptah.create('a fox', steps='three')\n")
    ran = subprocess.run([sys.executable, "-m", "mypy", "--no-error-summary", "-c", program], capture_output=True, text=True)
    assert 'Revealed type is "ptah._work.Work"' in ran.stdout, ran.stdout
    assert "_32Bit" in ran.stdout.splitlines()[1] or "float32" in ran.stdout.splitlines()[1]
    assert 'Argument "steps" to "create" has incompatible type "str"' in ran.stdout
