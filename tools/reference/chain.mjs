// Transactions, ABI encodings and typed data as ethers 6.17 makes them, one JSON a line: node tools/reference/chain.mjs COUNT SEED > tests/golden/chain.jsonl
// (COUNT 120, SEED 1 is what is committed; tools/check/chain compares 10,000). Needs npm: ethers@6, in a folder above or in NODE_PATH.
import { ethers } from "ethers";

let state = BigInt(process.argv[3] ?? 1);
function random(n) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
  return Number((state >> 33n) % BigInt(n));
}
const bytes = (count) => Uint8Array.from({ length: count }, () => random(256));
const hex = (count) => ethers.hexlify(bytes(count));
/** A number of up to so many bits, often small, sometimes the largest. */
function number(bits) {
  const kind = random(8);
  if (kind === 0) return 0n;
  if (kind === 1) return (1n << BigInt(bits)) - 1n;
  const width = 1 + random(kind < 5 ? Math.min(bits, 24) : bits);
  return BigInt(hex(32)) & ((1n << BigInt(width)) - 1n);
}
function text() {
  const letters = ["a", "Z", " ", "\"", "\\", "é", "ß", "狐", "🦊", "\n", "0"];
  return Array.from({ length: random(random(3) ? 12 : 90) }, () => letters[random(letters.length)]).join("");
}
const address = () => ethers.getAddress(hex(20));

function simpleType() {
  switch (random(8)) {
    case 0: return "address";
    case 1: return "bool";
    case 2: return "string";
    case 3: return "bytes";
    case 4: return `bytes${1 + random(32)}`;
    case 5: return `int${8 * (1 + random(32))}`;
    default: return `uint${8 * (1 + random(32))}`;
  }
}
function simpleValue(type) {
  if (type === "address") return address();
  if (type === "bool") return random(2) === 1;
  if (type === "string") return text();
  if (type === "bytes") return hex(random(70));
  if (type.startsWith("bytes")) return hex(Number(type.slice(5)));
  if (type.startsWith("uint")) return number(Number(type.slice(4))).toString();
  const bits = Number(type.slice(3));
  const value = number(bits - 1);
  return (random(2) ? value : -value - 1n).toString();
}

function abiType(depth) {
  const kind = random(10);
  if (depth > 0 && kind < 2) return `(${Array.from({ length: 1 + random(4) }, () => abiType(depth - 1)).join(",")})`;
  if (depth > 0 && kind === 2) return `${abiType(depth - 1)}[]`;
  if (depth > 0 && kind === 3) return `${abiType(depth - 1)}[${1 + random(3)}]`;
  return simpleType();
}
function abiValue(param) {
  if (param.baseType === "array") return Array.from({ length: param.arrayLength < 0 ? random(4) : param.arrayLength }, () => abiValue(param.arrayChildren));
  if (param.baseType === "tuple") return param.components.map(abiValue);
  return simpleValue(param.type);
}

function typedData() {
  const names = ["Mail", "Person", "Group", "Work"].slice(0, 1 + random(4));
  const types = {};
  names.forEach((name, i) => {
    types[name] = Array.from({ length: 1 + random(5) }, (_, k) => {
      const later = names.slice(i + 1); // no type holds itself
      let type = later.length && random(3) === 0 ? later[random(later.length)] : simpleType();
      if (random(4) === 0) type += random(2) ? "[]" : `[${1 + random(3)}]`;
      return { name: `f${k}`, type };
    });
  });
  for (let i = names.length - 1; i > 0; i--) // every type is used, or ethers finds two primary ones
    if (!names.slice(0, i).some((n) => types[n].some((f) => f.type.startsWith(names[i])))) types[names[0]].push({ name: `u${i}`, type: names[i] });
  const value = (type) => {
    const array = /^(.*)\[(\d*)\]$/.exec(type);
    if (array) return Array.from({ length: array[2] ? Number(array[2]) : random(4) }, () => value(array[1]));
    if (types[type]) return Object.fromEntries(types[type].map((f) => [f.name, value(f.type)]));
    return simpleValue(type);
  };
  const domain = {};
  if (random(4)) domain.name = text();
  if (random(2)) domain.version = "1";
  if (random(2)) domain.chainId = 1 + random(100000);
  if (random(2)) domain.verifyingContract = address();
  if (random(4) === 0) domain.salt = hex(32);
  return { types, primaryType: names[0], domain, message: value(names[0]) };
}

const count = Number(process.argv[2] ?? 120);
const coder = ethers.AbiCoder.defaultAbiCoder();
for (let i = 0; i < count; i++) {
  const wallet = new ethers.Wallet(hex(32));
  const to = random(5) ? address() : null;
  const access = Array.from({ length: random(3) ? 0 : 1 + random(3) }, () => [address(), Array.from({ length: random(3) }, () => hex(32))]);
  const t = { type: 2, chainId: 1 + random(1e6), nonce: random(random(2) ? 4 : 1e6), maxPriorityFeePerGas: number(40), maxFeePerGas: number(60) + (1n << 40n), gasLimit: 21000 + random(1e7),
              to, value: number(90), data: hex(random(3) ? random(100) : 0), accessList: access.map(([a, keys]) => ({ address: a, storageKeys: keys })) };
  const raw = await wallet.signTransaction(t);
  console.log(JSON.stringify({ kind: "transaction", secret: wallet.privateKey, chain: t.chainId, nonce: t.nonce, tip: t.maxPriorityFeePerGas.toString(), fee: t.maxFeePerGas.toString(),
                               gas: t.gasLimit, to, value: t.value.toString(), data: t.data, access, raw, hash: ethers.keccak256(raw) }));
  const typed = typedData();
  console.log(JSON.stringify({ kind: "typed", data: typed, digest: ethers.TypedDataEncoder.hash(typed.domain, typed.types, typed.message) }));
  const types = Array.from({ length: 1 + random(4) }, () => abiType(3));
  const params = types.map((type) => ethers.ParamType.from(type));
  const values = params.map(abiValue);
  console.log(JSON.stringify({ kind: "abi", types, values, encoded: coder.encode(params, values) }));
}
