// Values of a template while it is rendered: Python's, as far as templates meet them. Whatever is made is charged to the budget, so that memory, depth and time
// stay bounded whatever a template does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/budget.h"
#include "base/json.h"
#include "text/template/jinja_strings.h"
#include "text/template/jinja_tree.h"

namespace ptah::jinja {

struct Frame;
struct Namespace;
struct Loop;
struct Text;
struct List;
struct Map;
struct Callable;
struct Undefined {
  std::shared_ptr<const std::string> name;  ///< for messages, may be null
};
struct None {};

struct Value {
  using Held = std::variant<Undefined, None, bool, int64_t, double, std::shared_ptr<const Text>, std::shared_ptr<const List>, std::shared_ptr<const Map>,
                            Namespace*, Loop*, std::shared_ptr<const Callable>>;
  Held held;
  Value() = default;
  /// Values come from everywhere; copies and moves are left out.
  template <class T>
  requires(!std::is_same_v<std::decay_t<T>, Value> && std::is_constructible_v<Held, T>) Value(T&& value)  // NOLINT(bugprone-forwarding-reference-overload)
      : held(std::forward<T>(value)) {}
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(held);
  }
  template <class T>
  const T* as() const {
    return std::get_if<T>(&held);
  }
  const Text* text() const;
  const List* list() const;
  const Map* map() const;
  const Callable* callable() const;
};

/// str, or the Markup that `safe` and `escape` make of it.
struct Text {
  std::string bytes;
  bool markup;
  Budget::Charge charge;
};

/// What has items in a row.
struct List {
  enum Kind { list, tuple, group, range, keys, values, items, generator } kind;
  std::vector<Value> all;
  int depth;
  Budget::Charge charge;
  std::string shown = {};     ///< range: its repr
  mutable bool read = false;  ///< generator: whether it was
};

struct Map {
  std::vector<std::pair<Value, Value>> all;
  int depth;
  Budget::Charge charge;
};

/// A macro with the frame that it was written in, or a function or method by name (`self`: what it is called on).
struct Callable {
  const Node* macro = nullptr;
  Frame* frame = nullptr;
  std::string name;
  Value self;
  Budget::Charge charge;
};
/// jinja's namespace(): the one thing a loop can write to. Kept by the renderer, so that circles neither leak nor are freed in depth.
struct Namespace {
  std::vector<std::pair<std::string, Value>> all;
};
/// The variable `loop`.
struct Loop {
  std::shared_ptr<const List> items;
  int64_t index0 = 0;
  bool escaped = false;               ///< is held by more than its name
  std::optional<Value> changed = {};  ///< the arguments of loop.changed() when it was called last
};

inline const Text* Value::text() const {
  const auto* p = as<std::shared_ptr<const Text>>();
  return p ? p->get() : nullptr;
}
inline const List* Value::list() const {
  const auto* p = as<std::shared_ptr<const List>>();
  return p ? p->get() : nullptr;
}
inline const Map* Value::map() const {
  const auto* p = as<std::shared_ptr<const Map>>();
  return p ? p->get() : nullptr;
}
inline const Callable* Value::callable() const {
  const auto* p = as<std::shared_ptr<const Callable>>();
  return p ? p->get() : nullptr;
}

/// Arguments by position and by name.
struct Given {
  std::vector<Value> plain;
  std::vector<std::pair<std::string, Value>> named;
};

/// Throws Failure: corrupt, what Python or jinja2 would raise an exception for.
[[noreturn]] void unfit(const Budget& budget, const std::string& what);
/// Throws Failure: unsupported, "… is not computed": what jinja2 does and this does not.
[[noreturn]] void refuse(const Budget& budget, const std::string& what);
/// The name of a value's type for messages, as Python has it.
std::string type_name(const Value& v);

Value make_text(Budget& budget, std::string text, bool markup = false);
Value make_list(Budget& budget, std::vector<Value> items, List::Kind kind = List::list);
Value make_map(Budget& budget, std::vector<std::pair<Value, Value>> items);
Value undefined(std::string_view name = "");
Value from_json(Budget& budget, const OrderedJson& json);

/// A text that grows, charged as it does.
class TextBuilder {
 public:
  explicit TextBuilder(Budget& budget) : budget_(budget), charge_(budget) {}
  void add(View piece) {
    charge_.grow(piece.size());
    budget_.step(1 + static_cast<int64_t>(piece.size() >> 8));
    text_ += piece;
  }
  size_t size() const { return text_.size(); }
  std::string take() { return std::move(text_); }

 private:
  Budget& budget_;
  Budget::Charge charge_;
  std::string text_;
};

}  // namespace ptah::jinja
