// The same request in the languages of those who call it.
import type { Fields, Recipe } from "./api";

const indented = (text: string, by: string): string => text.split("\n").join("\n" + by);
const shellQuoted = (text: string): string => "'" + text.replaceAll("'", `'\\''`) + "'";

export function curl(origin: string, recipe: Recipe, fields: Fields): string {
  const body = JSON.stringify({ kind: recipe.id, request: fields }, null, 2);
  return `# Ask for it; the answer names the job.
curl -s ${origin}/v1/jobs -d ${shellQuoted(body)}

# Watch it until it is done.
curl -N ${origin}/v1/jobs/job_1/events

# Fetch what it made.
curl -s ${origin}/v1/jobs/job_1
curl -O ${origin}/v1/jobs/job_1/content/receipt.json
`;
}

/** A value as Python writes it. */
function pythonic(value: unknown, indent = ""): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null || value === undefined) return "None";
  const deeper = indent + "    ";
  if (Array.isArray(value)) return "[" + value.map((one) => pythonic(one, deeper)).join(", ") + "]";
  if (typeof value === "object")
    return "{\n" + Object.entries(value).map(([name, one]) => `${deeper}${JSON.stringify(name)}: ${pythonic(one, deeper)},\n`).join("") + indent + "}";
  return JSON.stringify(value);
}

export function python(origin: string, recipe: Recipe, fields: Fields): string {
  return `import json
import time
import urllib.request

SERVER = ${JSON.stringify(origin)}


def ask(path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(SERVER + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return answer.read()


job = json.loads(ask("/v1/jobs", ${indented(pythonic({ kind: recipe.id, request: fields }), "")}))
while job["status"] in ("queued", "in_progress"):
    time.sleep(0.1)
    job = json.loads(ask("/v1/jobs/" + job["id"]))
if job["status"] != "completed":
    raise SystemExit(job["error"] and job["error"]["message"])
for output in job["outputs"]:
    with open(output["name"], "wb") as file:
        file.write(ask(output["url"]))
    print(output["name"])
`;
}

/** How a kind is called in C++; a field under \`output\` is one of MeshOutput. Kinds that are not here have no single call. */
const CALLS: Record<string, { type: string; call: string }> = {
  create: { type: "MakeRequest", call: "engine->make(request)" },
  scene: { type: "SceneRequest", call: "ptah::make_scene(request)" },
  shape: { type: "ShapeRequest", call: "ptah::make_shape(request)" },
  say: { type: "SayRequest", call: "ptah::say(request)" },
  texture: { type: "TextureRequest", call: "ptah::texture(request)" },
  render: { type: "RenderRequest", call: "ptah::render(request)" },
  convert: { type: "ConvertRequest", call: "ptah::convert(request)" },
  generate: { type: "AnswerOptions", call: "language->generate(prompt, request)" },
};
const OF_OUTPUT = ["low_poly", "quads", "lod", "collider", "pivot", "parts", "palette", "print_colours", "split"];
/** What the C++ call does not take: models of one's own, and files of the command line. */
const ELSEWHERE: Record<string, string[]> = { create: ["model"], generate: ["model", "prompt", "adapter", "cache", "draft", "context", "cache_type", "control_tokens", "log_probabilities"] };
const CALLED: Record<string, string> = { schema: "json_schema" }; // where C++ says it in another word

function literal(value: unknown): string {
  if (Array.isArray(value)) return "{" + value.map(literal).join(", ") + "}";
  if (typeof value !== "string") return String(value);
  if (value.includes("\n") && !value.includes(')ptah"')) return 'R"ptah(' + value + ')ptah"';
  return JSON.stringify(value).replaceAll("\\/", "/");
}

export function cpp(_origin: string, recipe: Recipe, fields: Fields): string {
  const how = CALLS[recipe.id];
  if (!how) return `// There is no single call for "${recipe.id}" yet; see docs/cpp-api.md, or use curl or Python.\n`;
  const nested = recipe.id === "shape" || recipe.id === "convert";
  const lines = Object.entries(fields)
    .filter(([name]) => !(ELSEWHERE[recipe.id] || []).includes(name))
    .map(([name, value]) => {
      const file = recipe.files.includes(name) && typeof value === "string" ? value.split("/").pop() : value;
      return `  request.${nested && OF_OUTPUT.includes(name) ? "output." : ""}${recipe.id === "generate" && CALLED[name] ? CALLED[name] : name} = ${literal(file)};\n`;
    })
    .join("");
  const begin =
    recipe.id === "create"
      ? "  const auto engine = ptah::Engine::open();\n  if (!engine) return engine.problem().exit_status;\n"
      : recipe.id === "generate"
        ? `  const auto language = ptah::Language::open(${literal(fields.model || "smollm2")});\n  if (!language) return language.problem().exit_status;\n  const std::string prompt = ${literal(fields.prompt || "")};\n`
        : "";
  const end =
    recipe.id === "generate"
      ? "  std::puts((prompt + made->text).c_str());\n  return 0;\n"
      : '  return ptah::save(*made, "work") ? 0 : 1;\n';
  return `#include <cstdio>
#include <string>

#include "ptah/ptah.h"

int main() {
${begin}  ptah::${how.type} request;
${lines}  const auto made = ${how.call};
  if (!made) return std::fprintf(stderr, "%s\\n", made.problem().message.c_str()), made.problem().exit_status;
${end}}
`;
}
