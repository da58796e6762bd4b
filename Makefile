# Works with GNU make 3.81 and the BSD tools of macOS: no GNU-only flags below.

SHELL  := /bin/sh
VENV   := .venv
PY     := $(VENV)/bin/python
# The lock's compiler, pinned like everything else it compiles.
COMPILE := $(VENV)/bin/uv pip compile --quiet --no-python-downloads --generate-hashes \
	--custom-compile-command "make lock"
# The clouds' runtimes are Python 3.13 on Linux; the laptop has any Python from 3.11 on.
CLOUD  := --python-version 3.13 --python-platform x86_64-manylinux_2_28
LAPTOP := --universal --python-version 3.11
LOCK_FLAGS :=
PHASE  := 1
# Whether the demo ends with the dashboards' pages: 1, 0, or auto: where someone sits before it.
SERVE  := auto
# Days of bills in each week of the migration's demo.
DAYS   := 2
SLOW   := slow or engine or runtime or browser
PROOF  := proof
# Folders without a quick test, whose imports alone take seconds; tests/test_repository.py looks.
NOT_QUICK := tests/browser tests/engine tests/proof
# Of the long proof: what is chosen by name, and how many tests run at once.
PART    :=
WORKERS := 2

# Where it is set, each of thousands of processes compiles anew what it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo migration-demo policy release screenshots test test-all test-quick test-slow plan engines lint types format lock lock-check \
	proof proof-long mutate sbom audit bench clean workflows \
	ci-stacks ci-plan ci-preview ci-guard ci-comment ci-up ci-drift

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.dev ## Make .venv with all that the tests need (demo and test do it by themselves)

# The interpreter is a link: when what it leads to is gone, everything is installed anew.
$(shell test -x $(PY) || rm -f $(VENV)/.demo $(VENV)/.dev)

$(VENV)/.demo: locks/demo.txt
	@sh tools/setup.sh demo

$(VENV)/.dev: locks/dev.txt
	@sh tools/setup.sh dev

demo: $(VENV)/.demo ## Make a sample bill of three clouds, collect it, show what AI cost (SERVE=0: no pages)
	@$(PY) -m handlers sample build/sample
	@$(PY) -m handlers collect build/sample --warehouse duckdb:build/costs.duckdb \
		--site build/sample/site
	@$(PY) -m handlers alerts --site build/sample/site
	@$(PY) -m handlers reconcile --site build/sample/site >build/reconciliation.txt
	@if [ "$(SERVE)" = 1 ] || { [ "$(SERVE)" = auto ] && [ -z "$$CI" ] && [ -t 0 ]; }; then \
		$(PY) -m dashboards serve; \
	else \
		echo "The dashboards: $(PY) -m dashboards serve"; \
	fi

# Of forks that do no harm the library between Pulumi and a program tells on standard error.
migration-demo: $(VENV)/.dev ## Take an environment from phase 1 to native warehouses and back, offline (DAYS=2)
	@sh tools/engines/build.sh pulumi >/dev/null
	@GRPC_VERBOSITY=NONE $(PY) -W ignore -m tests.migration --days $(DAYS)

screenshots: $(VENV)/.dev ## Take the pictures in docs/images anew, of what the demo shows (needs Chromium)
	@$(MAKE) --no-print-directory demo SERVE=0
	@$(PY) -m tools.screenshots

test: lint types test-quick ## Check style and types, run the quick tests (under 4 minutes)

test-all: test test-slow ## Run everything; STRICT=1 makes a skipped test a failure

test-quick: $(VENV)/.dev
	@$(PY) -m pytest -n 2 -q tests $(NOT_QUICK:%=--ignore=%) -m "not ($(SLOW) or $(PROOF))"

plan: $(VENV)/.dev ## Show what `pulumi up` would create and cost, without any account (PHASE=1)
	@$(PY) -m infra plan --phase $(PHASE)

engines: $(VENV)/.dev ## Build what the slow tests run against (Pulumi, emulators, bundles), once
	@sh tools/engines/build.sh pulumi
	@sh tools/engines/build.sh bigquery-emulator
	@sh tools/engines/build.sh azurite
	@sh tools/engines/build.sh actionlint
	-@sh tools/engines/build.sh scriptdom
	@sh tools/engines/build.sh policy
	@$(PY) -m tools.bundles

# pytest's exit code 5 says that no test bears one of these markers.
test-slow: $(VENV)/.dev engines
	@$(PY) -m pytest -n 2 -q tests -m "$(SLOW)" || test $$? -eq 5

release: lint types lock-check ## Check and build a release of what is committed into build/release
	@$(PY) -m tools.release

# Where the fuzzer can't be installed (it is for Linux and Python 3.12), hypothesis draws instead.
build/fuzz/.fuzz: locks/fuzz.txt
	-@sh tools/setup.sh fuzz build/fuzz

proof: $(VENV)/.dev build/fuzz/.fuzz ## Attack what the tests found right: random bills, faults, fuzzing (under 20 minutes)
	@rm -rf build/proof/results
	-@sh tools/engines/build.sh focus >/dev/null
	@$(PY) -m pytest -n 2 -q tests/proof -m "$(PROOF)"; code=$$?; \
		$(PY) -m tools.proof build/proof/report.md || exit 1; exit $$code

# What passed with these counts is left out the next time, so that it may be ended at any moment;
# pytest's exit code 5 says that nothing was left. It begins anew where build/proof/long is gone.
proof-long: $(VENV)/.dev build/fuzz/.fuzz ## Go on with the full counts (hours), report in docs/proof.md (PART=focus: only that)
	-@sh tools/engines/build.sh focus >/dev/null
	@PROOF_BILLS=10000 PROOF_TURNS=100000 PROOF_FUZZ_SECONDS=300 PROOF_JUMPS=100 \
		PROOF_GOES_ON=1 PROOF_RESULTS=build/proof/long \
		$(PY) -m pytest -n $(WORKERS) -q tests/proof -m "$(PROOF)" -k "$(PART)"; code=$$?; \
		$(PY) -m tools.proof docs/proof.md --results build/proof/long || exit 1; \
		test $$code -eq 5 || exit $$code

mutate: $(VENV)/.dev ## Change modules one small thing at a time, and count what tests notice (MODULES=--all)
	@$(PY) -m tools.mutate $(MODULES)

sbom: $(VENV)/.dev ## Write what each lock installs, with licences and hashes, into build/sbom (CycloneDX)
	@$(PY) -m tools.sbom build/sbom

audit: $(VENV)/.dev ## Ask OSV for known vulnerabilities of what the locks pin (needs a network)
	@$(PY) -m tools.audit

lint: $(VENV)/.dev ## Check style, and that the dashboards' golden files are those the code makes
	@$(VENV)/bin/ruff check --quiet .
	@$(PY) -m dashboards check
	@$(VENV)/bin/ruff format --quiet --check . || { echo "Run 'make format'."; exit 1; }

types: $(VENV)/.dev ## Check types
	@$(VENV)/bin/basedpyright --threads 2

format: $(VENV)/.dev ## Format the code and mend what can be mended by itself
	@$(VENV)/bin/ruff check --quiet --fix .
	@$(VENV)/bin/ruff format .

policy: policy/.venv/.policy ## Make what the policy pack runs in (pulumi preview --policy-pack policy)

policy/.venv/.policy: locks/policy.txt
	@sh tools/setup.sh policy policy/.venv

lock: $(VENV)/.dev ## Compile locks/*.txt and requirements.txt from pyproject.toml (needs the package index)
	@set -ex; \
	$(COMPILE) $(LOCK_FLAGS) $(LAPTOP) pyproject.toml --extra demo -o locks/demo.txt; \
	$(COMPILE) $(LOCK_FLAGS) $(LAPTOP) pyproject.toml --extra demo --group dev \
		-c locks/demo.txt -o locks/dev.txt; \
	for cloud in google aws azure; do \
		$(COMPILE) $(LOCK_FLAGS) $(CLOUD) pyproject.toml --extra $$cloud -o locks/$$cloud.txt; \
	done; \
	$(COMPILE) $(LOCK_FLAGS) $(LAPTOP) --group pulumi -o requirements.txt; \
	$(COMPILE) $(LOCK_FLAGS) $(LAPTOP) --group policy -o locks/policy.txt; \
	$(COMPILE) $(LOCK_FLAGS) --universal --python-version 3.12 --group focus \
		--override tools/engines/focus/overrides.txt -o locks/focus.txt; \
	$(COMPILE) $(LOCK_FLAGS) $(LAPTOP) pyproject.toml --group fuzz -c requirements.txt -o locks/fuzz.txt

lock-check: $(VENV)/.dev ## Check that the locks agree with pyproject.toml (offline)
	@$(PY) tools/lock_check.py

workflows: $(VENV)/.dev ## Check the workflows of GitHub (actionlint, zizmor)
	@"$$(sh tools/engines/build.sh actionlint)"
	@$(VENV)/bin/zizmor --offline --quiet --no-progress --strict-collection .github/workflows

# What the workflows of GitHub do, and anybody at a desk: STACK=NAME says for which environment.
# Where a runner has a summary, what a step found is shown there as well.
CI_FOLDER := build/ci
SUMMARY   := "$${GITHUB_STEP_SUMMARY:-/dev/null}"
STACKED   := @test -n "$$STACK" || { echo "Say for which stack: make $@ STACK=prod" >&2; exit 2; }; mkdir -p $(CI_FOLDER)
export STACK
PHASES    := 1 2

ci-stacks: ## List the stacks that a change touches (BASE=COMMIT)
	@python3 tools/affected_stacks.py

ci-plan: $(VENV)/.dev ## Plan both phases offline: what a fork gets in place of a preview
	@mkdir -p $(CI_FOLDER)
	@for phase in $(PHASES); do \
		$(PY) -m infra plan --phase $$phase >$(CI_FOLDER)/plan-$$phase.txt || exit 1; \
		{ echo "## Phase $$phase"; echo '```'; cat $(CI_FOLDER)/plan-$$phase.txt; echo '```'; } >>$(SUMMARY); \
	done

ci-preview: ## Preview a stack by the login that is there (STACK=NAME)
	$(STACKED)
	@rm -f "$(CI_FOLDER)/$$STACK.json" "$(CI_FOLDER)/$$STACK.md"
	@pulumi install
	@pulumi preview --stack "$$STACK" --non-interactive --json --show-sames >"$(CI_FOLDER)/$$STACK.json" \
		|| test -s "$(CI_FOLDER)/$$STACK.json"

ci-guard: $(VENV)/.dev ## Judge that preview, and write the comment for its reviewer (STACK=NAME)
	$(STACKED)
	@$(PY) -m infra guard "$(CI_FOLDER)/$$STACK.json" --comment "$(CI_FOLDER)/$$STACK.md"; code=$$?; \
		if [ -f "$(CI_FOLDER)/$$STACK.md" ]; then cat "$(CI_FOLDER)/$$STACK.md" >>$(SUMMARY); fi; exit $$code

ci-comment: $(VENV)/.dev ## Put that comment on its pull request (STACK=NAME PULL_REQUEST=NUMBER)
	$(STACKED)
	@$(PY) -m tools.pull_request "$(CI_FOLDER)/$$STACK.md"

ci-up: ## Bring a stack to what was previewed and judged (STACK=NAME)
	$(STACKED)
	@pulumi up --stack "$$STACK" --non-interactive --yes --skip-preview

ci-drift: $(VENV)/.dev ## Report where a stack was changed behind Pulumi's back (STACK=NAME)
	$(STACKED)
	@pulumi install
	@{ $(PY) -m infra drift --stack "$$STACK" --json "$(CI_FOLDER)/drift-$$STACK.json"; echo $$? >"$(CI_FOLDER)/drift-$$STACK.code"; } \
		| tee -a $(SUMMARY)
	@exit "$$(cat "$(CI_FOLDER)/drift-$$STACK.code")"

bench: $(VENV)/.dev ## Measure collecting, anomalies and dashboards (about 4 minutes, at first 9)
	@$(PY) -m tools.bench

clean: ## Remove what was built (the sample, the warehouse, caches, .venv)
	rm -rf build $(VENV) policy/.venv .pytest_cache .ruff_cache .hypothesis
	find handlers tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
