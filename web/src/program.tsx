// The numbers of a shape program: each change shows the object again, and what is kept is a work of its own.
import { useEffect, useMemo, useState } from "preact/hooks";
import { request, type Job, type Output } from "./api";
import { drawDraft } from "./draft";
import { submit } from "./jobs";
import { Object3d } from "./object";
import { Button, Problem, useAction, useLoaded } from "./parts";
import { go } from "./route";
import { t } from "./texts";

export interface Parameter {
  name: string;
  value: string;
  low?: number;
  high?: number;
  choices?: string[];
  about: string;
}

/** Lines as: param width = 0.45 in [0.38, 0.6] "width of the seat in metres"; param legs = round of (round, square) "form"; param arms = true "armrests". */
export function parametersOf(program: string): Parameter[] {
  const out: Parameter[] = [];
  for (const line of program.split("\n")) {
    const said = /^param (\w+) = (\S+)(?: in \[\s*([-\d.e]+)\s*,\s*([-\d.e]+)\s*\]| of \(([^)]*)\))?(?: "([^"]*)")?/.exec(line);
    if (!said) continue;
    const [, name, value, low, high, choices, about] = said;
    out.push({
      name: name!,
      value: value!,
      about: about || name!.replaceAll("_", " "),
      ...(low !== undefined ? { low: Number(low), high: Number(high) } : {}),
      ...(choices ? { choices: choices.split(",").map((one) => one.trim()) } : {}),
    });
  }
  return out;
}

function Input({ p, value, set }: { p: Parameter; value: string; set: (v: string) => void }) {
  if (value === "true" || value === "false") return <input type="checkbox" checked={value === "true"} onChange={(e) => set(String(e.currentTarget.checked))} />;
  if (p.low !== undefined) {
    const whole = /^-?\d+$/.test(p.value) && Number.isInteger(p.low) && Number.isInteger(p.high);
    return (
      <span class="range">
        <input type="range" aria-label={p.about} min={p.low} max={p.high} step={whole ? 1 : (p.high! - p.low) / 100} value={value}
          onInput={(e) => set(String(Number(Number(e.currentTarget.value).toPrecision(4))))} />
        <output>{value}</output>
      </span>
    );
  }
  // "colors" and "materials" stand for lists of the language; those are typed.
  if (p.choices && !p.choices.some((one) => one === "colors" || one === "materials"))
    return (
      <select value={value} onChange={(e) => set(e.currentTarget.value)}>
        {p.choices.map((one) => <option key={one}>{one}</option>)}
      </select>
    );
  return <input type="text" value={value} onChange={(e) => set(e.currentTarget.value.trim() || p.value)} />;
}

export function Program({ job, program }: { job: Job; program: Output }) {
  const { value: text, problem } = useLoaded(() => request(program.url).then((answer) => answer.text()), [program.url]);
  const parameters = useMemo(() => parametersOf(text || ""), [text]);
  const [changed, change] = useState<Record<string, string>>({});
  const [bytes, show] = useState<ArrayBuffer>();
  const [wrong, say] = useState("");
  const { busy, problem: failed, run } = useAction();
  useEffect(() => change({}), [job.id]);
  const set = Object.entries(changed).map(([name, value]) => `${name}=${value}`);
  useEffect(() => {
    if (!set.length || !text) return;
    const older = new AbortController();
    drawDraft("shape", { program: text, set, formats: "glb" }, "glb", older.signal)
      .then((blob) => blob.arrayBuffer())
      .then((buffer) => {
        if (older.signal.aborted) return;
        show(buffer);
        say("");
      })
      .catch((error) => error.name !== "AbortError" && !older.signal.aborted && say(error.message));
    return () => older.abort();
  }, [set.join("\n"), text]);
  if (!parameters.length) return <Problem text={problem} />;
  return (
    <details class="program">
      <summary>{t("program.title", { n: parameters.length })}</summary>
      {set.length > 0 && bytes && <Object3d bytes={bytes} label={t("program.changed")} small />}
      <Problem text={wrong} />
      {parameters.map((p) => (
        <label key={p.name}>
          <span>{p.about}</span>
          <Input p={p} value={changed[p.name] ?? p.value} set={(v) => change({ ...changed, [p.name]: v })} />
        </label>
      ))}
      <div class="row">
        <Button main disabled={busy || !set.length} onClick={() => run(async () => go("works/" + (await submit("shape", { program: text, set })).id))}>{t("program.make")}</Button>
        <Button disabled={!set.length} onClick={() => (change({}), show(undefined))}>{t("program.reset")}</Button>
      </div>
      <Problem text={failed} />
    </details>
  );
}
