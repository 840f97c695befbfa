// Community: a treasury that only votes can move, bounties, and markets on what will be; what `ptah dao` does.
import { getJson, sendJson } from "./api";
import { ChainBar, mine, sent, Signed, useChain, useWho } from "./chain";
import { Button, Copy, Problem, useAction, useLoaded } from "./parts";
import { go } from "./route";
import { useStore } from "./store";
import { dateText, number, t } from "./texts";
import { sendAs, type Who } from "./wallet";

interface Named {
  id: string;
  name: string;
  chain: number;
}
interface Proposal {
  proposal: string;
  words: string;
  proposer: string;
  state: string;
  for: string;
  against: string;
  begins: number;
  ends: number;
  effective: number;
  calls: string[];
}
interface Bounty {
  job: number;
  brief: string;
  judge: string;
  worker: string | null;
  deadline: number;
  remaining: string;
  closed: boolean;
  handed_in: { worker: string; work: string; release_from: number; objected: boolean }[];
}
interface Market {
  market: number;
  question: string;
  closes: number;
  named: string;
  settles_from: number;
  outcome: string;
  chance: string;
}
interface Member {
  name: string;
  address: string;
  tokens: string;
  votes: string;
}
interface Community extends Named {
  treasury: string;
  proposals: Proposal[];
  jobs: Bounty[];
  markets: Market[];
  members: Member[];
  now: number;
}

const short = (text: string): string => (text.length > 14 ? text.slice(0, 12) + "…" : text);

export function CommunityPage({ id }: { id: string | undefined }) {
  const changed = useStore(sent);
  const { value, problem, again } = useLoaded(() => mine<{ data: Named[] }>("/v1/communities"), [changed]);
  const { problem: failed, run } = useAction();
  const { who, picker } = useWho();
  const found = useWho(true);
  if (value === null) return <section><h2>{t("dao.title")}</h2><p class="note">{t("own.elsewhere")}</p></section>;
  const chosen = value?.data.find((one) => one.id === id);
  return (
    <section>
      <h2>{t("dao.title")}</h2>
      <p>{t("dao.about")}</p>
      <ChainBar time />
      <Problem text={problem || failed} />
      {value && value.data.length > 0 && (
        <div class="chips" role="group" aria-label={t("dao.title")}>
          {value.data.map((one) => <Button key={one.id} aria-pressed={one.id === id} onClick={() => go("community/" + one.id)}>{one.name}</Button>)}
        </div>
      )}
      {chosen && <>{picker}<One id={chosen.id} who={who} /></>}
      <details open={value?.data.length === 0}>
        <summary>{t("dao.found")}</summary>
        {found.picker}
        <Signed
          label={t("dao.found.do")}
          who={found.who}
          fields={[
            { name: "name", label: t("own.name") },
            { name: "symbol", label: t("dao.symbol") },
            { name: "shares", label: t("dao.shares"), kind: "area", value: found.who ? found.who.key + " 1000" : "" },
            { name: "treasury", label: t("dao.treasury.start"), value: "1000", kind: "number" },
            { name: "quorum", label: t("dao.quorum"), value: "20", kind: "number" },
            { name: "delay", label: t("dao.delay"), value: "1h" },
            { name: "period", label: t("dao.period"), value: "1d" },
            { name: "wait", label: t("dao.wait"), value: "1d" },
          ]}
          send={async (values, by) => {
            const shares = values.shares!.split("\n").filter((one) => one.trim()).map((one) => {
              const [who, amount] = one.trim().split(/[\s=]+/);
              return { who, amount: amount || "" };
            });
            const made = await sendAs(by, "/v1/communities", { ...values, shares });
            again();
            go("community/" + made.id);
          }}
        >
          <p class="note">{t("dao.found.help")}</p>
        </Signed>
        <label class="button">
          {t("dao.open")}
          <input
            type="file"
            class="hidden"
            onChange={(e) => {
              const file = e.currentTarget.files?.[0];
              if (file) void run(async () => { go("community/" + (await sendJson("/v1/communities", { community: JSON.parse(await file.text()) })).id); again(); });
            }}
          />
        </label>
      </details>
    </section>
  );
}

function One({ id, who }: { id: string; who: Who | undefined }) {
  const changed = useStore(sent);
  const { chain } = useChain();
  const account = who?.wallet && who.account ? "?wallet=" + who.account : "";
  const { value: c, problem, again } = useLoaded<Community | null>(() => (chain?.running ? getJson("/v1/communities/" + id + account) : Promise.resolve(null)), [id, changed, chain?.running, account]);
  const { busy, problem: failed, run } = useAction();
  if (!c) return <Problem text={problem} />;
  const act = (action: string, body: Record<string, unknown>, by: Who) => sendAs(by, `/v1/communities/${id}/${action}`, body);
  const press = (action: string, body: Record<string, unknown> = {}) => () =>
    run(async () => {
      if (!who) throw new Error(t("sign.none"));
      await act(action, body, who);
      sent.set(sent.value + 1);
      again();
    });
  const Act = ({ action, body, label, main }: { action: string; body?: Record<string, unknown>; label: string; main?: boolean }) => (
    <Button main={main} disabled={busy || !who} onClick={press(action, body)}>{label}</Button>
  );
  const me = c.members.find((one) => (who?.wallet ? one.address.toLowerCase() === who.account?.toLowerCase() : one.name === who?.key));
  const key = me?.name || me?.address || "";
  return (
    <>
      <dl>
        <dt>{t("dao.treasury")}</dt><dd>{t("dao.tokens", { n: c.treasury })}</dd>
        {me && <><dt>{t("dao.yours")}</dt><dd>{t("dao.have", { tokens: me.tokens, votes: me.votes })} <Copy text={me.address} label={t("copy")} /></dd></>}
      </dl>
      {me && me.votes === "0" && me.tokens !== "0" && <p>{t("dao.delegate.why")} <Act action="delegate" label={t("dao.delegate")} main /></p>}
      <Problem text={problem || failed} />
      <div class="columns">
        <div>
          <h3>{t("dao.proposals")}</h3>
          {c.proposals.length === 0 && <p class="note">{t("dao.nothing")}</p>}
          <ul class="list">
            {c.proposals.map((one) => (
              <li key={one.proposal}>
                <h4>{one.words}</h4>
                <p class="note">{one.state}, {t("dao.votes", { for: one.for, against: one.against })}, {t("dao.until", { time: dateText(one.ends) })}</p>
                <ul>{one.calls.map((call, i) => <li key={i}>{call}</li>)}</ul>
                <div class="row">
                  {one.state === "active" && <Act action="vote" body={{ proposal: one.proposal, choice: "for" }} label={t("dao.for")} main />}
                  {one.state === "active" && <Act action="vote" body={{ proposal: one.proposal, choice: "against" }} label={t("dao.against")} />}
                  {one.state === "succeeded" && <Act action="queue" body={{ proposal: one.proposal }} label={t("dao.queue")} main />}
                  {one.state === "queued" && <Act action="execute" body={{ proposal: one.proposal }} label={t("dao.execute")} main />}
                </div>
                {one.state === "pending" && <p class="note">{t("dao.begins", { time: dateText(one.begins) })}</p>}
                {one.state === "queued" && <p class="note">{t("dao.effective", { time: dateText(one.effective) })}</p>}
              </li>
            ))}
          </ul>
          <details>
            <summary>{t("dao.propose")}</summary>
            <Signed
              label={t("dao.propose.do")}
              who={who}
              fields={[{ name: "propose", label: t("dao.words"), kind: "area" }, { name: "to", label: t("dao.pay.to") }, { name: "amount", label: t("dao.amount"), kind: "number" }]}
              send={(values, by) => act("pay", values, by)}
            />
          </details>
        </div>
        <div>
          <h3>{t("dao.bounties")}</h3>
          {c.jobs.length === 0 && <p class="note">{t("dao.nothing")}</p>}
          <ul class="list">
            {c.jobs.map((one) => (
              <li key={one.job}>
                <h4>{one.brief}</h4>
                <p class="note">{one.closed ? t("dao.closed") : t("dao.left", { n: one.remaining }) + ", " + t("dao.until", { time: dateText(one.deadline) })}, {t("dao.judge", { who: short(one.judge) })}</p>
                {one.handed_in.map((work) => (
                  <div key={work.worker}>
                    <p class="note">{t("dao.handed", { who: short(work.worker), work: short(work.work) })}</p>
                    <div class="row">
                      <Act action="accept" body={{ job: one.job, worker: work.worker }} label={t("dao.accept")} main />
                      <Act action="reject" body={{ job: one.job, worker: work.worker }} label={t("dao.reject")} />
                    </div>
                  </div>
                ))}
                {!one.closed && (
                  <details>
                    <summary>{t("dao.hand")}</summary>
                    <Signed label={t("dao.hand.do")} who={who} fields={[{ name: "work", label: t("dao.work") }]} send={(values, by) => act("submit", { ...values, job: one.job }, by)} />
                  </details>
                )}
              </li>
            ))}
          </ul>
          <details>
            <summary>{t("dao.bounty")}</summary>
            <Signed
              label={t("dao.bounty.do")}
              who={who}
              fields={[
                { name: "brief", label: t("dao.brief"), kind: "area" },
                { name: "amount", label: t("dao.amount"), kind: "number" },
                { name: "judge", label: t("dao.judged"), value: key },
                { name: "deadline", label: t("dao.deadline"), value: "30d" },
                { name: "propose", label: t("dao.treasury.pays"), optional: true },
              ]}
              send={(values, by) => act("job", values, by)}
            />
          </details>
          <h3>{t("dao.markets")}</h3>
          {c.markets.length === 0 && <p class="note">{t("dao.nothing")}</p>}
          <ul class="list">
            {c.markets.map((one) => (
              <li key={one.market}>
                <h4>{one.question}</h4>
                <p class="note">
                  {one.outcome !== "open" ? t("dao.settled", { outcome: one.outcome }) : t("dao.chance", { n: number(Number(one.chance) / 1e4, 1) }) + ", " + t("dao.until", { time: dateText(one.closes) })}
                  {one.outcome === "open" && one.named !== "open" && ", " + t("dao.named", { outcome: one.named, time: dateText(one.settles_from) })}
                </p>
                {one.outcome === "open" && one.closes > c.now && (
                  <Signed label={t("dao.buy")} who={who} fields={[{ name: "side", label: t("dao.side"), value: "yes", choices: ["yes", "no"] }, { name: "tokens", label: t("dao.amount"), kind: "number" }]} send={(values, by) => act("buy", { ...values, market: one.market }, by)} />
                )}
                <div class="row">
                  {one.outcome === "open" && one.named === "open" && one.closes <= c.now &&
                    (["yes", "no"] as const).map((outcome) => <Act key={outcome} action="name" body={{ market: one.market, outcome }} label={t("dao.name", { outcome })} />)}
                  {one.outcome === "open" && one.named !== "open" && one.settles_from > c.now && <Act action="dispute" body={{ market: one.market }} label={t("dao.dispute")} />}
                  {one.outcome === "open" && one.named !== "open" && one.settles_from <= c.now && <Act action="settle" body={{ market: one.market }} label={t("dao.settle")} main />}
                  {one.outcome !== "open" && <Act action="redeem" body={{ market: one.market }} label={t("dao.redeem")} main />}
                </div>
              </li>
            ))}
          </ul>
          <details>
            <summary>{t("dao.market")}</summary>
            <Signed
              label={t("dao.market.do")}
              who={who}
              fields={[
                { name: "question", label: t("dao.question"), kind: "area" },
                { name: "liquidity", label: t("dao.liquidity"), value: "10", kind: "number" },
                { name: "resolver", label: t("dao.resolver"), value: key },
                { name: "arbiter", label: t("dao.arbiter") },
                { name: "closes", label: t("dao.closes"), value: "7d" },
              ]}
              send={(values, by) => act("market", values, by)}
            />
          </details>
          <div class="row"><Act action="take" label={t("dao.take")} /></div>
        </div>
      </div>
    </>
  );
}
