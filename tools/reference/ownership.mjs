// Golden values of keys, signatures and content ids: node tools/reference/ownership.mjs > tests/golden/ownership.json
// Needs npm: ethers@6 (6.17), ipfs-unixfs-importer (17), in a folder above or in NODE_PATH.
import { ethers } from "ethers";
import { importer } from "ipfs-unixfs-importer";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import { balanced } from "ipfs-unixfs-importer/layout";

/** The same bytes as tests/own/own_test.cpp makes. */
function bytes(count, seed) {
  const out = new Uint8Array(count);
  let x = seed >>> 0;
  for (let i = 0; i < count; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    out[i] = x >>> 24;
  }
  return out;
}

async function cid(content, chunk, width) {
  const store = { put: async (key) => key, get: async () => { throw new Error("write only"); } };
  let last;
  for await (const entry of importer([{ content }], store, {
    cidVersion: 1, rawLeaves: true, reduceSingleLeafToSelf: true, wrapWithDirectory: false,
    chunker: fixedSize({ chunkSize: chunk }), layout: balanced({ maxChildrenPerNode: width }) })) last = entry;
  return last.cid.toString();
}

const canonical = (value) => value === null || typeof value !== "object" ? JSON.stringify(value)
  : Array.isArray(value) ? `[${value.map(canonical).join(",")}]`
  : `{${Object.keys(value).sort().map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join(",")}}`;

const out = { keccak: [], keys: [], receipts: [], digests: [], cids: [] };
for (const size of [0, 1, 31, 32, 135, 136, 137, 271, 272, 273, 1000, 100000]) out.keccak.push([size, ethers.keccak256(bytes(size, size + 1)).slice(2)]);
for (let i = 0; i < 40; i++) {
  const secret = ethers.hexlify(bytes(32, 77 + i));
  out.keys.push([secret.slice(2), new ethers.Wallet(secret).address]);
}
const domain = { name: "Ptah", version: "1" };
const types = { Work: [{ name: "maker", type: "address" }, { name: "kind", type: "string" }, { name: "prompt", type: "string" }, { name: "receipt", type: "bytes32" }] };
const prompts = ["a red fox", "", "ein süßer Fuchs", "一只红狐狸 🦊", "a \"quoted\" line\nand another", "x".repeat(1000)];
for (let i = 0; i < prompts.length; i++) {
  const receipt = { engine: "ptah", kind: i % 2 ? "text" : "picture and object", request: { prompt: prompts[i], seed: i }, outputs: { "picture.png": "sha256:" + "ab".repeat(32) } };
  const text = canonical(receipt);
  const wallet = new ethers.Wallet(ethers.hexlify(bytes(32, 500 + i)));
  const value = { maker: wallet.address, kind: receipt.kind, prompt: prompts[i], receipt: ethers.keccak256(ethers.toUtf8Bytes(text)) };
  out.receipts.push({ receipt, secret: wallet.privateKey.slice(2), maker: wallet.address, signature: await wallet.signTypedData(domain, types, value) });
}
const signer = new ethers.SigningKey(ethers.hexlify(bytes(32, 4242)));  // about one in a hundred has a leading zero byte in r or s
for (let i = 0; i < 400; i++) {
  const digest = bytes(32, 9000 + i);
  out.digests.push(ethers.Signature.from(signer.sign(digest)).serialized.slice(2));
}
const MiB = 1 << 20;
for (const [size, chunk, width] of [[0, MiB, 1024], [1, MiB, 1024], [1000, MiB, 1024], [MiB - 1, MiB, 1024], [MiB, MiB, 1024], [MiB + 1, MiB, 1024], [3 * MiB + 5, MiB, 1024],
  [1024 * 3, 1024, 3], [1024 * 3 + 1, 1024, 3], [1024 * 9, 1024, 3], [1024 * 10 + 17, 1024, 3], [64 * 100, 64, 4], [200000, 64, 7], [100000, 100, 1024]])
  out.cids.push([size, chunk, width, await cid(bytes(size, size + 7), chunk, width)]);
for (let i = 0; i < 200; i++) {
  const size = (i * 7919) % 20011, chunk = 50 + i * 13, width = 2 + i % 9;
  out.cids.push([size, chunk, width, await cid(bytes(size, size + 7), chunk, width)]);
}
console.log(JSON.stringify(out));
