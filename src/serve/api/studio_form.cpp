#include "serve/api/studio_page.h"

namespace ptah {

const char* const kStudioForm = R"js(
const $ = (id) => document.getElementById(id);
function make(kind, text, parent, more) {
  const out = document.createElement(kind);
  if (text !== undefined && text !== null) out.textContent = text;
  Object.assign(out, more || {});
  if (parent) parent.append(out);
  return out;
}
function say(text) { $("news").textContent = text; }
const number = new Intl.NumberFormat();
function bytesText(n) { return n >= 1e9 ? (n / 1e9).toFixed(1) + " GB" : n >= 1e6 ? Math.round(n / 1e6) + " MB" : Math.max(1, Math.round(n / 1e3)) + " kB"; }
function secondsText(s) { return s < 1 ? "less than a second" : s < 90 ? Math.round(s) + " s" : s < 5400 ? Math.round(s / 60) + " min" : (s / 3600).toFixed(1) + " h"; }

// ---- requests to the server ----

class ServerError extends Error {
  constructor(status, body) {
    const error = body && body.error;
    super((error && error.message) || (typeof error === "string" ? error : "the server says " + status));
    this.status = status;
    this.param = error && error.param;
  }
}
let asking;  // one question for the key at a time
function askKey() {
  asking ||= new Promise((resolve) => {
    $("key-dialog").showModal();
    $("key-form").onsubmit = () => { sessionStorage.setItem("key", $("key").value.trim()); $("key").value = ""; asking = undefined; resolve(); };
    $("key-dialog").oncancel = (event) => event.preventDefault();
  });
  return asking;
}
async function request(path, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem("key");
    const headers = { ...(key ? { "Authorization": "Bearer " + key } : {}), ...options.headers };
    const answer = await fetch(path, { ...options, headers });
    if (answer.status === 401) { await askKey(); continue; }
    if (!answer.ok) {
      let body;
      try { body = await answer.json(); } catch { body = null; }
      throw new ServerError(answer.status, body);
    }
    return answer;
  }
}
const getJson = async (path) => (await request(path)).json();
const postJson = async (path, body, options = {}) =>
  (await request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...options })).json();

// ---- a form from a schema ----

const LONG = new Set(["prompt", "program", "schema", "grammar", "negative", "material"]);
let kinds = [], kind, inputs = [];

/** What a property may be: its own, or the parts of an anyOf that are no special value. */
function parts(p) { return p.anyOf ? p.anyOf : [p]; }
function choicesOf(p) {
  const list = parts(p).flatMap((one) => one.enum || []);
  const special = parts(p).filter((one) => one.const !== undefined).map((one) => one.const);
  return list.length ? [...special, ...list] : null;
}
function typeOf(p) { return parts(p).map((one) => one.type).find((type) => type) || "string"; }
const help = (p) => (p.description || "").replaceAll("`", "");
const words = (name) => name.replaceAll("_", " ");

async function putFile(file) {
  const bytes = await file.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("");
  await request("/v1/blobs/sha256:" + hex, { method: "PUT", headers: { "Content-Type": "application/octet-stream" }, body: bytes });
  const name = file.name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "").slice(-100) || "file";
  return "sha256:" + hex + "/" + name;
}

/** A field for files: chosen, dropped, or named: an output of an earlier work, or what comes along ("chair"). */
function fileField(name, p, parent, many) {
  const box = make("div", undefined, parent, { className: "file" });
  const label = make("label", words(name), box);
  const text = make("input", undefined, label, { type: "text", placeholder: many ? "names, one after another with ;" : "a name, or a file below" });
  make("small", help(p), label);
  const chooser = make("input", undefined, box, { type: "file", multiple: many });
  chooser.setAttribute("aria-label", "a file for " + words(name));
  const note = make("p", "", box, { className: "note" });
  const take = async (files) => {
    note.textContent = "reading …";
    try {
      const values = [];
      for (const file of files) values.push(await putFile(file));
      text.value = values.join("; ");
      note.textContent = "";
      changed();
    } catch (error) { note.textContent = error.message; }
  };
  chooser.onchange = () => take(chooser.files);
  box.ondragover = (event) => event.preventDefault();
  box.ondrop = (event) => { event.preventDefault(); take([...event.dataTransfer.files].slice(0, many ? 16 : 1)); };
  const list = () => text.value.split(";").map((one) => one.trim()).filter((one) => one);
  return { box, get: () => (list().length ? (many ? list() : text.value.trim()) : undefined), set: (v) => { text.value = Array.isArray(v) ? v.join("; ") : v || ""; } };
}

function plainField(name, p, parent) {
  const type = typeOf(p), choices = choicesOf(p), usual = p.default;
  if (type === "boolean") {
    const label = make("label", undefined, parent, { className: "check" });
    const input = make("input", undefined, label, { type: "checkbox", checked: usual === true });
    const text = make("span", words(name), label);
    make("small", help(p), text);
    return { box: input, get: () => (input.checked !== (usual === true) ? input.checked : undefined), set: (v) => { input.checked = v === undefined ? usual === true : v; } };
  }
  const label = make("label", words(name), parent);
  let input;
  if (choices) {
    input = make("select", undefined, label);
    for (const one of choices) make("option", one === "" ? "(usual)" : String(one), input, { value: String(one) });
  } else if (LONG.has(name)) {
    input = make("textarea", undefined, label, { spellcheck: name === "prompt" });
  } else {
    input = make("input", undefined, label, { type: type === "integer" || type === "number" ? "number" : "text" });
    const range = parts(p).find((one) => one.minimum !== undefined || one.maximum !== undefined) || {};
    const low = parts(p).filter((one) => one.const !== undefined).map((one) => one.const).concat(range.minimum ?? []);
    if (input.type === "number") {
      if (low.length) input.min = Math.min(...low);
      if (range.maximum !== undefined) input.max = range.maximum;
      input.step = range.multipleOf || (type === "integer" ? 1 : "any");
    }
  }
  make("small", help(p), label);
  const first = type === "array" ? "" : usual ?? "";
  input.value = String(first);
  if (type === "array") input.placeholder = "several, one after another with ;";
  const numeric = type === "integer" || type === "number";
  const get = () => {
    const text = input.value;
    if (type === "array") return text.trim() ? text.split(";").map((one) => one.trim()).filter((one) => one) : undefined;
    if (text === String(first)) return undefined;
    if (text === "" && numeric) return undefined;
    return numeric ? Number(text) : text;
  };
  return { box: input, get, set: (v) => { input.value = v === undefined ? String(first) : Array.isArray(v) ? v.join("; ") : String(v); } };
}

/** Fields of a schema's properties; a list of {path, get, set, box}. */
function fieldsOf(properties, files, parent, path, wanted) {
  const out = [];
  for (const [name, p] of Object.entries(properties)) {
    if (!wanted(name, p)) continue;
    if (p.type === "object" && p.properties) {
      const set = make("fieldset", undefined, parent);
      make("legend", words(name), set);
      out.push(...fieldsOf(p.properties, files, set, [...path, name], () => true));
      continue;
    }
    const field = files.includes(name) && typeOf(p) !== "object" ? fileField(name, p, parent, typeOf(p) === "array") : plainField(name, p, parent);
    out.push({ ...field, name, path: [...path, name] });
  }
  return out;
}

function valuesOf(fields) {
  const out = {};
  for (const field of fields) {
    const value = field.get();
    if (value === undefined) continue;
    let at = out;
    for (const step of field.path.slice(0, -1)) at = at[step] ||= {};
    at[field.path.at(-1)] = value;
  }
  return out;
}

function fill(values) {
  for (const field of inputs) {
    let at = values;
    for (const step of field.path) at = at === undefined || at === null ? undefined : at[step];
    field.set(at);
  }
  changed();
}

function choose(name, values = {}) {
  kind = kinds.find((one) => one.id === name) || kinds[0];
  for (const button of $("kinds").children) button.setAttribute("aria-pressed", String(button.dataset.kind === kind.id));
  $("purpose").textContent = kind.purpose;
  const form = $("form");
  form.replaceChildren();
  const schema = kind.schema, required = schema.required || [];
  const first = (field) => required.includes(field) || field === "prompt" || field === "model" && kind.id === "paint";
  inputs = fieldsOf(schema.properties, kind.files, form, [], (field) => first(field) && LONG.has(field));
  inputs.push(...fieldsOf(schema.properties, kind.files, form, [], (field) => first(field) && !LONG.has(field)));
  const row = make("div", undefined, form, { className: "row" });
  make("button", "Make it", row, { className: "main", type: "submit" });
  const more = make("details", undefined, form);
  make("summary", "All options", more);
  inputs.push(...fieldsOf(schema.properties, kind.files, more, [], (field) => !first(field)));
  form.oninput = changed;
  form.onsubmit = (event) => { event.preventDefault(); submit(); };
  const box = inputs.find((field) => LONG.has(field.name));
  if (box) box.box.onkeydown = (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(); };
  fill(values);
}

function wrong(error) {
  $("problem").textContent = error ? error.message : "";
  for (const field of inputs) field.box.classList.toggle("wrong", !!error && error.param === field.name);
}

let planning, planTimer;
function changed() {
  clearTimeout(planTimer);
  planTimer = setTimeout(plan, 500);
}
async function plan() {
  if (planning) planning.abort();
  const mine = planning = new AbortController();
  const asked = valuesOf(inputs);
  if ((kind.schema.required || []).some((name) => asked[name] === undefined) || !Object.keys(asked).length) { $("plan").textContent = ""; wrong(); return; }
  try {
    const told = await postJson("/v1/plan", { kind: kind.id, request: asked }, { signal: mine.signal });
    $("plan").textContent = "Takes " + (told.seconds < 1 ? "" : "about ") + secondsText(told.seconds) + " and " + bytesText(told.bytes) + " of memory.";
    wrong();
  } catch (error) {
    if (error.name === "AbortError") return;
    $("plan").textContent = "";
    wrong(error);
  }
}

async function submit() {
  const button = $("form").querySelector("button.main");
  button.disabled = true;
  try {
    const job = await postJson("/v1/jobs", { kind: kind.id, request: valuesOf(inputs) });
    wrong();
    say(job.status === "completed" ? "It was made before: here it is." : "It waits at place " + (job.place || 1) + ".");
    showJob(job, true);
  } catch (error) { wrong(error); }
  button.disabled = false;
}
)js";

}  // namespace ptah
