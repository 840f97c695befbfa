// The page's texts: English comes along, another language is fetched when it is chosen.
import en from "./texts/en.json";
import { keep, kept, Store } from "./store";

export type TextName = keyof typeof en;
export const LANGUAGES = { en: "English", de: "Deutsch" };
export type Language = keyof typeof LANGUAGES;

export const language = new Store<Language>("en");
let texts: Record<TextName, string> = en;

export function t(name: TextName, values: Record<string, string | number> = {}): string {
  return (texts[name] ?? en[name]).replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole));
}

export async function speak(next: Language): Promise<void> {
  if (next === "en") texts = en;
  else texts = (await import("/studio/de.js" as string)).default;
  keep("language", next);
  document.documentElement.lang = next;
  language.set(next);
}

export function speakAsTheBrowser(): Promise<void> {
  const first = kept<Language | "">("language", "") || (navigator.language.startsWith("de") ? "de" : "en");
  return speak(first in LANGUAGES ? first : "en");
}

export const number = (n: number, digits = 0): string => new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(n);

export function bytesText(n: number): string {
  return n >= 1e9 ? number(n / 1e9, 1) + " GB" : n >= 1e6 ? number(n / 1e6) + " MB" : number(Math.max(1, Math.round(n / 1e3))) + " kB";
}
export function secondsText(s: number): string {
  if (s < 1) return t("time.instant");
  return s < 90 ? t("time.seconds", { n: number(s) }) : s < 5400 ? t("time.minutes", { n: number(s / 60) }) : t("time.hours", { n: number(s / 3600, 1) });
}
/** The same of what is only planned. */
export const aboutText = (s: number): string => (s < 1 ? t("time.instant.first") : t("time.about", { time: secondsText(s) }));
export const dateText = (seconds: number): string =>
  new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short" }).format(new Date(seconds * 1000));
