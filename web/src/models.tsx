// Models: what is here, under which licence, and what can be had.
import { useEffect, useState } from "preact/hooks";
import { getJson, request, sendJson } from "./api";
import { Button, Problem, Sure, useAction, useLoaded } from "./parts";
import { bytesText, t } from "./texts";

interface Pull {
  status: "running" | "failed" | "cancelled" | "done";
  bytes: number;
  total: number;
  message: string;
}
interface ModelRow {
  id: string;
  kind: "shipped" | "pulled" | "online";
  here: boolean;
  purpose: string;
  licence: string;
  terms: string;
  source: string;
  bytes: number;
  pull?: Pull;
}

export function ModelsPage() {
  const { value, problem, again } = useLoaded<{ data: ModelRow[]; may_change: boolean }>(() => getJson("/v1/catalog"), []);
  const running = value?.data.some((one) => one.pull?.status === "running");
  useEffect(() => {
    if (!running) return undefined;
    const timer = setTimeout(again, 700);
    return () => clearTimeout(timer);
  });
  const [other, type] = useState("");
  const { busy, problem: failed, run } = useAction();
  const list = (here: boolean) => (value?.data || []).filter((one) => one.here === here);
  return (
    <section>
      <h2>{t("models.title")}</h2>
      <Problem text={problem} />
      <h3>{t("models.here")}</h3>
      <ul class="list models">{list(true).map((one) => <Row key={one.id} model={one} may={!!value?.may_change} again={again} />)}</ul>
      {list(false).length > 0 && <h3>{t("models.online")}</h3>}
      <ul class="list models">{list(false).map((one) => <Row key={one.id} model={one} may={!!value?.may_change} again={again} />)}</ul>
      {value?.may_change && (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void run(async () => {
              await sendJson("/v1/catalog", { source: other.trim() });
              type("");
              again();
            });
          }}
        >
          <label class="field">
            {t("models.other")} <input type="text" placeholder="hf:OWNER/REPO" value={other} onInput={(e) => type(e.currentTarget.value)} />
          </label>
          <Button type="submit" disabled={busy || !other.trim()}>{t("models.pull")}</Button>
          <Problem text={failed} />
        </form>
      )}
    </section>
  );
}

function Row({ model, may, again }: { model: ModelRow; may: boolean; again: () => void }) {
  const { busy, problem, run } = useAction();
  const [accepted, accept] = useState(false);
  const { pull } = model;
  return (
    <li data-model={model.id}>
      <h4>{model.id}</h4>
      <p>{model.purpose}</p>
      <p class="note">
        {t("models.licence", { licence: model.licence || t("models.licence.none") })}
        {model.bytes > 0 && ", " + bytesText(model.bytes)}
        {model.kind === "shipped" && ", " + t("models.shipped")}
      </p>
      {pull?.status === "running" && (
        <>
          <progress aria-label={t("models.pulling", { name: model.id })} max={pull.total || undefined} value={pull.total ? pull.bytes : undefined} />
          <p class="note">{pull.bytes > 0 ? bytesText(pull.bytes) + (pull.total ? " / " + bytesText(pull.total) : "") : t("models.begun")}</p>
          <Button onClick={() => run(async () => (await sendJson("/v1/catalog/cancel", { source: model.id }), again()))}>{t("cancel")}</Button>
        </>
      )}
      {pull?.status === "failed" && <Problem text={pull.message} />}
      {may && !model.here && pull?.status !== "running" && (
        <>
          {model.terms && (
            <label class="check">
              <input type="checkbox" checked={accepted} onChange={(e) => accept(e.currentTarget.checked)} /> <span>{t("models.terms")} <a href={model.terms} rel="noreferrer" target="_blank">{model.terms}</a></span>
            </label>
          )}
          <Button disabled={busy || (!!model.terms && !accepted)} onClick={() => run(async () => (await sendJson("/v1/catalog", { source: model.id, accept_terms: accepted }), again()))}>{t("models.pull")}</Button>
        </>
      )}
      {may && model.kind === "pulled" && (
        <Sure ask={t("models.remove.sure")} onSure={() => run(async () => (await request("/v1/catalog/" + model.id, { method: "DELETE" }), again()))}>{t("models.remove")}</Sure>
      )}
      <Problem text={problem} />
    </li>
  );
}
