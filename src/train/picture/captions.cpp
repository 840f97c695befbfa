#include "train/picture/captions.h"

#include <algorithm>

#include "base/file.h"
#include "base/json_lines.h"
#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

using Captions = std::map<std::string, std::vector<std::string>>;

constexpr size_t kMaxBytes = size_t{256} << 20;
constexpr const char* kFileKeys[] = {"file_name", "file"};
constexpr const char* kTextKeys[] = {"text", "caption", "captions"};

Result<void> add(Captions& captions, const fs::path& folder, const std::string& where, const std::string& file, const std::vector<std::string>& texts) {
  if (file.empty() || fs::path(file).filename() != file) return fail(ErrorCode::corrupt, "{}: '{}' is no name of a picture in this folder", where, file);
  std::error_code problem;
  if (!fs::is_regular_file(folder / file, problem)) return fail(ErrorCode::not_found, "{}: there is no picture {}", where, (folder / file).string());
  for (const std::string& text : texts)
    if (!lines_of(text).empty()) captions[file].push_back(text);
  return {};
}

Result<Captions> read_jsonl(const fs::path& folder, const fs::path& list) {
  PTAH_TRY(const std::string text, read_text(list, kMaxBytes));
  Captions out;
  PTAH_TRY_VOID(each_json_line(text, list.string(), [&](const Json& json, const std::string& where) -> Result<void> {
    std::string file;
    std::vector<std::string> texts;
    for (const char* key : kFileKeys)
      if (file.empty()) file = text_at(json, key);
    for (const char* key : kTextKeys) {
      const Json value = json.is_object() ? json.value(key, Json()) : Json();
      if (value.is_string()) texts.push_back(value.get<std::string>());
      if (value.is_array())
        for (const Json& one : value)
          if (one.is_string()) texts.push_back(one.get<std::string>());
    }
    if (file.empty()) return fail(ErrorCode::corrupt, "{}: no 'file_name'", where);
    return add(out, folder, where, file, texts);
  }));
  return out;
}

Result<Captions> read_csv(const fs::path& folder, const fs::path& list) {
  PTAH_TRY(const std::string text, read_text(list, kMaxBytes));
  const auto rows = parse_csv(text);
  if (!rows) return fail(ErrorCode::corrupt, "{}: {}", list.string(), rows.error().message);
  if (rows->empty()) return Captions();
  const auto column_of = [&](std::span<const char* const> names) {
    for (const char* name : names)
      for (size_t i = 0; i < rows->front().size(); ++i)
        if (rows->front()[i] == name) return i;
    return std::string::npos;
  };
  const size_t file = column_of(kFileKeys), caption = column_of(kTextKeys);
  if (file == std::string::npos || caption == std::string::npos)
    return fail(ErrorCode::corrupt, "{}: the first line names the columns; 'file_name' and 'text' are needed", list.string());
  Captions out;
  for (size_t i = 1; i < rows->size(); ++i) {
    const std::vector<std::string>& row = (*rows)[i];
    const std::string where = fmt::format("{}, row {}", list.string(), i + 1);
    if (std::max(file, caption) >= row.size()) return fail(ErrorCode::corrupt, "{}: {} columns, {} in the first line", where, row.size(), rows->front().size());
    PTAH_TRY_VOID(add(out, folder, where, row[file], {row[caption]}));
  }
  return out;
}

}  // namespace

Result<std::vector<std::vector<std::string>>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false, any = false;
  const auto end_row = [&] {
    row.push_back(std::move(cell));
    cell.clear();
    if (any) rows.push_back(std::move(row));  // a blank line is no row
    row.clear();
    any = false;
  };
  for (size_t i = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cell += c, ++i;
    } else if (c == '"' && (quoted || cell.empty())) {
      quoted = !quoted;
      any = true;
    } else if (!quoted && c == ',') {
      row.push_back(std::move(cell));
      cell.clear();
      any = true;
    } else if (!quoted && (c == '\n' || c == '\r')) {
      if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      end_row();
    } else {
      cell += c;
      any = true;
    }
  }
  if (quoted) return fail(ErrorCode::corrupt, "a quotation mark is never closed");
  if (any) end_row();
  return rows;
}

Result<Captions> read_captions(const fs::path& folder) {
  std::error_code problem;
  for (const char* name : {"captions.jsonl", "metadata.jsonl"})
    if (fs::exists(folder / name, problem)) return read_jsonl(folder, folder / name);
  if (fs::exists(folder / "metadata.csv", problem)) return read_csv(folder, folder / "metadata.csv");
  return Captions();
}

}  // namespace ptah
