// A work and what can be done with it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { download, getJson, request, sendJson, type Fields, type Job, type Output } from "./api";
import { words } from "./form";
import { cancel, isOpen, jobs, news, previews, submit, titleOf, works, written } from "./jobs";
import { Object3d } from "./object";
import { Button, Picture, Problem, Sure, useAction, useBlob, useLoaded } from "./parts";
import { Program } from "./program";
import { go, useAgain } from "./route";
import { Receipt } from "./receipt";
import { Mint } from "./tokens";
import { keep, kept, Store, useStore } from "./store";
import { bytesText, dateText, number, secondsText, t } from "./texts";

export const fileOf = (job: Job, ...kinds: string[]): Output | undefined => job.outputs.find((one) => kinds.includes(one.name.split(".").pop()!));
/** The picture that shows a work at a glance. */
export const faceOf = (job: Job): Output | undefined => job.outputs.find((one) => one.name === "picture.png") || fileOf(job, "png", "webp", "gif", "jpg");

const STATES = { queued: "state.queued", in_progress: "state.running", completed: "state.done", failed: "state.failed", cancelled: "state.cancelled" } as const;
export const stateOf = (job: Job): string => t(STATES[job.status]);

export function Progress({ job }: { job: Job }) {
  const title = titleOf(job);
  const preview = useStore(previews).get(job.id);
  const text = useStore(written).get(job.id);
  const { problem, run } = useAction();
  return (
    <div class="progress">
      {preview && <Picture url={preview} alt={t("preview.of", { title })} class="still" />}
      {text && <p class="text">{text}</p>}
      <progress max="100" value={job.status === "in_progress" && job.progress > 0 ? job.progress : undefined} aria-label={t("progress.of", { title })} />
      <p class="note">
        {job.status === "queued"
          ? t("queue.place", { place: job.place || 1 }) + (job.eta_seconds ? ", " + t("queue.eta", { time: secondsText(job.eta_seconds) }) : "")
          : (job.stage ? job.stage + ", " : "") + job.progress + " %"}
      </p>
      <Button onClick={() => run(() => cancel(job.id))}>{t("cancel")}</Button>
      <Problem text={problem} />
    </div>
  );
}

/** A player, and the words under it: the one that is said is marked. */
function Sound({ job, sound }: { job: Job; sound: Output }) {
  const { blob, problem } = useBlob(sound.url);
  const [now, set] = useState(-1);
  const spoken = useMemo(() => ((job.facts?.words || []) as { written: string; begin: number }[]).filter((one) => one.written).slice(0, 5000), [job.id]);
  return (
    <>
      <audio
        controls
        src={blob}
        onTimeUpdate={(e) => {
          let at = -1;
          while (at + 1 < spoken.length && spoken[at + 1]!.begin <= e.currentTarget.currentTime) ++at;
          set(at);
        }}
      />
      <Problem text={problem} />
      {spoken.length > 0 && <p class="text">{spoken.map((one, i) => <span key={i} class={i === now ? "said" : ""}>{one.written + " "}</span>)}</p>}
    </>
  );
}

/** What the words of a text express, as bars; and that a machine guessed it. */
function Emotions({ facts }: { facts: any }) {
  return (
    <>
      {facts.texts.slice(0, 50).map((one: any, i: number) => (
        <dl key={i} class="bars">
          {one.ekman.slice(0, 5).map((guess: any) => (
            <>
              <dt>{guess.emotion}</dt>
              <dd><meter min="0" max="1" value={guess.probability} aria-label={guess.emotion} /> {number(100 * guess.probability)} %</dd>
            </>
          ))}
        </dl>
      ))}
      <p class="note">{facts.notice}</p>
    </>
  );
}

/** A source as it is. */
function Source({ file }: { file: Output }) {
  const { value, problem } = useLoaded(async () => (await request(file.url)).text(), [file.url]);
  return (
    <details open={!/^Base|\.t\./.test(file.name)}>
      <summary>{file.name}</summary>
      <Problem text={problem} />
      <pre tabIndex={0}><code>{value}</code></pre>
    </details>
  );
}

/** What was made, as large as there is room. */
export function Shown({ job, pictureFirst }: { job: Job; pictureFirst?: boolean }) {
  const object = fileOf(job, "glb");
  const sound = fileOf(job, "wav");
  const face = faceOf(job);
  const title = titleOf(job);
  const [turned, turn] = useState(false);
  return (
    <div class="shown">
      {face && (!object || pictureFirst) && <Picture url={face.url} alt={title} class="still" />}
      {object && pictureFirst && face && !turned && <Button onClick={() => turn(true)}>{t("work.turn")}</Button>}
      {object && (!pictureFirst || !face || turned) && <Object3d url={object.url} label={title} scene={job.kind === "scene"} spin={job.kind !== "scene"} />}
      {face && object && !pictureFirst && <Picture url={face.url} alt={title} class="still" />}
      {sound && <Sound job={job} sound={sound} />}
      {job.facts?.notice && Array.isArray(job.facts.texts) && <Emotions facts={job.facts} />}
      {job.outputs.filter((one) => /\.(sol|md)$/.test(one.name)).map((one) => <Source key={one.url} file={one} />)}
      {typeof job.facts?.text === "string" && <p class="text">{(job.kind === "generate" ? String(job.request?.prompt || "") : "") + job.facts.text}</p>}
    </div>
  );
}

/** Counts up when the form gets other values from elsewhere. */
export const edited = new Store(0);
/** Opens the form of a kind with these values. */
export function edit(kind: string, fields: Fields): void {
  keep("form", { kind, fields }, sessionStorage);
  keep("making", undefined, sessionStorage);
  edited.set(edited.value + 1);
  go("make");
}

export function Ended({ job }: { job: Job }) {
  const { busy, problem, run } = useAction();
  return (
    <>
      <Problem text={job.error?.message} />
      <div class="row">
        <Button disabled={busy} onClick={() => run(async () => go("works/" + (await submit(job.kind, job.request!)).id))}>{t("retry")}</Button>
        <Button onClick={() => edit(job.kind, job.request!)}>{t("edit")}</Button>
      </div>
      <Problem text={problem} />
    </>
  );
}

function Marks({ job, changed }: { job: Job; changed: () => void }) {
  const [tags, type] = useState((job.marks?.tags || []).join(", "));
  const [board, name] = useState("");
  const all = useLoaded<{ boards: Record<string, number> }>(() => getJson("/v1/works?limit=1"), [job]);
  const { problem, run } = useAction();
  const boards = job.marks?.boards || [];
  const put = (star: boolean, text: string, on: string[] = boards) =>
    run(async () => {
      const list = text.split(",").map((one) => one.trim()).filter((one) => one);
      await sendJson("/v1/works/" + job.id + "/marks", { star, tags: list, boards: on }, { method: "PUT" });
      changed();
    });
  return (
    <>
      <div class="row">
        <Button aria-pressed={!!job.marks?.star} onClick={() => put(!job.marks?.star, tags)}>{(job.marks?.star ? "★ " : "☆ ") + t("work.star")}</Button>
        <label class="inline">
          {t("work.tags")}{" "}
          <input type="text" value={tags} placeholder={t("work.tags.example")} onInput={(e) => type(e.currentTarget.value)} onChange={(e) => put(!!job.marks?.star, e.currentTarget.value)} />
        </label>
      </div>
      <form
        class="row"
        onSubmit={(e) => {
          e.preventDefault();
          if (board.trim()) void put(!!job.marks?.star, tags, [...boards, board.trim()]).then(() => name(""));
        }}
      >
        <label class="inline">
          {t("board.add")} <input type="text" list="boards" value={board} placeholder={t("board.example")} onInput={(e) => name(e.currentTarget.value)} />
        </label>
        <datalist id="boards">{Object.keys(all.value?.boards || {}).map((one) => <option key={one} value={one} />)}</datalist>
        <Button type="submit" disabled={!board.trim()}>{t("board.put")}</Button>
        {boards.map((one) => (
          <Button key={one} aria-label={t("board.off", { board: one })} onClick={() => put(!!job.marks?.star, tags, boards.filter((other) => other !== one))}>{one} ×</Button>
        ))}
      </form>
      <Problem text={problem} />
    </>
  );
}

function Sign({ job, changed }: { job: Job; changed: () => void }) {
  const { value } = useLoaded<{ data: { name: string; locked: boolean }[] }>(() => getJson("/v1/keyring"), []);
  const [name, choose] = useState("");
  const [passphrase, type] = useState("");
  const { busy, problem, run } = useAction();
  if (!value) return null; // on a server with many users nobody signs with its keys
  const key = value.data.find((one) => one.name === name) || value.data[0];
  if (!key) return <p class="note"><a href="#/own">{t("sign.none")}</a></p>;
  return (
    <form
      class="row"
      onSubmit={(e) => {
        e.preventDefault();
        void run(async () => {
          await sendJson("/v1/works/" + job.id + "/sign", { key: key.name, passphrase });
          type("");
          news.set(t("sign.done"));
          changed();
        });
      }}
    >
      <label class="inline">
        {t("sign.key")}{" "}
        <select value={key.name} onChange={(e) => choose(e.currentTarget.value)}>
          {value.data.map((one) => <option key={one.name}>{one.name}</option>)}
        </select>
      </label>
      {key.locked && (
        <label class="inline">
          {t("own.passphrase")} <input type="password" autocomplete="off" value={passphrase} onInput={(e) => type(e.currentTarget.value)} />
        </label>
      )}
      <Button type="submit" disabled={busy}>{t("sign.do")}</Button>
      <Problem text={problem} />
    </form>
  );
}

function Files({ files }: { files: Output[] }) {
  const { problem, run } = useAction();
  return (
    <ul class="files">
      {files.map((one) => (
        <li key={one.url}>
          <a
            href={one.url}
            onClick={(e) => {
              e.preventDefault();
              void run(() => download(one.url, one.name));
            }}
          >
            {one.name}
          </a>{" "}
          <span class="note">{bytesText(one.bytes)}</span>
        </li>
      ))}
      {problem && <li><Problem text={problem} /></li>}
    </ul>
  );
}

/** Another work like it: the next seed. */
function nextSeed(fields: Fields): Fields {
  const seed = Number(fields.seed ?? 0);
  return { ...fields, seed: Number.isSafeInteger(seed) && seed >= 0 ? seed + 1 : 1 };
}

export function WorkActions({ job }: { job: Job }) {
  const { problem, run } = useAction();
  const picture = faceOf(job);
  const object = fileOf(job, "glb");
  const seeded = job.request && "seed" in job.request;
  const of = picture && job.id + "/" + picture.name;
  return (
    <>
      <div class="row">
        {seeded && <Button onClick={() => run(async () => go("works/" + (await submit(job.kind, nextSeed(job.request!))).id))}>{t("work.variation")}</Button>}
        <Button onClick={() => edit(job.kind, job.request!)}>{t("edit")}</Button>
        {of && !object && <Button onClick={() => edit("object", { picture: of })}>{t("work.object")}</Button>}
        {of && !object && <Button onClick={() => edit("create", { prompt: titleOf(job), from: of })}>{t("work.redraw")}</Button>}
        {of && !object && <Button onClick={() => run(async () => go("works/" + (await submit("upscale", { picture: of })).id))}>{t("work.upscale")}</Button>}
        {object && <Button onClick={() => edit("texture", { mesh: job.id + "/" + object.name })}>{t("work.texture")}</Button>}
        {object && <Button onClick={() => edit("convert", { mesh: job.id + "/" + object.name })}>{t("work.convert")}</Button>}
        {typeof job.facts?.text === "string" && <Button onClick={() => edit("say", { text: job.facts.text })}>{t("work.say")}</Button>}
      </div>
      <Problem text={problem} />
    </>
  );
}

export function WorkPage({ id }: { id: string }) {
  const known = useStore(jobs).get(id);
  const done = useStore(works);
  const { value, problem, again } = useLoaded<Job>(() => getJson("/v1/works/" + id), [id, known?.status, done]);
  const { problem: gone, run } = useAction();
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), [id]);
  useAgain();
  const job = known && isOpen(known) ? known : value;
  if (!job) return <section>{problem ? <Problem text={problem} /> : <p class="note">{t("loading")}</p>}</section>;
  const receipt = job.outputs.find((one) => one.name === "receipt.json");
  const program = fileOf(job, "shape");
  const other = kept<string>("compare", "", sessionStorage);
  return (
    <section class="work">
      <h2 tabIndex={-1} ref={title}>{titleOf(job)}</h2>
      <p class="note">
        {job.kind}, {stateOf(job)}
        {job.seconds !== undefined && " " + t("work.in", { time: secondsText(job.seconds) })}, {dateText(job.created_at)}
      </p>
      {isOpen(job) && <Progress job={job} />}
      {(job.status === "failed" || job.status === "cancelled") && <Ended job={job} />}
      {job.status === "completed" && (
        <div class="columns">
          <Shown job={job} />
          <div>
            <WorkActions job={job} />
            <Marks key={job.id} job={job} changed={again} />
            {program && <Program job={job} program={program} />}
            <h3>{t("work.files")}</h3>
            <Files files={job.outputs} />
            {job.marks && job.marks.signed.length > 0 && (
              <>
                <h3>{t("work.signed")}</h3>
                <Files files={job.marks.signed} />
              </>
            )}
            <Sign job={job} changed={again} />
            <Mint job={job} changed={again} />
            {receipt && <Receipt receipt={receipt} signed={job.marks?.signed.find((one) => one.name === "receipt.json")} />}
            <div class="row">
              <Button onClick={() => keep("compare", job.id, sessionStorage)} aria-describedby="compare-help">{t("work.compare.first")}</Button>
              {other && other !== job.id && <Button onClick={() => go(`compare/${other}/${job.id}`)}>{t("work.compare.with")}</Button>}
              <Button onClick={() => go("code/" + job.id)}>{t("work.code")}</Button>
              <Sure
                ask={t("work.bin.sure")}
                onSure={() =>
                  run(async () => {
                    await request("/v1/jobs/" + job.id, { method: "DELETE" });
                    const left = new Map(jobs.value);
                    left.delete(job.id);
                    jobs.set(left);
                    works.set(works.value + 1);
                    go("keep");
                  })
                }
              >
                {t("work.bin")}
              </Sure>
            </div>
            <Problem text={gone} />
          </div>
        </div>
      )}
    </section>
  );
}

/** Two works beside each other, and in what their requests differ. */
export function ComparePage({ ids }: { ids: [string, string] }) {
  const one = useLoaded<Job>(() => getJson("/v1/works/" + ids[0]), ids);
  const two = useLoaded<Job>(() => getJson("/v1/works/" + ids[1]), ids);
  const [a, b] = [one.value, two.value];
  if (!a || !b) return <section><Problem text={one.problem || two.problem} /></section>;
  const text = (v: unknown) => (v === undefined ? "–" : typeof v === "object" ? JSON.stringify(v) : String(v));
  const names = [...new Set([...Object.keys(a.request || {}), ...Object.keys(b.request || {})])].filter((name) => text(a.request?.[name]) !== text(b.request?.[name]));
  return (
    <section>
      <h2>{t("compare.title")}</h2>
      <div class="two">
        {[a, b].map((job) => (
          <article key={job.id}>
            <h3><a href={"#/works/" + job.id}>{titleOf(job)}</a></h3>
            <Shown job={job} />
          </article>
        ))}
      </div>
      {names.length === 0 && a.kind === b.kind && <p>{t("compare.same")}</p>}
      {(names.length > 0 || a.kind !== b.kind) && (
        <table>
          <thead>
            <tr><th scope="col">{t("compare.option")}</th><th scope="col">{a.id}</th><th scope="col">{b.id}</th></tr>
          </thead>
          <tbody>
            {a.kind !== b.kind && <tr><th scope="row">{t("receipt.kind")}</th><td>{a.kind}</td><td>{b.kind}</td></tr>}
            {names.map((name) => (
              <tr key={name}><th scope="row">{words(name)}</th><td>{text(a.request?.[name])}</td><td>{text(b.request?.[name])}</td></tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

