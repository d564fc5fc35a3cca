# Two commands matter: `make run` serves a working sign-in, `make test` passes every test. Both
# install what is missing.

stories := cargo test --quiet --features ssr --test stories -- --test-threads 8

.PHONY: help setup run watch build test engines lint bench growth soak instances failover pooler fuzz audit

help:            ## this list
	@sed -n 's/^\([a-z]*\): *.*## *\(.*\)/make \1\t\2/p' Makefile

setup:           ## install what is missing: wasm target, cargo-leptos, wasm-bindgen, Chromium …
	@scripts/setup.sh all

run:             ## set up, build, and serve on the embedded defaults
	@scripts/setup.sh build
	@scripts/with_tools.sh cargo leptos build
	@target/debug/latchkey

watch:           ## the same, rebuilt and reloaded as files change
	@scripts/setup.sh build
	@scripts/with_tools.sh cargo leptos watch --hot-reload

build:           ## release: target/release/latchkey and target/site
	@scripts/setup.sh build
	@scripts/with_tools.sh cargo leptos build --release --precompress

test:            ## set up, and run everything: lint, unit tests, stories, browser tests
	@scripts/test.sh

engines:         ## the browser tests in Firefox and WebKitGTK
	@$(MAKE) --no-print-directory build
	@scripts/setup.sh engines
	@scripts/engines.sh

lint:            ## formatting; clippy for both targets; ruff for the Python scripts
	@scripts/setup.sh lint
	@scripts/lint.sh

bench:           ## measure speed and size of the release build
	@$(MAKE) --no-print-directory build
	@scripts/with_tools.sh cargo build --quiet --release --features ssr --example plain_handler
	@bench/speed.py
	@bench/apps.py

growth:          ## measure what a full database costs
	@$(MAKE) --no-print-directory build
	@bench/growth.py
	@bench/desk.py

soak:            ## an hour of sign-ins, and what memory and file handles do meanwhile
	@$(MAKE) --no-print-directory build
	@bench/soak.py

instances:       ## three instances behind nginx, one of them killed under load
	@$(MAKE) --no-print-directory build
	@scripts/setup.sh proxy
	@scripts/with_postgres.sh bench/instances.py

failover:        ## the first of two mail servers killed in the midst of 1,000 sign-ins
	@$(MAKE) --no-print-directory build
	@bench/failover.py

pooler:          ## every story on PostgreSQL behind pgbouncer in transaction mode
	@scripts/setup.sh pooler
	@scripts/with_postgres.sh scripts/with_pooler.sh scripts/with_tools.sh $(stories)

fuzz:            ## fuzz every parser of input, a minute each
	@scripts/fuzz.sh

audit:           ## known vulnerabilities in dependencies, and third-party checkers on the build
	@$(MAKE) --no-print-directory build
	@scripts/audit.sh
