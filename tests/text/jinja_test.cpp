// Chat templates give what jinja2 gives, or are refused by name; and whatever they do, they stay within their budget.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/budget.h"
#include "base/file.h"
#include "text/template/jinja.h"

namespace ptah {
namespace {

Result<std::string> rendered(const std::string& text, const OrderedJson& variables = OrderedJson::object()) {
  PTAH_TRY(const auto made, JinjaTemplate::parse(text));
  return made->render(variables);
}

TEST(Templates, GiveWhatJinjaGivesOrAreRefusedByName) {
  const OrderedJson golden = OrderedJson::parse(value_or_throw(read_text(std::filesystem::path(PTAH_SOURCE_DIR) / "tests/golden/jinja.json")));
  int equal = 0, refused = 0, both = 0;
  for (const OrderedJson& item : golden["cases"]) {
    const auto text = item[0].get<std::string>();
    const auto out = rendered(text, golden["variables"]);
    if (item[1].is_null() || item[1].is_boolean()) {  // jinja2 raises, or prints an address
      EXPECT_FALSE(out) << text << "\ngives " << *out << "\nwhere jinja2 raises";
      ++both;
    } else if (!out) {
      const std::string& message = out.error().message;
      EXPECT_EQ(out.error().code, ErrorCode::unsupported) << text << "\n" << message << "\nwhere jinja2 gives " << item[1];
      EXPECT_NE(message.find("is not computed"), std::string::npos) << message;
      if (std::getenv("PTAH_SHOW_REFUSED")) std::printf("%s\n    %s\n", text.c_str(), message.c_str());
      ++refused;
    } else {
      EXPECT_EQ(*out, item[1].get<std::string>()) << text;
      ++equal;
    }
  }
  RecordProperty("equal", equal);
  std::printf("%d equal, %d refused by name, %d raise in both\n", equal, refused, both);
  EXPECT_GT(equal, 600);
  EXPECT_LT(refused, equal / 8);
}

struct Hostile {
  const char* name;
  std::string text;
};

std::string repeated(const std::string& what, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += what;
  return out;
}

/// What fills memory, nests without end or never ends.
std::vector<Hostile> hostile() {
  return {
      {"text that doubles", "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"},
      {"text times a number", "{% set s = 'x' * 9999999 %}{{ s * 9999999 }}"},
      {"list that doubles", "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}"},
      {"list times a number", "{{ ([0] * 9999999 * 9999999) | length }}"},
      {"a replaced text", "{% set s = 'x' * 999999 %}{{ s.replace('', s) | length }}"},
      {"a joined text", "{% set s = 'x' * 99999 %}{{ s.join(s) | length }}"},
      {"padding", "{{ 'x'.center(99999999999) }}"},
      {"an indent", "{{ ('a\n' * 99999) | indent('x' * 99999) }}"},
      {"filled batches", "{{ [1] | batch(999999999, 1) | list | length }}"},
      {"many slices", "{{ [1] | slice(999999999, 1) | list | length }}"},
      {"values that nest", "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = [ns.l] %}{% endfor %}"},
      {"maps that nest", "{% set ns = namespace(l={}) %}{% for i in range(99999) %}{% set ns.l = {'a': ns.l} %}{% endfor %}"},
      {"a value that doubles when printed", "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}"},
      {"tojson of one", "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}"},
      {"comparing two",
       "{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m "
       "}}"},
      {"loops in loops", "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}"},
      {"text without end", "{% for a in range(99999) %}{% for b in range(99999) %}xxxxxxxxxxxxxxxx{% endfor %}{% endfor %}"},
      {"a macro that calls itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"},
      {"macros that call each other", "{% macro f(g) %}{{ g(g) }}{% endmacro %}{{ f(f) }}"},
      {"a caller that calls", "{% macro f() %}{{ caller() }}{% endmacro %}{% macro h() %}{% call f() %}{{ h() }}{% endcall %}{% endmacro %}{{ h() }}"},
      {"namespaces in a chain",
       "{% set ns = namespace() %}{% for i in range(99999) %}{% for j in range(99) %}{% set ns.a = namespace(b=ns.a) %}{% endfor %}{% endfor %}"},
      {"frames that macros keep",
       "{% set ns = namespace() %}{% for i in range(99999) %}{% for j in range(99) %}{% macro m() %}{% endmacro %}{% set ns.m = m %}{% endfor %}{% endfor %}"},
      {"sorting long texts", "{% set s = 'x' * 999999 %}{% set l = [s ~ 1, s ~ 2] * 99999 %}{{ l | sort | length }}"},
      {"finding what is nearly there", "{% set s = 'a' * 9999999 %}{% for i in range(9999) %}{% set x = (('a' * 999999) ~ 'b') in s %}{% endfor %}"},
      {"many characters", "{% set s = 'x' * 9999999 %}{% for c in s %}{% endfor %}"},
      {"parentheses", "{{ " + std::string(500000, '(')},
      {"signs", "{{ " + std::string(500000, '-') + "1 }}"},
      {"a sum of half a million", "{{ 1" + repeated("+1", 250000) + " }}"},
      {"filters in a row", "{{ 1" + repeated("|abs", 200000) + " }}"},
      {"attributes in a row", "{{ a" + repeated(".a", 250000) + " }}"},
      {"calls in a row", "{{ a" + repeated("()", 250000) + " }}"},
      {"conditions in a row", "{{ 1" + repeated(" if 1", 180000) + " }}"},
      {"nots in a row", "{{ " + repeated("not ", 200000) + "1 }}"},
      {"ifs in ifs", repeated("{% if 1 %}", 90000)},
      {"lists in lists", "{{ " + std::string(500000, '[') + std::string(500000, ']') + " }}"},
      {"targets in targets", "{% set " + std::string(500000, '(') + "a"},
      {"a power", "{{ 3 ** 999999999999 }}"},
      {"a wide date", "{{ strftime_now('%c' * 9999999) }}"},
  };
}

TEST(Templates, HostileOnesAreStoppedByTheirBudget) {
  for (const Hostile& each : hostile()) {
    const auto begin = std::chrono::steady_clock::now();
    const auto out = rendered(each.text);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    ASSERT_FALSE(out) << each.name;
    EXPECT_NE(out.error().message.find("template"), std::string::npos) << each.name << ": " << out.error().message;
    EXPECT_NE(out.error().code, ErrorCode::internal) << each.name << ": " << out.error().message;
    EXPECT_LT(seconds, 15) << each.name;
  }
}

TEST(Templates, MethodsRefuseArgumentsByNamesTheyDoNotHave) {
  // Methods of texts whose arguments have no names, some of one argument and some of two: a name must not be looked for behind them.
  for (const std::string method : {"center(9, ", "ljust(9, ", "rjust(9, ", "zfill(", "zfill(9, ", "strip(", "join(", "partition(", "removeprefix(",
                                   "startswith(", "find(", "count(", "replace('a', ", "upper(", "split(", "splitlines("}) {
    const auto out = rendered("{{ '-42'." + method + "everse=true) }}");
    ASSERT_FALSE(out) << method;
    EXPECT_NE(out.error().message.find("has no argument 'everse'"), std::string::npos) << method << ": " << out.error().message;
  }
  for (const std::string method : {"get(", "items(", "keys("}) EXPECT_FALSE(rendered("{{ {'a': 1}." + method + "everse=true) }}")) << method;
}

TEST(Templates, CirclesOfNamespacesAreFreed) {
  EXPECT_TRUE(rendered("{% set a = namespace() %}{% set a.a = a %}{% set b = namespace(a=a, l=[a]) %}{% set a.b = b %}{{ a.b.a.b.l | length }}"));
  EXPECT_TRUE(rendered("{% set ns = namespace() %}{% for i in [1] %}{% set ns.loop = loop %}{% endfor %}{{ ns.loop.index }}"));
  EXPECT_TRUE(rendered("{% set ns = namespace() %}{% for i in [1] %}{% set ns.f = loop.cycle %}{% endfor %}{{ ns.f(1) }}"));
  EXPECT_TRUE(rendered("{% set ns = namespace() %}{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{% set ns.m = m %}{% endfor %}{{ ns.m() }}"));
}

TEST(Templates, DeepVariablesAreRefused) {
  OrderedJson deep = 1;
  for (int i = 0; i < 5000; ++i) deep = OrderedJson::array({std::move(deep)});
  const auto out = rendered("{{ x }}", {{"x", std::move(deep)}});
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::over_budget);
}

TEST(Templates, ACancelledJobEndsWhileItsTemplateRuns) {
  CancelToken token;
  const CancelScope scope(&token);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    token.cancel();
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto out = rendered("{% for a in range(99999) %}{% for b in range(99999) %}{{ '' }}{% endfor %}{% endfor %}");
  later.join();
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::cancelled) << out.error().message;
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), 1);
}

}  // namespace
}  // namespace ptah
