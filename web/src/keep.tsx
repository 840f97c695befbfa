// Keep: all works, found by words or by meaning; the bin.
import { useEffect, useState } from "preact/hooks";
import { getJson, request, sendJson, type Job } from "./api";
import { Cards } from "./cards";
import { works } from "./jobs";
import { recall } from "./make";
import { Button, Problem, Sure, useAction, useLoaded } from "./parts";
import { go } from "./route";
import { useStore } from "./store";
import { number, t } from "./texts";

interface Found {
  data: Job[];
  has_more: boolean;
  tags: string[];
  boards: Record<string, number>;
  kinds: string[];
}

export function KeepPage() {
  const [typed, type] = useState("");
  const [query, ask] = useState("");
  const [by, setBy] = useState("words");
  const [star, setStar] = useState(false);
  const [tag, setTag] = useState("");
  const [kind, setKind] = useState("");
  const [board, setBoard] = useState("");
  const [renamed, rename] = useState<string | null>(null);
  const [limit, setLimit] = useState(60);
  const [chosen, setChosen] = useState<string[]>([]);
  const done = useStore(works);
  const { problem: dropped, run } = useAction();
  useEffect(() => {
    const timer = setTimeout(() => ask(typed.trim()), by === "meaning" ? 400 : 120);
    return () => clearTimeout(timer);
  }, [typed, by]);
  const search = new URLSearchParams({ limit: String(limit) });
  if (query) search.set("q", query), search.set("by", by);
  if (star) search.set("star", "true");
  if (tag) search.set("tag", tag);
  if (kind) search.set("kind", kind);
  if (board) search.set("board", board);
  const { value, problem, again } = useLoaded<Found>(() => getJson("/v1/works?" + search), [search.toString(), done]);
  const choose = (id: string) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen.slice(-1), id]);
  return (
    <section
      onDragOver={(e) => e.preventDefault()}
      onDrop={(e) => {
        e.preventDefault();
        const file = e.dataTransfer?.files[0];
        if (file) void run(async () => { if (!(await recall(file))) throw new Error(t("keep.recall.none")); });
      }}
    >
      <div class="row head">
        <h2>{t("keep.title")}</h2>
        <a href="#/bin">{t("bin.title")}</a>
      </div>
      <form class="row search" role="search" onSubmit={(e) => (e.preventDefault(), ask(typed.trim()))}>
        <input type="search" aria-label={t("keep.search")} placeholder={t("keep.search")} value={typed} onInput={(e) => type(e.currentTarget.value)} />
        <select aria-label={t("keep.by")} value={by} onChange={(e) => setBy(e.currentTarget.value)}>
          <option value="words">{t("keep.by.words")}</option>
          <option value="meaning">{t("keep.by.meaning")}</option>
        </select>
        <select aria-label={t("receipt.kind")} value={kind} onChange={(e) => setKind(e.currentTarget.value)}>
          <option value="">{t("keep.kinds")}</option>
          {value?.kinds.map((one) => <option key={one}>{one}</option>)}
        </select>
        <select aria-label={t("work.tags")} value={tag} onChange={(e) => setTag(e.currentTarget.value)}>
          <option value="">{t("keep.tags")}</option>
          {value?.tags.map((one) => <option key={one}>{one}</option>)}
        </select>
        <Button aria-pressed={star} onClick={() => setStar(!star)}>★ {t("keep.starred")}</Button>
      </form>
      <Problem text={problem || dropped} />
      {value && Object.keys(value.boards).length > 0 && (
        <div class="chips boards" role="group" aria-label={t("board.title")}>
          {Object.entries(value.boards).map(([name, n]) => (
            <Button key={name} aria-pressed={name === board} onClick={() => (setBoard(name === board ? "" : name), rename(null))}>{name} ({number(n)})</Button>
          ))}
        </div>
      )}
      {board && (
        <form
          class="row"
          onSubmit={(e) => {
            e.preventDefault();
            const name = (renamed ?? board).trim();
            if (name) void run(async () => (await sendJson("/v1/boards", { board, name }), setBoard(name), rename(null), again()));
          }}
        >
          <label class="inline">{t("board.name")} <input type="text" value={renamed ?? board} onInput={(e) => rename(e.currentTarget.value)} /></label>
          <Button type="submit" disabled={!renamed?.trim() || renamed === board}>{t("board.rename")}</Button>
          <Sure ask={t("board.sure")} onSure={() => run(async () => (await sendJson("/v1/boards", { board }), setBoard(""), again()))}>{t("board.remove")}</Sure>
        </form>
      )}
      <div class="row">
        <label class="button">
          {t("keep.recall")}
          <input
            type="file"
            class="hidden"
            onChange={(e) => {
              const file = e.currentTarget.files?.[0];
              if (file) void run(async () => { if (!(await recall(file))) throw new Error(t("keep.recall.none")); });
            }}
          />
        </label>
        <Button disabled={chosen.length !== 2} onClick={() => go("compare/" + chosen.join("/"))}>{t("keep.compare", { n: chosen.length })}</Button>
      </div>
      {value && value.data.length === 0 && <p class="note">{query || star || tag || kind || board ? t("keep.none") : t("keep.nothing")}</p>}
      {value && <Cards list={value.data} chosen={chosen} choose={choose} />}
      {value?.has_more && <Button onClick={() => setLimit(Math.min(200, limit + 60))} hidden={limit >= 200}>{t("keep.more")}</Button>}
      {value?.has_more && limit >= 200 && <p class="note">{t("keep.refine")}</p>}
    </section>
  );
}

export function BinPage() {
  const { value, problem, again } = useLoaded<{ data: Job[] }>(() => getJson("/v1/bin?limit=200"), []);
  const { problem: failed, run } = useAction();
  const list = (value?.data || []).filter((job) => job.request);
  return (
    <section>
      <h2>{t("bin.title")}</h2>
      <p class="note">{t("bin.help")}</p>
      <Problem text={problem || failed} />
      {value && list.length === 0 && <p class="note">{t("bin.empty")}</p>}
      <ul class="list">
        {list.map((job) => (
          <li key={job.id}>
            <Cards list={[job]} />
            <Button
              onClick={() =>
                run(async () => {
                  await request("/v1/jobs/" + job.id + "/restore", { method: "POST" });
                  works.set(works.value + 1);
                  again();
                })
              }
            >
              {t("bin.restore")}
            </Button>
          </li>
        ))}
      </ul>
      {list.length > 0 && (
        <Sure ask={t("bin.sure", { n: list.length })} onSure={() => run(async () => (await request("/v1/bin", { method: "DELETE" }), again()))}>
          {t("bin.clear")}
        </Sure>
      )}
    </section>
  );
}
