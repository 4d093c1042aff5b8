"""The commands that operators and newcomers type."""

import re
import shutil

import pytest

from mentorq.tests.operations.processes import ROOT, SERVER, run

SET = {"ALLOWED_HOSTS": "mentorq.example", "CORS_ALLOWED_ORIGINS": "https://frontend.example"}


@pytest.mark.parametrize("nothing", [{}, dict.fromkeys(SET, " ")])
def test_check_deploy_warns_of_variables_that_were_never_set(nothing):
    process = run("manage.py", "check", "--deploy", "--fail-level=WARNING", **SERVER, **nothing)

    warnings = re.findall(r"\?: \((mentorq\.W\d+)\) (\w+) is not set\.\n", process.stderr)
    assert (process.returncode, warnings) == (1, [("mentorq.W003", name) for name in SET])
    assert process.stderr.count("W0") == len(SET)


def test_check_deploy_has_no_warning_with_a_production_environment():
    environment = {**SERVER, **SET, "DATABASE_URL": "postgres://user:password@db.example/mentorq"}

    process = run("manage.py", "check", "--deploy", "--fail-level=DEBUG", **environment)

    assert process.stderr == ""
    assert (process.returncode, process.stdout) == (0, "System check identified no issues (1 silenced).\n")


def test_the_old_steps_work_in_a_fresh_clone_with_nothing_set(tmp_path):
    shutil.copy(ROOT / "manage.py", tmp_path)
    for app in ("mentorq", "mentorq_users", "mentorq_backend"):
        shutil.copytree(ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("tests", "__pycache__"))

    migrations = run("manage.py", "makemigrations", "mentorq_backend", cwd=tmp_path)
    migrated = run("manage.py", "migrate", "--verbosity=0", cwd=tmp_path)

    assert (migrations.stdout, migrations.stderr) == ("No changes detected in app 'mentorq_backend'\n", "")
    assert (migrated.returncode, migrated.stdout, migrated.stderr) == (0, "", "")
    assert (tmp_path / "db.sqlite3").stat().st_size > 0
