// Passkeys of this device: made, asked for a signature, and written as their JSON.

import { fromBase64, toBase64url } from "./bytes.js";

const SECONDS = 120;
const octets = (buffer) => toBase64url(new Uint8Array(buffer));

export async function make({ rp, challenge, handle, user, name, isPayment }) {
  const credential = await navigator.credentials.create({
    publicKey: {
      rp: { id: rp, name: "Kaede Bank" },
      user: { id: handle, name: user, displayName: name },
      challenge,
      pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -257 }],
      authenticatorSelection: {
        residentKey: isPayment ? "required" : "preferred",
        userVerification: "required",
        ...(isPayment ? { authenticatorAttachment: "platform" } : {}),
      },
      attestation: "none",
      timeout: SECONDS * 1000,
      ...(isPayment ? { extensions: { payment: { isPayment: true } } } : {}),
    },
  });
  const response = credential.response;
  const json = {
    id: credential.id,
    rawId: octets(credential.rawId),
    type: credential.type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: octets(response.clientDataJSON),
      attestationObject: octets(response.attestationObject),
      transports: response.getTransports(),
    },
  };
  return { id: credential.id, json, publicKey: new Uint8Array(response.getPublicKey()) };
}

// `verifies` asks for fingerprint, face or PIN; a refusal is taken without.
export async function sign({ rp, challenge, credentials, verifies = true }) {
  return await navigator.credentials.get({
    publicKey: {
      rpId: rp,
      challenge,
      allowCredentials: credentials.map((id) => ({ type: "public-key", id: fromBase64(id) })),
      userVerification: verifies ? "required" : "discouraged",
      timeout: SECONDS * 1000,
    },
  });
}

export const assertionJson = (credential) => ({
  id: credential.id,
  rawId: octets(credential.rawId),
  type: credential.type,
  clientExtensionResults: {},
  response: {
    clientDataJSON: octets(credential.response.clientDataJSON),
    authenticatorData: octets(credential.response.authenticatorData),
    signature: octets(credential.response.signature),
    ...(credential.response.userHandle
      ? { userHandle: octets(credential.response.userHandle) }
      : {}),
  },
});
