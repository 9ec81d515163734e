PYTHON ?= python3.11
BIN := .venv/bin
PORT ?= 8501

.PHONY: run test lint bench eval train sheets screenshot clean

run: .venv/installed ## index corpus/ if needed and open the chat page
	$(BIN)/python -m ingest
	$(BIN)/python -m streamlit run app/page.py --server.port $(PORT)

test: .venv/installed ## every test that needs no GPU and no network
	$(BIN)/python -m pytest -q

lint: .venv/installed
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: .venv/installed ## speed, as ratios to the peer in the same run
	$(BIN)/python -m tests.bench

eval: .venv/installed ## quality: answers, claims, search, language models, and a part of the image side
	$(BIN)/python -m tests.evals

train: .venv/installed ## the embedded image model's weights from nothing
	$(BIN)/python -m tools.studio.train

screenshot: .venv/installed ## the pictures of the page in docs/
	$(BIN)/python -m tests.screenshot

.venv/installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

sheets: .venv/installed ## contact sheets of the embedded image model in docs/
	$(BIN)/python -m tests.evals.sheets

clean:
	rm -rf .venv .undertone .mypy_cache .ruff_cache .pytest_cache
