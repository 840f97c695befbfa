// node npm_clients.mjs PTAH: the clients of npm against `ptah serve`. Each check says which fault of other servers it looks for; their numbers are those of
// docs/serving.md.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, jsonSchema, Output, streamText, tool } from "ai";
import OpenAI from "openai";

const [ptah] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "ptah-npm-"));
const child = spawn(ptah, ["serve", "--port", "0", "--folder", join(folder, "served"), "--allow-origin", "https://example.org"], { stdio: ["ignore", "pipe", "inherit"] });
const address = String((await once(child.stdout, "data"))[0]).trim();
const client = new OpenAI({ baseURL: address + "/v1", apiKey: "none", maxRetries: 0 });
const model = "smollm2";
const messages = [{ role: "user", content: "What is a fjord?" }];
const fail = (what) => {
  throw new Error(what);
};
const is = (one, other, what) => JSON.stringify(one) === JSON.stringify(other) || fail(`${what}: ${JSON.stringify(one)} and not ${JSON.stringify(other)}`);
const weather = {
  type: "function",
  function: { name: "weather", description: "The weather of a town", strict: true, parameters: { type: "object", properties: { town: { type: "string", maxLength: 20 } }, required: ["town"], additionalProperties: false } },
};
const refused = async (promise, status, code) => {
  const problem = await promise.then(() => fail("it was taken"), (error) => error);
  is([problem.status, problem.code], [status, code], problem.message);
  return problem;
};

const CHECKS = {
  async "1 usage comes with streams that ask for it"() {
    let usage;
    for await (const chunk of await client.chat.completions.create({ model, messages, max_completion_tokens: 5, stream: true, stream_options: { include_usage: true } })) {
      if (chunk.usage) {
        usage = chunk.usage;
        is(chunk.choices, [], "the chunk of the usage has no choices");
      }
    }
    if (!(usage?.completion_tokens > 0)) fail("no usage");
  },
  async "2, 3, 4 calls in streams have an index, one id, arguments that are a text, and are there"() {
    const asked = { model, messages: [{ role: "user", content: "How is the weather in Oslo?" }], tools: [weather], tool_choice: "required", seed: 1, max_completion_tokens: 60 };
    const whole = await client.chat.completions.create(asked);
    const stream = client.chat.completions.stream(asked);
    const indices = new Set();
    const ids = new Set();
    for await (const chunk of stream)
      for (const call of chunk.choices[0]?.delta.tool_calls || []) {
        indices.add(call.index);
        if (call.id) ids.add(call.id);
      }
    const final = await stream.finalChatCompletion();
    is([...indices], [0], "indices");
    is(ids.size, 1, "one id");
    const [said, streamed] = [whole, final].map((one) => one.choices[0].message.tool_calls[0].function);
    is(typeof said.arguments, "string", "arguments");
    is(streamed.arguments, said.arguments, "streamed as whole");
    JSON.parse(said.arguments).town ?? fail("not as the schema wants it");
    is([whole.choices[0].finish_reason, final.choices[0].finish_reason], ["tool_calls", "tool_calls"], "5 finish_reason");
  },
  async "6 vectors come as base64 and as numbers, the same ones"() {
    const usual = await client.embeddings.create({ model: "minilm", input: ["a fox", "a boat"] });
    const numbers = await client.embeddings.create({ model: "minilm", input: ["a fox", "a boat"], encoding_format: "float" });
    is(usual.data.map((one) => one.embedding.length), [384, 384], "width");
    is(usual.data[0].embedding.map(Math.fround), numbers.data[0].embedding.map(Math.fround), "vectors");
  },
  async "7 /v1/completions is there"() {
    const said = await client.completions.create({ model, prompt: "Once upon a time", max_tokens: 5, seed: 1 });
    if (!said.choices[0].text) fail("nothing was written");
  },
  async "8, 9 max_completion_tokens holds, and finish_reason says so"() {
    for (const limit of [{ max_completion_tokens: 3 }, { max_tokens: 3 }]) {
      const said = await client.chat.completions.create({ model, messages, ...limit });
      is([said.usage.completion_tokens, said.choices[0].finish_reason], [3, "length"], JSON.stringify(limit));
    }
  },
  async "10 nothing goes on when the client has left"() {
    const mine = new AbortController();
    const stream = await client.chat.completions.create({ model, messages, max_completion_tokens: 400, seed: 77, stream: true, temperature: 1 }, { signal: mine.signal });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    mine.abort();
    for (let i = 0; ; i++) {
      const metrics = await (await fetch(address + "/metrics")).text();
      const running = [...metrics.matchAll(/^ptah_jobs\{[^}]*state="running"[^}]*\} (\d+)/gm)].reduce((sum, one) => sum + Number(one[1]), 0);
      if (running === 0) break;
      if (i > 150) fail("it still runs after 15 seconds");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  },
  async "11 a context that is too long is refused with a code"() {
    await refused(client.chat.completions.create({ model, messages: [{ role: "user", content: "fjord ".repeat(20000) }] }), 400, "context_length_exceeded");
  },
  async "12 content null beside calls, and content as parts"() {
    await client.chat.completions.create({
      model,
      max_completion_tokens: 4,
      messages: [
        { role: "user", content: [{ type: "text", text: "How is the weather" }, { type: "text", text: " in Oslo?" }] },
        { role: "assistant", content: null, tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: '{"town": "Oslo"}' } }] },
        { role: "tool", tool_call_id: "call_1", content: "rain" },
      ],
      tools: [weather],
    });
  },
  async "13 characters of several bytes are whole in chunks"() {
    let text = "";
    for await (const chunk of await client.chat.completions.create({ model, messages: [{ role: "user", content: "Repeat: ä ö ü ✓ 日本 🦊" }], max_completion_tokens: 30, stream: true, seed: 2 })) text += chunk.choices[0]?.delta.content || "";
    if (text.includes("\uFFFD")) fail("a character was cut: " + text);
  },
  async "14 pictures as b64_json when that is asked for; a model that is not here is refused with a code"() {
    await refused(client.images.generate({ model: "gpt-image-1", prompt: "a red fox" }), 404, "model_not_found");
    const said = await client.images.generate({ model: "picture", prompt: "a red fox", size: "128x128", response_format: "b64_json" });
    is(Buffer.from(said.data[0].b64_json, "base64").subarray(1, 4).toString(), "PNG", "a picture");
    const stream = await client.images.generate({ prompt: "a red fox", size: "128x128", stream: true, partial_images: 1 });
    const names = [];
    for await (const event of stream) names.push(event.type);
    is(names.at(-1), "image_generation.completed", "the last event");
  },
  async "15 the headers of the client are allowed for chosen origins only"() {
    const ask = (origin) => fetch(address + "/v1/models", { method: "OPTIONS", headers: { Origin: origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type,x-stainless-arch,x-stainless-helper-method" } });
    const allowed = await ask("https://example.org");
    is(allowed.headers.get("access-control-allow-origin"), "https://example.org", "the origin");
    if (!/x-stainless-helper-method/i.test(allowed.headers.get("access-control-allow-headers") || "")) fail("x-stainless-… is refused");
    is((await ask("https://other.example")).headers.get("access-control-allow-origin"), null, "another origin");
  },
  async "16 events of responses are numbered and come again"() {
    const stream = await client.responses.create({ model, input: "What is a fjord?", max_output_tokens: 8, stream: true, background: true });
    const events = [];
    for await (const event of stream) events.push(event);
    is(events.map((one) => one.sequence_number), events.map((_, i) => i), "numbers");
    const { id } = events[0].response;
    const rest = [];
    for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: 2 })) rest.push(event.sequence_number);
    is(rest, events.map((one) => one.sequence_number).filter((n) => n > 2), "from the third");
  },
  async "17 a schema that cannot be kept fails closed"() {
    const asked = { model, messages, max_completion_tokens: 60, response_format: { type: "json_schema", json_schema: { name: "person", strict: true, schema: { type: "object", properties: { name: { type: "string", maxLength: 12 } }, required: ["name"], additionalProperties: false } } } };
    const said = await client.chat.completions.create(asked);
    if (said.choices[0].finish_reason === "stop") is(Object.keys(JSON.parse(said.choices[0].message.content)), ["name"], "the schema");
    const wrong = structuredClone(asked);
    wrong.response_format.json_schema.schema = { type: "nothing of the kind" };
    const problem = await client.chat.completions.create(wrong).then(() => fail("a schema that is none was taken"), (error) => error);
    is(problem.status, 400, problem.message);
  },
  async "errors have a code that is a text, and retries are told when"() {
    const problem = await refused(client.chat.completions.create({ model: "no-such-model", messages }), 404, "model_not_found");
    is(typeof problem.message, "string", "message");
  },
  async "the AI SDK writes, streams, calls tools, keeps schemas and embeds"() {
    const provider = createOpenAICompatible({ name: "ptah", baseURL: address + "/v1", supportsStructuredOutputs: true, includeUsage: true });
    const chat = provider(model);
    const whole = await generateText({ model: chat, prompt: "What is a fjord?", maxOutputTokens: 8, seed: 1 });
    const stream = streamText({ model: chat, prompt: "What is a fjord?", maxOutputTokens: 8, seed: 1 });
    let text = "";
    for await (const part of stream.textStream) text += part;
    is(text, whole.text, "streamed as whole");
    if (!((await stream.usage).outputTokens > 0)) fail("no usage");
    const called = await generateText({
      model: chat,
      prompt: "How is the weather in Oslo?",
      maxOutputTokens: 60,
      toolChoice: "required",
      tools: { weather: tool({ description: "The weather of a town", inputSchema: jsonSchema(weather.function.parameters) }) },
    });
    is(called.toolCalls[0].toolName, "weather", "the tool");
    const typed = await generateText({
      model: chat,
      prompt: "A person.",
      maxOutputTokens: 60,
      output: Output.object({ schema: jsonSchema({ type: "object", properties: { name: { type: "string", maxLength: 12 } }, required: ["name"], additionalProperties: false }) }),
    });
    is(Object.keys(typed.output), ["name"], "the schema");
    const vectors = await embedMany({ model: provider.textEmbeddingModel("minilm"), values: ["a fox", "a boat"] });
    is(vectors.embeddings.map((one) => one.length), [384, 384], "vectors");
  },
};

let failed = 0;
try {
  for (const [name, check] of Object.entries(CHECKS))
    await check().then(
      () => console.log("passed  " + name),
      (error) => (failed++, console.log(`FAILED  ${name}: ${error.message}`)),
    );
} finally {
  child.kill("SIGTERM");
  await once(child, "exit");
  rmSync(folder, { recursive: true, force: true });
}
if (failed) process.exit(1);
console.log(`${Object.keys(CHECKS).length} checks, none failed`);
