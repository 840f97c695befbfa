// Tensors of block-quantised numbers, and the ops that read them.
#include <gtest/gtest.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "gradient_check.h"
#include "tensor/blocks.h"

namespace ptah::test {

namespace {

constexpr BlockType kQuantised[] = {BlockType::q4_0, BlockType::q4_1, BlockType::q5_0, BlockType::q5_1, BlockType::q8_0,   BlockType::q2_k,
                                    BlockType::q3_k, BlockType::q4_k, BlockType::q5_k, BlockType::q6_k, BlockType::iq4_nl, BlockType::iq4_xs};

std::vector<float> values_of(const Tensor& x) { return x.to_vector(); }

}  // namespace

TEST(Quantised, TensorsHoldTheirBlocksAndWhatTheyStandFor) {
  for (const BlockType type : kQuantised) {
    SCOPED_TRACE(layout_of(type).name);
    const Tensor x = Tensor::normal({3, 512}, 1, 1);
    const Tensor q = quantized(x, type);
    EXPECT_EQ(q.dtype(), DType::blocks);
    EXPECT_EQ(q.block_type(), type);
    EXPECT_EQ(q.bytes(), static_cast<size_t>(block_bytes(type, 3 * 512)));
    std::vector<uint8_t> blocks(q.bytes());
    value_or_throw(quantize(type, x.data<float>(), x.elements(), blocks.data()));
    EXPECT_TRUE(std::equal(blocks.begin(), blocks.end(), static_cast<const uint8_t*>(q.raw())));
    std::vector<float> wanted(512 * 3);
    dequantize(type, blocks.data(), 512 * 3, wanted.data());
    EXPECT_EQ(values_of(q), wanted);
    EXPECT_EQ(values_of(cast(q, DType::f32)), wanted);
    EXPECT_EQ(values_of(cast(q, DType::bf16)), values_of(cast(cast(q, DType::f32), DType::bf16)));
    EXPECT_EQ(values_of(cast(q, DType::f16)), values_of(cast(cast(q, DType::f32), DType::f16)));
    EXPECT_EQ(values_of(q.rows(1, 3)), std::vector<float>(wanted.begin() + 512, wanted.end()));
    EXPECT_EQ(values_of(q.clone().reshape({6, 256})), wanted);
    const Tensor same = Tensor::wrap(q.block_matrix());
    EXPECT_EQ(same.raw(), q.raw());
    EXPECT_EQ(values_of(same), wanted);
  }
}

TEST(Quantised, MatricesOfPlainNumbersAreWrappedAsPlainTensors) {
  for (const DType type : {DType::f32, DType::bf16, DType::f16}) {
    const Tensor x = Tensor::normal({4, 8}, 1, 1, type);
    const Tensor same = Tensor::wrap(x.block_matrix());
    EXPECT_EQ(same.dtype(), type);
    EXPECT_EQ(same.raw(), x.raw());
    EXPECT_EQ(same.shape(), x.shape());
  }
}

TEST(Quantised, WhatBlocksCannotDoIsRefused) {
  Tensor q = quantized(Tensor::normal({4, 64}, 1, 1), BlockType::q8_0);
  EXPECT_THROW(q.set_requires_grad(), Failure);
  EXPECT_THROW((void)q.reshape({16, 16}), Failure);
  EXPECT_THROW((void)silu(q), Failure);
  EXPECT_THROW((void)add(q, q), Failure);
  EXPECT_THROW((void)gather(q, Tensor::from({1}, std::vector<int32_t>{0})), Failure);
  EXPECT_THROW((void)cast(q, DType::i32), Failure);
  EXPECT_THROW((void)Tensor::empty_blocks({4, 33}, BlockType::q8_0), Failure);
  EXPECT_THROW((void)Tensor::empty_blocks({4, 64}, BlockType::q4_k), Failure);
  EXPECT_THROW((void)quantized(Tensor::full({1, 32}, INFINITY), BlockType::q8_0), Failure);
}

/// linear and embedding give what they give with the numbers that the blocks stand for, forward and for the gradient of x.
TEST(Quantised, LinearAndEmbeddingReadBlocks) {
  for (const BlockType type : kQuantised)
    for (const DType dtype : {DType::f32, DType::bf16})
      for (const int64_t n : {48, 50}) {
        SCOPED_TRACE(fmt::format("{} {} {}", layout_of(type).name, name_of(dtype), n));
        const Tensor blocks = quantized(Tensor::normal({n, 256}, 2, 1), type), plain = cast(blocks, DType::f32);
        const Tensor bias = Tensor::normal({n}, 2, 2), residual = Tensor::normal({2, 17, n}, 2, 3, dtype), grad = Tensor::normal({2, 17, n}, 2, 4, dtype);
        const auto pass = [&](const Tensor& weight) {
          Tensor x = Tensor::normal({2, 17, 256}, 2, 5, dtype);
          std::vector<float> all = linear(x, weight, {.bias = bias, .activation = Activation::silu, .residual = residual}).to_vector();
          x.set_requires_grad();
          GradScope scope;
          const Tensor y = linear(x, weight, {.bias = bias, .activation = Activation::silu, .residual = residual});
          scope.backward(y, grad);
          for (const Tensor& part : {y, x.grad()})
            for (const float v : part.to_vector()) all.push_back(v);
          return all;
        };
        const std::vector<float> made = pass(blocks), wanted = pass(plain);
        ASSERT_EQ(made.size(), wanted.size());
        for (size_t i = 0; i < made.size(); ++i) ASSERT_NEAR(made[i], wanted[i], (dtype == DType::f32 ? 1e-4 : 0.1) * (1 + std::abs(wanted[i]))) << i;
        const Tensor ids = Tensor::from({2, 2}, std::vector<int32_t>{3, 0, static_cast<int32_t>(n - 1), 3});
        EXPECT_EQ(embedding(blocks, ids, dtype).to_vector(), embedding(plain, ids, dtype).to_vector());
        EXPECT_EQ(embedding(blocks, ids, DType::f16).to_vector(), embedding(plain, ids, DType::f16).to_vector());
      }
}

/// A product dequantises one matrix for its own time: nothing of it stays, neither forward nor in the record of a gradient.
TEST(Quantised, NoDequantisedCopyIsKept) {
  const int64_t n = 512, k = 1024;
  const Tensor blocks = quantized(Tensor::normal({n, k}, 3, 1), BlockType::q4_0);
  Tensor x = Tensor::normal({4, k}, 3, 2);
  x.set_requires_grad();
  const int64_t before = memory_account().live_bytes;
  {
    GradScope scope;
    const Tensor y = linear(x, blocks);
    EXPECT_LT(memory_account().live_bytes - before, 64 << 10) << "of " << n * k * 4 << " bytes in f32";
    scope.backward(y, Tensor::full({4, n}, 1));
  }
  EXPECT_LT(memory_account().live_bytes - before, 64 << 10);
}

TEST(Quantised, PlansCountWhatRunsTake) {
  const auto pass = [](const Tensor& blocks) {
    reset_memory_peak();
    const MemoryAccount before = memory_account();
    const Tensor y = linear(Tensor::zeros({16, 1024}), blocks);
    return memory_account().peak_bytes - before.live_bytes;
  };
  const int64_t real = pass(quantized(Tensor::normal({512, 1024}, 3, 1), BlockType::q4_k));
  const DryRun dry;
  const int64_t planned = pass(Tensor::empty_blocks({512, 1024}, BlockType::q4_k));
  EXPECT_GE(planned * 9 / 8, real) << "a freed block may serve a request that is up to an eighth smaller";
  EXPECT_LE(planned, real + real / 4);
}

}  // namespace ptah::test
