// node studio_chain.mjs PTAH FOLDER ARTICLE: what is owned, read and decided together, in the studio and on a test chain: a work is minted by a key and by a wallet,
// checked and given away; an article is published, read and paid for; a community votes, pays a bounty and settles a market. ARTICLE: Markdown.
import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [ptah, folder, article] = process.argv.slice(2);
const begun = performance.now();
const step = (what) => console.log(`${((performance.now() - begun) / 1000).toFixed(1)} s  ${what}`);
const fail = (what) => {
  throw new Error(what);
};
const child = spawn(ptah, ["serve", "--port", "0", "--folder", "chain-served"], { stdio: ["ignore", "pipe", "inherit"] });
const address = String((await once(child.stdout, "data"))[0]).trim();
const post = async (path, body) => {
  const answer = await fetch(address + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) fail(`${path}: ${JSON.stringify(said)}`);
  return said;
};
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB" });
const page = await context.newPage();
page.setDefaultTimeout(Number(process.env.STUDIO_TIMEOUT || 120) * 1000);
const problems = [];
page.on("pageerror", (error) => problems.push(error.message));
page.on("console", (message) => /Content Security Policy|TrustedHTML|Trusted Type/.test(message.text()) && problems.push(message.text()));
page.on("request", (request) => !request.url().startsWith(address) && !/^(blob|data):/.test(request.url()) && problems.push("asked elsewhere: " + request.url()));

// A wallet as EIP-6963 announces it: its first account is one that the test chain has the key of.
let node = "";
let account = "";
await page.exposeFunction("askNode", async (method, params) => {
  if (method === "eth_requestAccounts") return { result: [account] };
  const answer = await fetch(node, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: params || [] }) });
  return answer.json();
});
await page.addInitScript(() => {
  const provider = {
    async request({ method, params }) {
      const said = await globalThis.askNode(method, params);
      if (said.error) throw new Error(said.error.message);
      return said.result;
    },
  };
  const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: { info: { uuid: "test", name: "Test wallet", rdns: "org.example" }, provider } }));
  addEventListener("eip6963:requestProvider", announce);
});
const shot = (name) => page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
const go = async (view) => {
  await page.evaluate((to) => (location.hash = to), "#/" + view);
  await page.waitForSelector("main section");
};
const ended = async (id) => {
  for (;;) {
    const job = await (await fetch(address + "/v1/jobs/" + id)).json();
    if (!["queued", "in_progress"].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};
const made = async (prompt) => {
  const { id } = await post("/v1/jobs", { kind: "create", request: { prompt, size: 128, steps: 2, object: false, picture: "drawn", seed: 1 } });
  if ((await ended(id)).status !== "completed") fail("no picture of " + prompt);
  return id;
};
const later = (seconds) => post("/v1/chain", { pass: seconds });

try {
  await post("/v1/keyring", { name: "ann", passphrase: "correct horse" });
  await post("/v1/keyring", { name: "bob", passphrase: "" });
  const [fox, boat] = [await made("a red fox"), await made("a blue boat")];
  await page.goto(address + "/#/own");

  // ---- a test chain, and a token by a key ----
  await page.getByRole("button", { name: "Start the test chain" }).click();
  await page.getByText(/Test chain 31337/).first().waitFor();
  node = (await (await fetch(address + "/v1/chain")).json()).url;
  account = (await (await fetch(node, { method: "POST", body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_accounts" }), headers: { "Content-Type": "application/json" } })).json()).result[0];
  await go("works/" + fox);
  await page.getByText("Make a token of it").click();
  const mint = page.locator(".mint");
  await mint.getByLabel("Signed by").selectOption("ann");
  await mint.getByLabel("Passphrase").fill("wrong");
  await mint.getByRole("button", { name: "Mint" }).click();
  await mint.getByRole("alert").filter({ hasText: /passphrase/ }).first().waitFor();
  await mint.getByLabel("Passphrase").fill("correct horse");
  await mint.getByRole("button", { name: "Mint" }).click();
  await mint.getByText(/It is token/).waitFor();
  await shot("mint");
  step("minted by a key");

  // ---- a token by a wallet ----
  await go("works/" + boat);
  await page.getByText("Make a token of it").click();
  await mint.getByLabel("Signed by").selectOption("ann");
  await mint.getByLabel("Signed by").selectOption("Test wallet");
  await mint.getByText(account).waitFor();
  await mint.getByLabel("Passphrase").fill("correct horse");
  await mint.getByRole("button", { name: "Mint" }).click();
  await mint.getByText(/It is token/).waitFor();
  const tokens = (await (await fetch(address + "/v1/tokens")).json()).data;
  const byWallet = tokens.find((one) => one.work === boat);
  if (byWallet?.owner?.toLowerCase() !== account.toLowerCase()) fail("the wallet does not own what it minted: " + JSON.stringify(tokens));
  step("minted through a wallet");

  // ---- checked, and given away ----
  await go("own");
  await page.locator("li", { has: page.getByRole("link", { name: fox, exact: true }) }).getByRole("button", { name: "Check it" }).click();
  await page.getByText("Everything it says is true").waitFor();
  await page.waitForSelector(".verdict img[src]");
  await shot("tokens");
  await page.getByText("Give it away").first().click();
  const give = page.locator("details", { hasText: "Give it away" }).first();
  await give.getByLabel("Passphrase").fill("correct horse");
  await give.getByLabel("New owner").fill(account);
  await give.getByRole("button", { name: "Give it" }).click();
  await page.waitForFunction(() => !document.querySelector("details[open] input[type=text]")?.value);
  const mine = tokens.find((one) => one.work === fox);
  const checked = await post("/v1/tokens/check", { contract: mine.contract, token: mine.token });
  if (!checked.lines.some((line) => line.toLowerCase().includes(account.toLowerCase()))) fail("the token was not given away: " + checked.lines.join("; "));
  step("checked, and given away");

  // ---- an article is published, read and paid for ----
  await go("read");
  await page.getByLabel("Signed by").selectOption("ann");
  await page.getByLabel("Passphrase").fill("correct horse");
  await page.getByLabel("Text (Markdown)").fill("# Too short\n\nNothing.");
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: /\w/ }).first().waitFor();
  // The form has what a publisher needs; a test cannot wait as long as reading takes.
  await post("/v1/articles", { text: readFileSync(article, "utf8"), budget: "1000", reward: "2", words_a_second: 400, section_seconds: 0, models: "none", key: "ann", passphrase: "correct horse" });
  await page.reload();
  await page.getByLabel("Signed by").selectOption("ann");
  await page.getByLabel("Passphrase").fill("correct horse");
  await page.getByRole("button", { name: "Offer it to readers" }).click();
  await page.getByText("For readers with a wallet").waitFor();
  await page.getByLabel("Signed by").selectOption("bob");
  await shot("read");
  await page.getByRole("button", { name: "Read it" }).click();
  for (;;) {
    await page.waitForSelector("button.main:not([disabled])");
    const [text] = [await page.locator("button.main").innerText()];
    if (text === "Answer") break;
    await page.locator("button.main").click();
    await page.waitForTimeout(150);
  }
  const served = (await (await fetch(address + "/v1/articles")).json()).data[0];
  const bank = JSON.parse(readFileSync(`chain-served/articles/${served.id}/room/bank.json`, "utf8"));
  const key = (question, options) => JSON.stringify([question, [...options].sort()]);
  const right = new Map((bank.items || bank.questions).map((one) => [key(one.question, one.options), one.options[0]]));
  await shot("quiz");
  for (const one of await page.locator("fieldset").all()) {
    const options = (await one.locator("label").allInnerTexts()).map((text) => text.trim());
    await one.locator("label").nth(options.indexOf(right.get(key((await one.locator("legend").textContent()).trim(), options)))).click();
  }
  await page.getByRole("button", { name: "Answer", exact: true }).click();
  await page.getByText(/^Passed/).waitFor();
  await page.getByRole("button", { name: "Claim 2 tokens" }).click();
  await page.getByText("Paid: 2 tokens in all.").waitFor();
  await shot("paid");
  await page.getByRole("button", { name: "Back" }).click();
  step("read, and paid for");

  // ---- a community ----
  await go("community");
  await page.getByLabel("Signed by").first().selectOption("bob");
  await page.getByLabel("Name", { exact: true }).fill("Fox & Friends");
  await page.getByLabel("Symbol of its token").fill("FOX");
  await page.getByLabel(/^Shares/).fill("bob 1000\nann 500");
  await page.getByRole("button", { name: "Found it" }).click();
  await page.getByText("Your tokens do not vote yet.").waitFor();
  await page.getByRole("button", { name: "Vote with them myself" }).click();
  await page.getByText("1000 tokens, 1000 votes").waitFor();
  await page.getByText("Propose a payment").click();
  const propose = page.locator("details", { hasText: "Propose a payment" });
  await propose.getByLabel("What it is for").fill("Thanks for the pictures");
  await propose.getByLabel("To (a key or 0x…)").fill("ann");
  await propose.getByLabel("Tokens").fill("10");
  await propose.getByRole("button", { name: "Propose", exact: true }).click();
  await page.getByText("Thanks for the pictures").first().waitFor();
  await page.getByRole("button", { name: "A day later" }).click();
  await page.getByRole("button", { name: "For", exact: true }).click();
  await page.getByText(/1000 for/).waitFor();
  await shot("community");
  for (const name of ["Queue it", "Carry it out"]) {
    await later(2 * 86400);
    await page.reload();
    await page.getByLabel("Signed by").first().selectOption("bob");
    await page.getByRole("button", { name }).click();
    await page.waitForFunction((said) => ![...document.querySelectorAll("button")].some((one) => one.textContent === said), name);
  }
  const state = async () => (await fetch(address + "/v1/communities/fox-friends")).json();
  if ((await state()).members.find((one) => one.name === "ann").tokens !== "510") fail("the treasury did not pay: " + JSON.stringify((await state()).members));
  step("a community proposes, votes and pays");
  await page.getByText("Offer a bounty").click();
  const bounty = page.locator("details", { hasText: "Offer a bounty" });
  await bounty.getByLabel("What is to be done").fill("A picture of a fox");
  await bounty.getByLabel("Tokens").fill("20");
  await bounty.getByRole("button", { name: "Offer it" }).click();
  await page.getByText("20 tokens left").waitFor();
  await post("/v1/communities/fox-friends/submit", { job: 0, work: fox, key: "ann", passphrase: "correct horse" });
  await page.reload();
  await page.getByLabel("Signed by").first().selectOption("bob");
  await page.getByRole("button", { name: "Accept and pay" }).click();
  await page.getByText(/closed|0 tokens left/).first().waitFor();
  await page.getByText("Open a market").click();
  const market = page.locator("details", { hasText: "Open a market" });
  await market.getByLabel("A question that").fill("Does the fox win?");
  await market.getByLabel("Who decides a dispute").fill("ann");
  await market.getByRole("button", { name: "Open it" }).click();
  await page.getByText("Does the fox win?").first().waitFor();
  await page.getByText(/50 % yes/).waitFor();
  const bet = page.locator("li", { hasText: "Does the fox win?" });
  await bet.getByLabel("Tokens", { exact: true }).fill("3");
  await page.getByRole("button", { name: "Buy" }).click();
  await page.waitForFunction(() => /(5[1-9]|[6-9]\d)(\.\d)? % yes/.test(document.querySelector("main").innerText));
  await shot("market");
  for (const [days, name] of [[8, "The outcome is yes"], [4, "Settle it"], [0, "Pay out my shares"]]) {
    await later(days * 86400);
    await page.reload();
    await page.getByLabel("Signed by").first().selectOption("bob");
    await page.getByRole("button", { name }).click();
    if (days) await page.waitForFunction((said) => ![...document.querySelectorAll("button")].some((one) => one.textContent === said), name);
    else await page.waitForFunction(() => ![...document.querySelectorAll("button")].some((one) => one.disabled && one.textContent === "Pay out my shares"));
  }
  if ((await state()).markets[0].outcome !== "yes") fail("the market is not settled");
  step("a bounty is paid, a market settled");

  // ---- what axe finds where there is something to see ----
  const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
  const looked = await (await browser.newContext({ bypassCSP: true, locale: "en-GB" })).newPage();
  for (const view of ["community/fox-friends", "own", "read", "works/" + fox])
    for (const [width, height, colorScheme] of [[1280, 900, "light"], [390, 844, "dark"]]) {
      await looked.setViewportSize({ width, height });
      await looked.emulateMedia({ colorScheme });
      await looked.goto(address + "/#/" + view);
      await looked.reload();
      await looked.waitForSelector("main li, main h3");
      await looked.waitForTimeout(800);
      for (const summary of await looked.locator("main summary").all()) if (await summary.isVisible()) await summary.click();
      const wide = await looked.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) fail(`${view} is ${wide} px wide at ${width}`);
      await looked.evaluate(axe);
      const found = await looked.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      for (const one of found.violations) fail(`axe: ${view} at ${width}: ${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
      await looked.screenshot({ path: `${folder}/chain-${view.split("/")[0]}-${width}.png`, fullPage: true });
    }
  step("axe: nothing in these views");
  if (problems.length) fail(`problems: ${problems}`);
  console.log("owned, read and decided");
} catch (error) {
  await shot("failed-chain").catch(() => {});
  throw error;
} finally {
  child.kill("SIGTERM");
  await browser.close();
  try {
    execFileSync(ptah, ["dev-chain", "stop"], { stdio: "ignore" });
  } catch {}
}
