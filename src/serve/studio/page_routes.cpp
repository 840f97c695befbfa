#include <zlib.h>

#include "base/file.h"
#include "base/sha256.h"
#include "serve/api/answers.h"
#include "serve/api/openai/language_request.h"
#include "serve/studio/studio.h"

namespace ptah {

std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;  // the largest window; a header of gzip and not of zlib
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Failure({ErrorCode::no_space, "no memory to compress"});
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw Failure({ErrorCode::internal, "cannot compress a file of the page"});
  return out;
}

void add_page_routes(ApiServer& server) {
  for (const PageFile& file : page_files()) {
    const auto plain = std::make_shared<const std::string>(file.bytes), packed = std::make_shared<const std::string>(gzipped(file.bytes));
    const std::string etag = "\"" + sha256_hex(as_bytes(file.bytes)).substr(0, 32) + "\"", type = file.type;
    server.add_open(file.path, [plain, packed, etag, type](const HttpRequest& request) {
      HttpResponse out;
      out.content_type = type;
      // A new version of the program has other files under the same names, so a browser asks whether its own still hold.
      out.headers = {{"Content-Security-Policy", kPagePolicy}, {"ETag", etag}, {"Cache-Control", "no-cache"}, {"Vary", "Accept-Encoding"}};
      if (request.header("if-none-match").find(etag) != std::string_view::npos) {
        out.status = 304;
        return out;
      }
      const bool takes_gzip = request.header("accept-encoding").find("gzip") != std::string_view::npos;
      if (takes_gzip) out.headers.emplace_back("Content-Encoding", "gzip");
      out.body = takes_gzip ? packed : plain;
      return out;
    });
  }
}

std::optional<HttpResponse> only_single_user(const ApiServer& server) {
  if (server.single_user()) return {};
  return api_error(403, "on a server with keys for its users this is not done over HTTP; use the command line", "permission");
}

Result<std::string> text_member(const Json& body, const char* name, size_t max) {
  const Json value = body.value(name, Json(""));
  if (!value.is_string() || value.get_ref<const std::string&>().size() > max) return wrong_member(name, fmt::format("a text of at most {} bytes", max));
  return value.get<std::string>();
}

}  // namespace ptah
