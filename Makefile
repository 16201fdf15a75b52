# warifu: `make demo` and `make test` need Python >= 3.11, make and a package index; nothing else.

PYTHON ?= python3
SECONDS ?= 60
WORKERS ?= 2
SAMPLE ?= 300

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FUZZ_READY := $(VENV)/.ready-fuzz
# Made absolute, because mutants are tested in a folder of their own.
VECTORS := $(abspath $(or $(WARIFU_VECTORS),../shared/vectors))

.DEFAULT_GOAL := help
.PHONY: help setup demo test browser check lint types imports docs-check hosts roots sweep format bench fuzz mutate \
	coverage docs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from the hashed locks (again only when they change)
	@echo "ready: $(VENV)"

$(READY): locks/installer.txt locks/dev.txt pyproject.toml tools/setup.sh tools/uv.sh
	@PYTHON="$(PYTHON)" sh tools/setup.sh
	@touch $@

$(FUZZ_READY): $(READY) locks/fuzz.txt
	@sh tools/uv.sh pip install --quiet --python $(BIN)/python --require-hashes -r locks/fuzz.txt
	@touch $@

demo: $(READY) ## Show the main job, then a bank to touch in your browser; PART=bank for the bank alone
	@$(BIN)/python -m warifu demo $(if $(PART),--part $(PART))

test: $(READY) browser ## Run all tests, offline; ends with pytest's own closing line
	@$(BIN)/python -m pytest -n $(WORKERS) --ignore=tests/demo/bank --ignore=tests/lab/browser --durations=10 $(PYTEST_ARGS)

# In a process of their own: the driver's event loop runs through all of it, and other tests have theirs.
browser: $(READY) ## Use the demo bank and the threat report in a real Chromium; screenshots in build/screenshots
	@$(BIN)/python -m pytest -q tests/demo/bank tests/lab/browser -p no:randomly

check: lint types imports docs-check hosts roots ## Lint, types, import rules, docs drift, roots

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY)
	@$(BIN)/mypy

imports: $(READY)
	@$(BIN)/lint-imports

docs-check: $(READY)
	@$(BIN)/python -m tools.docs --check

hosts: $(READY)
	@$(BIN)/python -m pytest -q -p no:randomly tests/house/test_no_index_host.py

roots: $(READY)
	@$(BIN)/python tools/check_roots.py

sweep: $(READY) ## Change every byte of all accepted evidence and judge each mutant (long)
	@$(BIN)/python -m tools.sweep

format: $(READY) ## Format and fix what ruff can fix
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## Measure each format against its floor and against the peers
	@$(BIN)/python -m tools.bench
	@$(BIN)/python -m tools.bench.decision
	@$(BIN)/python -m tools.bench.dry_run
	@$(BIN)/python -m tools.bench.service
	@$(BIN)/python -m tools.bench.confirmation
	@$(BIN)/python -m tools.bench.threat

fuzz: $(FUZZ_READY) ## Coverage-guided fuzzing for SECONDS (default 60), or RUNS seeded inputs for each target
	@$(BIN)/python -m tools.fuzz --seconds $(SECONDS) $(if $(RUNS),--runs $(RUNS))

mutate: $(READY) ## Mutation score of the core on a seeded sample; MUTANTS="warifu.base.codec.*" for a part
	@WARIFU_VECTORS="$(VECTORS)" $(BIN)/mutmut run none.such >/dev/null 2>&1 || true
	@WARIFU_VECTORS="$(VECTORS)" $(BIN)/mutmut run --max-children $(WORKERS) \
		$(or $(MUTANTS),$$($(BIN)/python -m tools.mutation sample $(SAMPLE))) >/dev/null
	@$(BIN)/python -m tools.mutation score

coverage: $(READY) ## Branch coverage of the core by its own tests, with its gate
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow" --cov --cov-report=term $(PYTEST_ARGS) \
		tests/base tests/attestation tests/authentication tests/risk tests/fuzz

docs: $(READY) ## Write again what is generated from the code
	@$(BIN)/python -m tools.docs

# A release younger than a week is not taken: most poisoned releases are found out within days.
COMPILE = sh tools/uv.sh pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --exclude-newer "7 days" --custom-compile-command "make lock"

lock: $(READY) ## Make locks/*.txt again; UPGRADE=1 takes newer releases
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --group pyproject.toml:installer -o locks/installer.txt
	@$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml -o locks/runtime.txt
	@$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --group dev -c locks/runtime.txt -o locks/dev.txt
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --group pyproject.toml:fuzz -o locks/fuzz.txt
	@$(BIN)/python -m pytest -q -p no:randomly tests/house/test_no_index_host.py

clean: ## Remove everything that was made here, .venv included
	rm -rf $(VENV) build dist mutants htmlcov .coverage .coverage.* .fuzz .hypothesis \
		.import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tools tests -name __pycache__ -type d -prune -exec rm -rf {} +
