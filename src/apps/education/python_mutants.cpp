#include "apps/education/code_drivers.h"

namespace ptah::detail {

// clang-format off
const char* const kPythonMutants = R"py(# ---- mutants
COMPARE = {ast.Lt: [ast.LtE, ast.GtE], ast.LtE: [ast.Lt, ast.Gt], ast.Gt: [ast.GtE, ast.LtE], ast.GtE: [ast.Gt, ast.Lt], ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.In: [ast.NotIn],
           ast.NotIn: [ast.In], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is]}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
              ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift}


def sites(function):
    """(index of the node, which change, what kind of fault) of all mutants."""
    docstring = function.body[0].value if function.body and isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant) else None
    skip = set()
    for node in [function.args, function.returns, *function.decorator_list]:
        if node is not None:
            skip.update(id(n) for n in ast.walk(node))
    out = []
    for i, node in enumerate(ast.walk(function)):
        if node is docstring or id(node) in skip:
            continue
        if isinstance(node, ast.Compare):
            for o, op in enumerate(node.ops):
                out += [(i, (o, n), "a comparison") for n in range(len(COMPARE.get(type(op), [])))]
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not (isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)):
            out.append((i, 0, "an arithmetic operator"))
        elif isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
            out.append((i, 0, "an arithmetic operator"))
        elif isinstance(node, ast.BoolOp):
            out.append((i, 0, "and in place of or, or the other way round"))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
            out.append((i, 0, "a sign or a not"))
        elif isinstance(node, ast.Constant) and type(node.value) is bool:
            out.append((i, 0, "True in place of False, or the other way round"))
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            out += [(i, 1, "a number"), (i, -1, "a number")]
        elif isinstance(node, ast.Constant) and type(node.value) is str:
            out.append((i, 0, "a text"))
        elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
            out.append((i, 0, "a condition"))
        elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
            out.append((i, 0, "what is returned"))
        elif isinstance(node, (ast.Break, ast.Continue)):
            out.append((i, 0, "break or continue"))
    return out


def mutated(tree, place, site):
    """The module with one change; the line of it."""
    index, how, _ = site
    made = copy.deepcopy(tree)
    function = made.body[place]
    for i, node in enumerate(ast.walk(function)):
        if i == index:
            break
    if isinstance(node, ast.Compare):
        node.ops[how[0]] = COMPARE[type(node.ops[how[0]])][how[1]]()
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        node.op = ARITHMETIC[type(node.op)]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.Constant):
        node.value = (not node.value) if type(node.value) is bool else node.value + how if type(node.value) in (int, float) else "mutant" if node.value == "" else node.value + "X"
    elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
        node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
    elif isinstance(node, ast.Return):
        node.value = ast.Constant(value=None)
    elif isinstance(node, (ast.Break, ast.Continue)):
        node.__class__ = ast.Continue if isinstance(node, ast.Break) else ast.Break
    return made, getattr(node, "lineno", function.lineno)


def unsigned(tree, place, site):
    """`not x` and `-x` become `x`: a node cannot replace itself, so its parent takes the operand."""
    index = site[0]
    made = copy.deepcopy(tree)
    function = made.body[place]
    for i, node in enumerate(ast.walk(function)):
        if i == index:
            break
    for parent in ast.walk(function):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, node.operand)
                return made, node.lineno
            if isinstance(value, list) and any(v is node for v in value):
                value[[v is node for v in value].index(True)] = node.operand
                return made, node.lineno
    return made, node.lineno


def run_apart(work, seconds):
    """What a function gives as JSON, computed in a process of its own; None if it does not come back."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        sys.stdin = io.StringIO()
        sys.stdout = sys.stderr = io.StringIO()
        try:
            text = json.dumps(work()).encode()
            while text:
                text = text[os.write(writer, text):]
        except BaseException:
            pass
        os._exit(0)
    os.close(writer)
    data, end = b"", time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([reader], [], [], max(0, end - time.monotonic()))
        part = os.read(reader, 65536) if ready else b""
        if not part:
            break
        data += part
    os.close(reader)
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(child, 0)
    try:
        return json.loads(data)
    except ValueError:
        return None


def load(tree, name="module"):
    space = {"__name__": name}
    signal.setitimer(signal.ITIMER_REAL, 5)
    exec(compile(tree, name + ".py", "exec"), space)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return space


)py";

const char* const kPythonMain = R"py(def main():
    signal.signal(signal.SIGALRM, late)
    options = json.load(open("options.json"))
    source = open("module.py").read()
    begun, budget = time.monotonic(), options["seconds"]
    tree = ast.parse(source)
    rng = random.Random(options["seed"])
    out = {"functions": [], "skipped": []}
    names = [(i, n) for i, n in enumerate(tree.body) if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
    if options.get("functions"):
        names = [(i, n) for i, n in names if n.name in options["functions"]]
    for number, (place, node) in enumerate(names):
        mine = max(1.0, (begun + budget * (number + 1) / len(names)) - time.monotonic())
        if node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
            out["skipped"].append([node.name, "it takes *, ** or keyword-only parameters"])
            continue

        started = time.monotonic()

        def oracle():
            function = load(tree)[node.name]
            made = candidates(function, node, tree, random.Random(rng.random()), mine * 0.3)
            kept, stop = [], started + mine * 0.6
            for arguments in made:
                if time.monotonic() > stop:
                    break
                was = call(function, arguments)
                if was is None or was[0] == "late":
                    continue
                again = call(function, arguments)
                if was != again or (was[0] == "raises" and was[1] not in RAISED):
                    continue
                kept.append([arguments, was])
            return kept

        RAISED = {ast.unparse(n.exc.func if isinstance(n.exc, ast.Call) else n.exc) for n in ast.walk(node) if isinstance(n, ast.Raise) and n.exc is not None}
        first, second = run_apart(oracle, mine), None
        if first:
            def again():
                function = load(tree)[node.name]
                return [call(function, a) for a, _ in first]
            second = run_apart(again, mine)
        if not first or second is None:
            out["skipped"].append([node.name, "no input was found that it takes and answers the same twice"])
            continue
        tests = [t for t, now in zip(first, second) if tuple(t[1]) == tuple(now)]
        mutants = []
        wanted = sites(node)
        rng.shuffle(wanted)
        end = time.monotonic() + mine * 0.7
        tried = 0
        for site in wanted[:options["mutants"]]:
            if time.monotonic() > end:
                break
            target = None
            for i, n in enumerate(ast.walk(node)):
                if i == site[0]:
                    target = n
            swap = unsigned if isinstance(target, ast.UnaryOp) else mutated
            made, line = swap(tree, place, site)
            text = ast.unparse(ast.fix_missing_locations(made))

            def differs(text=text):
                function = load(ast.parse(text))[node.name]
                told, lates = [], 0
                for i, (arguments, was) in enumerate(tests):
                    now = call(function, arguments)
                    if not same(now, tuple(was)):
                        told.append(i)
                        lates += now is not None and now[0] == "late"
                    if lates >= 2:
                        break
                return told

            tried += 1
            killed = run_apart(differs, 3.0)
            mutants.append({"line": line, "kind": site[2], "killed": list(range(len(tests))) if killed is None else killed, "module": spliced(source, node, made.body[place]), "crashed": killed is None})

        def told_by(made, text=None):
            text = ast.unparse(ast.fix_missing_locations(made))

            def work():
                function = load(ast.parse(text))[node.name]
                return [i for i, (arguments, was) in enumerate(tests) if not same(call(function, arguments), tuple(was))]
            return run_apart(work, 3.0)

        left_out = []
        if options["faults"]:
            for index in extensions(node):
                made, condition = without(tree, place, index)
                left_out.append({"line": condition.lineno, "test": ast.unparse(condition.test), "killed": told_by(made) or [], "module": spliced(source, node, made.body[place])})
        # The fewest tests that tell all that can be told (greedy set cover), and examples of the docstring.
        every = mutants + left_out
        left, chosen = {i for i, m in enumerate(every) if m["killed"]}, []
        kills = {}
        for i, m in enumerate(every):
            for t in m["killed"]:
                kills.setdefault(t, set()).add(i)
        while left:
            best = max(kills, key=lambda t: (len(kills[t] & left), -len("".join(tests[t][0])), -t))
            if not kills[best] & left:
                break
            left -= kills[best]
            chosen.append(best)
        for t in range(min(3, len(tests))):
            if t not in chosen:
                chosen.append(t)
        lines = source.split("\n")

        def cases(m):
            return [i for i, t in enumerate(chosen) if t in m["killed"]]

        def exercise(kind, m, fault):
            return {"kind": kind, "fault": fault, "line": m["line"], "module": m["module"], "cases": cases(m), "was": lines[m["line"] - 1]}

        exercises = [exercise("repair", m, m["kind"]) for m in mutants if m["killed"] and not m["crashed"] and cases(m)][:options["faults"]]
        exercises += [exercise("extend", m, m["test"]) for m in left_out if 0 < len(cases(m)) < len(chosen)][:options["faults"]]
        if options["faults"]:
            long = worse(tree, place)
            goal, now = measure(node), measure(long.body[place])
            if (now["statements"] >= goal["statements"] + 2 or now["depth"] > goal["depth"]) and told_by(long) == []:
                exercises.append({"kind": "refactor", "fault": "", "line": node.lineno, "module": spliced(source, node, long.body[place]), "cases": [], "was": "", "goal": goal, "now": now})
        out["functions"].append({"name": node.name, "tests": [tests[t] for t in chosen], "candidates": len(tests), "mutants": len(mutants), "killed": sum(bool(m["killed"]) for m in mutants),
                                 "survivors": [{"line": m["line"], "kind": m["kind"]} for m in mutants if not m["killed"]], "exercises": exercises})
    sys.__stdout__.write(json.dumps(out) + "\n")


main()
)py";

// clang-format on

}  // namespace ptah::detail
