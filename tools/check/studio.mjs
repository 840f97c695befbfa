// node studio.mjs PTAH FOLDER INCLUDE: the studio as a person meets it, in Chromium; screenshots go to the folder. INCLUDE holds ptah/ptah.h.
import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [ptah, folder, include] = process.argv.slice(2);
const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const fail = (what) => {
  throw new Error(what);
};
const step = (what) => console.log(`${((performance.now() - begun) / 1000).toFixed(1)} s  ${what}`);
const begun = performance.now();

/** A server on the port of the last one, so that the page finds it again. */
async function serve(port, ...more) {
  const child = spawn(ptah, ["serve", "--port", String(port), "--folder", "served", ...more], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { child, address: String(line).trim() };
}

let { child, address } = await serve(0);
const port = Number(new URL(address).port);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
const problems = [];
const foreign = [];
let streams = 0;
function watch(page) {
  page.setDefaultTimeout(Number(process.env.STUDIO_TIMEOUT || 120) * 1000);
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => /Content Security Policy|TrustedHTML|Trusted Type/.test(message.text()) && problems.push(message.text()));
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !/^(blob|data):/.test(request.url())) foreign.push(request.url());
    if (request.url().endsWith("/v1/events")) streams++;
  });
  return page;
}
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB" });
const page = watch(await context.newPage());
const shot = (name) => page.screenshot({ path: `${folder}/${name}.png` });
const go = async (view) => {
  await page.evaluate((to) => (location.hash = to), "#/" + view);
  await page.waitForSelector("main section");
};
const drawn = (canvas) =>
  canvas.evaluate((c) => {
    const gl = c.getContext("webgl2");
    const out = new Uint8Array(4 * c.width * c.height);
    gl.readPixels(0, 0, c.width, c.height, gl.RGBA, gl.UNSIGNED_BYTE, out);
    let sum = 0;
    let seen = 0;
    for (let i = 0; i < out.length; i += 4) {
      sum = (sum * 31 + out[i]) % 1000003;
      seen += out[i + 3] > 0;
    }
    return { sum, share: seen / (out.length / 4) };
  });
const made = () => page.waitForSelector(".stage .shown img[src], .stage .shown canvas[data-triangles], .stage .shown audio[src]");
const workOfStage = async () => (await page.locator(".stage h3 a").getAttribute("href")).replace("#/", "");

try {
  // ---- the first load, and drafts while one types ----
  const sizes = {};
  page.on("response", async (response) => {
    if (/\/(studio\/.*)?$/.test(new URL(response.url()).pathname)) sizes[new URL(response.url()).pathname] = (await response.request().sizes()).responseBodySize;
  });
  await page.goto(address);
  await page.waitForSelector("textarea.box");
  await page.waitForTimeout(300);
  const first = Object.values(sizes).reduce((a, b) => a + b, 0);
  if (!(first > 5000 && first <= 60 << 10)) fail(`the first load takes ${first} bytes: ${JSON.stringify(sizes)}`);
  step(`the first load takes ${first} bytes`);

  const times = [];
  for (const text of ["a red fox", "a red foxes", "a red fox", "a blue dragon", "a blue dragon on a cloud"]) {
    const before = await page.evaluate(() => document.querySelector(".draft img")?.getAttribute("src") || "");
    await page.fill("textarea.box", text);
    await page.waitForFunction((src) => document.querySelector(".draft img")?.src && document.querySelector(".draft img").getAttribute("src") !== src, before);
    times.push(Number(await page.locator(".draft img").getAttribute("data-milliseconds")));
  }
  step(`from key to picture: ${times.join(", ")} ms`);
  // A burst of keys: only what stands there at the end is shown, and the page is quiet then.
  await page.locator("textarea.box").fill("");
  await page.locator("textarea.box").pressSequentially("a wooden chair with a red cushion", { delay: 15 });
  await page.waitForSelector(".draft img");
  await shot("draft");

  // ---- a picture, an object, a scene ----
  await page.keyboard.press("Enter");
  await made();
  await shot("picture");
  const picture = await workOfStage();
  step("a picture");
  await page.getByRole("button", { name: "Object", exact: true }).click();
  await page.waitForSelector(".draft canvas[data-triangles]");
  await page.fill("textarea.box", "a red fox");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.waitForSelector(".stage .shown canvas[data-triangles]");
  const object = await workOfStage();
  await go(object);
  const canvas = page.locator(".shown canvas");
  await page.waitForSelector(".shown canvas[data-triangles]");
  await page.getByRole("button", { name: "Turn slowly" }).click();
  await page.waitForTimeout(800);
  const before = await drawn(canvas);
  if (before.share < 0.03 || before.share > 0.9) fail(`the object covers ${before.share} of the viewer`);
  await canvas.focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(800);
  if ((await drawn(canvas)).sum === before.sum) fail("the object does not turn");
  await shot("object");
  // Its numbers: another width shows another object, and makes one.
  await page.getByText(/Change its numbers/).click();
  await page.locator(".program input[type=range]").first().evaluate((input) => {
    input.value = input.max;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await page.waitForSelector(".program canvas[data-triangles]");
  await shot("numbers");
  await page.getByRole("button", { name: "Make it with these numbers" }).click();
  await page.waitForFunction((old) => location.hash !== "#/" + old, object);
  await page.waitForSelector(".shown canvas[data-triangles]");
  step("an object, turned and changed");
  await go("make");
  await page.getByRole("button", { name: "Scene", exact: true }).click();
  await page.fill("textarea.box", "a bedroom with a double bed and a bedside table");
  await page.waitForSelector(".draft canvas[data-triangles]");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".stage .shown canvas[data-triangles]");
  await page.getByRole("button", { name: "Walk through" }).click();
  await page.waitForTimeout(500);
  const stood = await drawn(page.locator(".stage canvas"));
  await page.locator(".stage canvas").focus();
  await page.keyboard.down("w");
  await page.waitForTimeout(700);
  await page.keyboard.up("w");
  await page.waitForTimeout(300);
  if ((await drawn(page.locator(".stage canvas"))).sum === stood.sum) fail("nobody walks");
  await shot("scene");
  step("a scene, walked through");

  // ---- with a headset: a device of two eyes that the browser offers (WebXR); what they see is drawn side by side, a step apart ----
  await page.evaluate(() => {
    const look = (x) => Float32Array.from([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, x, 1.6, 0, 1]);
    const projection = Float32Array.from([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1.002, -1, 0, 0, -0.06, 0]);
    const views = [-0.1, 0.1].map((x, at) => ({ at, projectionMatrix: projection, transform: { inverse: { matrix: look(-x).map((v, i) => (i === 13 ? -1.6 : v)) } } }));
    globalThis.XRWebGLLayer = class {
      framebuffer = null;
      constructor(session, gl) {
        this.gl = gl;
      }
      getViewport(view) {
        const { width, height } = this.gl.canvas;
        return { x: (view.at * width) >> 1, y: 0, width: width >> 1, height };
      }
    };
    const session = new EventTarget();
    Object.assign(session, {
      renderState: {},
      inputSources: [],
      updateRenderState: (state) => Object.assign(session.renderState, state),
      requestReferenceSpace: async () => ({}),
      requestAnimationFrame: (callback) => globalThis.headsetOn && requestAnimationFrame((now) => callback(now, { getViewerPose: () => ({ transform: { matrix: look(0) }, views }) })),
    });
    globalThis.headsetOn = true;
    globalThis.takeOff = () => ((globalThis.headsetOn = false), session.dispatchEvent(new Event("end")));
    Object.defineProperty(navigator, "xr", { value: { isSessionSupported: async () => true, requestSession: async () => session }, configurable: true });
  });
  await go("watch");
  await go("make");
  await page.getByRole("button", { name: "Walk with a headset" }).click();
  await page.waitForTimeout(700);
  const eyes = await page.locator(".stage canvas").evaluate((c) => {
    const gl = c.getContext("webgl2");
    const out = new Uint8Array(4 * c.width * c.height);
    gl.readPixels(0, 0, c.width, c.height, gl.RGBA, gl.UNSIGNED_BYTE, out);
    const half = c.width >> 1;
    let seen = 0;
    let apart = 0;
    for (let y = 0; y < c.height; y++)
      for (let x = 0; x < half; x++) {
        const [left, right] = [4 * (y * c.width + x), 4 * (y * c.width + half + x)];
        seen += out[left] !== 140 || out[left + 1] !== 153;
        apart += out[left] !== out[right];
      }
    return { seen: seen / (half * c.height), apart: apart / (half * c.height) };
  });
  await shot("headset");
  await page.evaluate(() => globalThis.takeOff());
  if (eyes.seen < 0.2 || eyes.apart < 0.02) fail(`the eyes of the headset see ${JSON.stringify(eyes)}`);
  step("a scene, walked through with a headset");

  // ---- what cannot be is said beside the field ----
  await page.getByRole("button", { name: "Picture", exact: true }).click();
  await page.fill("textarea.box", "a castle on a hill");
  await page.getByText("All options").click();
  await page.getByLabel("steps", { exact: true }).fill("900");
  await page.getByText(/1 to 200 are possible/).waitFor();
  if ((await page.getByLabel("steps", { exact: true }).getAttribute("aria-invalid")) !== "true") fail("the wrong field is not marked");

  // ---- the page is loaded again, and the server killed, in the middle of a work ----
  await page.getByLabel("steps", { exact: true }).fill("200");
  await page.getByLabel("best of", { exact: true }).fill("6");
  await page.getByLabel("picture", { exact: true }).selectOption("drawn");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.waitForSelector(".stage progress");
  await page.reload();
  await page.waitForSelector(".stage progress");
  const castle = await workOfStage();
  await go("watch");
  await page.waitForSelector(".queue progress");
  await shot("watch");
  child.kill("SIGKILL");
  await once(child, "exit");
  await page.waitForFunction(() => document.querySelector("#connection").className === "lost");
  await shot("lost");
  ({ child } = await serve(port));
  await page.waitForFunction(() => document.querySelector("#connection").className === "connected");
  await go(castle);
  await page.waitForSelector(".shown img[src], .shown canvas[data-triangles]");
  step("loaded again and killed in the middle: the work is there");

  // ---- one stream for all tabs ----
  streams = 0;
  const second = watch(await context.newPage());
  await second.goto(address + "/#/watch");
  await second.waitForFunction(() => document.querySelector("#connection").className === "connected");
  await second.waitForTimeout(500);
  if (streams !== 0) fail(`a second tab opened ${streams} streams of its own`);
  await go("make");
  await page.fill("textarea.box", "a lighthouse");
  await page.getByText("All options").click();
  await page.getByLabel("steps", { exact: true }).fill("200");
  await page.getByLabel("size", { exact: true }).fill("512");
  await page.getByLabel("best of", { exact: true }).fill("16");
  await page.getByLabel("picture", { exact: true }).selectOption("drawn");
  await page.getByRole("button", { name: "Make it" }).click();
  await second.getByRole("button", { name: "Cancel" }).click();
  await second.getByText("lighthouse").first().waitFor();
  await page.getByText("cancelled").first().waitFor().catch(() => {});
  await page.waitForFunction(() => !document.querySelector(".stage progress"));
  await page.close({ runBeforeUnload: false });
  for (let i = 0; streams === 0 && i < 100; i++) await second.waitForTimeout(100);
  if (streams === 0) fail("nobody follows after the first tab was closed");
  step("two tabs share a stream; one cancels what the other asked for");
  await rest(second);
} catch (error) {
  for (const [i, open] of browser.contexts().flatMap((one) => one.pages()).entries()) await open.screenshot({ path: `${folder}/failed-${i}.png` }).catch(() => {});
  throw error;
} finally {
  child.kill("SIGTERM");
  await browser.close();
}

async function rest(page) {
  const shot = (name) => page.screenshot({ path: `${folder}/${name}.png` });
  const go = async (view) => {
    await page.evaluate((to) => (location.hash = to), "#/" + view);
    await page.waitForSelector("main section");
  };
  // ---- works are found again ----
  await go("keep");
  await page.waitForFunction(() => document.querySelectorAll(".cards li").length >= 4);
  await shot("keep");
  await page.getByLabel("Search", { exact: true }).fill("chair");
  await page.waitForFunction(() => document.querySelectorAll(".cards li").length === 1);
  await page.getByLabel("How to search").selectOption("meaning");
  await page.getByLabel("Search", { exact: true }).fill("a place to sleep");
  await page.waitForFunction(() => /bedroom/.test(document.querySelector(".cards .title")?.textContent));
  await page.getByLabel("Search", { exact: true }).fill("");
  await page.waitForFunction(() => document.querySelectorAll(".cards li").length >= 4);
  await page.locator(".cards input[type=checkbox]").nth(0).check();
  await page.locator(".cards input[type=checkbox]").nth(1).check();
  await page.getByRole("button", { name: /Compare two/ }).click();
  await page.waitForSelector(".two article:nth-child(2) .shown");
  await page.waitForSelector("table tbody tr");
  await shot("compare");
  step("found by words and by meaning, two compared");

  // ---- own: a key, a signature, a file that is checked ----
  await go("own");
  await page.getByLabel("Passphrase", { exact: true }).fill("correct horse");
  await page.getByLabel("Passphrase again").fill("correct horse");
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.waitForSelector(".list code");
  await go("keep");
  await page.getByText("a wooden chair").first().click();
  await page.getByRole("button", { name: /Star/ }).click();
  await page.getByLabel("Tags").fill("furniture, for Ann");
  await page.getByLabel("Tags").press("Tab");
  await page.getByLabel("Passphrase").fill("correct horse");
  await page.getByRole("button", { name: "Sign", exact: true }).click();
  await page.getByText("Signed files").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("h3:has-text('Signed files') + ul a", { hasText: "picture.png" }).click()]);
  await download.saveAs("signed.png");
  await page.getByText("How it was made").click();
  await page.getByText(/It is signed by 0x/).waitFor();
  await shot("work");
  await go("own");
  const bytes = readFileSync("signed.png").toString("base64");
  await page.evaluate((text) => {
    const file = new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], "signed.png", { type: "image/png" });
    const data = new DataTransfer();
    data.items.add(file);
    document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
  }, bytes);
  await page.getByText("Whole, and signed by you").waitFor();
  await shot("own");
  step("signed, and checked by dropping the file");

  // ---- the form of a work comes back from its file ----
  await go("keep");
  await page.locator("input[type=file]").setInputFiles("signed.png");
  await page.waitForFunction(() => document.querySelector("textarea.box")?.value === "a wooden chair with a red cushion");

  // ---- boards ----
  await go("keep");
  await page.getByText("a wooden chair").first().click();
  await page.getByLabel("Board", { exact: true }).fill("Living room");
  await page.getByRole("button", { name: "Put on the board" }).click();
  await page.getByRole("button", { name: "Take off the board Living room" }).waitFor();
  await go("keep");
  await page.getByRole("button", { name: "Living room (1)" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".cards li").length === 1);
  await page.getByLabel("Name of the board").fill("For Ann");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("button", { name: "For Ann (1)" }).waitFor();
  await shot("boards");
  await page.getByRole("button", { name: "Remove the board" }).click();
  await page.getByRole("button", { name: "Yes" }).click();
  await page.waitForFunction(() => !document.querySelector(".boards") && document.querySelectorAll(".cards li").length >= 4);
  step("boards");

  // ---- every recipe has its form, with all of its fields; the newer ones are made ----
  const recipes = (await (await fetch(address + "/v1/recipes")).json()).data;
  const typed = { emotion: { text: "I am so happy that you came! But I fear the storm." }, contract: { text: "a token named Fox with 1000 in all" }, say: { text: "Hello there, my friend." } };
  await go("make");
  for (const recipe of recipes) {
    await page.getByLabel("Other …").selectOption(recipe.id).catch(() => fail(`no form of ${recipe.id}`));
    if (!(await page.locator("main details[open]").count())) await page.getByText("All options").click();
    const names = Object.entries(recipe.schema.properties).flatMap(([name, p]) => (p.properties ? Object.keys(p.properties) : [name])).map((name) => name.replaceAll("_", " "));
    const wanted = names.filter((name) => name !== "prompt");
    const missing = (all) => {
      const shown = [...document.querySelectorAll("form .field > label")].map((label) => label.textContent.trim());
      return all.filter((name) => !shown.includes(name));
    };
    for (let i = 0; (await page.evaluate(missing, wanted)).length; i++) {
      if (i > 40) fail(`the form of ${recipe.id} lacks ${await page.evaluate(missing, wanted)}`);
      await page.waitForTimeout(50);
    }
  }
  for (const [kind, fields] of Object.entries(typed)) {
    await page.getByLabel("Other …").selectOption(kind);
    await page.waitForFunction((chosen) => document.querySelector("select.chosen")?.value === chosen, kind);
    if (!(await page.getByLabel("text", { exact: true }).isVisible())) await page.getByText("All options").click();
    await page.getByLabel("text", { exact: true }).fill(fields.text);
    await page.getByRole("button", { name: "Make it" }).click();
    await page.waitForSelector({ emotion: ".stage meter", contract: ".stage details[open] pre code", say: ".stage audio[src]" }[kind]);
    if (kind === "say") {
      await page.locator(".stage audio").evaluate((audio) => {
        audio.currentTime = 1.2;
        audio.dispatchEvent(new Event("timeupdate"));
      });
      await page.waitForFunction(() => document.querySelector(".said")?.textContent.trim() === "friend.");
    }
    await shot(kind);
  }
  await page.getByLabel("Other …").selectOption("teach");
  await page.getByLabel("text", { exact: true }).fill(readFileSync(new URL("article.md", import.meta.url), "utf8"));
  await page.getByRole("button", { name: "Ask" }).click();
  await page.waitForSelector(".answer ol li");
  await shot("teach");
  await go("apps/character");
  await page.getByLabel("game", { exact: true }).fill("{");
  await page.getByRole("alert").filter({ hasText: /JSON/ }).first().waitFor();
  step("each recipe has its form; an emotion, a contract, a voice and questions are made");

  // ---- the bin ----
  await go("keep");
  await page.getByRole("button", { name: /Starred/ }).click();
  await page.waitForFunction(() => document.querySelectorAll(".cards li").length === 1);
  await page.locator(".cards a").click();
  await page.getByRole("button", { name: "Put into the bin" }).click();
  await page.getByRole("button", { name: "Yes" }).click();
  await page.waitForFunction(() => location.hash === "#/keep");
  await go("bin");
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByText("The bin is empty.").waitFor();
  step("into the bin and out of it");

  // ---- by keyboard alone ----
  await page.evaluate(() => sessionStorage.removeItem("ptah.typed")); // the form of questions has no box
  await page.goto(address + "/#/make");
  await page.reload();
  await page.waitForSelector("textarea.box");
  for (let i = 0; i < 30 && !(await page.evaluate(() => document.activeElement.matches("textarea.box"))); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("a yellow duck");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".stage .shown img[src], .stage .shown canvas[data-triangles]");
  await page.waitForFunction(() => /Made: a yellow duck|It was made before/.test(document.querySelector("#news").textContent));
  step("by keyboard");

  // ---- talk ----
  await go("talk");
  await page.waitForTimeout(500);
  if (await page.getByText("No model that talks is here yet").count()) {
    step("no model to talk with");
  } else {
    await page.getByLabel("Say something").fill("What is the capital of France?");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Good answer" }).click();
    await page.waitForSelector("button[aria-pressed=true]:has-text('Good answer')");
    await page.getByRole("button", { name: "Another answer" }).click();
    await page.getByRole("button", { name: "This one is better" }).click();
    await page.waitForSelector(".messages button[aria-pressed=true]:has-text('better')");
    await shot("talk");
    await page.getByText("your judgements", { exact: false }).first().click();
    for (const of of ["thumbs", "pairs"]) {
      const [rows] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: of + ".jsonl" }).click()]);
      await rows.saveAs(of + ".jsonl");
      const row = JSON.parse(readFileSync(of + ".jsonl", "utf8").trim().split("\n").at(-1));
      if (of === "thumbs" ? row.label !== true : !row.chosen || !row.rejected) fail(`${of}: ${JSON.stringify(row)}`);
    }
    await page.reload();
    await page.getByText("What is the capital of France?").waitFor();
    step("talked; judgements are kept");
  }

  // ---- the programs that the developers' page shows ----
  const fields = { create: { prompt: 'a "red" fox', steps: 2, size: 128, seed: 3 }, scene: { prompt: "a bed", edits: ["make the bed red"] }, say: { text: "Hello.\nYou." },
    shape: { program: 'shape box "a box"\npart a = box(1, 1, 1)\n', set: [], low_poly: 40 }, texture: { mesh: "job_1/object.glb", material: "wood" },
    render: { file: "chair", samples: 4 }, convert: { mesh: "job_1/object.glb", format: "3mf", parts: true }, generate: { prompt: "Once", max_tokens: 5, stop: ["."], schema: "" } };
  for (const [kind, values] of Object.entries(fields)) {
    await page.evaluate(([k, v]) => sessionStorage.setItem("ptah.typed", JSON.stringify({ target: k, values: v })), [kind, values]);
    await page.goto(address + "/#/code");
    await page.reload();
    await page.getByRole("button", { name: "C++" }).click();
    writeFileSync("shown.cpp", await page.locator("pre").innerText());
    execFileSync("g++", ["-std=c++20", "-Wall", "-Werror", "-fsyntax-only", "-I", include, "shown.cpp"], { stdio: ["ignore", "inherit", "inherit"] });
    await page.getByRole("button", { name: "Python" }).click();
    const python = await page.locator("pre").innerText();
    writeFileSync("shown.py", python);
    if (kind === "create") {
      const said = execFileSync("python3", ["shown.py"], { encoding: "utf8" });
      if (!/receipt\.json/.test(said)) fail("the program in Python makes nothing: " + said);
      await page.getByRole("button", { name: "curl" }).click();
      writeFileSync("shown.sh", (await page.locator("pre").innerText()).split("\n\n")[0]);
      const job = JSON.parse(execFileSync("sh", ["shown.sh"], { encoding: "utf8" }));
      if (job.status !== "completed") fail("curl asks for another work than Python: " + JSON.stringify(job));
      await shot("code");
    } else {
      execFileSync("python3", ["-m", "py_compile", "shown.py"]);
    }
  }
  step("the programs compile and run");

  // ---- every view: what axe finds, at three widths, light and dark; German ----
  const plain = await browser.newContext({ bypassCSP: true, locale: "en-GB" });
  const looked = await plain.newPage();
  looked.setDefaultTimeout(60000);
  const list = (await (await fetch(address + "/v1/works")).json()).data;
  const views = ["make", "watch", "keep", "own", "read", "community", "talk", "models", "code", "bin", "apps/teach", "apps/character", "works/" + list[0].id, `compare/${list[0].id}/${list[1].id}`];
  for (const view of views)
    for (const [width, height, colorScheme] of [[1280, 900, "light"], ...(process.env.STUDIO_QUICK ? [] : [[820, 1100, "dark"], [390, 844, "light"]]), [390, 844, "dark"]]) {
      await looked.setViewportSize({ width, height });
      await looked.emulateMedia({ colorScheme });
      await looked.goto(address + "/#/" + view);
      await looked.reload();
      await looked.waitForSelector("main section");
      for (const summary of await looked.locator("main summary").all()) if (await summary.isVisible()) await summary.click();
      await looked.waitForTimeout(600);
      const wide = await looked.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) fail(`${view} is ${wide} px wide at ${width}`);
      await looked.evaluate(axe);
      const found = await looked.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      for (const one of found.violations) fail(`axe: ${view} at ${width}, ${colorScheme}: ${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
      if (colorScheme === "dark") await looked.screenshot({ path: `${folder}/${view.replace(/^(works|compare)\/.*/, "$1").replace("/", "-")}-${width}.png` });
    }
  await looked.getByLabel("Language").selectOption("de");
  await looked.getByRole("link", { name: "Sammeln" }).click();
  await looked.getByRole("heading", { name: "Werke" }).waitFor();
  await looked.screenshot({ path: `${folder}/german.png` });
  step("axe: nothing in any view");
  if (problems.length || foreign.length) fail(`problems: ${problems}; asked elsewhere: ${foreign}`);

  // ---- with keys: the page asks for one, and shows nothing of others ----
  child.kill("SIGTERM");
  await once(child, "exit");
  const key = execFileSync(ptah, ["serve", "key", "add", "ann", "--folder", "served"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  ({ child } = await serve(port, "--keys"));
  const other = await (await browser.newContext({ locale: "en-GB" })).newPage();
  other.setDefaultTimeout(60000);
  await other.goto(address + "/#/keep");
  await other.fill("#key", key);
  await other.click("#key-form button");
  await other.getByText("Nothing was made yet.").waitFor();
  await other.goto(address + "/#/own");
  await other.getByText("This server has many users").waitFor();
  step("keys");

  // ---- ptah studio: an address with a key, which goes on when it is started again ----
  child.kill("SIGTERM");
  await once(child, "exit");
  const studio = async () => {
    child = spawn(ptah, ["studio", "--no-open", "--port", String(port), "--folder", "served"], { stdio: ["ignore", "pipe", "inherit"] });
    return String((await once(child.stdout, "data"))[0]).trim();
  };
  const opened = await studio();
  if ((await fetch(address + "/v1/works")).status !== 401) fail("who has no key uses the studio");
  const own = await (await browser.newContext({ locale: "en-GB" })).newPage();
  await own.goto(opened);
  await own.waitForSelector("textarea.box");
  if (own.url().includes("studio_")) fail("the key stays in the address");
  child.kill("SIGKILL");
  await once(child, "exit");
  if ((await studio()) !== opened) fail("the key changes when the studio is started again");
  await own.waitForFunction(() => document.querySelector("#connection").className === "connected", null, { timeout: 60000 });
  step("ptah studio");
  console.log("the studio works");
}
