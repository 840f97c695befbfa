#include "serve/classroom_server.h"
#include "serve/http/policy.h"

namespace ptah {

namespace {

std::string_view part_between(std::string_view text, std::string_view from, std::string_view to) {
  const size_t begin = text.find(from) + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

// clang-format off
constexpr const char* kHead = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@TITLE@</title>
<style>
  :root { color-scheme: light dark; --line: #8885; --soft: #8881; --good: #177a3c; --bad: #b3261e; --accent: #2457c5; }
  @media (prefers-color-scheme: dark) { :root { --good: #6fd391; --bad: #ff8a80; --accent: #8fb4ff; } }
  * { box-sizing: border-box; }
  [hidden] { display: none !important; }
  body { font: 1rem/1.55 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem 1rem 4rem; }
  h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0 1rem; }
  h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
  button, input, select, textarea { font: inherit; color: inherit; }
  button { padding: .35rem .9rem; margin: .25rem .4rem .25rem 0; border: 1px solid var(--line); border-radius: .5rem; background: var(--soft); cursor: pointer; }
  button.main { background: var(--accent); border-color: var(--accent); color: Canvas; }
  button:disabled { opacity: .5; cursor: default; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  input, select, textarea { padding: .35rem .5rem; border: 1px solid var(--line); border-radius: .4rem; background: transparent; max-width: 100%; }
  textarea { width: 100%; min-height: 8rem; }
  textarea.code { font: .9rem/1.45 ui-monospace, monospace; min-height: 22rem; white-space: pre; overflow: auto; tab-size: 4; }
  label { display: block; margin: .5rem 0; }
  ul.items { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
  ul.items li { display: flex; gap: .8rem; align-items: baseline; padding: .5rem .8rem; border-top: 1px solid var(--line); }
  ul.items li:first-child { border-top: 0; }
  ul.items li > :first-child { flex: 1; overflow-wrap: anywhere; }
  ul.items a { color: inherit; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: baseline; overflow-wrap: anywhere; }
  .wide { overflow-x: auto; }
  .lines { white-space: pre-line; }
  .note { opacity: .75; font-size: .9rem; }
  .good { color: var(--good); } .bad { color: var(--bad); }
  .code, pre { font-family: ui-monospace, monospace; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .7rem; border-radius: .5rem; }
  fieldset { border: 1px solid var(--line); border-radius: .6rem; margin: 1rem 0; padding: .6rem 1rem; }
  progress { width: 8rem; accent-color: var(--accent); }
  #problem { color: var(--bad); margin: 0; }
</style>
<main>
  <h1 id="title">@TITLE@</h1>
  <p id="problem" role="alert"></p>
  <div id="place"></div>
</main>
<script>
"use strict";
const place = document.getElementById("place"), problem = document.getElementById("problem");
let token = "";

function make(kind, text, parent, more) {
  const out = document.createElement(kind);
  if (text !== undefined && text !== null) out.textContent = text;
  Object.assign(out, more || {});
  if (parent) parent.append(out);
  return out;
}
function say(error) { problem.textContent = error ? String(error.message || error) : ""; }
async function ask(path, body) {
  const headers = token ? { "Authorization": "Bearer " + token } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method: body === undefined ? "GET" : "POST", headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.error || "status " + answer.status), { status: answer.status });
  return json;
}
/** A button that does one thing at a time and shows what went wrong. */
function button(text, parent, action, more) {
  const out = make("button", text, parent, { type: "button", ...more });
  out.onclick = async () => {
    out.disabled = true;
    say("");
    try { await action(); } catch (error) { say(error); }
    out.disabled = false;
  };
  return out;
}
/** A few signs of Markdown: headings, lists, `code`. */
function words(text, parent) {
  let list = null;
  for (const line of text.split("\n")) {
    if (!line.trim()) { list = null; continue; }
    const heading = line.startsWith("# "), entry = line.startsWith("- ");
    if (entry && !list) list = make("ul", undefined, parent);
    if (!entry) list = null;
    const to = make(heading ? "h2" : entry ? "li" : "p", undefined, entry ? list : parent);
    line.replace(/^(# |- )/, "").split("`").forEach((part, i) => i % 2 ? make("code", part, to) : to.append(part));
  }
}
)html";

constexpr const char* kLearners = R"html(
const KEY = "ptah class";
function points(n) { return n === 1 ? "1 point" : Math.round(100 * n) / 100 + " points"; }

function joining() {
  place.replaceChildren();
  const form = make("form", undefined, place);
  const label = make("label", "The code that your teacher gave you ", form);
  const code = make("input", undefined, label, { autocomplete: "off", required: true, maxLength: 20, className: "code" });
  make("button", "Join", form, { className: "main" });
  form.onsubmit = async (event) => {
    event.preventDefault();
    say("");
    try {
      const joined = await ask("join", { code: code.value });
      token = joined.token;
      localStorage.setItem(KEY, token);
      await overview();
    } catch (error) { say(error); }
  };
  code.focus();
}

async function overview() {
  const work = await ask("tasks");
  document.getElementById("title").textContent = work.name;
  place.replaceChildren();
  if (!work.assignments.length) make("p", "There is nothing to do yet.", place);
  for (const one of work.assignments) {
    make("h2", one.title, place);
    const done = one.items.filter((i) => i.done).length, earned = one.items.reduce((sum, i) => sum + i.points, 0);
    const line = make("p", undefined, place, { className: "note" });
    make("progress", undefined, line, { max: one.items.length, value: done }).setAttribute("aria-label", "done");
    line.append(" " + done + " of " + one.items.length + " done, " + points(earned));
    const list = make("ul", undefined, place, { className: "items" });
    for (const item of one.items) {
      const row = make("li", undefined, list);
      const link = make("a", item.title, row, { href: "#" + encodeURIComponent(one.name) + "/" + encodeURIComponent(item.id) });
      link.title = item.kind;
      make("span", item.right ? "right" : item.done ? "wrong" : item.tries ? "not yet" : "", row, { className: item.right ? "good" : "bad" });
    }
  }
  button("Look again", place, overview);
}

async function question(path, item) {
  const form = make("form", undefined, place), set = make("fieldset", undefined, form);
  make("legend", item.question, set, { className: "lines" });
  item.options.forEach((option, i) => {
    const label = make("label", undefined, set);
    make("input", undefined, label, { type: "radio", name: "option", value: String(i), disabled: item.done });
    label.append(" " + option);
  });
  const told = make("div", undefined, place);
  told.setAttribute("aria-live", "polite");
  if (item.done) return make("p", item.right ? "You answered this, and you were right." : "You answered this, and it was not right.", told);
  const hand = button("Answer", form, async () => {
    const chosen = form.querySelector("input:checked");
    if (!chosen) throw new Error("Choose an option first.");
    const result = await ask(path + "/answer", { option: Number(chosen.value) });
    hand.remove();
    for (const input of form.querySelectorAll("input")) input.disabled = true;
    make("p", result.right ? "Right." : "Not right.", told, { className: result.right ? "good" : "bad" });
    if (result.why) make("p", result.why, told);
    if (!result.right) make("p", "The answer: " + result.answer, told);
    make("p", result.explanation, told);
    if (result.sentences.length) make("pre", result.sentences.join("\n"), told);
  }, { className: "main" });
}

async function exercise(path, item) {
  words(item.task, place);
  const label = make("label", item.file, place);
  const text = make("textarea", undefined, label, { value: item.text, className: "code", spellcheck: false });
  text.setAttribute("autocapitalize", "off");
  const told = make("div", undefined, place);
  told.setAttribute("aria-live", "polite");
  if (item.right) make("p", "Passed: " + points(item.points) + ".", told, { className: "good" });
  button("Run the tests", place, async () => {
    told.replaceChildren(make("p", "Running …"));
    try {
      const result = await ask(path + "/answer", { text: text.value });
      told.replaceChildren();
      make("p", result.passed ? "Passed: all " + result.tests + " tests, " + points(result.points) + "." : result.failed ? result.failed + " of " + result.tests + " tests failed." : "Not yet.",
           told, { className: result.passed ? "good" : "bad" });
      if (result.why) make("pre", result.why, told);
    } catch (error) { told.replaceChildren(); throw error; }
  }, { className: "main" });
  button("Begin again", place, async () => { text.value = item.start; });
  const hints = make("ol", undefined, place);
  item.shown.forEach((hint) => make("li", hint, hints));
  const more = button("A hint (costs a tenth of the point)", place, async () => {
    const next = await ask(path + "/hint", {});
    make("li", next.hint, hints);
    if (!next.more_hints) more.remove();
  });
  if (!item.more_hints) more.remove();
}

async function renderPage() {
  say("");
  try {
    const parts = location.hash.slice(1).split("/");
    if (parts.length !== 2) return await overview();
    const path = "tasks/" + parts[0] + "/" + parts[1], item = await ask(path);
    place.replaceChildren();
    make("p", undefined, place).append(make("a", "All work", undefined, { href: "#" }));
    await (item.kind === "question" ? question : exercise)(path, item);
    window.scrollTo(0, 0);
  } catch (error) {
    if (error.status === 401) { localStorage.removeItem(KEY); token = ""; joining(); } else say(error);
  }
}
window.addEventListener("hashchange", renderPage);
token = localStorage.getItem(KEY) || "";
if (token) renderPage(); else joining();
</script>
</html>
)html";

constexpr const char* kTeachers = R"html(
const KEY = "ptah class teacher";
const codes = new Map();
let shown = "", timer = 0;

function field(name, parent, kind, more) {
  const label = make("label", name + " ", parent);
  return make(kind, undefined, label, more);
}

function assigned(room) {
  make("h2", "Assignments", place);
  if (!room.assignments.length) make("p", "There are none yet. Make one below, or put a folder that ptah teach wrote into the class's folder.", place);
  const list = make("ul", undefined, place, { className: "items" });
  for (const one of room.assignments) {
    const row = make("li", undefined, list);
    const name = make("span", undefined, row);
    make("a", one.title, name, { href: "#" + encodeURIComponent(one.name) });
    make("span", " · " + [one.questions && one.questions + " questions", one.exercises && one.exercises + " exercises"].filter(Boolean).join(", "), name, { className: "note" });
    make("span", one.open ? "open" : "closed", row, { className: one.open ? "good" : "note" });
    button(one.open ? "Close" : "Give to the class", row, async () => { await ask("teacher/assignments/" + encodeURIComponent(one.name), { open: !one.open }); await overview(); });
  }
}

function making(room) {
  make("h2", "Make an assignment", place);
  if (room.making) make("p", "“" + room.making + "” is being made …", place, { className: "note" });
  if (room.problem) make("p", "It could not be made: " + room.problem, place, { className: "bad" });
  const form = make("form", undefined, place);
  const kind = field("What", form, "select");
  make("option", "Questions from a text", kind, { value: "questions" });
  make("option", "Exercises from a module (.py, .js)", kind, { value: "exercises" });
  const title = field("Title", form, "input", { required: true, maxLength: 100 });
  const file = field("Name of the module", form, "input", { placeholder: "roman.py", maxLength: 60, className: "code" });
  const count = field("How many questions at most", form, "input", { type: "number", min: 1, max: 200, value: 20 });
  const text = field("The text, or the module", form, "textarea", { required: true, spellcheck: false });
  const turn = () => { file.parentElement.hidden = kind.value !== "exercises"; count.parentElement.hidden = kind.value !== "questions"; };
  kind.onchange = turn;
  turn();
  make("button", "Make it", form, { className: "main", disabled: Boolean(room.making) });
  form.onsubmit = async (event) => {
    event.preventDefault();
    say("");
    try {
      await ask("teacher/make", { kind: kind.value, title: title.value, text: text.value, file: file.value.trim(), count: Number(count.value) });
      await overview();
    } catch (error) { say(error); }
  };
}

function learners(room) {
  make("h2", "Learners", place);
  const wide = make("div", undefined, place, { className: "wide" });
  if (room.learners.length) {
    const table = make("table", undefined, wide), head = make("tr", undefined, make("thead", undefined, table));
    make("th", "Name", head);
    make("th", "Code, good once", head);
    for (const one of room.assignments) make("th", one.title, head);
    const body = make("tbody", undefined, table);
    for (const learner of room.learners) {
      const row = make("tr", undefined, body);
      make("td", learner.name, row);
      const code = make("td", undefined, row, { className: "code" });
      code.append((learner.waiting ? codes.get(learner.id) || "given" : "joined") + " ");
      button("New code", code, async () => { codes.set(learner.id, (await ask("teacher/learners/" + learner.id + "/code", {})).code); await overview(); });
      for (const one of room.assignments) {
        const work = learner.work[one.name], all = one.questions + one.exercises;
        make("td", work ? work.points + " of " + all + " (" + work.done + " begun)" : "", row);
      }
    }
  }
  const form = make("form", undefined, place);
  const names = field("New learners, a name a line", form, "textarea", { required: true });
  make("button", "Add them", form, { className: "main" });
  form.onsubmit = async (event) => {
    event.preventDefault();
    say("");
    try {
      for (const one of await ask("teacher/learners", { names: names.value.split("\n").map((n) => n.trim()).filter(Boolean) })) codes.set(one.id, one.code);
      await overview();
    } catch (error) { say(error); }
  };
  make("p", "Learners open " + location.origin + " and type their code. Codes are shown until this page is closed.", place, { className: "note" });
  button("Save the grades (CSV)", place, async () => {
    const answer = await fetch("teacher/grades.csv", { headers: { "Authorization": "Bearer " + token } });
    if (!answer.ok) throw new Error((await answer.json()).error);
    const link = make("a", undefined, undefined, { href: URL.createObjectURL(await answer.blob()), download: "grades.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
  button("Look again", place, overview);
}

async function overview() {
  const room = await ask("teacher/class");
  clearTimeout(timer);
  place.replaceChildren();
  assigned(room);
  learners(room);
  making(room);
  if (room.making) timer = setTimeout(wait, 2000);
}
/** Looks whether an assignment is made, and leaves what is being typed alone until it is. */
async function wait() {
  try {
    const room = await ask("teacher/class");
    if (room.making) timer = setTimeout(wait, 2000);
    else if (!location.hash) await overview();
  } catch (error) { say(error); }
}

async function assignment(name) {
  const one = await ask("teacher/assignments/" + encodeURIComponent(name));
  place.replaceChildren();
  make("p", undefined, place).append(make("a", "The class", undefined, { href: "#" }));
  make("h2", one.title, place);
  for (const item of one.items) {
    const set = make("section", undefined, place);
    if (item.question) {
      make("h3", item.question, set, { className: "lines" });
      const list = make("ul", undefined, set);
      for (const option of item.options) make("li", option.text + (option.reason ? " — " + option.reason : ""), list, { className: option.right ? "good" : "" });
    } else {
      words(item.task, set);
      const more = make("details", undefined, set);
      make("summary", "The module that passes, and the hints", more);
      make("pre", item.reference, more);
      const list = make("ol", undefined, more);
      for (const hint of item.hints) make("li", hint, list);
    }
    if (item.answers) {
      const told = [item.answers + " answered", Math.round(100 * item.share_right) + " % right"];
      if (item.discrimination !== undefined) told.push("difficulty " + item.irt_difficulty.toFixed(2), "discrimination " + item.discrimination.toFixed(2));
      make("p", told.join(", "), set, { className: "note" });
      for (const bad of item.problems || []) make("p", bad, set, { className: "bad" });
    }
  }
  window.scrollTo(0, 0);
}

async function renderPage() {
  say("");
  clearTimeout(timer);
  try {
    if (location.hash.length > 1) await assignment(decodeURIComponent(location.hash.slice(1)));
    else await overview();
  } catch (error) { say(error); }
}
if (/^#[0-9a-f]{64}$/.test(location.hash)) {
  sessionStorage.setItem(KEY, location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
token = sessionStorage.getItem(KEY) || "";
window.addEventListener("hashchange", renderPage);
renderPage();
</script>
</html>
)html";
// clang-format on

ClassroomPage class_page_of(const std::string& title, const char* script) {
  std::string out = std::string(kHead) + script;
  constexpr std::string_view kTitle = "@TITLE@";
  for (size_t at = out.find(kTitle); at != std::string::npos; at = out.find(kTitle)) out.replace(at, kTitle.size(), title);
  const std::string policy =
      fmt::format("default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                  csp_hash(part_between(out, "<script>", "</script>")), csp_hash(part_between(out, "<style>", "</style>")));
  return {std::move(out), policy};
}

}  // namespace

const ClassroomPage& learners_page() {
  static const ClassroomPage page = class_page_of("Class", kLearners);
  return page;
}

const ClassroomPage& teachers_page() {
  static const ClassroomPage page = class_page_of("Teacher", kTeachers);
  return page;
}

}  // namespace ptah
