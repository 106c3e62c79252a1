# demo: everything set up, simulated data made, example requests run, site published
# test: everything set up, tests run          check: format, types, layers, notebooks, lock
# lab:  JupyterLab on notebooks/              bench: speed and memory beside what one would pick
# spark-test: the spec suite on a local Spark cluster of two workers (Java 17 needed)
# truth: the raw SNDS read back to its truth, five seeds and three sizes, traps alone and together
# lock: requirements.lock written anew (needs uv)
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: demo test check lab bench lock clean setup spark-test truth

demo: $(READY)
	@$(BIN)/studylib demo

test: $(READY)
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest tests/project

lab: $(READY)
	@$(BIN)/jupyter lab notebooks

bench: $(READY)
	@$(BIN)/python -m benchmarks

setup: $(READY)

spark-test: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[spark]'
	@STUDYLIB_TEST_ENGINE=spark $(BIN)/python -m pytest tests/spec tests/spark

# The environment is made again when the lock changes; the project itself is installed without its
# dependencies, which the lock has given already. Its build needs setuptools, locked like the rest.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11, 3.12 ou 3.13 est nécessaire ; celui-ci est " + sys.version.split()[0] + " : make PYTHON=python3.12 demo")'
	@echo "Installation de l'environnement dans .venv (une à deux minutes)…"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

truth: $(READY)
	@STUDYLIB_TEST_TRUTH=all $(BIN)/python -m pytest -n 2 tests/snds/test_truth_whole.py

lock:
	uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --extra test pyproject.toml -o requirements.lock

clean:
	rm -rf .venv outputs data build *.egg-info
