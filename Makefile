# Two commands matter: `make run` serves a working sign-in, `make test` passes every test. Both bring what is missing.

.PHONY: help setup run watch build test lint bench growth soak instances pooler fuzz audit

help:            ## this list
	@sed -n 's/^\([a-z]*\): *.*## *\(.*\)/make \1\t\2/p' Makefile

setup:           ## bring what is missing: wasm target, cargo-leptos, wasm-bindgen, wasm-opt, Chromium
	@.ci/setup all

run:             ## set up, build, and serve on the embedded defaults
	@.ci/setup build
	@.ci/with cargo leptos build
	@target/debug/latchkey

watch:           ## the same, rebuilt and reloaded as files change
	@.ci/setup build
	@.ci/with cargo leptos watch --hot-reload

build:           ## release: target/release/latchkey and target/site
	@.ci/setup build
	@.ci/with cargo leptos build --release --precompress

test:            ## set up, and run everything: lint, unit tests, stories, browser tests
	@.ci/test

lint:            ## formatting, and clippy for both targets
	@.ci/setup build
	@.ci/lint

bench:           ## measure speed and size of the release build
	@$(MAKE) --no-print-directory build
	@.ci/with cargo build --quiet --release --features ssr --example plain_handler
	@.ci/bench

growth:          ## measure what a full database costs
	@$(MAKE) --no-print-directory build
	@.ci/growth

soak:            ## an hour of sign-ins, and what memory and file handles do meanwhile
	@$(MAKE) --no-print-directory build
	@.ci/soak

instances:       ## three instances behind nginx, one of them killed under load
	@$(MAKE) --no-print-directory build
	@.ci/setup proxy
	@.ci/postgres .ci/instances

pooler:          ## every story on PostgreSQL behind pgbouncer in transaction mode
	@.ci/setup pooler
	@.ci/postgres .ci/pooler .ci/with cargo test --quiet --features ssr --test stories -- --test-threads 8

fuzz:            ## fuzz every parser of input, a minute each
	@.ci/fuzz

audit:           ## known vulnerabilities in dependencies, and the judges of others on the release build
	@$(MAKE) --no-print-directory build
	@.ci/audit
