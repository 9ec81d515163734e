PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3 # the first that is there, and that the pins install on
BIN := .venv/bin
PORT ?= 8501

.PHONY: run test scale test-scale test-ray lint bench eval trial train train-classifiers train-style train-understanding sheets screenshot welcome clean

run: .venv/installed ## index corpus/ if needed and open the chat page
	$(BIN)/python -m ingest
	$(BIN)/python -m streamlit run app/serving/server.py --server.port $(PORT)

test: .venv/installed ## every test that needs no GPU and no network
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest -q -n 2 --dist loadfile --ignore=tests/test_cluster.py

scale: .venv/installed ## what is needed past one machine: docs/scale.md
	$(BIN)/python -m pip install --quiet --requirement requirements-scale.txt

test-scale: scale ## the tests of what page processes share, which `make test` skips where this is not installed
	$(BIN)/python -m pytest -q tests/test_database.py tests/test_shared_queue.py

test-ray: scale ## the tests of the Ray cluster, in a process of their own; minutes, most of them imports of torch
	$(BIN)/python -m pytest -q tests/test_cluster.py

lint: .venv/installed
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: .venv/installed ## speed, as ratios to the peer in the same run
	$(BIN)/python -m tests.bench

eval: .venv/installed ## quality: answers, claims, search, language models, and a part of the image side
	$(BIN)/python -m tests.evals

trial: .venv/installed ## what may go wrong, many times: kills, full disks, damage, races, hostile input, load
	$(BIN)/python -m tests.trial

train: .venv/installed ## the embedded image model's weights from nothing
	$(BIN)/python -m tools.studio.train

train-classifiers: .venv/installed ## the four small classifiers that a stress run asks
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.style_augmentation.training

train-understanding: .venv/installed ## the heads that read messages, from the example files
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m app.understanding.training

train-style: .venv/installed ## the style encoder, from public pictures
	$(BIN)/python -m tools.style_search.training

screenshot: .venv/installed ## the pictures of the page in docs/
	$(BIN)/python -m tests.screenshot

.venv/installed: requirements.txt
	@for python in $(PYTHON); do \
	  $$python -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || continue; \
	  test -x $(BIN)/python || $$python -m venv .venv; \
	  $(BIN)/python -m pip install --quiet --requirement requirements.txt && touch $@ && exit 0; \
	  echo "requirements.txt does not install on $$python; see above" >&2; found=$$python; rm -rf .venv; \
	done; \
	test "$$found" || echo "no Python from 3.11 to 3.14 is here; install one, or name it: make PYTHON=/path/to/python3" >&2; \
	exit 1

welcome: .venv/installed ## the experiment that the empty page shows
	$(BIN)/python -m tools experiment flip --style "photographic style" --style "digital illustration" \
	  --subject "a red house in a meadow" --seed 5 --out app/ui/welcome
	cd app/ui/welcome && rm -f figure.png record.json measurements.* 09-* 1?-*

sheets: .venv/installed ## contact sheets of the embedded image model in docs/
	$(BIN)/python -m tests.evals.sheets

clean:
	rm -rf .venv .undertone .mypy_cache .ruff_cache .pytest_cache
