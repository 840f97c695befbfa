#include "serve/reading_page.h"

#include "chain/encoding.h"
#include "serve/http/policy.h"

namespace ptah {

namespace {

std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
  const size_t begin = text.find(from) + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

}  // namespace

const ReadingPage& reading_page() {
  static const ReadingPage page = [] {
    std::string out = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reading</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 1.15rem/1.6 Georgia, serif; max-width: 38rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { line-height: 1.2; }
  button { font: inherit; padding: .4rem 1.2rem; margin: 1rem .5rem 1rem 0; cursor: pointer; }
  button:disabled { cursor: default; }
  fieldset { border: 0; border-top: 1px solid #8886; margin: 1.5rem 0 0; padding: 1rem 0 0; }
  legend { float: left; width: 100%; margin-bottom: .5rem; white-space: pre-line; }
  label { display: block; clear: both; padding: .2rem 0; }
  p.text { white-space: pre-wrap; }
  .note { font-size: .9rem; opacity: .75; }
  #problem { color: #b00020; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .75rem; }
</style>
<main>
  <h1 id="title"></h1>
  <p id="about" class="note"></p>
  <div id="place" aria-live="polite"></div>
  <p id="problem" role="alert"></p>
</main>
<script>
"use strict";
const place = document.getElementById("place"), problem = document.getElementById("problem");
let room, account, session;

function make(kind, text, parent, more) {
  const out = document.createElement(kind);
  if (text !== undefined) out.textContent = text;
  Object.assign(out, more || {});
  if (parent) parent.append(out);
  return out;
}
function say(error) { problem.textContent = error ? String(error.message || error) : ""; }
/** A token goes in a header: addresses are kept in histories and logs. */
async function ask(path, { body, token } = {}) {
  const headers = token ? { "Authorization": "Bearer " + token } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method: body === undefined ? "GET" : "POST", headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error || "status " + answer.status);
  return json;
}
function wallet() {
  if (!window.ethereum) throw new Error("This page needs a wallet in the browser that holds your address.");
  return window.ethereum;
}
/** A button that does one thing at a time and shows what went wrong. */
function button(text, parent, action) {
  const out = make("button", text, parent);
  out.onclick = async () => {
    out.disabled = true;
    say("");
    try { await action(); } catch (error) { say(error); out.disabled = false; }
  };
  return out;
}

async function begin() {
  room = await ask("article");
  document.title = room.title;
  document.getElementById("title").textContent = room.title;
  document.getElementById("about").textContent =
    room.sections + " sections, then " + room.terms.asked + " questions; whoever answers " + room.terms.needed + " of them right earns " + tokens(room.terms.reward) +
    " tokens. There is one try. The questions were fixed beforehand (" + room.commitment.slice(0, 18) + "…).";
  place.replaceChildren();
  button("Sign in with your wallet and read", place, signIn);
}
function tokens(units) {
  const digits = BigInt(units).toString().padStart(19, "0");
  return (digits.slice(0, -18) + "." + digits.slice(-18)).replace(/\.?0+$/, "");
}

async function signIn() {
  [account] = await wallet().request({ method: "eth_requestAccounts" });
  const { nonce, expires } = await ask("nonce");
  const field = (name, type) => ({ name, type });
  const typed = {
    domain: { name: "Ptah Reading", version: "1", chainId: room.terms.chain, verifyingContract: room.terms.contract },
    types: {
      EIP712Domain: [field("name", "string"), field("version", "string"), field("chainId", "uint256"), field("verifyingContract", "address")],
      Login: [field("reader", "address"), field("article", "bytes32"), field("nonce", "bytes32"), field("expires", "uint256")],
    },
    primaryType: "Login",
    message: { reader: account, article: room.article, nonce, expires },
  };
  const signature = await wallet().request({ method: "eth_signTypedData_v4", params: [account, JSON.stringify(typed)] });
  session = await ask("sessions", { body: { reader: account, nonce, expires, signature } });
  await section(0, session.token);
}

async function section(index, token) {
  const part = await ask("sessions/" + session.session + "/sections/" + index, { token });
  place.replaceChildren();
  make("p", "Section " + (index + 1) + " of " + session.sections, place, { className: "note" });
  make("p", part.text, place, { className: "text" });
  const next = button(part.last ? "To the questions" : "Go on", place, () => part.last ? quiz(part.token) : section(index + 1, part.token));
  const name = next.textContent, until = Date.now() + 1000 * part.seconds;
  const wait = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    next.disabled = left > 0;
    next.textContent = left > 0 ? name + " (" + left + " s)" : name;
    if (left > 0) setTimeout(wait, 250);
  };
  wait();
  if (window.scrollTo) window.scrollTo(0, 0);
}

async function quiz(token) {
  const asked = await ask("sessions/" + session.session + "/quiz", { token });
  place.replaceChildren();
  const clock = make("p", "", place, { className: "note" });
  const until = Date.now() + 1000 * asked.seconds;
  const timer = setInterval(() => { clock.textContent = Math.max(0, Math.ceil((until - Date.now()) / 1000)) + " seconds left; " + asked.needed + " have to be right"; }, 500);
  const form = make("form", undefined, place);
  asked.questions.forEach((q, i) => {
    const set = make("fieldset", undefined, form);
    make("legend", (i + 1) + ". " + q.question, set);
    q.options.forEach((option, k) => {
      const label = make("label", undefined, set);
      make("input", undefined, label, { type: "radio", name: "q" + i, value: String(k) });
      label.append(" " + option);
    });
  });
  button("Hand in", place, async () => {
    const answers = asked.questions.map((_, i) => {
      const chosen = form.querySelector("input[name=q" + i + "]:checked");
      if (!chosen) throw new Error("Question " + (i + 1) + " has no answer yet.");
      return Number(chosen.value);
    });
    const result = await ask("sessions/" + session.session + "/answers", { body: { answers } });
    clearInterval(timer);
    done(result);
  });
  if (window.scrollTo) window.scrollTo(0, 0);
}

function done(result) {
  place.replaceChildren();
  make("p", result.right + " right. " + (result.passed ? "You have earned your reward." : result.late ? "The time was over." : "That was not enough."), place);
  if (!result.voucher) return;
  const v = result.voucher;
  button("Claim it now", place, async () => {
    const chain = "0x" + BigInt(v.chain).toString(16);
    if (BigInt(await wallet().request({ method: "eth_chainId" })) !== BigInt(v.chain)) {
      await wallet().request({ method: "wallet_switchEthereumChain", params: [{ chainId: chain }] });
    }
    const hash = await wallet().request({ method: "eth_sendTransaction", params: [{ from: account, to: v.contract, data: claim(v) }] });
    make("p", "Sent: " + hash, place);
  });
  make("p", "Or keep this and claim it later: ptah read claim FILE", place, { className: "note" });
  make("pre", JSON.stringify(v, null, 1), place);
}

/** The call claim((address,address,uint256,uint256),bytes). */
function claim(v) {
  const word = (value) => BigInt(value).toString(16).padStart(64, "0");
  const signature = v.signature.slice(2);
  return "@SELECTOR@" + word(v.reader) + word(v.to) + word(v.total) + word(v.deadline) + word(160) + word(signature.length / 2) +
    signature.padEnd(Math.ceil(signature.length / 64) * 64, "0");
}

begin().catch(say);
</script>
</html>
)html";
    constexpr std::string_view kPlace = "@SELECTOR@";
    const Bytes32 selector = keccak256("claim((address,address,uint256,uint256),bytes)");
    out.replace(out.find(kPlace), kPlace.size(), hex_text(std::span(selector).first(4)));
    const std::string policy =
        fmt::format("default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                    csp_hash(between(out, "<script>", "</script>")), csp_hash(between(out, "<style>", "</style>")));
    return ReadingPage{std::move(out), policy};
  }();
  return page;
}

}  // namespace ptah
