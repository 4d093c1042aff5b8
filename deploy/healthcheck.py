"""`python deploy/healthcheck.py PORT`: exits with 0 if the process on this port and its database work, else with 1."""

import http.client
import sys


def main(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/healthz")
        return int(connection.getresponse().status != http.HTTPStatus.OK)
    except (OSError, http.client.HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
