#include "apps/education/code_drivers.h"

namespace ptah::detail {

// clang-format off
const char* const kPythonInputs = R"py(# Makes unit tests for a module by running it: inputs from the docstrings' examples and from the kinds of values that parameters take, what is right from the
# reference alone, and of all candidates those that tell the module from its mutants. Runs inside the sandbox; prints one line of JSON.
import ast, copy, inspect, io, json, math, os, random, select, signal, sys, time

CALL_SECONDS, MAX_CANDIDATES, MAX_LITERAL = 0.25, 260, 400


class Late(BaseException):
    pass


def late(*_):
    raise Late()


def literal(value, depth=0):
    """The value as Python would write it, if it comes back the same; else None."""
    if depth > 6:
        return None
    if value is None or isinstance(value, bool) or type(value) in (int, str):
        return repr(value)
    if type(value) is float:
        return repr(value) if math.isfinite(value) else None
    if type(value) in (list, tuple, set):
        parts = [literal(v, depth + 1) for v in (sorted(value, key=repr) if type(value) is set else value)]
        if None in parts:
            return None
        if type(value) is set:
            return "{" + ", ".join(parts) + "}" if parts else "set()"
        inner = ", ".join(parts) + ("," if type(value) is tuple and len(parts) == 1 else "")
        return ("[%s]" if type(value) is list else "(%s)") % inner
    if type(value) is dict:
        parts = [(literal(k, depth + 1), literal(v, depth + 1)) for k, v in value.items()]
        return None if any(None in p for p in parts) else "{" + ", ".join("%s: %s" % p for p in parts) + "}"
    return None


def same(a, b):
    """Whether a test could not tell two outcomes apart: 1 and True are equal."""
    if a == b or a is None or b is None or a[0] != "is" or b[0] != "is":
        return a == b
    return eval(a[1], {"__builtins__": {"set": set}}) == eval(b[1], {"__builtins__": {"set": set}})


def call(function, arguments):
    """('is', literal) or ('raises', name) or None for what cannot be told."""
    try:
        values = eval("(" + ", ".join(arguments) + ("," if len(arguments) == 1 else "") + ")", {"__builtins__": {"set": set}})
        signal.setitimer(signal.ITIMER_REAL, CALL_SECONDS)
        try:
            result = function(*copy.deepcopy(values))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        text = literal(result)
        return ("is", text) if text is not None and len(text) <= MAX_LITERAL else None
    except Late:
        return ("late", "")
    except RecursionError:
        return ("raises", "RecursionError")
    except Exception as problem:
        return ("raises", type(problem).__name__)


# ---- candidates
NUMBERS = [0, 1, -1, 2, 3, 4, 5, 7, 10, 12, 15, 27, 100, -3, -10]
FLOATS = [0.0, 1.0, -1.5, 2.5, 3.14, 10.0, 0.5, -0.25, 100.75]
TEXTS = ["", "a", "ab", "aba", "Hello", "hello world", "abc def", "AbC", "123", "a1b2", "  ", "()", "(())", "aaab", "xyzzy", "Zebra", "one two three", "1,2,3", "racecar", "()()"]
INT_LISTS = [[], [1], [0], [1, 2], [2, 1], [1, 2, 3], [3, 1, 2], [1, 1, 2], [-1, 0, 1], [5, -3, 5, 2], [10, 20, 30, 40], [4, 2, 0, -2, 4], [7, 7, 7], [9, 8, 7, 1, 2, 3]]
FLOAT_LISTS = [[], [1.0], [1.0, 2.5], [3.5, -1.0, 2.0], [1.5, 1.5, 0.0], [1.0, 2.0, 3.9, 4.0, 5.0, 2.2]]
TEXT_LISTS = [[], [""], ["a"], ["a", "b"], ["ab", "a", "abc"], ["bb", "a", "bb"], ["Hello", "world", "x"], ["abc", "bcd", "cde", "array"]]


def by_annotation(node):
    text = ast.unparse(node).replace("typing.", "") if node is not None else ""
    low = text.lower()
    if low.startswith("optional["):
        return ["none"] + by_annotation(ast.parse(text[9:-1], mode="eval").body)
    if low.startswith("list") or low.startswith("sequence") or low.startswith("iterable"):
        return ["list_list"] if "list[list" in low else ["texts"] if "str" in low else ["floats"] if "float" in low else ["ints"] if "int" in low else ["ints", "texts"]
    return {"int": ["int"], "float": ["float"], "str": ["text"], "bool": ["bool"], "dict": ["dict"]}.get(low.split("[")[0], ["dict"] if low.startswith("dict") else [])


POOL = {"int": NUMBERS, "float": FLOATS, "text": TEXTS, "bool": [True, False], "ints": INT_LISTS, "floats": FLOAT_LISTS, "texts": TEXT_LISTS, "none": [None],
        "dict": [{}, {"a": 1}, {"a": 1, "b": 2}, {"a": "b"}, {"A": "x", "b": "y"}], "list_list": [[], [[1]], [[1, 2], [3, 4]], [[1, 1], [], [2, 3, 4]], [[0, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1]]],
        "tuple": [(1, 2), (3, 1), (-1, 5), (0, 0)]}


def kind_of(value):
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, list):
        inner = {type(v).__name__ for v in value}
        return {"int": "ints", "float": "floats", "str": "texts", "list": "list_list"}.get(inner.pop() if len(inner) == 1 else "", "floats" if inner == {"int", "float"} else "ints")
    return {"int": "int", "float": "float", "str": "text", "NoneType": "none", "dict": "dict", "tuple": "tuple"}.get(type(value).__name__, "int")


def changed(value, rng):
    """A value like another one."""
    if isinstance(value, bool):
        return not value
    if type(value) is int:
        return value + rng.choice([-2, -1, 1, 2, value, -2 * value, 10])
    if type(value) is float:
        return rng.choice([value + 1, value - 0.5, -value, value * 2, round(value)])
    if type(value) is str:
        at = rng.randrange(len(value) + 1)
        return rng.choice([value[:at] + value[at + 1:], value + value[:1], value[::-1], value.swapcase(), value[:at] + rng.choice("aZ0 b(),x") + value[at:], value * 2, value[:at]])
    if type(value) in (list, tuple):
        items = list(value)
        how = rng.randrange(6)
        if items and how == 0:
            del items[rng.randrange(len(items))]
        elif items and how == 1:
            at = rng.randrange(len(items))
            items[at] = changed(items[at], rng)
        elif how == 2:
            items = items[::-1]
        elif items and how == 3:
            items.append(rng.choice(items))
        elif items and how == 4:
            items.insert(rng.randrange(len(items)), changed(rng.choice(items), rng))
        else:
            rng.shuffle(items)
        return type(value)(items)
    if type(value) is dict:
        items = list(value.items())
        if items and rng.random() < 0.5:
            items.pop(rng.randrange(len(items)))
        elif items:
            k, v = rng.choice(items)
            items.append((changed(k, rng), changed(v, rng)))
        return dict(items)
    return value


def doc_examples(tree, name):
    """Arguments of calls of the function in docstrings and comments."""
    out = []
    for node in ast.walk(tree):
        text = ast.get_docstring(node) if isinstance(node, (ast.FunctionDef, ast.Module)) else None
        for line in (text or "").splitlines():
            at = line.find(name + "(")
            if at < 0:
                continue
            depth, end = 0, at + len(name)
            for end in range(at + len(name), len(line)):
                depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(line[end], 0)
                if depth == 0:
                    break
            try:
                found = ast.parse(line[at:end + 1], mode="eval").body
                if not found.keywords:
                    out.append([ast.literal_eval(a) for a in found.args])
            except (SyntaxError, ValueError, AttributeError):
                pass
    return out


def constants(node):
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and type(n.value) in (int, float, str) and len(repr(n.value)) < 40]


def candidates(function, node, tree, rng, budget):
    """Lists of arguments as literals."""
    parameters = [a for a in node.args.posonlyargs + node.args.args]
    required = len(parameters) - len(node.args.defaults)
    examples = [e for e in doc_examples(tree, node.name) if required <= len(e) <= len(parameters)]
    kinds = []
    for i, p in enumerate(parameters):
        kinds.append(by_annotation(p.annotation) or sorted({kind_of(e[i]) for e in examples if i < len(e)}))
    docstring = node.body[0].value if node.body and isinstance(node.body[0], ast.Expr) else None
    found = [c for n in node.body if not (isinstance(n, ast.Expr) and n.value is docstring) for c in constants(n)]
    words = [c for c in found if type(c) is str]
    known = {"int": [c + d for c in found if type(c) is int and abs(c) < 10**6 for d in (0, 1, -1)], "float": [float(c) for c in found if type(c) in (int, float) and abs(c) < 1e6],
             "text": [c for c in words] + [" ".join(rng.choice(words) for _ in range(rng.randrange(2, 5))) for _ in range(12 if words else 0)], "texts": [[c] for c in found if type(c) is str], "ints": [[c, c + 1] for c in found if type(c) is int and abs(c) < 10**6]}
    if not parameters:
        return [[]]
    for i, k in enumerate(kinds):
        if not k:  # nothing is said: the kinds that the function takes
            kinds[i] = list(POOL)
    seen, out = set(), []

    def put(values):
        texts = [literal(v) for v in values]
        key = ", ".join(t or "?" for t in texts)
        if None not in texts and key not in seen and len(key) < 300:
            seen.add(key)
            out.append(texts)

    for e in examples:
        put(e)
    for e in examples:
        for _ in range(30):
            v = list(copy.deepcopy(e))
            for _ in range(rng.randrange(1, 4)):
                i = rng.randrange(len(v)) if v else 0
                if v:
                    v[i] = changed(v[i], rng)
            put(v)
    end = time.monotonic() + budget
    unknown = any(len(k) > 3 for k in kinds)
    for _ in range(1500 if unknown else 500):
        if len(out) >= MAX_CANDIDATES or time.monotonic() > end:
            break
        values = []
        for k in kinds:
            kind = rng.choice(k)
            pool = POOL[kind] + known.get(kind, []) * 2
            value = copy.deepcopy(rng.choice(pool))
            values.append(changed(value, rng) if rng.random() < 0.35 else value)
        if unknown:
            was = call(function, [literal(v) or "None" for v in values])
            if was and was[0] == "raises" and was[1] in ("TypeError", "AttributeError", "IndexError", "KeyError") and rng.random() < 0.97:
                continue
        put(values)
    return out[:MAX_CANDIDATES]


)py";
// clang-format on

}  // namespace ptah::detail
