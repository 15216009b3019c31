# One face for people and for CI. Every target sets up what it needs; the second time that is instant.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Debian packages that a target needs: $(call need,COMMAND,PACKAGE)
define need
	@command -v $(1) >/dev/null || { echo "==> Installing Debian's $(2)"; \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y $(2) >/dev/null; }
endef

.PHONY: help
help: ## Show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1 || true); make PYTHON=python3.12 takes another" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "==> Making $(VENV)"; $(PYTHON) -m venv $(VENV) || { \
	  echo "error: no venv could be made; on Debian: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }; }
	@echo "==> Installing what constraints.txt pins"
	@$(PIP) install --root-user-action=ignore -c constraints.txt --upgrade pip
	@$(PIP) install --root-user-action=ignore -c constraints.txt hatchling editables
	@$(PIP) install --root-user-action=ignore -c constraints.txt --no-build-isolation -e . --group dev
	@touch $(STAMP)

JS := clients/js
JS_STAMP := $(JS)/node_modules/.installed

$(JS_STAMP): $(JS)/package.json $(JS)/package-lock.json $(wildcard $(JS)/packages/*/package.json $(JS)/apps/*/package.json)
	$(call need,node,nodejs)
	$(call need,npm,npm)
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || { \
	  echo "error: Node 20.19 or newer is needed for $(JS), $$(command -v node) is $$(node --version); see https://nodejs.org" >&2; exit 1; }
	@echo "==> Installing what $(JS)/package-lock.json pins"
	@cd $(JS) && npm ci --silent
	@touch $(JS_STAMP)

.PHONY: run
run: $(STAMP) ## Serve the demo game at http://127.0.0.1:8000 (PORT=8080 for another port)
	@echo "==> Serving; Ctrl+C stops"
	@exec $(BIN)/dualwire serve --port $(PORT)

.PHONY: play
play: $(STAMP) ## Play the game that `make run` serves, in this terminal
	@exec $(BIN)/dualwire play http://127.0.0.1:$(PORT)

.PHONY: test
test: $(STAMP) $(JS_STAMP) ## Run every test
	$(call need,cc,gcc libc6-dev)
	$(call need,curl,curl)
	$(call need,redis-server,redis-server)
	$(call need,systemd-analyze,systemd)
	$(call need,nginx,nginx-light)
	$(call need,caddy,caddy)
	$(call need,promtool,prometheus)
	$(call need,chromium,chromium)
	@echo "==> Testing"
	@$(BIN)/python -m pytest -q -n auto
	@echo "==> Testing the browser's clients"
	@cd $(JS) && npm test --silent

.PHONY: check
check: $(STAMP) $(JS_STAMP) ## Check style, types and layers
	@echo "==> Checking style"
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@echo "==> Checking types"
	@$(BIN)/mypy
	@echo "==> Checking layers"
	@$(BIN)/python -m pytest -q tests/test_layers.py
	@echo "==> Checking the browser's clients"
	@cd $(JS) && npm run --silent check

.PHONY: format
format: $(STAMP) $(JS_STAMP) ## Format the code
	@echo "==> Formatting"
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format --quiet
	@cd $(JS) && npm run --silent format

.PHONY: bench
bench: $(STAMP) ## Measure beside Bun, Nchan, Socket.IO and others; figures go to bench/results/
	$(call need,cc,gcc libc6-dev)
	$(call need,node,nodejs)
	$(call need,npm,npm)
	@test -e /usr/lib/nginx/modules/ngx_nchan_module.so || { echo "==> Installing Debian's Nchan"; \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y nginx-light libnginx-mod-nchan >/dev/null; }
	@test -e /usr/include/openssl/ssl.h || { echo "==> Installing Debian's libssl-dev"; \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y libssl-dev >/dev/null; }
	@echo "==> Measuring; about a quarter of an hour"
	@$(BIN)/python -m bench

.PHONY: bench-failover
bench-failover: $(STAMP) ## Measure what players notice of a failing connection, here and with Socket.IO
	$(call need,node,nodejs)
	$(call need,npm,npm)
	@echo "==> Measuring; about 6 minutes"
	@$(BIN)/python -m bench failover

.PHONY: fuzz
fuzz: $(STAMP) ## Say wrongly all that a client can say, for 10 minutes; SEED=7 for the same inputs again
	@echo "==> Attacking"
	@$(BIN)/python -m tests.fuzz --seconds $(or $(FUZZ),600) $(if $(SEED),--seed $(SEED))

.PHONY: bench-cluster
bench-cluster: $(STAMP) ## Measure several nodes on one Redis: one that dies, a rolling restart, the cost of an event
	$(call need,cc,gcc libc6-dev)
	$(call need,node,nodejs)
	$(call need,npm,npm)
	$(call need,nginx,nginx-light)
	$(call need,redis-server,redis-server)
	@echo "==> Measuring; about 5 minutes"
	@$(BIN)/python -m bench cluster

.PHONY: chaos
chaos: $(STAMP) ## Let 50 players play through random faults for 3 minutes; SEED=7 for the same ones again
	@echo "==> Playing"
	@$(BIN)/python -m bench chaos $(if $(SEED),--seed $(SEED))

.PHONY: crowd
crowd: $(STAMP) ## Let 500 players into the game, through faults; metrics are judged, /ops is photographed
	$(call need,chromium,chromium)
	@echo "==> Playing; about 3 minutes"
	@$(BIN)/python -m bench crowd $(if $(SEED),--seed $(SEED)) $(if $(PLAYERS),--players $(PLAYERS))

.PHONY: rollout
rollout: $(STAMP) ## Roll dual connections out from 0 to 100 % among 200 players, then kill them
	@echo "==> Rolling out; about a minute"
	@$(BIN)/python -m bench rollout

.PHONY: page
page: $(JS_STAMP) ## Build the pages of the game and of operations into the package, after a change in clients/js
	@echo "==> Building the pages"
	@cd $(JS) && npm run build --silent -w apps/play -w apps/ops

.PHONY: docs
docs: $(STAMP) ## Build the documentation into site/
	@echo "==> Building the documentation"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site
