#include "apps/education/code_drivers.h"

namespace ptah::detail {

// clang-format off
const char* const kJavascriptTools = R"js(// ---- mutants
const COMPARE = { "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "===": ["!=="], "!==": ["==="], "==": ["!="], "!=": ["=="] };
const ARITHMETIC = { "+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "**": "*", "&": "|", "|": "&", "<<": ">>", ">>": "<<" };

/** A text with pieces put in the place of others: [from, to, what]. */
function edited(text, edits) {
  for (const [from, to, what] of edits.map((e, i) => [...e, i]).sort((a, b) => b[0] - a[0] || b[3] - a[3])) text = text.slice(0, from) + what + text.slice(to);
  return text;
}

/** All changes in one place: {line, kind, edit}. */
function sites(fn, tokens) {
  const out = [];
  const between = (a, b, what) => tokens.find((t) => t.start >= a && t.end <= b && what === t.text);
  const put = (node, kind, from, to, what) => out.push({ line: node.loc.start.line, kind, edit: [from, to, what] });
  for (const node of nodes(fn.body)) {
    if (node.type === "BinaryExpression") {
      const at = between(node.left.end, node.right.start, node.operator);
      if (!at) continue;
      for (const other of COMPARE[node.operator] || []) put(node, "a comparison", at.start, at.end, other);
      if (ARITHMETIC[node.operator]) put(node, "an arithmetic operator", at.start, at.end, ARITHMETIC[node.operator]);
    } else if (node.type === "AssignmentExpression" && ARITHMETIC[node.operator.slice(0, -1)]) {
      const at = between(node.left.end, node.right.start, node.operator);
      if (at) put(node, "an arithmetic operator", at.start, at.end, ARITHMETIC[node.operator.slice(0, -1)] + "=");
    } else if (node.type === "LogicalExpression" && node.operator !== "??") {
      const at = between(node.left.end, node.right.start, node.operator);
      if (at) put(node, "&& in place of ||, or the other way round", at.start, at.end, node.operator === "&&" ? "||" : "&&");
    } else if (node.type === "UnaryExpression" && (node.operator === "!" || node.operator === "-")) {
      put(node, "a sign or a not", node.start, node.start + 1, "");
    } else if (node.type === "UpdateExpression") {
      const at = node.prefix ? node.start : node.end - 2;
      put(node, "++ in place of --, or the other way round", at, at + 2, node.operator === "++" ? "--" : "++");
    } else if (node.type === "Literal" && !(node.parent.type === "Property" && node.parent.key === node)) {
      if (typeof node.value === "boolean") put(node, "true in place of false, or the other way round", node.start, node.end, String(!node.value));
      else if (typeof node.value === "number") for (const d of [1, -1]) put(node, "a number", node.start, node.end, node.value + d < 0 ? "(" + (node.value + d) + ")" : String(node.value + d));
      else if (typeof node.value === "string" && node.parent.type !== "ExpressionStatement") put(node, "a text", node.start, node.end, JSON.stringify(node.value === "" ? "mutant" : node.value + "X"));
    } else if (["IfStatement", "WhileStatement", "DoWhileStatement", "ForStatement", "ConditionalExpression"].includes(node.type) && node.test) {
      out.push({ line: node.loc.start.line, kind: "a condition", edit: [node.test.start, node.test.end, null] });
    } else if (node.type === "ReturnStatement" && node.argument && node.argument.type !== "Literal") {
      put(node, "what is returned", node.argument.start, node.argument.end, "undefined");
    } else if ((node.type === "BreakStatement" || node.type === "ContinueStatement") && !node.label) {
      put(node, "break or continue", node.start, node.start + (node.type === "BreakStatement" ? 5 : 8), node.type === "BreakStatement" ? "continue" : "break");
    }
  }
  return out;
}

/** How long and how nested a function is: statements, and the depth of loops and conditions. */
function measure(fn) {
  let statements = 0, depth = 0;
  const deep = /^(If|For|ForOf|ForIn|While|DoWhile|Switch|Try)Statement$/;
  const visit = (node, level) => {
    if ((/Statement$/.test(node.type) && node.type !== "BlockStatement" && node.type !== "EmptyStatement") ||
        (/Declaration$/.test(node.type) && !(node.parent && /^For/.test(node.parent.type) && node.parent.body !== node))) ++statements;
    const elseIf = node.type === "IfStatement" && node.parent && node.parent.type === "IfStatement" && node.parent.alternate === node;
    if (deep.test(node.type) && !elseIf) ++level;
    depth = Math.max(depth, level);
    for (const key of Object.keys(node)) {
      if (key === "parent") continue;
      for (const child of Array.isArray(node[key]) ? node[key] : [node[key]]) if (child && typeof child.type === "string") visit(child, level);
    }
  };
  nodes(fn);
  visit(fn.body, 0);
  return { statements, depth };
}

/** The same behaviour in more words and deeper: what a learner makes plain again. */
function worse(text, fn, tokens) {
  const edits = [];
  let number = 0;
  for (const node of nodes(fn.body)) {
    const inBlock = node.parent && node.parent.type === "BlockStatement";
    if (node.type === "ReturnStatement" && node.argument && !["Literal", "Identifier"].includes(node.argument.type)) {
      const name = "result" + ++number, semicolon = text[node.end - 1] === ";" ? "" : ";";
      edits.push([node.start, node.start + 6, (inBlock ? "" : "{ ") + "const " + name + " ="], [node.end, node.end, semicolon + " return " + name + ";" + (inBlock ? "" : " }")]);
    } else if (node.type === "IfStatement" && !node.alternate && inBlock) {
      if (node.test.type === "LogicalExpression" && node.test.operator === "&&") {
        const at = tokens.find((t) => t.start >= node.test.left.end && t.end <= node.test.right.start && t.text === "&&");
        edits.push([at.start, at.end, ") { if ("], [node.end, node.end, " }"]);
      }
      const last = node.consequent.type === "BlockStatement" ? node.consequent.body.at(-1) : node.consequent, list = node.parent.body;
      if (last && ["ReturnStatement", "ThrowStatement"].includes(last.type) && list.indexOf(node) + 1 < list.length)
        edits.push([node.end, node.end, " else {"], [list.at(-1).end, list.at(-1).end, " }"]);
    }
  }
  return edited(text, edits);
}

/** Conditions whose branch can be left out, with what is left. */
function extensions(fn, text) {
  return nodes(fn.body).filter((n) => n.type === "IfStatement").map((n) => ({
    line: n.loc.start.line, test: text.slice(n.test.start, n.test.end),
    edit: [n.start, n.end, n.alternate ? text.slice(n.alternate.start, n.alternate.end) : n.parent.type === "BlockStatement" ? "" : "{}"],
  }));
}

// ---- the module
/** The parsed module: text without import and export, functions that it exports by name. */
function parsed(source) {
  const acorn = require("internal/deps/acorn/acorn/dist/acorn");
  const comments = [], tokens = [];
  const read = (sourceType) => {
    comments.length = tokens.length = 0;
    return acorn.parse(source, { ecmaVersion: "latest", sourceType, locations: true, onComment: comments, onToken: (t) => tokens.push({ start: t.start, end: t.end, text: source.slice(t.start, t.end) }), allowReturnOutsideFunction: false });
  };
  let tree, strict = false;
  try {
    tree = read("script");
  } catch {
    tree = read("module");
    strict = true;
  }
  const edits = [], functions = new Map(), exported = new Set();
  const own = (node) => {
    if (node.type === "FunctionDeclaration" && node.id) functions.set(node.id.name, node);
    if (node.type === "VariableDeclaration")
      for (const d of node.declarations) if (d.init && /^(Arrow)?FunctionExpression$/.test(d.init.type) && d.id.type === "Identifier") functions.set(d.id.name, d.init);
  };
  for (const node of tree.body) {
    if (node.type === "ImportDeclaration" || (node.source && /^Export/.test(node.type))) throw new SyntaxError("modules that import others are not tested");
    own(node);
    if (node.type === "ExportNamedDeclaration") {
      if (node.declaration) {
        edits.push([node.start, node.declaration.start, ""]);
        own(node.declaration);
        for (const d of node.declaration.declarations || [node.declaration]) exported.add(d.id.name);
      } else {
        for (const s of node.specifiers) if (s.local.name === s.exported.name) exported.add(s.local.name);
        edits.push([node.start, node.end, ""]);
      }
    } else if (node.type === "ExportDefaultDeclaration") {
      edits.push([node.start, node.declaration.start, node.declaration.id ? "" : "const defaultExport = "]);
      own(node.declaration);
    }
  }
  const bare = (text) => {
    if (!strict) return text;
    const again = text === source ? edits : parsed(text).edits;
    return '"use strict";' + edited(text, again);
  };
  if (!strict) {
    const context = vm.createContext({});
    const names = vm.runInContext("(function () { const module = { exports: {} }, exports = module.exports;\n" + source + "\n;return Object.keys(module.exports).join(); })()", context, { timeout: 2000 });
    for (const name of names.split(",")) exported.add(name);
  }
  return { tree, comments, tokens, functions, exported, strict, edits, bare };
}

)js";

const char* const kJavascriptMain = R"js(/** Which of the tests tell each text, computed in a thread of its own that may run out of memory or time. */
async function told(name, names, texts, tests, until) {
  const out = [];
  let worker = null, waiting = null;
  const stop = async () => {
    if (worker) await worker.terminate();
    worker = null;
  };
  for (const text of texts) {
    if (Date.now() > until) break;
    if (!worker) {
      worker = new Worker(__filename, { resourceLimits: { maxOldGenerationSizeMb: 96 }, stdout: true, stderr: true });
      worker.on("message", (m) => waiting && waiting(m));
      worker.on("error", () => waiting && waiting(null));
    }
    let timer = null;
    const result = await new Promise((done) => {
      waiting = done;
      timer = setTimeout(() => done(null), 3000);
      worker.postMessage({ text, name, names, tests });
    });
    clearTimeout(timer);
    waiting = null;
    if (result === null) await stop();
    out.push(result === null ? { killed: tests.map((_, i) => i), crashed: true } : { killed: result, crashed: false });
  }
  await stop();
  return out;
}

function answer({ text, name, names, tests }) {
  let call;
  try {
    call = load(text, names);
  } catch {
    return null;
  }
  const out = [];
  let lates = 0;
  for (let i = 0; i < tests.length && lates < 2; ++i) {
    const now = call(name, tests[i][0]);
    if (!now || now[0] !== tests[i][1][0] || now[1] !== tests[i][1][1]) {
      out.push(i);
      if (now && now[0] === "late") ++lates;
    }
  }
  return out;
}

/** The fewest tests that tell all changed modules that can be told (greedy set cover), and the first ones. */
function fewest(every, tests) {
  const kills = new Map(), chosen = [];
  every.forEach((m, i) => m.killed.forEach((t) => kills.set(t, (kills.get(t) || new Set()).add(i))));
  const open = new Set(every.map((m, i) => i).filter((i) => every[i].killed.length));
  while (open.size) {
    let best = -1, most = 0, size = 0;
    for (const [t, set] of kills) {
      let n = 0;
      for (const i of set) n += open.has(i);
      const length = tests[t][0].join("").length;
      if (n > most || (n === most && n && (length < size || (length === size && t < best)))) [best, most, size] = [t, n, length];
    }
    if (!most) break;
    for (const i of kills.get(best)) open.delete(i);
    chosen.push(best);
  }
  for (let t = 0; t < Math.min(3, tests.length); ++t) if (!chosen.includes(t)) chosen.push(t);
  return chosen;
}

/** An exercise: the function in a longer form that does the same, to be made plain again; null if there is none. */
async function refactoring(source, name, names, module, tests) {
  const fn = module.functions.get(name), goal = measure(fn), long = worse(source, fn, module.tokens);
  try {
    const again = parsed(long), now = measure(again.functions.get(name));
    if (now.statements < goal.statements + 2 && now.depth <= goal.depth) return null;
    const same = await told(name, names, [again.bare(long)], tests, Date.now() + 3000);
    if (!same.length || same[0].killed.length) return null;
    return { kind: "refactor", fault: "", line: fn.loc.start.line, module: long, cases: [], was: "", goal, now };
  } catch {
    return null; // parentheses where no statement can be cut
  }
}

async function main() {
  const options = JSON.parse(fs.readFileSync("options.json", "utf8")), source = fs.readFileSync("module", "utf8");
  const module = parsed(source), out = { functions: [], skipped: [], strict: module.strict };
  const random = chance(options.seed), begun = Date.now(), names = [...module.functions.keys()];
  const base = module.bare(source);
  let wanted = names.filter((n) => module.exported.has(n) && !n.startsWith("_"));
  if (options.functions.length) wanted = wanted.filter((n) => options.functions.includes(n));
  for (const [number, name] of wanted.entries()) {
    const fn = module.functions.get(name);
    const until = begun + 1000 * options.seconds * Math.min(1, 20 / wanted.length) * (number + 1), mine = Math.max(1000, until - Date.now());
    if (fn.async || fn.generator || fn.params.some((p) => p.type !== "Identifier" && !(p.type === "AssignmentPattern" && p.left.type === "Identifier"))) {
      out.skipped.push([name, "it is asynchronous or a generator, or takes its parameters apart"]);
      continue;
    }
    const throws = new Set(nodes(fn.body).filter((n) => n.type === "ThrowStatement" && n.argument.type === "NewExpression").map((n) => n.argument.callee.name));
    const calls = [load(base, names), load(base, names)];
    let tests = [];
    for (const args of candidates(calls[0], fn, name, module.comments, chance(random.below(2 ** 32)), Date.now() + mine * 0.3)) {
      if (Date.now() > until - mine * 0.4) break;
      const was = calls[0](name, args), again = was && was[0] !== "late" && calls[1](name, args);
      if (!was || !again || was[0] !== again[0] || was[1] !== again[1] || (was[0] === "raises" && !throws.has(was[1]))) continue;
      tests.push([args, was]);
    }
    if (!tests.length) {
      out.skipped.push([name, "no input was found that it takes and answers the same twice"]);
      continue;
    }
    const all = sites(fn, module.tokens);
    for (let i = all.length - 1; i > 0; --i) {
      const j = random.below(i + 1);
      [all[i], all[j]] = [all[j], all[i]];
    }
    const change = ({ edit: [from, to, what] }) => edited(source, [[from, to, what === null ? "!(" + source.slice(from, to) + ")" : what]]);
    const able = (site) => {
      try {
        return { ...site, module: change(site), text: module.bare(change(site)) };
      } catch {
        return null;
      }
    };
    let mutants = all.slice(0, options.mutants).map(able).filter(Boolean), leftOut = options.faults ? extensions(fn, source).map(able).filter(Boolean) : [];
    const results = await told(name, names, mutants.map((m) => m.text), tests, Date.now() + mine * 0.6);
    mutants = mutants.slice(0, results.length).map((m, i) => ({ ...m, ...results[i] }));
    const left = await told(name, names, leftOut.map((m) => m.text), tests, Date.now() + mine * 0.2);
    leftOut = leftOut.slice(0, left.length).map((m, i) => ({ ...m, ...left[i] }));
    const chosen = fewest([...mutants, ...leftOut], tests);
    const cases = (m) => chosen.map((t, i) => (m.killed.includes(t) ? i : -1)).filter((i) => i >= 0), exercises = [], lines = source.split("\n");
    for (const m of mutants.filter((m) => m.killed.length && !m.crashed && cases(m).length).slice(0, options.faults))
      exercises.push({ kind: "repair", fault: m.kind, line: m.line, module: m.module, cases: cases(m), was: lines[m.line - 1] });
    for (const m of leftOut.filter((m) => cases(m).length && cases(m).length < chosen.length && !m.crashed).slice(0, options.faults))
      exercises.push({ kind: "extend", fault: m.test, line: m.line, module: m.module, cases: cases(m), was: lines[m.line - 1] });
    const longer = options.faults ? await refactoring(source, name, names, module, tests) : null;
    if (longer) exercises.push(longer);
    out.functions.push({ name, tests: chosen.map((t) => tests[t]), candidates: tests.length, mutants: mutants.length, killed: mutants.filter((m) => m.killed.length).length,
                         survivors: mutants.filter((m) => !m.killed.length).map((m) => ({ line: m.line, kind: m.kind })), exercises });
  }
  process.stdout.write(JSON.stringify(out) + "\n");
}

if (isMainThread) main().catch((problem) => { process.stderr.write(String(problem && problem.message || problem) + "\n"); process.exitCode = 1; });
else parentPort.on("message", (m) => parentPort.postMessage(answer(m)));
)js";

const char* const kJavascriptGrader = R"js(/** Outcomes of calls of a learner's module, or (told so) how long it is. What is right is not known here. */
function grade() {
  const job = JSON.parse(fs.readFileSync(0, "utf8"));
  const answer = { outcomes: [], problem: "" };
  try {
    const module = parsed(job.module), fn = module.functions.get(job.function);
    if (!fn) throw new Error("there is no function " + job.function);
    if (job.pairs) {
      answer.same = job.pairs.map(([a, b]) => a === b);
      answer.measure = measure(fn);
    } else {
      const call = load(module.bare(job.module), [job.function]);
      answer.outcomes = job.calls.map((args) => call(job.function, args));
    }
  } catch (problem) {
    answer.problem = String((problem && problem.name) || "") + ": " + String((problem && problem.message) || problem);
  }
  process.stdout.write("\n" + JSON.stringify(answer) + "\n");
}
grade();
)js";

// clang-format on

}  // namespace ptah::detail
