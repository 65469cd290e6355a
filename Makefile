# Everything a developer or a CI machine does with this repository. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

ARCH := $(shell uname -m)
MUSL := $(ARCH)-unknown-linux-musl
# A static binary: musl where the toolchain has the target, else the C library of this machine, linked in.
TARGET := $(if $(wildcard $(shell rustc --print sysroot 2>/dev/null)/lib/rustlib/$(MUSL)),$(MUSL),$(ARCH)-unknown-linux-gnu)
# For another machine (make build TARGET=aarch64-unknown-linux-musl, after rustup target add): the binary stays where cargo
# puts it, beside that of this machine.
FOREIGN := $(filter-out $(ARCH)-%,$(TARGET))
# With musl, Rust's own linker, for any machine, since nothing here is C: what compiles to the same code is kept once, and
# what a run seldom needs is kept apart, so that a start maps fewer pages (a tenth of a millisecond of it).
LINKER := $(if $(filter %-musl,$(TARGET)), -C linker=rust-lld -C link-arg=--icf=all \
  -C link-arg=-zkeep-text-section-prefix -C link-arg=--no-rosegment)
# At a fixed address: a start has no relocations to write, and the file is a twentieth smaller.
STATIC := RUSTFLAGS="$${RUSTFLAGS:-} -C target-feature=+crt-static -C relocation-model=static \
  -C llvm-args=--inline-threshold=50$(LINKER)"
BINARY := $(if $(FOREIGN),target/$(TARGET)/release/wheeltap,target/wheeltap)
PREFIX ?= /usr/local
REQUIREMENTS ?= examples/requirements/*.txt

.PHONY: help build image test lint check bench screenshots wheelhouse install clean fuzz prerequisites
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the one static binary (or for TARGET=...); afterwards PATH=$PWD/shims:$PATH records
	@tools/prerequisites build
	$(STATIC) cargo build --release --locked --target $(TARGET)
	@$(if $(FOREIGN),,cp target/$(TARGET)/release/wheeltap $(BINARY).new && mv -f $(BINARY).new $(BINARY))
	@echo "built $(BINARY): $$(stat -c %s $(BINARY)) bytes, $(TARGET), static"

wheelhouse: build ## fill wheelhouse/ from REQUIREMENTS through the shim and say what was downloaded
	@tools/prerequisites run
	@$(BINARY) wheelhouse build --wheelhouse wheelhouse $(foreach file,$(REQUIREMENTS),--requirements '$(file)')

image: build ## make the image wheeltap:latest, which Dockerfiles copy the shims from
	@tools/image $(BINARY)

test: ## run all tests; says at the end what ran and what was skipped
	@tools/prerequisites test
	@tools/test

lint: ## formatting, clippy, documentation, shell scripts
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --document-private-items
	bash -n tools/* docker/base/* .ci/run

check: lint test ## what must pass before a commit: formatting, clippy, docs, tests, architecture

bench: build ## measure against the budgets; prints the tables of docs/benchmarks.md
	@tools/prerequisites bench
	@$(STATIC) CARGO_BUILD_TARGET=$(TARGET) benches/run

screenshots: ## write docs/images/*.png: the page of a report in Chromium, light and dark
	@tools/prerequisites screenshots
	cargo test --locked --test page -- --ignored screenshots
	@for image in docs/images/*.png; do if command -v optipng >/dev/null; then optipng -quiet -o5 "$$image"; fi; done
	@ls -l docs/images/*.png

fuzz: ## run each fuzz target for SECONDS_EACH (default 30); needs a nightly toolchain and cargo-fuzz
	@tools/prerequisites fuzz
	@for target in $$(ls fuzz/fuzz_targets | sed 's/\.rs$$//'); do \
	  echo "fuzzing $$target"; mkdir -p "fuzz/corpus/$$target"; cargo +nightly fuzz run --target $(ARCH)-unknown-linux-gnu "$$target" \
	    "fuzz/corpus/$$target" $$(ls -d "tests/data/$${target%%_*}" 2>/dev/null || true) -- -max_total_time=$${SECONDS_EACH:-30}; done

install: build ## install the binary into PREFIX/bin (default /usr/local); then: wheeltap shims install
	install -Dm755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/wheeltap

clean: ## remove what the targets above made
	rm -rf target wheelhouse logs
