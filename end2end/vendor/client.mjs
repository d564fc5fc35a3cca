// Calls the vendor's Node SDK of the version that is named, as scripts/vendor_sdks.py asks: a line
// of JSON in for each call, a line out for each answer.
import { createInterface } from "node:readline";

const { LATCHKEY_URL, CLIENT_ID, CLIENT_SECRET } = process.env;
const { ScalekitClient } = (await import(`scalekit-${process.argv[2]}`)).default;
// 1.0 asks for its token where nobody can wait for it; a refusal comes with the first call, too.
process.on("unhandledRejection", () => {});
const client = new ScalekitClient(LATCHKEY_URL, CLIENT_ID, CLIENT_SECRET);

const calls = {
  send: ({ email, template, state, magiclink_auth_uri, expires_in }) =>
    client.passwordless.sendPasswordlessEmail(email, {
      template,
      state,
      magiclinkAuthUri: magiclink_auth_uri,
      expiresIn: expires_in,
    }),
  verify: ({ auth_request_id, code, link_token }) =>
    client.passwordless.verifyPasswordlessEmail({ code, linkToken: link_token }, auth_request_id),
  resend: ({ auth_request_id }) => client.passwordless.resendPasswordlessEmail(auth_request_id),
  // The next call finds that its token is none.
  forget: async () => {
    client.coreClient.accessToken = "no token";
    return {};
  },
};

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function plain(message) {
  const fields = Object.entries(message).filter(([name]) => !name.startsWith("$"));
  const number = (value) => (typeof value === "bigint" ? Number(value) : value);
  return Object.fromEntries(fields.map(([name, value]) => [snake(name), number(value)]));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { call, ...fields } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: plain(await calls[call](fields)) };
  } catch (error) {
    const { message, httpStatus, errorCode } = error;
    answer = {
      error: { kind: error.constructor.name, message, status: httpStatus, code: errorCode },
    };
  }
  console.log(JSON.stringify(answer));
}
