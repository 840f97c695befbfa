// An object or scene in 3D; the viewer itself is fetched when the first one is shown.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Shown, Viewer } from "./viewer/viewer";
import { request } from "./api";
import { Button, Problem } from "./parts";
import { number, t } from "./texts";

interface Props {
  url?: string;
  bytes?: ArrayBuffer | undefined; // instead of a URL; from where it is seen stays when they change
  label: string;
  scene?: boolean;
  spin?: boolean;
  small?: boolean;
}

interface Headsets {
  isSessionSupported(mode: string): Promise<boolean>;
}
const headsets = async (): Promise<boolean> => !!(await (navigator as { xr?: Headsets }).xr?.isSessionSupported("immersive-vr"));
const millimetres = (metres: number): string => (metres >= 10 ? number(metres, 1) + " m" : number(metres * 1000) + " mm");

export function Object3d({ url, bytes, label, scene, spin, small }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const viewer = useRef<Viewer | null>(null);
  const loads = useRef(0);
  const [shown, show] = useState<Shown | null>(null);
  const [problem, say] = useState("");
  const [walking, walk] = useState(false);
  const [spinning, setSpinning] = useState(!!spin);
  const [, turn] = useState(0);
  const [headset, found] = useState(false);
  useEffect(() => {
    if (scene) headsets().then(found, () => {});
  }, [scene]);
  useEffect(() => () => {
    viewer.current?.close();
    viewer.current = null;
    loads.current++;
  }, []);
  useEffect(() => {
    const mine = ++loads.current;
    const load = async () => {
      try {
        const [{ Viewer }, buffer] = await Promise.all([import("/studio/viewer.js" as string), bytes ?? (url ? request(url).then((answer) => answer.arrayBuffer()) : undefined)]);
        if (mine !== loads.current || !canvas.current || !buffer) return;
        const first = !viewer.current;
        viewer.current ??= new Viewer(canvas.current) as Viewer;
        const facts = await viewer.current.load(buffer, !first, scene);
        if (mine !== loads.current) return;
        if (first && spin) viewer.current.spin(true);
        show(facts);
        say("");
      } catch (error) {
        if (mine === loads.current) say((error as Error).message);
      }
    };
    void load();
  }, [url, bytes]);
  const go = (key: string) => ({
    onPointerDown: () => canvas.current!.dispatchEvent(new KeyboardEvent("keydown", { key })),
    onPointerUp: () => canvas.current!.dispatchEvent(new KeyboardEvent("keyup", { key })),
    onPointerLeave: () => canvas.current!.dispatchEvent(new KeyboardEvent("keyup", { key })),
  });
  return (
    <div class={"object" + (small ? " small" : "")}>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={label + ". " + (walking ? t("object.walk.keys") : t("object.keys"))}
        data-triangles={shown?.triangles}
        onPointerDown={() => setSpinning(false)}
      />
      <Problem text={problem} />
      {shown && (
        <p class="note">
          {t("object.facts", { triangles: number(shown.triangles), size: shown.size.map(millimetres).join(" × ") })}
          {!small && " " + (walking ? t("object.walk.keys") : t("object.keys"))}
        </p>
      )}
      {shown && !small && (
        <div class="row">
          {!walking && (
            <Button
              aria-pressed={spinning}
              onClick={() => {
                viewer.current!.spin(!spinning);
                setSpinning(!spinning);
              }}
            >
              {t("object.spin")}
            </Button>
          )}
          {scene && (
            <Button
              aria-pressed={walking}
              onClick={() => {
                viewer.current!.walk(!walking);
                setSpinning(false);
                walk(!walking);
                canvas.current!.focus();
              }}
            >
              {t("object.walk")}
            </Button>
          )}
          {scene && headset && <Button onClick={() => viewer.current!.enter().catch((error) => say(error.message))}>{t("object.headset")}</Button>}
          {walking &&
            (["w", "s", "a", "d"] as const).map((key, i) => (
              <Button key={key} aria-label={t(("object.go." + key) as "object.go.w")} {...go(key)}>
                {"↑↓←→"[i]}
              </Button>
            ))}
        </div>
      )}
      {shown && !small && shown.parts.length > 1 && (
        <details>
          <summary>{t("object.parts", { n: shown.parts.length })}</summary>
          <div class="parts">
            {shown.parts.slice(0, 200).map((part, i) => (
              <label key={i} class="check">
                <input
                  type="checkbox"
                  checked={!part.hidden}
                  onChange={(e) => {
                    viewer.current!.hide(i, !e.currentTarget.checked);
                    turn(Math.random());
                  }}
                />{" "}
                {part.name.replaceAll("_", " ")}
              </label>
            ))}
          </div>
        </details>
      )}
    </div>
  );
}
