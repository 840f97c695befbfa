#include "text/template/jinja.h"

#include <chrono>
#include <ctime>

#include "base/text.h"
#include "text/template/jinja_tree.h"
#include "text/template/jinja_operations.h"

namespace ptah::jinja {

Value range_of(Budget& budget, const Given& given) {
  constexpr int64_t kMax = 100000;  // the sandbox's own limit
  const auto count = given.plain.size();
  if (!given.named.empty() || count < 1 || count > 3) unfit(budget, "range takes one to three numbers");
  int64_t bounds[3] = {0, 0, 1};
  for (size_t i = 0; i < count; ++i) {
    const auto v = integer_of(given.plain[i]);
    if (!v) unfit(budget, fmt::format("range of {}", type_name(given.plain[i])));
    bounds[i] = *v;
  }
  if (count == 1) std::swap(bounds[0], bounds[1]);
  if (bounds[2] == 0) unfit(budget, "range with step 0");
  std::vector<Value> out;
  Budget::Charge charge(budget);
  for (int64_t i = bounds[0]; bounds[2] > 0 ? i < bounds[1] : i > bounds[1];) {
    if (static_cast<int64_t>(out.size()) == kMax) unfit(budget, fmt::format("range of more than {} numbers", kMax));
    charge.grow(2 * sizeof(Value));
    out.push_back(i);
    if (__builtin_add_overflow(i, bounds[2], &i)) break;
  }
  Value made = make_list(budget, std::move(out), List::range);
  auto shown = bounds[2] != 1 ? fmt::format("range({}, {}, {})", bounds[0], bounds[1], bounds[2]) : fmt::format("range({}, {})", bounds[0], bounds[1]);
  const_cast<List*>(made.list())->shown = std::move(shown);  // still its only owner
  return made;
}

Value date_text(Budget& budget, const std::string& format) {
  const auto time = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  const auto micro = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count() % 1'000'000;
  std::string plain;
  for (size_t i = 0; i < format.size(); ++i) {
    const char next = format[i] == '%' && i + 1 < format.size() ? format[i + 1] : '\0';
    if (next == 'f')
      plain += fmt::format("{:06}", micro);
    else if (next == '%' || (next != '\0' && next != 'z' && next != 'Z'))
      plain += format.substr(i, 2);
    else if (next == '\0')
      plain += format[i];
    if (next != '\0') ++i;
  }
  if (plain.size() > 1024) refuse(budget, "a date in a format of more than 1024 bytes");
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::string out(16384, '\0');
  out.resize(plain.empty() ? 0 : std::strftime(out.data(), out.size(), plain.c_str(), &parts));
  return make_text(budget, std::move(out));
}

}  // namespace ptah::jinja

namespace ptah {

namespace {

/// A conversation of some MiB and what a template makes of it; chat templates take thousands of steps.
constexpr Budget::Limits kLimits{.bytes = size_t{96} << 20, .depth = 250, .steps = 5'000'000, .seconds = 10};

}  // namespace

struct JinjaTemplate::Tree {
  jinja::NodePtr root;
};

JinjaTemplate::JinjaTemplate(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
JinjaTemplate::~JinjaTemplate() = default;

Result<std::shared_ptr<const JinjaTemplate>> JinjaTemplate::parse(std::string_view text) {
  return guard([&]() -> Result<std::shared_ptr<const JinjaTemplate>> {
    if (const size_t bad = invalid_utf8_at(text); bad != std::string::npos) return fail(ErrorCode::corrupt, "template: not valid UTF-8 at byte {}", bad);
    Budget budget("template", kLimits);
    auto tree = std::make_unique<Tree>();
    tree->root = jinja::parse(text, budget);
    return std::shared_ptr<const JinjaTemplate>(new JinjaTemplate(std::move(tree)));
  });
}

Result<std::string> JinjaTemplate::render(const OrderedJson& variables) const {
  return guard([&]() -> Result<std::string> {
    Budget budget("template", kLimits);
    return jinja::render(*tree_->root, variables, budget);
  });
}

}  // namespace ptah
