#include "serve/api/studio_page.h"

namespace ptah {

const char* const kStudioViewer = R"js(
// ---- a viewer of GLB files (glTF 2.0): meshes with base colours and their textures ----

const COMPONENTS = { 5120: [Int8Array, 127], 5121: [Uint8Array, 255], 5122: [Int16Array, 32767], 5123: [Uint16Array, 65535], 5125: [Uint32Array, 1], 5126: [Float32Array, 1] };
const WIDTHS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };

function readGlb(buffer) {
  const view = new DataView(buffer);
  if (view.byteLength < 20 || view.getUint32(0, true) !== 0x46546c67) throw new Error("This is no GLB file.");
  const length = view.getUint32(12, true);
  const json = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, length)));
  const needed = (json.extensionsRequired || []).filter((name) => !["KHR_mesh_quantization", "KHR_materials_unlit", "EXT_texture_webp", "KHR_texture_transform"].includes(name));
  if (needed.length) throw new Error("This viewer does not know " + needed.join(", ") + "; download the file instead.");
  const start = 20 + length + 8;
  return { json, bin: start <= buffer.byteLength ? buffer.slice(start) : new ArrayBuffer(0) };
}

/** An accessor's numbers as floats (normalised where the file says so), or whole for indices. */
function numbersOf({ json, bin }, index, whole) {
  const a = json.accessors[index], [Type, max] = COMPONENTS[a.componentType], width = WIDTHS[a.type];
  const out = whole ? new Uint32Array(a.count * width) : new Float32Array(a.count * width);
  if (a.bufferView === undefined) return out;
  const v = json.bufferViews[a.bufferView], size = Type.BYTES_PER_ELEMENT, stride = v.byteStride || size * width;
  const begin = (v.byteOffset || 0) + (a.byteOffset || 0), data = new DataView(bin);
  const read = { 5120: "getInt8", 5121: "getUint8", 5122: "getInt16", 5123: "getUint16", 5125: "getUint32", 5126: "getFloat32" }[a.componentType];
  const scale = a.normalized ? 1 / max : 1;
  for (let i = 0; i < a.count; i++)
    for (let k = 0; k < width; k++) out[i * width + k] = Math.max(data[read](begin + i * stride + k * size, true) * scale, a.normalized ? -1 : -Infinity);
  return out;
}

function times(a, b) {
  const out = new Float32Array(16);
  for (let c = 0; c < 4; c++)
    for (let r = 0; r < 4; r++) { let sum = 0; for (let k = 0; k < 4; k++) sum += a[k * 4 + r] * b[c * 4 + k]; out[c * 4 + r] = sum; }
  return out;
}
const identity = () => new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
function matrixOf(node) {
  if (node.matrix) return new Float32Array(node.matrix);
  const [x, y, z, w] = node.rotation || [0, 0, 0, 1], [sx, sy, sz] = node.scale || [1, 1, 1], [tx, ty, tz] = node.translation || [0, 0, 0];
  return new Float32Array([(1 - 2 * (y * y + z * z)) * sx, 2 * (x * y + z * w) * sx, 2 * (x * z - y * w) * sx, 0, 2 * (x * y - z * w) * sy, (1 - 2 * (x * x + z * z)) * sy,
    2 * (y * z + x * w) * sy, 0, 2 * (x * z + y * w) * sz, 2 * (y * z - x * w) * sz, (1 - 2 * (x * x + y * y)) * sz, 0, tx, ty, tz, 1]);
}

const VERTEX = `#version 300 es
in vec3 position; in vec3 normal; in vec2 uv; in vec4 colour;
uniform mat4 model, view, projection;
out vec3 n; out vec2 t; out vec4 c; out vec3 p;
void main() { vec4 at = view * model * vec4(position, 1.0); p = at.xyz; n = mat3(view) * mat3(model) * normal; t = uv; c = colour; gl_Position = projection * at; }`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec3 n; in vec2 t; in vec4 c; in vec3 p;
uniform vec4 base; uniform vec3 glow; uniform sampler2D picture; uniform bool pictured, flatShaded, masked; uniform float roughness, metal, cutoff;
out vec4 result;
void main() {
  vec4 albedo = base * c;
  if (pictured) { vec4 texel = texture(picture, t); albedo *= vec4(pow(texel.rgb, vec3(2.2)), texel.a); }
  if (masked && albedo.a < cutoff) discard;
  vec3 N = flatShaded ? normalize(cross(dFdx(p), dFdy(p))) : normalize(n), V = normalize(-p);
  if (dot(N, V) < 0.0) N = -N;
  vec3 L = normalize(vec3(0.45, 0.8, 0.6)), H = normalize(L + V);
  float sky = 0.5 + 0.5 * N.y, sun = max(dot(N, L), 0.0), shine = pow(max(dot(N, H), 0.0), mix(90.0, 6.0, roughness)) * (1.0 - roughness) * sun;
  vec3 light = mix(vec3(0.22, 0.20, 0.18), vec3(0.55, 0.60, 0.68), sky) + vec3(0.95, 0.92, 0.85) * sun;
  vec3 lit = albedo.rgb * light * mix(1.0, 0.75, metal) + mix(vec3(0.35), albedo.rgb, metal) * shine + glow;
  result = vec4(pow(lit / (1.0 + lit * 0.25), vec3(1.0 / 2.2)), albedo.a);
}`;

class Viewer {
  constructor(canvas) {
    this.canvas = canvas;
    const gl = this.gl = canvas.getContext("webgl2", { antialias: true, alpha: true, premultipliedAlpha: false, preserveDrawingBuffer: true });
    if (!gl) throw new Error("This browser has no WebGL 2.");
    const program = this.program = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
      gl.attachShader(program, shader);
    }
    ["position", "normal", "uv", "colour"].forEach((name, at) => gl.bindAttribLocation(program, at, name));
    gl.linkProgram(program);
    this.at = (name) => gl.getUniformLocation(program, name);
    this.listen();
  }

  async load(buffer) {
    this.free();
    const file = readGlb(buffer), { json } = file;
    this.textures = new Map();
    this.meshes = [];
    this.low = [Infinity, Infinity, Infinity];
    this.high = [-Infinity, -Infinity, -Infinity];
    const scene = json.scenes[json.scene || 0];
    let triangles = 0;
    const visit = async (index, above) => {
      const node = json.nodes[index], model = times(above, matrixOf(node));
      if (/_collider$/.test(node.name || "")) return;
      if (node.mesh !== undefined)
        for (const primitive of json.meshes[node.mesh].primitives)
          if ((primitive.mode ?? 4) === 4 && primitive.attributes.POSITION !== undefined) triangles += await this.add(file, primitive, model);
      for (const child of node.children || []) await visit(child, model);
    };
    for (const index of scene.nodes) await visit(index, identity());
    if (!this.meshes.length) throw new Error("There are no surfaces in it.");
    const size = this.high.map((v, i) => v - this.low[i]);
    this.centre = this.low.map((v, i) => v + size[i] / 2);
    this.radius = Math.hypot(...size) / 2 || 1;
    this.turn = 0.6; this.tilt = 0.35; this.distance = 3.1;
    this.draw();
    return { triangles, size };
  }

  async add(file, primitive, model) {
    const { gl } = this, { json } = file, a = primitive.attributes;
    const positions = numbersOf(file, a.POSITION);
    for (let i = 0; i < positions.length; i += 3)
      for (let k = 0; k < 3; k++) {
        const v = model[k] * positions[i] + model[4 + k] * positions[i + 1] + model[8 + k] * positions[i + 2] + model[12 + k];
        if (v < this.low[k]) this.low[k] = v;
        if (v > this.high[k]) this.high[k] = v;
      }
    const mesh = { model, vertices: gl.createVertexArray(), buffers: [], flat: a.NORMAL === undefined };
    gl.bindVertexArray(mesh.vertices);
    const put = (at, data, width, usual) => {
      if (!data) { gl.disableVertexAttribArray(at); mesh["usual" + at] = usual; return; }
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, width, gl.FLOAT, false, 0, 0);
      mesh.buffers.push(buffer);
    };
    const coloured = a.COLOR_0 !== undefined && numbersOf(file, a.COLOR_0);
    put(0, positions, 3);
    put(1, a.NORMAL !== undefined && numbersOf(file, a.NORMAL), 3, [0, 1, 0, 0]);
    put(2, a.TEXCOORD_0 !== undefined && numbersOf(file, a.TEXCOORD_0), 2, [0, 0, 0, 0]);
    put(3, coloured, coloured ? coloured.length / (positions.length / 3) : 4, [1, 1, 1, 1]);
    const indices = primitive.indices !== undefined ? numbersOf(file, primitive.indices, true) : Uint32Array.from({ length: positions.length / 3 }, (_, i) => i);
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
    mesh.buffers.push(buffer);
    mesh.count = indices.length;
    const material = json.materials && primitive.material !== undefined ? json.materials[primitive.material] : {}, pbr = material.pbrMetallicRoughness || {};
    mesh.base = pbr.baseColorFactor || [1, 1, 1, 1];
    mesh.glow = material.emissiveFactor || [0, 0, 0];
    mesh.roughness = pbr.roughnessFactor ?? 1;
    mesh.metal = pbr.metallicFactor ?? 1;
    mesh.alpha = material.alphaMode || "OPAQUE";
    mesh.cutoff = material.alphaCutoff ?? 0.5;
    if (pbr.baseColorTexture) mesh.texture = await this.texture(file, pbr.baseColorTexture.index);
    if (pbr.metallicRoughnessTexture) { mesh.roughness = Math.max(mesh.roughness * 0.6, 0.3); mesh.metal = 0; }
    this.meshes.push(mesh);
    return mesh.count / 3;
  }

  async texture(file, index) {
    if (this.textures.has(index)) return this.textures.get(index);
    const { gl } = this, { json, bin } = file, t = json.textures[index];
    const image = json.images[t.extensions?.EXT_texture_webp?.source ?? t.source], v = json.bufferViews[image.bufferView];
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bin, v.byteOffset || 0, v.byteLength)], { type: image.mimeType }), { premultiplyAlpha: "none", colorSpaceConversion: "none" });
    const out = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, out);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    gl.generateMipmap(gl.TEXTURE_2D);
    this.textures.set(index, out);
    return out;
  }

  free() {
    const { gl } = this;
    for (const mesh of this.meshes || []) { mesh.buffers.forEach((b) => gl.deleteBuffer(b)); gl.deleteVertexArray(mesh.vertices); }
    for (const texture of (this.textures || new Map()).values()) gl.deleteTexture(texture);
    this.meshes = [];
  }

  draw() {
    if (this.asked || !this.meshes || !this.meshes.length) return;
    this.asked = true;
    requestAnimationFrame(() => { this.asked = false; this.paint(); });
  }

  paint() {
    const { gl, canvas } = this, scale = Math.min(devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(canvas.clientWidth * scale)), height = Math.max(1, Math.round(canvas.clientHeight * scale));
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const far = this.radius * this.distance, ct = Math.cos(this.tilt), st = Math.sin(this.tilt), cr = Math.cos(this.turn), sr = Math.sin(this.turn);
    const forward = [ct * sr, st, ct * cr], right = [cr, 0, -sr], up = [-st * sr, ct, -st * cr], eye = this.centre.map((c, i) => c + forward[i] * far);
    const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    const view = new Float32Array([right[0], up[0], forward[0], 0, right[1], up[1], forward[1], 0, right[2], up[2], forward[2], 0, -dot(right, eye), -dot(up, eye), -dot(forward, eye), 1]);
    const near = Math.max(far - this.radius * 1.1, far * 0.01), end = far + this.radius * 1.5, f = 1 / Math.tan(0.35) * Math.min(1, width / height);
    const projection = new Float32Array([f * height / width, 0, 0, 0, 0, f, 0, 0, 0, 0, (end + near) / (near - end), -1, 0, 0, 2 * end * near / (near - end), 0]);
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.useProgram(this.program);
    gl.uniformMatrix4fv(this.at("view"), false, view);
    gl.uniformMatrix4fv(this.at("projection"), false, projection);
    gl.uniform1i(this.at("picture"), 0);
    for (const blended of [false, true]) {
      if (blended) { gl.enable(gl.BLEND); gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA); } else gl.disable(gl.BLEND);
      gl.depthMask(!blended);
      for (const mesh of this.meshes) if ((mesh.alpha === "BLEND") === blended) this.paintMesh(mesh);
    }
    gl.depthMask(true);
  }

  paintMesh(mesh) {
    const { gl } = this;
    gl.bindVertexArray(mesh.vertices);
    for (const at of [1, 2, 3]) if (mesh["usual" + at]) gl.vertexAttrib4fv(at, mesh["usual" + at]);
    gl.uniformMatrix4fv(this.at("model"), false, mesh.model);
    gl.uniform4fv(this.at("base"), mesh.base);
    gl.uniform3fv(this.at("glow"), mesh.glow);
    gl.uniform1f(this.at("roughness"), mesh.roughness);
    gl.uniform1f(this.at("metal"), mesh.metal);
    gl.uniform1f(this.at("cutoff"), mesh.cutoff);
    gl.uniform1i(this.at("masked"), mesh.alpha === "MASK" ? 1 : 0);
    gl.uniform1i(this.at("flatShaded"), mesh.flat ? 1 : 0);
    gl.uniform1i(this.at("pictured"), mesh.texture ? 1 : 0);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, mesh.texture || null);
    gl.drawElements(gl.TRIANGLES, mesh.count, gl.UNSIGNED_INT, 0);
  }

  orbit(dx, dy) {
    this.turn -= dx;
    this.tilt = Math.max(-1.5, Math.min(1.5, this.tilt + dy));
    this.draw();
  }
  zoom(factor) {
    this.distance = Math.max(0.6, Math.min(12, this.distance * factor));
    this.draw();
  }
  listen() {
    const { canvas } = this, fingers = new Map();
    canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); fingers.set(event.pointerId, [event.clientX, event.clientY]); };
    canvas.onpointerup = canvas.onpointercancel = (event) => fingers.delete(event.pointerId);
    canvas.onpointermove = (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
      const before = fingers.size === 2 ? spread() : 0;
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      if (fingers.size === 2) this.zoom(before / Math.max(1, spread()));
      else this.orbit((event.clientX - last[0]) * 0.01, (event.clientY - last[1]) * 0.01);
    };
    canvas.onwheel = (event) => { event.preventDefault(); this.zoom(Math.exp(event.deltaY * 0.001)); };
    canvas.onkeydown = (event) => {
      const steps = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, 0.15], ArrowDown: [0, -0.15] }[event.key];
      if (steps) { event.preventDefault(); this.orbit(...steps); }
      if (event.key === "+" || event.key === "=") this.zoom(0.85);
      if (event.key === "-") this.zoom(1 / 0.85);
    };
    new ResizeObserver(() => this.draw()).observe(canvas);
  }
}

let viewer;
async function showObject(buffer, name) {
  $("viewer").showModal();
  $("viewer-note").textContent = "reading …";
  try {
    viewer ||= new Viewer($("canvas"));
    const { triangles, size } = await viewer.load(buffer);
    $("viewer-note").textContent = name + ": " + number.format(triangles) + " triangles, " + size.map((m) => Math.round(m * 1000) + " mm").join(" × ") + ". Drag to turn, wheel or pinch to come nearer.";
    $("canvas").focus();
  } catch (error) { $("viewer-note").textContent = error.message; }
}
)js";

}  // namespace ptah
