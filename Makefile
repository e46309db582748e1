# Short names for frequent commands. CONTRIBUTING.md lists the same without make.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
export GOFLAGS ?= -buildvcs=false

BENCH ?= .
BENCHTIME ?= 1s

# The program's version comes from git, where git trusts who owns this clone.
VCS := $(shell git log -1 >/dev/null 2>&1 && echo true || echo false)

.PHONY: help build test lint ci fuzz torture bench docs demo windows release clean

help: # this list
	@grep -hE '^[a-z]+:.*#' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*# */  \1|/' | awk -F '|' '{ printf "%-10s %s\n", $$1, $$2 }'

build: # the program for this machine, in bin/
	go build -buildvcs=$(VCS) -o bin/ ./cmd/...

windows: # the program for Windows Server, in bin/
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 go build -buildvcs=$(VCS) -o bin/ ./cmd/...

test: # all tests; the end lists the skipped ones with their reasons
	.ci/run test

lint: # formatting, go vet and staticcheck, for Linux and Windows
	.ci/run gofmt vet staticcheck

ci: # everything that a change must pass
	.ci/run

fuzz: # every fuzz test, ten minutes in all: FUZZ_SECONDS=600
	FUZZ_SECONDS=$${FUZZ_SECONDS:-600} .ci/run fuzz

torture: # kills the daemon and a fleet at random instants, then tries the laws with random seeds, as long each: TORTURE=2h
	TORTURE=$${TORTURE:-1h} .ci/run torture

bench: # all benchmarks, each beside its peer or floor in the same run: BENCH=Append BENCHTIME=3s
	@[ -n "$$JOBMON_TEST_SQLSERVER" ] || echo "those that need a T-SQL server are left out: JOBMON_TEST_SQLSERVER is not set (CONTRIBUTING.md)"
	@[ -n "$$JOBMON_TEST_BROWSER" ] || echo "those that need a browser are left out: JOBMON_TEST_BROWSER is not set (CONTRIBUTING.md)"
	@{ go test -run '^$$' -bench '$(BENCH)' -benchtime '$(BENCHTIME)' -benchmem ./...; code=$$?; \
		cd bench && go test -run '^$$' -bench '$(BENCH)' -benchtime '$(BENCHTIME)' -timeout 30m . && exit $$code; } | \
		grep -E '^(pkg|cpu|Benchmark|FAIL|panic|---)' || { echo "a benchmark failed, or none has a name that fits '$(BENCH)'"; exit 1; }

docs: # docs/commands.md, from the help of the commands
	go test ./cmd/jobmon-db/command -run TestTheReferenceIsWhatTheCommandsSay -update

demo: # the program on a made-up Deployment Server, until Ctrl-C
	go run ./cmd/jobmon-db demo

release: # the packages of the commit, in dist/: VERSION=v0.1.0, else its tag; needs wixl, msitools, faketime, dpkg-deb
	go -C internal/release run . --repo ../.. --out ../../dist $(if $(VERSION),--version $(VERSION)) $(if $(SIGN),--sign '$(SIGN)')

clean: # removes bin/
	rm -rf bin
