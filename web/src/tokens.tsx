// Tokens: a work is minted, on the test chain or through a wallet; anybody's token is checked; one is given away.
import { useState } from "preact/hooks";
import { sendJson, type Job, type Output } from "./api";
import { ChainBar, mine, sent, Signed, useChain, useWho } from "./chain";
import { Button, Copy, Picture, Problem, useAction, useLoaded } from "./parts";
import { useStore } from "./store";
import { t } from "./texts";
import { sendAs, type Who } from "./wallet";

interface Token {
  work: string;
  maker: string;
  chain: number;
  contract: string;
  token: string;
  owner?: string;
}
interface Check {
  true: boolean;
  lines: string[];
  files: Output[];
}

const short = (text: string): string => (text.length > 20 ? text.slice(0, 10) + "…" + text.slice(-6) : text);

/** Mints a work, or says which token stands for it. */
export function Mint({ job, changed }: { job: Job; changed: () => void }) {
  const made = useStore(sent);
  const { chain } = useChain();
  const { value } = useLoaded(() => mine<{ data: Token[] }>("/v1/tokens"), [made, job.id]);
  const { who, picker } = useWho();
  const { busy, problem, run } = useAction();
  if (!value || !chain) return null;
  const tokens = value.data.filter((one) => one.work === job.id);
  const mint = (by: Who) =>
    run(async () => {
      const path = "/v1/works/" + job.id + "/mint";
      await sendAs(by, path, {});
      if (by.wallet) await sendJson(path, { key: by.key, passphrase: by.passphrase, wallet: by.account, minted: true });
      sent.set(sent.value + 1);
      changed();
    });
  return (
    <details class="mint">
      <summary>{t("token.mint")}</summary>
      <ChainBar />
      {tokens.map((one) => <p key={one.maker}>{t("token.minted", { token: short(one.token), contract: short(one.contract) })} <a href="#/own">{t("token.all")}</a></p>)}
      {chain.running && tokens.length === 0 && (
        <>
          <p class="note">{t("token.public")}</p>
          {picker}
          <Button main disabled={busy || !who} onClick={() => mint(who!)}>{busy ? t("chain.busy") : t("token.do")}</Button>
          <Problem text={problem} />
        </>
      )}
    </details>
  );
}

function Checked({ check }: { check: Check }) {
  const picture = check.files.find((one) => one.type.startsWith("image/"));
  return (
    <div class={"verdict " + (check.true ? "valid" : "changed")} aria-live="polite">
      <h4>{t(check.true ? "token.true" : "token.false")}</h4>
      {picture && <Picture url={picture.url} alt={t("token.picture")} class="still" />}
      <ul>{check.lines.map((line, i) => <li key={i}>{line}</li>)}</ul>
    </div>
  );
}

function Row({ token }: { token: Token }) {
  const [check, show] = useState<Check | null>(null);
  const { busy, problem, run } = useAction();
  const { who, picker } = useWho();
  const named = { contract: token.contract, token: token.token };
  return (
    <li>
      <h4><a href={"#/works/" + token.work}>{token.work}</a></h4>
      <p class="note">
        {t("token.of", { token: short(token.token), contract: short(token.contract), chain: token.chain })} <Copy text={token.contract + "/" + token.token} label={t("copy")} />
      </p>
      <Button disabled={busy} onClick={() => run(async () => show(await sendJson("/v1/tokens/check", named)))}>{t("token.check")}</Button>
      <details>
        <summary>{t("token.give")}</summary>
        {picker}
        <Signed label={t("token.give.do")} who={who} fields={[{ name: "to", label: t("token.to") }]} send={(values, by) => sendAs(by, "/v1/tokens/transfer", { ...named, ...values })} />
      </details>
      <Problem text={problem} />
      {check && <Checked check={check} />}
    </li>
  );
}

export function Tokens() {
  const made = useStore(sent);
  const { chain } = useChain();
  const { value, problem } = useLoaded(() => mine<{ data: Token[] }>("/v1/tokens"), [made]);
  const [check, show] = useState<Check | null>(null);
  const [named, type] = useState("");
  const { busy, problem: failed, run } = useAction();
  if (value === null) return null;
  return (
    <>
      <ChainBar />
      <Problem text={problem} />
      {value?.data.length === 0 && <p class="note">{t("token.none")}</p>}
      <ul class="list models">{value?.data.map((one) => <Row key={one.work + one.maker} token={one} />)}</ul>
      {chain?.running && (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void run(async () => {
              show(null);
              const [contract, token] = named.trim().split("/");
              show(await sendJson("/v1/tokens/check", { contract, token: token || "" }));
            });
          }}
        >
          <label class="field">{t("token.anybody")} <input type="text" placeholder="0x…/123" required value={named} onInput={(e) => type(e.currentTarget.value)} /></label>
          <Button type="submit" disabled={busy}>{t("token.check")}</Button>
          <Problem text={failed} />
          {check && <Checked check={check} />}
        </form>
      )}
    </>
  );
}
