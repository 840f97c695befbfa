// The studio: everything that Ptah makes, in a page.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { getJson, keyAsked, takeKeyFromAddress, type Recipe } from "./api";
import { AppPage, appNames } from "./apps";
import { CodePage } from "./code";
import { CommunityPage } from "./community";
import { connection, follow, isOpen, jobs, news } from "./jobs";
import { BinPage, KeepPage } from "./keep";
import { MakePage } from "./make";
import { ModelsPage } from "./models";
import { OwnPage } from "./own";
import { Button, Dialog, Problem } from "./parts";
import { ReadPage } from "./read";
import { route } from "./route";
import { useStore } from "./store";
import { TalkPage } from "./talk";
import { LANGUAGES, language, speak, speakAsTheBrowser, t, type Language, type TextName } from "./texts";
import { WatchPage } from "./watch";
import { ComparePage, edited, fileOf, WorkPage } from "./work";

const VIEWS = ["make", "watch", "keep", "own", "read", "community", "talk", "models", "code"] as const;

function KeyDialog() {
  const answer = useStore(keyAsked);
  const [typed, type] = useState("");
  if (!answer) return null;
  return (
    <Dialog label={t("key.title")}>
      <form
        id="key-form"
        onSubmit={(e) => {
          e.preventDefault();
          answer(typed.trim());
          type("");
        }}
      >
        <h2>{t("key.title")}</h2>
        <p class="note">{t("key.help")}</p>
        <label class="field">{t("key.key")} <input id="key" type="password" autocomplete="off" required value={typed} onInput={(e) => type(e.currentTarget.value)} /></label>
        <Button main type="submit">{t("key.go")}</Button>
      </form>
    </Dialog>
  );
}

function View({ recipes }: { recipes: Recipe[] }) {
  const [view, first, second] = useStore(route);
  const form = useStore(edited);
  switch (view) {
    case "watch":
      return <WatchPage />;
    case "keep":
      return <KeepPage />;
    case "bin":
      return <BinPage />;
    case "works":
      return <WorkPage key={first} id={first || ""} />;
    case "compare":
      return <ComparePage ids={[first || "", second || ""]} />;
    case "own":
      return <OwnPage />;
    case "apps":
      return appNames.includes(first || "") ? <AppPage key={first} name={first!} /> : <MakePage key={form} recipes={recipes} />;
    case "read":
      return <ReadPage />;
    case "community":
      return <CommunityPage id={first} />;
    case "talk":
      return <TalkPage />;
    case "models":
      return <ModelsPage />;
    case "code":
      return <CodePage recipes={recipes} id={first} />;
    default:
      return <MakePage key={form} recipes={recipes} />;
  }
}

/** What file fields suggest: the pictures and objects of works. */
function WorkFiles() {
  const all = useStore(jobs);
  const files = [...all.values()]
    .filter((job) => job.status === "completed")
    .slice(-30)
    .flatMap((job) => [fileOf(job, "glb"), fileOf(job, "png")].filter((one) => one).map((one) => job.id + "/" + one!.name));
  return <datalist id="files-of-works">{files.map((one) => <option key={one} value={one} />)}</datalist>;
}

function App() {
  const [recipes, setRecipes] = useState<Recipe[]>([]);
  const [problem, say] = useState("");
  const now = useStore(connection);
  const told = useStore(news);
  const spoken = useStore(language);
  const [view] = useStore(route);
  const open = [...useStore(jobs).values()].filter(isOpen).length;
  useEffect(() => {
    getJson("/v1/recipes").then((list) => setRecipes(list.data), (error) => say(error.message));
    follow();
  }, []);
  const here = view === "works" || view === "compare" || view === "bin" ? "keep" : (VIEWS as readonly string[]).includes(view || "") ? view : "make";
  useEffect(() => {
    document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
    document.title = t(("nav." + here) as TextName) + " – Ptah";
  }, [here, spoken]);
  return (
    <>
      <a class="skip" href="#content" onClick={(e) => (e.preventDefault(), document.getElementById("content")!.focus())}>{t("skip")}</a>
      <header>
        <h1><a href="#/make">Ptah</a></h1>
        <nav aria-label={t("nav.title")}>
          {VIEWS.map((one) => (
            <a key={one} href={"#/" + one} aria-current={one === here ? "page" : undefined}>
              {t(("nav." + one) as TextName)}
              {one === "watch" && open > 0 && <span class="count">{open}<span class="hidden"> {t("nav.open")}</span></span>}
            </a>
          ))}
        </nav>
        <select class="language" aria-label={t("language")} value={spoken} onChange={(e) => speak(e.currentTarget.value as Language).catch((error) => say(error.message))}>
          {Object.entries(LANGUAGES).map(([name, label]) => <option key={name} value={name} lang={name}>{label}</option>)}
        </select>
      </header>
      <p id="connection" class={now} role="status">{t(("connection." + now) as TextName)}</p>
      <main id="content" tabIndex={-1}>
        <Problem text={problem} />
        {recipes.length > 0 && <View recipes={recipes} />}
      </main>
      <WorkFiles />
      <KeyDialog />
      <p class="hidden" aria-live="polite" id="news">{told}</p>
    </>
  );
}

takeKeyFromAddress();
speakAsTheBrowser()
  .catch(() => {}) // the other language cannot be fetched: English is here
  .then(() => render(<App />, document.getElementById("app")!));
