"""A function for each kind of work. Made by tools/generate.py from the schemas of the requests; do not edit."""
from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, Sequence, Union

from ._engine import shared_engine
from ._work import Progress, Work

__all__ = ["create", "object", "paint", "generate", "upscale", "shape", "render", "convert", "texture", "scene", "field", "say", "face", "talk", "photo", "contract", "emotion"]


def create(prompt: str, *, background: Optional[str] = None, best_of: Optional[int] = None, collider: Optional[str] = None, formats: Optional[str] = None,
           from_: Optional[Any] = None, guidance: Optional[float] = None, height_mm: Optional[float] = None, lod: Optional[bool] = None,
           low_poly: Optional[int] = None, mask: Optional[Any] = None, millimetres: Optional[bool] = None, model: Optional[Any] = None,
           object: Optional[bool] = None, picture: Optional[str] = None, pivot: Optional[str] = None, route: Optional[str] = None,
           sampler: Optional[str] = None, seed: Optional[Union[int, str]] = None, size: Optional[int] = None, size_mm: Optional[float] = None,
           solid: Optional[str] = None, steps: Optional[int] = None, strength: Optional[float] = None, style: Optional[str] = None,
           target_triangles: Optional[int] = None, watermark: Optional[bool] = None, progress: Optional[Callable[[Progress], Any]] = None,
           budget_bytes: int = 0) -> Work:
    """Make a picture, a 3D object and a receipt from a text.

    prompt: say what to make, e.g. "a red fox"
    background: what is behind the picture; default "transparent"
    best_of: draw so many and keep the one that fits the prompt best; 0: two where there is a judge, else one; default 0
    collider: a node NAME_collider in the GLB for simulations: the box around all, or the convex hull (none, box, hull); default "none"
    formats: files to make, of png, glb, obj, ply, stl (LIST); default "png,glb"
    from_: picture to start from (PNG, JPEG, WebP): a drawing, photo or earlier work (FILE); default ""
    guidance: how strictly the prompt is followed; default 3.0
    height_mm: how high the object stands, instead of `size_mm`; 0: as `size_mm` says (millimetres); default 0.0
    lod: four levels of detail in the GLB, each of at most half the triangles of the one before: nodes NAME_LOD0 to NAME_LOD3; default false
    low_poly: at most so many triangles, in each file; 0: as many as there are (triangles); default 0
    mask: a picture of the same size; white is redrawn, black stays (FILE); default ""
    millimetres: OBJ and PLY in millimetres; earlier works have metres; default true
    model: a picture model that ptah train made (its file or folder), or a checkpoint of the Stable Diffusion family (see ptah paint) (FILE); default
        ""
    object: make the 3D object too; default true
    picture: what the picture shows: object (a render of what the shape program makes), drawn (what the picture model draws of the prompt), or auto:
        the object if a shape program makes it, and neither `model` nor another `style` than glossy is asked for (auto, object, drawn); default "auto"
    pivot: where the origin lies: where it is, at the middle of the underside, or at the middle of the box (keep, base, centre); default "keep"
    route: what makes the object: program (a shape program written from the prompt), picture (the picture, inflated), or auto: a program if the prompt
        asks for a kind that the library of shapes has (auto, program, picture); default "auto"
    sampler: how the picture is drawn from noise (euler, heun); default "euler"
    seed: the same seed gives the same work; default 0
    size: edge of the picture (pixels); default 256
    size_mm: longest edge of the object; 0: its real size if a shape program makes it, else 100 (millimetres); default 0.0
    solid: how the picture becomes a body (round, flat-back, slab); default "round"
    steps: sampling steps; default 12
    strength: how much of the picture is redrawn; with a mask 1 unless it is said; default 0.6000000238418579
    style: glossy, flat, cartoon, blob, sticker, badge, plain, or any; of a model of your own, its styles (STYLE); default "glossy"
    target_triangles: about how many triangles the object has; default 20000
    watermark: an invisible mark in the picture that ptah watermark finds, even in a smaller, cropped or JPEG copy; default false
    """
    return shared_engine().make('create', progress=progress, budget_bytes=budget_bytes,
                               prompt=prompt, background=background, best_of=best_of, collider=collider, formats=formats, from_=from_,
                               guidance=guidance, height_mm=height_mm, lod=lod, low_poly=low_poly, mask=mask, millimetres=millimetres,
                               model=model, object=object, picture=picture, pivot=pivot, route=route, sampler=sampler, seed=seed, size=size,
                               size_mm=size_mm, solid=solid, steps=steps, strength=strength, style=style, target_triangles=target_triangles,
                               watermark=watermark)


def object(picture: Any, *, collider: Optional[str] = None, cut_by: Optional[str] = None, fit: Optional[int] = None, formats: Optional[str] = None,
           height_mm: Optional[float] = None, lod: Optional[bool] = None, low_poly: Optional[int] = None, millimetres: Optional[bool] = None,
           model: Optional[Any] = None, pivot: Optional[str] = None, resolution: Optional[int] = None, size_mm: Optional[float] = None,
           solid: Optional[str] = None, target_triangles: Optional[int] = None, progress: Optional[Callable[[Progress], Any]] = None,
           budget_bytes: int = 0) -> Work:
    """Make a textured 3D object from a picture of yours.

    picture: name a PNG, JPEG or WebP; an opaque picture is cut out of its background (FILE)
    collider: a node NAME_collider in the GLB for simulations: the box around all, or the convex hull (none, box, hull); default "none"
    cut_by: what cuts an opaque picture out of its background: the network, the colours of its border, or whichever suits the picture (best, network,
        colour); default "best"
    fit: reduce the picture to so many pixels an edge first, and make the object of the part that shows something; 0: of all of it (pixels); default
        1536
    formats: files to make, of png, glb, obj, ply, stl (LIST); default "png,glb"
    height_mm: how high the object stands, instead of `size_mm`; 0: as `size_mm` says (millimetres); default 0.0
    lod: four levels of detail in the GLB, each of at most half the triangles of the one before: nodes NAME_LOD0 to NAME_LOD3; default false
    low_poly: at most so many triangles, in each file; 0: as many as there are (triangles); default 0
    millimetres: OBJ and PLY in millimetres; earlier works have metres; default true
    model: a TripoSR checkpoint of yours (its file or folder): it makes a whole object of the picture, with sides that are not seen (FILE); default ""
    pivot: where the origin lies: where it is, at the middle of the underside, or at the middle of the box (keep, base, centre); default "keep"
    resolution: points of the grid, an edge, on which the surface is looked for; default 256
    size_mm: longest edge of the object (millimetres); default 100.0
    solid: how the picture becomes a body (round, flat-back, slab); default "round"
    target_triangles: about how many triangles the object has; default 20000
    """
    return shared_engine().make('object', progress=progress, budget_bytes=budget_bytes,
                               picture=picture, collider=collider, cut_by=cut_by, fit=fit, formats=formats, height_mm=height_mm, lod=lod,
                               low_poly=low_poly, millimetres=millimetres, model=model, pivot=pivot, resolution=resolution, size_mm=size_mm,
                               solid=solid, target_triangles=target_triangles)


def paint(prompt: str, files: Mapping[str, Any], *, as_diffusers: Optional[bool] = None, clip_skip: Optional[int] = None,
          control_pictures: Optional[Sequence[Any]] = None, cut: Optional[str] = None, cut_by: Optional[str] = None, edges: Optional[bool] = None,
          enlarge: Optional[float] = None, enlarge_strength: Optional[float] = None, extend: Optional[int] = None, formats: Optional[str] = None,
          from_: Optional[Any] = None, guidance: Optional[float] = None, height: Optional[int] = None, mask: Optional[Any] = None,
          mask_rule: Optional[int] = None, negative: Optional[str] = None, noise: Optional[str] = None, object: Optional[Mapping[str, Any]] = None,
          perpendicular: Optional[float] = None, prediction: Optional[str] = None, prompt_rules: Optional[int] = None, refine_from: Optional[float] = None,
          rescale: Optional[float] = None, sampler: Optional[str] = None, schedule: Optional[str] = None, seed: Optional[Union[int, str]] = None,
          steps: Optional[int] = None, strength: Optional[float] = None, tile: Optional[int] = None, watermark: Optional[bool] = None,
          width: Optional[int] = None, progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """Make a picture with a Stable Diffusion checkpoint (1, 2, XL, 3, 3.5).

    prompt: what to paint; (word:1.2) counts more, [word] less, BREAK begins a new window
    files: autoencoder, controls, embeddings, loras, model, quantize, refiner, t5, t5_words, unet, wraps
    as_diffusers: diffusers' way where it differs: steps of a picture to start from, T5's 256 tokens, XL's empty negative, hard masks; default false
    clip_skip: last layers of the text encoder to leave out; default 0
    control_pictures: what a network that controls looks at: edges, depth, scribbles, as its makers drew them; default []
    cut: cut the picture out, with this behind it; default: it stays as it was painted; default ""
    cut_by: what cuts an opaque picture out of its background: the network, the colours of its border, or whichever suits the picture (best, network,
        colour); default "best"
    edges: take the edges of the control pictures (Canny) instead of themselves; default false
    enlarge: paint again so many times as large, from the first picture; default 1.0
    enlarge_strength: how much of it is redrawn; default 0.5
    extend: paint so many pixels more on every side; 0: none (pixels); default 0
    formats: files to make, of png, glb, obj, ply, stl (LIST); default "png"
    from_: picture to start from (PNG, JPEG, WebP); default ""
    guidance: how closely to follow the prompt; 1 leaves the negative prompt out and takes half the time; default 7.0
    height: 0: of the picture it starts from, else the model's own (pixels); default 0
    mask: a picture of the same size; white is repainted, black stays; default ""
    mask_rule: how white a mask's pixel is: 2, by Rec. 709; 1, by Rec. 601, as earlier works; default 2
    negative: what not to paint; default ""
    noise: torch is the noise of ComfyUI and the WebUI (on a processor) for the same seed (philox, torch); default "philox"
    object: fit, height_mm, millimetres, size_mm, solid, target_triangles
    perpendicular: above 0: the negative prompt pushes only at right angles to the prompt, so strongly; takes half as long again; default 0.0
    prediction: what the model was trained to predict; default: what its folder says, else noise; default ""
    prompt_rules: how brackets are read and weighted: 2, as the WebUI does; 1, as earlier works; default 2
    refine_from: the share of the steps after which the refiner takes over; default 0.800000011920929
    rescale: bring guided noise back to its spread (for models that predict velocity about 0.7); default 0.0
    sampler: default: the model's own; default ""
    schedule: default: the model's own; default ""
    seed: the same seed gives the same picture; default 0
    steps: steps of the sampler; default 20
    strength: with a picture to start from: the share of the steps that are gone; default 1.0
    tile: decode in tiles of so many pixels, which takes less memory; 0: in one piece (pixels); default 0
    watermark: an invisible mark in the picture that ptah watermark finds, even in a smaller, cropped or JPEG copy; default false
    width: 0: of the picture it starts from, else the model's own (pixels); default 0
    """
    return shared_engine().make('paint', progress=progress, budget_bytes=budget_bytes,
                               prompt=prompt, files=files, as_diffusers=as_diffusers, clip_skip=clip_skip, control_pictures=control_pictures,
                               cut=cut, cut_by=cut_by, edges=edges, enlarge=enlarge, enlarge_strength=enlarge_strength, extend=extend,
                               formats=formats, from_=from_, guidance=guidance, height=height, mask=mask, mask_rule=mask_rule, negative=negative,
                               noise=noise, object=object, perpendicular=perpendicular, prediction=prediction, prompt_rules=prompt_rules,
                               refine_from=refine_from, rescale=rescale, sampler=sampler, schedule=schedule, seed=seed, steps=steps,
                               strength=strength, tile=tile, watermark=watermark, width=width)


def generate(prompt: Optional[str] = None, *, adapter: Optional[str] = None, cache: Optional[Any] = None, cache_type: Optional[str] = None,
             context: Optional[int] = None, control_tokens: Optional[bool] = None, draft: Optional[str] = None, dry_allowed_length: Optional[int] = None,
             dry_base: Optional[float] = None, dry_multiplier: Optional[float] = None, frequency_penalty: Optional[float] = None,
             grammar: Optional[str] = None, log_probabilities: Optional[bool] = None, lookup: Optional[int] = None, max_tokens: Optional[int] = None,
             min_p: Optional[float] = None, model: Optional[str] = None, penalty_window: Optional[int] = None, presence_penalty: Optional[float] = None,
             repetition_penalty: Optional[float] = None, schema: Optional[str] = None, seed: Optional[Union[int, str]] = None,
             stop: Optional[Sequence[Any]] = None, temperature: Optional[float] = None, top_k: Optional[int] = None, top_p: Optional[float] = None,
             typical_p: Optional[float] = None, progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """Continue a text.

    adapter: a folder with an adapter of the model (ptah train language, preference; or PEFT's) (FOLDER); default ""
    cache: a file that keeps what was read of the prompt: the next prompt that begins alike is read from there; default ""
    cache_type: what keys and values are kept in; q8 takes half the memory of bf16; default: what the machine computes in; default ""
    context: how much to remember; 0: what the model was trained for (tokens); default 0
    control_tokens: names of control tokens in the text become those tokens; default false
    draft: a smaller model with the same tokens that makes the guesses (4 at once, or `lookup`) (MODEL); default ""
    dry_allowed_length: how many tokens may be copied freely (tokens); default 2
    dry_base: what a copied token more multiplies that by; default 1.75
    dry_multiplier: above 0: tokens that would copy a longer piece of the text so far become less likely (DRY); default 0.0
    frequency_penalty: subtracted for each time a token came lately; default 0.0
    grammar: a GBNF grammar: the answer matches it; default ""
    log_probabilities: of each token, in JSON; default false
    lookup: tokens guessed ahead where the text repeats itself; default 0
    max_tokens: at most so many new tokens (tokens); default 256
    min_p: only tokens with this share of the most likely one's probability; default 0.0
    model: name of a pulled model, a GGUF file or a folder with one (MODEL); default "smollm2"
    penalty_window: how many last tokens the penalties look at (tokens); default 64
    presence_penalty: subtracted once for a token that came lately; default 0.0
    prompt: the text to go on with; default ""
    repetition_penalty: above 1: tokens that came lately become less likely; default 1.0
    schema: a JSON schema: the answer is JSON that satisfies it; default ""
    seed: the same seed gives the same text; default 0
    stop: a text that ends the answer; may be given several times; default []
    temperature: 0: always the most likely token; default 0.800000011920929
    top_k: only the most likely k tokens; 0: all; default 40
    top_p: only the most likely tokens that sum to this probability; default 0.949999988079071
    typical_p: only tokens of typical information, up to this probability; default 1.0
    """
    return shared_engine().make('generate', progress=progress, budget_bytes=budget_bytes,
                               adapter=adapter, cache=cache, cache_type=cache_type, context=context, control_tokens=control_tokens, draft=draft,
                               dry_allowed_length=dry_allowed_length, dry_base=dry_base, dry_multiplier=dry_multiplier,
                               frequency_penalty=frequency_penalty, grammar=grammar, log_probabilities=log_probabilities, lookup=lookup,
                               max_tokens=max_tokens, min_p=min_p, model=model, penalty_window=penalty_window, presence_penalty=presence_penalty,
                               prompt=prompt, repetition_penalty=repetition_penalty, schema=schema, seed=seed, stop=stop,
                               temperature=temperature, top_k=top_k, top_p=top_p, typical_p=typical_p)


def upscale(picture: Any, *, model: Optional[Any] = None, progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """Enlarge a picture four times each way, with crisp edges.

    picture: PNG, JPEG or WebP (FILE)
    model: an upscaler of ptah train, or a network of Real-ESRGAN's kinds (.pth, .safetensors); default: the shipped one; default ""
    """
    return shared_engine().make('upscale', progress=progress, budget_bytes=budget_bytes,
                               picture=picture, model=model)


def shape(program: str, *, collider: Optional[str] = None, detail: Optional[float] = None, formats: Optional[str] = None, lod: Optional[bool] = None,
          low_poly: Optional[int] = None, palette: Optional[str] = None, parts: Optional[bool] = None, pivot: Optional[str] = None,
          print_colours: Optional[int] = None, quads: Optional[bool] = None, set: Optional[Sequence[Any]] = None, size: Optional[int] = None,
          split: Optional[str] = None, texture: Optional[int] = None, progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """Make a 3D object of a shape program.

    program: file of the shape (.shape; - for standard input), or the name of one that comes along (FILE)
    collider: a node NAME_collider in the GLB for simulations: the box around all, or the convex hull (none, box, hull); default "none"
    detail: factor on the number of segments of round surfaces; default 1.0
    formats: files to make, of png, glb, obj, ply, stl, 3mf, usdz, scad, json (LIST); default "png,glb"
    lod: four levels of detail in the GLB, each of at most half the triangles of the one before: nodes NAME_LOD0 to NAME_LOD3; default false
    low_poly: at most so many triangles, in each file; 0: as many as there are (triangles); default 0
    palette: colours that a 3MF may have, as "#rrggbb,#rrggbb", or a file of such colours or of a GIMP palette (COLOURS); default ""
    parts: each part an object of its own, in 3MF as components of one object; default false
    pivot: where the origin lies: where it is, at the middle of the underside, or at the middle of the box (keep, base, centre); default "keep"
    print_colours: at most so many colours in a 3MF; 0: as many as there are; default 0
    quads: faces of four corners in OBJ and PLY; GLB, STL and 3MF have triangles only; default false
    set: another value for a parameter (NAME=VALUE); default []
    size: edge of the picture (pixels); default 512
    split: cut what is for printers into closed pieces that fit into this room, in millimetres: width, depth, height (X,Y,Z); default ""
    texture: bake the materials on an atlas of this edge, for the GLB and the picture; 0: plain colours (texels); default 0
    """
    return shared_engine().make('shape', progress=progress, budget_bytes=budget_bytes,
                               program=program, collider=collider, detail=detail, formats=formats, lod=lod, low_poly=low_poly, palette=palette,
                               parts=parts, pivot=pivot, print_colours=print_colours, quads=quads, set=set, size=size, split=split,
                               texture=texture)


def render(file: Any, *, azimuth: Optional[float] = None, background: Optional[str] = None, denoise: Optional[bool] = None,
           elevation: Optional[float] = None, environment: Optional[str] = None, environment_turn: Optional[float] = None,
           exposure: Optional[float] = None, field_of_view: Optional[float] = None, format: Optional[str] = None, frame_rate: Optional[float] = None,
           ground: Optional[bool] = None, samples: Optional[int] = None, seed: Optional[Union[int, str]] = None, set: Optional[Sequence[Any]] = None,
           size: Optional[int] = None, texture: Optional[int] = None, turntable: Optional[int] = None, view: Optional[str] = None,
           progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """A picture of an object, or one that turns round.

    file: a .shape program or the name of one that comes along, a work's folder, or a mesh (FILE)
    azimuth: from where it is seen, from the front to the right (degrees); default 30.0
    background: what is behind it: plain, environment, transparent, white, black or #rrggbb; default "plain"
    denoise: take the noise off, where light paths are followed; default true
    elevation: from how far above (degrees); default 20.0
    environment: what lights the scene: studio, city, interior, sunset, or a map (.hdr, .exr) (NAME|FILE); default "studio"
    environment_turn: turns the surroundings about the vertical axis (degrees); default 0.0
    exposure: 1 is twice as bright, -1 half as bright (stops); default 0.0
    field_of_view: how wide the camera sees, vertically (degrees); default 30.0
    format: of what turns round; mp4 needs ffmpeg (webp, gif, mp4); default "webp"
    frame_rate: frames a second; default 12.0
    ground: draw a shadow on the ground; default true
    samples: light paths a pixel, which shows how light really goes; 0: drawn at once, light from all around only; default 0
    seed: of the light paths; default 0
    set: another value for a parameter of the program (NAME=VALUE); default []
    size: edge of the picture (pixels); default 512
    texture: bake a program's materials (wood, stone …) on an atlas of so many texels on its edge; 0: plain colours (texels); default 0
    turntable: frames of a picture that turns round; 0: none (frames); default 0
    view: from where it is seen (front, back, left, right, top, three-quarter); default "three-quarter"
    """
    return shared_engine().make('render', progress=progress, budget_bytes=budget_bytes,
                               file=file, azimuth=azimuth, background=background, denoise=denoise, elevation=elevation, environment=environment,
                               environment_turn=environment_turn, exposure=exposure, field_of_view=field_of_view, format=format,
                               frame_rate=frame_rate, ground=ground, samples=samples, seed=seed, set=set, size=size, texture=texture,
                               turntable=turntable, view=view)


def convert(mesh: Any, *, collider: Optional[str] = None, format: Optional[str] = None, lod: Optional[bool] = None, low_poly: Optional[int] = None,
            palette: Optional[str] = None, parts: Optional[bool] = None, pivot: Optional[str] = None, points: Optional[int] = None,
            print_colours: Optional[int] = None, quads: Optional[bool] = None, resolution: Optional[int] = None, split: Optional[str] = None,
            unit: Optional[str] = None, up: Optional[str] = None, progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """Convert a mesh from one format to another.

    mesh: file to convert: GLB, glTF, OBJ, PLY, STL, 3MF, a shape program (.shape), a work's folder or its source.zip, or a shape of the library
        (FILE)
    collider: a node NAME_collider in the GLB for simulations: the box around all, or the convex hull (none, box, hull); default "none"
    format: format to write (glb, obj, ply, stl, 3mf, usdz); default "glb"
    lod: four levels of detail in the GLB, each of at most half the triangles of the one before: nodes NAME_LOD0 to NAME_LOD3; default false
    low_poly: at most so many triangles, in each file; 0: as many as there are (triangles); default 0
    palette: colours that a 3MF may have, as "#rrggbb,#rrggbb", or a file of such colours or of a GIMP palette (COLOURS); default ""
    parts: each part an object of its own, in 3MF as components of one object; default false
    pivot: where the origin lies: where it is, at the middle of the underside, or at the middle of the box (keep, base, centre); default "keep"
    points: with PLY: points on the surface, with normals and colours, in place of the mesh; default 0
    print_colours: at most so many colours in a 3MF; 0: as many as there are; default 0
    quads: faces of four corners in OBJ and PLY; GLB, STL and 3MF have triangles only; default false
    resolution: of a point cloud, whose surface is reconstructed: cells along its longest edge; default 128
    split: cut what is for printers into closed pieces that fit into this room, in millimetres: width, depth, height (X,Y,Z); default ""
    unit: what the numbers of the file mean (file, mm, cm, m, inch, foot); default "file"
    up: axis of the file that points up (file, y, z); default "file"
    """
    return shared_engine().make('convert', progress=progress, budget_bytes=budget_bytes,
                               mesh=mesh, collider=collider, format=format, lod=lod, low_poly=low_poly, palette=palette, parts=parts,
                               pivot=pivot, points=points, print_colours=print_colours, quads=quads, resolution=resolution, split=split,
                               unit=unit, up=up)


def texture(mesh: Any, material: str, *, control: Optional[Any] = None, guidance: Optional[float] = None, maps: Optional[bool] = None,
            model: Optional[Any] = None, negative: Optional[str] = None, scale: Optional[float] = None, seed: Optional[Union[int, str]] = None,
            steps: Optional[int] = None, texels: Optional[int] = None, unwrap: Optional[bool] = None, view_size: Optional[int] = None,
            views: Optional[int] = None, progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """A mesh in a material by words: wood, marble, rusty bronze ….

    mesh: a mesh (GLB, glTF, OBJ, PLY, STL, 3MF), a shape program (.shape), a work's folder, or a shape of the library (FILE)
    material: words for a material: a kind, colours, what lies on it; with `model`, a prompt (WORDS)
    control: a ControlNet for depth, which the painting follows (FILE); default ""
    guidance: how closely to follow the prompt; default 7.0
    maps: write the maps as pictures of their own, too; default false
    model: a Stable Diffusion checkpoint: the words are a prompt, and the mesh is painted from several sides; needs `control` (FILE); default ""
    negative: what not to paint; default ""
    scale: how coarse the pattern is; at 1 the mesh's longest edge counts as a metre; default 1.0
    seed: of the painting; default 0
    steps: steps of the sampler; default 20
    texels: edge of the texture (texels); default 1024
    unwrap: make new texture coordinates, though the mesh has some; default false
    view_size: edge of what is painted of each side (pixels); default 512
    views: from how many sides it is painted; default 8
    """
    return shared_engine().make('texture', progress=progress, budget_bytes=budget_bytes,
                               mesh=mesh, material=material, control=control, guidance=guidance, maps=maps, model=model, negative=negative,
                               scale=scale, seed=seed, steps=steps, texels=texels, unwrap=unwrap, view_size=view_size, views=views)


def scene(prompt: Optional[str] = None, *, azimuth: Optional[float] = None, edits: Optional[Sequence[Any]] = None, elevation: Optional[float] = None,
          program: Optional[str] = None, seed: Optional[Union[int, str]] = None, size: Optional[int] = None,
          progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """Make a 3D scene of a sentence.

    azimuth: from where the picture is seen, from the front to the right (degrees); default 25.0
    edits: a change by words: move, remove, add or make; all else stays where it is (TEXT); default []
    elevation: from how far above (degrees); default 35.0
    program: instead of a sentence: the file of a scene (scene.json; - for standard input) (FILE); default ""
    prompt: what is in the scene, in a sentence or several; default ""
    seed: of places that are as good as others; default 0
    size: edge of the picture (pixels); default 768
    """
    return shared_engine().make('scene', progress=progress, budget_bytes=budget_bytes,
                               azimuth=azimuth, edits=edits, elevation=elevation, program=program, prompt=prompt, seed=seed, size=size)


def field(folder: Any, *, held_out: Optional[int] = None, max_edge: Optional[int] = None, resolution: Optional[int] = None,
          seconds: Optional[float] = None, seed: Optional[Union[int, str]] = None, smooth: Optional[float] = None, steps: Optional[int] = None,
          progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """A radiance field of posed pictures, fitted on the processor.

    folder: pictures with transforms.json, as NeRF, instant-ngp and nerfstudio write it (FOLDER)
    held_out: pictures to measure by and not to fit, unless the folder says which; default 8
    max_edge: larger pictures are reduced to this edge (pixels); default 800
    resolution: grid points on the longest edge of the box; default 160
    seconds: how long it is fitted; the receipt notes how many steps that were; default 20.0
    seed: of the order of rays; default 0
    smooth: how strongly neighbours are pulled together (total variation); default 1.0
    steps: how many steps of 4096 rays instead; 0: as many as the seconds allow; default 0
    """
    return shared_engine().make('field', progress=progress, budget_bytes=budget_bytes,
                               folder=folder, held_out=held_out, max_edge=max_edge, resolution=resolution, seconds=seconds, seed=seed,
                               smooth=smooth, steps=steps)


def say(text: str, *, captions: Optional[bool] = None, energy: Optional[float] = None, follow_emotion: Optional[bool] = None, format: Optional[str] = None,
        lexicon: Optional[str] = None, model: Optional[str] = None, pause: Optional[float] = None, pitch: Optional[float] = None,
        precision: Optional[str] = None, speed: Optional[float] = None, voice: Optional[str] = None, watermark: Optional[bool] = None,
        progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """Say a text aloud.

    text: what is said, plain or as SSML, in the language of the voice; an empty line makes a longer pause
    captions: captions.vtt, captions.srt and words.json (the time of each word and phoneme) beside the sound; default false
    energy: factor on the loudness curve; default 1.0
    follow_emotion: speed, pitch and energy of each sentence follow, a little, the emotions that its words express (ptah emotion); default false
    format: of the sound (wav, opus, mp3); default "wav"
    lexicon: words with their phonemes, as Ptah=tˈɑ, Nguyen=wˈɪn; default ""
    model: name of a pulled model, or its folder (MODEL); default "kokoro"
    pause: factor on the silence between sentences; default 1.0
    pitch: factor on the pitch; default 1.0
    precision: what the decoder computes in; auto: bf16 where the processor has it (auto, f32, bf16); default "auto"
    speed: above 1: faster; default 1.0
    voice: who says it, or a mixture such as af_heart:2+am_adam (NAME); default "af_heart"
    watermark: an inaudible one in the sound, which ptah verify finds; default true
    """
    return shared_engine().make('say', progress=progress, budget_bytes=budget_bytes,
                               text=text, captions=captions, energy=energy, follow_emotion=follow_emotion, format=format, lexicon=lexicon,
                               model=model, pause=pause, pitch=pitch, precision=precision, speed=speed, voice=voice, watermark=watermark)


def face(text: Optional[str] = None, *, azimuth: Optional[float] = None, background: Optional[str] = None, elevation: Optional[float] = None,
         environment: Optional[str] = None, model: Optional[str] = None, seed: Optional[Union[int, str]] = None, set: Optional[Sequence[Any]] = None,
         size: Optional[int] = None, texture: Optional[int] = None, watermark: Optional[bool] = None, progress: Optional[Callable[[Progress], Any]] = None,
         budget_bytes: int = 0) -> Work:
    """Make a person's head of a sentence or numbers.

    azimuth: from where the head is seen, from the front to the right (degrees); default 0.0
    background: what is behind it: plain, environment, transparent, white, black or #rrggbb; default "plain"
    elevation: from how far above (degrees); default 0.0
    environment: what lights the head (studio, city, interior, sunset); default "studio"
    model: name of a pulled model, or its folder (MODEL); default "people"
    seed: of all that is not asked for; the same seed stays the same person; default 0
    set: a number or choice of the person, which goes before the text (NAME=VALUE); default []
    size: edge of the picture (pixels); default 512
    text: who it is, in English: age, sex, hair, eyes, skin, beard, glasses, expression; default ""
    texture: edge of the skin's textures (texels); default 1024
    watermark: an invisible mark in the picture, which ptah watermark finds; default true
    """
    return shared_engine().make('face', progress=progress, budget_bytes=budget_bytes,
                               azimuth=azimuth, background=background, elevation=elevation, environment=environment, model=model, seed=seed,
                               set=set, size=size, text=text, texture=texture, watermark=watermark)


def talk(text: str, *, animate: Optional[bool] = None, azimuth: Optional[float] = None, background: Optional[str] = None,
         elevation: Optional[float] = None, environment: Optional[str] = None, face: Optional[Any] = None, frame_rate: Optional[float] = None,
         lexicon: Optional[str] = None, model: Optional[str] = None, person: Optional[str] = None, precision: Optional[str] = None,
         seed: Optional[Union[int, str]] = None, set: Optional[Sequence[Any]] = None, size: Optional[int] = None, speed: Optional[float] = None,
         voice: Optional[str] = None, voice_model: Optional[str] = None, progress: Optional[Callable[[Progress], Any]] = None,
         budget_bytes: int = 0) -> Work:
    """Let a head say a text.

    text: what is said, in English, plain or as SSML
    animate: a moving picture beside the GLB; default true
    azimuth: from where the head is seen, from the front to the right (degrees); default 0.0
    background: what is behind it: plain, environment, transparent, white, black or #rrggbb; default "plain"
    elevation: from how far above (degrees); default 0.0
    environment: what lights the head (studio, city, interior, sunset); default "studio"
    face: the head: a GLB with ARKit's morph targets, such as ptah face makes (FILE); default ""
    frame_rate: pictures a second; default 12.0
    lexicon: words with their phonemes, as Ptah=tˈɑ, Nguyen=wˈɪn; default ""
    model: the people: name of a pulled model, or its folder (MODEL); default "people"
    person: instead of a file: who speaks, as ptah face takes it; default ""
    precision: what the voice computes in; auto: bf16 where the processor has it (auto, f32, bf16); default "auto"
    seed: of the person, and of when the eyes blink; default 0
    set: a number or choice of the person (NAME=VALUE); default []
    size: edge of the moving picture (pixels); default 256
    speed: above 1: faster; default 1.0
    voice: who says it, or a mixture such as af_heart:2+am_adam (NAME); default "af_heart"
    voice_model: the voice: name of a pulled model, or its folder (MODEL); default "kokoro"
    """
    return shared_engine().make('talk', progress=progress, budget_bytes=budget_bytes,
                               text=text, animate=animate, azimuth=azimuth, background=background, elevation=elevation, environment=environment,
                               face=face, frame_rate=frame_rate, lexicon=lexicon, model=model, person=person, precision=precision, seed=seed,
                               set=set, size=size, speed=speed, voice=voice, voice_model=voice_model)


def photo(picture: Any, *, brows: Optional[float] = None, consents: Optional[Sequence[Any]] = None, donor: Optional[Any] = None,
          eyes: Optional[float] = None, gaze_x: Optional[float] = None, gaze_y: Optional[float] = None, label: Optional[bool] = None,
          model: Optional[str] = None, smile: Optional[float] = None, watermark: Optional[bool] = None,
          progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """Change a face in a photograph, with consent.

    picture: a picture with a face (FILE)
    brows: eyebrows: -1 down, 1 up; default 0.0
    consents: the signed consent of a person in a picture (ptah consent give) (FILE); default []
    donor: another picture, whose face takes the place of the one in the picture (FILE); default ""
    eyes: eyelids: -1 narrower, 1 wider; default 0.0
    gaze_x: where the eyes look: -1 left in the picture, 1 right; default 0.0
    gaze_y: -1 down, 1 up; default 0.0
    label: write SYNTHETIC into the picture; default false
    model: name of a pulled model, or its folder (MODEL); default "faces"
    smile: corners of the mouth: -1 down, 1 up; default 0.0
    watermark: an invisible mark in the picture, which ptah watermark finds; default true
    """
    return shared_engine().make('photo', progress=progress, budget_bytes=budget_bytes,
                               picture=picture, brows=brows, consents=consents, donor=donor, eyes=eyes, gaze_x=gaze_x, gaze_y=gaze_y,
                               label=label, model=model, smile=smile, watermark=watermark)


def contract(text: Optional[str] = None, *, ignore: Optional[Sequence[Any]] = None, set: Optional[Sequence[Any]] = None,
             specification: Optional[str] = None, progress: Optional[Callable[[Progress], Any]] = None, budget_bytes: int = 0) -> Work:
    """Write a smart contract from words.

    ignore: a part of the text that need not be understood; may be given several times (TEXT); default []
    set: an answer, as goal="50 ETH"; may be given several times (NAME=VALUE); default []
    specification: instead of words: a specification.json; default ""
    text: what the contract is to do, in English; default ""
    """
    return shared_engine().make('contract', progress=progress, budget_bytes=budget_bytes,
                               ignore=ignore, set=set, specification=specification, text=text)


def emotion(text: str, *, lines: Optional[bool] = None, model: Optional[str] = None, progress: Optional[Callable[[Progress], Any]] = None,
            budget_bytes: int = 0) -> Work:
    """Guess the emotions that the words of a text express.

    text: an English text; what is beyond about 200 words is not read
    lines: each line is a text of its own; default false
    model: a classifier of the same labels, by its folder; emotion: the one that comes along (MODEL); default "emotion"
    """
    return shared_engine().make('emotion', progress=progress, budget_bytes=budget_bytes,
                               text=text, lines=lines, model=model)
