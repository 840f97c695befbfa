#include "serve/api/studio_page.h"

#include <fmt/format.h>

#include "serve/http/policy.h"

namespace ptah {

const char* const kStudioBody = R"html(
<header>
  <h1>Ptah</h1>
  <p id="connection" role="status">connecting …</p>
</header>
<main>
  <section id="make" aria-labelledby="make-title">
    <h2 id="make-title">Make</h2>
    <div id="kinds" role="group" aria-label="what to make"></div>
    <p id="purpose" class="note"></p>
    <form id="form" autocomplete="off"></form>
    <p id="plan" class="note" aria-live="polite"></p>
    <p id="problem" role="alert"></p>
  </section>
  <section id="works" aria-labelledby="works-title">
    <h2 id="works-title">Works</h2>
    <p id="nothing" class="note">Nothing was made yet.</p>
    <ol id="jobs"></ol>
    <button id="more" type="button" hidden>Show earlier ones</button>
  </section>
</main>
<dialog id="key-dialog" aria-labelledby="key-title">
  <h2 id="key-title">Your key</h2>
  <p class="note">This server answers only to who has a key of it (ptah_…). It is kept until this window is closed.</p>
  <form id="key-form" method="dialog"><label>Key <input id="key" type="password" autocomplete="off" required></label><button>Go on</button></form>
</dialog>
<dialog id="viewer" aria-label="object">
  <canvas id="canvas" tabindex="0" aria-label="The object: drag or arrow keys turn it, the wheel or + and - bring it nearer"></canvas>
  <p id="viewer-note" class="note"></p>
  <button id="viewer-close" type="button">Close</button>
</dialog>
<p id="news" class="hidden" aria-live="polite"></p>
)html";

const StudioPage& studio_page() {
  static const StudioPage page = [] {
    const std::string style = kStudioStyle;
    const std::string script = fmt::format("\"use strict\";\n{}{}{}", kStudioForm, kStudioViewer, kStudioJobs);
    StudioPage out;
    out.html = fmt::format(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Ptah</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{}</style>\n{}<script>{}</script>\n</html>\n",
        style, kStudioBody, script);
    out.policy = fmt::format(
        "default-src 'none'; script-src {}; style-src {}; img-src 'self' blob: data:; media-src blob:; connect-src 'self'; base-uri 'none'; form-action "
        "'none'; "
        "frame-ancestors 'none'",
        csp_hash(script), csp_hash(style));
    return out;
  }();
  return page;
}

}  // namespace ptah
