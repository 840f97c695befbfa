// What all views have in common that sign for a chain: who signs, and which chain it is.
import { useEffect, useState } from "preact/hooks";
import { getJson, sendJson, ServerError } from "./api";
import { Button, Problem, useAction, useLoaded } from "./parts";
import { keep, kept, Store, useStore } from "./store";
import { dateText, t } from "./texts";
import { accountOf, findWallets, wallets, type Chain, type Who } from "./wallet";

/** Counts up when something was sent. */
export const sent = new Store(0);

/** What only the one user of a server has: null on one with many users. */
export async function mine<T>(path: string): Promise<T | null> {
  try {
    return await getJson(path);
  } catch (error) {
    if ((error as ServerError).status === 403) return null;
    throw error;
  }
}

/** A key of this computer with its passphrase, or a wallet. `keysOnly`: where a key has to sign. */
export function useWho(keysOnly = false): { who: Who | undefined; picker: any } {
  const { value } = useLoaded(() => mine<{ data: { name: string; locked: boolean; address: string }[] }>("/v1/keyring"), []);
  const here = useStore(wallets);
  const [chosen, choose] = useState(kept("signer", "", sessionStorage));
  const [passphrase, type] = useState("");
  const [account, setAccount] = useState("");
  const { problem, run } = useAction();
  useEffect(findWallets, []);
  const keys = value?.data || [];
  const wallet = keysOnly ? undefined : here.find((one) => "wallet:" + one.id === chosen);
  const key = keys.find((one) => one.name === chosen) || keys[0];
  const who = !key && !(wallet && account) ? undefined : { key: key?.name || "", passphrase: key?.locked ? passphrase : "", wallet: account ? wallet : undefined, account: wallet ? account : undefined };
  const pick = (name: string) => {
    choose(name);
    keep("signer", name, sessionStorage);
    setAccount("");
    type("");
    const next = here.find((one) => "wallet:" + one.id === name);
    if (next) void run(async () => setAccount(await accountOf(next)));
  };
  const picker = value && (
    <div class="row">
      {!key && !here.length && <p class="note"><a href="#/own">{t("sign.none")}</a></p>}
      {(key || here.length > 0) && (
        <label class="inline">
          {t("chain.who")}{" "}
          <select value={wallet ? chosen : key?.name} onChange={(e) => pick(e.currentTarget.value)}>
            {keys.map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}
            {!keysOnly && here.map((one) => <option key={one.id} value={"wallet:" + one.id}>{one.name}</option>)}
          </select>
        </label>
      )}
      {key?.locked && (
        <label class="inline">
          {t("own.passphrase")} <input type="password" autocomplete="off" value={passphrase} onInput={(e) => type(e.currentTarget.value)} />
        </label>
      )}
      {wallet && account && <code class="note">{account}</code>}
      <Problem text={problem} />
    </div>
  );
  return { who, picker };
}

export function useChain(): { chain: Chain | null | undefined; again: () => void; problem: string | undefined } {
  const changed = useStore(sent);
  const { value, again, problem } = useLoaded(() => mine<Chain>("/v1/chain"), [changed]);
  return { chain: value, again, problem };
}

/** Which chain it is; the test chain can be started, stopped, and its time can go on. */
export function ChainBar({ time }: { time?: boolean }) {
  const { chain, again, problem } = useChain();
  const { busy, problem: failed, run } = useAction();
  const change = (body: object) =>
    run(async () => {
      await sendJson("/v1/chain", body);
      sent.set(sent.value + 1);
      again();
    });
  if (chain === null) return <p class="note">{t("own.elsewhere")}</p>;
  return (
    <>
      <div class="row">
        {chain && !chain.running && <span>{t("chain.none")}</span>}
        {chain?.running && <span>{t(chain.test ? "chain.test" : "chain.is", { id: chain.id!, block: chain.block! })}</span>}
        {chain && !chain.running && <Button disabled={busy} onClick={() => change({ running: true })}>{t("chain.start")}</Button>}
        {chain?.running && chain.test && <Button disabled={busy} onClick={() => change({ running: false })}>{t("chain.stop")}</Button>}
        {time && chain?.running && chain.test && (
          <>
            <span class="note">{t("chain.now", { time: dateText(chain.time!) })}</span>
            {([["chain.hour", 3600], ["chain.day", 86400]] as const).map(([name, seconds]) => (
              <Button key={name} disabled={busy} onClick={() => change({ pass: seconds })}>{t(name)}</Button>
            ))}
          </>
        )}
      </div>
      {chain && !chain.running && <p class="note">{t("chain.about")}</p>}
      <Problem text={problem || failed} />
    </>
  );
}

/** A form that is signed: its fields by name, and the button that sends it. */
export function Signed({ label, who, send, fields, children }: {
  label: string;
  who: Who | undefined;
  send: (values: Record<string, string>, who: Who) => Promise<unknown>;
  fields: { name: string; label: string; value?: string; kind?: "number" | "area"; optional?: boolean; choices?: string[] }[];
  children?: any;
}) {
  const [values, set] = useState<Record<string, string>>({});
  const { busy, problem, run } = useAction();
  const filled = Object.fromEntries(fields.map((one) => [one.name, values[one.name] ?? one.value ?? ""]));
  return (
    <form
      autocomplete="off"
      onSubmit={(e) => {
        e.preventDefault();
        void run(async () => {
          if (!who) throw new Error(t("sign.none"));
          await send(filled, who);
          set({});
          sent.set(sent.value + 1);
        });
      }}
    >
      {fields.map((one) => {
        const shared = { required: !one.optional, value: filled[one.name]!, onInput: (e: any) => set({ ...values, [one.name]: e.currentTarget.value }) };
        return (
          <label key={one.name} class="field">
            {one.label} {one.choices ? <select {...shared} onChange={shared.onInput}>{one.choices.map((choice) => <option key={choice}>{choice}</option>)}</select> : one.kind === "area" ? <textarea rows={6} {...shared} /> : <input type="text" inputMode={one.kind === "number" ? "decimal" : "text"} {...shared} />}
          </label>
        );
      })}
      {children}
      <Button main type="submit" disabled={busy || !who}>{busy ? t("chain.busy") : label}</Button>
      <Problem text={problem} />
    </form>
  );
}
