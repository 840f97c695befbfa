// Makes the reference of the face networks: face-api itself, on TensorFlow.js' processor backend, says what it finds in a picture.
//
//   npm install @tensorflow/tfjs@4.22.0 @vladmandic/face-api@1.7.15
//   node tools/reference/face_networks.mjs MODEL PICTURE.rgb WIDTH HEIGHT X Y W H
//
// MODEL is the folder of the pulled model "faces", PICTURE.rgb holds 8 bits a channel, X Y W H a box in pixels. Prints JSON: the best detection, and landmarks,
// expressions and the identity of the box.
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const require = createRequire(path.join(process.cwd(), 'x.js'));
const tf = require('@tensorflow/tfjs');
const source = fs.readFileSync(path.join(path.dirname(require.resolve('@vladmandic/face-api/package.json')), 'dist/face-api.esm-nobundle.js'), 'utf8');
globalThis.faceTf = tf;
// Imports of TensorFlow.js become the one above, in front of all.
const names = [...source.matchAll(/import\s*\*\s*as\s*(\w+)\s*from\s*["'][^"']*tfjs[^"']*["'];?/g)].map((found) => found[1]);
const bare = source.replace(/import\s*\*\s*as\s*\w+\s*from\s*["'][^"']*tfjs[^"']*["'];?/g, '').replace(/export\s*\*\s*from\s*["'][^"']*["'];?/g, '');
const own = names.map((name) => `var ${name}=globalThis.faceTf;`).join('') + bare;
const file = path.join(fs.mkdtempSync('/tmp/face-api-'), 'face-api.mjs');
fs.writeFileSync(file, own);
const faceapi = await import(file);

const [model, picture, ...numbers] = process.argv.slice(2);
const [width, height, x, y, w, h] = numbers.map(Number);
await tf.setBackend('cpu');
await tf.ready();

function weights(name) {
  const manifest = JSON.parse(fs.readFileSync(path.join(model, `${name}_model-weights_manifest.json`)));
  const bytes = fs.readFileSync(path.join(model, `${name}_model.bin`));
  return tf.io.decodeWeights(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), manifest.flatMap((group) => group.weights));
}

const whole = tf.tensor3d(new Uint8Array(fs.readFileSync(picture)), [height, width, 3], 'float32');
const detector = new faceapi.TinyFaceDetector();
detector.loadFromWeightMap(weights('tiny_face_detector'));
const found = await detector.locateFaces(whole, {inputSize: 416, scoreThreshold: 0.3});
const best = found.sort((a, b) => b.score - a.score)[0];

const cut = whole.slice([y, x, 0], [h, w, 3]);
const out = {detection: best && [best.box.x, best.box.y, best.box.width, best.box.height, best.score]};
for (const [name, Net, run] of [
  ['face_landmark_68', faceapi.FaceLandmark68Net, async (net) => (await net.detectLandmarks(cut)).positions.flatMap((p) => [p.x + x, p.y + y])],
  ['face_expression', faceapi.FaceExpressionNet, async (net) => Object.values(await net.predictExpressions(cut))],
  ['face_recognition', faceapi.FaceRecognitionNet, async (net) => Array.from(await net.computeFaceDescriptor(cut))],
]) {
  const net = new Net();
  net.loadFromWeightMap(weights(name));
  out[name] = await run(net);
}
console.log(JSON.stringify(out));
