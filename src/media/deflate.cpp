#include "media/deflate.h"

#include <zlib.h>

namespace ptah {

Result<Bytes> deflated(const Bytes& bytes, DeflateWrapping wrapping, const char* what) {
  constexpr int kGzip = 16;
  const int window = wrapping == DeflateWrapping::gzip ? MAX_WBITS + kGzip : -MAX_WBITS;
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY) != Z_OK) return fail(ErrorCode::internal, "{}: deflate does not begin", what);
  Bytes out(deflateBound(&stream, static_cast<uLong>(bytes.size())));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) return fail(ErrorCode::internal, "{}: deflate ended with {}", what, status);
  return out;
}

}  // namespace ptah
