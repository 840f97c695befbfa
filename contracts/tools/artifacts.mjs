// Takes what the program needs out of forge's build: node tools/artifacts.mjs writes artifacts/NAME.json (interface and creation code);
// with --check it only says whether they are what the sources give.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const names = { AigcWork: "AigcWork", AigcEdition: "AigcEdition", ModelRegistry: "ModelRegistry", OptimisticVerifier: "OptimisticVerifier", ReadRewards: "ReadRewards",
                BountyBoard: "BountyBoard", MediaToken: "MediaGov", MediaTimelock: "MediaGov", MediaGov: "MediaGov", OutcomeMarket: "OutcomeMarket" };
const here = new URL("../", import.meta.url);
mkdirSync(new URL("artifacts/", here), { recursive: true });
let other = 0;
for (const [name, source] of Object.entries(names)) {
  const built = JSON.parse(readFileSync(new URL(`out/${source}.sol/${name}.json`, here)));
  const text = JSON.stringify({ contract: name, compiler: built.metadata?.compiler?.version ?? "", abi: built.abi, bytecode: built.bytecode.object }) + "\n";
  const file = new URL(`artifacts/${name}.json`, here);
  if (process.argv.includes("--check")) {
    if (readFileSync(file, "utf8") !== text) { console.log(`${name}: not what the sources give`); other++; }
  } else {
    writeFileSync(file, text);
  }
}
process.exit(other ? 1 : 0);
