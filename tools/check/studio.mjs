// node studio.mjs PTAH FOLDER: the studio as a person meets it, in Chromium; screenshots go to the folder.
import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { chromium } from "playwright-core";

const [ptah, folder] = process.argv.slice(2);
const fail = (what) => { throw new Error(what); };

/** A server on the port of the last one, so that the page finds it again. */
async function serve(port, ...more) {
  const child = spawn(ptah, ["serve", "--port", String(port), "--folder", "served", ...more], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { child, address: String(line).trim() };
}

let { child, address } = await serve(0);
const port = Number(new URL(address).port);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const problems = [], foreign = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => { if (/Content Security Policy/.test(message.text())) problems.push(message.text()); });
  page.on("request", (request) => { if (!request.url().startsWith(address) && !/^(blob|data):/.test(request.url())) foreign.push(request.url()); });
  page.setDefaultTimeout(180000);
  const shot = (name) => page.screenshot({ path: `${folder}/${name}.png` });
  const works = (count) => page.waitForFunction((n) => document.querySelectorAll("li .files a").length && document.querySelectorAll("li .files").length >= n, count);

  await page.goto(address);
  await page.waitForSelector("#kinds button");
  await page.fill("textarea", "a wooden chair with a red cushion");
  await page.waitForFunction(() => /memory/.test(document.querySelector("#plan").textContent));
  await page.click("button.main");
  await works(1);
  await shot("made");
  await page.click("li details summary");
  await page.waitForSelector("li dl dd");
  const object = page.locator("li").first().getByRole("button", { name: "Turn it" });
  await object.click();
  await page.waitForFunction(() => /triangles/.test(document.querySelector("#viewer-note").textContent));
  await page.waitForTimeout(1000);
  const pixels = () => page.evaluate(() => { const c = document.querySelector("#canvas"), gl = c.getContext("webgl2"), out = new Uint8Array(4 * c.width * c.height);
    gl.readPixels(0, 0, c.width, c.height, gl.RGBA, gl.UNSIGNED_BYTE, out); let sum = 0, drawn = 0; for (let i = 0; i < out.length; i += 4) { sum = (sum * 31 + out[i]) % 1000003; drawn += out[i + 3] > 0; }
    return { sum, share: drawn / (out.length / 4) }; });
  const before = await pixels();
  if (before.share < 0.03 || before.share > 0.9) fail(`the object covers ${before.share} of the viewer`);
  await shot("object");
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(1000);
  if ((await pixels()).sum === before.sum) fail("the object does not turn");
  await shot("turned");
  await page.click("#viewer-close");

  // A field that cannot be, said beside the form.
  await page.click("#form details summary");
  await page.locator("#form label", { hasText: /^steps/ }).locator("input").first().fill("900");
  await page.waitForFunction(() => /1 to 200/.test(document.querySelector("#problem").textContent));
  await page.locator("#form label", { hasText: /^steps/ }).locator("input").first().fill("200");

  // Something long; the page is loaded again, and the server killed, in the middle of it.
  await page.fill("textarea", "a castle on a hill");
  await page.locator("#form label", { hasText: /^picture/ }).locator("select").first().selectOption("drawn");
  await page.click("button.main");
  await page.waitForSelector("li progress");
  await page.reload();
  await page.waitForSelector("li progress");
  await shot("watching");
  child.kill("SIGKILL");
  await once(child, "exit");
  await page.waitForFunction(() => /lost/.test(document.querySelector("#connection").textContent));
  ({ child } = await serve(port));
  await page.waitForFunction(() => document.querySelector("#connection").textContent === "connected");
  await works(2);
  await page.waitForFunction(() => [...document.querySelectorAll("li img")].length >= 2);
  await page.waitForTimeout(500);
  await shot("after-kill");

  // A picture becomes an object, and one that waits is cancelled.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark" });
  if (await page.evaluate(() => document.documentElement.scrollWidth) > 390) fail("the page is wider than a phone");
  await shot("phone");
  await page.setViewportSize({ width: 820, height: 1100 });
  await shot("tablet");
  await page.fill("textarea", "a lighthouse");
  await page.click("#form details summary");
  await page.locator("#form label", { hasText: /^steps/ }).locator("input").first().fill("200");
  await page.locator("#form label", { hasText: /^best of/ }).locator("input").first().fill("16");
  await page.locator("#form label", { hasText: /^picture/ }).locator("select").first().selectOption("drawn");
  await page.click("button.main");
  await page.locator("li", { hasText: "a lighthouse" }).getByRole("button", { name: "Cancel" }).click();
  await page.waitForFunction(() => /cancelled/.test(document.querySelector("#jobs").textContent));
  if (problems.length || foreign.length) fail(`problems: ${problems}; asked elsewhere: ${foreign}`);

  // With keys: the page asks for one, and shows nothing of others.
  child.kill("SIGTERM");
  await once(child, "exit");
  const key = execFileSync(ptah, ["serve", "key", "add", "ann", "--folder", "served"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  ({ child } = await serve(port, "--keys"));
  const other = await browser.newPage();
  other.setDefaultTimeout(60000);
  await other.goto(address);
  await other.fill("#key", key);
  await other.click("#key-form button");
  await other.waitForFunction(() => document.querySelector("#connection").textContent === "connected");
  if (await other.locator("#jobs li").count() !== 0) fail("works of others are shown");
  console.log("the studio works");
} finally {
  child.kill("SIGTERM");
  await browser.close();
}
