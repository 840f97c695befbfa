// Programs that nobody wrote: every primitive, modifier and operation, at random but possible values.
#pragma once

#include "base/philox.h"
#include "shape/program/evaluate.h"

namespace ptah {

class RandomPrograms {
 public:
  explicit RandomPrograms(uint64_t seed) : random_(seed), rough_(seed, 5) {}

  std::string program() {
    parts_.clear();
    std::string out = "shape random\n";
    const int count = 1 + whole(6);
    for (int i = 0; i < count; ++i) out += statement(i, 0);
    return out;
  }

 private:
  int whole(uint32_t bound) { return static_cast<int>(random_.below(bound)); }
  bool chance(float share) { return random_.uniform() < share; }
  /// Sizes on a coarse grid half of the time, so that faces meet.
  std::string size(float low, float high) {
    float value = low + (high - low) * random_.uniform();
    if (chance(0.5F)) value = std::max(0.125F, std::round(value * 8) / 8);
    return fmt::format("{:.5g}", value);
  }
  std::string offset() {
    float value = 2 * random_.uniform() - 1;
    if (chance(0.5F)) value = std::round(value * 8) / 8;
    return fmt::format("{:.5g}", value);
  }

  std::string primitive() {
    const auto s = [&] { return size(0.1F, 1); };
    switch (whole(19)) {
      case 0:
        return fmt::format("box({}, {}, {})", s(), s(), s());
      case 1:
        return fmt::format("box({}, {}, {}, r = 0.04)", s(), s(), s());
      case 2:
        return fmt::format("cylinder({}, {})", s(), s());
      case 3:
        return fmt::format("cylinder({}, {}, top = {}, n = {})", s(), s(), s(), 3 + whole(12));
      case 4:
        return fmt::format("cone({}, {})", s(), s());
      case 5:
        return fmt::format("sphere({}, n = {})", s(), 6 + whole(12));
      case 6:
        return fmt::format("ellipsoid({}, {}, {}, n = 12)", s(), s(), s());
      case 7:
        return fmt::format("torus(0.5, {}, n = 12)", size(0.05F, 0.4F));
      case 8:
        return fmt::format("capsule(0.2, {}, n = 12)", size(0.45F, 1));
      case 9:
        return fmt::format("wedge({}, {}, 1.25, top = {})", s(), s(), chance(0.5F) ? "0" : s());
      case 10:
        return fmt::format("gable({}, {}, {})", s(), s(), s());
      case 11:
        return fmt::format("prism({}, {}, {})", 3 + whole(8), s(), s());
      case 12:
        return fmt::format("pyramid({}, {}, d = {})", s(), s(), s());
      case 13:
        return fmt::format("lathe((0.2, 0), ({}, 0.3), (0.15, 0.6), (0, 0.7), n = 12)", s());
      case 14:
        return fmt::format("extrude((0, 0), ({0}, 0), ({0}, {1}), (0.05, {1}), (0.05, {2}), (0, {2}), d = {3})", size(0.3F, 1), size(0.1F, 0.3F), size(0.5F, 1),
                           s());
      case 15:
        return fmt::format("sweep((0, 0, 0), (0, {}, 0), (0.5, 1.1, {}), r = 0.08, end = 0.04)", size(0.3F, 0.9F), s());
      case 16:
        return fmt::format("metaballs((0, 0.3, 0, {}), ({}, 0.3, 0.1, 0.2), n = 12)", size(0.1F, 0.4F), size(0.1F, 0.6F));
      case 17:
        return fmt::format(
            "algebraic(\"{}\", {}, h = {}, n = 12)",
            chance(0.5F) ? "(x^2 + y^2 + z^2 - 0.6)^3 - x^2 * y^3" : "sin(4 * x) * cos(4 * y) + sin(4 * y) * cos(4 * z) + sin(4 * z) * cos(4 * x)", s(), s());
      default:
        return fmt::format("superquadric({}, {}, {}, e1 = 0.4, e2 = {}, n = 12)", s(), s(), s(), size(0.3F, 1.8F));
    }
  }

  std::string modifiers(bool group) {
    std::string out;
    if (!group && chance(0.1F)) out += fmt::format(" bend({})", 20 + whole(100));
    if (!group && chance(0.1F)) out += fmt::format(" twist({})", whole(180));
    if (!group && chance(0.1F)) out += fmt::format(" taper({})", size(0.2F, 1.5F));
    if (!group && rough_.uniform() < 0.04F) out += fmt::format(" noise({:.3g}, 1, {}, n = 12)", 0.02F + 0.3F * rough_.uniform(), rough_.below(100));
    if (chance(0.2F)) out += fmt::format(" rotate({}, {})", chance(0.5F) ? "x" : "z", chance(0.5F) ? 90 * whole(4) : whole(360));
    const bool anchored = !parts_.empty() && chance(0.6F);
    if (anchored) {
      static constexpr const char* kAnchors[] = {"on", "under", "left", "right", "front", "behind", "in"};
      out += fmt::format(" {} {}", kAnchors[whole(7)], parts_[static_cast<size_t>(whole(static_cast<uint32_t>(parts_.size())))]);
    }
    if (chance(0.5F)) out += fmt::format(" at ({}, {}, {})", offset(), offset(), offset());
    if (chance(0.1F)) out += fmt::format(" sink({})", size(0.01F, 0.1F));
    switch (whole(10)) {
      case 0:
        out += fmt::format(" repeat({}, {})", 2 + whole(3), size(0.1F, 0.8F));
        break;
      case 1:
        out += fmt::format(" ring({}, {})", 2 + whole(5), size(0.1F, 1));
        break;
      case 2:
        out += " mirror(x)";
        break;
      case 3:
        out += fmt::format(" grid(2, 2, {}, {})", size(0.2F, 1), size(0.2F, 1));
        break;
      default:
        break;
    }
    return out;
  }

  std::string blend() { return !parts_.empty() && chance(0.06F) ? fmt::format("blend({}) ", size(0.125F, 0.3F)) : ""; }

  std::string statement(int number, int depth) {
    if (depth < 2 && chance(0.15F)) {
      std::vector<std::string> outer;
      std::swap(outer, parts_);
      std::string body;
      for (int i = 0, n = 1 + whole(3); i < n; ++i) body += statement(number * 10 + i, depth + 1);
      parts_ = outer;
      std::string out = fmt::format("{}group g{} {{\n{}}}{}\n", chance(0.15F) && !parts_.empty() ? "cut " : "", number, body, modifiers(true));
      if (!out.starts_with("cut")) parts_.push_back(fmt::format("g{}", number));
      return out;
    }
    const bool cut = !parts_.empty() && chance(0.25F);
    std::string out = fmt::format("{}part p{} = {}{}\n", cut ? "cut " : blend(), number, primitive(), modifiers(false));
    if (!cut) parts_.push_back(fmt::format("p{}", number));
    return out;
  }

  Random random_, rough_;  // noise has numbers of its own, so that the rest of each program is as it was before there was any
  std::vector<std::string> parts_;
};

}  // namespace ptah
