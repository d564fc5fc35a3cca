// nginx, guarding apps as deploy/forward_auth.nginx.conf has it.
import { recipe } from "./child";
import { type Guarded, type Kind } from "./guarding_proxy";

// Where a body waits for its app. Debian's own folders are not there if nginx is not installed.
const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** Configuration that the recipe expects around it. */
const around = `
daemon off;
master_process off;
pid pid;
error_log log error;
events {}
http {
  access_log off;
  ${kinds.map((kind) => `${kind}_temp_path ${kind};`).join(" ")}
  include *.recipe;
}
`;

/** The recipe for a host, without TLS. */
function guarding({ host, app, latchkey }: Guarded): string {
  const text = recipe("forward_auth.nginx.conf", {
    "listen 443 ssl": `listen ${host}`,
    "http://127.0.0.1:3000": latchkey,
    "http://127.0.0.1:8080": app,
    "wiki.example.com": host,
  });
  return text.replaceAll(/^ *ssl_certificate.*$/gm, "");
}

export const nginx: Kind = {
  name: "nginx",
  program: "/usr/sbin/nginx",
  options: ["-p", ".", "-c", "nginx.conf", "-e", "log"],
  noise: /auth request unexpected status|upstream prematurely closed/,
  files: (hosts) => ({
    "nginx.conf": around,
    ...Object.fromEntries(hosts.map((host, n) => [`${n}.recipe`, guarding(host)])),
  }),
};
