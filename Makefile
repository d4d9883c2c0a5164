# Busker. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check lint bench build gallery screenshots fuzz clean setup-build setup-test generated

# Whether this machine can build the cgo codecs; asked after the set-up has run.
CGO = CGO_ENABLED=$$(tools/cgo.sh)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -X main.version=$(VERSION)
PKG ?= ./...
# One invocation runs one fuzz target; `make fuzz` finds them all.
FUZZTIME ?= 20s

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup-build ## play music in an imaginary Discord and open it in the browser (no token needed)
	@$(CGO) go run -ldflags '$(LDFLAGS)' ./cmd/busker demo $(ARGS)

build: setup-build ## build bin/busker
	@$(CGO) go build -trimpath -ldflags '$(LDFLAGS)' -o bin/busker ./cmd/busker
	@echo bin/busker

test: setup-test ## set everything up and run all tests, with the race detector where cgo allows
	@tools/test.sh

check: lint test ## what must be green before a commit: format, vet, lint, architecture, tests

lint: setup-build bin/golangci-lint bin/gofumpt generated
	@unformatted=$$(git ls-files '*.go' | xargs bin/gofumpt -l); \
		[ -z "$$unformatted" ] || { echo "gofumpt -w $$unformatted" >&2; exit 1; }
	@$(CGO) go vet ./...
	@CGO_ENABLED=0 go vet ./...
	@$(CGO) bin/golangci-lint run ./...
	@for f in tools/*.sh .ci/run; do bash -n $$f; done

generated: ## check that go.mod and generated files are as the sources say
	@go mod tidy -diff >/dev/null || { echo "run: go mod tidy" >&2; exit 1; }

bench: setup-build ## benchmarks of every package (PKG=./opus BENCH=Encode to narrow)
	@$(CGO) go test -run '^$$' -bench '$(or $(BENCH),.)' -benchmem $(PKG)

gallery: ## render the pictures of docs/filters.md anew
	@go run ./dsp/gallery

screenshots: setup-build ## take the demo's pictures in docs/images anew (needs chromium)
	@$(CGO) go run ./cmd/busker/internal/demo/shots

fuzz: setup-build ## every fuzz target for FUZZTIME (20s)
	@$(CGO) tools/fuzz.sh $(FUZZTIME) $(PKG)

bin/golangci-lint: tools/go.mod
	@echo "building golangci-lint (once)" >&2
	@mkdir -p bin && go build -C tools -o ../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint && touch $@
bin/gofumpt: tools/go.mod
	@mkdir -p bin && go build -C tools -o ../bin/gofumpt mvdan.cc/gofumpt && touch $@

setup-build:
	@tools/setup.sh build
setup-test:
	@tools/setup.sh test

clean: ## remove what was built and fetched
	rm -rf bin .cache emulator/interop/node_modules
