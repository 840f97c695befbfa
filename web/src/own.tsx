// Own: keys, and whether a file is what it says it is.
import { useState } from "preact/hooks";
import { getJson, request, sendJson, ServerError } from "./api";
import { Button, Copy, Problem, useAction, useLoaded } from "./parts";
import { Tokens } from "./tokens";
import { ReceiptFacts } from "./receipt";
import { t, type TextName } from "./texts";

interface KeyName {
  name: string;
  address: string;
  locked: boolean;
}

async function keys(): Promise<KeyName[] | null> {
  try {
    return (await getJson("/v1/keyring")).data;
  } catch (error) {
    if ((error as ServerError).status === 403) return null; // a server with many users: its keys are nobody's here
    throw error;
  }
}

function Keys() {
  const { value, problem, again } = useLoaded(keys, []);
  const [name, setName] = useState("maker");
  const [passphrase, setPassphrase] = useState("");
  const [repeated, setRepeated] = useState("");
  const { busy, problem: failed, run } = useAction();
  if (problem) return <Problem text={problem} />;
  if (value === null) return <p class="note">{t("own.elsewhere")}</p>;
  return (
    <>
      {value && value.length === 0 && <p>{t("own.none")}</p>}
      <ul class="list">
        {value?.map((key) => (
          <li key={key.name}>
            <b>{key.name}</b> <code>{key.address}</code> <span class="note">{key.locked ? t("own.locked") : t("own.unlocked")}</span> <Copy text={key.address} label={t("copy")} />
          </li>
        ))}
      </ul>
      <details open={value && value.length === 0}>
        <summary>{t("own.new")}</summary>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void run(async () => {
              if (passphrase !== repeated) throw new Error(t("own.differ"));
              await sendJson("/v1/keyring", { name, passphrase });
              setPassphrase("");
              setRepeated("");
              again();
            });
          }}
        >
          <label class="field">{t("own.name")} <input type="text" required value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
          <label class="field">{t("own.passphrase")} <input type="password" autocomplete="new-password" value={passphrase} onInput={(e) => setPassphrase(e.currentTarget.value)} /></label>
          <label class="field">{t("own.repeat")} <input type="password" autocomplete="new-password" value={repeated} onInput={(e) => setRepeated(e.currentTarget.value)} /></label>
          <p class="note">{t("own.help")}</p>
          <Button main type="submit" disabled={busy}>{t("own.make")}</Button>
          <Problem text={failed} />
        </form>
      </details>
    </>
  );
}

const VERDICTS: Record<string, TextName> = { trusted: "verify.trusted", valid: "verify.valid", unknown: "verify.unknown", changed: "verify.changed" };

function Facts({ facts }: { facts: any }) {
  return (
    <div class={"verdict " + facts.verdict}>
      <h3>{t(VERDICTS[facts.verdict]!)}</h3>
      <p>{facts.says}</p>
      <ul>
        {facts.files.map((one: any) => (
          <li key={one.name}>
            {one.name}: {t(("verify.file." + one.state) as TextName)}
            {one.credentials && (
              <ul>
                {one.credentials.whole && <li>{t("verify.credentials", { title: one.credentials.title, generator: one.credentials.generator, by: one.credentials.certificate.name })}</li>}
                {one.credentials.digital_source && <li>{t("verify.source", { source: one.credentials.digital_source.split("/").pop() })}</li>}
                {one.credentials.ingredients.map((i: any, at: number) => <li key={at}>{t("verify.ingredient", { title: i.title })}{i.description ? ": " + i.description : ""}</li>)}
                {one.credentials.problems.map((p: string) => <li key={p}>{p}</li>)}
              </ul>
            )}
          </li>
        ))}
        {facts.signature?.maker && <li>{t("verify.maker", { maker: facts.signature.maker })}{facts.signature.key ? " " + t("verify.yours", { key: facts.signature.key }) : ""}</li>}
        {facts.signature && !facts.signature.holds && <li>{t("verify.forged")}</li>}
        {facts.watermark && <li>{t("verify.watermark", { mark: facts.watermark })}</li>}
      </ul>
      {facts.receipt && <details><summary>{t("receipt.title")}</summary><ReceiptFacts receipt={facts.receipt} /></details>}
    </div>
  );
}

function Verify() {
  const [facts, show] = useState<any>(null);
  const [over, setOver] = useState(false);
  const { busy, problem, run } = useAction();
  const look = (file: File | undefined) =>
    file &&
    run(async () => {
      show(null);
      const answer = await request("/v1/verify?name=" + encodeURIComponent(file.name), { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
      show({ ...(await answer.json()), file: file.name });
    });
  return (
    <div
      class={"drop" + (over ? " over" : "")}
      onDragOver={(e) => (e.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        void look(e.dataTransfer?.files[0]);
      }}
    >
      <p>{t("verify.drop")}</p>
      <label class="button">
        {t("form.choose")}
        <input type="file" class="hidden" onChange={(e) => look(e.currentTarget.files?.[0])} />
      </label>
      {busy && <p class="note" role="status">{t("form.reading")}</p>}
      <Problem text={problem} />
      <div aria-live="polite">{facts && <><p class="note">{facts.file}</p><Facts facts={facts} /></>}</div>
    </div>
  );
}

export function OwnPage() {
  return (
    <section>
      <h2>{t("own.title")}</h2>
      <p>{t("own.about")}</p>
      <div class="columns">
        <div>
          <h3>{t("own.keys")}</h3>
          <Keys />
          <h3>{t("token.title")}</h3>
          <Tokens />
        </div>
        <div>
          <h3>{t("verify.title")}</h3>
          <Verify />
        </div>
      </div>
    </section>
  );
}
