// GLB files (glTF 2.0 in one file), as far as Ptah writes them: meshes, colours, textures, nodes. What cannot be shown is refused by its name.

export interface Glb {
  json: any;
  bin: ArrayBuffer;
}
const KNOWN = ["KHR_mesh_quantization", "KHR_materials_unlit", "EXT_texture_webp", "KHR_texture_transform"];
const READ = { 5120: "getInt8", 5121: "getUint8", 5122: "getInt16", 5123: "getUint16", 5125: "getUint32", 5126: "getFloat32" } as const;
const SIZE: Record<number, number> = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 };
const LARGEST: Record<number, number> = { 5120: 127, 5121: 255, 5122: 32767, 5123: 65535 };
const WIDTHS: Record<string, number> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };

export function readGlb(buffer: ArrayBuffer): Glb {
  const view = new DataView(buffer);
  if (view.byteLength < 20 || view.getUint32(0, true) !== 0x46546c67) throw new Error("This is no GLB file.");
  const length = view.getUint32(12, true);
  if (length > view.byteLength - 20) throw new Error("This GLB file ends too early.");
  const json = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, length)));
  const unknown = ((json.extensionsRequired || []) as string[]).filter((name) => !KNOWN.includes(name));
  if (unknown.length) throw new Error("This viewer does not know " + unknown.join(", ") + "; download the file instead.");
  const start = 20 + length + 8;
  return { json, bin: start <= buffer.byteLength ? buffer.slice(start) : new ArrayBuffer(0) };
}

/** An accessor's numbers as floats, normalised where the file says so. */
export function numbersOf(file: Glb, index: number): Float32Array {
  return read(file, index, Float32Array);
}
/** An accessor's numbers as indices. */
export function indicesOf(file: Glb, index: number): Uint32Array {
  return read(file, index, Uint32Array);
}

function read<T extends Float32Array | Uint32Array>({ json, bin }: Glb, index: number, Kind: new (count: number) => T): T {
  const a = json.accessors[index];
  const type = a.componentType as keyof typeof READ;
  const width = WIDTHS[a.type]!;
  if (a.count * width > 1 << 27) throw new Error("This object is too large for the viewer.");
  const out = new Kind(a.count * width);
  if (a.bufferView === undefined) return out;
  const v = json.bufferViews[a.bufferView];
  const size = SIZE[type]!;
  const stride = v.byteStride || size * width;
  const begin = (v.byteOffset || 0) + (a.byteOffset || 0);
  const data = new DataView(bin);
  const get = READ[type];
  const scale = a.normalized ? 1 / LARGEST[type]! : 1;
  for (let i = 0; i < a.count; i++)
    for (let k = 0; k < width; k++) out[i * width + k] = Math.max(data[get](begin + i * stride + k * size, true) * scale, a.normalized ? -1 : -Infinity);
  return out;
}

export type Matrix = Float32Array; // 4 by 4, column by column
export const identity = (): Matrix => new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);

export function times(a: Matrix, b: Matrix): Matrix {
  const out = new Float32Array(16);
  for (let c = 0; c < 4; c++)
    for (let r = 0; r < 4; r++) for (let k = 0; k < 4; k++) out[c * 4 + r]! += a[k * 4 + r]! * b[c * 4 + k]!;
  return out;
}

export function matrixOf(node: any): Matrix {
  if (node.matrix) return new Float32Array(node.matrix);
  const [x, y, z, w] = node.rotation || [0, 0, 0, 1];
  const [sx, sy, sz] = node.scale || [1, 1, 1];
  const [tx, ty, tz] = node.translation || [0, 0, 0];
  return new Float32Array([
    (1 - 2 * (y * y + z * z)) * sx, 2 * (x * y + z * w) * sx, 2 * (x * z - y * w) * sx, 0,
    2 * (x * y - z * w) * sy, (1 - 2 * (x * x + z * z)) * sy, 2 * (y * z + x * w) * sy, 0,
    2 * (x * z + y * w) * sz, 2 * (y * z - x * w) * sz, (1 - 2 * (x * x + y * y)) * sz, 0,
    tx, ty, tz, 1,
  ]);
}
