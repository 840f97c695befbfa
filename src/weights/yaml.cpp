#include "weights/yaml.h"

#include <charconv>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxBytes = size_t{1} << 20, kMaxKeys = 4096, kMaxShownText = 80;
constexpr int kMaxDepth = 16;

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) { return std::find(words.begin(), words.end(), text) != words.end(); }

class YamlReader {
 public:
  YamlReader(std::string_view text, const std::string& shown) : text_(text), shown_(shown) {}

  Json run() {
    if (text_.size() > kMaxBytes) stop(ErrorCode::over_budget, "more than 1 MiB for a configuration");
    open_.push_back({-1, &root_});
    while (at_ < text_.size()) {
      const size_t end = std::min(text_.find('\n', at_), text_.size());
      ++line_;
      if (!line(text_.substr(at_, end - at_))) break;
      at_ = end + 1;
    }
    return std::move(root_);
  }

 private:
  [[noreturn]] void stop(ErrorCode code, const std::string& what) const { throw Failure({code, fmt::format("{}: line {}: {}", shown_, line_, what)}); }

  /// False where the document ends.
  bool line(std::string_view row) {
    if (!row.empty() && row.back() == '\r') row.remove_suffix(1);
    const size_t indent = row.find_first_not_of(' ');
    if (indent == std::string_view::npos || row[indent] == '#') return true;
    if (row == "..." || (row == "---" && !root_.empty())) return false;
    if (row == "---") return true;
    if (row[indent] == '\t') stop(ErrorCode::corrupt, "a tab where only spaces can indent");
    entry(row.substr(indent), static_cast<int>(std::min<size_t>(indent, 1 << 20)));
    return true;
  }

  void entry(std::string_view row, int indent) {
    if (one_of(row.substr(0, 1), {"-", "?", "{", "[", "&", "*", "!", "|", ">", "%", "@", "`"}))
      stop(ErrorCode::unsupported,
           fmt::format("'{}' begins what is not read in a configuration; mappings of single values are", printable(row, kMaxShownText)));
    place(indent);
    const std::string key = key_of(row);
    Json& mapping = *open_.back().second;
    if (mapping.contains(key)) stop(ErrorCode::corrupt, fmt::format("the key '{}' stands twice", printable(key, kMaxShownText)));
    if (++keys_ > kMaxKeys) stop(ErrorCode::over_budget, fmt::format("more than {} keys", kMaxKeys));
    Json& value = mapping[key];
    last_ = nullptr;
    last_indent_ = indent;
    const std::string_view rest = trimmed(row);
    if (rest.empty() || rest.front() == '#')
      last_ = &value;  // a mapping if the next line stands further in, else null
    else
      value = scalar(rest);
  }

  /// Opens the mapping below the last key, or closes those that end here.
  void place(int indent) {
    if (root_.is_null()) {
      root_ = Json::object();
      open_.back().first = indent;
      return;
    }
    if (indent > open_.back().first) {
      if (!last_ || indent <= last_indent_) stop(ErrorCode::corrupt, "stands further in than the lines before it, without a key that it belongs to");
      if (static_cast<int>(open_.size()) >= kMaxDepth) stop(ErrorCode::over_budget, fmt::format("mappings nest deeper than {}", kMaxDepth));
      *last_ = Json::object();
      open_.push_back({indent, last_});
      return;
    }
    while (open_.size() > 1 && open_.back().first > indent) open_.pop_back();
    if (open_.back().first != indent) stop(ErrorCode::corrupt, "stands as far in as no line before it");
  }

  /// Takes the key and its colon off the row.
  std::string key_of(std::string_view& row) {
    if (row.front() == '"' || row.front() == '\'') {
      std::string key = quoted(row);
      if (row.empty() || row.front() != ':') stop(ErrorCode::corrupt, "a colon is missing behind a key");
      row.remove_prefix(1);
      return key;
    }
    for (size_t i = 0; i < row.size(); ++i) {
      if (row[i] != ':' || (i + 1 < row.size() && row[i + 1] != ' ')) continue;
      std::string key(trimmed(row.substr(0, i)));
      row.remove_prefix(i + 1);
      return key;
    }
    stop(ErrorCode::corrupt, fmt::format("'{}' is no key with a colon and a space behind it", printable(row, kMaxShownText)));
  }

  /// Takes a text in quotes off the row.
  std::string quoted(std::string_view& row) {
    const char mark = row.front();
    std::string out;
    for (size_t i = 1; i < row.size(); ++i) {
      if (mark == '"' && row[i] == '\\') {
        if (i + 1 >= row.size() || (row[i + 1] != '"' && row[i + 1] != '\\')) stop(ErrorCode::unsupported, "an escape in a text");
        out += row[++i];
      } else if (row[i] == mark && mark == '\'' && i + 1 < row.size() && row[i + 1] == mark) {
        out += row[i++];
      } else if (row[i] == mark) {
        row = trimmed(row.substr(i + 1));
        return out;
      } else {
        out += row[i];
      }
    }
    stop(ErrorCode::corrupt, "a text in quotes that does not end on its line");
  }

  Json scalar(std::string_view rest) {
    if (rest.front() == '"' || rest.front() == '\'') {
      const std::string text = quoted(rest);
      if (!rest.empty() && rest.front() != '#') stop(ErrorCode::corrupt, "something stands behind a text in quotes");
      return text;
    }
    if (one_of(rest.substr(0, 1), {"{", "[", "&", "*", "!", "|", ">", "%", "@", "`"}))
      stop(ErrorCode::unsupported, fmt::format("'{}' is not read in a configuration; single values are", printable(rest, kMaxShownText)));
    for (size_t i = 1; i < rest.size(); ++i)
      if (rest[i] == '#' && rest[i - 1] == ' ') rest = trimmed(rest.substr(0, i));
    return plain(rest);
  }

  static Json plain(std::string_view text) {
    if (one_of(text, {"~", "null", "Null", "NULL"})) return nullptr;
    if (one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
    if (one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) return false;
    const std::string_view number = text.front() == '+' ? text.substr(1) : text;
    const char *begin = number.data(), *end = begin + number.size();
    int64_t integer = 0;
    if (const auto read = std::from_chars(begin, end, integer); read.ec == std::errc() && read.ptr == end) return integer;
    double real = 0;
    const bool digits = number.find_first_not_of("+-.eE0123456789") == std::string_view::npos;
    if (const auto read = std::from_chars(begin, end, real); digits && read.ec == std::errc() && read.ptr == end && std::isfinite(real)) return real;
    return std::string(text);
  }

  std::string_view text_;
  const std::string& shown_;
  size_t at_ = 0, keys_ = 0;
  int line_ = 0, last_indent_ = 0;
  Json root_ = nullptr;
  Json* last_ = nullptr;                     ///< the value of the last key, if none stood behind it
  std::vector<std::pair<int, Json*>> open_;  ///< how far in the lines of each open mapping stand
};

/// What ${a.b} means.
Json referred(const Json& root, const std::string& text, const std::string& shown, int depth) {
  if (!text.starts_with("${") || text.find('}') != text.size() - 1) {
    if (text.find("${") == std::string::npos) return text;
    throw Failure({ErrorCode::unsupported, fmt::format("{}: '{}': a reference stands for a whole value", shown, printable(text, kMaxShownText))});
  }
  const auto nowhere = [&](const char* why) { return Failure({ErrorCode::corrupt, fmt::format("{}: '{}' {}", shown, printable(text, kMaxShownText), why)}); };
  if (depth > kMaxDepth) throw nowhere("leads round in a circle");
  const Json* place = &root;
  const std::string path = text.substr(2, text.size() - 3);
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('.', at), path.size());
    const auto found = place->is_object() ? place->find(path.substr(at, end - at)) : place->end();
    if (found == place->end()) throw nowhere("leads nowhere");
    place = &*found;
    at = end + 1;
  }
  if (place->is_structured()) throw nowhere("leads to no single value");
  return place->is_string() ? referred(root, place->get<std::string>(), shown, depth + 1) : *place;
}

void resolve(Json& here, const Json& root, const std::string& shown) {
  for (auto& [key, value] : here.items()) {
    if (value.is_object()) resolve(value, root, shown);
    if (value.is_string()) value = referred(root, value.get<std::string>(), shown, 0);
  }
}

}  // namespace

Result<Json> parse_yaml(std::string_view text, const std::string& shown) {
  return guard([&]() -> Result<Json> {
    Json out = YamlReader(text, shown).run();
    if (out.is_null()) out = Json::object();
    const Json root = out;
    resolve(out, root, shown);
    return out;
  });
}

}  // namespace ptah
