// Shows a GLB file in WebGL 2: an object that is turned, or a scene that one walks through. Loaded when the first of them is shown.
import { identity, indicesOf, matrixOf, numbersOf, readGlb, times, type Glb, type Matrix } from "./glb";
import { FRAGMENT, VERTEX } from "./shaders";

type Vector = [number, number, number];
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

interface Surface {
  part: number;
  model: Matrix;
  vertices: WebGLVertexArrayObject;
  buffers: WebGLBuffer[];
  without: Map<number, number[]>; // attributes that the file does not have, and what stands for them
  flat: boolean;
  count: number;
  base: number[];
  glow: number[];
  roughness: number;
  metal: number;
  alpha: string;
  cutoff: number;
  texture?: WebGLTexture;
}
export interface Part {
  name: string;
  hidden: boolean;
}
export interface Shown {
  triangles: number;
  size: Vector; // metres: width, height, depth
  parts: Part[];
}

export class Viewer {
  private readonly gl: WebGL2RenderingContext;
  private readonly program: WebGLProgram;
  private readonly places = new Map<string, WebGLUniformLocation | null>();
  private surfaces: Surface[] = [];
  private textures = new Map<number, WebGLTexture>();
  private parts: Part[] = [];
  private low: Vector = [0, 0, 0];
  private high: Vector = [0, 0, 0];
  private turn = 0.6;
  private tilt = 0.35;
  private distance = 3.1;
  private eye: Vector = [0, 0, 0];
  private walking = false;
  private turning = false;
  private frame = 0;
  private before = 0;
  private readonly held = new Set<string>();
  private readonly watcher: ResizeObserver;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { antialias: true, alpha: true, premultipliedAlpha: false, preserveDrawingBuffer: true });
    if (!gl) throw new Error("This browser has no WebGL 2.");
    this.gl = gl;
    this.program = gl.createProgram()!;
    for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
      const shader = gl.createShader(type)!;
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) || "the shaders do not compile");
      gl.attachShader(this.program, shader);
    }
    ["position", "normal", "uv", "colour"].forEach((name, at) => gl.bindAttribLocation(this.program, at, name));
    gl.linkProgram(this.program);
    this.listen();
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(canvas);
  }

  /** Shows another file; from where it is seen stays if `stay`. */
  async load(buffer: ArrayBuffer, stay = false, fromAbove = false): Promise<Shown> {
    const file = readGlb(buffer);
    this.clear();
    this.low = [Infinity, Infinity, Infinity];
    this.high = [-Infinity, -Infinity, -Infinity];
    const { json } = file;
    let triangles = 0;
    const visit = async (index: number, above: Matrix, part: number, depth: number): Promise<void> => {
      const node = json.nodes[index];
      const name: string = node.name || "";
      if (/_collider$|_LOD[1-9]$/.test(name) || depth > 64) return;
      const model = times(above, matrixOf(node));
      if (node.mesh !== undefined) {
        const mesh = json.meshes[node.mesh];
        if (depth < 2 || part < 0) part = this.parts.push({ name: name || mesh.name || String(this.parts.length + 1), hidden: false }) - 1;
        for (const primitive of mesh.primitives)
          if ((primitive.mode ?? 4) === 4 && primitive.attributes.POSITION !== undefined) triangles += await this.add(file, primitive, model, part);
      }
      for (const child of node.children || []) await visit(child, model, part, depth + 1);
    };
    for (const index of json.scenes[json.scene || 0].nodes) await visit(index, identity(), -1, 0);
    if (!this.surfaces.length) throw new Error("There are no surfaces in it.");
    const size = this.high.map((v, i) => v - this.low[i]!) as Vector;
    if (!stay) [this.turn, this.tilt, this.distance] = [0.6, fromAbove ? 0.8 : 0.35, 3.1];
    if (this.walking) this.walk(true);
    this.draw();
    return { triangles, size, parts: this.parts };
  }

  private centre(): Vector {
    return this.low.map((v, i) => (v + this.high[i]!) / 2) as Vector;
  }
  private radius(): number {
    return Math.hypot(...this.high.map((v, i) => v - this.low[i]!)) / 2 || 1;
  }

  private async add(file: Glb, primitive: any, model: Matrix, part: number): Promise<number> {
    const { gl } = this;
    const { json } = file;
    const a = primitive.attributes;
    const positions = numbersOf(file, a.POSITION);
    for (let i = 0; i < positions.length; i += 3)
      for (let k = 0; k < 3; k++) {
        const v = model[k]! * positions[i]! + model[4 + k]! * positions[i + 1]! + model[8 + k]! * positions[i + 2]! + model[12 + k]!;
        if (v < this.low[k]!) this.low[k] = v;
        if (v > this.high[k]!) this.high[k] = v;
      }
    const material = json.materials && primitive.material !== undefined ? json.materials[primitive.material] : {};
    const pbr = material.pbrMetallicRoughness || {};
    const surface: Surface = {
      part,
      model,
      vertices: gl.createVertexArray()!,
      buffers: [],
      without: new Map(),
      flat: a.NORMAL === undefined,
      count: 0,
      base: pbr.baseColorFactor || [1, 1, 1, 1],
      glow: material.emissiveFactor || [0, 0, 0],
      roughness: pbr.roughnessFactor ?? 1,
      metal: pbr.metallicFactor ?? 1,
      alpha: material.alphaMode || "OPAQUE",
      cutoff: material.alphaCutoff ?? 0.5,
    };
    gl.bindVertexArray(surface.vertices);
    const put = (at: number, data: Float32Array | undefined, width: number, otherwise: number[]) => {
      if (!data) {
        gl.disableVertexAttribArray(at);
        surface.without.set(at, otherwise);
        return;
      }
      const buffer = gl.createBuffer()!;
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, width, gl.FLOAT, false, 0, 0);
      surface.buffers.push(buffer);
    };
    const numbers = (index: number | undefined) => (index === undefined ? undefined : numbersOf(file, index));
    const colours = numbers(a.COLOR_0);
    put(0, positions, 3, []);
    put(1, numbers(a.NORMAL), 3, [0, 1, 0, 0]);
    put(2, numbers(a.TEXCOORD_0), 2, [0, 0, 0, 0]);
    put(3, colours, colours ? colours.length / (positions.length / 3) : 4, [1, 1, 1, 1]);
    const indices = primitive.indices !== undefined ? indicesOf(file, primitive.indices) : Uint32Array.from({ length: positions.length / 3 }, (_, i) => i);
    const buffer = gl.createBuffer()!;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
    surface.buffers.push(buffer);
    surface.count = indices.length;
    if (pbr.baseColorTexture) surface.texture = await this.texture(file, pbr.baseColorTexture.index);
    if (pbr.metallicRoughnessTexture) [surface.roughness, surface.metal] = [Math.max(surface.roughness * 0.6, 0.3), 0];
    this.surfaces.push(surface);
    return surface.count / 3;
  }

  private async texture(file: Glb, index: number): Promise<WebGLTexture> {
    const known = this.textures.get(index);
    if (known) return known;
    const { gl } = this;
    const t = file.json.textures[index];
    const image = file.json.images[t.extensions?.EXT_texture_webp?.source ?? t.source];
    const v = file.json.bufferViews[image.bufferView];
    const bytes = new Uint8Array(file.bin, v.byteOffset || 0, v.byteLength);
    const bitmap = await createImageBitmap(new Blob([bytes], { type: image.mimeType }), { premultiplyAlpha: "none", colorSpaceConversion: "none" });
    const out = gl.createTexture()!;
    gl.bindTexture(gl.TEXTURE_2D, out);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    gl.generateMipmap(gl.TEXTURE_2D);
    this.textures.set(index, out);
    return out;
  }

  private clear(): void {
    const { gl } = this;
    for (const surface of this.surfaces) {
      surface.buffers.forEach((buffer) => gl.deleteBuffer(buffer));
      gl.deleteVertexArray(surface.vertices);
    }
    for (const texture of this.textures.values()) gl.deleteTexture(texture);
    this.surfaces = [];
    this.parts = [];
    this.textures.clear();
  }
  /** Gives up what it holds; the canvas stays. */
  close(): void {
    cancelAnimationFrame(this.frame);
    this.watcher.disconnect();
    this.clear();
  }

  hide(part: number, hidden: boolean): void {
    if (this.parts[part]) this.parts[part].hidden = hidden;
    this.draw();
  }

  /** Turns by itself until it is touched. */
  spin(on: boolean): void {
    this.turning = on && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.draw();
  }

  /** Walks through it at the height of eyes instead of looking at it from outside. */
  walk(on: boolean): void {
    this.walking = on;
    this.turning = false;
    this.held.clear();
    const [x, , z] = this.centre();
    const depth = this.high[2] - this.low[2];
    this.eye = [x, this.low[1] + Math.min(1.6, (this.high[1] - this.low[1]) * 0.8), z + depth * 0.35];
    [this.turn, this.tilt] = on ? [0, 0.1] : [0.6, 0.35];
    this.draw();
  }

  /** Walks through it with a headset (WebXR): what the eyes see is drawn until the session ends. The stick of a controller walks. */
  async enter(): Promise<void> {
    const { gl } = this;
    const xr = (navigator as any).xr;
    const session = await xr.requestSession("immersive-vr", { optionalFeatures: ["local-floor"] });
    await (gl as any).makeXRCompatible();
    session.updateRenderState({ baseLayer: new (globalThis as any).XRWebGLLayer(session, gl), depthNear: 0.03, depthFar: this.radius() * 6 });
    const floor = await session.requestReferenceSpace("local-floor").catch(() => undefined);
    const space = floor || (await session.requestReferenceSpace("local"));
    this.walk(true);
    const below = floor ? this.low[1] : this.eye[1]; // a place without a floor begins at the eyes
    let before = 0;
    const step = (now: number, frame: any) => {
      session.requestAnimationFrame(step);
      const pose = frame.getViewerPose(space);
      if (!pose) return;
      const m = pose.transform.matrix as Matrix;
      const seconds = before ? Math.min(0.1, (now - before) / 1000) : 0;
      before = now;
      for (const source of session.inputSources) {
        const axes: readonly number[] = source.gamepad?.axes || [];
        const [aside, ahead] = [axes[2] ?? axes[0] ?? 0, -(axes[3] ?? axes[1] ?? 0)];
        if (Math.hypot(aside, ahead) < 0.15) continue;
        // Where the head looks is ahead.
        const long = Math.hypot(m[8]!, m[10]!) || 1;
        const [fx, fz] = [-m[8]! / long, -m[10]! / long];
        this.eye = [this.eye[0] + (fx * ahead - fz * aside) * seconds * 1.8, this.eye[1], this.eye[2] + (fz * ahead + fx * aside) * seconds * 1.8];
      }
      const layer = session.renderState.baseLayer;
      gl.bindFramebuffer(gl.FRAMEBUFFER, layer.framebuffer);
      gl.clearColor(0.55, 0.6, 0.65, 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      const shift = identity();
      [shift[12], shift[13], shift[14]] = [-this.eye[0], -below, -this.eye[2]];
      for (const view of pose.views) {
        const port = layer.getViewport(view);
        gl.viewport(port.x, port.y, port.width, port.height);
        this.paintFrom(times(view.transform.inverse.matrix as Matrix, shift), view.projectionMatrix as Matrix);
      }
    };
    session.requestAnimationFrame(step);
    await new Promise((resolve) => session.addEventListener("end", resolve, { once: true }));
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    this.draw();
  }

  draw(): void {
    if (this.frame || !this.surfaces.length) return;
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0;
      const seconds = Math.min(0.1, (now - this.before) / 1000);
      this.before = now;
      if (this.turning) this.turn += seconds * 0.6;
      if (this.held.size) this.step(seconds);
      this.paint();
      if (this.turning || this.held.size) this.draw();
    });
  }

  private step(seconds: number): void {
    const go = (key: string) => (this.held.has(key) ? 1 : 0);
    const ahead = go("w") + go("ArrowUp") - go("s") - go("ArrowDown");
    const aside = go("d") - go("a");
    this.turn += (go("ArrowLeft") - go("ArrowRight")) * seconds * 1.6;
    const [s, c] = [Math.sin(this.turn), Math.cos(this.turn)];
    const way = seconds * 1.8;
    const room = this.radius();
    const [x, , z] = this.centre();
    const within = (v: number, middle: number) => Math.max(middle - room * 2, Math.min(middle + room * 2, v));
    this.eye = [within(this.eye[0] + (-s * ahead + c * aside) * way, x), this.eye[1], within(this.eye[2] + (-c * ahead - s * aside) * way, z)];
  }

  private paint(): void {
    const { gl, canvas } = this;
    const scale = Math.min(devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(canvas.clientWidth * scale));
    const height = Math.max(1, Math.round(canvas.clientHeight * scale));
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const [ct, st, cr, sr] = [Math.cos(this.tilt), Math.sin(this.tilt), Math.cos(this.turn), Math.sin(this.turn)];
    const back: Vector = [ct * sr, st, ct * cr];
    const right: Vector = [cr, 0, -sr];
    const up: Vector = [-st * sr, ct, -st * cr];
    const radius = this.radius();
    const far = radius * this.distance;
    const centre = this.centre();
    const eye = this.walking ? this.eye : (centre.map((c, i) => c + back[i]! * far) as Vector);
    const view = new Float32Array([
      right[0], up[0], back[0], 0, right[1], up[1], back[1], 0, right[2], up[2], back[2], 0, -dot(right, eye), -dot(up, eye), -dot(back, eye), 1,
    ]);
    const near = this.walking ? 0.03 : Math.max(far - radius * 1.1, far * 0.01);
    const end = this.walking ? radius * 6 : far + radius * 1.5;
    const f = this.walking ? Math.min(1, width / height) / Math.tan(0.55) : Math.min(1, width / height) / Math.tan(0.35);
    const projection = new Float32Array([(f * height) / width, 0, 0, 0, 0, f, 0, 0, 0, 0, (end + near) / (near - end), -1, 0, 0, (2 * end * near) / (near - end), 0]);
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    this.paintFrom(view, projection);
  }

  /** All surfaces, into what is bound, as an eye sees them. */
  private paintFrom(view: Matrix, projection: Matrix): void {
    const { gl } = this;
    gl.enable(gl.DEPTH_TEST);
    gl.useProgram(this.program);
    gl.uniformMatrix4fv(this.at("view"), false, view);
    gl.uniformMatrix4fv(this.at("projection"), false, projection);
    gl.uniform1i(this.at("picture"), 0);
    for (const blended of [false, true]) {
      if (blended) {
        gl.enable(gl.BLEND);
        gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      } else {
        gl.disable(gl.BLEND);
      }
      gl.depthMask(!blended);
      for (const surface of this.surfaces)
        if ((surface.alpha === "BLEND") === blended && !this.parts[surface.part]?.hidden) this.paintSurface(surface);
    }
    gl.depthMask(true);
  }

  private at(name: string): WebGLUniformLocation | null {
    if (!this.places.has(name)) this.places.set(name, this.gl.getUniformLocation(this.program, name));
    return this.places.get(name)!;
  }

  private paintSurface(surface: Surface): void {
    const { gl } = this;
    gl.bindVertexArray(surface.vertices);
    for (const [at, value] of surface.without) gl.vertexAttrib4fv(at, value);
    gl.uniformMatrix4fv(this.at("model"), false, surface.model);
    gl.uniform4fv(this.at("base"), surface.base);
    gl.uniform3fv(this.at("glow"), surface.glow);
    gl.uniform1f(this.at("roughness"), surface.roughness);
    gl.uniform1f(this.at("metal"), surface.metal);
    gl.uniform1f(this.at("cutoff"), surface.cutoff);
    gl.uniform1i(this.at("masked"), surface.alpha === "MASK" ? 1 : 0);
    gl.uniform1i(this.at("flatShaded"), surface.flat ? 1 : 0);
    gl.uniform1i(this.at("pictured"), surface.texture ? 1 : 0);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, surface.texture || null);
    gl.drawElements(gl.TRIANGLES, surface.count, gl.UNSIGNED_INT, 0);
  }

  // ---- pointers and keys ----

  private orbit(dx: number, dy: number): void {
    this.turning = false;
    this.turn -= dx;
    this.tilt = Math.max(-1.5, Math.min(1.5, this.tilt + dy));
    this.draw();
  }
  zoom(factor: number): void {
    this.turning = false;
    this.distance = Math.max(0.6, Math.min(12, this.distance * factor));
    this.draw();
  }

  private listen(): void {
    const { canvas } = this;
    const fingers = new Map<number, [number, number]>();
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return Math.hypot(a![0] - b![0], a![1] - b![1]);
    };
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
    };
    canvas.onpointerup = canvas.onpointercancel = (event) => fingers.delete(event.pointerId);
    canvas.onpointermove = (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      const before = fingers.size === 2 ? spread() : 0;
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      if (fingers.size === 2) this.zoom(before / Math.max(1, spread()));
      else this.orbit((event.clientX - last[0]) * (this.walking ? -0.005 : 0.01), (event.clientY - last[1]) * (this.walking ? -0.005 : 0.01));
    };
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY * 0.001));
    }, { passive: false });
    canvas.onkeydown = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const arrow = ({ ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, 0.15], ArrowDown: [0, -0.15] } as Record<string, [number, number]>)[event.key];
      if (this.walking && (arrow || "wasd".includes(event.key))) {
        event.preventDefault();
        if (!this.held.size) this.before = performance.now();
        this.held.add(event.key);
        this.draw();
      } else if (arrow) {
        event.preventDefault();
        this.orbit(...arrow);
      } else if (event.key === "+" || event.key === "=") {
        this.zoom(0.85);
      } else if (event.key === "-") {
        this.zoom(1 / 0.85);
      }
    };
    canvas.onkeyup = (event) => this.held.delete(event.key);
    canvas.onblur = () => this.held.clear();
  }
}
