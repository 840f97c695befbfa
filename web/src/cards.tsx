// Works as small cards.
import type { Job } from "./api";
import { titleOf } from "./jobs";
import { Picture } from "./parts";
import { number, t } from "./texts";
import { faceOf, fileOf } from "./work";

const SIGNS: [string, string][] = [["wav", "♪"], ["sol", "§"], ["shape", "◆"], ["glb", "◆"], ["json", "¶"]];

export function Cards({ list, chosen, choose }: { list: Job[]; chosen?: string[]; choose?: (id: string) => void }) {
  return (
    <ul class="cards">
      {list.map((job) => {
        const face = faceOf(job);
        const sign = SIGNS.find(([kind]) => fileOf(job, kind));
        return (
          <li key={job.id}>
            <a href={"#/works/" + job.id}>
              {face ? <Picture url={face.url} alt="" class="face" /> : <span class="face sign" aria-hidden="true">{typeof job.facts?.text === "string" ? "¶" : sign?.[1]}</span>}
              <span class="title">{job.marks?.star && <span aria-label={t("work.star")}>★ </span>}{titleOf(job)}</span>
            </a>
            <span class="note">
              {job.kind}
              {job.score !== undefined && ", " + t("keep.near", { n: number(job.score * 100) })}
              {job.marks?.tags.map((tag) => <span key={tag} class="tag">{tag}</span>)}
            </span>
            {choose && (
              <label class="check note">
                <input type="checkbox" checked={chosen!.includes(job.id)} onChange={() => choose(job.id)} /> {t("keep.choose")}
              </label>
            )}
          </li>
        );
      })}
    </ul>
  );
}
