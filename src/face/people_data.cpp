#include "face/people_data.h"

#include <zlib.h>

#include <charconv>
#include <cmath>

#include "base/file.h"
#include "models/people.h"

namespace ptah {

namespace {

constexpr size_t kMaxPeopleVertices = 1 << 20, kMaxUnpacked = size_t{1} << 26, kMaxPeopleFile = size_t{1} << 26;

/// The numbers of a text, one after the other.
class Numbers {
 public:
  explicit Numbers(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}
  void blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  template <class T>
  bool next(T& value) {
    blanks();
    const auto found = std::from_chars(at_, end_, value);
    if (found.ec != std::errc()) return false;
    at_ = found.ptr;
    return true;
  }
  bool skip(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool vector(Vec3& to) {
    for (float& value : to)
      if (!next(value) || !std::isfinite(value) || std::abs(value) > 1e4F) return false;
    return true;
  }
  bool ended() {
    blanks();
    return at_ == end_;
  }

 private:
  const char *at_, *end_;
};

/// Calls body(line, number) for each line that is not empty and no remark, until one is refused.
template <class Body>
Result<void> each_line(std::string_view text, const Body& body) {
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;
    if (!body(line)) return fail(ErrorCode::corrupt, "line {} is not what it should be", number);
  }
  return {};
}

bool read_face(std::string_view line, const PeopleData& data, PeopleFace& face) {
  Numbers numbers(line);
  for (size_t i = 0; i < 4; ++i) {
    uint32_t vertex = 0, uv = 0;
    if (!numbers.next(vertex) || !numbers.skip('/') || !numbers.next(uv)) return false;
    if (vertex < 1 || vertex > data.base.size() || uv < 1 || uv > data.uvs.size()) return false;
    face.vertices[i] = vertex - 1;
    face.uvs[i] = uv - 1;
  }
  return numbers.ended();
}

/// The next of several gzip files one behind the other.
Result<std::string> next_file(std::span<const uint8_t>& bytes, size_t& allowed) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return fail(ErrorCode::internal, "inflate does not begin");
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int status = Z_OK;
  std::vector<char> part(size_t{1} << 16);
  while (status == Z_OK && out.size() <= allowed) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(part.data(), part.size() - stream.avail_out);
  }
  bytes = bytes.last(stream.avail_in);
  inflateEnd(&stream);
  if (status != Z_STREAM_END || out.size() > allowed) return fail(ErrorCode::corrupt, "a compressed part is broken");
  allowed -= out.size();
  return out;
}

}  // namespace

void SparseOffsets::add_to(std::vector<Vec3>& positions, float amount) const {
  if (amount == 0) return;
  for (size_t i = 0; i < vertices.size(); ++i) positions[vertices[i]] = positions[vertices[i]] + offsets[i] * amount;
}

Result<void> read_people_mesh(std::string_view text, PeopleData& to) {
  std::vector<PeopleFace>* group = nullptr;
  PTAH_TRY_VOID(each_line(text, [&](std::string_view line) {
    if (line.starts_with("v ")) {
      Vec3 p;
      Numbers numbers(line.substr(2));
      if (!numbers.vector(p) || to.base.size() >= kMaxPeopleVertices) return false;
      to.base.push_back(p);
    } else if (line.starts_with("vt ")) {
      Vec2 uv;
      Numbers numbers(line.substr(3));
      if (!numbers.next(uv[0]) || !numbers.next(uv[1]) || !std::isfinite(uv[0]) || !std::isfinite(uv[1]) || to.uvs.size() >= kMaxPeopleVertices) return false;
      to.uvs.push_back(uv);
    } else if (line.starts_with("g ")) {
      if (to.groups.size() > 1000) return false;
      group = &to.groups[std::string(line.substr(2))];
    } else if (line.starts_with("f ")) {
      PeopleFace face;
      if (!group || group->size() >= kMaxPeopleVertices || !read_face(line.substr(2), to, face)) return false;
      group->push_back(face);
    }
    return true;
  }));
  if (to.base.empty() || to.groups.empty()) return fail(ErrorCode::corrupt, "there is no mesh in it");
  return {};
}

Result<std::map<std::string, SparseOffsets>> read_offsets(std::string_view text, const std::vector<std::string>& names, size_t vertices) {
  std::vector<SparseOffsets> parts;
  int64_t last = -1;
  PTAH_TRY_VOID(each_line(text, [&](std::string_view line) {
    Numbers numbers(line);
    uint32_t vertex = 0;
    Vec3 offset;
    if (!numbers.next(vertex) || vertex >= vertices || !numbers.vector(offset) || !numbers.ended()) return false;
    if (parts.empty() || static_cast<int64_t>(vertex) <= last) {
      if (parts.size() == names.size()) return false;
      parts.emplace_back();
    }
    last = vertex;
    parts.back().vertices.push_back(vertex);
    parts.back().offsets.push_back(offset);
    return true;
  }));
  if (parts.empty() && names.size() == 1) parts.emplace_back();  // a shape that is the mesh's own
  if (parts.size() != names.size()) return fail(ErrorCode::corrupt, "{} lists of offsets; {} are expected", parts.size(), names.size());
  std::map<std::string, SparseOffsets> out;
  for (size_t i = 0; i < names.size(); ++i) out[names[i]] = std::move(parts[i]);
  return out;
}

Result<std::map<std::string, SparseOffsets>> read_packed_offsets(std::span<const uint8_t> bytes, const std::vector<std::string>& names, size_t vertices) {
  std::map<std::string, SparseOffsets> out;
  size_t allowed = kMaxUnpacked;
  for (const std::string& name : names) {
    PTAH_TRY(const std::string text, next_file(bytes, allowed));
    auto one = read_offsets(text, {name}, vertices);
    if (!one) return fail(one.error().code, "{}: {}", name, one.error().message);
    out.merge(*one);
  }
  if (!bytes.empty()) return fail(ErrorCode::corrupt, "{} bytes more than there should be", bytes.size());
  return out;
}

Result<std::shared_ptr<const PeopleData>> PeopleData::load(const std::filesystem::path& folder) {
  auto out = std::make_shared<PeopleData>();
  out->name = folder.filename().string();
  const auto in_file = [](const std::filesystem::path& file, const Error& error) { return fail(error.code, "{}: {}", file.string(), error.message); };
  const auto path = [&](const char* file_name) {
    out->files.push_back(folder / file_name);
    return out->files.back();
  };
  {
    const auto file = path("base.obj");
    PTAH_TRY(const std::string text, read_text(file, kMaxPeopleFile));
    if (const auto read = read_people_mesh(text, *out); !read) return in_file(file, read.error());
  }
  {
    const auto file = path("shapes.gz");
    PTAH_TRY(const Bytes bytes, read_file(file, kMaxPeopleFile));
    auto shapes = read_packed_offsets(bytes, people_shapes(), out->base.size());
    if (!shapes) return in_file(file, shapes.error());
    out->shapes = std::move(*shapes);
  }
  {
    const auto file = path("actions.txt");
    PTAH_TRY(const std::string text, read_text(file, kMaxPeopleFile));
    auto actions = read_offsets(text, {kFaceActions.begin(), kFaceActions.end()}, out->base.size());
    if (!actions) return in_file(file, actions.error());
    out->actions = std::move(*actions);
  }
  for (const auto& [name, image] : {std::pair{"lips.jpg", &out->lips}, {"eyelids.jpg", &out->eyelids}, {"mouth.jpg", &out->mouth}, {"ears.jpg", &out->ears}}) {
    PTAH_TRY(*image, read_image(path(name)));
  }
  for (const char* group : {"body", "helper-l-eye", "helper-r-eye", "helper-upper-teeth", "helper-lower-teeth", "helper-tongue", "helper-tights",
                            "helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2"})
    if (out->groups[group].empty()) return fail(ErrorCode::corrupt, "{} has no '{}'", (folder / "base.obj").string(), group);
  return out;
}

}  // namespace ptah
