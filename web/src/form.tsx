// The form of a request, made from its JSON Schema: an option that a recipe gets appears here by itself.
import { useContext, useState } from "preact/hooks";
import { createContext, type ComponentChildren } from "preact";
import { putFile, type Fields, type Property, type Recipe } from "./api";
import { Button, useId } from "./parts";
import { MaskDrawer } from "./mask";
import { t } from "./texts";

const LONG = new Set(["prompt", "text", "program", "schema", "grammar", "negative", "material"]);

/** What a property may be: itself, or the parts of an anyOf. */
const partsOf = (p: Property): Property[] => p.anyOf || [p];
const specialsOf = (p: Property): unknown[] => partsOf(p).filter((one) => one.const !== undefined).map((one) => one.const);
export function choicesOf(p: Property): unknown[] | null {
  const list = partsOf(p).flatMap((one) => one.enum || []);
  return list.length ? [...specialsOf(p), ...list] : null;
}
export const typeOf = (p: Property): string => partsOf(p).map((one) => one.type).find((type) => type) || "string";
const helpOf = (p: Property): string => (p.description || "").replaceAll("`", "");
export const words = (name: string): string => name.replaceAll("_", " ");
const round = (v: unknown): unknown => (typeof v === "number" ? Number(v.toPrecision(7)) : v);

/** The values of a request without those that are the default. */
export function given(recipe: Recipe, values: Fields): Fields {
  const strip = (properties: Record<string, Property>, from: Fields): Fields => {
    const out: Fields = {};
    for (const [name, p] of Object.entries(properties)) {
      const value = from[name];
      if (value === undefined || value === null) continue;
      if (p.properties) {
        const inner = strip(p.properties, value as Fields);
        if (Object.keys(inner).length) out[name] = inner;
      } else if (JSON.stringify(round(value)) !== JSON.stringify(round(p.default)) && !(value === "" && typeOf(p) !== "string")) {
        out[name] = value;
      }
    }
    return out;
  };
  return strip(recipe.schema.properties, values);
}

interface Context {
  recipe: Recipe;
  values: Fields;
  wrong?: string | undefined; // the field that the server refused
  change: (values: Fields) => void;
}
const Form = createContext<Context>(null!);

function Field({ name, p, value, set }: { name: string; p: Property; value: unknown; set: (v: unknown) => void }) {
  const { recipe, wrong } = useContext(Form);
  const id = useId(name);
  const type = typeOf(p);
  const choices = choicesOf(p);
  const bad = wrong === name;
  const help = helpOf(p);
  const shared = { id, "aria-describedby": help ? id + "-help" : undefined, "aria-invalid": bad || undefined };
  const around = (input: ComponentChildren) => (
    <div class={"field" + (LONG.has(name) ? " long" : "")}>
      <label for={id}>{words(name)}</label>
      {input}
      {help && <small id={id + "-help"}>{help}</small>}
    </div>
  );
  if (recipe.files.includes(name) && type !== "object") return around(<FileField shared={shared} name={name} value={value} many={type === "array"} set={set} />);
  if (type === "boolean")
    return (
      <div class="field check">
        <input type="checkbox" {...shared} checked={(value ?? p.default) === true} onChange={(e) => set(e.currentTarget.checked)} />
        <label for={id}>{words(name)}</label>
        {help && <small id={id + "-help"}>{help}</small>}
      </div>
    );
  if (choices)
    return around(
      <select {...shared} value={String(value ?? p.default ?? "")} onChange={(e) => set(choices.find((one) => String(one) === e.currentTarget.value))}>
        {choices.map((one) => (
          <option key={String(one)} value={String(one)}>
            {one === "" ? t("form.usual") : String(one)}
          </option>
        ))}
      </select>,
    );
  if (type === "object") return around(<ObjectField shared={shared} value={value} set={set} />);
  if (type === "array") return around(<ListField shared={shared} value={value} set={set} />);
  if (type === "integer" || type === "number") {
    const range = partsOf(p).find((one) => one.minimum !== undefined || one.maximum !== undefined) || {};
    const low = [...specialsOf(p).filter((one): one is number => typeof one === "number"), ...(range.minimum !== undefined ? [range.minimum] : [])];
    return around(
      <input
        type="number"
        {...shared}
        min={low.length ? Math.min(...low) : undefined}
        max={range.maximum}
        step={range.multipleOf || (type === "integer" ? 1 : "any")}
        value={String(round(value ?? p.default ?? ""))}
        onInput={(e) => set(e.currentTarget.value === "" ? undefined : Number(e.currentTarget.value))}
      />,
    );
  }
  if (LONG.has(name)) return around(<textarea {...shared} rows={name === "program" ? 10 : 3} value={String(value ?? p.default ?? "")} onInput={(e) => set(e.currentTarget.value)} />);
  return around(<input type="text" {...shared} value={String(value ?? p.default ?? "")} onInput={(e) => set(e.currentTarget.value)} />);
}

type Shared = Record<string, unknown>;

/** Several texts, one a line. */
function ListField({ shared, value, set }: { shared: Shared; value: unknown; set: (v: unknown) => void }) {
  const text = Array.isArray(value) ? value.join("\n") : "";
  const [typed, type] = useState(text);
  const lines = typed.split("\n").map((one) => one.trim()).filter((one) => one);
  const shown = lines.join("\n") === text ? typed : text;
  return (
    <textarea
      {...shared}
      rows={2}
      placeholder={t("form.list")}
      value={shown}
      onInput={(e) => {
        type(e.currentTarget.value);
        set(e.currentTarget.value.split("\n").map((one) => one.trim()).filter((one) => one));
      }}
    />
  );
}

/** An object as JSON, typed or from a file. */
function ObjectField({ shared, value, set }: { shared: Shared; value: unknown; set: (v: unknown) => void }) {
  const [typed, type] = useState(value === undefined ? "" : JSON.stringify(value, null, 1));
  const [wrong, say] = useState("");
  const take = (text: string) => {
    type(text);
    try {
      set(text.trim() ? JSON.parse(text) : undefined);
      say("");
    } catch (error) {
      set(undefined);
      say((error as Error).message);
    }
  };
  return (
    <div class="file">
      <textarea {...shared} rows={4} placeholder={t("form.json")} value={typed} onInput={(e) => take(e.currentTarget.value)} />
      <label class="button">
        {t("form.choose")}
        <input type="file" class="hidden" onChange={async (e) => { const file = e.currentTarget.files?.[0]; if (file) take(await file.text()); }} />
      </label>
      {wrong && <small role="alert">{wrong}</small>}
    </div>
  );
}

/** A file that is chosen or dropped, or named: an output of a work ("job_12/picture.png"), or what comes along ("chair"). */
function FileField({ shared, name, value, many, set }: { shared: Shared; name: string; value: unknown; many: boolean; set: (v: unknown) => void }) {
  const { values } = useContext(Form);
  const [note, say] = useState("");
  const [drawing, draw] = useState(false);
  const listed = Array.isArray(value) ? value.join("; ") : String(value ?? "");
  const put = (text: string) => set(many ? text.split(";").map((one) => one.trim()).filter((one) => one) : text.trim());
  const take = async (files: FileList | File[]) => {
    say(t("form.reading"));
    try {
      const names: string[] = [];
      for (const file of [...files].slice(0, many ? 16 : 1)) names.push(await putFile(file));
      put(names.join("; "));
      say("");
    } catch (error) {
      say((error as Error).message);
    }
  };
  const under = String(values.from || values.picture || "");
  return (
    <div
      class="file"
      onDragOver={(e) => e.preventDefault()}
      onDrop={(e) => {
        e.preventDefault();
        e.stopPropagation();
        if (e.dataTransfer) void take(e.dataTransfer.files);
      }}
    >
      <input type="text" {...shared} list="files-of-works" placeholder={t("form.file")} value={listed} onInput={(e) => put(e.currentTarget.value)} />
      <label class="button">
        {t("form.choose")}
        <input type="file" class="hidden" multiple={many} onChange={(e) => e.currentTarget.files && take(e.currentTarget.files)} />
      </label>
      {name === "mask" && under && <Button onClick={() => draw(true)}>{t("form.mask")}</Button>}
      {drawing && <MaskDrawer picture={under} close={() => draw(false)} done={(file) => take([file])} />}
      {note && <small role="status">{note}</small>}
    </div>
  );
}

function Group({ properties, values, set, wanted }: { properties: Record<string, Property>; values: Fields; set: (v: Fields) => void; wanted: (name: string) => boolean }) {
  return (
    <>
      {Object.entries(properties)
        .filter(([name]) => wanted(name))
        .map(([name, p]) =>
          p.properties ? (
            <fieldset key={name}>
              <legend>{words(name)}</legend>
              <Group properties={p.properties} values={(values[name] || {}) as Fields} set={(inner) => set({ ...values, [name]: inner })} wanted={() => true} />
            </fieldset>
          ) : (
            <Field key={name} name={name} p={p} value={values[name]} set={(v) => set({ ...values, [name]: v })} />
          ),
        )}
    </>
  );
}

/** The fields of a recipe that are wanted, in the schema's order. */
export function RequestFields(props: Context & { wanted: (name: string) => boolean }) {
  return (
    <Form.Provider value={props}>
      <Group properties={props.recipe.schema.properties} values={props.values} set={props.change} wanted={props.wanted} />
    </Form.Provider>
  );
}
