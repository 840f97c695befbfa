// ONNX files: the graph of a model and the numbers in it, as a protocol buffer (github.com/onnx/onnx, onnx.proto). Nothing here runs a graph: it is read for
// which numbers belong to which layer.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// Numbers, little-endian, as they lie in the file.
struct OnnxTensor {
  enum class Type { f32 = 1, u8 = 2, i8 = 3, i32 = 6, i64 = 7 };
  Type type = Type::f32;
  std::vector<int64_t> shape;  ///< outermost first; empty of a scalar
  std::span<const uint8_t> bytes;
  std::shared_ptr<const Bytes> kept;  ///< the bytes, if the file has these numbers in another form
  int64_t elements() const;
};

struct OnnxNode {
  std::string name, operation;
  std::vector<std::string> inputs, outputs;  ///< names; an input that is left out is empty
};

struct OnnxFile {
  std::vector<OnnxNode> nodes;                     ///< in the file's order
  std::map<std::string, OnnxTensor> initialisers;  ///< views on the bytes
};

/// Reads nodes and initialisers out of bytes, which must outlive the result. Errors: corrupt (cut off; lengths that pass the end; numbers that do not fill
/// their shape; repeated names), unsupported (numbers in other files; types that are not listed above, of an initialiser).
Result<OnnxFile> parse_onnx(std::span<const uint8_t> bytes);

}  // namespace ptah
