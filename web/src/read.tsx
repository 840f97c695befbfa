// Read: articles that pay who has read them. One publishes, offers, reads, answers and is paid.
import { useEffect, useState } from "preact/hooks";
import { getJson, request, sendJson } from "./api";
import { ChainBar, mine, sent, Signed, useWho } from "./chain";
import { Button, Problem, useAction, useLoaded } from "./parts";
import { useStore } from "./store";
import { number, t } from "./texts";
import { sendAs, type Who } from "./wallet";

interface Article {
  id: string;
  title: string;
  chain: number;
  reward: string;
  asked: number;
  needed: number;
  open: boolean;
  address?: string;
  counts?: Record<string, number>;
}
interface Section {
  text: string;
  token: string;
  last: boolean;
  seconds: number;
}
interface Quiz {
  questions: { question: string; options: string[] }[];
  seconds: number;
}
interface Outcome {
  right: number;
  passed: boolean;
}

export function ReadPage() {
  const changed = useStore(sent);
  const { value, problem, again } = useLoaded(() => mine<{ data: Article[] }>("/v1/articles"), [changed]);
  const { who, picker } = useWho(true);
  const [reading, read] = useState<{ article: Article; who: Who } | null>(null);
  if (value === null) return <section><h2>{t("read.title")}</h2><p class="note">{t("own.elsewhere")}</p></section>;
  if (reading) return <Reading {...reading} done={() => (read(null), again())} />;
  return (
    <section>
      <h2>{t("read.title")}</h2>
      <p>{t("read.about")}</p>
      <ChainBar />
      <Problem text={problem} />
      {picker}
      <div class="columns">
        <div>
          <h3>{t("read.articles")}</h3>
          {value?.data.length === 0 && <p class="note">{t("read.none")}</p>}
          <ul class="list">{value?.data.map((one) => <Row key={one.id} article={one} who={who} read={() => who && read({ article: one, who })} again={again} />)}</ul>
        </div>
        <div>
          <h3>{t("read.publish")}</h3>
          <Signed
            label={t("read.publish.do")}
            who={who}
            fields={[
              { name: "text", label: t("read.text"), kind: "area" },
              { name: "budget", label: t("read.budget"), value: "100", kind: "number" },
              { name: "reward", label: t("read.reward"), value: "1", kind: "number" },
            ]}
            send={(values, by) => sendAs(by, "/v1/articles", values)}
          >
            <p class="note">{t("read.publish.help")}</p>
          </Signed>
        </div>
      </div>
    </section>
  );
}

function Row({ article, who, read, again }: { article: Article; who: Who | undefined; read: () => void; again: () => void }) {
  const { busy, problem, run } = useAction();
  const change = (what: "open" | "close") =>
    run(async () => {
      if (what === "open") await sendAs(who!, `/v1/articles/${article.id}/open`, {});
      else await request(`/v1/articles/${article.id}/close`, { method: "POST" });
      again();
    });
  return (
    <li>
      <h4>{article.title || article.id}</h4>
      <p class="note">{t("read.terms", { reward: article.reward, needed: article.needed, asked: article.asked, chain: article.chain })}</p>
      {article.open && <p class="note">{t("read.at")} <a href={article.address} target="_blank" rel="noreferrer">{article.address}</a></p>}
      {article.counts && <p class="note">{t("read.counts", { passed: article.counts.passed ?? 0, failed: article.counts.failed ?? 0 })}</p>}
      <div class="row">
        {article.open && <Button main disabled={!who} onClick={read}>{t("read.read")}</Button>}
        {article.open ? <Button disabled={busy} onClick={() => change("close")}>{t("read.close")}</Button> : <Button disabled={busy || !who} onClick={() => change("open")}>{t("read.open")}</Button>}
      </div>
      <Problem text={problem} />
    </li>
  );
}

/** Section after section, each as long as reading takes; then the questions, once; then the money. */
function Reading({ article, who, done }: { article: Article; who: Who; done: () => void }) {
  const base = "/v1/articles/" + article.id;
  const [session, begin] = useState<{ session: string; sections: number } | null>(null);
  const [section, show] = useState<(Section & { at: number }) | null>(null);
  const [left, wait] = useState(0);
  const [quiz, ask] = useState<Quiz | null>(null);
  const [answers, answer] = useState<number[]>([]);
  const [outcome, told] = useState<Outcome | null>(null);
  const [paid, pay] = useState("");
  const { busy, problem, run } = useAction();
  const load = async (id: string, at: number, token: string) => {
    const next: Section = await getJson(`${base}/sessions/${id}/sections/${at}?token=${encodeURIComponent(token)}`);
    show({ ...next, at });
    wait(Math.ceil(next.seconds));
    scrollTo(0, 0);
  };
  useEffect(() => {
    void run(async () => {
      const begun = await sendAs(who, base + "/sessions", {});
      begin(begun);
      await load(begun.session, 0, begun.token);
    });
  }, []);
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(() => wait(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  const next = () =>
    run(async () => {
      if (!section!.last) return load(session!.session, section!.at + 1, section!.token);
      ask(await getJson(`${base}/sessions/${session!.session}/quiz?token=${encodeURIComponent(section!.token)}`));
      show(null);
    });
  return (
    <section class="talk">
      <div class="row head"><h2>{article.title}</h2><Button onClick={done}>{t("read.back")}</Button></div>
      <Problem text={problem} />
      {section && (
        <>
          <p class="note">{t("read.section", { at: section.at + 1, of: session!.sections })}</p>
          <p class="text article">{section.text}</p>
          <Button main disabled={busy || left > 0} onClick={next}>{left > 0 ? t("read.wait", { n: left }) : t(section.last ? "read.quiz" : "read.next")}</Button>
        </>
      )}
      {quiz && !outcome && (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void run(async () => told(await sendJson(`${base}/sessions/${session!.session}/answers`, { answers: quiz.questions.map((_, i) => answers[i] ?? -1) })));
          }}
        >
          <p class="note">{t("read.once", { needed: article.needed, asked: article.asked, time: number(quiz.seconds / 60) })}</p>
          {quiz.questions.map((one, i) => (
            <fieldset key={i}>
              <legend class="text">{one.question}</legend>
              {one.options.map((option, at) => (
                <label key={at} class="check">
                  <input type="radio" name={"q" + i} checked={answers[i] === at} onChange={() => answer(quiz.questions.map((_, k) => (k === i ? at : answers[k] ?? -1)))} /> <span>{option}</span>
                </label>
              ))}
            </fieldset>
          ))}
          <Button main type="submit" disabled={busy}>{t("read.answer")}</Button>
        </form>
      )}
      {outcome && (
        <div class={"verdict " + (outcome.passed ? "valid" : "changed")} role="status">
          <h3>{t(outcome.passed ? "read.passed" : "read.failed", { right: outcome.right, asked: article.asked })}</h3>
          {outcome.passed && !paid && <Button main disabled={busy} onClick={() => run(async () => pay((await sendAs(who, base + "/claim", {})).paid))}>{t("read.claim", { reward: article.reward })}</Button>}
          {paid && <p>{t("read.paid", { sum: paid })}</p>}
        </div>
      )}
    </section>
  );
}
