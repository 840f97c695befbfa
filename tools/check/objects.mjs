// The Khronos validator must find no error and no warning in the given GLB files, and manifold-3d must take their meshes as solids.
// With --valid in front only the validator looks: for files of several meshes.
//   npm install --prefix tools/check && node tools/check/objects.mjs [--valid] FILE.glb …
import fs from 'node:fs';
import validator from 'gltf-validator';
import Module from 'manifold-3d';

const manifold = await Module();
manifold.setup();

/** The arrays of the first primitive of a GLB that Ptah wrote. */
function readMesh(bytes) {
  const header = new DataView(bytes.buffer, bytes.byteOffset);
  const jsonLength = header.getUint32(12, true);
  const gltf = JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + jsonLength)));
  const body = 20 + jsonLength + 8;
  const slice = (index, width) => {
    const accessor = gltf.accessors[index];
    const begin = body + gltf.bufferViews[accessor.bufferView].byteOffset;
    return [bytes.buffer.slice(begin, begin + accessor.count * width(accessor)), accessor];
  };
  const primitive = gltf.meshes[0].primitives[0];
  const [positions] = slice(primitive.attributes.POSITION, () => 12);
  const [indices, accessor] = slice(primitive.indices, (a) => (a.componentType === 5123 ? 2 : 4));
  const triangles = accessor.componentType === 5123 ? Uint32Array.from(new Uint16Array(indices)) : new Uint32Array(indices);
  return {positions: new Float32Array(positions), triangles};
}

let bad = 0;
const valid = process.argv[2] === '--valid';
for (const file of process.argv.slice(valid ? 3 : 2)) {
  const bytes = new Uint8Array(fs.readFileSync(file));
  const {issues} = await validator.validateBytes(bytes);
  if (valid) {
    if (issues.numErrors + issues.numWarnings > 0) bad += 1;
    console.log(`${file}: ${issues.numErrors} errors, ${issues.numWarnings} warnings`);
    for (const message of issues.messages.filter((m) => m.severity < 2)) console.log(`  ${message.code} ${message.pointer}: ${message.message}`);
    continue;
  }
  const {positions, triangles} = readMesh(bytes);
  const mesh = new manifold.Mesh({numProp: 3, vertProperties: positions, triVerts: triangles});
  mesh.merge(); // vertices are split at the texture's seam
  const solid = new manifold.Manifold(mesh);
  const good = issues.numErrors === 0 && issues.numWarnings === 0 && solid.status() === 'NoError' && solid.volume() > 0;
  if (!good) bad += 1;
  console.log(`${file}: ${issues.numErrors} errors, ${issues.numWarnings} warnings; solid: ${solid.status()}, genus ${solid.genus()}, ` +
              `${(solid.volume() * 1e6).toFixed(1)} cm³`);
  for (const message of issues.messages.filter((m) => m.severity < 2)) console.log(`  ${message.code} ${message.pointer}: ${message.message}`);
}
if (process.argv.length < 3) throw new Error('no file given');
process.exit(bad ? 1 : 0);
