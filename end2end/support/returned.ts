// Mails that come back to a return path of their own.
import { join } from "node:path";
import { OWN_URL } from "./server";
import { type Mail, type Workshop } from "./test";

/** A policy whose mails have such paths. */
export const RETURNING = {
  LATCHKEY_CONFIG: join(import.meta.dirname, "return_path.toml"),
  [OWN_URL]: "",
};

/** The mail server of the recipient reports that it has no such mailbox. */
export async function comesBack({ server }: Workshop, mail: Mail): Promise<void> {
  const report = `From: MAILER-DAEMON@mx.example.net
To: ${mail.from}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ${mail.to}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such mailbox

--b--
`;
  await server.command(["bounce", "--to", mail.from], report);
}
