# The commands that people and CI share. `make run` and `make test` need only Python 3.11+ and make.

PYTHON ?= python3
PYTHON_NEXT ?= python3.12
PORT ?= 8000
LCS_PORT ?= 8001
BIN = .venv/bin
TORTURES = $(addprefix torture-,crashes winners crowd lcs outages abuse strangers notices)
PYTEST = $(BIN)/python -m pytest -q
FUZZING = $(PYTEST) -p schemathesis mentorq/tests/fuzzing
HISTORIES = mentorq_backend/tests/live/test_etag_histories.py

.PHONY: run ports test check test-next test-browser screenshots chromium bench lint types migrations test-sqlite test-postgresql test-fuzzing fuzz servers check-bench torture $(TORTURES) check-torture histories openapi check-openapi check-deploy clean
.DEFAULT_GOAL := run

.venv/run: requirements.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("MentorQ needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv
	@echo "Installing MentorQ and what it needs into .venv: this takes a minute."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/dev: requirements.txt requirements-dev.txt .venv/run
	@echo "Installing what the tests need into .venv: this takes a minute."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

## Run MentorQ on http://127.0.0.1:8000 with a demo queue, its upkeep, and LCS's stand-in on 8001; Ctrl-C ends all of them
run: ports .venv/run
	@export LCS_BASE_URL=http://127.0.0.1:$(LCS_PORT)/dev; \
	$(BIN)/python manage.py runlcs $(LCS_PORT) & lcs=$$!; \
	trap 'kill $$lcs $$upkeep $$server 2>/dev/null; wait' EXIT; trap 'exit 0' INT TERM; \
	$(BIN)/python manage.py migrate --verbosity 0 && $(BIN)/python manage.py demo $(PORT) || exit; \
	kill -0 $$lcs 2>/dev/null || { echo "LCS's stand-in did not start: make run PORT=8010 LCS_PORT=8011"; exit 1; }; \
	$(BIN)/python manage.py upkeep & upkeep=$$!; \
	$(BIN)/python manage.py runserver $(PORT) & server=$$!; wait $$server

## Check that both ports are free, before anything is installed or printed
ports:
	@test "$(PORT)" != "$(LCS_PORT)" || { echo "PORT and LCS_PORT must differ: make run PORT=8010 LCS_PORT=8011"; exit 1; }
	@for port in $(PORT) $(LCS_PORT); do \
		$(PYTHON) -c 'import socket, sys; socket.create_server(("127.0.0.1", int(sys.argv[1])))' $$port 2>/dev/null || \
		{ echo "Port $$port is in use: make run PORT=8010 LCS_PORT=8011"; exit 1; }; done

## Everything that must stay true
test: lint types migrations test-sqlite test-postgresql test-fuzzing servers check-openapi check-deploy

## The quick part of `make test`: lint, types and the tests that are not slow
check: lint types
	$(PYTEST) -m "not slow"

## The suite with Django 6.1, on Python 3.12 or newer
test-next: .venv-next/done
	.venv-next/bin/python -m pytest -q

.venv-next/done: requirements.txt
	$(PYTHON_NEXT) -m venv .venv-next
	sed -e 's/^Django==.*/Django>=6.1,<6.2/' -e 's/^django-unfold==.*/django-unfold/' requirements.txt > .venv-next/requirements.txt
	.venv-next/bin/python -m pip install --quiet --disable-pip-version-check -r .venv-next/requirements.txt
	touch $@

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/dev
	SECRET_KEY=only-for-the-types-and-for-no-server $(BIN)/mypy .

migrations: .venv/dev
	$(BIN)/python manage.py makemigrations --check --dry-run

test-sqlite: .venv/dev
	$(PYTEST) --cov --cov-fail-under=95

test-postgresql: .venv/dev
	$(BIN)/python -m mentorq.tests.postgresql $(PYTEST)

## Test the OpenAPI document with schemathesis, and odd requests with a real server
test-fuzzing: .venv/dev
	$(FUZZING)

## The same with a thousand examples for each operation and role; at least half an hour for each database
fuzz: .venv/dev
	$(FUZZING) --hypothesis-profile=thorough
	$(BIN)/python -m mentorq.tests.postgresql $(FUZZING) --hypothesis-profile=thorough

## 20,000 random histories of moves, feedback and polls; at least half an hour for each database
histories: .venv/dev
	$(PYTEST) -n 0 $(HISTORIES) --hypothesis-profile=thorough
	$(BIN)/python -m mentorq.tests.postgresql \
		$(PYTEST) -n 0 $(HISTORIES) --hypothesis-profile=thorough

## Measure performance and replace the table in docs/performance.md: half an hour, on a quiet machine
bench: .venv/dev
	$(BIN)/python -m mentorq.tests.bench --write docs/performance.md

## Check that the benchmark itself works; its figures mean nothing
check-bench: .venv/dev
	$(BIN)/python -m mentorq.tests.bench --smoke --on SQLite

## Test the desk in a real Chromium; installs Debian's if there is none
test-browser: .venv/dev chromium
	$(PYTEST) mentorq/tests/browser

## Take the pictures in docs/screenshots again
screenshots: .venv/dev chromium
	$(PYTEST) -n 0 mentorq/tests/browser/screenshots.py

chromium:
	@command -v chromium > /dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium > /dev/null; } || \
		{ echo "Install Chromium first, as /usr/bin/chromium, or say CHROMIUM=/path/to/it."; exit 1; }

## Test every promise of docs/reliability.md, one after the other; about forty minutes
torture: .venv/dev
	$(MAKE) --keep-going --jobs=1 $(TORTURES)

## Test one promise
torture-crashes: LIMIT = 4m
torture-winners: LIMIT = 3m
torture-crowd: LIMIT = 6m
torture-lcs: LIMIT = 6m
torture-outages: LIMIT = 3m
torture-abuse: LIMIT = 10m
torture-strangers: LIMIT = 3m
torture-notices: LIMIT = 20m
$(TORTURES): torture-%: .venv/dev
	timeout --foreground --kill-after=1m $(LIMIT) $(BIN)/python -m mentorq.tests.torture $*

## Test a tenth of each promise
check-torture: .venv/dev
	timeout --foreground --kill-after=1m 14m $(BIN)/python -m mentorq.tests.torture --short

servers: .venv/dev
	$(BIN)/python -m mentorq.tests.servers

## Write docs/openapi.yml again
openapi: .venv/run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yml

check-openapi: .venv/dev
	$(BIN)/python manage.py spectacular --validate --fail-on-warn | diff docs/openapi.yml - || \
		{ echo "docs/openapi.yml is behind: make openapi"; exit 1; }

check-deploy: .venv/dev
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') ALLOWED_HOSTS=mentorq.example \
		CORS_ALLOWED_ORIGINS=https://frontend.example $(BIN)/python manage.py check --deploy --fail-level WARNING

clean:
	rm -rf .venv .venv-next db.sqlite3* .coverage .mypy_cache .ruff_cache .pytest_cache
