#include "apps/education/code_drivers.h"

namespace ptah::detail {

// clang-format off
const char* const kJavascriptInputs = R"js(// Makes unit tests and exercises for a module by running it, as the driver for Python does. Runs inside the sandbox; prints one line of JSON.
"use strict";
const fs = require("node:fs"), vm = require("node:vm"), { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");
const CALL_MS = 250, MAX_CANDIDATES = 260, MAX_LITERAL = 400;

/** The value as JavaScript would write it, keys in order; undefined for what does not come back the same. */
function literal(value, depth = 0) {
  if (depth > 6) return undefined;
  if (value === null || value === undefined || typeof value === "boolean") return String(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return value + "n";
  if (typeof value === "string") return JSON.stringify(value).replace(/\u2028/g, "\\u2028").replace(/\u2029/g, "\\u2029");
  if (typeof value !== "object") return undefined;
  const kind = Object.prototype.toString.call(value);
  const all = (items) => {
    const parts = items.map((v) => literal(v, depth + 1));
    return parts.includes(undefined) ? undefined : parts;
  };
  if (Array.isArray(value)) {
    if (value.length > 200 || Object.keys(value).length !== value.length) return undefined;
    const parts = all(Array.from(value));
    return parts && "[" + parts.join(", ") + "]";
  }
  if (kind === "[object Set]" || kind === "[object Map]") {
    const parts = all(Array.from(value));
    return parts && "new " + kind.slice(8, -1) + "([" + parts.sort().join(", ") + "])";
  }
  const parent = Object.getPrototypeOf(value);
  if (kind !== "[object Object]" || (parent !== null && Object.getPrototypeOf(parent) !== null) || parent === null) return undefined;
  const keys = Object.keys(value).sort();
  if (keys.includes("__proto__")) return undefined;
  const parts = all(keys.map((k) => value[k]));
  return parts && (parts.length ? "{ " + parts.map((p, i) => (/^[A-Za-z_$][\w$]*$/.test(keys[i]) ? keys[i] : JSON.stringify(keys[i])) + ": " + p).join(", ") + " }" : "{}");
}

/** The functions of a module in a world of its own: call(name, arguments) gives ["is", literal], ["raises", name], ["late", ""] or null for what cannot be told. */
function load(text, names) {
  const context = vm.createContext({}, { microtaskMode: "afterEvaluate", codeGeneration: { strings: true, wasm: false } });
  const run = (code, ms) => vm.runInContext(code, context, { timeout: ms });
  run("globalThis.__own = (function () { const module = { exports: {} }, exports = module.exports; const console = { log() {}, error() {}, warn() {}, info() {} };\n" + text +
      "\n;return { " + names.map((n) => JSON.stringify(n) + ": typeof " + n + " === 'function' ? " + n + " : undefined").join(", ") + " }; })();", 2000);
  return (name, args) => {
    try {
      const text = literal(run("__own[" + JSON.stringify(name) + "](" + args.join(", ") + ")", CALL_MS));
      return text !== undefined && text.length <= MAX_LITERAL ? ["is", text] : null;
    } catch (problem) {
      if (problem && problem.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return ["late", ""];
      try {
        return ["raises", String((problem && problem.name) || typeof problem)];
      } catch {
        return null;
      }
    }
  };
}

/** Numbers by chance that a seed decides (mulberry32). */
function chance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  next.below = (n) => Math.floor(next() * n);
  next.of = (list) => list[next.below(list.length)];
  return next;
}

// ---- candidates
const TEXTS = ["", "a", "ab", "aba", "Hello", "hello world", "abc def", "AbC", "123", "a1b2", "  ", "()", "(())", "aaab", "xyzzy", "Zebra", "one two three", "1,2,3", "racecar"];
const POOL = {
  number: [0, 1, -1, 2, 3, 4, 5, 7, 10, 12, 15, 27, 100, -3, -10, 0.5, 2.5, -1.5], text: TEXTS, flag: [true, false],
  numbers: [[], [1], [0], [1, 2], [2, 1], [1, 2, 3], [3, 1, 2], [1, 1, 2], [-1, 0, 1], [5, -3, 5, 2], [10, 20, 30, 40], [4, 2, 0, -2, 4], [7, 7, 7], [9, 8, 7, 1, 2, 3]],
  texts: [[], [""], ["a"], ["a", "b"], ["ab", "a", "abc"], ["bb", "a", "bb"], ["Hello", "world", "x"]],
  table: [[], [[1]], [[1, 2], [3, 4]], [[1, 1], [], [2, 3, 4]], [[0, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1]]],
  object: [{}, { a: 1 }, { a: 1, b: 2 }, { a: "b" }, { name: "Ann", age: 30 }], none: [null],
};

function kindOf(value) {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return Array.isArray(value[0]) ? "table" : typeof value[0] === "string" ? "texts" : "numbers";
  return { number: "number", string: "text", boolean: "flag", object: "object" }[typeof value] || "number";
}

function byName(type) {
  const t = type.toLowerCase().replace(/\s/g, "");
  const kinds = [];
  for (const one of t.split("|")) {
    if (/^(array<)?(number|int)\[?\]?>?\[\]$|number\[\]\[\]|array<array/.test(one) && /\[\]\[\]|array<array/.test(one)) kinds.push("table");
    else if (/string\[\]|array<string>/.test(one)) kinds.push("texts");
    else if (/\[\]|^array/.test(one)) kinds.push("numbers");
    else if (/number|int|float/.test(one)) kinds.push("number");
    else if (/string/.test(one)) kinds.push("text");
    else if (/bool/.test(one)) kinds.push("flag");
    else if (/object|record|map/.test(one)) kinds.push("object");
    else if (/null|undefined/.test(one)) kinds.push("none");
  }
  return kinds;
}

/** A value like another one. */
function changed(value, random) {
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + random.of([-2, -1, 1, 2, value, -2 * value, 10]);
  if (typeof value === "string") {
    const at = random.below(value.length + 1);
    return random.of([value.slice(0, at) + value.slice(at + 1), value + value.slice(0, 1), [...value].reverse().join(""), value.toUpperCase(),
                      value.slice(0, at) + random.of(["a", "Z", "0", " ", "b", "(", ")", ","]) + value.slice(at), value + value, value.slice(0, at)]);
  }
  if (Array.isArray(value)) {
    const items = value.slice(), how = random.below(5), at = random.below(Math.max(1, items.length));
    if (!items.length) return items;
    if (how === 0) items.splice(at, 1);
    else if (how === 1) items[at] = changed(items[at], random);
    else if (how === 2) items.reverse();
    else if (how === 3) items.push(random.of(items));
    else items.splice(at, 0, changed(random.of(items), random));
    return items;
  }
  if (value && typeof value === "object") {
    const out = { ...value }, keys = Object.keys(out);
    if (!keys.length) return out;
    const key = random.of(keys);
    if (random() < 0.4) delete out[key];
    else out[key] = changed(out[key], random);
    return out;
  }
  return value;
}

/** Every node of a tree, with its parent. */
function nodes(tree) {
  const out = [];
  const visit = (node, parent) => {
    node.parent = parent;
    out.push(node);
    for (const key of Object.keys(node)) {
      if (key === "parent") continue;
      const value = node[key];
      for (const child of Array.isArray(value) ? value : [value]) if (child && typeof child.type === "string") visit(child, node);
    }
  };
  visit(tree, null);
  return out;
}

/** Arguments of calls of a function that comments show, as literals. */
function shown(comments, name) {
  const out = [];
  for (const { value } of comments)
    for (let at = value.indexOf(name + "("); at >= 0; at = value.indexOf(name + "(", at + 1)) {
      let depth = 0, end = at + name.length;
      for (; end < value.length; ++end) {
        if ("([{".includes(value[end])) ++depth;
        if (")]}".includes(value[end]) && --depth === 0) break;
      }
      try {
        const given = vm.runInNewContext("[" + value.slice(at + name.length + 1, end) + "]", {}, { timeout: 50 });
        out.push(JSON.parse(JSON.stringify(given)));
      } catch {
        // words, and no call
      }
    }
  return out;
}

/** What kinds of values a parameter takes, by how the function uses it. */
function used(fn, name) {
  const kinds = new Set();
  for (const node of nodes(fn.body)) {
    if (node.type !== "Identifier" || node.name !== name || !node.parent) continue;
    const p = node.parent;
    if (p.type === "MemberExpression" && p.object === node) {
      const what = p.computed ? "[]" : p.property.name;
      if (/^(toUpperCase|toLowerCase|split|charAt|charCodeAt|codePointAt|trim|replace|replaceAll|padStart|padEnd|startsWith|endsWith|repeat|match|substring|substr)$/.test(what)) kinds.add("text");
      else if (/^(map|filter|reduce|push|pop|sort|forEach|some|every|find|findIndex|flat|shift|unshift|join|splice)$/.test(what)) kinds.add("numbers");
      else if (/^(length|slice|indexOf|includes|concat|\[\]|at)$/.test(what)) kinds.add("numbers"), kinds.add("text");
      else if (/^(toFixed|toPrecision)$/.test(what)) kinds.add("number");
      else if (!p.computed) kinds.add("object");
    } else if ((p.type === "ForOfStatement" && p.right === node) || p.type === "SpreadElement") {
      kinds.add("numbers"), kinds.add("text");
    } else if ((p.type === "BinaryExpression" && /^([-*/%<>]|<=|>=|\*\*|&|\||>>|<<)$/.test(p.operator)) || p.type === "UpdateExpression" || (p.type === "AssignmentExpression" && p.left === node && p.operator !== "=")) {
      kinds.add("number");
    }
  }
  return [...kinds];
}

/** Lists of arguments, as literals. */
function candidates(call, fn, name, comments, random, until) {
  const parameters = fn.params, required = parameters.filter((p) => p.type === "Identifier").length;
  const examples = shown(comments, name).filter((e) => e.length >= required && e.length <= parameters.length);
  const doc = comments.filter((c) => c.type === "Block" && c.end <= fn.start + 1).map((c) => c.value).pop() || "";
  const kinds = parameters.map((p, i) => {
    const own = p.type === "AssignmentPattern" ? p.left.name : p.name;
    const told = doc.match(new RegExp("@param\\s*\\{([^}]*)\\}\\s*\\[?" + String(own).replace(/\$/g, "\\$") + "\\b"));
    if (told && byName(told[1]).length) return byName(told[1]);
    const seen = [...new Set(examples.filter((e) => i < e.length).map((e) => kindOf(e[i])))];
    if (seen.length) return seen;
    if (p.type === "AssignmentPattern" && p.right.type === "Literal") return [kindOf(p.right.value)];
    const how = own ? used(fn, own) : [];
    return how.length ? how : ["number", "text", "numbers", "texts"];
  });
  const found = nodes(fn.body).filter((n) => n.type === "Literal" && ["number", "string"].includes(typeof n.value) && String(n.raw).length < 40).map((n) => n.value);
  const known = { number: found.filter((c) => typeof c === "number").flatMap((c) => [c, c + 1, c - 1]), text: found.filter((c) => typeof c === "string"), numbers: [], texts: [] };
  if (known.text.length) for (let i = 0; i < 8; ++i) known.text.push(random.of(known.text) + " " + random.of(known.text));
  if (known.number.length) known.numbers = known.number.map((c) => [c, c + 1]);
  known.texts = known.text.map((c) => [c]);
  const seen = new Set(), out = [];
  const put = (values) => {
    const texts = values.map((v) => literal(v)), key = texts.join(", ");
    if (texts.includes(undefined) || seen.has(key) || key.length >= 300) return;
    seen.add(key);
    out.push(texts);
  };
  if (!parameters.length) return [[]];
  examples.forEach(put);
  for (const e of examples)
    for (let i = 0; i < 30; ++i) {
      const values = e.slice();
      for (let n = 1 + random.below(3); n > 0; --n) {
        const at = random.below(values.length);
        values[at] = changed(values[at], random);
      }
      put(values);
    }
  for (let i = 0; i < 700 && out.length < MAX_CANDIDATES && Date.now() < until; ++i) {
    const values = kinds.map((k) => {
      const kind = random.of(k), value = random.of(POOL[kind].concat(known[kind] || [], known[kind] || []));
      return random() < 0.35 ? changed(value, random) : value;
    });
    const texts = values.map((v) => literal(v));
    if (texts.includes(undefined)) continue;
    const was = call(name, texts);
    // What a function gives for things it is not made for teaches nothing.
    if ((!was || (was[0] === "raises" && was[1] === "TypeError") || (was[0] === "is" && /NaN|undefined/.test(was[1]))) && random() < 0.95) continue;
    put(values);
  }
  return out.slice(0, MAX_CANDIDATES);
}

)js";

// clang-format on

}  // namespace ptah::detail
