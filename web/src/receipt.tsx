// What a receipt says, in plain words.
import { useState } from "preact/hooks";
import { getJson, type Output } from "./api";
import { words } from "./form";
import { Problem, useLoaded } from "./parts";
import { t } from "./texts";

export function ReceiptFacts({ receipt }: { receipt: any }) {
  const rows: [string, unknown][] = [
    [t("receipt.kind"), receipt.kind],
    [t("receipt.engine"), "Ptah " + (receipt.engine_version || "")],
    [t("receipt.models"), Object.keys(receipt.models || {}).join(", ") || t("receipt.models.none")],
    [t("receipt.path"), receipt.numeric_path],
    ...Object.entries(receipt.request || {}).map(([name, value]): [string, unknown] => [words(name), value]),
    ...Object.entries(receipt.outputs || {}),
  ];
  return (
    <>
      <p>{t("receipt.says", { kind: receipt.kind || "?", seed: receipt.request?.seed ?? "–" })}</p>
      <dl>
        {rows
          .filter(([, value]) => value !== undefined && value !== null && value !== "")
          .map(([name, value]) => {
            const text = typeof value === "object" ? JSON.stringify(value) : typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
            const digest = /^sha256:[0-9a-f]{64}$/.test(text);
            return [
              <dt key={name}>{name}</dt>,
              <dd key={name + "="} title={digest ? text : undefined}>{digest ? text.slice(0, 19) + "…" : text.length > 400 ? text.slice(0, 400) + "…" : text}</dd>,
            ];
          })}
      </dl>
      <p class="note">{receipt.signature ? t("receipt.signed", { maker: receipt.maker || receipt.signature.maker || "" }) : t("receipt.unsigned")}</p>
    </>
  );
}

export function Receipt({ receipt, signed }: { receipt: Output; signed?: Output | undefined }) {
  const [open, set] = useState(false);
  const url = (signed || receipt).url;
  const { value, problem } = useLoaded(() => (open ? getJson(url) : Promise.resolve(undefined)), [open, url]);
  return (
    <details onToggle={(e) => set(e.currentTarget.open)}>
      <summary>{t("receipt.title")}</summary>
      <Problem text={problem} />
      {value && <ReceiptFacts receipt={value} />}
    </details>
  );
}
