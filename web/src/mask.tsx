// Draws a mask over a picture with a finger, pen or mouse: what is painted is redrawn, the rest stays.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Dialog, Problem, useBlob } from "./parts";
import { t } from "./texts";

/** Where a named file of a request lies: "job_12/picture.png" or "sha256:…/photo.jpg". */
export function urlOfFile(named: string): string {
  const work = /^(job_\d+)\/(.+)$/.exec(named);
  if (work) return `/v1/jobs/${work[1]}/content/${work[2]}`;
  return "/v1/blobs/" + named.split("/")[0];
}

export function MaskDrawer({ picture, close, done }: { picture: string; close: () => void; done: (file: File) => void }) {
  const { blob, problem } = useBlob(urlOfFile(picture));
  const canvas = useRef<HTMLCanvasElement>(null);
  const image = useRef<HTMLImageElement>(null);
  const [width, setWidth] = useState(12);
  const last = useRef<[number, number] | null>(null);
  useEffect(() => {
    const below = image.current;
    if (!below || !blob) return;
    below.decode().then(() => {
      canvas.current!.width = below.naturalWidth;
      canvas.current!.height = below.naturalHeight;
    }, () => {});
  }, [blob]);
  const place = (e: PointerEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((e.clientX - box.left) / box.width) * canvas.current!.width, ((e.clientY - box.top) / box.height) * canvas.current!.height];
  };
  const stroke = (to: [number, number]) => {
    const pen = canvas.current!.getContext("2d")!;
    pen.strokeStyle = "#fff";
    pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = (canvas.current!.width * width) / 100;
    pen.beginPath();
    pen.moveTo(...(last.current || to));
    pen.lineTo(to[0] + 0.01, to[1]);
    pen.stroke();
    last.current = to;
  };
  const finish = () => {
    const drawn = canvas.current!;
    const out = document.createElement("canvas");
    [out.width, out.height] = [drawn.width, drawn.height];
    const pen = out.getContext("2d")!;
    pen.fillRect(0, 0, out.width, out.height);
    pen.drawImage(drawn, 0, 0);
    out.toBlob((bytes) => bytes && done(new File([bytes], "mask.png")), "image/png");
    close();
  };
  return (
    <Dialog label={t("mask.title")} close={close}>
      <h2>{t("mask.title")}</h2>
      <p class="note">{t("mask.help")}</p>
      <Problem text={problem} />
      <div class="mask">
        <img ref={image} src={blob} alt="" />
        <canvas
          ref={canvas}
          aria-label={t("mask.title")}
          onPointerDown={(e) => {
            e.currentTarget.setPointerCapture(e.pointerId);
            last.current = null;
            stroke(place(e));
          }}
          onPointerMove={(e) => e.buttons && stroke(place(e))}
        />
      </div>
      <div class="row">
        <label>
          {t("mask.width")} <input type="range" min="2" max="40" value={width} onInput={(e) => setWidth(Number(e.currentTarget.value))} />
        </label>
        <Button onClick={() => canvas.current!.getContext("2d")!.clearRect(0, 0, 1e5, 1e5)}>{t("mask.clear")}</Button>
        <Button main onClick={finish}>{t("mask.done")}</Button>
        <Button onClick={close}>{t("cancel")}</Button>
      </div>
    </Dialog>
  );
}
