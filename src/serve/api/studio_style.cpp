#include "serve/api/studio_page.h"

namespace ptah {

const char* const kStudioStyle = R"css(
  :root { color-scheme: light dark; --back: #faf8f4; --card: #fff; --text: #1d1b17; --soft: #6a655b; --line: #ddd6c8; --accent: #9a4a12; --on-accent: #fff; }
  @media (prefers-color-scheme: dark) {
    :root { --back: #171613; --card: #22201c; --text: #eee9df; --soft: #aaa396; --line: #3b382f; --accent: #eda164; --on-accent: #231405; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: var(--back); color: var(--text); }
  header { display: flex; align-items: baseline; gap: 1rem; padding: .6rem 1rem; border-bottom: 1px solid var(--line); }
  h1 { font: 600 1.4rem/1.2 Georgia, serif; margin: 0; }
  h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
  main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.5rem; padding: 1rem; max-width: 84rem; margin: 0 auto; }
  @media (min-width: 60rem) { main { grid-template-columns: minmax(22rem, 26rem) minmax(0, 1fr); } #make { position: sticky; top: 1rem; align-self: start; } }
  .note, #connection { color: var(--soft); font-size: .875rem; margin: .3rem 0; }
  .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  button, input, select, textarea { font: inherit; color: inherit; }
  button { border: 1px solid var(--line); border-radius: .5rem; background: var(--card); padding: .35rem .8rem; cursor: pointer; }
  button:disabled { opacity: .55; cursor: default; }
  button.main { background: var(--accent); color: var(--on-accent); border-color: var(--accent); font-weight: 600; padding: .55rem 1.4rem; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  #kinds { display: flex; flex-wrap: wrap; gap: .35rem; }
  #kinds button[aria-pressed=true] { background: var(--accent); color: var(--on-accent); border-color: var(--accent); }
  textarea, input[type=text], input[type=number], input[type=password], select { width: 100%; border: 1px solid var(--line); border-radius: .5rem; background: var(--card);
    padding: .4rem .6rem; }
  textarea { min-height: 5.5rem; resize: vertical; font-size: 1.1rem; }
  form label { display: block; margin: .6rem 0; font-size: .9rem; }
  form label.check { display: flex; gap: .5rem; align-items: baseline; }
  form label small, .file small { display: block; color: var(--soft); line-height: 1.35; }
  fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: .6rem 0; padding: .2rem .8rem; }
  .file { border: 1px dashed var(--line); border-radius: .5rem; padding: .5rem; margin: .6rem 0; font-size: .9rem; }
  .wrong { border-color: #c02020 !important; }
  #problem { color: #c02020; margin: .4rem 0; }
  @media (prefers-color-scheme: dark) { #problem { color: #ff9a8c; } .wrong { border-color: #ff9a8c !important; } }
  details > summary { cursor: pointer; color: var(--soft); padding: .3rem 0; }
  .row { display: flex; gap: .6rem; align-items: center; flex-wrap: wrap; margin: .8rem 0 .3rem; }
  ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); align-items: start; }
  ol > li { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: .8rem; min-width: 0; display: flex; flex-direction: column; gap: .5rem; }
  li h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
  li .picture { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; border: 0; border-radius: .5rem; padding: 0;
    background: repeating-conic-gradient(#8882 0 25%, #0000 0 50%) 0 0 / 20px 20px; }
  li .picture img { width: 100%; height: 100%; object-fit: contain; display: block; }
  li p.text { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 16rem; overflow: auto; margin: 0; }
  audio { width: 100%; } .said { background: var(--accent); color: var(--on-accent); border-radius: .25rem; }
  progress { width: 100%; accent-color: var(--accent); }
  .files { display: flex; flex-wrap: wrap; gap: .2rem .8rem; font-size: .875rem; }
  .files a { color: var(--accent); }
  dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .8rem; font-size: .85rem; margin: .3rem 0; }
  dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
  dialog { border: 1px solid var(--line); border-radius: .75rem; background: var(--card); color: var(--text); max-width: min(60rem, 96vw); padding: 1rem; }
  dialog::backdrop { background: #000a; }
  #viewer { width: 60rem; }
  #canvas { display: block; width: 100%; height: min(70vh, 42rem); touch-action: none; border-radius: .5rem; background: linear-gradient(#6b7785, #2b3036); cursor: grab; }
)css";

}  // namespace ptah
