// node reader.mjs PAGE NODE BANK: reads as a person with a wallet does, once knowing the answers and once not.
// node reader.mjs PAGE NODE BANK KEY: once with this private key, whose address is on the list of readers, and once with another one, which is not.
import { readFileSync } from "node:fs";
import { JSDOM, VirtualConsole } from "jsdom";
import { ethers } from "ethers";

const [page, node, bankFile, listed] = process.argv.slice(2);
const provider = new ethers.JsonRpcProvider(node, undefined, { staticNetwork: true });
const bank = JSON.parse(readFileSync(bankFile, "utf8")).items;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function read(knows, key) {
  const wallet = (key ? new ethers.Wallet(key) : ethers.Wallet.createRandom()).connect(provider);
  await provider.send("anvil_setBalance", [wallet.address, "0x8ac7230489e80000"]);
  const ethereum = {
    async request({ method, params }) {
      if (method === "eth_requestAccounts") return [wallet.address];
      if (method === "eth_chainId") return provider.send("eth_chainId", []);
      if (method === "eth_signTypedData_v4") {
        const { domain, types, message } = JSON.parse(params[1]);
        delete types.EIP712Domain;
        return wallet.signTypedData(domain, types, message);
      }
      if (method === "eth_sendTransaction") return (await wallet.sendTransaction({ to: params[0].to, data: params[0].data })).hash;
      throw new Error(`no ${method}`);
    },
  };
  const console_ = new VirtualConsole();
  console_.on("jsdomError", (error) => { throw error; });
  const dom = await JSDOM.fromURL(page, { runScripts: "dangerously", pretendToBeVisual: true, virtualConsole: console_, beforeParse(window) {
    window.ethereum = ethereum;
    window.scrollTo = () => {};
    window.fetch = (path, options) => fetch(new URL(path, page), options);
  } });
  const { document } = dom.window;
  const until = async (what, seconds, find) => {
    for (const end = Date.now() + 1000 * seconds; Date.now() < end; await wait(50)) {
      const problem = document.getElementById("problem").textContent;
      if (problem) throw new Error(`${what}: ${problem}`);
      const found = find();
      if (found) return found;
    }
    throw new Error(`${what}: nothing for ${seconds} seconds`);
  };
  const ready = (text) => [...document.querySelectorAll("button")].find((b) => b.textContent.startsWith(text) && !b.disabled);
  (await until("sign in", 5, () => ready("Sign in"))).click();
  for (;;) {
    const next = await until("a section", 120, () => ready("Go on") || ready("To the questions"));
    const last = next.textContent.startsWith("To the");
    next.click();
    if (last) break;
    await wait(100);
  }
  const hand = await until("the questions", 5, () => ready("Hand in"));
  hand.click();  // nothing chosen: it has to say so
  await wait(100);
  if (!document.getElementById("problem").textContent.includes("no answer yet")) throw new Error("an empty sheet was taken");
  for (const set of document.querySelectorAll("fieldset")) {
    const question = set.querySelector("legend").textContent.replace(/^\d+\. /, "");
    const labels = [...set.querySelectorAll("label")], options = labels.map((l) => l.textContent.trim());
    const item = bank.find((i) => i.question === question && [...i.options].sort().join("|") === [...options].sort().join("|"));
    if (!item) throw new Error(`a question that is not in the bank: ${question}`);
    const right = options.indexOf(item.options[0]);
    labels[knows ? right : (right + 1) % options.length].querySelector("input").checked = true;
  }
  document.getElementById("problem").textContent = "";
  (await until("handing in", 2, () => ready("Hand in"))).click();
  const told = await until("the result", 5, () => document.getElementById("place").textContent.match(/^\d+ right\..*?\./)?.[0]);
  if (!knows) return told;
  (await until("claiming", 2, () => ready("Claim"))).click();
  await until("the transaction", 10, () => document.getElementById("place").textContent.includes("Sent: 0x"));
  const voucher = JSON.parse(document.querySelector("pre").textContent);
  const rewards = new ethers.Contract(voucher.contract, ["function token() view returns (address)", "function paid(address) view returns (uint256)"], provider);
  for (let i = 0; i < 50 && (await rewards.paid(wallet.address)) === 0n; i++) await wait(100);
  const token = new ethers.Contract(await rewards.token(), ["function balanceOf(address) view returns (uint256)"], provider);
  const got = await token.balanceOf(wallet.address);
  if (got !== ethers.parseEther("2")) throw new Error(`paid ${got}`);
  return `${told} ${ethers.formatEther(got)} tokens on the chain`;
}

if (listed) {
  console.log(`a reader on the list: ${await read(true, listed)}`);
  const refused = await read(true).then((told) => { throw new Error(`who is not on the list could read: ${told}`); }, (error) => error.message);
  if (!refused.includes("list")) throw new Error(refused);
  console.log(`one who is not on it: ${refused}`);
  process.exit(0);
}
const [paid, guess] = await Promise.all([read(true), read(false)]);
console.log(`a reader who knows: ${paid}`);
if (!guess.startsWith("0 right. That was not enough")) throw new Error(guess);
console.log(`one who does not: ${guess}`);
process.exit(0);
