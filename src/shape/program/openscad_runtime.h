// What every exported OpenSCAD file holds: primitives as lists of points, and what modifiers do to them. The same steps as primitives.cpp and placement.cpp.
#pragma once

namespace ptah {

inline constexpr const char* kOpenScadRuntime = R"scad(
// Meshes are [points, faces], y up, faces counter-clockwise from outside.
function turn_(i, n) = let(a = 360 * i / n) [cos(a), sin(a)];
function last_(list) = list[len(list) - 1];
function flat_(list) = [for (l = list) each l];
function ring_(n, r, y) = [for (i = [0:n - 1]) let(t = turn_(i, n)) [r * t[1], y, r * t[0]]];
function cap_(n, from, up) = [for (i = [1:n - 2]) up ? [from, from + i, from + i + 1] : [from, from + i + 1, from + i]];
function side2_(a, b, p) = (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
function is_ear_(o, l, i) = let(n = len(l), a = l[(i + n - 1) % n], b = l[i], c = l[(i + 1) % n]) side2_(o[a], o[b], o[c]) > 0 &&
  len([for (p = l) if (p != a && p != b && p != c && side2_(o[a], o[b], o[p]) >= 0 && side2_(o[b], o[c], o[p]) >= 0 && side2_(o[c], o[a], o[p]) >= 0) 1]) == 0;
function first_ear_(o, l, i = 0) = i >= len(l) ? 0 : is_ear_(o, l, i) ? i : first_ear_(o, l, i + 1);
// Triangles of a simple outline that runs counter-clockwise.
function ears_(o, l, out = []) = len(l) < 3 ? out : let(n = len(l), i = first_ear_(o, l)) ears_(o, [for (k = [0:n - 1]) if (k != i) l[k]], concat(out, [[l[(i + n - 1) % n], l[i], l[(i + 1) % n]]]));
function wall_(n, a, b) = [for (i = [0:n - 1]) let(j = (i + 1) % n) [a + i, a + j, b + j, b + i]];
function segments_(r, n) = n > 0 ? max(3, n) : let(u = r < 0.01 ? 8 : r < 0.03 ? 12 : r < 0.1 ? 16 : r < 0.5 ? 24 : 32) min(256, max(8, floor(u * detail_ / 4 + 0.5) * 4));
// The first and last points of a profile may lie on the axis.
function lathe_(profile, n, along) =
  let(p = [profile[0], for (i = [1:len(profile) - 1]) each [for (k = [1:along]) profile[i - 1] + (profile[i] - profile[i - 1]) * k / along]])
  let(low = p[0][0] <= 0, high = last_(p)[0] <= 0, inner = [for (i = [(low ? 1 : 0):len(p) - 1 - (high ? 1 : 0)]) p[i]], rings = len(inner))
  let(points = [for (q = inner) each ring_(n, q[0], q[1])], below = rings * n, above = below + (low ? 1 : 0))
  [concat(points, low ? [[0, p[0][1], 0]] : [], high ? [[0, last_(p)[1], 0]] : []),
   concat([for (k = [0:1:rings - 2]) each wall_(n, k * n, (k + 1) * n)],
          low ? [for (i = [0:n - 1]) [below, (i + 1) % n, i]] : cap_(n, 0, false),
          high ? [for (i = [0:n - 1]) [(rings - 1) * n + i, (rings - 1) * n + (i + 1) % n, above]] : cap_(n, (rings - 1) * n, true))];
function grid_(nu, nv, point) = [[for (i = [0:nu - 1]) for (j = [0:nv - 1]) point(i, j)],
  [for (i = [0:nu - 1]) for (j = [0:nv - 1]) [i * nv + j, (i + 1) % nu * nv + j, (i + 1) % nu * nv + (j + 1) % nv, i * nv + (j + 1) % nv]]];
function block_(w, h, d) = [[for (z = [d / 2, -d / 2]) each [[-w / 2, 0, z], [w / 2, 0, z], [w / 2, h, z], [-w / 2, h, z]]],
  [[0, 1, 2, 3], [5, 4, 7, 6], [0, 4, 5, 1], [1, 5, 6, 2], [2, 6, 7, 3], [3, 7, 4, 0]]];
function cut_block_(w, h, d, n) = let(side = function(o, u, v) [for (a = [0:n - 1]) for (b = [0:n - 1]) [for (c = [[a, b], [a + 1, b], [a + 1, b + 1], [a, b + 1]]) o + u * c[0] / n + v * c[1] / n]])
  let(quads = concat(side([-w / 2, 0, d / 2], [w, 0, 0], [0, h, 0]), side([w / 2, 0, -d / 2], [-w, 0, 0], [0, h, 0]), side([w / 2, 0, d / 2], [0, 0, -d], [0, h, 0]),
                     side([-w / 2, 0, -d / 2], [0, 0, d], [0, h, 0]), side([-w / 2, h, d / 2], [w, 0, 0], [0, 0, -d]), side([-w / 2, 0, -d / 2], [w, 0, 0], [0, 0, d])))
  [flat_(quads), [for (i = [0:len(quads) - 1]) [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]]];
function rounded_(w, h, d, r0, around) = let(r = min(r0, min(w, h, d) * 0.4999), k = max(2, floor(around / 8)), sx = [1, 1, -1, -1], sz = [1, -1, -1, 1], row = 4 * (k + 1))
  let(points = [for (half = [0, 1]) for (step = [0:k]) let(t = turn_(half == 0 ? step - k : step, 4 * k), pole = half == 0 ? step == 0 : step == k, y = half == 0 ? r + r * t[1] : h - r + r * t[1])
    for (q = [0:3]) for (p = [0:k]) let(s = turn_(q * k + (pole ? 0 : p), 4 * k), g = pole ? 0 : t[0]) [sx[q] * (w / 2 - r) + r * g * s[1], y, sz[q] * (d / 2 - r) + r * g * s[0]]])
  [points, concat([for (v = [0:2 * k]) each wall_(row, v * row, (v + 1) * row)], [cap4_(k, 0, false), cap4_(k, (2 * k + 1) * row, true)])];
function cap4_(k, from, up) = up ? [from, from + k + 1, from + 2 * (k + 1), from + 3 * (k + 1)] : [from + 3 * (k + 1), from + 2 * (k + 1), from + k + 1, from];
function box_(w, h, d, r = 0, wall = 0, along = 1) = wall > 0
  ? let(b = block_(w, h, d), i = [for (y = [h, wall]) each [[-w / 2 + wall, y, d / 2 - wall], [w / 2 - wall, y, d / 2 - wall], [w / 2 - wall, y, -d / 2 + wall], [-w / 2 + wall, y, -d / 2 + wall]]], o = [3, 2, 6, 7])
    [concat(b[0], i), concat([for (f = [0, 1, 2, 3, 5]) b[1][f]], [for (j = [0:3]) [o[j], o[(j + 1) % 4], 8 + (j + 1) % 4, 8 + j]], [for (j = [0:3]) [8 + j, 8 + (j + 1) % 4, 12 + (j + 1) % 4, 12 + j]], [[12, 13, 14, 15]])]
  : r > 0 ? rounded_(w, h, d, r, r < 0.02 ? 16 : 24) : along > 1 ? cut_block_(w, h, d, along) : block_(w, h, d);
function cylinder_(r, h, top = undef, n = 0, wall = 0, along = 1) = let(t = is_undef(top) ? r : top, m = segments_(max(r, t), n))
  wall > 0 ? lathe_([[r, 0], [t, h], [t - wall, h], [r - wall + (t - r) * wall / h, wall], [0, wall]], m, along) : lathe_([[r, 0], [t, h]], m, along);
function cone_(r, h, n = 0, along = 1) = lathe_([[r, 0], [0, h]], segments_(r, n), along);
function pipe_(r, inner, h, n = 0, along = 1) = let(m = segments_(r, n), p = [[r, 0], [r, h], [inner, h], [inner, 0]]) grid_(m, 4, function(i, j) let(t = turn_(i, m)) [p[j][0] * t[1], p[j][1], p[j][0] * t[0]]);
function ball_(w, h, d, n) = let(rows = max(2, floor(n / 2)))
  let(m = lathe_([for (row = [0:rows]) let(t = turn_(row, 2 * rows)) [row == 0 || row == rows ? 0 : t[1] / 2, (1 - t[0]) / 2]], n, 1)) [[for (p = m[0]) [p[0] * w, p[1] * h, p[2] * d]], m[1]];
function sphere_(r, n = 0, along = 1) = ball_(2 * r, 2 * r, 2 * r, segments_(r, n));
function ellipsoid_(w, h, d, n = 0, along = 1) = ball_(w, h, d, segments_(max(w, h, d) / 2, n));
function torus_(r, tube, n = 0, along = 1) = let(m = max(3, segments_(r, n)), c = max(4, floor((floor(m / 2) + 3) / 4) * 4))
  grid_(m, c, function(i, j) let(t = turn_(i, m), u = turn_(j, c)) [(r + tube * u[0]) * t[1], tube + tube * u[1], (r + tube * u[0]) * t[0]]);
function capsule_(r, h, n = 0, along = 1) = let(m = segments_(r, n), q = max(2, floor(m / 4)), s = max(0, h - 2 * r))
  lathe_(concat([[0, 0]], [for (k = [1:q]) let(t = turn_(k - q, 4 * q)) [r * t[0], r + r * t[1]]], [for (k = [(s > 0 ? 0 : 1):q - 1]) let(t = turn_(k, 4 * q)) [r * t[0], r + r * t[1] + s]], [[0, 2 * r + s]]), m, 1);
function wedge_(w, h, d, top = 0, along = 1) = let(x = w / 2, f = d / 2, b = -d / 2, e = b + top)
  [[[-x, 0, f], [x, 0, f], [x, 0, b], [-x, 0, b], [-x, h, e], [x, h, e], [x, h, b], [-x, h, b]], [[3, 2, 1, 0], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]];
function gable_(w, h, d, along = 1) = [[for (z = [d / 2, -d / 2]) each [[-w / 2, 0, z], [w / 2, 0, z], [0, h, z]]], [[0, 1, 2], [4, 3, 5], [1, 0, 3, 4], [1, 4, 5, 2], [3, 0, 2, 5]]];
function prism_(n, r, h, top = undef, along = 1) = let(t = is_undef(top) ? r : top, phase = n % 2 == 0 ? 180 / n : 0, m = lathe_([[r, 0], [t, h]], n, along), c = cos(phase), s = sin(phase))
  [[for (p = m[0]) [p[0] * c + p[2] * s, p[1], p[2] * c - p[0] * s]], m[1]];
function pyramid_(w, h, d = 0, along = 1) = let(m = prism_(4, w / sqrt(2), h, 0, along), k = (d > 0 ? d : w) / w) [[for (p = m[0]) [p[0], p[1], p[2] * k]], m[1]];
function area_(o) = let(n = len(o)) sum_([for (i = [0:n - 1]) o[i][0] * o[(i + 1) % n][1] - o[(i + 1) % n][0] * o[i][1]]) / 2;
function sum_(v, i = 0) = i >= len(v) ? 0 : v[i] + sum_(v, i + 1);
function extrude_(o0, d, along = 1) = let(o = area_(o0) < 0 ? [for (i = [len(o0) - 1:-1:0]) o0[i]] : o0, n = len(o))
  [[for (k = [0:along]) for (p = o) [p[0], p[1], d / 2 - d * k / along]], let(ears = ears_(o, [for (i = [0:n - 1]) i])) concat([for (k = [0:along - 1]) each wall_(n, (k + 1) * n, k * n)], ears, [for (e = ears) [e[2] + along * n, e[1] + along * n, e[0] + along * n]])];
function unit_(v) = let(l = norm(v)) l > 1e-20 ? v / l : [0, 0, 1];
function smooth_(p, closed, parts) = let(n = len(p), at = function(i) closed ? p[(i % n + n) % n] : i < 0 ? 2 * p[0] - p[1] : i >= n ? 2 * p[n - 1] - p[n - 2] : p[i])
  concat([for (i = [0:(closed ? n : n - 1) - 1]) for (k = [0:parts - 1]) catmull_(at(i - 1), at(i), at(i + 1), at(i + 2), k / parts)], closed ? [] : [p[n - 1]]);
function knot_(t, a, b) = t + max(1e-4, sqrt(norm(b - a)));
function mix_(a, b, ta, tb, t) = a * ((tb - t) / (tb - ta)) + b * ((t - ta) / (tb - ta));
function catmull_(a, b, c, d, s) = let(t1 = knot_(0, a, b), t2 = knot_(t1, b, c), t3 = knot_(t2, c, d), t = t1 + (t2 - t1) * s, u = mix_(a, b, 0, t1, t), v = mix_(b, c, t1, t2, t), w = mix_(c, d, t2, t3, t))
  mix_(mix_(u, v, 0, t2, t), mix_(v, w, t1, t3, t), t1, t2, t);
function across_(normal, tangent) = let(a = normal - tangent * (normal * tangent)) unit_(norm(a) < 1e-4 ? cross(tangent, abs(tangent[0]) < 0.9 ? [1, 0, 0] : [0, 0, 1]) : a);
function frames_(p, closed) = let(n = len(p), tangents = [for (i = [0:n - 1]) unit_(p[closed ? (i + 1) % n : min(i + 1, n - 1)] - p[closed ? (i + n - 1) % n : max(i - 1, 0)])])
  let(normals = [for (i = 0, v = across_(abs(tangents[0][1]) < 0.9 ? [0, 1, 0] : [0, 0, 1], tangents[0]); i < n; i = i + 1, v = i < n ? across_(v, tangents[i]) : v) v])
  let(frames = [for (i = [0:n - 1]) [normals[i], cross(tangents[i], normals[i])]], end = unit_(last_(normals) - tangents[0] * (last_(normals) * tangents[0])), twist = closed ? atan2(end * frames[0][1], end * frames[0][0]) : 0)
  [for (i = [0:n - 1]) let(a = -twist * i / n, c = cos(a), s = sin(a)) [frames[i][0] * c + frames[i][1] * s, frames[i][1] * c - frames[i][0] * s]];
function sweep_(p0, r, end = undef, closed = false, smooth = true, n = 0, along = 1) = let(shut = closed == true || closed == 1, p = (smooth == true || smooth == 1) && len(p0) > 2 ? smooth_(p0, shut, min(32, max(2, floor(6 * detail_)))) : p0, e = is_undef(end) ? r : end)
  let(m = max(3, n > 0 ? max(3, n) : floor(segments_(r, 0) / 2)), f = frames_(p, shut), count = len(p))
  [[for (i = [0:count - 1]) let(q = shut ? r : r + (e - r) * i / (count - 1)) for (j = [0:m - 1]) let(t = turn_(j, m)) p[i] + f[i][0] * (q * t[0]) + f[i][1] * (q * t[1])],
   concat([for (i = [0:count - 2]) each wall_(m, i * m, (i + 1) * m)], shut ? wall_(m, (count - 1) * m, 0) : concat(cap_(m, 0, false), cap_(m, (count - 1) * m, true)))];
function signed_(b, e) = b < 0 ? -pow(-b, e) : pow(b, e);
function superquadric_(w, h, d, e1 = 0.5, e2 = 0.5, n = 0, along = 1) = let(m = ball_(2, 2, 2, segments_(max(w, h, d) / 2, n)))
  [[for (p = m[0]) let(y = p[1] - 1, g = sqrt(p[0] * p[0] + p[2] * p[2]), a = signed_(g, e1)) [g > 1e-6 ? a * signed_(p[0] / g, e2) * w / 2 : 0, (signed_(y, e1) + 1) * h / 2, g > 1e-6 ? a * signed_(p[2] / g, e2) * d / 2 : 0]], m[1]];

// Boxes are [low, high].
function box_of_(points) = [[for (k = [0:2]) min([for (p = points) p[k]])], [for (k = [0:2]) max([for (p = points) p[k]])]];
function join_(a, b) = is_undef(a) ? b : is_undef(b) ? a : [[for (k = [0:2]) min(a[0][k], b[0][k])], [for (k = [0:2]) max(a[1][k], b[1][k])]];
function join_all_(list, i = 0, box = undef) = i >= len(list) ? box : join_all_(list, i + 1, join_(box, list[i]));
function size_(b) = b[1] - b[0];
function centre_(b) = (b[0] + b[1]) / 2;

// Modifiers are [word, values …].
function bend_(p, degrees, about) = abs(degrees) < 0.01 ? p : let(b = box_of_(p), along = about == "y" ? 0 : 1, to = about == "z" ? 0 : 2, extent = max(1e-6, size_(b)[along]), angle = degrees * PI / 180, radius = extent / angle, o = about == "y" ? centre_(b)[along] : b[0][along])
  [for (q = p) let(a = degrees * (q[along] - o) / extent, r = radius - q[to], moved = [r * sin(a) + o, radius - r * cos(a)]) [for (k = [0:2]) k == along ? moved[0] : k == to ? moved[1] : q[k]]];
function twist_(p, degrees) = let(b = box_of_(p), h = max(1e-6, size_(b)[1])) [for (q = p) let(a = degrees * (q[1] - b[0][1]) / h, c = cos(a), s = sin(a)) [q[0] * c + q[2] * s, q[1], q[2] * c - q[0] * s]];
function taper_(p, x, z) = let(b = box_of_(p), h = max(1e-6, size_(b)[1])) [for (q = p) let(t = (q[1] - b[0][1]) / h) [q[0] * (1 + (x - 1) * t), q[1], q[2] * (1 + (z - 1) * t)]];
function shell_(m, wall) = let(b = box_of_(m[0]), c = centre_(b), s = size_(b), n = len(m[0]))
  [concat(m[0], [for (q = m[0]) [for (k = [0:2]) c[k] + (q[k] - c[k]) * (s[k] - 2 * wall) / s[k]]]), concat(m[1], [for (f = m[1]) [for (i = [len(f) - 1:-1:0]) f[i] + n]])];
function deform_(m, mods, i = 0) = i >= len(mods) ? m : let(o = mods[i], w = o[0])
  deform_(w == "bend" ? [bend_(m[0], o[1], is_undef(o[2]) ? "x" : o[2]), m[1]] : w == "twist" ? [twist_(m[0], o[1]), m[1]] : w == "taper" ? [taper_(m[0], o[1], is_undef(o[2]) ? o[1] : o[2]), m[1]]
          : w == "shell" ? shell_(m, o[1]) : w == "scale" ? [[for (q = m[0]) [q[0] * o[1], q[1] * (is_undef(o[2]) ? o[1] : o[2]), q[2] * (is_undef(o[3]) ? o[1] : o[3])]], m[1]] : m, mods, i + 1);
// Maps are [3 rows, move].
function map_(m, p) = [m[0][0] * p, m[0][1] * p, m[0][2] * p] + m[1];
function after_(a, b) = [[for (i = [0:2]) [for (j = [0:2]) a[0][i][0] * b[0][0][j] + a[0][i][1] * b[0][1][j] + a[0][i][2] * b[0][2][j]]], map_(a, b[1])];
same_ = [[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 0, 0]];
function moved_(v) = [same_[0], v];
function mirrored_(axis, at) = [[for (i = [0:2]) [for (j = [0:2]) i == j ? (i == axis ? -1 : 1) : 0]], [for (i = [0:2]) i == axis ? 2 * at[i] : 0]];
function rotated_(axis, degrees) = let(a = (axis + 1) % 3, b = (axis + 2) % 3, c = cos(degrees), s = sin(degrees))
  [[for (i = [0:2]) [for (j = [0:2]) i == a && j == a || i == b && j == b ? c : i == a && j == b ? -s : i == b && j == a ? s : i == j ? 1 : 0]], [0, 0, 0]];
function axis_(word) = word == "x" ? 0 : word == "y" ? 1 : 2;
function mirrors_(m) = m[0][0] * cross(m[0][1], m[0][2]) < 0;
function turning_(mods, centre, i = 0, map = undef) = let(now = is_undef(map) ? moved_(-centre) : map) i >= len(mods) ? after_(moved_(centre), now)
  : turning_(mods, centre, i + 1, mods[i][0] == "rotate" ? after_(rotated_(axis_(mods[i][1]), mods[i][2]), now) : now);
function spot_(word, b, s) = let(c = centre_(b)) [word == "right" ? b[1][0] + s[0] / 2 : word == "left" ? b[0][0] - s[0] / 2 : c[0],
  word == "on" ? b[1][1] : word == "under" ? b[0][1] - s[1] : word == "in" ? c[1] - s[1] / 2 : b[0][1], word == "front" ? b[1][2] + s[2] / 2 : word == "behind" ? b[0][2] - s[2] / 2 : c[2]];
function is_anchor_(w) = w == "on" || w == "under" || w == "in" || w == "left" || w == "right" || w == "front" || w == "behind";
function or_(v, usual) = is_undef(v) ? usual : v;
function copies_(maps, o, centre, s, anchor) = let(w = o[0])
  w == "repeat" ? [for (i = [0:o[1] - 1]) each [for (m = maps) after_(moved_([or_(o[2], 0), or_(o[3], 0), or_(o[4], 0)] * (i - (o[1] - 1) / 2)), m)]]
  : w == "grid" ? [for (i = [0:o[1] - 1]) for (k = [0:o[2] - 1]) each [for (m = maps) after_(moved_([o[3] * (i - (o[1] - 1) / 2), 0, o[4] * (k - (o[2] - 1) / 2)]), m)]]
  : w == "ring" ? [for (i = [0:o[1] - 1]) each [for (m = maps) after_(after_(moved_(centre), after_(rotated_(1, or_(o[3], 0) + 360 * i / o[1]), moved_([0, 0, or_(o[2], 0)] - centre))), m)]]
  : w == "mirror" ? concat(maps, [for (m = maps) after_(mirrored_(axis_(or_(o[1], "x")), centre), m)])
  : w == "corners" ? let(e = size_(anchor), c = centre_(anchor), i = or_(o[1], 0), z = or_(o[2], i), at = moved_([e[0] / 2 - i - s[0] / 2, 0, e[2] / 2 - z - s[2] / 2]), one = [for (m = maps) after_(at, m)])
    [for (k = [same_, mirrored_(0, c), after_(mirrored_(0, c), mirrored_(2, c)), mirrored_(2, c)]) each [for (m = one) after_(k, m)]]
  : maps;
function all_copies_(maps, mods, centre, s, anchor, i = 0) = i >= len(mods) ? maps : all_copies_(copies_(maps, mods[i], centre, s, anchor), mods, centre, s, anchor, i + 1);
function anchor_at_(mods, places, s, i = 0, at = undef) = i >= len(mods) ? or_(at, [0, 0, 0]) : let(w = mods[i][0]) !is_anchor_(w) ? anchor_at_(mods, places, s, i + 1, at)
  : let(here = spot_(w, place_(places, mods[i][1]), s), was = or_(at, here))
    anchor_at_(mods, places, s, i + 1, [w == "left" || w == "right" ? here[0] : was[0], w == "on" || w == "under" ? here[1] : was[1], w == "front" || w == "behind" ? here[2] : was[2]]);
function offset_(mods, i = 0, at = [0, 0, 0]) = i >= len(mods) ? at : let(o = mods[i]) offset_(mods, i + 1, at + (o[0] == "at" ? [or_(o[1], 0), or_(o[2], 0), or_(o[3], 0)] : o[0] == "sink" ? [0, -o[1], 0] : [0, 0, 0]));
function maps_(b, mods, places) = let(names = [for (o = mods) if (is_anchor_(o[0])) o[1]], anchor = len(names) > 0 ? place_(places, names[0]) : undef, s = size_(b), c = centre_(b))
  let(base = is_undef(anchor) ? same_ : moved_([-c[0], -b[0][1], -c[2]]))
  all_copies_([after_(moved_(anchor_at_(mods, places, s) + offset_(mods)), base)], mods, is_undef(anchor) ? [0, 0, 0] : centre_(anchor), s, anchor);

// A state is [parts, places]; a part [label, op, first, targets, colour, mesh]; op 0 adds, 1 cuts.
nothing_ = [[], []];
function place_(places, name) = join_all_([for (p = places) if (p[0] == name) p[1]]);
function of_(state, name) = let(b = place_(state[1], name)) [b[0], b[1], size_(b), centre_(b)];
function units_box_(unit) = let(added = [for (u = unit) if (u[1] != 1) box_of_(u[5][0])]) join_all_(len(added) > 0 ? added : [for (u = unit) box_of_(u[5][0])]);
function applied_(unit, map) = [for (u = unit) [u[0], u[1], u[2], u[3], u[4], [[for (p = u[5][0]) map_(map, p)], u[5][1]]]];
function turned_(unit, mods) = len([for (o = mods) if (o[0] == "rotate") 1]) == 0 ? unit
  : let(t = applied_(unit, turning_(mods, centre_(units_box_(unit)))), b = units_box_(t), c = centre_(b)) applied_(t, moved_([-c[0], -b[0][1], -c[2]]));
function begins_(text, with, i = 0) = i >= len(with) ? true : text[i] == with[i] ? begins_(text, with, i + 1) : false;
function put_(state, name, op, from, unit0, mods) = len(unit0) == 0 ? state : let(unit = turned_(unit0, mods), maps = maps_(units_box_(unit), mods, state[1]), begin = len(state[0]))
  let(targets = from == "" ? [] : [for (i = [0:1:begin - 1]) let(p = state[0][i]) if (p[1] != 1 && (p[0] == from || begins_(p[0], str(from, "/")))) i])
  let(made = [for (k = [0:len(maps) - 1]) let(base = begin + k * len(unit)) for (u = unit)
    let(points = [for (p = u[5][0]) map_(maps[k], p)], faces = mirrors_(maps[k]) ? [for (f = u[5][1]) [for (i = [len(f) - 1:-1:0]) f[i]]] : u[5][1], cut = op == 1 && u[1] != 1)
    [u[0], cut ? 1 : u[1], cut ? 0 : u[2] + base, cut ? targets : [for (t = u[3]) t + base], u[4], [points, faces]]])
  let(shown = [for (m = made) if (m[1] != 1) box_of_(m[5][0])])
  [concat(state[0], made), concat(state[1], [[name, join_all_(len(shown) > 0 ? shown : [for (m = made) box_of_(m[5][0])])]])];
// Faces of four corners that are not flat have the shorter diagonal.
function split_(m) = [m[0], [for (f = m[1]) each len(f) != 4 ? [f] : let(p = m[0][f[0]] - m[0][f[2]], q = m[0][f[1]] - m[0][f[3]])
  p * p <= q * q ? [[f[0], f[1], f[2]], [f[0], f[2], f[3]]] : [[f[0], f[1], f[3]], [f[1], f[2], f[3]]]]];
function bent_(mods) = len([for (o = mods) if (o[0] == "bend" || o[0] == "twist" || o[0] == "taper") 1]) > 0;
function part_(name, mesh, mods, colour) = [[name, 0, 0, [], colour, bent_(mods) ? split_(deform_(mesh, mods)) : deform_(mesh, mods)]];
function within_(name, parts, mods, colour) = [for (u = parts) [str(name, "/", u[0]), u[1], u[2], u[3], is_undef(colour) ? u[4] : colour, len([for (o = mods) if (o[0] == "scale") 1]) > 0 ? deform_(u[5], [for (o = mods) if (o[0] == "scale") o]) : u[5]]];
// Triangles only, since quads that are bent are not flat; what has no area is left out. OpenSCAD's faces run clockwise.
function apart_(p, a, b) = norm(p[a] - p[b]) > 1e-9;
function flat3_(p, a, b, c) = apart_(p, a, b) && apart_(p, b, c) && apart_(p, c, a) ? [[c, b, a]] : [];
function facets_(p, f) = len(f) == 3 ? flat3_(p, f[0], f[1], f[2])
  : norm(p[f[0]] - p[f[2]]) <= norm(p[f[1]] - p[f[3]]) ? concat(flat3_(p, f[0], f[1], f[2]), flat3_(p, f[0], f[2], f[3])) : concat(flat3_(p, f[0], f[1], f[3]), flat3_(p, f[1], f[2], f[3]));
module solid_(mesh) polyhedron(points = mesh[0], faces = [for (f = mesh[1]) each facets_(mesh[0], f)], convexity = 8);
module draw_(parts) scale(1000) rotate([90, 0, 0]) for (i = [0:len(parts) - 1]) if (parts[i][1] != 1) color(parts[i][4]) difference() {
  solid_(parts[i][5]);
  for (j = [i + 1:1:len(parts) - 1]) if (parts[j][1] == 1 && parts[j][2] <= i && (len(parts[j][3]) == 0 || len([for (t = parts[j][3]) if (t == i) 1]) > 0)) solid_(parts[j][5]);
}
)scad";

}  // namespace ptah
