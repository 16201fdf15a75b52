// Deterministic CBOR (RFC 8949 §4.2.1), as far as the wire formats need it.

import { concat, utf8 } from "./bytes.js";

export class Tagged {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

function head(major, number) {
  const first = major << 5;
  if (number < 24) return Uint8Array.of(first | number);
  if (number < 0x100) return Uint8Array.of(first | 24, number);
  if (number < 0x10000) return Uint8Array.of(first | 25, number >> 8, number & 0xff);
  const view = new DataView(new ArrayBuffer(9));
  if (number < 0x100000000) {
    view.setUint8(0, first | 26);
    view.setUint32(1, number);
    return new Uint8Array(view.buffer, 0, 5);
  }
  view.setUint8(0, first | 27);
  view.setBigUint64(1, BigInt(number));
  return new Uint8Array(view.buffer);
}

// Numbers, texts, bytes, arrays, null, booleans, and maps with whole numbers as keys in order.
export function encode(value) {
  if (value === null) return Uint8Array.of(0xf6);
  if (value === true) return Uint8Array.of(0xf5);
  if (value === false) return Uint8Array.of(0xf4);
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") {
    const bytes = utf8(value);
    return concat(head(3, bytes.length), bytes);
  }
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encode));
  if (value instanceof Map) {
    const parts = [...value].flatMap(([key, each]) => [encode(key), encode(each)]);
    return concat(head(5, value.size), ...parts);
  }
  throw new Error("not for CBOR");
}

export function decode(bytes) {
  const reader = { bytes, at: 0 };
  const value = read(reader, 0);
  if (reader.at !== bytes.length) throw new Error("more than one item");
  return value;
}

function take(reader, count) {
  if (reader.at + count > reader.bytes.length) throw new Error("too short");
  const part = reader.bytes.slice(reader.at, reader.at + count);
  reader.at += count;
  return part;
}

function argument(reader, info) {
  if (info < 24) return info;
  if (info > 27) throw new Error("no definite length");
  let number = 0n;
  for (const octet of take(reader, 1 << (info - 24))) number = (number << 8n) | BigInt(octet);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("too large");
  return Number(number);
}

const MAX_DEPTH = 8;

function read(reader, depth) {
  if (depth > MAX_DEPTH) throw new Error("too deep");
  const [first] = take(reader, 1);
  const major = first >> 5;
  if (major === 7) {
    if (first === 0xf6) return null;
    if (first === 0xf5 || first === 0xf4) return first === 0xf5;
    throw new Error("not for us");
  }
  const number = argument(reader, first & 0x1f);
  switch (major) {
    case 0: return number;
    case 1: return -1 - number;
    case 2: return take(reader, number);
    case 3: return new TextDecoder("utf-8", { fatal: true }).decode(take(reader, number));
    case 4: return Array.from({ length: number }, () => read(reader, depth + 1));
    case 5: {
      const map = new Map();
      for (let index = 0; index < number; index += 1) {
        const key = read(reader, depth + 1);
        map.set(key, read(reader, depth + 1));
      }
      return map;
    }
    default: return new Tagged(number, read(reader, depth + 1));
  }
}
