#!/bin/sh
# nginx.sh FILE: writes nginx.conf to FILE with the host and the origins of .env and the addresses of compose.yaml, and runs it.
set -eu
origins=$(printf '%s' "$CORS_ALLOWED_ORIGINS" | sed 's/ *, */ $http_origin; /g')
sed -e "s|mentorq\.example\.org|${ALLOWED_HOSTS%%,*}|" \
    -e "s|https://hackru\.example\.org|$origins|" \
    -e "s|127\.0\.0\.1:8000|$WEB_1:8000|" \
    -e "s|127\.0\.0\.1:8001|$WEB_2:8000|" \
    -e "s|127\.0\.0\.1:8002|$LIVE:8002|" "$(dirname "$0")/nginx.conf" > "$1"
exec nginx -c "$1" -g 'daemon off;'
