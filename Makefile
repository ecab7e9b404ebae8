# The words of this house. `make` alone tells them. Anything longer than two lines lives in deploy/setup.sh.

VENV := .venv
RUN := $(VENV)/bin
CACHE := $(CURDIR)/.cache
ARGS ?=
DB ?=
ROWS ?=
RUNS ?= 100000
# One process a core, at most four: they are also given to the servers and tills that tests start.
CORES ?= -n auto --maxprocesses 4 --dist loadfile
TARGET ?=
DAYS ?= 40 400 4018
FAKETIME_LIBRARY := $(CACHE)/anyday/libfaketime/vendor/libfaketime/src/libfaketime.so.1

# Nothing of ours is written outside the tree: an empty or read-only HOME is fine.
export KIVY_HOME ?= $(CACHE)/kivy

.DEFAULT_GOAL := help
.PHONY: help setup demo test anyday check gui soak fuzz mutants bench docs screenshots fonts sounds lock newest clean
.PHONY: ready oracle screen check-style check-types check-imports check-tidy

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

setup: ## make .venv with pinned wheels; done by every other word that needs it
	@deploy/setup.sh force

demo: screen ## server, terminal and wallet on this screen; DB=postgres, ARGS= is passed on
	@$(RUN)/tillcode-demo $(if $(DB),--database $(DB)) $(ARGS)

test: oracle ## every test but soak and bench, on every core; ARGS= is passed to pytest, CORES= takes one process
	@$(RUN)/python -m pytest $(CORES) $(ARGS)

anyday: oracle ## make test with the clock 40 days, 400 days and 11 years ahead; DAYS="400" takes one of them
	@deploy/setup.sh anyday
	@for days in $(DAYS); do echo "$$days days ahead"; LD_PRELOAD=$(FAKETIME_LIBRARY) FAKETIME="+$${days}d" \
		NO_FAKE_STAT=1 FAKETIME_DONT_FAKE_MONOTONIC=1 $(RUN)/python -m pytest $(CORES) $(ARGS) || exit 1; done

check: ready ## style, types, import contracts, tidiness; under 15 s
	@$(MAKE) --no-print-directory --output-sync=target -j4 check-style check-types check-imports check-tidy

gui: screen ## real screens, real touches, no display needed
	@deploy/setup.sh exists tests/gui
	@$(RUN)/python -m pytest tests/gui $(CORES) $(ARGS)

soak: oracle ## the tests that run for minutes on purpose; ARGS=tests/fuzz takes these only
	@deploy/setup.sh exists tests/system
	@$(RUN)/python -m pytest -m soak $(ARGS)

fuzz: ready ## decoders fuzzed, guided by coverage; TARGET=envelope RUNS=100000
	@deploy/setup.sh fuzz
	@PYTHONPATH=$(CACHE)/fuzz $(RUN)/python -m tests.fuzz.guided $(RUNS) $(TARGET)

mutants: ready ## do the tests notice a changed line of the protocol? 15 minutes; ARGS="rules trust"
	@deploy/setup.sh mutants
	@$(RUN)/python -m tests.mutants $(ARGS)

bench: ready ## measurements, never a pass or a fail; ROWS="one_row another" picks some
	@$(RUN)/python -m tests.bench $(ROWS) $(ARGS)

docs: ready ## write the generated pages anew; check that pages agree with the code and every link lands
	@$(RUN)/python -m tests.architecture.generate_docs
	@$(RUN)/python -m pytest -q tests/architecture/test_docs_in_sync.py tests/architecture/test_protocol_docs.py \
		tests/architecture/test_protocol_rules.py $(ARGS)

screenshots: screen ## draw the README's pictures anew; ARGS="--out FOLDER" draws them elsewhere
	@deploy/setup.sh exists tests/gui/screenshots.py
	@$(RUN)/python -m tests.gui.screenshots $(ARGS)

fonts: ready ## cut the subsets of assets/fonts anew, when a catalogue got new characters
	@deploy/setup.sh fonts
	@PYTHONPATH=$(CACHE)/fonts $(RUN)/python -m tests.fonts

sounds: ready ## build the spoken clips in assets/sounds anew; needs espeak-ng
	@$(RUN)/python -m assets.make_sounds

lock: ready ## requirements.lock anew: what constraints.txt pins, with the digest of every file
	@deploy/setup.sh lock

newest: ## try the newest version of everything, beside .venv
	@deploy/setup.sh newest $(ARGS)

clean: ## forget .venv and every cache
	@rm -rf $(VENV) .cache .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .benchmarks build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready:
	@deploy/setup.sh ready

oracle: ready
	@deploy/setup.sh oracle && deploy/setup.sh conformance

screen: ready
	@deploy/setup.sh screen

check-style:
	@$(RUN)/ruff check --quiet . && $(RUN)/ruff format --check --quiet . && echo "style     good"

check-types:
	@$(RUN)/mypy --no-error-summary && echo "types     good"

check-imports:
	@$(RUN)/lint-imports --no-logo --cache-dir $(CACHE)/import-linter

check-tidy:
	@$(RUN)/python -m pytest -q --no-header -p no:benchmark --override-ini=addopts=--import-mode=importlib tests/architecture/test_tidy.py tests/architecture/test_canary.py
