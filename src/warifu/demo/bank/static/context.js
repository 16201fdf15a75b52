// The context of a challenge (docs/formats/activation.md §1): what an answer is bound to.

import { sha256 } from "./bytes.js";
import { encode } from "./cbor.js";

export const contextDigest = async ({ verifier, channel, purpose, user, device, operation, challenge }) =>
  await sha256(
    encode(["warifu-context-v1", verifier, channel, purpose, user, device, operation, challenge]),
  );
