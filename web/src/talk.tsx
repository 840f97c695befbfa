// Talk: a conversation with a language model of this computer. What was good and bad is kept as lines of JSON that trainings read.
import { useEffect, useRef, useState } from "preact/hooks";
import { download, eventsOf, getJson, request, sendJson } from "./api";
import { Button, Copy, Problem, useLoaded } from "./parts";
import { keep, kept } from "./store";
import { t } from "./texts";

interface Message {
  role: "user" | "assistant";
  content: string;
  before?: string[]; // answers that were here before this one
  label?: boolean; // thumb up or down
  better?: boolean; // preferred to the one before
  cut?: boolean;
}

const asSent = (list: Message[]) => list.map(({ role, content }) => ({ role, content }));

export function TalkPage() {
  const models = useLoaded<{ data: { id: string; purpose: string; chat?: boolean }[] }>(() => getJson("/v1/catalog"), []);
  const chatting = (models.value?.data || []).filter((one: any) => one.here && one.chat);
  const [model, choose] = useState(kept("talk.model", ""));
  const [messages, setMessages] = useState<Message[]>(() => kept<Message[]>("talk", []).map((one) => (one.content ? one : { ...one, cut: true })));
  const [system, setSystem] = useState(kept("talk.system", ""));
  const [typed, type] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, say] = useState("");
  const stop = useRef<AbortController | null>(null);
  const end = useRef<HTMLDivElement>(null);
  const used = chatting.some((one) => one.id === model) ? model : chatting[0]?.id;
  useEffect(() => () => stop.current?.abort(), []);
  const put = (list: Message[]) => {
    setMessages(list);
    keep("talk", list);
  };

  const answer = async (list: Message[], before?: string[]) => {
    const mine = (stop.current = new AbortController());
    setBusy(true);
    say("");
    let content = "";
    const now = (cut: boolean): Message[] => [...list, { role: "assistant", content, ...(before ? { before } : {}), ...(cut ? { cut } : {}) }];
    put(now(true));
    try {
      const reply = await request("/v1/chat/completions", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
          model: used,
          stream: true,
          // Another answer needs another seed, and some chance.
          ...(before ? { seed: before.length, temperature: 0.8 } : { seed: 0 }),
          messages: [...(system ? [{ role: "system", content: system }] : []), ...asSent(list)],
        }),
        signal: mine.signal,
      });
      for await (const event of eventsOf(reply)) {
        if (event.data === "[DONE]") break;
        const part = JSON.parse(event.data);
        if (part.error) throw new Error(part.error.message);
        content += part.choices?.[0]?.delta?.content || "";
        setMessages(now(true));
        end.current?.scrollIntoView({ block: "nearest" });
      }
      put(now(false));
    } catch (error) {
      put(content || before ? now(true) : list);
      if (!mine.signal.aborted) say((error as Error).message);
    }
    setBusy(false);
  };

  const send = () => {
    const text = typed.trim();
    if (!text || busy || !used) return;
    type("");
    void answer([...messages, { role: "user", content: text }]);
  };

  const judge = async (at: number, what: { label?: boolean; better?: boolean }) => {
    const message = messages[at]!;
    try {
      await sendJson("/v1/feedback", {
        model: used,
        prompt: [...(system ? [{ role: "system", content: system }] : []), ...asSent(messages.slice(0, at))],
        ...(what.better
          ? { chosen: [{ role: "assistant", content: message.content }], rejected: [{ role: "assistant", content: message.before!.at(-1) }] }
          : { completion: [{ role: "assistant", content: message.content }], label: what.label }),
      });
      put(messages.map((one, i) => (i === at ? { ...one, ...what } : one)));
    } catch (error) {
      say((error as Error).message);
    }
  };

  return (
    <section class="talk">
      <div class="row head">
        <h2>{t("talk.title")}</h2>
        {chatting.length > 1 && (
          <select aria-label={t("talk.model")} value={used} onChange={(e) => (choose(e.currentTarget.value), keep("talk.model", e.currentTarget.value))}>
            {chatting.map((one) => <option key={one.id}>{one.id}</option>)}
          </select>
        )}
        {messages.length > 0 && <Button onClick={() => (stop.current?.abort(), put([]))}>{t("talk.new")}</Button>}
      </div>
      <Problem text={models.problem} />
      {models.value && !used && <p>{t("talk.none")} <a href="#/models">{t("nav.models")}</a></p>}
      <details>
        <summary>{t("talk.how")}</summary>
        <label class="field">{t("talk.system")} <textarea rows={2} value={system} onInput={(e) => (setSystem(e.currentTarget.value), keep("talk.system", e.currentTarget.value))} /></label>
        <p class="note">{t("talk.feedback")} {(["thumbs", "pairs"] as const).map((of) => (
          <button key={of} type="button" class="link" onClick={() => download("/v1/feedback?of=" + of, of + ".jsonl").catch((error) => say(error.message))}>{of}.jsonl</button>
        ))}</p>
      </details>
      <ol class="messages" aria-live="polite" aria-busy={busy}>
        {messages.map((one, i) => (
          <li key={i} class={one.role}>
            <span class="hidden">{one.role === "user" ? t("talk.you") : t("talk.it")}</span>
            <p class="text">{one.content || "…"}</p>
            {one.cut && !(busy && i === messages.length - 1) && <p class="note">{t("talk.cut")}</p>}
            {one.role === "assistant" && !(busy && i === messages.length - 1) && (
              <div class="row">
                <Button disabled={one.label !== undefined} aria-pressed={one.label === true} onClick={() => judge(i, { label: true })}>{t("talk.good")}</Button>
                <Button disabled={one.label !== undefined} aria-pressed={one.label === false} onClick={() => judge(i, { label: false })}>{t("talk.bad")}</Button>
                <Copy text={one.content} label={t("copy")} />
                {i === messages.length - 1 && <Button onClick={() => answer(messages.slice(0, i), [...(one.before || []), one.content].slice(-8))}>{t("talk.again")}</Button>}
                {one.before && one.before.length > 0 && (
                  <Button disabled={one.better} aria-pressed={!!one.better} onClick={() => judge(i, { better: true })}>{t("talk.better")}</Button>
                )}
              </div>
            )}
            {one.before && one.before.length > 0 && <details><summary>{t("talk.before")}</summary><p class="text">{one.before.at(-1)}</p></details>}
          </li>
        ))}
      </ol>
      <div ref={end} />
      <Problem text={problem} />
      <form class="row say" onSubmit={(e) => (e.preventDefault(), send())}>
        <textarea
          rows={2}
          aria-label={t("talk.say")}
          placeholder={t("talk.say")}
          value={typed}
          onInput={(e) => type(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key === "Enter" && !e.shiftKey) {
              e.preventDefault();
              send();
            }
          }}
        />
        {busy ? <Button onClick={() => stop.current?.abort()}>{t("talk.stop")}</Button> : <Button main type="submit" disabled={!typed.trim() || !used}>{t("talk.send")}</Button>}
      </form>
      <p class="note">{t("talk.careful")}</p>
    </section>
  );
}
