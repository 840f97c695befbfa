// GGUF: the one-file format of llama.cpp (versions 2 and 3, little-endian): typed metadata, then tensors in block-quantised kinds.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "tensor/blocks.h"

namespace ptah {

/// Metadata: integers of every width become int64 (uint64 beyond its range is refused), floats double. Lists of lists are refused.
using GgufValue = std::variant<bool, int64_t, double, std::string, std::vector<bool>, std::vector<int64_t>, std::vector<double>, std::vector<std::string>>;

struct GgufTensor {
  std::vector<int64_t> shape;  ///< outermost first, as elsewhere in Ptah (GGUF writes them the other way round)
  BlockMatrix matrix;          ///< all leading extents as rows
};

struct GgufFile {
  int version = 0;
  std::map<std::string, GgufValue> metadata;
  std::map<std::string, GgufTensor> tensors;

  /// Typed look-up. Errors: corrupt, naming the key, if it is missing or of another type.
  Result<int64_t> integer(const std::string& key) const;
  Result<double> number(const std::string& key) const;
  Result<std::string> text(const std::string& key) const;
  bool has(const std::string& key) const { return metadata.contains(key); }
  /// The value if it is there and has the type, else the fallback.
  template <class T>
  T get(const std::string& key, T fallback) const {
    const auto found = metadata.find(key);
    if (found == metadata.end()) return fallback;
    const T* value = std::get_if<T>(&found->second);
    return value ? *value : fallback;
  }
};

/// Parses a file in memory that `owner` keeps alive; tensors are views on it. Errors: corrupt for anything out of range, repeated names, overlapping or
/// misaligned tensors, strings and counts that pass the end; unsupported (naming tensor and kind) for other kinds, versions and big-endian files. Nothing is
/// allocated before its size is known to fit in the file.
Result<GgufFile> parse_gguf(std::span<const uint8_t> bytes, const std::shared_ptr<const void>& owner);

/// The same from a memory-mapped file. For the first of a split set (NAME-00001-of-00003.gguf) the others are read from beside it.
Result<GgufFile> read_gguf(const std::filesystem::path& path);

/// The file of metadata and tensors (name → shape outermost first, kind, bytes). Written atomically, alignment 32 whatever the metadata say.
struct GgufOutput {
  std::string name;
  std::vector<int64_t> shape;
  BlockType type = BlockType::f32;
  std::vector<uint8_t> bytes;
};
Result<void> write_gguf(const std::filesystem::path& path, const std::map<std::string, GgufValue>& metadata, const std::vector<GgufOutput>& tensors);

struct Requantized {
  int64_t changed = 0, kept = 0;  ///< tensors
  int64_t others = 0;             ///< of those changed, how many took the kind's stand-in
  int64_t bytes_before = 0, bytes_after = 0;
};

/// Gathers the tensors of a GGUF file whose matrices are in one kind.
class GgufMaker {
 public:
  explicit GgufMaker(BlockType type) : type_(type) {}
  /// Matrices whose rows are no multiple of the kind's block take its stand-in with blocks of 32 (as llama.cpp: q5_0 for q4_k, q5_1 for q5_k, q8_0 for q6_k,
  /// iq4_nl for the others); if that does not divide them either they stay as they are. Vectors become f32, with their elements in `order` if there is one;
  /// so do the rows of matrices. Errors: invalid_argument for a matrix with values that are not finite.
  Result<void> add(const std::string& name, const std::vector<int64_t>& shape, const BlockMatrix& matrix, const std::vector<int64_t>& order = {});
  /// Adds the keys of the kind and writes the file.
  Result<Requantized> write(const std::filesystem::path& path, std::map<std::string, GgufValue> metadata) const;

 private:
  BlockType type_;
  Requantized report_;
  std::vector<GgufOutput> tensors_;
};

/// The same model with its matrices in another kind (GgufMaker says how). Metadata is kept; a split set becomes one file. Errors: invalid_argument if `to` is
/// the file itself.
Result<Requantized> requantize_gguf(const std::filesystem::path& from, const std::filesystem::path& to, BlockType type);

}  // namespace ptah
