// Make: one box; what it will be about is shown while one types, then it is made.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { request, sendJson, ServerError, type Fields, type Job, type Recipe } from "./api";
import { appNames } from "./apps";
import { Cards } from "./cards";
import { useDraft, warm } from "./draft";
import { given, RequestFields } from "./form";
import { isOpen, jobs, submit, titleOf, works } from "./jobs";
import { Object3d } from "./object";
import { Button, Problem } from "./parts";
import { go } from "./route";
import { keep, kept, useStore } from "./store";
import { aboutText, bytesText, t, type TextName } from "./texts";
import { edit, Ended, Progress, Shown, WorkActions } from "./work";

/** What most people want (no id is that of another recipe), by the field that the box stands for; everything else is behind "other". */
const TARGETS: { id: string; kind: string; box: string; fixed: Fields; text: TextName; example: TextName }[] = [
  { id: "picture", kind: "create", box: "prompt", fixed: {}, text: "make.picture", example: "make.picture.example" },
  { id: "thing", kind: "create", box: "prompt", fixed: {}, text: "make.object", example: "make.object.example" },
  { id: "scene", kind: "scene", box: "prompt", fixed: {}, text: "make.scene", example: "make.scene.example" },
  { id: "text", kind: "generate", box: "prompt", fixed: {}, text: "make.text", example: "make.text.example" },
  { id: "speech", kind: "say", box: "text", fixed: {}, text: "make.speech", example: "make.speech.example" },
];

interface Form {
  target: string;
  values: Fields;
}

/** Which of the targets, or which other kind, a request is. */
function targetOf(kind: string): string {
  return TARGETS.find((one) => one.kind === kind)?.id || kind;
}

function firstForm(): Form {
  const asked = kept<{ kind: string; fields: Fields } | null>("form", null, sessionStorage);
  if (asked) {
    keep("form", undefined, sessionStorage);
    return { target: targetOf(asked.kind), values: asked.fields };
  }
  return kept<Form>("typed", { target: "picture", values: {} }, sessionStorage);
}

export function MakePage({ recipes }: { recipes: Recipe[] }) {
  const [form, setForm] = useState<Form>(firstForm);
  const [plan, setPlan] = useState("");
  const [wrong, setWrong] = useState<{ text: string; param?: string | undefined } | null>(null);
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(kept("making", "", sessionStorage)); // the job whose progress stands beside the box
  const box = useRef<HTMLTextAreaElement>(null);
  const target = TARGETS.find((one) => one.id === form.target);
  const recipe = recipes.find((one) => one.id === (target?.kind || form.target)) || recipes[0]!;
  const schema = recipe.schema;
  const boxName = target?.box || (schema.properties.prompt ? "prompt" : "");
  const values = useMemo(() => ({ ...form.values, ...(target?.fixed || {}) }), [form]);
  const all = useStore(jobs);
  const job = all.get(shown);
  const drawn = useDraft(form.target, recipe, values, boxName, !job);
  const text = JSON.stringify(given(recipe, values));
  const required = [...(schema.required || []), ...(boxName ? [boxName] : [])];
  const complete = required.every((name) => JSON.parse(text)[name] !== undefined);

  const change = (next: Form) => {
    setForm(next);
    keep("typed", next, sessionStorage);
    if (shown) {
      setShown("");
      keep("making", undefined, sessionStorage);
    }
  };
  const set = (next: Fields) => change({ ...form, values: next });

  useEffect(warm, []);
  // Memory and time, once one stops typing.
  useEffect(() => {
    setPlan("");
    if (!complete) return setWrong(null);
    const older = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const told = await sendJson("/v1/plan", { kind: recipe.id, request: JSON.parse(text) }, { signal: older.signal });
        setPlan(t("make.plan", { time: aboutText(told.seconds), bytes: bytesText(told.bytes) }));
        setWrong(null);
      } catch (error) {
        if (!older.signal.aborted) setWrong({ text: (error as Error).message, param: (error as ServerError).param });
      }
    }, 500);
    return () => {
      clearTimeout(timer);
      older.abort();
    };
  }, [recipe.id, text]);

  const make = async () => {
    if (!complete || busy) return;
    setBusy(true);
    try {
      const made = await submit(recipe.id, JSON.parse(text));
      setWrong(null);
      setShown(made.id);
      keep("making", made.id, sessionStorage);
    } catch (error) {
      setWrong({ text: (error as Error).message, param: (error as ServerError).param });
    }
    setBusy(false);
  };

  const pick = (id: string) => {
    const next = TARGETS.find((one) => one.id === id);
    const said = boxName ? form.values[boxName] : undefined;
    change({ target: id, values: said && next ? { [next.box]: said } : {} });
    if (next) setTimeout(() => box.current?.focus());
  };

  return (
    <section class="make">
      <h2 class="hidden">{t("nav.make")}</h2>
      <div class="columns">
        <div>
          <div class="chips" role="group" aria-label={t("make.what")}>
            {TARGETS.map((one) => (
              <Button key={one.id} aria-pressed={one.id === form.target} onClick={() => pick(one.id)}>{t(one.text)}</Button>
            ))}
            <select aria-label={t("make.other")} class={target ? "" : "chosen"} value={target ? "" : form.target} onChange={(e) => (appNames.includes(e.currentTarget.value) ? go("apps/" + e.currentTarget.value) : e.currentTarget.value && pick(e.currentTarget.value))}>
              <option value="">{t("make.other")}</option>
              {recipes.map((one) => <option key={one.id} value={one.id} title={one.purpose}>{one.id}</option>)}
              {appNames.map((one) => <option key={one} value={one}>{one}</option>)}
            </select>
          </div>
          <form
            autocomplete="off"
            onSubmit={(e) => {
              e.preventDefault();
              void make();
            }}
          >
            {boxName && (
              <textarea
                ref={box}
                class="box"
                rows={3}
                aria-label={t("make.box")}
                aria-invalid={wrong?.param === boxName || undefined}
                placeholder={target ? t(target.example) : recipe.purpose}
                value={String(values[boxName] ?? "")}
                onInput={(e) => set({ ...form.values, [boxName]: e.currentTarget.value })}
                onKeyDown={(e) => {
                  if (e.key === "Enter" && !e.shiftKey && form.target !== "text" && form.target !== "speech") {
                    e.preventDefault();
                    void make();
                  }
                }}
              />
            )}
            {!target && <p class="note">{recipe.purpose}</p>}
            <RequestFields recipe={recipe} values={form.values} wrong={wrong?.param} change={set} wanted={(name) => name !== boxName && required.includes(name)} />
            <div class="row">
              <Button main type="submit" disabled={busy || !complete}>{t("make.do")}</Button>
              <span class="note" role="status">{plan}</span>
            </div>
            <Problem text={wrong?.text} />
            <details>
              <summary>{t("make.options")}</summary>
              <div class="options">
                <RequestFields
                  recipe={recipe}
                  values={form.values}
                  wrong={wrong?.param}
                  change={set}
                  wanted={(name) => name !== boxName && !required.includes(name) && !(target && name in target.fixed)}
                />
              </div>
            </details>
          </form>
        </div>
        <div class="stage" aria-label={t("make.stage")} role="region">
          {job ? <Making job={job} pictureFirst={form.target === "picture"} /> : <Draft drawn={drawn} scene={form.target === "scene"} empty={!text || text === "{}"} />}
        </div>
      </div>
      <Latest />
    </section>
  );
}

function Draft({ drawn, scene, empty }: { drawn: ReturnType<typeof useDraft>; scene: boolean; empty: boolean }) {
  if (drawn.problem) return <p class="note">{drawn.problem}</p>;
  if (!drawn.picture && !drawn.object) return <p class="invitation">{empty ? t("make.invitation") : t("make.later")}</p>;
  return (
    <div class="draft">
      {drawn.picture && <img class="still" src={drawn.picture} alt={t("make.draft")} data-milliseconds={Math.round(drawn.milliseconds || 0)} />}
      {drawn.object && <Object3d bytes={drawn.object} label={t("make.draft.object")} scene={scene} spin={!scene} small />}
      <p class="note">{t("make.draft.note")}</p>
    </div>
  );
}

function Making({ job, pictureFirst }: { job: Job; pictureFirst: boolean }) {
  return (
    <>
      <h3><a href={"#/works/" + job.id}>{titleOf(job)}</a></h3>
      {isOpen(job) && <Progress job={job} />}
      {job.status === "completed" && <><Shown job={job} pictureFirst={pictureFirst} /><WorkActions job={job} /></>}
      {(job.status === "failed" || job.status === "cancelled") && <Ended job={job} />}
    </>
  );
}

/** The works made last, below the box. */
function Latest() {
  const all = useStore(jobs);
  useStore(works);
  const done = [...all.values()].filter((job) => job.status === "completed").sort((a, b) => b.created_at - a.created_at || Number(b.id.slice(4)) - Number(a.id.slice(4)));
  if (!done.length) return null;
  return (
    <>
      <div class="row head">
        <h3>{t("make.latest")}</h3>
        <a href="#/keep">{t("make.all")}</a>
      </div>
      <Cards list={done.slice(0, 6)} />
    </>
  );
}

/** Opens the form with what a dropped file was made with. */
export async function recall(file: File): Promise<boolean> {
  const answer = await request("/v1/verify?name=" + encodeURIComponent(file.name), { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
  const said = await answer.json();
  if (!said.recipe) return false;
  edit(said.recipe, said.request);
  return true;
}
