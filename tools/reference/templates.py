#!/usr/bin/env python3
"""Makes tests/golden/jinja.json: expressions and blocks of chat templates with what jinja2 makes of them (null: it raises).

    tools/reference/templates.py [tests/golden]      (made with jinja2 3.1.6, set up as transformers does for chat templates)

Every filter, test, operator, method and statement that src/text/jinja_*.cpp knows stands here with its arguments, and some that it refuses.
"""
import json
import pathlib
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIABLES = {
    "name": "Ptah", "n": 7, "x": 2.5, "big": 2**62, "neg": -3, "nothing": None, "yes": True, "no": False, "empty": [], "numbers": [3, 1, 2, 3],
    "mixed": ["b", "A", "a", "B", "é", "É"], "words": "a  b c", "text": " Héllo, wörld! ", "lines": "one\ntwo\r\n\nthree\x0bfour\u2028five", "wide": "\u00a0 x\u3000",
    "greek": "ΟΔΥΣΣΕΥΣ ΣΑΣ", "german": "Straße ﬁn ŉ", "fox": "🦊é中", "html": "<a href='x'>\"&\"</a>", "tree": {"b": 1, "a": {"deep": [True, None, "t", 1.5]}, "C": "x"},
    "people": [{"name": "Ada", "age": 36, "city": "Rome"}, {"name": "bo", "age": 4, "city": "paris"}, {"name": "Cy", "city": "rome"}],
    "shadow": {"items": 5, "get": 6, "x": 7}, "pairs": [["k", 1], ["l", 2]], "floats": [0.1, 1e16, 1e-5, 1e22, 123456789.125, -0.0, 3.0],
    "messages": [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "Hi 'you' & \"me\"\n<b> é 中"}, {"role": "assistant", "content": "Hello"}],
}

EXPRESSIONS = r"""
1 + 2 * 3 - 4 / 2
7 // 2, -7 // 2, 7 // -2, -7 // -2
7 % 3, -7 % 3, 7 % -3, -7 % -3
7.5 // 2, -7.5 // 2, 7.5 // -2, 7.5 % 2, -7.5 % 2, 7.5 % -2, -0.0 % 3, 5.0 % 2.5, 0.3 // 0.1
2 ** 10, 2 ** -1, 2.0 ** 3, 2 ** 3 ** 2, -2 ** 2, (-8) ** 2
2 ** 62, 2 ** 63
9223372036854775807 + 1
9223372036854775808
big * 2
big + big - 1
-big - big - big
big / 3
1 / 3, 10 / 2, 1e308 * 10, -1e308 * 10
1 / 0
1 % 0
1.0 // 0
true + true, true * 3, -true, +true, true / 2
1 + 'a'
'a' + 1
'a' + 'b', 'ab' * 3, 3 * 'ab', 'ab' * 0, 'ab' * -2
[1] + [2], [1, 2] * 2, 2 * [1], (1,) + (2,)
[1] + (2,)
'a' * 1.5
'a' - 'b'
none + 1
missing + 1
1 ~ 2 ~ 'a' ~ none ~ true ~ 1.0 ~ missing ~ [1]
1 == 1.0, 1 == true, 'a' == 'a', none == none, [1] == [1.0], (1,) == [1], {'a': 1} == {'a': 1.0}, missing == nope, missing == none
1 < 2, 2 <= 2, 3 > 4, 'a' < 'b', 'Z' < 'a', [1, 2] < [1, 3], (1, 2) < (1, 2, 0), 1 < 1.5, true < 2
1 < 2 < 3, 1 < 3 < 2, 1 == 1 == 1, 3 > 2 > 1 != 0
1 < 'a'
none < 1
[1] < (2,)
9007199254740993 == 9007199254740992.0, 9007199254740993 > 9007199254740992.0
not true, not '', not [], not 0.0, not none, not missing
true and 'x', '' and 'x', '' or 'y', 'x' or 'y', 0 or none
'a' in 'cat', 'x' not in 'cat', '' in 'cat', 3 in numbers, 9 not in numbers, 'b' in tree, 'z' in tree, 1.0 in numbers, 'a' in missing, none in [none]
1 in 'abc'
1 in 5
'x' if n > 5 else 'y'
'x' if false
'a' if true else 'b' if true else 'c'
(1, 2), (1,), (), [1, (2,)], [], {}
{'a': 1, 'b': [2]}, {1: 2, none: 3, true: 4}, {1.5: 'x', (1, 2): 'y'}, {'a': 1, 'a': 2}
{[1]: 2}
1.0, 1.5, 1e5, 1e16, 1.5e300, 1e-4, 1e-5, 123456789012345680.0, 0.1 + 0.2
0x1F, 0b101, 0o17, 1_000, 1_0.5_0, 00
floats
'a\nb\t\\\'\"\x41\u00e9\101\0|', "it's", 'q"q', "a\
b"
'\d\q\é'
'\N{BULLET}'
'\ud800'
'\xzz'
'x' 'y' "z"
"it's", ["it's"], ['q"q'], ["'\""], ['a\nb\t\\'], ['é中🦊'], ['\x01\x7f\xa0\xad\u2028']
name[0], name[-1], name[9], name['0'], name[1.0], name[true]
text[1:4], text[-4:], text[::-1], text[::2], text[5:1], text[5:1:-2], text[:0], text[100:], text[none:none:none]
numbers[0], numbers[-1], numbers[9], numbers['x'], numbers[true]
numbers[1:], numbers[:-1], numbers[::-1], numbers[::2], numbers[-3:-1], numbers[3:0:-1], numbers[-100:100], numbers[:1.5]
numbers[::0]
(1, 2, 3)[1:], (1, 2)[::-1]
tree['b'], tree.b, tree['zzz'], tree.a.deep[2], tree.a['deep'][-1], tree.a.zzz
tree[[1]], tree[1]
missing.x
missing['x']
missing[1:]
none.x, none['x'], 1.x, n.zzz
pairs.0.1, pairs[0].1
shadow.x, shadow['items'], shadow['x']
shadow.items()
shadow.items
tree.items(), tree.keys(), tree.values()
tree.items() | list, tree.keys() | list | length, tree.values() | list | first
tree.get('b'), tree.get('z'), tree.get('z', 5), tree.get('z', default=5)
tree.get([1])
tree.pop('b')
numbers.append(1)
numbers.index(2), numbers.count(3), (1, 1).count(1), (5, 6).index(6)
numbers.index(99)
tree.copy()
n.bit_length()
x.is_integer()
name.__class__
name._private
name.zzz
name.encode()
name.format(1)
'%s' % name
name.nosuch()
nosuch()
n()
range(3), range(1, 4), range(0, 10, 3), range(3, 0, -1)
range(3) | list, range(5, 0, -2) | list, range(0) | list, range(3)[1], 2 in range(3)
range(1000000)
range(1.5)
range(0, 1, 0)
dict(a=1, b='x'), dict({'a': 1}, b=2), dict([['a', 1]])
namespace(a=1).a, namespace({'b': 2}).b, namespace().zzz
list([1])
str(1)
lipsum()
raise_exception('no')
name | upper, name | lower, 'hELLO wORLD' | capitalize, "foo bar-baz (qux) it's" | title, 'éCOLE ñ' | title, 'x' | upper | lower
text | upper, text | lower, text | title, text | capitalize, text | trim, text | length
greek | lower, greek | capitalize, greek | title, german | upper, german | title, german | capitalize, 'İ' | lower, 'ǆ' | capitalize, 'ǆ' | title
greek.lower(), greek.title(), german.upper(), german.swapcase(), german.title(), 'ΑΣ. ΑΣΑ'.lower()
'hello world it\'s'.title(), 'HELLO'.capitalize(), 'aBc'.swapcase()
wide | trim, wide.strip(), '\x1c x\x85'.strip(), wide.split(), ' a\u3000b '.split()
'xxaxx' | trim('x'), 'xyaxy' | trim(chars='yx'), 'éaé' | trim('é'), n | trim, none | trim, ' x ' | trim(none)
n | trim(1)
'xxaxx'.strip('x'), 'xxa'.lstrip('x'), 'axx'.rstrip('x'), ' a '.lstrip(), ' a '.rstrip(), ' a '.strip(none)
'a'.strip(chars='a')
'a,b,,c'.split(','), 'a,b,,c'.split(',', 1), 'a b  c'.split(), ' a b  c '.split(none, 1), 'a--b'.split('--'), ''.split(), ''.split(','), 'a b'.split(' ', maxsplit=1)
'a,b,c'.rsplit(',', 1), 'a b  c '.rsplit(none, 1), 'a,b'.rsplit(','), ' a b '.rsplit(), ' a b c'.rsplit(none, 1)
'a'.split('')
lines.splitlines(), 'a\nb\n'.splitlines(), 'a\r\nb'.splitlines(true), ''.splitlines()
'a-b-c'.partition('-'), 'a-b-c'.rpartition('-'), 'abc'.partition('x'), 'abc'.rpartition('x')
'abcabc'.replace('b', 'X'), 'abcabc'.replace('b', 'X', 1), 'abc'.replace('', '-'), 'abc'.replace('', '-', 2), 'aaa'.replace('aa', 'b'), 'é'.replace('', '.')
'abc'.replace('b')
'abcabc'.find('c'), 'abcabc'.find('c', 3), 'abcabc'.find('x'), 'éab'.find('b'), 'abcabc'.rfind('c'), 'abc'.index('b'), 'abcabc'.rindex('b'), 'abc'.find('')
'abc'.index('x')
'abcabc'.count('b'), 'aaaa'.count('aa'), 'abc'.count(''), 'abcabc'.count('b', 2), 'é'.count('')
name.startswith('Pt'), name.endswith('ah'), name.startswith(('x', 'P')), name.startswith('t', 1), name.endswith('a', 0, 3), name.startswith('')
name.startswith(['P'])
name.startswith(1)
','.join(['a', 'b']), ', '.join('abc'), ''.join([]), '-'.join({'a': 1, 'b': 2})
','.join([1])
'ab'.center(7), 'ab'.center(6, '*'), 'a'.center(4), 'ab'.ljust(4) ~ '|', 'ab'.rjust(4), '42'.zfill(5), '-42'.zfill(5), 'abc'.zfill(2), 'é'.rjust(3, '中')
'ab'.removeprefix('a'), 'ab'.removesuffix('b'), 'ab'.removeprefix('x')
'abc'.isalpha(), 'ab1'.isalnum(), '12'.isdigit(), ' \t'.isspace(), ''.isspace(), 'abc'.islower(), 'ABC'.isupper(), 'é'.isalpha(), '1'.isdecimal(), 'é'.isascii(), '\u00a0'.isspace()
'é1'.isalnum()
'aB'.casefold()
'aé'.casefold()
name | length, fox | length, tree | length, numbers | length, (1, 2) | count, missing | length, '' | length, range(4) | length, tree.items() | length
n | length
none | length
numbers | map('string') | length
numbers | first, numbers | last, 'abc' | first, fox | last, empty | first, empty | last, tree | first, (1, 2) | last, missing | first
n | first
numbers | map('string') | first
numbers | map('string') | last
numbers | reverse | list, name | reverse, fox | reverse, range(3) | reverse | list, tree | reverse | list, (1, 2) | reverse | list
numbers | reverse
n | reverse
numbers | join(', '), numbers | join, 'abc' | join('-'), [1, none, 'x', 2.0, true] | join('|'), people | join(', ', attribute='name'), empty | join(','), missing | join(','), tree | join('+'), numbers | join(0)
n | join
numbers | list, 'abc' | list, tree | list, (1, 2) | list, missing | list, tree.items() | list, range(2) | list
n | list
numbers | sort, numbers | sort(reverse=true), mixed | sort, mixed | sort(case_sensitive=true), mixed | sort(true, true), 'hello' | sort, tree | sort, [2.5, 1, true] | sort
people | sort(attribute='name') | map(attribute='name') | list, people | sort(attribute='city,name') | map(attribute='name') | list, people | sort(false, false, 'city') | map(attribute='city') | list
people | sort(attribute='age')
[none, none] | sort, [[2, 'b'], [1, 'a']] | sort, [(1, 'B'), (1, 'a')] | sort
[1, 'a'] | sort
numbers | sort(1, 2, 3, 4)
numbers | sort(nosuch=1)
numbers | unique | list, mixed | unique | list, mixed | unique(true) | list, people | unique(attribute='city') | map(attribute='name') | list, [1, 1.0, true, '1'] | unique | list
[[1], [1]] | unique | list
numbers | unique
numbers | min, numbers | max, mixed | min, mixed | max, mixed | max(case_sensitive=true), people | min(attribute='name'), empty | max, 'hello' | max, [1, 2.5] | max
people | max(attribute='age')
[1, 'a'] | min
numbers | sum, [1.5, 2] | sum, people[:2] | sum(attribute='age'), numbers | sum(start=10), empty | sum, [[1], [2]] | sum(start=[]), numbers | sum(none, 1)
['a'] | sum
people | sum(attribute='age')
tree | dictsort, tree | dictsort(true), tree | dictsort(reverse=true), {'a': 2, 'B': 1} | dictsort(false, 'value'), {'b': 'X', 'a': 'y'} | dictsort(by='value')
tree | dictsort(by='value')
tree | dictsort(by='x')
numbers | dictsort
people | groupby('city'), people | groupby('city') | map(attribute='grouper') | list, people | groupby('city', case_sensitive=true) | map('first') | list, people | groupby('age', default=0) | map(attribute='list') | map('length') | list
(people | groupby('city'))[0].grouper, (people | groupby('city'))[1].list, (people | groupby('city'))[0].zzz
people | groupby('age')
people | map(attribute='name') | join('+'), people | map(attribute='age', default=0) | list, people | map('length') | list, numbers | map('string') | list, ['a', 'b'] | map('upper') | join, [' a '] | map('trim') | list, pairs | map(attribute=1) | list, pairs | map(attribute='0') | list
people | map(attribute='age') | list, [{'a': {'b': 1}}] | map(attribute='a.b') | list, ['a-b'] | map('replace', '-', '+') | list, [1.234] | map('round', 1) | list, ['x'] | map('default', 'd') | list
numbers | map
numbers | map('nosuch') | list
numbers | map(attribute='x', other=1) | list
numbers | map('string')
numbers | select | list, [0, 1, '', none, 'a'] | select | list, numbers | select('odd') | list, numbers | select('gt', 1) | list, numbers | select('in', [1, 2]) | list, missing | select | list, numbers | select('divisibleby', 3) | list
numbers | reject('odd') | list, [0, 1] | reject | list, numbers | reject('equalto', 3) | list, ['a', 'B'] | reject('lower') | list
people | selectattr('age') | map(attribute='name') | list, people | selectattr('age', 'defined') | list | length, people | selectattr('age', 'gt', 10) | map(attribute='name') | list, people | selectattr('name', 'equalto', 'bo') | first, people | selectattr('city', 'in', ['Rome', 'x']) | list | length
people | rejectattr('age') | map(attribute='name') | list, people | rejectattr('age', 'defined') | list, people | rejectattr('name', 'eq', 'Ada') | map(attribute='name') | list
people | selectattr
people | selectattr('age', 'gt', 10) | list
numbers | select('nosuch') | list
numbers | batch(3) | list, numbers | batch(3, 0) | list, empty | batch(2) | list, numbers | batch(1) | map('first') | list, 'abcd' | batch(3, 'x') | list
numbers | slice(3) | list, numbers | slice(3, 'x') | list, numbers | slice(1) | list, numbers | slice(6) | list, range(7) | slice(3, 0) | list
numbers | batch(0) | list
tree | items | list, missing | items | list, tree | items | map('first') | list
numbers | items | list
missing | default('d'), missing | d, '' | default('d'), '' | default('d', true), none | default('d'), 0 | default(5, boolean=true), missing | default(missing), missing | default(default_value='z'), nothing | default(1, true)
missing | default('d', true, 3)
missing | default(nosuch=1)
'3' | int, '2.9' | int, 'x' | int, 'x' | int(7), '0x1f' | int(0, 16), '1f' | int(base=16), '0b11' | int(0, 2), ' 12 ' | int, '1_000' | int, '-5' | int, 2.9 | int, -2.9 | int, none | int, true | int, [] | int(3), '1e3' | int, 'inf' | int, 'nan' | int, '' | int, '+7' | int, '1__0' | int
'99999999999999999999' | int
'١٢' | int
1e400 | int
1e30 | int
missing | int
'2.5' | float, '3' | float, 'x' | float, 'x' | float(1.5), ' 1e3 ' | float, 'inf' | float, '-inf' | float, 'nan' | float, none | float, true | float, '1_0.5' | float, '.5' | float, '5.' | float, '1e400' | float, '1e-400' | float, '0x10' | float, 'infinity' | float
missing | float
2.5 | round, 3.5 | round, 2.4 | round, -2.5 | round, 7 | round, 7 | round(2), 2.675 | round(2), 1.005 | round(2), 0.125 | round(2), 42.55 | round(1, 'floor'), 42.51 | round(1, 'ceil'), 7 | round(0, 'ceil'), -1.5 | round(method='floor'), true | round, 1e300 | round(3)
2.5 | round(method='x')
'a' | round
1234 | round(-2)
-3 | abs, 2.5 | abs, -2.5 | abs, true | abs, 0 | abs, -0.0 | abs
'a' | abs
n | string, x | string, none | string, [1] | string, 'a' | string, true | string, missing | string
html | e, html | escape, html | forceescape, html | e | string, n | e, html | e | e, html | e | forceescape, none | escape, html | safe
(html | e) + '<b>'
(html | e) ~ '<b>'
'<' | e | upper
'<b>' | safe | length, ('<' | e) == '&lt;', 'lt' in ('<' | e), ('<' | e) is escaped, '<' is escaped, ('<' | e) is string
['<' | e]
'a.b.c' | replace('.', '-'), 'aaa' | replace('a', 'b', 2), 'aaa' | replace('a', 'b', count=1), n | replace(7, 8), 'abc' | replace('', '-'), 'a' | replace(old='a', new='b'), none | replace('N', 'n'), 'x' | replace('x', none)
'a' | replace('a')
'a' | replace('a', 'b', 1, 2)
'one\ntwo\n\nthree' | indent, 'one\ntwo' | indent(2), 'one\n\ntwo' | indent(2, true), 'one\n\ntwo' | indent(2, false, true), 'a\nb' | indent('> '), 'a\nb' | indent(width=1, first=true), 'a\r\nb' | indent, 'a\n' | indent, '' | indent(2, true), lines | indent(1), 'x\n\n' | indent(2, blank=true)
n | indent
tree | tojson, numbers | tojson, none | tojson, x | tojson, name | tojson, (1, 2) | tojson, {1: 2, none: 3, true: 4, 1.5: 5} | tojson, [] | tojson, {} | tojson, [[], {}] | tojson, floats | tojson, 'é中🦊\x7f\x01\u2028/\\"' | tojson, html | tojson
tree | tojson(indent=2), tree | tojson(indent='--'), numbers | tojson(indent=0), [[]] | tojson(indent=4), {} | tojson(indent=2), tree | tojson(indent=-1), tree | tojson(indent=none)
tree | tojson(ensure_ascii=true), 'é🦊\x7f' | tojson(true), tree | tojson(sort_keys=true), tree | tojson(separators=(',', ':')), tree | tojson(separators=[';', '='], indent=1), {'b': 1, 'a': {'d': 1, 'c': 2}} | tojson(false, 1, none, true)
('nan' | float) | tojson, ('-inf' | float) | tojson
missing | tojson
{(1, 2): 3} | tojson
range(3) | tojson
tree.items() | tojson
tree | tojson(nosuch=1)
numbers | map('string') | tojson
'foo bar baz qux' | truncate(9), 'foo bar baz qux' | truncate(9, true), 'foo bar baz qux' | truncate(11), 'foo bar baz qux' | truncate(11, false, '...', 0), 'foo bar' | truncate(5, true, '', 0), 'héé wörld xyz abc' | truncate(8, leeway=0), 'abcdefghijk' | truncate(5, end='~', leeway=0)
'foo' | truncate(2)
'foo bar  baz_q 1' | wordcount, '' | wordcount
'é' | wordcount
'ab' | center(6), 'ab' | center(width=5), 'x' | center | length
name | upper(1)
name | trim('a', 'b')
numbers | length(1)
numbers | first(2)
name | string(1)
name | nosuch
name | urlencode
'%s' | format(1)
name | attr('x')
numbers | random
html | striptags
'a b' | wordwrap(1)
1000 | filesizeformat
tree | xmlattr
tree | pprint
'http://x.y' | urlize
name is defined, missing is defined, missing is not defined, missing is undefined, nothing is defined, tree.zzz is defined
nothing is none, missing is none, 0 is none, none is not none
name is string, n is string, (html | e) is string, n is number, x is number, true is number, name is number, n is integer, true is integer, x is integer, x is float, n is float, true is boolean, 1 is boolean
true is true, 1 is true, false is false, 0 is false
tree is mapping, numbers is mapping, numbers is iterable, name is iterable, n is iterable, tree is iterable, missing is iterable, range(2) is iterable, (numbers | map('string')) is iterable
numbers is sequence, name is sequence, tree is sequence, n is sequence, (1, 2) is sequence, range(2) is sequence, (numbers | map('string')) is sequence, tree.items() is sequence
n is odd, n is even, 4 is even, -3 is odd, 4.0 is even, 3.0 is odd, true is odd
'a' is odd
missing is odd
n is divisibleby 7, n is divisibleby(2), 7.5 is divisibleby 2.5, n is divisibleby(num=7)
n is divisibleby 0
n is divisibleby
'abc' is lower, 'ABC' is upper, 'aB' is lower, '123' is lower, 'é' is lower, 'É' is upper, 'ß' is lower, 'ªº' is lower, 'Ⅷ' is upper, 'ǅ' is upper, 'a1' is lower, n is lower, greek is upper, none is upper
n is eq 7, n is equalto 7, n is ==(7), n is sameas 8, n is ne 7, n is !=(8), n is gt 6, n is greaterthan(6), n is ge 7, n is lt 8, n is lessthan 8, n is le 7
n is gt 'a'
true is sameas true, none is sameas none, true is sameas 1, 'a' is sameas 1, numbers is sameas numbers
n is sameas 7
3 is in numbers, 'a' is in 'cat', 9 is not in numbers, 'b' is in tree
range is callable, n is callable, name.upper is callable
'upper' is filter, 'nosuch' is filter, 'odd' is test, 'nosuch' is test
'urlize' is filter
n is nosuch
n is odd is even
n is defined and n is odd, not n is even, n is odd or missing, (n is odd) == true
missing is defined if true else 'x'
- n | abs, -n | abs, (-n) | abs, n - 1 | abs, not n | abs
'a' 'b' | upper, 'a' ~ 'b' | upper, ('a' ~ 'b') | upper
1 if 2 else 3 | string, [1, 2] | last + 1, n | string ~ 'x', -1.5 | round | abs
[1, 2, 3][1:] | first, 'abc'[1] | upper, tree.a.deep | length, messages[0].content | trim | length, (messages | last).role, messages[-1]['role'] | upper
messages | map(attribute='role') | unique | join(',') | upper | replace('E', 'e')
[1, 2,], (1, 2,), {'a': 1,}, range(3,) | list
[1, 2
1, 2 3
name[0:1:1:1]
name[]
name.
{'a'}
{'a': }
f(*[1])
f(**{'a': 1})
1 is
| upper
a b
@
$x
café
5abc
1.2.3
1..2
.5
5.
1e5, 1E5, 1e+5, 1e-5, 1.5e3
true, True, false, False, none, None, TRUE is defined, NONE is defined
loop is defined, self is defined
[] == (), '' == none, 0 == false, 0.0 == -0.0, 'a' == ['a']
fox[0], fox[1:], fox[-1], fox[::-1], fox | upper, fox.find('中'), fox | list
text.split(), text.strip().split(','), text.replace('l', 'L'), text | replace('ö', 'o')
'a\u0000b' | length, 'a\tb'.split('\t'), '\r\n' | length, 'a\fb'.split()
"{{ x }}", '{% if %}', '}}', '%}'
('a', 'b') | join, ('a', 'b') in [('a', 'b')], {'k': ('a', 1)}
(1, 2) == (1, 2), (1, 2) < (2,), [1, [2, [3, []]]], {'a': {'b': {}}}
messages[1].content, messages[1].content | tojson, messages[1].content | e, messages[1].content.splitlines()
numbers | sort | first, numbers | sort | reverse | list, numbers | map('string') | sort | join, numbers | select('gt', 1) | map('string') | join('+')
'abc' | batch(2) | map('join') | list, [[3, 1], [2]] | map('sort') | list, [[1, 2]] | map('sum') | list
tree.b.__add__(1)
''.__class__.__mro__
name | first | upper, name | last, name | list | join('.'), name | batch(2) | list | length
'%d' % 5
n % 0.5, 1e16 % 3, -1e16 % 3, 5 // 0.3, -5 // 0.3
0.1 * 3, 1.1 + 2.2, 100 * 1.1, 1 / 7, 2 / 3, 1e15 + 0.3, 1e16 + 1, 5e-324, 1.7976931348623157e308
"""

TEMPLATES = r"""
{% for i in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}
{% for i in numbers %}{{ loop.previtem }}<{{ i }}<{{ loop.nextitem }} {{ loop.previtem is defined }}{{ loop.nextitem is defined }};{% endfor %}
{% for i in numbers %}{{ loop.cycle('a', 'b', 'c') }}{{ loop.changed(i > 1) }}{% endfor %}
{% for i in numbers %}{{ loop.zzz }}{{ loop['index'] }}{% endfor %}
{% for i in numbers %}{{ loop }}{% endfor %}
{% for i in numbers %}{% for j in [1, 2] %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}
{% for i in [1, 2] %}{% set outer = loop %}{% for j in [1, 2] %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}
{% for k, v in tree.items() %}{{ k }}={{ v }};{% endfor %}{% for k in tree %}{{ k }}{% endfor %}{% for c in 'aé' %}[{{ c }}]{% endfor %}
{% for k, v in tree | items %}{{ k }}{{ loop.length }}{% endfor %}{% for k, v in tree | dictsort %}{{ k }}{% endfor %}
{% for a, b in pairs %}{{ a }}{{ b }}{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}{% for (a, b) in pairs %}{{ a }}{% endfor %}
{% for a, b in [[1]] %}{{ a }}{% endfor %}
{% for a, b in ['xy'] %}{{ a }}-{{ b }}{% endfor %}
{% for a in 5 %}x{% endfor %}
{% for a in missing %}x{% else %}none{% endfor %}{% for a in none %}x{% endfor %}
{% for a in [1, 2] %}{{ a }}{% else %}none{% endfor %}{% for a in [] %}{% else %}none{% endfor %}
{% for a in [1] %}{% break %}{% else %}E{% endfor %}{% for a in [1, 2] %}{{ a }}{% if a == 2 %}{% break %}{% endif %}{% else %}E{% endfor %}
{% for a in [1] %}{% continue %}{% else %}E{% endfor %}
{% for i in range(6) %}{% if i == 1 %}{% continue %}{% elif i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in range(6) if i is odd %}{{ loop.index }}:{{ i }}/{{ loop.length }} {% endfor %}
{% for m in messages if m.role != 'system' %}{{ loop.index0 }}{{ m.role }}{{ loop.last }}{% else %}none{% endfor %}
{% for i in [1, 2] %}{% set y = i %}{% endfor %}{{ y is defined }}
{% set y = 1 %}{% for i in [1, 2] %}{% set y = y + i %}{{ y }}{% endfor %}{{ y }}
{% set ns = namespace(n=0, found=false) %}{% for i in numbers %}{% set ns.n = ns.n + i %}{% if i == 2 %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.n }}{{ ns.found }}{{ ns.zzz }}{{ ns['n'] }}
{% set tree.b = 2 %}{{ tree.b }}
{% if true %}{% set z = 1 %}{% endif %}{{ z }}{% if false %}{% set w = 1 %}{% endif %}{{ w is defined }}
{% if n > 5 %}a{% elif n > 3 %}b{% else %}c{% endif %}{% if not n %}x{% endif %}{% if missing %}x{% else %}y{% endif %}
{% if 0 %}a{% elif '' %}b{% elif [] %}c{% elif none %}d{% elif 0.0 %}e{% else %}f{% endif %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = (3, 4) %}{{ c }}{{ d }}{% set t = 1, 2 %}{{ t }}
{% set block %}in {{ name }}{% endset %}[{{ block }}]{{ block | length }}
{% set block | upper | replace('A', 'x') %}in {{ name }}{% endset %}{{ block }}
{% set block %}{% set inner = 5 %}{% endset %}{{ inner is defined }}
{% filter upper %}a{{ name }}{% endfilter %}{% filter replace('a', 'b') | trim %} aa {% endfilter %}
{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}
{% with a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{% endwith %}
{% macro m(a, b=2, c='x') %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(c=1, a=2) }}{{ m() }}{{ m(1) | length }}
{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}
{% macro m(a) %}{{ a }}|{{ varargs }}|{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, k=4) }}
{% macro m(a, a) %}{% endmacro %}
{% macro m(a=1, b) %}{% endmacro %}
{% macro m(x) %}{{ x }}{% if x > 0 %}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(3) }}
{% macro outer() %}<{{ caller() }}>{% endmacro %}{% call outer() %}in {{ name }}{% endcall %}
{% macro outer() %}{% for i in [1, 2] %}{{ caller(i, k=2) }}{% endfor %}{% endmacro %}{% call(i, k=1) outer() %}({{ i }}{{ k }}){% endcall %}
{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}
{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}
{% set g = 1 %}{% macro m() %}{{ g }}{{ name }}{% set g = 2 %}{{ g }}{% endmacro %}{{ m() }}{{ g }}{% set g = 3 %}{{ m() }}
{% macro m() %}{{ later }}{% endmacro %}{% set later = 1 %}{{ m() }}
{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}{{ m is defined }}
{% macro m() %}  spaced  {% endmacro %}[{{ m() }}][{{ m() | trim }}]
{{ m }}{% macro m() %}{% endmacro %}{{ m }}
{% for i in [1] %}{{ name }}{% endfor %}{% set name = 'x' %}{{ name }}
{{ name }}{% for i in [1] %}{{ name }}{% endfor %}{% set name = 'x' %}{{ name }}
{% for i in [1] %}{{ name }}{% endfor %}{% if true %}{% set name = 'x' %}{% endif %}{{ name }}
{% set items = numbers | map('string') %}{% for i in items %}{{ i }}{% endfor %}{% for i in items %}{{ i }}{% endfor %}
{% raw %}{{ x }}{% if %}{% endraw %}|{% raw -%}  a  {%- endraw %}|{%- raw %} b {% endraw -%} c
{% raw %}
a
{% endraw %}
b
a
  {% if true %}
  yes
  {% endif %}
b

a {%- if true %} b {%- endif %} c {{- name -}} d {%+ if true %} e {% endif +%} f
  {%+ if true %}x{% endif %}
a
   {#- note -#}   
 b
  {# note #}
c {# x #} d
{{ name }}  {% if true %}x{% endif %}
{{ name }}
{% if true %}
x
{% endif %}
y
{# a -#}

 b {#- c #}{#-#}{#+ x +#}
z
{{ name -}}\u00a0\u3000 x {{- name }}\u2003{%- if true %}y{% endif %}
a\r\nb\rc\r\n
{% if true -%}\n\n  a\n\n{%- endif %}\n
{% if true %}:{% endif %}{% for i in [1]: %}{{ i }}{% endfor %}{% if n: %}y{% else: %}n{% endif %}
{% do x %}
{% include 'x' %}
{% extends 'x' %}
{% block b %}x{% endblock %}
{% import 'x' as y %}
{% autoescape true %}x{% endautoescape %}
{% print 1 %}
{% for i in [1] recursive %}{{ loop([]) }}{% endfor %}
{% generation %}a{{ name }}{% endgeneration %}
{% if true %}no end
{% endif %}
{% for %}{% endfor %}
{% for i in %}{% endfor %}
{% set %}
{% set 1 = 2 %}
{% set true = 2 %}
{% else %}
{% nosuch %}
{% %}
{{ }}
{{ name
{{ 'open }}
{% if ( %}{% endif %}
{{ (1 }}
{{ 1) }}
{# open
{% break %}
{% macro m() %}{% break %}{% endmacro %}{% for i in [1] %}{{ m() }}{% endfor %}
{% if true %}{% endfor %}
{%if n%}a{%endif%}{{name}}{{-n-}}
{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a': 1}.a }}{{ {'a': [1, {'z': 2}]} | tojson }}
{{ '{{' }}{{ "}}" }}{{ {'a': '}}'}['a'] }}
}} %} #} { } % {{ '' }}
{% set x = {'a': 1} %}{{ x.a }}{% set x = dict(x, b=2) %}{{ x }}
{% set l = [] %}{% for i in numbers %}{% set l = l + [i] %}{% endfor %}{{ l }}
{% set ns = namespace(l=[]) %}{% for i in numbers %}{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.l }}{{ ns.l | length }}
{% for m in messages %}{% if loop.first and m.role == 'system' %}S:{{ m.content | trim }}{% elif m.role == 'user' %}U:{{ m.content }}{% else %}A:{{ m.content }}{% endif %}{% if not loop.last %}|{% endif %}{% endfor %}
{% if messages[0].role == 'system' %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}{% for m in rest %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('x') }}{% endif %}{{ m.role }}{% endfor %}
{%- for m in messages -%}
  {{- '<|' + m['role'] + '|>\n' -}}
  {%- if m.content is string -%}{{ m.content }}{%- else -%}x{%- endif -%}
{%- endfor -%}
""".strip("\n")


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    class Generation(jinja2.ext.Extension):
        tags = {"generation"}

        def parse(self, parser):
            line = next(parser.stream).lineno
            body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
            return jinja2.nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

        @jinja2.pass_eval_context
        def _same(self, context, caller):
            return caller()

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    return env


def cases():
    for line in EXPRESSIONS.strip("\n").replace('"a\\\nb"', '"a\\\0b"').split("\n"):
        line = line.replace("\0", "\n")
        yield "{{ " + line + " }}"
        # Each part alone, so that one error hides nothing.
        depth, quote, part, parts = 0, "", "", []
        for i, c in enumerate(line):
            if quote:
                quote = "" if c == quote and (line[i - 1] != "\\" or line[i - 2] == "\\") else quote
            elif c in "'\"":
                quote = c
            elif c in "([{":
                depth += 1
            elif c in ")]}":
                depth -= 1
            if c == "," and depth == 0 and not quote:
                parts.append(part)
                part = ""
            else:
                part += c
        if parts:
            yield from ("{{ " + p.strip() + " }}" for p in parts + [part] if p.strip())
    lines = TEMPLATES.split("\n")
    for line in lines:
        yield line.replace("\\u00a0", "\u00a0").replace("\\u3000", "\u3000").replace("\\u2003", "\u2003").replace("\\r", "\r").replace("\\n", "\n")
    for start in range(0, len(lines) - 1):  # and what several lines make of the blanks between them
        for count in (2, 3, 6):
            text = "\n".join(lines[start:start + count]) + "\n" * (count == 6)
            try:
                environment().from_string(text).render(**VARIABLES)
                yield text
            except Exception:
                pass


def main():
    env, seen, out = environment(), set(), []
    for text in cases():
        if text in seen:
            continue
        seen.add(text)
        try:
            made = env.from_string(text).render(**VARIABLES)
            if " at 0x" in made or not made.isascii() and any(0xD800 <= ord(c) < 0xE000 for c in made):
                made = False  # an address, which nobody can give again, or half of a surrogate pair
        except RecursionError:
            raise
        except Exception:
            made = None
        out.append([text, made])
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden")
    (folder / "jinja.json").write_text(json.dumps({"variables": VARIABLES, "cases": out}, ensure_ascii=False, indent=0) + "\n")
    print(len(out), "cases,", sum(m is None for _, m in out), "raise,", sum(m is False for _, m in out), "with an address")


main()
