#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/dequantize_blocks.cpp"
#include <hwy/foreach_target.h>

#include "tensor/blocks.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/cpu/unpack_block.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

template <class From, class To>
void upcast_plain(const uint8_t* from, int64_t elements, To* out) {
  const int64_t whole = elements - elements % lanes();
  HWY_ALIGN From part[kMaxLanes];
  for (int64_t i = 0; i < elements; i += lanes()) {  // the file may hold them at any address
    const int64_t n = i < whole ? lanes() : elements - i;
    std::memcpy(part, from + i * static_cast<int64_t>(sizeof(From)), static_cast<size_t>(n) * sizeof(From));
    store_n(load_n(part, n), out + i, n);
  }
}

/// The low halves of 16 bytes, then their high halves, `less` subtracted.
HWY_INLINE void split_nibbles(const uint8_t* from, int less, int8_t* low, int8_t* high) {
#if HWY_TARGET == HWY_SCALAR
  for (int i = 0; i < 16; ++i) low[i] = static_cast<int8_t>((from[i] & 15) - less), high[i] = static_cast<int8_t>((from[i] >> 4) - less);
#else
  const hn::Full128<uint8_t> d8;
  const hn::Full128<int8_t> di8;
  const auto both = hn::LoadU(d8, from);
  const auto shift = hn::Set(di8, static_cast<int8_t>(less));
  hn::StoreU(hn::Sub(hn::BitCast(di8, hn::And(both, hn::Set(d8, 15))), shift), di8, low);
  hn::StoreU(hn::Sub(hn::BitCast(di8, hn::ShiftRight<4>(both)), shift), di8, high);
#endif
}

/// As detail::unpack_block, faster for the kinds that are met most.
HWY_INLINE void unpack(BlockType type, const uint8_t* block, detail::UnpackedBlock& out) {
  if (type == BlockType::q4_0 || type == BlockType::q4_1) {
    const bool affine = type == BlockType::q4_1;
    split_nibbles(block + (affine ? 4 : 2), affine ? 0 : 8, out.q, out.q + 16);
    out.scale[0] = out.scale[1] = detail::half_at(block);
    out.offset[0] = out.offset[1] = affine ? detail::half_at(block + 2) : 0;
  } else if (type == BlockType::q4_k) {
    const float d = detail::half_at(block), dmin = detail::half_at(block + 2);
    for (int part = 0; part < 8; ++part) {
      int scale, minimum;
      detail::scale_and_minimum(block + 4, part, scale, minimum);
      out.scale[2 * part] = out.scale[2 * part + 1] = d * static_cast<float>(scale);
      out.offset[2 * part] = out.offset[2 * part + 1] = -(dmin * static_cast<float>(minimum));
    }
    for (int i = 0; i < 8; ++i) {
      int8_t* low = out.q + i / 2 * 64 + i % 2 * 16;
      split_nibbles(block + 16 + 16 * i, 0, low, low + 32);
    }
  } else {
    detail::unpack_block(type, block, out);
  }
}

template <class To>
void dequantize_blocks_to(BlockType type, const uint8_t* blocks, int64_t elements, To* out) {
  if (type == BlockType::f32) return upcast_plain<float>(blocks, elements, out);
  if (type == BlockType::f16) return upcast_plain<f16>(blocks, elements, out);
  if (type == BlockType::bf16) return upcast_plain<bf16>(blocks, elements, out);
  const BlockLayout& layout = layout_of(type);
  detail::UnpackedBlock block;
  for (int64_t at = 0; at < elements; at += layout.elements, blocks += layout.bytes) {
    unpack(type, blocks, block);
    for (int64_t group = 0; group < layout.elements / 16; ++group) {
      const VF scale = splat(block.scale[group]), offset = splat(block.offset[group]);
      for (int64_t i = 0; i < 16; i += lanes()) {
        store(hn::Add(hn::Mul(scale, load(block.q + 16 * group + i)), offset), out + at + 16 * group + i);
      }
    }
  }
}

void dequantize_to_f32(BlockType type, const uint8_t* blocks, int64_t elements, float* out) { dequantize_blocks_to(type, blocks, elements, out); }
void dequantize_to_bf16(BlockType type, const uint8_t* blocks, int64_t elements, bf16* out) { dequantize_blocks_to(type, blocks, elements, out); }

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(dequantize_to_f32);
HWY_EXPORT(dequantize_to_bf16);

void dequantize(BlockType type, const uint8_t* blocks, int64_t elements, float* out) { HWY_DYNAMIC_DISPATCH(dequantize_to_f32)(type, blocks, elements, out); }
void dequantize(BlockType type, const uint8_t* blocks, int64_t elements, bf16* out) { HWY_DYNAMIC_DISPATCH(dequantize_to_bf16)(type, blocks, elements, out); }

}  // namespace ptah
#endif
