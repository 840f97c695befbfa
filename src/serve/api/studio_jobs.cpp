#include "serve/api/studio_page.h"

namespace ptah {

const char* const kStudioJobs = R"js(
// ---- jobs and works ----

const jobs = new Map();  // by id: { job, item, shown, previews }
const STATES = { queued: "waiting", in_progress: "being made", completed: "made", failed: "not made", cancelled: "cancelled" };

async function blobOf(url) { return URL.createObjectURL(await (await request(url)).blob()); }
function titleOf(job) {
  const r = job.request || {};
  return r.prompt || (r.text ? r.text.slice(0, 80) : "") || r.material || r.picture || r.mesh || r.file || (r.program ? r.program.slice(0, 60) : "") || job.kind;
}

function showJob(job, first) {
  if (!job.request) return;  // an answer in a conversation is no work
  let entry = jobs.get(job.id);
  if (!entry) {
    const item = make("li");
    item.id = job.id;
    entry = { item };
    jobs.set(job.id, entry);
    if (first) $("jobs").prepend(item); else $("jobs").append(item);
  }
  const changed = !entry.job || entry.job.status !== job.status;
  entry.job = job;
  $("nothing").hidden = jobs.size > 0;
  if (changed || job.status === "queued") draw(entry);
  else progress(entry);
}

function progress({ job, item }) {
  const bar = item.querySelector("progress"), told = item.querySelector(".told");
  if (!bar) return;
  if (job.status === "in_progress" && job.progress > 0) bar.value = job.progress;
  else bar.removeAttribute("value");
  told.textContent = job.status === "queued"
    ? "place " + (job.place || 1) + " in the queue" + (job.eta_seconds ? ", done in about " + secondsText(job.eta_seconds) : "")
    : (job.stage ? job.stage + ", " : "") + job.progress + " %";
}

function draw(entry) {
  const { job, item } = entry;
  item.replaceChildren();
  const picture = make("div", undefined, item);
  make("h3", titleOf(job), item);
  const told = make("p", "", item, { className: "note told" });
  told.textContent = job.kind + ", " + STATES[job.status] + (job.seconds !== undefined ? " in " + secondsText(job.seconds) : "");
  if (job.status === "queued" || job.status === "in_progress") {
    make("progress", undefined, item, { max: 100 }).setAttribute("aria-label", "progress of " + titleOf(job));
    make("p", "", item, { className: "text stream" });
    const row = make("div", undefined, item, { className: "row" });
    make("button", "Cancel", row, { type: "button", onclick: () => cancel(job.id) });
    progress(entry);
    if (entry.preview) showPreview(entry, entry.preview);
    return;
  }
  if (job.error) make("p", job.error.message, item, { className: "text" });
  if (job.status === "completed") drawWork(entry, picture);
  const row = make("div", undefined, item, { className: "row" });
  if (job.request) make("button", "Use these options", row, { type: "button", onclick: () => { choose(job.kind, job.request); scrollTo(0, 0); } });
  if (job.status !== "completed" && job.request) make("button", "Try again", row, { type: "button", onclick: () => again(job) });
}

async function drawWork(entry, place) {
  const { job, item } = entry;
  const find = (...names) => job.outputs.find((one) => names.includes(one.name.split(".").pop()));
  const shown = job.outputs.find((one) => one.name === "picture.png") || find("png", "webp", "gif", "jpg"), object = find("glb");
  if (job.facts && typeof job.facts.text === "string") make("p", job.facts.text, item, { className: "text" });
  const sound = find("wav");
  if (sound) drawSound(job, sound, item);
  const files = make("div", undefined, item, { className: "files" });
  for (const one of job.outputs) {
    const link = make("a", one.name + " (" + bytesText(one.bytes) + ")", files, { href: one.url });
    link.onclick = async (event) => {
      event.preventDefault();
      const url = await blobOf(one.url);
      make("a", "", undefined, { href: url, download: one.name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    };
  }
  const row = make("div", undefined, item, { className: "row" });
  if (object) make("button", "Turn it", row, { type: "button", onclick: async () => showObject(await (await request(object.url)).arrayBuffer(), object.name) });
  const source = shown && shown.name.endsWith(".png") && kinds.find((one) => one.id === "object");
  if (source && !object) make("button", "Make an object of it", row, { type: "button", onclick: () => { choose("object", { picture: job.id + "/" + shown.name }); scrollTo(0, 0); } });
  const receipt = job.outputs.find((one) => one.name === "receipt.json");
  if (receipt) {
    const details = make("details", undefined, item);
    make("summary", "How it was made", details);
    details.ontoggle = async () => { if (details.open && details.children.length === 1) drawReceipt(details, await getJson(receipt.url)); };
  }
  if (!shown) return place.remove();
  const frame = make(object ? "button" : "div", undefined, place, { className: "picture", type: "button" });
  if (object) frame.onclick = async () => showObject(await (await request(object.url)).arrayBuffer(), object.name);
  const image = make("img", undefined, frame, { alt: titleOf(job) });
  try { image.src = await blobOf(shown.url); } catch (error) { frame.replaceWith(error.message); }
}

/** A player, and the words under it: the one that is being said is marked. */
async function drawSound(job, sound, item) {
  const player = make("audio", undefined, item, { controls: true });
  const text = make("p", undefined, item, { className: "text" });
  const spoken = ((job.facts && job.facts.words) || []).filter((one) => one.written).slice(0, 5000);
  const marks = spoken.map((one) => make("span", one.written + " ", text));
  let last = -1;
  player.ontimeupdate = () => {
    let now = -1;
    while (now + 1 < spoken.length && spoken[now + 1].begin <= player.currentTime) ++now;
    if (now === last) return;
    if (last >= 0) marks[last].classList.remove("said");
    if (now >= 0) marks[now].classList.add("said");
    last = now;
  };
  try { player.src = await blobOf(sound.url); } catch (error) { player.replaceWith(error.message); }
}

/** What a receipt says, in plain words. */
function drawReceipt(parent, receipt) {
  const list = make("dl", undefined, parent);
  const row = (name, value) => {
    if (value === undefined || value === "" || value === null) return;
    make("dt", name, list);
    const text = typeof value === "object" ? JSON.stringify(value) : typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
    const digest = /^sha256:[0-9a-f]{64}$/.test(text);
    make("dd", digest ? text.slice(0, 19) + "…" : text, list, digest ? { title: text } : {});
  };
  row("what", receipt.kind);
  row("made by", "Ptah " + (receipt.engine_version || ""));
  row("models", Object.keys(receipt.models || {}).join(", "));
  row("numeric path", receipt.numeric_path);
  for (const [name, value] of Object.entries(receipt.request || {})) row(words(name), value);
  for (const [name, value] of Object.entries(receipt.outputs || {})) row(name, value);
  make("p", receipt.signature ? "It is signed." : "It is not signed yet: ptah verify shows what is known of it.", parent, { className: "note" });
}

async function showPreview(entry, url) {
  entry.preview = url;
  const place = entry.item.firstElementChild;
  if (!place || entry.loading) return;
  entry.loading = true;
  try {
    const source = await blobOf(url);
    let image = place.querySelector("img");
    if (!image) image = make("img", undefined, make("div", undefined, place, { className: "picture" }), { alt: "a preview" });
    else URL.revokeObjectURL(image.src);
    image.src = source;
  } catch { /* it is over already */ }
  entry.loading = false;
}

async function cancel(id) {
  try { await request("/v1/jobs/" + id, { method: "DELETE" }); say("Cancelled."); } catch (error) { wrong(error); }
  refresh(id);
}
async function again(job) {
  try { showJob(await postJson("/v1/jobs", { kind: job.kind, request: job.request }), true); } catch (error) { wrong(error); }
}

const waiting = new Set();
async function refresh(id) {
  if (waiting.has(id)) return;
  waiting.add(id);
  try { showJob(await getJson("/v1/jobs/" + id), true); } catch { /* not ours, or gone */ }
  waiting.delete(id);
}
async function refreshQueue() { for (const { job } of [...jobs.values()]) if (job.status === "queued") await refresh(job.id); }

function happened(name, data) {
  const entry = jobs.get(data.job);
  if (name === "progress" && entry && entry.job.status === "in_progress") {
    entry.job.progress = Math.floor((data.fraction || 0) * 100);
    entry.job.stage = data.stage;
    progress(entry);
  } else if (name === "preview" && entry) showPreview(entry, data.url);
  else if (name === "text" && entry) {
    const place = entry.item.querySelector(".stream");
    if (place) place.textContent += data.text;
  } else if (name !== "planned" && name !== "note") {
    refresh(data.job).then(() => { if (name === "done") say("Made: " + titleOf(jobs.get(data.job)?.job || {})); });
    if (["running", "cancelled", "failed"].includes(name)) refreshQueue();
  }
}

/** One stream of all events; it begins again where it was when the connection was lost. */
async function follow() {
  let last = "", pause = 500;
  for (;;) {
    try {
      const answer = await request("/v1/events", { headers: last ? { "Last-Event-ID": last } : {} });
      $("connection").textContent = "connected";
      pause = 500;
      if (!last) await loadJobs();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        rest += value;
        for (let end; (end = rest.indexOf("\n\n")) >= 0; rest = rest.slice(end + 2)) {
          let name = "message", data = "";
          for (const line of rest.slice(0, end).split("\n")) {
            if (line.startsWith("id: ")) last = line.slice(4);
            if (line.startsWith("event: ")) name = line.slice(7);
            if (line.startsWith("data: ")) data += line.slice(6);
          }
          if (data) happened(name, JSON.parse(data));
        }
      }
    } catch (error) { console.debug(error.message); }
    $("connection").textContent = "the connection is lost; trying again …";
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 8000);
    if (last) loadJobs().catch(() => {});
  }
}

let oldest = "";
async function loadJobs(before = "") {
  const list = await getJson("/v1/jobs?limit=24" + (before ? "&before=" + before : ""));
  const known = list.data.filter((job) => job.request);
  if (before) known.forEach((job) => showJob(job, false));
  else known.reverse().forEach((job) => showJob(job, true));
  if (list.data.length && (before || !oldest)) oldest = list.data[list.data.length - 1].id;
  $("more").hidden = !list.has_more;
}

async function begin() {
  $("viewer-close").onclick = () => $("viewer").close();
  $("more").onclick = () => loadJobs(oldest);
  kinds = (await getJson("/v1/recipes")).data;
  for (const one of kinds) make("button", one.id, $("kinds"), { type: "button", title: one.purpose, onclick: () => choose(one.id) }).dataset.kind = one.id;
  choose("create");
  follow();
}
begin().catch((error) => wrong(error));
)js";

}  // namespace ptah
