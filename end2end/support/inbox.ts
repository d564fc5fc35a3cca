// A real SMTP server that keeps the mails it receives.
import { EventEmitter, once } from "node:events";
import { type AddressInfo } from "node:net";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

export interface Mail {
  to: string;
  /** The address that it returns to. */
  from: string;
  subject: string;
  text: string;
  html: string;
  link: string;
  code: string;
}

export class Inbox {
  private readonly mails: Mail[] = [];
  private readonly arrived = new EventEmitter();
  private readonly server: SMTPServer;

  constructor() {
    this.server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["AUTH", "STARTTLS"],
      // Addresses that begin like this have no mailbox.
      onRcptTo: ({ address }, _, done) =>
        done(address.startsWith("refused") ? Object.assign(new Error("no such mailbox"), { responseCode: 550 }) : null),
      onData: async (stream, session, done) => {
        try {
          const mail = await simpleParser(stream);
          const text = mail.text ?? "";
          this.mails.push({
            to: session.envelope.rcptTo[0].address,
            from: (session.envelope.mailFrom || { address: "" }).address,
            subject: mail.subject ?? "",
            text,
            html: mail.html || "",
            link: /^http\S+/m.exec(text)?.[0] ?? "",
            code: /: (\d{3} \d{3})$/m.exec(text)?.[1].replace(" ", "") ?? "",
          });
          done();
          this.arrived.emit("mail");
        } catch (error) {
          done(error as Error);
        }
      },
    });
  }

  async start(): Promise<string> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server.server, "listening");
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await new Promise<void>((done) => this.server.close(() => done()));
  }

  /** Waits for the nth mail to an address (from 1). */
  async mailTo(address: string, nth = 1): Promise<Mail> {
    const signal = AbortSignal.timeout(15_000);
    for (;;) {
      const mails = this.mails.filter((mail) => mail.to === address);
      if (mails.length >= nth) return mails[nth - 1];
      await once(this.arrived, "mail", { signal }).catch(() => {
        throw new Error(`${address} has got ${mails.length} mails, and was to get ${nth}`);
      });
    }
  }
}
