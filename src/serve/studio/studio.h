// The studio: a page on which everything that Ptah makes can be made, watched, kept, owned and talked about, and the routes that only it needs. Its sources
// are in web/; what is built of them is in web/dist, and from there in the program.
#pragma once

#include <span>
#include <string_view>

#include "serve/api/api_server.h"

namespace ptah {

/// A file of the page, as the program has it.
struct PageFile {
  const char *path, *type;  ///< "/studio/studio.js", "text/javascript; charset=utf-8"
  std::string_view bytes;
};
std::span<const PageFile> page_files();
/// Scripts and styles of this server and nothing from elsewhere; no text becomes a script.
inline constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src blob:; connect-src 'self'; base-uri 'none'; form-action "
    "'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
/// The bytes as gzip has them (RFC 1952).
std::string gzipped(std::string_view bytes);

void add_page_routes(ApiServer& server);       ///< GET /, /studio/…
void add_draft_routes(ApiServer& server);      ///< POST /v1/drafts
void add_works_routes(ApiServer& server);      ///< /v1/works: search, stars and tags, signatures
void add_own_routes(ApiServer& server);        ///< /v1/keyring, POST /v1/verify
void add_chain_routes(ApiServer& server);      ///< /v1/chain, /v1/works/{}/mint, /v1/tokens
void add_community_routes(ApiServer& server);  ///< /v1/communities: what `ptah dao` does
void add_reading_routes(ApiServer& server);    ///< /v1/articles: what `ptah read` does
void add_catalog_routes(ApiServer& server);    ///< /v1/catalog: models, and fetching them
void add_feedback_routes(ApiServer& server);   ///< /v1/feedback: what was said of answers

/// The answer, or the error as the interface says it.
HttpResponse json_answer(const Result<Json>& result, int status = 200);
/// What is answered to who may not do what only the one user of a server without keys may; nothing to that user.
std::optional<HttpResponse> only_single_user(const ApiServer& server);
/// A route's `q` of a name, or a member of a body, that is a text: at most `max` bytes of UTF-8. Errors: invalid_argument, with the field.
Result<std::string> text_member(const Json& body, const char* name, size_t max);

}  // namespace ptah
