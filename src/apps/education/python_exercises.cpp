#include "apps/education/code_drivers.h"

namespace ptah::detail {

// clang-format off
const char* const kPythonExercises = R"py(# ---- exercises
def extensions(function):
    """Conditions whose branch can be left out, by number."""
    return [i for i, n in enumerate(ast.walk(function)) if isinstance(n, ast.If)]


def without(tree, place, index):
    """The module without one branch, and the condition."""
    made = copy.deepcopy(tree)
    function = made.body[place]
    node = list(ast.walk(function))[index]
    for parent in ast.walk(function):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list) and any(v is node for v in value):
                at = [v is node for v in value].index(True)
                value[at:at + 1] = node.orelse
                if not value and name == "body":
                    value.append(ast.Pass())
                return made, node
    return made, node


def measure(function):
    """How long and how nested a function is: statements, and the depth of loops and conditions."""
    statements, depth = 0, 0

    def visit(node, level, chained=False):
        nonlocal statements, depth
        if isinstance(node, ast.stmt) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            statements += 1
        if isinstance(node, (ast.If, ast.For, ast.While, ast.With, ast.Try)) and not chained:
            level += 1
        depth = max(depth, level)
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    visit(child, level, isinstance(node, ast.If) and name == "orelse" and len(value) == 1 and isinstance(child, ast.If))

    visit(function, 0)
    return {"statements": statements - 1, "depth": depth}


class Worse(ast.NodeTransformer):
    """The same behaviour in more words and deeper: what a learner makes plain again."""
    number = 0

    def lists(self, node):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if not isinstance(body, list):
                continue
            for i, s in enumerate(body[:-1]):
                if isinstance(s, ast.If) and not s.orelse and isinstance(s.body[-1], (ast.Return, ast.Raise)):
                    s.orelse = body[i + 1:]
                    del body[i + 1:]
                    break

    def generic_visit(self, node):
        super().generic_visit(node)
        self.lists(node)
        return node

    def visit_If(self, node):
        self.generic_visit(node)
        if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And) and not node.orelse:
            inner = node.test.values[1] if len(node.test.values) == 2 else ast.BoolOp(op=ast.And(), values=node.test.values[1:])
            return ast.If(test=node.test.values[0], body=[ast.If(test=inner, body=node.body, orelse=[])], orelse=[])
        return node

    def visit_Return(self, node):
        if node.value is None or isinstance(node.value, (ast.Name, ast.Constant)):
            return node
        if isinstance(node.value, ast.Compare) and len(node.value.ops) == 1 and not isinstance(node.value.ops[0], (ast.In, ast.NotIn)):
            return ast.If(test=node.value, body=[ast.Return(value=ast.Constant(value=True))], orelse=[ast.Return(value=ast.Constant(value=False))])
        self.number += 1
        name = "result%d" % self.number
        return [ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=node.value), ast.Return(value=ast.Name(id=name, ctx=ast.Load()))]


def worse(tree, place):
    made = copy.deepcopy(tree)
    made.body[place] = Worse().visit(made.body[place])
    return ast.fix_missing_locations(made)


def spliced(source, node, made):
    """The module's text with one function in the place of another."""
    lines = source.split("\n")
    first = min([node.lineno] + [d.lineno for d in node.decorator_list])
    return "\n".join(lines[:first - 1] + ast.unparse(made).split("\n") + lines[node.end_lineno:])


)py";

const char* const kPythonGrader = R"py(def grade():
    """Outcomes of calls of a learner's module, or (told so) how long it is. What is right is not known here."""
    job = json.loads(sys.stdin.read())
    told = os.fdopen(os.dup(1), "w")
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    answer = {"outcomes": [], "problem": ""}
    try:
        tree = ast.parse(job["module"])
        found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == job["function"]]
        if not found:
            raise NameError("there is no function " + job["function"])
        if "pairs" in job:
            def equal(a, b):
                try:
                    return bool(ast.literal_eval(a) == ast.literal_eval(b))
                except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
                    return False
            answer["same"] = [equal(a, b) for a, b in job["pairs"]]
            answer["measure"] = measure(found[-1])
        else:
            signal.signal(signal.SIGALRM, late)
            function = load(tree)[job["function"]]
            for arguments in job["calls"]:
                answer["outcomes"].append(call(function, arguments))
    except BaseException as problem:
        answer["problem"] = "%s: %s" % (type(problem).__name__, problem)
    told.write("\n" + json.dumps(answer) + "\n")
    told.flush()
    os._exit(0)


grade()
)py";

// clang-format on

}  // namespace ptah::detail
