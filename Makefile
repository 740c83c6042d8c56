# Two commands set everything up, each alone and in either order: `make demo` and `make test`.
# Needed beforehand: Python 3.11 or newer with pip, and make. `make PYTHON=/path/to/python3.11 …` chooses another Python.

PYTHON ?= $(shell for python in python3.11 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
INSTALL = $(BIN)/uv pip install --python $(BIN)/python --constraint constraints.txt --build-constraint constraints.txt
# Stamps: what is installed in .venv, and that it is newer than what asks for it.
INSTALLED := .venv/installed
INSTALLED_DEV := .venv/installed-dev
# That all tests passed, and what they depend on.
TESTED := .venv/tested
SOURCES = $(shell find mmavk_cli tests docs README.md Makefile -type f -not -path '*/__pycache__/*')
# Python keeps what it compiles, also where the environment says otherwise: each start after the first is faster.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs newcomer bench embedded constraints clean

help:  ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 20

demo: $(INSTALLED)  ## install, then tag the example post and picture
	$(BIN)/mmavk tag docs/examples/post.txt --image docs/examples/picture.jpg --format table

test: $(TESTED)  ## install, lint, types and all tests; when nothing has changed since they passed, says so
	@echo "style, types and tests passed on these files; .venv/bin/pytest runs the tests again"

lint: $(INSTALLED_DEV)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED_DEV)  ## mend the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED_DEV)  ## write docs/help/ anew from the commands, build the site in build/site/, check all links
	$(BIN)/python tests/design/pages.py docs/help
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file docs/site/mkdocs.yml

newcomer: export PYTHONPATH = tests/support
newcomer: $(INSTALLED_DEV)  ## time what a newcomer does: a fresh clone, an empty home, each command of README.md
	$(BIN)/python tests/newcomer/first_minutes.py

bench: export PYTHONPATH = tests/support
bench: $(INSTALLED_DEV)  ## measure speed, memory and scores, as docs/performance.md tells; half an hour
	$(BIN)/python tests/benchmarks/speed.py process
	$(BIN)/python tests/benchmarks/speed.py bulk
	$(BIN)/python tests/benchmarks/speed.py memory
	$(BIN)/python tests/benchmarks/report_page.py
	$(BIN)/python tests/benchmarks/score_speed.py speed
	$(BIN)/python tests/benchmarks/score_speed.py memory
	$(BIN)/python tests/benchmarks/training_speed.py
	$(BIN)/python tests/benchmarks/generate_gpu.py --small
	$(BIN)/python tests/benchmarks/shipped_scores.py

# One thread: the same weights on every run, whatever the number of cores.
embedded: export OMP_NUM_THREADS = 1
embedded: $(INSTALLED_DEV)  ## train the tagger that ships again, from ../shared/data; half an hour
	rm -rf build/embedded
	for name in twitter2015 twitter2017; do $(BIN)/mmavk store import --dataset $$name --store build/embedded/store \
		--data-dir ../shared/data ../shared/data/knowledge/blip2/$$name.txt || exit; done
	$(BIN)/mmavk train --recipe embedded --store build/embedded/store --data-dir ../shared/data --out build/embedded/run
	$(BIN)/mmavk export build/embedded/run --model-name embedded --threshold 0.15 --out build/embedded/model
	for name in encoder.onnx head.safetensors tagger.json tokenizer.json; do cp build/embedded/model/$$name mmavk_cli/embedded || exit; done
	$(BIN)/python -m mmavk_cli.flows.train.fit_text_scorer --data-dir ../shared/data --captions ../shared/data/knowledge/blip2 --out mmavk_cli/embedded

constraints: $(INSTALLED_DEV)  ## take the newest versions that fit pyproject.toml; run the tests after it
	$(BIN)/uv pip install --quiet --python $(BIN)/python --upgrade uv -e '.[dev]'
	{ head -n 1 constraints.txt; $(BIN)/uv pip freeze --python $(BIN)/python --exclude-editable; } > .venv/constraints
	mv .venv/constraints constraints.txt

clean:  ## remove the environment and what tools left
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One thread for torch: its threads wait for each other where the cores are busy, and tests are small.
$(TESTED): export OMP_NUM_THREADS = 1
$(TESTED): $(INSTALLED_DEV) $(SOURCES)
	$(MAKE) --no-print-directory lint
	$(BIN)/pytest --numprocesses auto
	@touch $@

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/uv
	$(INSTALL) --editable .
	@touch $@

$(INSTALLED_DEV): pyproject.toml constraints.txt | $(BIN)/uv
	$(INSTALL) --editable '.[dev]'
	@touch $(INSTALLED) $@

# The environment is filled by uv, which is many times faster than pip; pip only brings uv.
$(BIN)/uv:
	@test -n "$(PYTHON)" || { echo "mmavk needs Python 3.11 or newer: install it, or run make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is not Python 3.11 or newer" >&2; exit 1; }
	$(PYTHON) -m venv --clear --without-pip .venv
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --constraint constraints.txt uv
