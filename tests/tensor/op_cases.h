// Every op with odd shapes, for the gradient checker and the thread test.
#pragma once

#include "gradient_check.h"
#include "tensor/lstm.h"

namespace ptah::test {

inline std::vector<OpCase> op_cases() {
  using In = const std::vector<Tensor>&;
  std::vector<OpCase> cases;
  const auto add_case = [&](OpCase test) { cases.push_back(std::move(test)); };
  struct Simple {
    const char* name;
    Tensor (*f)(const Tensor&);
    float low, high;
    bool smooth;
  };
  const Simple simple[] = {{"silu", silu, -4, 4, true},
                           {"gelu", gelu, -4, 4, true},
                           {"gelu_erf", gelu_erf, -4, 4, true},
                           {"tanh", tanh, -3, 3, true},
                           {"sigmoid", sigmoid, -4, 4, true},
                           {"exp", exp, -2, 2, true},
                           {"log", log, 0.5F, 3, true},
                           {"sqrt", sqrt, 0.5F, 3, true},
                           {"square", square, -2, 2, true},
                           {"relu", relu, -1, 1, false},
                           {"abs", abs, -1, 1, false},
                           {"softmax", softmax, -2, 2, true},
                           {"log_softmax", log_softmax, -2, 2, true}};
  for (const Simple& s : simple)
    for (const Shape& shape : {Shape{1}, Shape{3, 17}, Shape{65, 63}})
      add_case({s.name + shape.str(), {shape}, [f = s.f](In x) { return f(x[0]); }, s.low, s.high, s.smooth, true, s.smooth ? 2e-2 : 0.15});
  add_case({"leaky_relu", {{5, 33}}, [](In x) { return leaky_relu(x[0], 0.2F); }, -1, 1, false, true, 0.15});
  add_case({"affine", {{5, 33}}, [](In x) { return affine(x[0], 3, -1); }});
  add_case({"empty", {{0, 17}}, [](In x) { return silu(x[0]); }});

  const std::pair<Shape, Shape> pairs[] = {{{3, 17}, {3, 17}}, {{2, 3, 63}, {63}}, {{2, 3, 65}, {3, 1}}, {{4, 1, 5}, {1, 7, 5}}, {{65}, {1}}, {{1}, {2, 3}}};
  for (const auto& [a, b] : pairs) {
    const std::string shapes = a.str() + b.str();
    add_case({"add" + shapes, {a, b}, [](In x) { return add(x[0], x[1]); }});
    add_case({"sub" + shapes, {a, b}, [](In x) { return sub(x[0], x[1]); }});
    add_case({"mul" + shapes, {a, b}, [](In x) { return mul(x[0], x[1]); }});
    add_case({"div" + shapes, {a, b}, [](In x) { return div(x[0], x[1]); }, 0.5F, 2, true, true, 2e-2, 6e-2});
    add_case({"maximum" + shapes, {a, b}, [](In x) { return maximum(x[0], x[1]); }, -1, 1, false, true, 0.15});
    add_case({"minimum" + shapes, {a, b}, [](In x) { return minimum(x[0], x[1]); }, -1, 1, false, true, 0.15});
  }
  for (int axis = 0; axis < 3; ++axis) {
    add_case({"sum axis " + std::to_string(axis), {{3, 65, 17}}, [axis](In x) { return sum(x[0], axis); }});
    add_case({"mean axis " + std::to_string(axis), {{3, 65, 17}}, [axis](In x) { return mean(x[0], axis); }});
    add_case({"max axis " + std::to_string(axis), {{3, 5, 17}}, [axis](In x) { return max(x[0], axis); }, -1, 1, false, true, 0.15});
  }
  add_case({"sum all", {{63, 65}}, [](In x) { return sum(x[0]); }});
  add_case({"mean all", {{7, 9}}, [](In x) { return mean(x[0]); }});

  add_case({"reshape", {{4, 6}}, [](In x) { return x[0].reshape({3, -1}); }});
  add_case({"permute", {{2, 3, 5, 7}}, [](In x) { return permute(x[0], {3, 1, 0, 2}); }});
  add_case({"concat", {{2, 3, 5}, {2, 1, 5}}, [](In x) { return concat({x[0], x[1]}, 1); }});
  add_case({"slice", {{2, 9, 3}}, [](In x) { return slice(x[0], 1, 2, 7); }});
  add_case({"pad", {{2, 3, 3}}, [](In x) { return pad(x[0], 1, 2, 1, 0.5F); }});
  add_case({"pixel_shuffle", {{2, 3, 2, 12}}, [](In x) { return pixel_shuffle(x[0], 2); }});
  add_case({"pixel_unshuffle", {{2, 4, 6, 3}}, [](In x) { return pixel_unshuffle(x[0], 2); }});

  add_case({"matmul", {{3, 17, 63}, {3, 63, 65}}, [](In x) { return matmul(x[0], x[1]); }});
  add_case({"matmul ta", {{2, 32, 17}, {2, 32, 48}}, [](In x) { return matmul(x[0], x[1], {.transpose_a = true}); }});
  add_case({"matmul tb", {{17, 63}, {1, 63}}, [](In x) { return matmul(x[0], x[1], {.transpose_b = true}); }});
  add_case({"matmul tatb", {{1, 63, 17}, {1, 5, 63}}, [](In x) { return matmul(x[0], x[1], {.transpose_a = true, .transpose_b = true}); }});
  for (const auto& [m, k, n] : {std::tuple<int64_t, int64_t, int64_t>{1, 16, 16}, {17, 63, 65}, {130, 64, 96}, {3, 1, 1}})
    for (const Activation activation : {Activation::none, Activation::gelu, Activation::gelu_erf, Activation::silu})
      add_case({fmt::format("linear {} {} {} {}", m, k, n, static_cast<int>(activation)), {{m, k}, {n, k}, {n}, {m, n}}, [activation](In x) {
                  return linear(x[0], x[1], {.bias = cast(x[2], DType::f32), .activation = activation, .residual = x[3]});
                }});
  struct Conv {
    int64_t n, h, in, out, kernel, stride, padding, groups;
  };
  for (const Conv& c : {Conv{2, 9, 3, 17, 3, 1, 1, 1}, Conv{5, 8, 16, 32, 3, 2, 1, 1}, Conv{1, 7, 8, 8, 3, 1, 1, 8}, Conv{3, 6, 32, 16, 1, 1, 0, 1},
                        Conv{2, 11, 4, 6, 5, 3, 2, 2}})
    add_case({fmt::format("conv2d {} {} {} {} k{} s{} p{} g{}", c.n, c.h, c.in, c.out, c.kernel, c.stride, c.padding, c.groups),
              {{c.n, c.h, c.h + 1, c.in}, {c.out, c.in / c.groups, c.kernel, c.kernel}, {c.out}},
              [c](In x) { return conv2d(x[0], x[1], {.bias = cast(x[2], DType::f32), .stride = c.stride, .padding = c.padding, .groups = c.groups}); }});
  add_case({"conv2d residual", {{2, 8, 8, 16}, {16, 16, 3, 3}, {2, 8, 8, 16}}, [](In x) {
              return conv2d(x[0], x[1], {.padding = 1, .activation = Activation::silu, .residual = x[2]});
            }});

  for (const Filter filter : {Filter::nearest, Filter::bilinear, Filter::lanczos})
    for (const auto& to : {std::array<int64_t, 2>{3, 17}, {13, 5}})
      add_case(
          {fmt::format("resize {} {}x{}", static_cast<int>(filter), to[0], to[1]), {{2, 7, 9, 3}}, [=](In x) { return resize(x[0], to[0], to[1], filter); }});
  add_case({"avg_pool", {{2, 7, 9, 3}}, [](In x) { return avg_pool2d(x[0], {3, 2, 1}); }});
  add_case({"local_filter", {{2, 5, 7, 3}, {2, 5, 7, 9}}, [](In x) { return local_filter(cast(x[0], DType::f32), cast(x[1], DType::f32)); }});
  add_case({"max_pool", {{2, 6, 8, 3}}, [](In x) { return max_pool2d(x[0]); }, -1, 1, false, true, 0.15});

  for (const bool reverse : {false, true}) {
    add_case({fmt::format("lstm{}", reverse ? " reverse" : ""), {{5, 3, 4 * 17}, {4 * 17, 17}, {3, 17}}, [reverse](In x) {
                return lstm(x[0], cast(x[1], DType::f32), {.state = x[2], .lengths = Tensor::from({3}, std::vector<int32_t>{5, 2, 4}), .reverse = reverse});
              }});
  }
  add_case({"lstm of one", {{1, 1, 4}, {4, 1}}, [](In x) { return lstm(x[0], cast(x[1], DType::f32)); }});
  for (const int64_t d : {1, 17, 63, 384}) {
    add_case({fmt::format("rms_norm {}", d), {{5, d}, {d}}, [](In x) { return rms_norm(x[0], {.weight = cast(x[1], DType::f32)}); }, 0.2F, 1});
    if (d == 1) continue;
    add_case({fmt::format("layer_norm {}", d), {{130, d}, {d}, {d}}, [](In x) {
                return layer_norm(x[0], {.weight = cast(x[1], DType::f32), .bias = cast(x[2], DType::f32)});
              }});
    add_case({fmt::format("modulated_norm {}", d), {{3, 65, d}, {3, d}, {3, d}}, [](In x) { return modulated_norm(x[0], x[1], x[2]); }});
    add_case({fmt::format("gated_add {}", d), {{3, 65, d}, {3, 65, d}, {3, d}}, [](In x) { return gated_add(x[0], x[1], x[2]); }});
  }
  add_case({"group_norm", {{2, 5, 4, 12}, {12}, {12}}, [](In x) {
              return group_norm(x[0], 3, {.weight = cast(x[1], DType::f32), .bias = cast(x[2], DType::f32)});
            }});

  struct Shapes {
    int64_t n, m, heads, d;
    bool causal;
  };
  for (const Shapes& s : {Shapes{1, 1, 1, 1, false}, Shapes{3, 17, 2, 8, false}, Shapes{64, 64, 3, 64, false}, Shapes{65, 130, 2, 40, false},
                          Shapes{130, 130, 1, 32, true}, Shapes{17, 63, 2, 16, true}})
    add_case({fmt::format("attention {}x{} {}·{}{}", s.n, s.m, s.heads, s.d, s.causal ? " causal" : ""),
              {{2, s.n, s.heads * s.d}, {2, s.m, s.heads * s.d}, {2, s.m, s.heads * s.d}},
              [s](In x) { return attention(x[0], x[1], x[2], {.heads = s.heads, .causal = s.causal}); },
              -2,
              2});
  struct Grouped {
    int64_t n, m, heads, kv_heads, d, window;
  };
  for (const Grouped& s : {Grouped{17, 17, 4, 2, 8, 0}, Grouped{70, 70, 3, 1, 16, 0}, Grouped{130, 130, 2, 2, 32, 40}, Grouped{9, 600, 4, 2, 16, 270},
                           Grouped{65, 130, 4, 1, 8, 7}})
    add_case({fmt::format("attention {}x{} {} of {} heads·{} window {}", s.n, s.m, s.heads, s.kv_heads, s.d, s.window),
              {{2, s.n, s.heads * s.d}, {2, s.m, s.kv_heads * s.d}, {2, s.m, s.kv_heads * s.d}},
              [s](In x) { return attention(x[0], x[1], x[2], {.heads = s.heads, .kv_heads = s.kv_heads, .causal = true, .window = s.window}); },
              -2,
              2});
  for (const bool halves : {true, false})
    for (const int64_t turned : {1, 8, 9})
      add_case({fmt::format("rotary {} pairs {}", turned, halves), {{2, 5, 3 * 19}}, [halves, turned](In x) {
                  const Tensor angles = affine(Tensor::normal({5, turned}, 8, 8), 2);
                  Tensor cosines = Tensor::empty(angles.shape()), sines = Tensor::empty(angles.shape());
                  for (int64_t i = 0; i < angles.elements(); ++i) {
                    cosines.data<float>()[i] = std::cos(angles.data<float>()[i]);
                    sines.data<float>()[i] = std::sin(angles.data<float>()[i]);
                  }
                  return rotary(x[0], 3, cosines, sines, halves);
                }});
  add_case({"attention key_lengths",
            {{3, 9, 32}, {3, 17, 32}, {3, 17, 32}},
            [](In x) {
              return attention(x[0], x[1], x[2], {.heads = 2, .key_lengths = Tensor::from({3}, std::vector<int32_t>{17, 5, 0})});
            },
            -2,
            2});
  add_case({"attention bias",
            {{2, 9, 32}, {2, 70, 32}, {2, 70, 32}},
            [](In x) {
              return attention(x[0], x[1], x[2], {.heads = 2, .bias = Tensor::normal({9, 70}, 5, 5)});
            },
            -2,
            2});
  add_case({"self_attention", {{2, 65, 96}}, [](In x) { return self_attention(x[0], {.heads = 2}); }, -2, 2});
  add_case({"cross_attention", {{2, 65, 32}, {2, 16, 64}}, [](In x) { return cross_attention(x[0], x[1], {.heads = 2}); }, -2, 2});

  add_case({"gather", {{7, 5}}, [](In x) { return gather(x[0], Tensor::from({4}, std::vector<int32_t>{3, 0, 3, 6})); }});
  add_case({"embedding", {{7, 65}}, [](In x) { return embedding(x[0], Tensor::from({2, 2}, std::vector<int32_t>{3, 0, 3, 6})); }, -1, 1, true, false});
  add_case({"cross_entropy", {{4, 17}}, [](In x) { return cross_entropy(x[0], Tensor::from({4}, std::vector<int32_t>{3, 0, -1, 16})); }, -2, 2});
  add_case({"mse_loss", {{4, 17}, {4, 17}}, [](In x) { return mse_loss(x[0], x[1]); }});
  add_case({"l1_loss", {{4, 17}, {4, 17}}, [](In x) { return l1_loss(x[0], x[1]); }, -1, 1, false, true, 0.15});
  return cases;
}

}  // namespace ptah::test
