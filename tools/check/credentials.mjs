// Content credentials as two readers from npm see them: the official library compiled to WebAssembly, with a trust list, and TrustNXT's own implementation
// (which knows no trust list). node credentials.mjs AUTHORITY.pem FILE.png …
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initSync, WasmReader } from "@contentauth/c2pa-wasm";
import { PNG } from "@trustnxt/c2pa-ts/asset";
import { SuperBox } from "@trustnxt/c2pa-ts/jumbf";
import { ManifestStore } from "@trustnxt/c2pa-ts/manifest";

initSync({ module: readFileSync(createRequire(import.meta.url).resolve("@contentauth/c2pa-wasm/c2pa.wasm")) });
const [authority, ...files] = process.argv.slice(2);
const settings = JSON.stringify({ settings: { trust: { trust_anchors: readFileSync(authority, "utf8") }, verify: { verify_trust: true } },
                                  trust: { trust_anchors: readFileSync(authority, "utf8") }, verify: { verify_trust: true } });
let bad = 0;
const say = (file, reader, state, good) => {
  console.log(`${file}: ${reader}: ${state}`);
  if (!good) bad++;
};
for (const file of files) {
  const bytes = readFileSync(file);
  const reader = await WasmReader.fromBytes("image/png", bytes, settings);
  const seen = JSON.parse(reader.json());
  say(file, "c2pa-wasm", seen.validation_state, seen.validation_state === "Trusted");
  const asset = new PNG(bytes);
  const store = ManifestStore.read(SuperBox.fromBuffer(asset.getManifestJUMBF()));
  const result = await store.validate(asset);
  say(file, "c2pa-ts", result.isValid ? "valid" : JSON.stringify(result.statusEntries.filter((e) => !e.success)), result.isValid);
  // A changed pixel must be seen by both.
  const changed = Buffer.from(bytes);
  changed[changed.length - 40] ^= 1;
  let state = "no reading";
  try { state = JSON.parse((await WasmReader.fromBytes("image/png", changed, settings)).json()).validation_state; } catch { /* refused */ }
  say(file, "c2pa-wasm, changed", state, state === "Invalid" || state === "no reading");
  const other = new PNG(changed);
  const refused = await ManifestStore.read(SuperBox.fromBuffer(other.getManifestJUMBF())).validate(other);
  say(file, "c2pa-ts, changed", refused.isValid ? "valid" : "refused", !refused.isValid);
}
process.exit(bad ? 1 : 0);
