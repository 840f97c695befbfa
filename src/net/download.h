// Files from the web: resumed after a cut, checked, never half there.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/progress.h"

namespace ptah {

struct DownloadOptions {
  std::string sha256 = {};                                         ///< hex; empty: what the server says of the file (Hugging Face's X-Linked-ETag), if it does
  int64_t max_bytes = int64_t{1} << 40;                            ///< refused beyond
  int attempts = 5;                                                ///< one after another that bring nothing; one that brought bytes starts the count again
  double stall_seconds = 30;                                       ///< without a byte: that attempt is given up
  double wait_seconds = 1;                                         ///< before the next attempt, doubled each time
  std::string bearer = {};                                         ///< an access token, sent to the first host only
  std::function<void(int64_t done, int64_t total)> progress = {};  ///< total 0 while unknown
  const CancelToken* cancel = nullptr;
};

struct Downloaded {
  int64_t bytes = 0;
  std::string sha256;    ///< of what was written
  bool checked = false;  ///< against a digest that was known before
};

/// Fetches an http or https URL into `path`, which appears whole or not at all; until then the bytes lie in PATH.part, and what is needed to go on in
/// PATH.part.json, so that a later call goes on where this one was cut, if the server vouches (by an entity tag or a digest) that the file is the same.
/// An https URL is never redirected to plain http. Errors: invalid_argument (not such a URL), not_found (404), permission (401, 403), mismatch (a digest; what
/// was fetched is thrown away), corrupt (more bytes than were announced), over_budget (more than max_bytes), no_space, io (the server's or the network's
/// last word after the last attempt), cancelled.
Result<Downloaded> download(const std::string& url, const std::filesystem::path& path, const DownloadOptions& options);

/// A short text, fetched whole. Errors: as download, but nothing is resumed.
Result<std::string> download_text(const std::string& url, size_t max_bytes, const DownloadOptions& options);

}  // namespace ptah
