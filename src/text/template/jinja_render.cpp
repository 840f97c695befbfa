#include <algorithm>
#include <map>

#include "text/template/jinja_tree.h"
#include "text/template/jinja_operations.h"

namespace ptah::jinja {

/// Names of one scope. Those that a macro was written in live as long as the rendering.
struct Frame {
  Frame* above = nullptr;
  std::map<std::string_view, Value> names = {};
  bool captured = false;
  int branches = 0;                               ///< open `if`s
  std::vector<std::string_view> read_here = {};   ///< names that this scope itself read from the variables of the rendering
  std::vector<std::string_view> read_below = {};  ///< names that a scope in it did
};

namespace {

constexpr size_t kMaxText = 16 << 20;

enum class Flow { on, broke, continued };

class Renderer {
 public:
  Renderer(const OrderedJson& variables, Budget& budget) : budget_(budget) {
    for (const auto& [name, value] : variables.items()) variables_[name] = from_json(budget, value);
    out_ = std::make_unique<TextBuilder>(budget);
    frame_ = &root_;
  }
  ~Renderer() {
    // What names could hold of one another goes first, one by one.
    for (const auto& space : spaces_) space->all.clear();
    for (const auto& frame : kept_) frame->names.clear();
    for (const auto& loop : loops_) loop->items.reset(), loop->changed.reset();
  }
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  std::string run(const Node& tree) {
    (void)statement(tree);
    return out_->take();
  }

 private:
  /// A scope while it is open.
  class Scope {
   public:
    Scope(Renderer& r, Frame* above) : r_(r), before_(r.frame_), frame_(std::make_unique<Frame>(Frame{above})) { r.frame_ = frame_.get(); }
    ~Scope() {
      r_.frame_ = before_;
      if (frame_->captured) r_.kept_.push_back(std::move(frame_));
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    Frame& frame() { return *frame_; }

   private:
    Renderer& r_;
    Frame* before_;
    std::unique_ptr<Frame> frame_;
  };
  /// Text goes into a buffer of its own while this lives.
  class Capture {
   public:
    explicit Capture(Renderer& r) : r_(r), own_(std::make_unique<TextBuilder>(r.budget_)) { std::swap(r_.out_, own_); }
    ~Capture() {
      if (open_) std::swap(r_.out_, own_);
    }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    Value text() {
      std::swap(r_.out_, own_);
      open_ = false;
      return make_text(r_.budget_, own_->take());
    }

   private:
    Renderer& r_;
    std::unique_ptr<TextBuilder> own_;
    bool open_ = true;
  };

  void begin(const Node& n) {
    budget_.at_line(n.line);
    budget_.step();
  }

  // ---- statements

  Flow statement(const Node& n) {
    begin(n);
    const Budget::Level level(budget_);
    switch (n.op) {
      case Op::body:
        for (const NodePtr& part : n.parts)
          if (const Flow flow = statement(*part); flow != Flow::on) return flow;
        return Flow::on;
      case Op::print:
        print(*n.parts[0]);
        return Flow::on;
      case Op::branch:
        return branch(n);
      case Op::loop:
        loop(n);
        return Flow::on;
      case Op::set:
        assign(*n.parts[0], value(*n.parts[1]));
        return Flow::on;
      case Op::set_block:
      case Op::filter_block:
        return captured(n);
      case Op::with:
        return with(n);
      case Op::macro:
        store(n.name, macro(n));
        return Flow::on;
      case Op::call_block:
        call_block(n);
        return Flow::on;
      case Op::break_loop:
        return Flow::broke;
      case Op::continue_loop:
        return Flow::continued;
      default:
        unfit(budget_, "an expression where a statement belongs");
    }
  }

  void print(const Node& n) {
    if (n.op == Op::text)
      out_->add(n.name);
    else
      add_text(budget_, value(n), *out_);
    if (out_->size() > kMaxText) throw Failure({ErrorCode::over_budget, fmt::format("template line {}: more than {} MiB of text", n.line, kMaxText >> 20)});
  }

  Flow branch(const Node& n) {
    const Node* taken = n.parts.size() % 2 ? n.parts.back().get() : nullptr;
    for (size_t i = 0; i + 1 < n.parts.size(); i += 2)
      if (truthy(value(*n.parts[i]))) {
        taken = n.parts[i + 1].get();
        break;
      }
    if (!taken) return Flow::on;
    Frame* const here = frame_;
    ++here->branches;
    const Flow flow = statement(*taken);
    --here->branches;
    return flow;
  }

  Flow captured(const Node& n) {
    const bool set = n.op == Op::set_block;
    const Node& inner = *n.parts[set ? 1 : 0];
    const Node* filters = set ? n.parts[2].get() : n.parts[1].get();
    Value text;
    {
      const Scope scope(*this, frame_);
      Capture capture(*this);
      if (const Flow flow = statement(inner); flow != Flow::on) return flow;
      text = capture.text();
      if (filters) text = filter_chain(*filters, text);
    }
    if (set)
      assign(*n.parts[0], text);
    else
      add_text(budget_, text, *out_);
    return Flow::on;
  }

  Value filter_chain(const Node& n, const Value& text) {
    const Value from = n.parts[0] ? filter_chain(*n.parts[0], text) : text;
    begin(n);
    return filtered(budget_, n.name, from, given(n));
  }

  Flow with(const Node& n) {
    std::vector<Value> values;
    for (size_t i = 2; i < n.parts.size(); i += 2) values.push_back(value(*n.parts[i]));
    Scope scope(*this, frame_);
    for (size_t i = 1; i + 1 < n.parts.size(); i += 2) assign(*n.parts[i], values[i / 2]);
    return statement(*n.parts[0]);
  }

  void store(std::string_view name, Value what) {
    const auto among = [&](const std::vector<std::string_view>& names) { return std::find(names.begin(), names.end(), name) != names.end(); };
    // jinja2 decides where a name is kept before it runs: such a read would have found nothing.
    if (frame_->branches == 0 && !frame_->names.contains(name) && among(frame_->read_below) && !among(frame_->read_here))
      refuse(budget_, fmt::format("setting '{}' behind a block that read the variable of this name", name));
    budget_.step(1 + static_cast<int64_t>(frame_->names.size() >> 6));
    frame_->names[name] = std::move(what);
  }

  void assign(const Node& target, const Value& what) {
    begin(target);
    if (target.op == Op::variable) return store(target.name, what);
    if (target.op == Op::tuple) {
      const auto items = iterate(budget_, what);
      if (items->all.size() != target.parts.size()) unfit(budget_, fmt::format("{} names for {} items", target.parts.size(), items->all.size()));
      for (size_t i = 0; i < items->all.size(); ++i) assign(*target.parts[i], items->all[i]);
      return;
    }
    const Value owner = value(*target.parts[0]);
    const auto* space = owner.as<Namespace*>();
    if (!space) unfit(budget_, "only attributes of a namespace can be set");
    set_in(**space, target.name, what);
  }

  void set_in(Namespace& space, const std::string& name, const Value& what) {
    budget_.step(1 + static_cast<int64_t>(space.all.size() >> 3));
    for (auto& [key, held] : space.all)
      if (key == name) {
        held = what;
        return;
      }
    budget_.take(sizeof(Value) + sizeof(std::string) + name.size());
    space.all.emplace_back(name, what);
  }

  void loop(const Node& n) {
    const Value over = value(*n.parts[1]);
    begin(n);
    auto items = iterate(budget_, over);
    if (n.parts[4]) {
      std::vector<Value> kept;
      Budget::Charge charge(budget_);
      for (const Value& each : items->all) {
        const Scope scope(*this, frame_);
        assign(*n.parts[0], each);
        if (!truthy(value(*n.parts[4]))) continue;
        charge.grow(2 * sizeof(Value));
        kept.push_back(each);
      }
      items = *make_list(budget_, std::move(kept)).as<std::shared_ptr<const List>>();
    }
    auto about = std::make_unique<Loop>(Loop{items});
    bool once = false;  // a pass that ended by its end, for which `else` asks
    struct Open {
      Renderer& r;
      std::unique_ptr<Loop>& about;
      ~Open() {
        if (about->escaped) r.loops_.push_back(std::move(about));
      }
    } const open{*this, about};
    for (size_t i = 0; i < items->all.size(); ++i) {
      begin(n);
      Scope scope(*this, frame_);
      about->index0 = static_cast<int64_t>(i);
      assign(*n.parts[0], items->all[i]);
      scope.frame().names["loop"] = about.get();
      const Flow flow = statement(*n.parts[2]);
      if (flow == Flow::broke) break;
      once = once || flow == Flow::on;
    }
    if (about->escaped) budget_.take(sizeof(Loop));
    if (!once && n.parts[3]) {
      const Scope scope(*this, frame_);
      (void)statement(*n.parts[3]);
    }
  }

  // ---- macros

  Value macro(const Node& n) {
    for (Frame* f = frame_; f && !f->captured; f = f->above) {
      f->captured = true;
      budget_.take(sizeof(Frame) + 64 * f->names.size());
    }
    Budget::Charge charge(budget_, sizeof(Callable) + 64);
    return std::make_shared<const Callable>(Callable{&n, frame_, n.name, {}, std::move(charge)});
  }

  void call_block(const Node& n) {
    const Node& call = *n.parts[0];
    const Value callee = value(*call.parts[0]);
    Given given = this->given(call);
    begin(n);
    if (!callee.callable() || !callee.callable()->macro) refuse(budget_, fmt::format("'call' of {}", type_name(callee)));
    given.named.emplace_back("caller", macro(*n.parts[1]));
    add_text(budget_, call_macro(*callee.callable(), std::move(given)), *out_);
  }

  Value call_macro(const Callable& callee, Given given) {
    const Node& n = *callee.macro;
    const Budget::Level level(budget_);
    Scope scope(*this, callee.frame);
    auto& names = scope.frame().names;
    const auto take_named = [&](const std::string& name) -> std::optional<Value> {
      for (auto it = given.named.begin(); it != given.named.end(); ++it)
        if (it->first == name) {
          Value out = std::move(it->second);
          given.named.erase(it);
          return out;
        }
      return {};
    };
    std::vector<bool> missing(n.arguments.size());
    for (size_t i = 0; i < n.arguments.size(); ++i) {
      const std::string& name = n.arguments[i].name;
      auto found = i < given.plain.size() ? std::optional(given.plain[i]) : take_named(name);
      missing[i] = !found;
      names[name] = found ? std::move(*found) : undefined(name);
    }
    if (n.number & kUsesCaller) names["caller"] = take_named("caller").value_or(undefined("caller"));
    if (n.number & kUsesNamed) {
      std::vector<std::pair<Value, Value>> rest;
      for (auto& [name, v] : given.named) rest.emplace_back(make_text(budget_, name), std::move(v));
      names["kwargs"] = make_map(budget_, std::move(rest));
    } else if (!given.named.empty()) {
      unfit(budget_, fmt::format("the macro '{}' has no argument '{}'", n.name, given.named[0].first));
    }
    const size_t plain = std::min(given.plain.size(), n.arguments.size());
    if (n.number & kUsesPlain)
      names["varargs"] = make_list(budget_, {given.plain.begin() + static_cast<std::ptrdiff_t>(plain), given.plain.end()}, List::tuple);
    else if (given.plain.size() > plain)
      unfit(budget_, fmt::format("the macro '{}' takes {} arguments at most", n.name, plain));
    for (size_t i = 0; i < n.arguments.size(); ++i)
      if (missing[i] && n.arguments[i].value) names[n.arguments[i].name] = value(*n.arguments[i].value);
    Capture capture(*this);
    (void)statement(*n.parts[0]);
    return capture.text();
  }

  // ---- expressions

  Value value(const Node& n) {
    begin(n);
    const Budget::Level level(budget_);
    switch (n.op) {
      case Op::text:
        return make_text(budget_, n.name);
      case Op::integer:
        return n.number;
      case Op::real:
        return n.real;
      case Op::boolean:
        return n.number != 0;
      case Op::none:
        return None{};
      case Op::variable:
        return variable(n.name, true);
      case Op::list:
      case Op::tuple:
      case Op::map:
      case Op::concat:
        return collected(n);
      case Op::attribute:
      case Op::index:
      case Op::slice:
      case Op::call:
        return reached(n);
      case Op::filter:
      case Op::test:
        return judged(n);
      case Op::negate: {
        const Value v = value(*n.parts[0]);
        return negated(budget_, v);
      }
      case Op::positive: {
        const Value v = value(*n.parts[0]);
        if (!number_of(v)) unfit(budget_, fmt::format("+ of {}", type_name(v)));
        return v.is<bool>() ? Value(*integer_of(v)) : v;
      }
      case Op::logical_not:
        return !truthy(value(*n.parts[0]));
      case Op::logical_and: {
        Value left = value(*n.parts[0]);
        return truthy(left) ? value(*n.parts[1]) : left;
      }
      case Op::logical_or: {
        Value left = value(*n.parts[0]);
        return truthy(left) ? left : value(*n.parts[1]);
      }
      case Op::binary: {
        const Value left = value(*n.parts[0]), right = value(*n.parts[1]);
        begin(n);
        return binary(budget_, n.name, left, right);
      }
      case Op::compare:
        return compared(n);
      case Op::ternary:
        if (truthy(value(*n.parts[0]))) return value(*n.parts[1]);
        return n.parts[2] ? value(*n.parts[2]) : undefined();
      default:
        unfit(budget_, "a statement where an expression belongs");
    }
  }

  Value collected(const Node& n) {
    if (n.op == Op::concat) {
      TextBuilder out(budget_);
      for (const NodePtr& part : n.parts) add_text(budget_, value(*part), out);
      return make_text(budget_, out.take());
    }
    if (n.op == Op::map) {
      std::vector<std::pair<Value, Value>> out;
      for (size_t i = 0; i < n.parts.size(); i += 2) {
        const Value key = value(*n.parts[i]);
        put(budget_, out, key, value(*n.parts[i + 1]));
      }
      return make_map(budget_, std::move(out));
    }
    std::vector<Value> out;
    for (const NodePtr& part : n.parts) out.push_back(value(*part));
    return make_list(budget_, std::move(out), n.op == Op::tuple ? List::tuple : List::list);
  }

  /// Whatever holds a loop beyond its name keeps it.
  static Value escaping(Value v) {
    if (const auto* loop = v.as<Loop*>()) (*loop)->escaped = true;
    if (const Callable* c = v.callable())
      if (const auto* loop = c->self.as<Loop*>()) (*loop)->escaped = true;
    return v;
  }

  Value reached(const Node& n) {
    if (n.op == Op::call) return call(n);
    if (n.op == Op::attribute) return escaping(attribute_of(n));
    const Value owner = value(*n.parts[0]);
    if (n.op == Op::index) {
      const Value key = value(*n.parts[1]);
      begin(n);
      return escaping(item(budget_, owner, key));
    }
    const auto part = [&](size_t i) { return n.parts[i] ? value(*n.parts[i]) : Value(None{}); };
    const Value first = part(1), last = part(2), step = part(3);
    begin(n);
    return sliced(budget_, owner, first, last, step);
  }

  Value attribute_of(const Node& n) {
    const Node& of = *n.parts[0];
    const Value owner = of.op == Op::variable ? variable(of.name, false) : value(of);
    begin(n);
    return attribute(budget_, owner, n.name);
  }

  Value judged(const Node& n) {
    const Value v = value(*n.parts[0]);
    const Given arguments = given(n);
    begin(n);
    return n.op == Op::filter ? filtered(budget_, n.name, v, arguments) : Value(tested(budget_, n.name, v, arguments));
  }

  bool compared_by(const std::string& sign, const Value& a, const Value& b) {
    if (sign == "==") return equal(budget_, a, b);
    if (sign == "!=") return !equal(budget_, a, b);
    if (sign == "in" || sign == "not in") return contains(budget_, b, a) == (sign == "in");
    const int o = order(budget_, a, b, sign.c_str());
    if (o == 2) return false;
    return sign == "<" ? o < 0 : sign == "<=" ? o <= 0 : sign == ">" ? o > 0 : o >= 0;
  }

  Value compared(const Node& n) {
    Value left = value(*n.parts[0]);
    for (size_t i = 0; i < n.words.size(); ++i) {
      const Value right = value(*n.parts[i + 1]);
      begin(n);
      if (!compared_by(n.words[i], left, right)) return false;
      left = right;
    }
    return true;
  }

  Value variable(const std::string& name, bool escapes) {
    for (Frame* f = frame_; f; f = f->above) {
      const auto found = f->names.find(name);
      if (found == f->names.end()) continue;
      return escapes ? escaping(found->second) : found->second;
    }
    remember_read(name);
    if (const auto found = variables_.find(name); found != variables_.end()) return found->second;
    for (const char* function : {"range", "namespace", "dict", "raise_exception", "strftime_now"})
      if (name == function) return std::make_shared<const Callable>(Callable{nullptr, nullptr, name, {}, Budget::Charge(budget_, sizeof(Callable))});
    for (const char* function : {"lipsum", "cycler", "joiner"})
      if (name == function) refuse(budget_, fmt::format("'{}'", name));
    return undefined(name);
  }

  void remember_read(std::string_view name) {
    const auto add = [&](std::vector<std::string_view>& names) {
      budget_.step(1 + static_cast<int64_t>(names.size() >> 4));
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    add(frame_->read_here);
    for (Frame* f = frame_->above; f; f = f->above) add(f->read_below);
  }

  Given given(const Node& n) {
    Given out;
    for (const Argument& a : n.arguments) {
      Value v = value(*a.value);
      if (a.name.empty())
        out.plain.push_back(std::move(v));
      else
        out.named.emplace_back(a.name, std::move(v));
    }
    return out;
  }

  Value call(const Node& n) {
    const Node& of = *n.parts[0];
    const Value callee = of.op == Op::attribute ? attribute_of(of) : value(of);
    Given arguments = given(n);
    begin(n);
    const Callable* c = callee.callable();
    if (!c) unfit(budget_, callee.is<Undefined>() ? type_name(callee) + " and cannot be called" : fmt::format("{} cannot be called", type_name(callee)));
    if (c->macro) return call_macro(*c, std::move(arguments));
    if (!c->self.is<Undefined>()) return method(budget_, *c, arguments);
    return call_function(c->name, arguments);
  }

  Value call_function(const std::string& name, const Given& given) {
    if (name == "range") return range_of(budget_, given);
    if (name == "raise_exception") {
      const Bound a = bound(budget_, name, given, {"message"}, 1);
      throw Failure({ErrorCode::invalid_argument, fmt::format("chat template: {}", text_of(budget_, *a[0]))});
    }
    if (name == "strftime_now") {
      const Bound a = bound(budget_, name, given, {"format"}, 1);
      if (!a[0]->text()) unfit(budget_, fmt::format("strftime_now of {}", type_name(*a[0])));
      return date_text(budget_, a[0]->text()->bytes);
    }
    return filled(name, given);
  }

  /// namespace(…) and dict(…): from a dictionary or pairs, then by name.
  Value filled(const std::string& name, const Given& given) {
    if (given.plain.size() > 1) unfit(budget_, fmt::format("{} takes one argument by position at most", name));
    std::vector<std::pair<Value, Value>> all;
    if (!given.plain.empty()) {
      if (const Map* m = given.plain[0].map()) {
        all = m->all;
      } else {
        const auto items = iterate(budget_, given.plain[0]);
        for (const Value& each : items->all) {
          const auto pair = iterate(budget_, each);
          if (pair->all.size() != 2) unfit(budget_, fmt::format("{} of what are no pairs", name));
          put(budget_, all, pair->all[0], pair->all[1]);
        }
      }
    }
    for (const auto& [key, v] : given.named) put(budget_, all, make_text(budget_, key), v);
    if (name == "dict") return make_map(budget_, std::move(all));
    budget_.take(sizeof(Namespace));
    spaces_.push_back(std::make_unique<Namespace>());
    for (const auto& [key, v] : all) {
      if (!key.text()) refuse(budget_, "a namespace's key that is no text");
      set_in(*spaces_.back(), key.text()->bytes, v);
    }
    return spaces_.back().get();
  }

  Budget& budget_;
  std::map<std::string_view, Value> variables_;
  Frame root_;
  Frame* frame_ = nullptr;
  std::vector<std::unique_ptr<Frame>> kept_;
  std::vector<std::unique_ptr<Namespace>> spaces_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<TextBuilder> out_;
};

}  // namespace

std::string render(const Node& tree, const OrderedJson& variables, Budget& budget) { return Renderer(variables, budget).run(tree); }

}  // namespace ptah::jinja
