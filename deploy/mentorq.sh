#!/bin/sh
# /usr/local/sbin/mentorq: runs manage.py with the environment and the user of the units, for root.
# The folder of metrics is the first web process's, so that `check` and `doctor` look at it.
exec systemd-run --pipe --pty --wait --collect --quiet --uid=mentorq --gid=mentorq \
    --setenv=PROMETHEUS_MULTIPROC_DIR=/run/mentorq-web-8000 \
    --property=EnvironmentFile=/etc/mentorq.env --property=WorkingDirectory=/srv/mentorq \
    /srv/mentorq/.venv/bin/python manage.py "$@"
