// Caddy, guarding apps as deploy/forward_auth.Caddyfile has it.
import { recipe } from "./child";
import { type Kind } from "./guarding_proxy";

/** Configuration that the recipe expects around it: Caddy alone, without TLS. */
const around = `{
	admin off
	auto_https off
	default_bind 127.0.0.1
	log {
		level ERROR
	}
}
import *.recipe
`;

export const caddy: Kind = {
  name: "Caddy",
  program: "/usr/bin/caddy",
  options: ["run", "--config", "Caddyfile", "--adapter", "caddyfile"],
  // Of its start it tells before it has read the level.
  noise: /"level":"info"|"(EOF|error)":"EOF"|"msg":"EOF"/,
  files: (hosts) => ({
    Caddyfile: around,
    ...Object.fromEntries(
      hosts.map(({ host, app, latchkey }, n) => [
        `${n}.recipe`,
        recipe("forward_auth.Caddyfile", {
          "127.0.0.1:3000": latchkey.slice("http://".length),
          "127.0.0.1:8080": app.slice("http://".length),
          "wiki.example.com {": `http://${host} {`,
          "wiki.example.com": host,
        }),
      ]),
    ),
  }),
};
