// Block-quantised matrices: the kinds that GGUF files hold, and the products that consume them as they lie.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tensor/dtype.h"

namespace ptah {

/// Kinds of matrix storage. q4_0 … q8_0: blocks of 32 with one scale (and minimum); q2_k … q6_k: blocks of 256 with scales of their own for each 16 or 32;
/// iq4: 4 bits through a table. Layouts are those of ggml (ggml-common.h).
enum class BlockType : uint8_t { f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k, iq4_nl, iq4_xs };
constexpr int kBlockTypes = 15;

struct BlockLayout {
  std::string_view name;
  int64_t elements, bytes;  ///< of one block
};
const BlockLayout& layout_of(BlockType type);
/// By its name, e.g. "q4_k".
std::optional<BlockType> block_type_by_name(std::string_view name);
/// All names, with blanks between.
std::string block_type_names();

/// Bytes of `elements` values (a multiple of the block).
int64_t block_bytes(BlockType type, int64_t elements);

/// f32 values of whole blocks; bit for bit what ggml's reference gives. In bf16: these, rounded to nearest.
void dequantize(BlockType type, const uint8_t* blocks, int64_t elements, float* out);
void dequantize(BlockType type, const uint8_t* blocks, int64_t elements, bf16* out);
/// The inverse, as ggml's reference rounds (without an importance matrix), byte for byte. Errors: invalid_argument for values that are not finite, unless the
/// kind holds those too (f32, f16, bf16).
Result<void> quantize(BlockType type, const float* values, int64_t elements, uint8_t* blocks);

/// A matrix [rows, columns] in blocks along the columns, as it lies in a file that `owner` keeps mapped.
struct BlockMatrix {
  BlockType type = BlockType::f32;
  int64_t rows = 0, columns = 0;
  const uint8_t* data = nullptr;
  std::shared_ptr<const void> owner = nullptr;
  int64_t row_bytes() const { return block_bytes(type, columns); }
  const uint8_t* row(int64_t i) const { return data + i * row_bytes(); }
  bool defined() const { return data != nullptr; }
};

/// Vectors rounded to 8 bits with one scale for each 32 numbers, and the sums that offsets are multiplied with.
class RoundedVectors {
 public:
  /// Rounds x [count, columns]; columns is a multiple of 32.
  void round(const float* x, int64_t count, int64_t columns);
  int64_t count() const { return count_; }
  int64_t columns() const { return columns_; }
  const int8_t* values(int64_t i) const { return values_.data() + i * columns_; }
  const float* scales(int64_t i) const { return scales_.data() + i * (columns_ / 32); }
  /// Scale times the sum of each 16, and of each 32, values.
  const float* sums16(int64_t i) const { return sums16_.data() + i * (columns_ / 16); }
  const float* sums32(int64_t i) const { return sums32_.data() + i * (columns_ / 32); }

 private:
  int64_t count_ = 0, columns_ = 0;
  std::vector<int8_t> values_;
  std::vector<float> scales_, sums16_, sums32_;
};

/// y [count, rows] = x · Wᵀ for few x: W is read once and never widened. Quantised kinds use x rounded to 8 bits, f32, f16 and bf16 use x as it is. Each
/// row of y depends on its x alone, whatever the count and the number of threads.
void block_product(const BlockMatrix& w, const float* x, int64_t count, const RoundedVectors& rounded, float* y);
/// Whether block_product reads `rounded` for this kind.
constexpr bool wants_rounded(BlockType type) { return type != BlockType::f32 && type != BlockType::f16 && type != BlockType::bf16; }

}  // namespace ptah
