#include "models/hub.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/url.h"
#include "net/download.h"
#include "models/pull.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxListed = size_t{1} << 24;
constexpr int64_t kMaxSmall = int64_t{1} << 28;  // bytes of a file that is no weights

/// A name that may be a file's: of the hub or of somebody's choosing.
bool plain_name(const std::string& name) {
  if (name.empty() || name.size() > 200 || name.front() == '.' || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_'; });
}

struct Wanted {
  std::string url, file, sha256;
};
struct Source {
  std::string name, licence;
  std::vector<Wanted> files;
};

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string stem(const std::string& file) { return file.substr(0, file.rfind('.')); }

/// "model-00001-of-00003.gguf" → all three; others alone.
Result<std::vector<std::string>> parts_of(const std::string& file) {
  const size_t of = file.rfind("-of-");
  if (of == std::string::npos || of < 6 || file.size() != of + 4 + 5 + 5) return std::vector<std::string>{file};
  const std::string begin = file.substr(0, of - 5), count = file.substr(of + 4, 5);
  if (count.find_first_not_of("0123456789") != std::string::npos || file[of - 6] != '-') return std::vector<std::string>{file};
  const int parts = std::stoi(count);
  if (parts < 1 || parts > 1000) return fail(ErrorCode::invalid_argument, "'{}' has {} parts", file, parts);
  std::vector<std::string> out;
  for (int i = 1; i <= parts; ++i) out.push_back(fmt::format("{}{:05}-of-{}.gguf", begin, i, count));
  return out;
}

Result<Source> from_hub(const std::string& spec, const HubOptions& o) {
  const size_t first = spec.find('/'), second = first == std::string::npos ? first : spec.find('/', first + 1);
  const std::string owner = spec.substr(0, first), repository = first == std::string::npos ? "" : spec.substr(first + 1, second - first - 1);
  const std::string path = second == std::string::npos ? "" : spec.substr(second + 1);
  bool fine = plain_name(owner) && plain_name(repository);
  for (size_t at = 0; fine && at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    fine = plain_name(path.substr(at, end - at));
    at = end + 1;
  }
  if (!fine || (second != std::string::npos && path.empty()))
    return fail(ErrorCode::invalid_argument, "'hf:{}': expected hf:OWNER/REPO or hf:OWNER/REPO/FILE", spec);
  DownloadOptions how{.wait_seconds = o.wait_seconds, .cancel = o.cancel};
  how.stall_seconds = o.stall_seconds;
  how.bearer = o.token;
  PTAH_TRY(const std::string text, download_text(fmt::format("{}/api/models/{}/{}", o.endpoint, owner, repository), kMaxListed, how));
  const auto listed = parse_json(text, 64);
  if (!listed || !listed->is_object() || !listed->value("siblings", Json()).is_array())
    return fail(ErrorCode::corrupt, "{}: not the description of a model", o.endpoint);
  Source out{owner + "--" + repository, "", {}};
  if (const Json tags = listed->value("tags", Json()); tags.is_array())
    for (const Json& tag : tags)
      if (tag.is_string() && tag.get<std::string>().starts_with("license:") && plain_name(tag.get<std::string>().substr(8)))
        out.licence = tag.get<std::string>().substr(8);
  std::vector<std::string> ggufs, tensors, others;
  for (const Json& sibling : (*listed)["siblings"]) {
    if (!sibling.is_object() || !sibling.value("rfilename", Json()).is_string()) continue;
    const std::string name = sibling["rfilename"];
    if (!plain_name(name)) continue;  // in a folder, hidden, or hostile
    if (name.ends_with(".gguf"))
      ggufs.push_back(name);
    else if (name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json"))
      tensors.push_back(name);
    else if (name == "config.json" || name == "tokenizer.json" || name == "tokenizer_config.json" || name == "chat_template.jinja" || name == "vocab.txt")
      others.push_back(name);
  }
  const auto want = [&](const std::string& at) {
    out.files.push_back({fmt::format("{}/{}/{}/resolve/main/{}", o.endpoint, owner, repository, at), last_part(at), ""});
  };
  std::string chosen = path;
  if (chosen.empty() && !ggufs.empty()) {
    std::erase_if(ggufs, [](const std::string& name) {  // of a split file only the first part is chosen
      const auto parts = parts_of(name);
      return parts && parts->size() > 1 && name != parts->front();
    });
    if (ggufs.empty()) return fail(ErrorCode::unsupported, "hf:{}: a part of a split file without its first", spec);
    if (ggufs.size() != 1) {
      std::sort(ggufs.begin(), ggufs.end());
      return fail(ErrorCode::invalid_argument, "hf:{} holds several files; choose one, e.g. hf:{}/{}: {}", spec, spec, ggufs[0], fmt::join(ggufs, " "));
    }
    chosen = ggufs[0];
  } else if (chosen.empty()) {
    const bool whole = std::find(others.begin(), others.end(), "config.json") != others.end() && !tensors.empty();
    if (!whole) return fail(ErrorCode::unsupported, "hf:{}: neither a GGUF file nor config.json with safetensors there", spec);
    // Either one file or the parts that the index names; a repository may hold both.
    if (std::find(tensors.begin(), tensors.end(), "model.safetensors") != tensors.end()) tensors = {"model.safetensors"};
    for (const auto* list : {&others, &tensors})
      for (const std::string& name : *list) want(name);
    return out;
  }
  if (!chosen.ends_with(".gguf")) return fail(ErrorCode::unsupported, "'{}' is no GGUF file", chosen);
  PTAH_TRY(const auto parts, parts_of(chosen));
  for (const std::string& part : parts) want(part);
  if (!path.empty()) out.name += "--" + stem(last_part(chosen));
  return out;
}

Result<Source> from_url(const std::string& url) {
  const std::string bare = url.substr(0, url.find_first_of("?#"));
  const std::string file = last_part(bare);
  if (!plain_name(file) || !file.ends_with(".gguf")) return fail(ErrorCode::invalid_argument, "'{}' is not the address of a GGUF file", shown_url(url));
  PTAH_TRY(const auto parts, parts_of(file));
  Source out{stem(file), "", {}};
  for (const std::string& part : parts) out.files.push_back({bare.substr(0, bare.size() - file.size()) + part + url.substr(bare.size()), part, ""});
  return out;
}

/// Held while a model is fetched.
class Lock {
 public:
  static Result<Lock> take(const fs::path& path) {
    Lock lock;
    lock.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock.file_ < 0) return fail(ErrorCode::permission, "cannot write {}: {}", path.string(), std::strerror(errno));
    if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) return fail(ErrorCode::invalid_argument, "this model is being fetched by another process");
    return lock;
  }
  Lock(Lock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Lock& operator=(Lock&&) = delete;
  ~Lock() {
    if (file_ >= 0) ::close(file_);
  }

 private:
  Lock() = default;
  int file_ = -1;
};

constexpr const char* kUnfinished = ".part-";

}  // namespace

Result<fs::path> pull_from_web(const std::string& source, const fs::path& folder, const HubOptions& options) {
  const bool hub = source.starts_with("hf:");
  PTAH_TRY(Source found, hub ? from_hub(source.substr(3), options) : from_url(source));
  for (const PullableModel& pinned : pullable_models())
    if (pinned.name == found.name) return fail(ErrorCode::invalid_argument, "'{}' is the name of another model", found.name);
  if (!options.sha256.empty()) {
    if (found.files.size() != 1) return fail(ErrorCode::invalid_argument, "{} are {} files; one digest is not enough", shown_url(source), found.files.size());
    found.files[0].sha256 = options.sha256;
  }
  const fs::path target = folder / found.name, work = folder / (kUnfinished + found.name);
  std::error_code problem;
  fs::create_directories(work, problem);
  if (problem) return fail(ErrorCode::permission, "cannot create {}: {}", work.string(), problem.message());
  PTAH_TRY(const Lock lock, Lock::take(work / ".lock"));
  if (fs::exists(target)) {
    fs::remove_all(work, problem);
    const auto text = read_text(target / "origin.json", 1 << 24);
    const auto origin = text ? parse_json(*text, 16) : fail(ErrorCode::corrupt, "none");
    if (origin && (text_at(*origin, "source") == kept_url(source) || text_at(*origin, "source") == source)) {
      for (const Wanted& file : found.files) {
        if (file.sha256.empty()) continue;
        PTAH_TRY(const std::string here, sha256_of_file(target / file.file));
        if (here != lower_case(file.sha256)) return fail(ErrorCode::mismatch, "{} is here with another digest; remove it first (ptah models)", found.name);
      }
      return target;
    }
    return fail(ErrorCode::invalid_argument, "another model '{}' is here already; remove it first (ptah models)", found.name);
  }
  Json files = Json::array();
  for (const Wanted& file : found.files) {
    const fs::path to = work / file.file;
    DownloadOptions how{.sha256 = file.sha256, .wait_seconds = options.wait_seconds, .cancel = options.cancel};
    how.stall_seconds = options.stall_seconds;
    if (hub) how.bearer = options.token;  // it is the hub's business only
    if (!file.file.ends_with(".gguf") && !file.file.ends_with(".safetensors")) how.max_bytes = kMaxSmall;
    if (options.progress) how.progress = [&](int64_t done, int64_t total) { options.progress(file.file, done, total); };
    const fs::path notes = work / (file.file + ".done");
    if (const auto text = read_text(notes, 1 << 16); text && fs::exists(to) && file.sha256.empty()) {  // whole since an earlier call
      if (const auto done = parse_json(*text, 4); done && text_at(*done, "url") == kept_url(file.url)) {
        files.push_back(*done);
        continue;
      }
    }
    const auto done = download(file.url, to, how);
    if (!done) {
      fs::remove(work / ".lock", problem);
      fs::remove(work, problem);  // if there is nothing to go on from
      return tl::unexpected(done.error());
    }
    files.push_back({{"path", file.file}, {"sha256", done->sha256}, {"bytes", done->bytes}, {"checked", done->checked}, {"url", kept_url(file.url)}});
    PTAH_TRY_VOID(write_file(notes, files.back().dump()));
  }
  const Json origin{{"name", found.name}, {"source", kept_url(source)}, {"licence", found.licence}, {"files", files}};
  PTAH_TRY_VOID(write_file(work / "origin.json", origin.dump(2) + "\n"));
  for (const Wanted& file : found.files) fs::remove(work / (file.file + ".done"), problem);
  fs::remove(work / ".lock", problem);
  PTAH_TRY_VOID(rename_new(work, target));
  return target;
}

Result<std::vector<PulledModel>> pulled_models(const fs::path& folder) {
  std::vector<PulledModel> out;
  std::error_code problem;
  for (const auto& item : fs::directory_iterator(folder, problem)) {
    PulledModel model;
    model.name = item.path().filename().string();
    if (!item.is_directory() || model.name.front() == '.') continue;
    const auto text = read_text(item.path() / "origin.json", 1 << 24);
    const auto origin = text ? parse_json(*text, 16) : fail(ErrorCode::corrupt, "none");
    if (origin) {
      model.licence = text_at(*origin, "licence");
      model.source = text_at(*origin, "source");
      if (const Json files = origin->is_object() ? origin->value("files", Json()) : Json(); files.is_array())
        for (const Json& file : files) model.files.emplace_back(text_at(file, "path"), text_at(file, "sha256"));
    }
    for (const PullableModel& pinned : pullable_models())
      if (pinned.name == model.name) {
        model.source = fmt::format("{}", fmt::join(pinned.packages, " "));
        for (const PulledFile& file : pinned.files) model.files.emplace_back(file.path, file.sha256);
      }
    for (const auto& file : fs::recursive_directory_iterator(item.path(), problem))
      if (file.is_regular_file(problem)) model.bytes += static_cast<int64_t>(file.file_size(problem));
    out.push_back(std::move(model));
  }
  std::sort(out.begin(), out.end(), [](const PulledModel& a, const PulledModel& b) { return a.name < b.name; });
  return out;
}

Result<void> remove_pulled(const std::string& name, const fs::path& folder) {
  PTAH_TRY(const auto models, pulled_models(folder));
  std::vector<std::string> names;
  for (const PulledModel& model : models) names.push_back(model.name);
  std::error_code problem;
  bool found = false;
  if (plain_name(name)) {
    for (const std::string& path : {name, kUnfinished + name}) {
      if (!fs::is_directory(folder / path, problem)) continue;
      found = true;
      fs::remove_all(folder / path, problem);
      if (problem) return fail(ErrorCode::permission, "cannot remove {}: {}", (folder / path).string(), problem.message());
    }
  }
  if (!found) return fail(ErrorCode::not_found, "no pulled model '{}'{}", name, names.empty() ? "" : "; nearest: " + nearest(name, names));
  return {};
}

}  // namespace ptah
