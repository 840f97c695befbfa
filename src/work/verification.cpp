#include "work/verification.h"

#include <algorithm>

#include "base/printable.h"
#include "base/file.h"
#include "media/image.h"
#include "media/glb_scene.h"
#include "media/mesh_files.h"
#include "work/receipt.h"
#include "media/png_chunks.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// A chunk of a PNG that changes what is shown, or adds to it, and that no picture of ours has; empty if there is none.
Result<std::string> foreign_chunk_of_png(std::span<const uint8_t> bytes) {
  for (size_t at = 8; at < bytes.size();) {
    PTAH_TRY(const PngChunk chunk, png_chunk_at(bytes, at, false));
    for (const std::string_view shows :
         {"gAMA", "cHRM", "iCCP", "cICP", "mDCV", "cLLI", "eXIf", "acTL", "fcTL", "fdAT", "tRNS", "bKGD", "pHYs", "sBIT", "oFFs", "sCAL"})
      if (chunk.type == shows) return std::string(shows);
    at += chunk.size;
    if (chunk.type == "IEND" && at < bytes.size()) return fmt::format("{} bytes behind its end", bytes.size() - at);
  }
  return std::string();
}

/// A file with the receipt inside it.
Result<FileCheck> check_inner(const fs::path& file) {
  PTAH_TRY(const Json receipt, read_receipt(file));
  PTAH_TRY(const Bytes bytes, read_file(file));
  FileCheck out{file.filename().string(), FileState::whole, ""};
  const auto changed = [&](std::string why) {
    out.state = FileState::changed;
    out.note = std::move(why);
  };
  if (is_png(bytes)) {
    PTAH_TRY(const Image picture, decode_png(bytes));
    PTAH_TRY(const std::string foreign, foreign_chunk_of_png(bytes));
    out.note = "its pixels are those of the receipt inside";
    if (receipt.value("pixels", Json()) != Json(pixel_id(picture)))
      changed("its pixels are not those of the receipt inside");
    else if (!foreign.empty())
      changed(fmt::format("it has {}, which Ptah does not write", foreign));
  } else {
    const auto body = glb_body(bytes);
    out.note = "its geometry and texture are those of the receipt inside";
    if (!body) {
      changed(body.error().message);
    } else if (receipt.value("body", Json()) != Json(file_id(*body))) {
      changed("its geometry and texture are not those of the receipt inside");
    } else {
      std::string foreign;
      if (receipt.contains("document")) {  // several parts: the receipt has the digest of what says how they are shown
        PTAH_TRY(const std::string document, scene_document(bytes));
        if (receipt["document"] != Json(file_id(as_bytes(document)))) foreign = "nodes, meshes or materials";
      } else {
        PTAH_TRY(foreign, foreign_part_of_glb(bytes));
      }
      if (!foreign.empty()) changed(fmt::format("its '{}' are not those that Ptah writes for this geometry", foreign));
    }
  }
  return out;
}

/// What lies in a work's folder and is neither its receipt, nor one of its files, nor the content credentials beside one.
std::vector<std::string> names_beside(const fs::path& folder, const fs::path& receipt, const Json& outputs) {
  std::vector<std::string> out;
  std::error_code problem;
  for (const auto& item : fs::directory_iterator(folder, problem)) {
    const std::string name = item.path().filename().string();
    const bool store = name.ends_with(".glb.c2pa") && outputs.contains(name.substr(0, name.size() - 5));
    if (!outputs.contains(name) && item.path().filename() != receipt.filename() && !store) out.push_back(name + (item.is_directory(problem) ? "/" : ""));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::string file_label(const std::string& name) { return name.find_first_of(" \t\"':") == std::string::npos ? name : in_quotes(name); }

std::string line_of(const FileCheck& check) {
  const char* state = check.state == FileState::whole ? "whole" : check.state == FileState::changed ? "CHANGED" : "MISSING";
  const std::string name = file_label(check.name);
  return check.note.empty() ? fmt::format("{}: {}", name, state) : fmt::format("{}: {}; {}", name, state, check.note);
}

Result<Verification> verify_work(const fs::path& path) {
  std::error_code problem;
  if (!fs::exists(path, problem)) return fail(ErrorCode::not_found, "{} does not exist", path.string());
  Verification out;
  const fs::path file = fs::is_directory(path, problem) ? path / "receipt.json" : path;
  if (file.extension() != ".json") {
    PTAH_TRY(FileCheck check, check_inner(file));
    out.files.push_back(std::move(check));
  } else {
    if (!fs::exists(file, problem)) return no_work(path);
    PTAH_TRY(const Json receipt, read_receipt(file));
    const Json outputs = receipt.value("outputs", Json());
    if (!outputs.is_object()) return fail(ErrorCode::corrupt, "{}: the receipt lists no outputs", file.string());
    for (const auto& [name, id] : outputs.items()) {
      if (name.find('/') != std::string::npos || name.empty() || name[0] == '.') return fail(ErrorCode::corrupt, "{}: strange output name", file.string());
      const fs::path here = file.parent_path() / name;
      FileCheck check{name, FileState::missing, ""};
      if (fs::is_regular_file(here, problem)) {
        PTAH_TRY(const Bytes bytes, read_file(here));
        check.state = has_id(bytes, id) ? FileState::whole : FileState::changed;
      } else if (fs::exists(here, problem)) {
        check = {name, FileState::changed, "it is no regular file"};
      }
      out.files.push_back(std::move(check));
    }
    out.uncovered = names_beside(file.parent_path().empty() ? fs::path(".") : file.parent_path(), file, outputs);
  }
  out.whole = std::all_of(out.files.begin(), out.files.end(), [](const FileCheck& check) { return check.state == FileState::whole; });
  for (const FileCheck& check : out.files) out.lines.push_back(line_of(check));
  return out;
}

}  // namespace ptah
