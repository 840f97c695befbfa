// node content_ids.mjs make COUNT: random files below files/. node content_ids.mjs check: compares `said` (lines "CID  FILE") and files/*.car with the importer.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { randomBytes, randomInt } from "node:crypto";
import { CarReader } from "@ipld/car";
import { importer } from "ipfs-unixfs-importer";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import { balanced } from "ipfs-unixfs-importer/layout";

const MiB = 1 << 20;
if (process.argv[2] === "make") {
  mkdirSync("files");
  const edges = [0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB, 2 * MiB + 1, 3 * MiB - 1];
  for (let i = 0; i < Number(process.argv[3]); i++) {
    const size = i < edges.length ? edges[i] : Math.floor(2 ** (Math.random() * 22)) + randomInt(2);
    writeFileSync(`files/${String(i).padStart(4, "0")}`, randomBytes(size));
  }
  process.exit(0);
}

const store = { put: async (key) => key, get: async () => { throw new Error("write only"); } };
async function cid(content) {
  let last;
  for await (const entry of importer([{ content }], store, {
    cidVersion: 1, rawLeaves: true, reduceSingleLeafToSelf: true, wrapWithDirectory: false, chunker: fixedSize({ chunkSize: MiB }),
    layout: balanced({ maxChildrenPerNode: 1024 }) })) last = entry;
  return last.cid.toString();
}

const said = new Map(readFileSync("said", "utf8").trim().split("\n").map((line) => line.trim().split(/\s+/)).map(([id, file]) => [file, id]));
let compared = 0, other = 0;
for (const name of readdirSync("files").filter((n) => !n.endsWith(".car"))) {
  const right = await cid(readFileSync(`files/${name}`));
  compared++;
  if (said.get(`files/${name}`) !== right) { other++; console.log(`${name}: ${said.get(`files/${name}`)} is not ${right}`); }
}
for (const name of readdirSync("files").filter((n) => n.endsWith(".car"))) {
  const roots = await (await CarReader.fromBytes(readFileSync(`files/${name}`))).getRoots();
  if (roots.length !== 1 || roots[0].toString() !== said.get(`files/${name.slice(0, -4)}`)) { other++; console.log(`${name}: another root`); }
}
console.log(`content ids: ${compared} compared with ipfs-unixfs-importer, ${other} different`);
process.exit(other > 0 || compared < 1000 ? 1 : 0);
