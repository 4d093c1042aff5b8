#!/bin/sh
# backup.sh FOLDER: writes a backup of the database there, and deletes those older than two weeks.
# It is the database of DATABASE_URL or, with a pooler, of DATABASE_DIRECT_URL.
# It ends with 1, and keeps all old ones, if the backup fails.
set -eu
umask 077
file=$1/mentorq-$(date -u +%Y-%m-%dT%H%M%SZ)
url=${DATABASE_URL:-}
if [ "${DATABASE_POOLER:-none}" != none ]; then
    # pg_dump empties the search path of its connection, and a pooler may give that to MentorQ.
    url=${DATABASE_DIRECT_URL:?is not set, and DATABASE_POOLER is: set it to the URL of PostgreSQL itself}
fi
case $url in
postgres*)
    pg_dump --format=custom --file="$file.part" "$url"
    mv "$file.part" "$file.dump"
    ;;
*)
    .venv/bin/python manage.py backup "$file.sqlite3"
    ;;
esac
find "$1" -maxdepth 1 -name 'mentorq-*' -mtime +14 -delete
