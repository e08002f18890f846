# make demo: set up, then film a generated talker live, through WHIP, until its best five seconds are on disk.
# make test: set up, with the browser and the senders that the tests need, then run the tests.
# make test-long: the same, for the tests that take long: more lengths, codecs, browsers and kills.
# make test-services: set up, with Ray, and coturn, nginx and the like in .cache/services, then run the tests that need them.
# make bench: set up, then measure what take5 costs next to the plain way (docs/performance.md); QUICK=1 for a short run.
# Give it options with BENCH, e.g. make bench BENCH="--long --runs 1".
# Choose PyTorch's build with TORCH_INDEX, e.g. make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.take5-set-up
TEST_STAMP := $(VENV)/.take5-set-up-for-tests
DEMO_OUT ?= demo-out

.PHONY: demo bench test test-long test-services lint setup clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt scripts/setup.sh
	VENV=$(VENV) TORCH_INDEX="$(TORCH_INDEX)" sh scripts/setup.sh
	touch $@

$(TEST_STAMP): $(STAMP) tests/support/whip_clients/node/package-lock.json tests/support/axe/package-lock.json tests/support/embed_consumer/package-lock.json
	VENV=$(VENV) TORCH_INDEX="$(TORCH_INDEX)" TAKE5_TESTS=1 sh scripts/setup.sh
	touch $@

demo: $(STAMP)
	$(BIN)/python -m demo.talker --swap best,restless $(DEMO_OUT)/talker.mkv
	$(BIN)/python -m demo.live $(DEMO_OUT)/talker.mkv $(DEMO_OUT)

bench: $(STAMP)
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(BENCH)

# In parallel: what only computes, then what mostly waits. What passes in real time runs last, with the machine to itself.
# What else the machine does then may fail a test of the last two: it has a second try, which the summary lists as RERUN.
PARALLEL := --numprocesses auto --dist loadfile --no-loadscope-reorder
TWICE := --reruns 1 -raR
test: LONG := not long
test-long: LONG := long
test test-long: $(TEST_STAMP)
	$(BIN)/python -m pytest -m "$(LONG) and not realtime and not waiting and not services" $(PARALLEL); computing=$$?; \
	$(BIN)/python -m pytest -m "$(LONG) and waiting" $(PARALLEL) $(TWICE); waiting=$$?; \
	$(BIN)/python -m pytest -m "$(LONG) and realtime" $(TWICE) && exit $$((computing | waiting))

# One after the other, since media pass in real time.
test-services: $(TEST_STAMP)
	sh scripts/services.sh
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[cluster]'
	$(BIN)/python -m pytest -m services $(TWICE)

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy demo bench
	$(BIN)/mypy tests

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .cache $(DEMO_OUT) take5-out
