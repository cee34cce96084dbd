# make run          set up and run python server.py       make test     all tests, with the programs they need
# make demo         a newsroom on loopback, live          make check    ruff, mypy, tsc
# make setup        set up only                           make bench    all benchmarks
# make soak         the long forms of tests               make lock     renew the pinned dependencies
# make screenshots  docs/screenshots/, from the demo      make clean    delete environments and caches
# make lighthouse   scores on a day of real feeds         make docs     docs/configuration.md, from the schema

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Tests start Python a thousand times: it would compile all modules each time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run demo setup test soak check bench lighthouse screenshots docs lock clean

run: $(VENV)/.run
	@exec $(BIN)/python server.py

demo: $(VENV)/.run
	@exec $(BIN)/python -m demo

setup: $(VENV)/.run

test: $(VENV)/.dev node_modules/.installed
	@tests/need chromium-headless-shell chromium
	@tests/need redis-server
	@tests/need strace
	@tests/need nginx
	@tests/need caddy
	@tests/need curl
	@tests/need openssl
	$(BIN)/python -m pytest -n 3 --dist worksteal

soak: $(VENV)/.dev node_modules/.installed
	@tests/need chromium-headless-shell chromium
	@tests/need redis-server
	@tests/need strace
	@tests/need nginx
	@tests/need caddy
	$(BIN)/python -m pytest -m soak -v
	$(BIN)/python -m pytest --hypothesis-profile=soak tests/config tests/connections tests/feeds/parser tests/timeline

check: $(VENV)/.dev node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	node_modules/.bin/tsc -p .

bench: $(VENV)/.dev
	$(BIN)/python -m bench

lighthouse: $(VENV)/.dev bench/lighthouse/node_modules/.installed
	@tests/need chromium-headless-shell chromium
	$(BIN)/python -m bench lighthouse

screenshots: $(VENV)/.dev
	@tests/need chromium-headless-shell chromium
	$(BIN)/python -m demo.screenshots

docs: $(VENV)/.dev
	$(BIN)/python -m config.reference

lock: $(VENV)/.dev
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header -q --upgrade -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header -q --upgrade -o requirements-dev.txt

clean:
	rm -rf $(VENV) node_modules bench/lighthouse/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

# A stamp file for each set of dependencies, so that setting up happens once.
$(VENV)/.run: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3 (3.11 or later) with its venv module is needed: apt-get install python3-venv"; exit 1; }
	@echo "Setting up (once) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

node_modules/.installed: package-lock.json
	@tests/need npm
	@npm ci --silent --ignore-scripts
	@touch $@

bench/lighthouse/node_modules/.installed: bench/lighthouse/package-lock.json
	@tests/need npm
	@cd bench/lighthouse && npm ci --silent --ignore-scripts
	@touch $@
