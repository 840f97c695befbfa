// What is asked for and answered at once, without becoming a work: questions for a lesson, and what a character of a game says and does. Their forms are made of
// the OpenAPI document, as those of works are made of the recipes.
import { useState } from "preact/hooks";
import { getJson, sendJson, type Fields, type Property, type Recipe } from "./api";
import { given, RequestFields } from "./form";
import { Button, Problem, useAction, useLoaded } from "./parts";
import { keep, kept } from "./store";
import { t, type TextName } from "./texts";

const APPS: Record<string, { path: string; schema: string; text: TextName }> = {
  teach: { path: "/v1/questions", schema: "QuestionsRequest", text: "apps.teach" },
  character: { path: "/v1/characters/turn", schema: "CharacterTurn", text: "apps.character" },
};
export const appNames = Object.keys(APPS);

interface Item {
  id: string;
  question: string;
  options?: { text: string; right: boolean; reason?: string }[];
  answers?: string[];
  explanation?: string;
  level?: string;
}

function Lesson({ items }: { items: Item[] }) {
  return (
    <ol>
      {items.map((one) => (
        <li key={one.id}>
          <b>{one.question}</b> <span class="note">{one.level}</span>
          {one.options && <ul>{one.options.map((option, i) => <li key={i}>{option.text}</li>)}</ul>}
          <details>
            <summary>{t("apps.answer")}</summary>
            <p>{one.options ? one.options.filter((option) => option.right).map((option) => option.text).join("; ") : one.answers?.join("; ")}</p>
            <p class="note">{one.explanation}</p>
          </details>
        </li>
      ))}
    </ol>
  );
}

export function AppPage({ name }: { name: string }) {
  const app = APPS[name]!;
  const { value, problem } = useLoaded<Recipe>(async () => {
    const document = await getJson("/openapi.json");
    return { id: name, purpose: "", files: [], schema: document.components.schemas[app.schema] as { properties: Record<string, Property>; required?: string[] } };
  }, [name]);
  const [values, change] = useState<Fields>(() => kept<Fields>("app." + name, {}, sessionStorage));
  const [answer, show] = useState<any>(null);
  const { busy, problem: failed, run } = useAction();
  const required = value?.schema.required || [];
  const fields = (wanted: (field: string) => boolean) =>
    value && <RequestFields recipe={value} values={values} change={(next) => (change(next), keep("app." + name, next, sessionStorage))} wanted={wanted} />;
  return (
    <section>
      <h2>{t(app.text)}</h2>
      <Problem text={problem} />
      <form
        autocomplete="off"
        onSubmit={(e) => {
          e.preventDefault();
          void run(async () => {
            show(null);
            show(await sendJson(app.path, given(value!, values)));
          });
        }}
      >
        {fields((field) => required.includes(field))}
        <div class="row"><Button main type="submit" disabled={busy || !value}>{busy ? t("loading") : t("apps.do")}</Button></div>
        <Problem text={failed} />
        <details>
          <summary>{t("make.options")}</summary>
          <div class="options">{fields((field) => !required.includes(field))}</div>
        </details>
      </form>
      {answer && (
        <div aria-live="polite" class="answer">
          {answer.lesson && <Lesson items={answer.lesson.items} />}
          {typeof answer.say === "string" && <p class="text">{answer.say}</p>}
          <details open={!answer.lesson}><summary>{t("apps.json")}</summary><pre tabIndex={0}><code>{JSON.stringify(answer, null, 2)}</code></pre></details>
        </div>
      )}
    </section>
  );
}
