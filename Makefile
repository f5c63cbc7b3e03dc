# Gatehouse. `make help` lists what there is to do.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

# One spelling of the flags for every go command: pulumi compiles the program with
# -trimpath too, and the AWS SDK takes minutes to compile a second time.
export GOFLAGS := -trimpath

# The processor of the functions, as Lambda spells it: arm64 or x86_64.
ARCH ?= arm64
GOARCH_arm64 := arm64
GOARCH_x86_64 := amd64
LAMBDAS := authorizer model rotator

# The Go modules with code of their own. What stands in for AWS and Pulumi on one
# machine is apart, so that its dependencies never mix with the program's.
MODULES := . local local/engine local/aws

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: local
local: ## Deploy everything on this machine, send the requests that prove it, leave it running
	@go -C local run . up

.PHONY: local-down
local-down: ## Destroy the local stack and stop everything
	@go -C local run . down

.PHONY: test
test: ## All unit tests
	@for module in $(MODULES); do (cd $$module && go test ./...) || exit 1; done
	@$(MAKE) test-cloud

.PHONY: test-cloud
test-cloud: ## The unit tests of the local cloud
	@go -C local run . venv
	@.local/venv/bin/python -m unittest discover -s local/cloud/tests

.PHONY: lint
lint: ## Formatting, vet and staticcheck
	@mkdir -p .local/bin
	@go -C .ci build -o ../.local/bin/ honnef.co/go/tools/cmd/staticcheck mvdan.cc/gofumpt
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs .local/bin/gofumpt -l); \
		test -z "$$unformatted" || { echo "not formatted with gofumpt:" $$unformatted >&2; exit 1; }
	@for module in $(MODULES); do echo "lint $$module"; \
		(cd $$module && go vet ./... && "$(CURDIR)/.local/bin/staticcheck" ./...) || exit 1; \
	done

.PHONY: format
format: ## Format the Go code
	@mkdir -p .local/bin
	@go -C .ci build -o ../.local/bin/ mvdan.cc/gofumpt
	@git ls-files -co --exclude-standard '*.go' | xargs .local/bin/gofumpt -w

.PHONY: lambdas
lambdas: ## Build the functions for ARCH (arm64 or x86_64) into dist/lambda
	@test -n "$(GOARCH_$(ARCH))" || { echo "ARCH is \"$(ARCH)\"; allowed: arm64, x86_64" >&2; exit 1; }
	@for name in $(LAMBDAS); do \
		CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH_$(ARCH)) go build -buildvcs=false -tags lambda.norpc \
			-ldflags="-s -w -buildid=" -o dist/lambda/$(ARCH)/$$name/bootstrap ./lambda/$$name; \
	done

.PHONY: clean
clean: ## Remove what was built (run local-down before)
	@rm -rf dist .local
