# Gatehouse. `make help` lists what there is to do.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

# One spelling of the flags for every go command, in sandbox/build too: a package that is
# compiled with other flags is compiled again, and the AWS SDK takes minutes.
export GOFLAGS := -trimpath -gcflags=all=-dwarf=false
export CGO_ENABLED := 0

# The processor of the functions, as Lambda spells it: arm64 or x86_64.
ARCH ?= arm64
GOARCH_arm64 := arm64
GOARCH_x86_64 := amd64
LAMBDAS := authorizer issuers model rotator

# The Go modules with code of their own. What stands in for AWS, Vault, Kubernetes
# and Pulumi on one machine is apart, so that its dependencies never mix with the
# program's.
MODULES := . tools lambda/model/internal/contract standins/engine standins/aws standins/plugins sandbox/servers/vault sandbox/servers/kubernetes

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-24s %s\n", $$1, $$2}'

# What runs Gatehouse on one machine; go build decides whether there is anything to
# build.
driver := .local/bin/gatehouse-local
.PHONY: $(driver)
$(driver):
	@test -x $(driver) || echo "compiling the sandbox's own program, which takes a minute if nothing is compiled yet" >&2
	@go build -o $(driver) ./sandbox

# The compilers collect garbage less often than they do by default, which saves a tenth of
# the time, up to a limit: two of them with the largest packages stay near 6 GiB.
$(driver) test-go lint-go: export GOGC ?= 300
$(driver) test-go lint-go: export GOMEMLIMIT ?= 3000MiB

.PHONY: local
local: $(driver) ## Deploy everything on this machine, send the requests that prove it, leave it running
	@$(driver) up

# The picture is of another run than the first: that one shows above all how long compilers take.
.PHONY: local-recording
local-recording: $(driver) ## Run make local again on the running sandbox, and write docs/local.svg, a picture of what it prints
	@test -f .local/endpoints.json || { echo "no sandbox is running: run make local first" >&2; exit 1; }
	@$(driver) up | tee .local/logs/recording.log
	@go run ./internal/cmd/localrecording docs/local.svg <.local/logs/recording.log

.PHONY: local-down
local-down: $(driver) ## Destroy the local stack and stop everything
	@$(driver) down

# Which stack the operator's commands are about. Another than the local one is
# reached with the Pulumi CLI and the AWS credentials of your shell. No DNS has the names of
# the local one: its CloudFront and its APIs are at ports of this machine.
STACK ?= local
GATEHOUSE_PORT ?= 4566
ifeq ($(STACK),local)
pulumi = $(driver) pulumi
outputs = $(driver) pulumi stack output --json
connect = -connect-to 'https://*=$(call server,1)' -connect-to 'https://*.execute-api.*=$(call server,2)' -connect-to 'http://*=$(call server,0)'
server = http://127.0.0.1:$(shell expr $(GATEHOUSE_PORT) + $(1))
aws = AWS_ENDPOINT_URL=http://127.0.0.1:$(GATEHOUSE_PORT) AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
else
pulumi = pulumi
outputs = pulumi stack output --json --stack $(STACK)
aws = AWS_REGION="$$(pulumi config get aws:region --stack $(STACK))"
endif

.PHONY: rotate revoke rotation-status
rotate revoke rotation-status: $(driver)
rotate: ## Put a new origin key of STACK into use, without one failed request
	@$(outputs) | $(aws) go run ./cmd/gatehouse rotate $(if $(THROUGH),-through $(THROUGH))
revoke: ## The same at once: delete every key that is in the keyring now
	@$(outputs) | $(aws) go run ./cmd/gatehouse revoke $(if $(THROUGH),-through $(THROUGH))
rotation-status: ## Show the origin keys of STACK, which is in use, and what comes next
	@$(outputs) | $(aws) go run ./cmd/gatehouse status

.PHONY: verify
ifeq ($(STACK),local)
verify: $(driver)
endif
verify: ## Check the deployed STACK from outside: ROTATE=1 rotates under traffic, REVOKE=1, WAIT=30m for access logs, JSON=1, JUNIT=file
	@$(outputs) | $(aws) go run ./cmd/gatehouse verify $(connect) $(verify_flags)

# The clients of STACK's API. Values reach the command through the environment, to which make
# exports the variables of its command line: no shell ever reads them as code. Those of the
# environment itself are no flags, since NAME or MODELS may be set there for another program.
# A key is never an argument; KEY is its public id. YES=1 doesn't ask, JSON=1 is for programs.
flag = $(if $(filter command,$(origin $(1))),-$(2) "$$$(1)")
switch = $(if $(filter command,$(origin $(1))),-$(2))
client = @$(outputs) | $(aws) go run ./cmd/gatehouse client
name = $(call flag,NAME,name)
policy = $(call flag,BUDGET,budget) $(call flag,RPM,rpm) $(call flag,PARALLEL,parallel) $(call flag,MODELS,models) \
	$(call flag,INFERENCE,inference) $(call flag,EXPIRES,expires)
subject = $(call flag,ISSUER,issuer) $(call flag,CLAIM,claim) $(call flag,VALUE,value)
yes = $(call switch,YES,yes)
json = $(call switch,JSON,json)
verify_flags = $(json) $(call flag,JUNIT,junit) $(call switch,ROTATE,rotate) $(call switch,REVOKE,revoke) $(call flag,WAIT,wait)

client_targets := client-create client-key client-list client-show client-usage client-set client-suspend client-resume \
	client-revoke client-delete client-map client-unmap
.PHONY: $(client_targets)
ifeq ($(STACK),local)
$(client_targets): $(driver)
endif
client-create: ## Create a client of STACK: NAME= BUDGET=50usd/month RPM= PARALLEL= MODELS= INFERENCE= EXPIRES=
	$(client) create $(name) $(policy)
client-key: ## Make a key of a client, printed alone, once: make -s client-key NAME= EXPIRES=90d | gh secret set …
	$(client) key $(name) $(call flag,EXPIRES,expires)
client-list: ## List the clients with budgets, use and keys, and the largest bill of a month
	$(client) list $(json)
client-show: ## Show a client's limits, use, keys and holds: NAME=
	$(client) show $(name) $(json)
client-usage: ## Show a client's requests, tokens and costs by day and model: NAME= DAYS=31
	$(client) usage $(name) $(call flag,DAYS,days) $(json)
client-set: ## Change what is given of a client's limits: NAME= and variables of client-create
	$(client) set $(name) $(policy) $(yes)
client-suspend: ## Refuse all requests of a client at once, until client-resume: NAME=
	$(client) suspend $(name) $(yes)
client-resume: ## End a client's suspension: NAME=
	$(client) resume $(name)
client-revoke: ## End a key of a client at once, by its public id, or without KEY all: NAME= KEY=
	$(client) revoke $(name) $(call flag,KEY,key) $(yes)
client-delete: ## Delete a client that has no keys, or with FORCE=1 with its keys: NAME=
	$(client) delete $(name) $(call switch,FORCE,force) $(yes)
client-map: ## Take an identity provider's tokens for those of a client: NAME= ISSUER= CLAIM= VALUE=
	$(client) map $(name) $(subject)
client-unmap: ## End what client-map began: NAME= ISSUER= CLAIM= VALUE=
	$(client) unmap $(name) $(subject) $(yes)

.PHONY: doctor
doctor: $(driver) ## Say why STACK can't be deployed, and what to do about it; changes nothing
	@go run ./cmd/gatehouse doctor -stack $(STACK) -pulumi "$(pulumi)"

# How many rotations `make local-rotation-test` makes with faults; SKIP=OneValue leaves out the
# usual rotation, which must fail.
ROTATIONS ?= 50
.PHONY: local-rotation-test
local-rotation-test: ## Rotate the local stack's key ROTATIONS times under load and faults: no request may fail
	@go test ./test/e2e/rotation -count=1 -timeout 2h -v -rotations $(ROTATIONS) $(if $(SKIP),-skip '$(SKIP)')

# A test of the running sandbox alone: go test ./test/e2e/smoke -run 'TestSmoke/direct' -v
.PHONY: local-certificate-test
local-certificate-test: ## Test certificates by cert-manager on the local stack
	@go test ./test/e2e/certmanager -count=1 -timeout 1h -v

# How many seconds `make local-api-test` sends requests generated from the API's description.
API_TEST_SECONDS ?= 60
.PHONY: local-api-test
local-api-test: ## Test the local stack's API by its description, with a slow model, and with a second backend
	@go test ./test/e2e/api -count=1 -timeout 1h -v -seconds=$(API_TEST_SECONDS)

.PHONY: local-libraries-test
local-libraries-test: ## Use the local stack's API with client libraries as they are published, on both backends
	@go test ./test/e2e/clientsuites -count=1 -timeout 1h -v -run 'Bedrock|SecondBackend'

# How many requests `make local-clients-test` sends for 20 clients; SKIP=Migration leaves out the
# way from an open API to one with keys, and back.
REQUESTS ?= 2000
.PHONY: local-clients-test
local-clients-test: ## Send requests of many clients at once under faults and kills: none may exceed its budget
	@go test ./test/e2e/budgets -count=1 -timeout 1h -v -requests $(REQUESTS) $(if $(SKIP),-skip '$(SKIP)')

.PHONY: local-tokens-test
local-tokens-test: ## Use tokens of an issuer that rotates its keys as credentials on the local stack
	@go test ./test/e2e/oidc -count=1 -timeout 1h -v

# BRIEF=1 leaves out what takes minutes. A page is tested in the Chromium of CHROMIUM or of the
# PATH, or else in one that a package of npm brings, in .local/browser.
.PHONY: local-streaming-test
local-streaming-test: ## Stream through the local stack, for minutes, with silence, errors and clients that leave, and to a browser
	@go test ./test/e2e/streaming -count=1 -timeout 1h -v $(if $(BRIEF),-brief)

# SCREENSHOT=1 writes the screenshot of the documentation.
.PHONY: local-playground-test
local-playground-test: ## Try the API in a browser, on its own page: conversations, refusals, broken streams
	@go test ./test/e2e/playground -count=1 -timeout 30m -v $(if $(SCREENSHOT),-screenshot "$(CURDIR)/docs/playground.png")

.PHONY: local-deploy-test
local-deploy-test: ## Deploy as GitHub Actions does, with its roles and IAM enforced; RECORD=1 notes what they called
	@go test ./test/e2e/pipelineroles -count=1 -timeout 1h -v $(if $(RECORD),-record)

# The report is for CI; RUN selects tests by name. The pipeline's roles are tested on empty
# servers, by local-deploy-test.
.PHONY: e2e
e2e: ## Run the end-to-end tests on the sandbox that make local left running, all or RUN=; report in .local/logs/e2e.xml
	@mkdir -p .local/bin .local/logs
	@go -C tools build -o ../.local/bin/ gotest.tools/gotestsum
	@.local/bin/gotestsum --format testname --junitfile .local/logs/e2e.xml -- \
		$$(go list ./test/e2e/... | grep -v /pipelineroles) -p 1 -timeout 1h -count=1 $(if $(RUN),-run '$(RUN)')

.PHONY: local-recovery-test
local-recovery-test: $(driver) ## Kill deployments of the local stack: the next one starts over, and local-down leaves nothing
	@go test ./test/e2e/interrupted -count=1 -timeout 1h -v $(if $(SKIP),-skip '$(SKIP)')

# FROM is the version to begin with, a tag or a commit: without it the newest version's tag.
.PHONY: local-upgrade-test
local-upgrade-test: ## Deploy the version FROM locally and update it to this one under traffic: no request may fail
	@go test ./test/e2e/upgrade -count=1 -timeout 1h -v $(if $(FROM),-from '$(FROM)')

.PHONY: local-doctor-test
local-doctor-test: ## Break what a deployment of the local stack needs: the doctor names the way out
	@go test ./test/e2e/doctor -count=1 -timeout 1h -v

.PHONY: bench
bench: $(driver) ## Measure Gatehouse beside what one would use instead, all or PART=, and write docs/measurements.md
	@$(driver) bench $(if $(PART),-part $(PART))

# The driver comes first: it has packages in common with the tests, which two go commands
# at the same time would both compile.
.PHONY: test
test: ## All unit tests
	@$(MAKE) $(driver)
	@$(MAKE) -j2 test-go test-cloud test-edge

# Modules without tests are left out: all of Kubernetes would be compiled for a server that
# `make local` compiles, and all of Vault for one that is seldom used.
.PHONY: test-go test-cloud test-edge
test-go:
	@for module in $(MODULES); do \
		test -n "$$(find $$module -name '*_test.go' -print -quit)" || continue; \
		(cd $$module && go test -short ./...) || exit 1; \
	done

# How many inputs `make fuzz` tries in each of the fuzz tests, or for how long, such as 1m. A number
# is the default: where the time ends in the middle of an input, go test reports a failure.
FUZZ_TIME ?= 10000x
.PHONY: fuzz
fuzz: ## Look for input that breaks the model API or the reading of clients: FUZZ_TIME in each of the fuzz tests
	@for target in api/FuzzBody api/FuzzEvent api/FuzzStreamEvent api/FuzzChunks api/FuzzDataURL bedrock/FuzzRequests bedrock/FuzzEvents bedrock/FuzzSchemas \
		openai/FuzzRequest openai/FuzzReply openai/FuzzEvents strictjson/FuzzParse; do \
		go test ./lambda/model/internal/$${target%/*} -run '^$$' -fuzz "^$${target#*/}\$$" -fuzztime $(FUZZ_TIME) -fuzzminimizetime 20x || exit 1; \
	done
	@for target in client/FuzzParseBudget client/FuzzParseItem token/FuzzVerify token/FuzzParseKeySet; do \
		go test ./internal/$${target%/*} -run '^$$' -fuzz "^$${target#*/}\$$" -fuzztime $(FUZZ_TIME) -fuzzminimizetime 20x || exit 1; \
	done

# The tests start the cloud some thirty times: it has to be compiled before, whatever
# the shell says of Python's caches.
test-cloud: export PYTHONDONTWRITEBYTECODE :=
test-cloud: $(driver)
	@$(driver) venv
	@.local/venv/bin/python -m unittest discover -s sandbox/servers/aws/tests -t sandbox/servers/aws -p 'test_[acegprs]*.py'

test-edge:
	@node --test lambda/edge/tests/*.test.mjs lambda/model/internal/playground/tests/*.test.mjs

.PHONY: test-all
test-all: test ## The slow tests as well; needs what `make local` builds
	@.local/venv/bin/python -m unittest discover -s sandbox/servers/aws/tests -t sandbox/servers/aws
	@go test $$(go list ./... | grep -v /test/e2e/)
	@go -C standins/aws test ./...
	@go -C standins/plugins test ./...

# The official provider takes minutes to compile, so that this is a nightly check.
.PHONY: conformance
conformance: ## Compare the stand-in for the Kubernetes plugin with the official one; needs what `make local` builds
	@go -C standins/upstream build -ldflags "-s -w -X github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version=4.25.0" -o ../../.local/bin/upstream-kubernetes .
	@go -C standins/plugins test ./internal/kubernetes -run '^TestConformance$$' -count=1 -v

# The unit tests run with the SDKs as they are, and the sandbox may with trimmed copies.
.PHONY: trimmed-test
trimmed-test: ## Test the stack with the trimmed copies of the SDKs that the sandbox may use
	@go test ./sandbox/sdktrim -run '^TestStackWithTrimmedSDKs$$' -count=1 -v

# What lints is pinned: Go programs in tools/go.mod, Python packages in tools/requirements.txt.
lint_venv := .local/stamps/lint
$(lint_venv): tools/requirements.txt
	@mkdir -p .local/stamps
	@python3 -m venv --clear .local/lint
	@.local/lint/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tools/requirements.txt
	@touch $@

# Vault's core takes minutes to compile and nothing else here compiles it, so that its
# module is vetted each night.
LINT_MODULES ?= $(filter-out sandbox/servers/vault,$(MODULES))

.PHONY: lint
lint: lint-ci lint-go ## Formatting, vet, staticcheck, workflows and policies

.PHONY: lint-go
lint-go:
	@mkdir -p .local/bin
	@go -C tools build -o ../.local/bin/ honnef.co/go/tools/cmd/staticcheck mvdan.cc/gofumpt
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs .local/bin/gofumpt -l); \
		test -z "$$unformatted" || { echo "not formatted with gofumpt:" $$unformatted >&2; exit 1; }
	@for module in $(LINT_MODULES); do echo "lint $$module"; \
		(cd $$module && go vet ./... && "$(CURDIR)/.local/bin/staticcheck" ./...) || exit 1; \
	done

.PHONY: lint-ci
lint-ci: $(lint_venv)
	@mkdir -p .local/bin
	@go -C tools build -o ../.local/bin/ github.com/rhysd/actionlint/cmd/actionlint
	@echo "lint .github"; .local/bin/actionlint && .local/lint/bin/zizmor --quiet --offline --persona=auditor .github
	@echo "lint policies"; .local/lint/bin/python -m unittest discover -s tools 2>&1 | tail -n 1; go run ./internal/cmd/permissions | .local/lint/bin/python tools/check_policies.py
	@echo "lint Python"; .local/lint/bin/ruff format --quiet --check --config sandbox/servers/aws/ruff.toml sandbox/servers/aws tools test/e2e/clientsuites/python

.PHONY: docs
docs: ## Write the parts of docs/ and Pulumi.yaml that follow from the program
	@go run ./internal/cmd/configdocs
	@go test ./internal/costs -run Document -count=1 -update
	@go test ./internal/scale -run Document -count=1 -update
	@go test ./internal/dashboardsvg -run DocumentIsUpToDate -count=1 -update
	@go test ./internal/stack -run ExportsAreDocumented -count=1 -update

.PHONY: format
format: ## Format the Go code
	@mkdir -p .local/bin
	@go -C tools build -o ../.local/bin/ mvdan.cc/gofumpt
	@git ls-files -co --exclude-standard '*.go' | xargs .local/bin/gofumpt -w

.PHONY: lambdas
lambdas: ## Build the functions for ARCH (arm64 or x86_64) into dist/lambda
	@test -n "$(GOARCH_$(ARCH))" || { echo "ARCH is \"$(ARCH)\"; allowed: arm64, x86_64" >&2; exit 1; }
	@for name in $(LAMBDAS); do \
		GOOS=linux GOARCH=$(GOARCH_$(ARCH)) go build -buildvcs=false -tags lambda.norpc \
			-ldflags="-s -w -buildid=" -o dist/lambda/$(ARCH)/$$name/bootstrap ./lambda/$$name; \
	done
	@go run ./internal/cmd/lambdazip $(addprefix dist/lambda/$(ARCH)/,$(LAMBDAS))

# What decides on a release's bytes besides its sources is set here: the toolchain of go.mod,
# also for users of a newer one, and the instruction sets. VERSION reaches the commands
# through the environment only: a tag may have characters that mean something to the shell.
release_folder := dist/release
release release-check: export GOTOOLCHAIN := $(shell sed -n 's/^toolchain //p' go.mod)
release release-check: export GOAMD64 := v1
release release-check: export GOARM64 := v8.0
release release-check: export GOEXPERIMENT :=

.PHONY: release
release: ## Make the files of the release VERSION in dist/release: functions, lists of their components, checksums
	@go run ./internal/cmd/release notes -version "$${VERSION-}" CHANGELOG.md >/dev/null
	@rm -rf $(release_folder) && mkdir -p $(release_folder) .local/bin
	@go -C tools build -o ../.local/bin/ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
	@$(MAKE) lambdas ARCH=arm64
	@$(MAKE) lambdas ARCH=x86_64
	@for name in $(LAMBDAS); do for arch in arm64:$(GOARCH_arm64) x86_64:$(GOARCH_x86_64); do \
		GOOS=linux GOARCH=$${arch#*:} .local/bin/cyclonedx-gomod bin -json -std -noserial -notimestamp -version "$${VERSION-}" \
			-output $(release_folder)/$$name-$${arch%:*}.cdx.json dist/lambda/$${arch%:*}/$$name/bootstrap; \
	done; done
	@go run ./internal/cmd/release build -version "$${VERSION-}" dist/lambda $(release_folder)

.PHONY: release-check
release-check: ## Compare the release VERSION, downloaded to the folder RELEASE=, with an own build of it
	@test -f "$${RELEASE-}/checksums.txt" || { echo "RELEASE is \"$${RELEASE-}\"; allowed: a folder with all files of a release" >&2; exit 1; }
	@$(MAKE) release release_folder=dist/release-check
	@go run ./internal/cmd/release check "$${RELEASE-}" dist/release-check

# The same functions from another folder have to be the same bytes: an update would
# find a change otherwise where there is none.
.PHONY: reproducible
reproducible: lambdas ## Check that the functions are the same bytes wherever they are built
	@copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; \
		git ls-files -co --exclude-standard -z -- go.mod go.sum Makefile internal lambda | xargs -0 tar cf - | tar xf - -C "$$copy"; \
		$(MAKE) -C "$$copy" lambdas ARCH=$(ARCH); \
		diff -r "$$copy/dist/lambda/$(ARCH)" dist/lambda/$(ARCH) && echo "the functions for $(ARCH) are reproducible"

.PHONY: clean
clean: ## Remove what was built (run local-down before)
	@rm -rf dist .local
