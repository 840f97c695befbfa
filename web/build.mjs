// node build.mjs [FOLDER]: the studio's files, minified, into a folder (dist).
// They are committed, so that building Ptah needs no node; tools/check/web builds them again and compares the bytes.
import { cp, mkdir, readFile } from "node:fs/promises";
import { build } from "esbuild";

const out = process.argv[2] || "dist";
await mkdir(out, { recursive: true });
const common = { bundle: true, minify: true, format: "esm", target: "es2022", charset: "utf8", legalComments: "none", logLevel: "warning" };
// What is loaded later is a bundle of its own, and fetched by its name.
await build({
  ...common,
  entryPoints: { studio: "src/main.tsx" },
  outdir: out,
  external: ["/studio/*"],
  jsx: "automatic",
  jsxImportSource: "preact",
  // Preact is part of the program, so its licence is too.
  banner: { js: "/*! With Preact:\n" + (await readFile("node_modules/preact/LICENSE", "utf8")).trim() + "\n*/" },
});
await build({ ...common, entryPoints: { viewer: "src/viewer/viewer.ts", de: "src/texts/de.ts", style: "src/style.css" }, outdir: out });
await cp("src/index.html", `${out}/index.html`);
