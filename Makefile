# The commands that people and CI share. `make run` and `make test` need only Python 3.11+ and make.

PYTHON ?= python3
PYTHON_NEXT ?= python3.12
PORT ?= 8000
LCS_PORT ?= 8001
LIVE_PORT ?= 8002
BIN = .venv/bin
TRIXIE = .venv/trixie
TORTURES = $(addprefix torture-,crashes winners crowd lcs outages abuse strangers notices live)
PYTEST = $(BIN)/python -m pytest -q
FUZZING = $(PYTEST) -p schemathesis mentorq/tests/fuzzing
UNFOLD_FONTS = $(shell $(BIN)/python -c 'import pathlib, unfold; print(pathlib.Path(unfold.__file__).parent)')/static/unfold/fonts
FONTS = mentorq_backend/static/unfold/fonts
HISTORIES = mentorq_backend/tests/live/test_etag_histories.py

.PHONY: run ports test check test-next test-browser screenshots fonts chromium nginx bench lint types migrations test-sqlite test-postgresql test-fuzzing fuzz servers check-bench torture $(TORTURES) check-torture deployed check-deployed pooled check-pooled sizing debian image check-image buildah histories openapi check-openapi check-deploy clean
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

## Run MentorQ on http://127.0.0.1:8000 with a demo queue and its upkeep, LCS's stand-in on 8001, the live stream on 8002; Ctrl-C ends all of them
run: ports .venv/run
	@export LCS_BASE_URL=http://127.0.0.1:$(LCS_PORT)/dev; \
	$(BIN)/python manage.py runlcs $(LCS_PORT) & lcs=$$!; \
	trap 'kill $$lcs $$upkeep $$live $$server 2>/dev/null; wait' EXIT; trap 'exit 0' INT TERM; \
	$(BIN)/python manage.py migrate --verbosity 0 && $(BIN)/python manage.py demo $(PORT) || exit; \
	kill -0 $$lcs 2>/dev/null || { echo "LCS's stand-in did not start: make run PORT=8010 LCS_PORT=8011"; exit 1; }; \
	$(BIN)/python manage.py upkeep & upkeep=$$!; \
	$(BIN)/python manage.py runlive $(LIVE_PORT) & live=$$!; \
	$(BIN)/python manage.py runserver $(PORT) & server=$$!; wait $$server

## Check that the three ports are free, before anything is installed or printed
ports:
	@test $$(printf '%s\n' $(PORT) $(LCS_PORT) $(LIVE_PORT) | sort -u | wc -l) = 3 || \
		{ echo "PORT, LCS_PORT and LIVE_PORT must differ: make run PORT=8010 LCS_PORT=8011 LIVE_PORT=8012"; exit 1; }
	@for port in $(PORT) $(LCS_PORT) $(LIVE_PORT); do \
		$(PYTHON) -c 'import socket, sys; socket.create_server(("127.0.0.1", int(sys.argv[1])))' $$port 2>/dev/null || \
		{ echo "Port $$port is in use: make run PORT=8010 LCS_PORT=8011 LIVE_PORT=8012"; exit 1; }; done

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
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml

types: .venv/dev
	SECRET_KEY=only-for-the-types-and-for-no-server $(BIN)/mypy .

migrations: .venv/dev
	$(BIN)/python manage.py makemigrations --check --dry-run

test-sqlite: .venv/dev
	$(PYTEST) --cov --cov-fail-under=95

test-postgresql: .venv/dev
	$(BIN)/python -m mentorq.tests.postgresql $(PYTEST)

## Test the OpenAPI document with schemathesis and a generated client, and odd requests with a real server
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

## Test the desk in a real Chromium, also behind nginx; installs Debian's if there is none
test-browser: .venv/dev chromium nginx
	$(PYTEST) mentorq/tests/browser

## Take the pictures in docs/screenshots again
screenshots: .venv/dev chromium
	$(PYTEST) -n 0 mentorq/tests/browser/screenshots.py

## Take what the desk shows of django-unfold's fonts: its icons, and the letters of Europe's Latin alphabets
fonts: .venv/dev
	$(BIN)/pyftsubset $(UNFOLD_FONTS)/material-symbols/Material-Symbols-Outlined.woff2 --flavor=woff2 --no-hinting \
		--text=abcdefghijklmnopqrstuvwxyz0123456789_ --glyphs="$$($(BIN)/python -m mentorq.tests.browser.icons)" \
		--ignore-missing-glyphs --no-layout-closure --layout-features=rlig \
		--output-file=$(FONTS)/material-symbols/Material-Symbols-Outlined.woff2
	for weight in Regular Medium SemiBold Bold; do \
		$(BIN)/pyftsubset $(UNFOLD_FONTS)/inter/Inter-$$weight.woff2 --flavor=woff2 --no-hinting \
			--unicodes=20-7E,A0-17F,2010-2026,2030-203A,20AC,2122,2190-2193,2212 --layout-features=kern,mark,mkmk,ccmp,tnum \
			--output-file=$(FONTS)/inter/Inter-$$weight.woff2 || exit; \
	done

chromium:
	@command -v chromium > /dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium > /dev/null; } || \
		{ echo "Install Chromium first, as /usr/bin/chromium, or say CHROMIUM=/path/to/it."; exit 1; }

nginx:
	@command -v nginx > /dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends nginx > /dev/null; } || \
		{ echo "Install nginx first."; exit 1; }

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
torture-live: LIMIT = 6m
$(TORTURES): torture-%: .venv/dev
	timeout --foreground --kill-after=1m $(LIMIT) $(BIN)/python -m mentorq.tests.torture $*

## Test a tenth of each promise
check-torture: .venv/dev
	timeout --foreground --kill-after=1m 30m $(BIN)/python -m mentorq.tests.torture --short

servers: .venv/dev
	$(BIN)/python -m mentorq.tests.servers

## Try deploy/ on this machine: a day, ten restarts in each way under load, a backup and its restore; about fifteen minutes
deployed: .venv/dev debian
	$(BIN)/python -m mentorq.tests.deployed

## The same with one restart in each way
check-deployed: .venv/dev debian
	timeout --foreground --kill-after=1m 20m $(BIN)/python -m mentorq.tests.deployed --short

## Measure what this machine carries and replace the tables in docs/scaling.md: four minutes, on a quiet machine
sizing: .venv/dev debian
	$(BIN)/python -m mentorq.tests.deployed.sizing --write docs/scaling.md

## Try PgBouncer in transaction mode: Debian 12's, without prepared statements, and Debian 13's, with them
pooled: check-pooled $(TRIXIE)/usr/sbin/pgbouncer
	$(BIN)/python -m mentorq.tests.deployed.pooled $(TRIXIE)/usr/lib64/ld-linux-x86-64.so.2 \
		--library-path $(TRIXIE)/usr/lib/x86_64-linux-gnu $(TRIXIE)/usr/sbin/pgbouncer

$(TRIXIE)/usr/sbin/pgbouncer:
	@command -v debootstrap > /dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends debootstrap > /dev/null; } || \
		{ echo "Install debootstrap first."; exit 1; }
	debootstrap --variant=minbase --include=pgbouncer trixie $(TRIXIE) > /dev/null

## The same with the one that is installed
check-pooled: .venv/dev debian
	@command -v pgbouncer > /dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends pgbouncer > /dev/null; } || \
		{ echo "Install PgBouncer first."; exit 1; }
	timeout --foreground --kill-after=1m 15m $(BIN)/python -m mentorq.tests.deployed.pooled

debian:
	@(for program in nginx promtool systemd-analyze curl; do command -v $$program > /dev/null || exit 1; done) || \
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends nginx prometheus systemd curl > /dev/null; } || \
		{ echo "Install nginx, Prometheus (promtool), systemd and curl first."; exit 1; }

## Build MentorQ's image with Docker, or without its engine with Debian's buildah on a stand-in for the base
image: .venv/dev buildah
	$(BIN)/python -m mentorq.tests.image --build

## Build it, start what compose.yaml starts from it, ask it, and end everything; as root; five minutes
check-image: .venv/dev buildah
	timeout --foreground --kill-after=1m 20m $(BIN)/python -m mentorq.tests.image

buildah:
	@docker info > /dev/null 2>&1 || (command -v buildah && command -v debootstrap) > /dev/null || \
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends buildah debootstrap > /dev/null; } || \
		{ echo "Install Docker, or buildah and debootstrap first."; exit 1; }

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
