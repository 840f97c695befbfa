export const VERTEX = `#version 300 es
in vec3 position; in vec3 normal; in vec2 uv; in vec4 colour;
uniform mat4 model, view, projection;
out vec3 n; out vec2 t; out vec4 c; out vec3 p;
void main() { vec4 at = view * model * vec4(position, 1.0); p = at.xyz; n = mat3(view) * mat3(model) * normal; t = uv; c = colour; gl_Position = projection * at; }`;

export const FRAGMENT = `#version 300 es
precision highp float;
in vec3 n; in vec2 t; in vec4 c; in vec3 p;
uniform vec4 base; uniform vec3 glow; uniform sampler2D picture; uniform bool pictured, flatShaded, masked; uniform float roughness, metal, cutoff;
out vec4 result;
void main() {
  vec4 albedo = base * c;
  if (pictured) { vec4 texel = texture(picture, t); albedo *= vec4(pow(texel.rgb, vec3(2.2)), texel.a); }
  if (masked && albedo.a < cutoff) discard;
  vec3 N = flatShaded ? normalize(cross(dFdx(p), dFdy(p))) : normalize(n), V = normalize(-p);
  if (dot(N, V) < 0.0) N = -N;
  vec3 L = normalize(vec3(0.45, 0.8, 0.6)), H = normalize(L + V);
  float sky = 0.5 + 0.5 * N.y, sun = max(dot(N, L), 0.0), shine = pow(max(dot(N, H), 0.0), mix(90.0, 6.0, roughness)) * (1.0 - roughness) * sun;
  vec3 light = mix(vec3(0.22, 0.20, 0.18), vec3(0.55, 0.60, 0.68), sky) + vec3(0.95, 0.92, 0.85) * sun;
  vec3 lit = albedo.rgb * light * mix(1.0, 0.75, metal) + mix(vec3(0.35), albedo.rgb, metal) * shine + glow;
  result = vec4(pow(lit / (1.0 + lit * 0.25), vec3(1.0 / 2.2)), albedo.a);
}`;
