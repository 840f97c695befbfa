// For developers: a request as curl, Python and C++.
import { useMemo, useState } from "preact/hooks";
import { getJson, type Fields, type Job, type Recipe } from "./api";
import { cpp, curl, python } from "./programs";
import { given } from "./form";
import { jobs, titleOf } from "./jobs";
import { Copy, Problem, useLoaded } from "./parts";
import { go } from "./route";
import { kept, useStore } from "./store";
import { t } from "./texts";

const LANGUAGES = { curl: "curl", python: "Python", cpp: "C++" } as const;

export function CodePage({ recipes, id }: { recipes: Recipe[]; id: string | undefined }) {
  const [shown, show] = useState<keyof typeof LANGUAGES>("curl");
  const all = useStore(jobs);
  const { value: job, problem } = useLoaded<Job | undefined>(() => (id ? getJson("/v1/jobs/" + id) : Promise.resolve(undefined)), [id]);
  const typed = useMemo(() => kept<{ target: string; values: Fields } | null>("typed", null, sessionStorage), []);
  const kind = job?.kind || ({ picture: "create", thing: "create", text: "generate", speech: "say" } as Record<string, string>)[typed?.target || "picture"] || typed?.target || "create";
  const recipe = recipes.find((one) => one.id === kind) || recipes[0]!;
  const fields = job?.request ? given(recipe, job.request) : typed && Object.keys(typed.values).length ? given(recipe, typed.values) : { prompt: "a red fox" };
  const text = { curl: curl, python: python, cpp: cpp }[shown](location.origin, recipe, fields);
  const made = [...all.values()].filter((one) => one.status === "completed").reverse().slice(0, 50);
  return (
    <section>
      <h2>{t("code.title")}</h2>
      <p>{t("code.about")}</p>
      <Problem text={problem} />
      <label class="inline">
        {t("code.which")}{" "}
        <select value={id || ""} onChange={(e) => go("code" + (e.currentTarget.value ? "/" + e.currentTarget.value : ""))}>
          <option value="">{t("code.form")}</option>
          {made.map((one) => <option key={one.id} value={one.id}>{one.id}: {titleOf(one).slice(0, 60)}</option>)}
        </select>
      </label>
      <div class="chips" role="group" aria-label={t("code.language")}>
        {Object.entries(LANGUAGES).map(([name, label]) => (
          <button key={name} type="button" aria-pressed={name === shown} onClick={() => show(name as keyof typeof LANGUAGES)}>{label}</button>
        ))}
        <Copy text={text} label={t("copy")} />
      </div>
      <pre tabIndex={0} data-language={shown}><code>{text}</code></pre>
      <h3>{t("code.clients")}</h3>
      <p>{t("code.clients.about")}</p>
      <ul>
        <li>OpenAI: <code>base_url = "{location.origin}/v1"</code></li>
        <li>Ollama: <code>{location.origin}</code></li>
        <li>AUTOMATIC1111: <code>{location.origin}</code></li>
        <li><a href="/openapi.json">{t("code.openapi")}</a></li>
      </ul>
    </section>
  );
}
