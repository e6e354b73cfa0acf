# Every target does all of its own set-up and is safe to repeat. Settings come from the environment and are passed
# through as they are, so the names used in this file are lower case: no setting is.

.DEFAULT_GOAL := help
.PHONY: help run test check check-format check-lint check-types check-imports check-rules check-dependencies check-locks
.PHONY: format bench lock clean

python := .venv/bin/python
code := src tests tools bench

# A stamp is named after the content it stands for and after this folder. A new clone, another branch, a changed lock or
# a moved checkout each asks for a stamp that is not there, whatever the times of the files are.
stamp = .venv/.$(1)-$(shell { pwd; cat requirements/bootstrap.txt requirements/$(1).txt pyproject.toml; } \
	| sha256sum | cut -c 1-16)
run_stamp := $(call stamp,run)
test_stamp := $(call stamp,test)

# What clashes with the product's packages has an environment of its own.
aside = .venv/aside/$(1)/.made-$(shell { pwd; cat requirements/$(1).txt; } | sha256sum | cut -c 1-16)
radicale := $(call aside,radicale)
javascript := .venv/aside/javascript/.made-$(shell { pwd; cat tests/javascript/package-lock.json; } | sha256sum | cut -c 1-16)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-20s %s\n", $$1, $$2 }' Makefile

run: $(run_stamp) ## Start the server in the foreground; settings such as PORT or DATA_DIR come from the environment
	@exec .venv/bin/guildhall serve

test: $(test_stamp) $(radicale) $(javascript) ## Run all tests on SQLite and PostgreSQL; arguments for pytest in ARGS
	@tools/debian.sh /usr/lib/postgresql/*/bin/postgres:postgresql redis-server:redis-server chromium:chromium
	@exec $(python) -m pytest -n 3 --dist worksteal $(ARGS)

check: check-format check-lint check-types check-imports check-rules check-dependencies check-locks ## Run every check below

check-format: $(test_stamp) ## Is the code formatted?
	$(python) -m ruff format --check $(code)

check-lint: $(test_stamp) ## Does the linter agree?
	$(python) -m ruff check $(code)

check-types: $(test_stamp) ## Do the types fit?
	$(python) -m mypy $(code)

check-imports: $(test_stamp) ## Do the imports run downwards?
	.venv/bin/lint-imports

check-rules: $(test_stamp) ## Are the rules of the house kept?
	$(python) -m tools.rules

check-dependencies: $(test_stamp) ## Is every import declared and every dependency used?
	$(python) -m deptry src
	$(python) -m deptry tests tools bench --exclude .venv --ignore DEP002,DEP004

check-locks: $(test_stamp) ## Do the lock files fit pyproject.toml?
	$(python) -m tools.locks

format: $(test_stamp) ## Format the code and repair what the linter can
	$(python) -m ruff check --fix-only --quiet $(code)
	$(python) -m ruff format $(code)

bench: $(test_stamp) ## Measure the server and write bench/RESULTS.md
	@exec $(python) -m bench $(ARGS)

lock: $(run_stamp) ## Make the lock files again after a change of pyproject.toml; UPGRADE=1 takes newer versions
	tools/lock.sh

clean: ## Remove everything made here but the data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# flock: two first runs at the same time take turns. The script looks again when its turn has come.
.venv/.%:
	@flock Makefile tools/environment.sh $@

.venv/aside/javascript/%: $(test_stamp)
	@flock Makefile tools/javascript.sh $@

.venv/aside/%: $(test_stamp)
	@flock Makefile tools/aside.sh $@
